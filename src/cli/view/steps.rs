//! The steps of one target: registered, build, deploy, live, each with its mark and how long it took.

use super::{Mark, branch, elapsed, remark, usual, warnings};
use crate::base::{Span, Timestamp, text};
use crate::cli::{Style, Tone};
use crate::status::{Document, Target};
use crate::watch::{Phase, Verdict};

/// One step of the way.
#[derive(Clone, Debug, PartialEq, Eq)]
struct Step {
    name: &'static str,
    mark: Mark,
    /// How long it took, or has taken so far.
    took: Option<Span>,
}

const NAMES: [&str; 4] = ["registered", "build", "deploy", "live"];
const LIVE: usize = 3;
/// Cells of the bar.
const CELLS: usize = 5;

/// Each step on a line of its own, for `status`.
pub fn step_lines(target: &Target, style: &Style, now: Timestamp) -> Vec<String> {
    let steps = steps(target, now);
    let line = |step: &Step| {
        let took = step.took.map_or_else(String::new, |took| took.to_string());
        let about = if step.mark == Mark::Busy { progress(target) } else { String::new() };
        let line = format!("  {} {:<10} {took:>7}   {about}", step.mark.paint(style), step.name);
        line.trim_end().to_owned()
    };
    steps.iter().map(line).collect()
}

/// The few lines `watch` keeps redrawing.
pub fn live_lines(document: &Document, style: &Style, now: Timestamp) -> Vec<String> {
    let arrow = if style.ascii { "->" } else { "→" };
    let places: Vec<_> = document.targets.iter().map(|target| target.name.as_str()).collect();
    let to = if places.is_empty() { String::new() } else { format!(" {arrow} {}", places.join(", ")) };
    let from = branch(document).map_or_else(String::new, |branch| format!("{branch}{to}"));
    let subject = text::cut(document.commit.subject.as_deref().unwrap_or_default(), 40, style.ascii);
    let mut lines = vec![format!("{}  {subject}   {from}", Tone::Strong.paint(&document.commit.short))];
    for target in &document.targets {
        let name = if document.targets.len() > 1 { format!("{}  ", target.name) } else { String::new() };
        let steps: Vec<_> = steps(target, now).iter().map(|step| short_step(step, target, style)).collect();
        lines.push(format!("  {name}{}", steps.join("   ")));
    }
    if document.targets.is_empty() {
        lines.push(format!("  {} {}", Mark::of(document.exit_code).paint(style), document.word()));
    }
    lines.extend(remark(document).map(|remark| format!("  {remark}")));
    lines.extend(warnings(document));
    let took = elapsed(document, now).map_or_else(String::new, |took| format!("{took}   "));
    let expected = usual(document, now).map_or_else(String::new, |usual| format!("{usual}   "));
    lines.push(Tone::Faint.paint(&format!("  {took}{expected}Ctrl-C leaves the monitor running")));
    lines
}

fn short_step(step: &Step, target: &Target, style: &Style) -> String {
    let took = step.took.map_or_else(String::new, |took| format!(" {took}"));
    let about = if step.mark == Mark::Busy { bar(target, style) } else { String::new() };
    format!("{} {}{took}{about}", step.mark.paint(style), step.name)
}

/// The steps of a target. One the provider skipped has no time, and is done when a later one is.
fn steps(target: &Target, now: Timestamp) -> [Step; 4] {
    let times = &target.timeline;
    let starts = [times.pushed_at, times.building_at.or(times.registered_at), times.deploying_at, times.deployed_at];
    let ends = [
        times.registered_at,
        times.deploying_at.or(times.deployed_at),
        times.deployed_at.or(times.healthy_at),
        times.healthy_at,
    ];
    let place = place(target);
    std::array::from_fn(|i| {
        let is_live = target.verdict.as_ref().is_some_and(|verdict| *verdict == Verdict::Live);
        let mark = if i < place || is_live {
            Mark::Good
        } else if i > place {
            Mark::Ahead
        } else {
            Mark::of_target(target)
        };
        let running = (mark == Mark::Busy).then_some(now);
        let end = ends[i].or(running).or(times.decided_at.filter(|_| i == place && i != LIVE));
        let took = starts[i].zip(end).map(|(start, end)| end.since(start));
        let took = took.filter(|took| *took >= Span::ZERO && mark != Mark::Ahead);
        // Only the push is sure to have been seen beginning; any other step that took no time was seen once, at its end.
        let was_seen = |took: &Span| i == 0 || mark == Mark::Busy && i != LIVE || *took > Span::ZERO;
        Step { name: NAMES[i], mark, took: took.filter(was_seen) }
    })
}

/// Which step it is at.
fn place(target: &Target) -> usize {
    match target.phase.known() {
        Some(Phase::Pushing | Phase::Registering) | None => 0,
        Some(Phase::Queued | Phase::Building) => 1,
        Some(Phase::Deploying) => 2,
        Some(Phase::Verifying | Phase::Soaking) => LIVE,
    }
}

/// `step 3/5 rolling out web`
fn progress(target: &Target) -> String {
    let Some(progress) = &target.progress else { return String::new() };
    let step = progress.step.as_deref().unwrap_or_default();
    format!("step {}/{} {}", progress.done, progress.total, text::visible(step)).trim_end().to_owned()
}

/// ` [###··] rolling out web`
fn bar(target: &Target, style: &Style) -> String {
    let Some(progress) = target.progress.as_ref().filter(|progress| progress.total > 0) else { return String::new() };
    let filled = (progress.done.min(progress.total) as usize * CELLS) / progress.total as usize;
    let open = if style.ascii { "." } else { "·" };
    let step = progress.step.as_deref().map_or_else(String::new, |step| format!(" {}", text::visible(step)));
    format!(" [{}{}]{step}", "#".repeat(filled), open.repeat(CELLS - filled))
}
