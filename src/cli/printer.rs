//! Results on standard output, narration and errors on standard error.

use std::io::{self, IsTerminal, Write};
use std::sync::Mutex;
use std::sync::atomic::{AtomicBool, Ordering};

use anstream::ColorChoice;
use serde::Serialize;

use super::{Color, Environment, Failure, Tone};
use crate::base::text::{inert_json, visible};

/// Where a command's words go. A reader that went away (`| head -1`) is no error: what follows is dropped.
pub struct Printer {
    out: Mutex<Box<dyn Write + Send>>,
    err: Mutex<Box<dyn Write + Send>>,
    reader_gone: AtomicBool,
    failed: Mutex<Option<io::Error>>,
}

impl Printer {
    /// The streams of this process, with colours where they are wanted.
    pub fn of_process(color: Color, environment: &Environment) -> Self {
        let choice = |is_terminal| {
            if wants_color(color, is_terminal, environment) { ColorChoice::AlwaysAnsi } else { ColorChoice::Never }
        };
        let (out, err) = (io::stdout(), io::stderr());
        let (on_out, on_err) = (choice(out.is_terminal()), choice(err.is_terminal()));
        Self::new(anstream::AutoStream::new(out, on_out), anstream::AutoStream::new(err, on_err))
    }

    /// Other streams.
    pub fn new(out: impl Write + Send + 'static, err: impl Write + Send + 'static) -> Self {
        let (out, err): (Box<dyn Write + Send>, Box<dyn Write + Send>) = (Box::new(out), Box::new(err));
        let (reader_gone, failed) = (AtomicBool::new(false), Mutex::new(None));
        Self { out: Mutex::new(out), err: Mutex::new(err), reader_gone, failed }
    }

    /// A line of the result.
    pub fn line(&self, text: &str) {
        self.raw(&format!("{text}\n"));
    }

    /// Lines of the result.
    pub fn lines(&self, lines: &[String]) {
        let mut text = lines.join("\n");
        if !lines.is_empty() {
            text.push('\n');
        }
        self.raw(&text);
    }

    /// A JSON document of several lines, for `--json`.
    pub fn document(&self, document: &impl Serialize) {
        let text = serde_json::to_string_pretty(document).unwrap_or_else(|error| error.to_string());
        self.line(&inert_json(&text));
    }

    /// A JSON document on one line, for `--jsonl`.
    pub fn document_line(&self, document: &impl Serialize) {
        let text = serde_json::to_string(document).unwrap_or_else(|error| error.to_string());
        self.line(&inert_json(&text));
    }

    /// A part of the result as it is.
    pub fn raw(&self, text: &str) {
        match write_all(&self.out, text) {
            Err(why) if why.kind() == io::ErrorKind::BrokenPipe => self.reader_gone.store(true, Ordering::Relaxed),
            Err(why) => *unpoisoned(&self.failed) = Some(why),
            Ok(()) => {}
        }
    }

    /// Narration: what is being done, what to know.
    pub fn note(&self, text: &str) {
        self.raw_note(&format!("{text}\n"));
    }

    /// Narration as it is.
    pub fn raw_note(&self, text: &str) {
        // There is nobody else to tell.
        let _ = write_all(&self.err, text);
    }

    /// Why a command could not do its work.
    pub fn failure(&self, failure: &Failure, json: bool) {
        if json {
            self.note(&failure.document());
            return;
        }
        self.note(&format!("{} {}", Tone::Bad.paint("afterpush:"), failure.sentence()));
        for line in failure.hint.iter().flat_map(|hint| hint.lines()) {
            self.note(&format!("  {}", visible(line)));
        }
    }

    /// Why results could not be written, though somebody waits for them: a disk that is full.
    pub fn failed(&self) -> Option<io::Error> {
        unpoisoned(&self.failed).take()
    }

    /// Nobody reads the results any more; who would go on for ever can stop.
    pub fn reader_is_gone(&self) -> bool {
        self.reader_gone.load(Ordering::Relaxed)
    }
}

fn write_all(stream: &Mutex<Box<dyn Write + Send>>, text: &str) -> io::Result<()> {
    let mut stream = unpoisoned(stream);
    stream.write_all(text.as_bytes())?;
    stream.flush()
}

/// A panic elsewhere while printing is no reason to fall silent.
fn unpoisoned<T>(shared: &Mutex<T>) -> std::sync::MutexGuard<'_, T> {
    shared.lock().unwrap_or_else(std::sync::PoisonError::into_inner)
}

/// Flag, then `NO_COLOR`, then `CLICOLOR_FORCE`, then whether a terminal that knows colours reads along.
pub fn wants_color(color: Color, is_terminal: bool, environment: &Environment) -> bool {
    let set = |name| environment.get(name).is_some_and(|value| !value.is_empty());
    match color {
        Color::Always => true,
        Color::Never => false,
        Color::Auto if set("NO_COLOR") => false,
        Color::Auto if set("CLICOLOR_FORCE") && environment.get("CLICOLOR_FORCE") != Some("0") => true,
        Color::Auto => is_terminal && environment.get("TERM") != Some("dumb"),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn environment(pairs: &[(&str, &str)]) -> Environment {
        pairs.iter().map(|(name, value)| ((*name).to_owned(), (*value).to_owned())).collect()
    }

    #[test]
    fn color_follows_flag_then_variables_then_terminal() {
        let none = environment(&[]);
        assert!(wants_color(Color::Auto, true, &none) && !wants_color(Color::Auto, false, &none));
        assert!(!wants_color(Color::Auto, true, &environment(&[("NO_COLOR", "1"), ("CLICOLOR_FORCE", "1")])));
        assert!(wants_color(Color::Auto, true, &environment(&[("NO_COLOR", "")])));
        assert!(wants_color(Color::Auto, false, &environment(&[("CLICOLOR_FORCE", "1")])));
        assert!(!wants_color(Color::Auto, false, &environment(&[("CLICOLOR_FORCE", "0")])));
        assert!(!wants_color(Color::Auto, true, &environment(&[("TERM", "dumb")])));
        assert!(wants_color(Color::Always, false, &environment(&[("NO_COLOR", "1")])));
        assert!(!wants_color(Color::Never, true, &environment(&[("CLICOLOR_FORCE", "1")])));
    }

    struct Closed;

    impl Write for Closed {
        fn write(&mut self, _: &[u8]) -> io::Result<usize> {
            Err(io::ErrorKind::BrokenPipe.into())
        }
        fn flush(&mut self) -> io::Result<()> {
            Ok(())
        }
    }

    #[test]
    fn a_reader_that_went_away_is_no_error() {
        let printer = Printer::new(Closed, Closed);
        printer.line("one");
        printer.note("two");
        assert!(printer.reader_is_gone() && printer.failed().is_none());
    }
}
