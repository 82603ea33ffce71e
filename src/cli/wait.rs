//! `afterpush wait`: blocks until a commit is decided and prints one line.

use super::args::{Patience, Subject};
use super::report::report_line;
use super::view::Ending;
use super::waiting::{Question, Viewer, wait};
use super::{Failure, Outcome, World};
use crate::status::Document;

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
    wait(world, &question, &mut AtTheEnd { world }).map(Outcome::Code)
}

/// Says nothing until it is over.
pub struct AtTheEnd<'a> {
    /// Where it is said.
    pub world: &'a World,
}

impl Viewer for AtTheEnd<'_> {
    fn changed(&mut self, _: &Document) {}

    fn passed(&mut self, _: &Document) {}

    fn ended(&mut self, document: &Document, ending: &Ending) {
        report_line(self.world, document);
        if ending.gave_up {
            self.world.printer.note(&format!("afterpush: {}", ending.message));
        }
    }
}
