//! The whole answer for a person at a terminal.

use super::steps::step_lines;
use super::{branch, ended_above_targets, headline, remark, sources, usual, warnings, word_of};
use crate::base::{Timestamp, text};
use crate::cli::{Style, Tone, hindrance};
use crate::status::{Document, Target};
use crate::watch::exit;

/// Headline, targets with their steps, what went wrong, what to know, what to do next.
pub fn screen(document: &Document, style: &Style, now: Timestamp) -> Vec<String> {
    let mut lines = vec![headline(document, style, now)];
    // Steps are shown where there is something to see of them.
    let is_elsewhere = document.done && document.via.is_some();
    let has_steps = document.exit_code != exit::NOTHING && !ended_above_targets(document) && !is_elsewhere;
    for (i, target) in document.targets.iter().enumerate() {
        if i > 0 && has_steps {
            lines.push(String::new());
        }
        lines.push(format!("  {}", Tone::Faint.paint(&place(document, target, style, now))));
        if has_steps {
            lines.push(String::new());
            lines.extend(step_lines(target, style, now));
            lines.extend(sources(target, style, now));
        }
    }
    let words: Vec<_> = remark(document).map(str::to_owned).into_iter().chain(usual(document, now)).collect();
    lines.extend((has_steps && !document.targets.is_empty() && !words.is_empty()).then(String::new));
    lines.extend(words.iter().map(|words| format!("  {words}")));
    lines.extend(explanation(document, style, now));
    lines
}

/// What stands below the headline and the steps: failure, warnings, staleness, next commands. Off a terminal this is
/// narration.
pub fn explanation(document: &Document, style: &Style, now: Timestamp) -> Vec<String> {
    let mut lines = failure(document, style);
    lines.extend((!document.warnings.is_empty() || document.stale).then(String::new));
    lines.extend(warnings(document));
    if document.stale {
        let since = document.observed_at.map_or_else(String::new, |at| format!(" for {}", now.since(at)));
        // What keeps a monitor that is there from looking is a warning.
        let is_told = document.warnings.iter().any(hindrance::is_one);
        let why = if is_told { "" } else { ": the monitor is gone; `afterpush wait` starts it again" };
        let words = format!("  nobody has looked{since}{why}");
        lines.push(Tone::Doubt.paint(&words));
    }
    lines.extend(next(document));
    lines
}

fn next(document: &Document) -> Vec<String> {
    let width = document.next.iter().map(|next| next.command.len()).max().unwrap_or(0);
    let line = |next: &crate::status::Next| format!("  {:width$}  {}", next.command, Tone::Faint.paint(&next.when));
    let blank = (!document.next.is_empty()).then(String::new);
    blank.into_iter().chain(document.next.iter().map(line)).collect()
}

fn failure(document: &Document, style: &Style) -> Vec<String> {
    let Some(failure) = &document.failure else { return Vec::new() };
    let code = Tone::Bad.paint(&failure.code.to_string());
    let mut lines = vec![String::new(), format!("  {code}  {}", failure.summary)];
    let excerpt = failure.log_excerpt.as_deref().unwrap_or_default();
    if !excerpt.is_empty() {
        lines.push(format!("  {}", Tone::Faint.paint("from the provider's log, not afterpush's words:")));
    }
    let bar = if style.ascii { "|" } else { "│" };
    let room = style.width.saturating_sub(6);
    lines.extend(excerpt.iter().map(|line| format!("    {bar} {}", text::cut(line, room, style.ascii))));
    lines.extend(failure.log_url.iter().map(|url| format!("  page: {}", text::visible(url))));
    lines
}

/// `web · digitalocean · deployment 3f9c1d2 · pushed to main 1m52s ago`
fn place(document: &Document, target: &Target, style: &Style, now: Timestamp) -> String {
    let mut words = vec![target.name.clone(), target.provider.clone()];
    if document.targets.len() > 1 {
        words.push(word_of(target));
    }
    words.extend(target.deployment.as_ref().map(|deployment| format!("deployment {}", text::visible(&deployment.id))));
    let at = document.push.as_ref().and_then(|push| push.at);
    words.extend(at.zip(branch(document)).map(|(at, branch)| format!("pushed to {branch} {} ago", now.since(at))));
    words.join(if style.ascii { " - " } else { " · " })
}
