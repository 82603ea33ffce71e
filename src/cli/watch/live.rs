//! On a terminal: a few lines that are drawn anew, and what is left of them in the scrollback.

use indicatif::{ProgressBar, ProgressDrawTarget, ProgressStyle};

use crate::cli::World;
use crate::cli::view::{self, Ending};
use crate::cli::waiting::Viewer;
use crate::status::Document;

/// Draws. No alternate screen: the result stays where it was drawn.
pub struct Live<'a> {
    world: &'a World,
    /// All lines are one message, so that they change together.
    lines: ProgressBar,
    /// What stands there now.
    drawn: String,
}

impl<'a> Live<'a> {
    /// Nothing has been drawn yet.
    pub fn new(world: &'a World) -> Self {
        let lines = ProgressBar::with_draw_target(None, ProgressDrawTarget::stdout());
        let plain = ProgressStyle::with_template("{msg}").unwrap_or_else(|_| ProgressStyle::default_spinner());
        Self { world, lines: lines.with_style(plain), drawn: String::new() }
    }

    fn draw(&mut self, document: &Document) {
        let lines = view::live_lines(document, &self.world.style, self.world.now());
        let text = self.world.dressed(lines.join("\n"));
        if text != self.drawn {
            self.lines.set_message(text.clone());
            self.drawn = text;
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
        self.lines.finish_and_clear();
        self.world.printer.lines(&view::screen(document, &self.world.style, self.world.now()));
        if ending.gave_up {
            self.world.printer.note(&format!("afterpush: {}", ending.message));
        }
    }
}
