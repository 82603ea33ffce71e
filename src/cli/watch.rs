//! `afterpush watch`: waits with live progress.

mod events;
mod lines;
mod live;

use super::args::{Patience, Subject};
use super::wait::AtTheEnd;
use super::waiting::{Question, Viewer, wait};
use super::{Failure, Outcome, World};
use crate::base::Span;

/// What `afterpush watch` takes.
#[derive(Debug, clap::Args)]
#[command(after_help = super::VERDICT_CODES)]
pub struct Args {
    /// The commit, and what of it
    #[command(flatten)]
    pub subject: Subject,
    /// How long, and for what
    #[command(flatten)]
    pub patience: Patience,
    /// Print one JSON event a line; the last one is the verdict
    #[arg(long, conflicts_with = "json")]
    pub jsonl: bool,
    /// Off a terminal: say that it goes on after this long without a change; 0: never
    #[arg(long, value_name = "DUR", default_value = "150s")]
    pub heartbeat: Span,
}

/// Runs the command.
pub fn run(args: &Args, world: &World) -> Result<Outcome, Failure> {
    let question = Question { subject: &args.subject, patience: args.patience };
    let mut viewer: Box<dyn Viewer + '_> = if args.jsonl {
        Box::new(events::Events::new(world, args.heartbeat))
    } else if world.json || world.quiet {
        Box::new(AtTheEnd::new(world))
    } else if world.is_terminal {
        Box::new(live::Live::new(world))
    } else {
        Box::new(lines::Lines::new(world, args.heartbeat, args.patience.timeout))
    };
    wait(world, &question, viewer.as_mut()).map(Outcome::Code)
}

/// Tells when it is time for a sign of life.
struct Pulse {
    every: Span,
    last: crate::base::Timestamp,
}

impl Pulse {
    const fn new(every: Span, now: crate::base::Timestamp) -> Self {
        Self { every, last: now }
    }

    /// Something was said anyway.
    const fn beat(&mut self, now: crate::base::Timestamp) {
        self.last = now;
    }

    /// Nothing was said for so long; counts anew from here.
    fn is_due(&mut self, now: crate::base::Timestamp) -> bool {
        let is_due = self.every > Span::ZERO && now.since(self.last) >= self.every;
        if is_due {
            self.last = now;
        }
        is_due
    }
}
