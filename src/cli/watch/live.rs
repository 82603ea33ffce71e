//! On a terminal: a few lines that are drawn anew, and what is left of them in the scrollback.

use indicatif::{MultiProgress, ProgressBar, ProgressDrawTarget, ProgressStyle};

use crate::cli::World;
use crate::cli::view::{self, Ending};
use crate::cli::waiting::Viewer;
use crate::status::Document;

/// Draws. No alternate screen: the result stays where it was drawn.
pub struct Live<'a> {
    world: &'a World,
    screen: MultiProgress,
    lines: Vec<ProgressBar>,
}

impl<'a> Live<'a> {
    /// Nothing has been drawn yet.
    pub fn new(world: &'a World) -> Self {
        let screen = MultiProgress::with_draw_target(ProgressDrawTarget::stdout());
        Self { world, screen, lines: Vec::new() }
    }

    fn draw(&mut self, document: &Document) {
        let drawn = view::live_lines(document, &self.world.style, self.world.now());
        while self.lines.len() < drawn.len() {
            let line = ProgressBar::new_spinner().with_style(plain());
            self.lines.push(self.screen.add(line));
        }
        for line in self.lines.drain(drawn.len()..) {
            line.finish_and_clear();
        }
        for (line, text) in self.lines.iter().zip(drawn) {
            line.set_message(self.world.dressed(text));
        }
    }
}

impl Viewer for Live<'_> {
    fn changed(&mut self, document: &Document) {
        self.draw(document);
    }

    fn passed(&mut self, document: &Document) {
        self.draw(document);
    }

    fn ended(&mut self, document: &Document, ending: &Ending) {
        // Nothing that can be done about a terminal that is gone.
        let _ = self.screen.clear();
        self.world.printer.lines(&view::screen(document, &self.world.style, self.world.now()));
        if ending.is_without_verdict() {
            self.world.printer.note(&format!("afterpush: {}", ending.message));
        }
    }
}

/// The text alone.
fn plain() -> ProgressStyle {
    ProgressStyle::with_template("{msg}").unwrap_or_else(|_| ProgressStyle::default_spinner())
}
