//! How the screens are drawn: width, characters and colours.
//!
//! Views always write their colours; the printer takes them out where there are to be none. Words carry the
//! meaning, colour and symbol only repeat it.

use anstyle::{AnsiColor, Effects};

/// What a view has to know of the place it is shown at.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Style {
    /// Columns of the terminal.
    pub width: usize,
    /// Only ASCII characters.
    pub ascii: bool,
}

/// What a piece of text is, for its colour.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Tone {
    /// The answer is yes.
    Good,
    /// The answer is no.
    Bad,
    /// In progress.
    Busy,
    /// It is not known, or needs the user.
    Doubt,
    /// Beside the point.
    Faint,
    /// A heading.
    Strong,
}

impl Tone {
    /// The text in this tone.
    pub fn paint(self, text: &str) -> String {
        let style = match self {
            Self::Good => AnsiColor::Green.on_default(),
            Self::Bad => AnsiColor::Red.on_default(),
            Self::Busy => AnsiColor::Cyan.on_default(),
            Self::Doubt => AnsiColor::Yellow.on_default(),
            Self::Faint => anstyle::Style::new().effects(Effects::DIMMED),
            Self::Strong => anstyle::Style::new().effects(Effects::BOLD),
        };
        format!("{style}{text}{style:#}")
    }
}
