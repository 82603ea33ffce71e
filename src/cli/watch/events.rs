//! `--jsonl`: one event a line, the last one the verdict.

use super::Pulse;
use crate::base::Span;
use crate::cli::World;
use crate::cli::view::{self, Ending};
use crate::cli::waiting::Viewer;
use crate::status::{self, Document};
use crate::watch::EventKind;

/// Prints events.
pub struct Events<'a> {
    world: &'a World,
    pulse: Pulse,
    seen: Option<Document>,
    seq: u64,
}

impl<'a> Events<'a> {
    /// Nothing has been printed yet.
    pub fn new(world: &'a World, heartbeat: Span) -> Self {
        Self { world, pulse: Pulse::new(heartbeat, world.now()), seen: None, seq: 0 }
    }
}

impl Viewer for Events<'_> {
    fn changed(&mut self, document: &Document) {
        let now = self.world.now();
        let mut seq = self.seq;
        for event in status::events_between(self.seen.as_ref(), document, now, &mut seq) {
            // The verdict is told once, at the very end.
            if event.kind != EventKind::Verdict {
                self.seq = event.seq;
                self.world.printer.document_line(&event);
                self.pulse.beat(now);
            }
        }
        self.seen = Some(document.clone());
    }

    fn passed(&mut self, document: &Document) {
        let now = self.world.now();
        if self.pulse.is_due(now) {
            self.world.printer.document_line(&status::heartbeat(document, now, &mut self.seq));
        }
    }

    fn ended(&mut self, document: &Document, ending: &Ending) {
        self.world.printer.document_line(&view::last_event(document, ending, self.world.now(), self.seq));
    }
}
