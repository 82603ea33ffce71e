//! One check, and how all of them are drawn.

use schemars::JsonSchema;
use serde::Serialize;

use crate::base::text;
use crate::cli::{Style, Tone};

/// What was looked at, how it stands, and what to do about it.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, JsonSchema)]
pub(super) struct Check {
    /// What was looked at: a stable word, followed by a target's name where it is about one.
    pub id: String,
    pub state: State,
    /// How it stands, in one line.
    pub detail: String,
    /// What to do, in some lines; null where there is nothing to do.
    pub fix: Option<String>,
    /// More, a line each.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub notes: Vec<String>,
}

/// How something stands.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub(super) enum State {
    Ok,
    Failed,
    Warning,
    Skipped,
}

impl Check {
    pub fn ok(id: impl Into<String>, detail: impl AsRef<str>) -> Self {
        Self::new(State::Ok, id, detail)
    }

    pub fn failed(id: impl Into<String>, detail: impl AsRef<str>, fix: impl AsRef<str>) -> Self {
        Self::new(State::Failed, id, detail).with_fix(fix)
    }

    pub fn warning(id: impl Into<String>, detail: impl AsRef<str>, fix: impl AsRef<str>) -> Self {
        Self::new(State::Warning, id, detail).with_fix(fix)
    }

    pub fn skipped(id: impl Into<String>, detail: impl AsRef<str>) -> Self {
        Self::new(State::Skipped, id, detail)
    }

    /// Where a credential is looked for, the first place that has one first.
    pub fn with_places(mut self, places: &[String]) -> Self {
        self.notes.extend(places.iter().zip(1..).map(|(place, number)| text::visible(&format!("{number}. {place}"))));
        self
    }

    fn new(state: State, id: impl Into<String>, detail: impl AsRef<str>) -> Self {
        Self {
            id: id.into(),
            state,
            detail: text::visible(&text::without_number(detail.as_ref())),
            fix: None,
            notes: Vec::new(),
        }
    }

    fn with_fix(self, fix: impl AsRef<str>) -> Self {
        let lines: Vec<_> = fix.as_ref().lines().map(text::visible).collect();
        Self { fix: Some(lines.join("\n")).filter(|fix| !fix.is_empty()), ..self }
    }
}

/// The screen: a line a check, its fix and notes below it, and a summary.
pub(super) fn lines(checks: &[Check], style: Style) -> Vec<String> {
    let width = checks.iter().map(|check| check.id.len()).max().unwrap_or(0);
    let margin = " ".repeat(width + 4);
    let mut lines = Vec::new();
    for check in checks {
        lines.push(format!("{} {:width$}  {}", symbol(check.state, style.ascii), check.id, check.detail));
        let fix = check.fix.iter().map(|fix| fix.replace('\n', &format!("\n{margin}")));
        lines.extend(fix.map(|fix| format!("{margin}{} {fix}", Tone::Strong.paint("fix:"))));
        lines.extend(check.notes.iter().map(|note| format!("{margin}{}", Tone::Faint.paint(note))));
    }
    lines.push(summary(checks));
    lines
}

fn summary(checks: &[Check]) -> String {
    let count = |state| checks.iter().filter(|check| check.state == state).count();
    match (count(State::Failed), count(State::Warning)) {
        (0, 0) => "all is well".to_owned(),
        (0, warnings) => format!("nothing failed, {}", counted(warnings, "warning")),
        (failed, 0) => format!("{} failed", counted(failed, "check")),
        (failed, warnings) => format!("{} failed, {}", counted(failed, "check"), counted(warnings, "warning")),
    }
}

/// A number of things, in words.
pub(super) fn counted(count: usize, what: &str) -> String {
    format!("{count} {what}{}", if count == 1 { "" } else { "s" })
}

fn symbol(state: State, ascii: bool) -> String {
    let (tone, fancy, plain) = match state {
        State::Ok => (Tone::Good, "✓", "ok"),
        State::Failed => (Tone::Bad, "✗", "x "),
        State::Warning => (Tone::Doubt, "!", "! "),
        State::Skipped => (Tone::Faint, "–", "- "),
    };
    tone.paint(if ascii { plain } else { fancy })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn all() -> Vec<Check> {
        let mut noted = Check::warning("config", "one", "put it right");
        noted.notes = vec!["watch.timeout  .afterpush.toml:2".to_owned()];
        let failed = Check::failed("monitor", "pid 7 does not answer", "afterpush daemon stop");
        vec![Check::ok("git", "2.47.3"), failed, noted, Check::skipped("provider.web", "offline")]
    }

    fn plain(checks: &[Check], ascii: bool) -> String {
        let text = lines(checks, Style { width: 80, ascii }).join("\n");
        anstream::adapter::strip_str(&text).to_string()
    }

    #[test]
    fn the_screen_shows_fixes_below_their_checks() {
        insta::assert_snapshot!(plain(&all(), false), @r#"
        ✓ git           2.47.3
        ✗ monitor       pid 7 does not answer
                        fix: afterpush daemon stop
        ! config        one
                        fix: put it right
                        watch.timeout  .afterpush.toml:2
        – provider.web  offline
        1 check failed, 1 warning
        "#);
        insta::assert_snapshot!(plain(&all(), true), @r#"
        ok git           2.47.3
        x  monitor       pid 7 does not answer
                        fix: afterpush daemon stop
        !  config        one
                        fix: put it right
                        watch.timeout  .afterpush.toml:2
        -  provider.web  offline
        1 check failed, 1 warning
        "#);
    }

    #[test]
    fn the_summary_counts() {
        let line = |checks: &[Check]| plain(checks, true).lines().last().map(str::to_owned);
        assert_eq!(line(&all()[..1]).as_deref(), Some("all is well"));
        assert_eq!(line(&all()[2..]).as_deref(), Some("nothing failed, 1 warning"));
        assert_eq!(line(&all()[..2]).as_deref(), Some("1 check failed"));
    }
}
