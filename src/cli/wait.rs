//! `afterpush wait`: blocks until a commit is decided and prints one line.

use super::args::{Patience, Subject};
use super::report::report_line;
use super::view::Ending;
use super::waiting::{Question, Viewer, wait};
use super::{Failure, Outcome, World, hindrance};
use crate::status::{Document, Target};
use crate::watch::{Warning, exit};

/// What `afterpush wait` takes.
#[derive(Debug, clap::Args)]
#[command(after_help = super::VERDICT_CODES)]
pub struct Args {
    /// The commit, and what of it
    #[command(flatten)]
    pub subject: Subject,
    /// How long, and for what
    #[command(flatten)]
    pub patience: Patience,
}

/// Runs the command.
pub fn run(args: &Args, world: &World) -> Result<Outcome, Failure> {
    let question = Question { subject: &args.subject, patience: args.patience };
    wait(world, &question, &mut AtTheEnd::new(world)).map(Outcome::Code)
}

/// Says nothing until it is over, but for the first time that whoever should know the answer does not give it.
pub struct AtTheEnd<'a> {
    world: &'a World,
    has_told: bool,
    told: Vec<Warning>,
}

impl<'a> AtTheEnd<'a> {
    /// Nothing has been said yet.
    pub fn new(world: &'a World) -> Self {
        Self { world, has_told: false, told: Vec::new() }
    }
}

impl Viewer for AtTheEnd<'_> {
    fn changed(&mut self, document: &Document) {
        let undecided = document.targets.iter().filter(|target| target.verdict.is_none());
        let silent = undecided.filter_map(Target::lead_reading).find_map(|reading| reading.error.as_ref());
        // What the user has to mend ends the waiting, and is told then.
        if let Some(why) = silent.filter(|_| !self.has_told && document.exit_code != exit::CONFIG) {
            self.world.printer.note(&format!("afterpush: {why}; it is asked again until it tells"));
            self.has_told = true;
        }
        if let Some(warning) = document.warnings.iter().find(|warning| hindrance::is_one(warning))
            && !self.told.contains(warning)
        {
            self.world.printer.note(&format!("afterpush: {}", warning.message));
            self.told.push(warning.clone());
        }
    }

    fn passed(&mut self, _: &Document) {}

    fn ended(&mut self, document: &Document, ending: &Ending) {
        let mut document = document.clone();
        // What was said already; a document holds it all the same.
        document.warnings.retain(|warning| self.world.json || !self.told.contains(warning));
        report_line(self.world, &document);
        if ending.gave_up {
            self.world.printer.note(&format!("afterpush: {}", ending.message));
        }
    }
}
