//! Off a terminal: one line a change, a sign of life, exactly one `DONE`.

use super::Pulse;
use crate::base::Span;
use crate::cli::World;
use crate::cli::view::{self, Ending};
use crate::cli::waiting::Viewer;
use crate::status::{self, Document, EventDocument};

/// Prints lines.
pub struct Lines<'a> {
    world: &'a World,
    pulse: Pulse,
    limit: Option<Span>,
    seen: Option<Document>,
    seq: u64,
}

impl<'a> Lines<'a> {
    /// Nothing has been printed yet.
    pub fn new(world: &'a World, heartbeat: Span, limit: Option<Span>) -> Self {
        Self { world, pulse: Pulse::new(heartbeat, world.now()), limit, seen: None, seq: 0 }
    }
}

impl Viewer for Lines<'_> {
    fn changed(&mut self, document: &Document) {
        let now = self.world.now();
        if self.seen.is_none() {
            self.world.printer.line(&view::opening(document, self.limit, now));
        }
        let events = status::events_between(self.seen.as_ref(), document, now, &mut self.seq);
        let mut said: Option<&EventDocument> = None;
        for event in &events {
            // Why a target needs the user is what its source has said.
            let is_said =
                said.is_some_and(|said| said.target == event.target && event.message.ends_with(&said.message));
            if let Some(line) = view::change(event).filter(|_| !is_said) {
                self.world.printer.line(&line);
                self.pulse.beat(now);
                said = Some(event);
            }
        }
        self.seen = Some(document.clone());
    }

    fn passed(&mut self, document: &Document) {
        let now = self.world.now();
        if self.pulse.is_due(now) {
            self.world.printer.line(&view::heartbeat(document, now));
        }
    }

    fn ended(&mut self, document: &Document, ending: &Ending) {
        self.world.printer.line(&view::done(document, ending, self.world.now()));
    }
}
