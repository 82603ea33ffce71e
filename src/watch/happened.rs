//! What happened between two states of a watch: the lines of its timeline, found by comparing. So the same fact told
//! twice leaves one line.

use super::{Course, Event, EventKind, Landing, Observation, Outlook, Phase, Proof, TargetName, Watch, outlook, tell};
use crate::base::Timestamp;

/// The first lines of a timeline.
pub(super) fn beginning(watch: &Watch, now: Timestamp) -> Vec<Event> {
    let mut events = vec![Event {
        at: now,
        kind: EventKind::Phase,
        target: None,
        from: None,
        to: Some(Phase::Pushing.to_string()),
        message: tell::noted(watch),
    }];
    if let Landing::Landed { by, .. } = watch.landing {
        events.push(landed(watch, by, Phase::Pushing.to_string(), now));
    }
    events.extend(watch.warnings.iter().map(|told| warning(told.message.clone(), now)));
    events.extend(trouble(None, watch, now));
    let decided = watch.courses.iter().filter(|course| course.verdict.is_some() && watch.courses.len() > 1);
    events.extend(decided.filter_map(|course| progress(None, course, now)));
    events.extend(verdict(None, watch, now));
    events
}

/// The lines that lead from one state to the next.
pub(super) fn between(before: &Watch, after: &Watch, now: Timestamp) -> Vec<Event> {
    let mut events: Vec<Event> = landing(before, after, now).into_iter().collect();
    let new_warnings = after.warnings.iter().filter(|told| !before.warnings.contains(told));
    events.extend(new_warnings.map(|told| warning(told.message.clone(), now)));
    events.extend(trouble(Some(before), after, now));
    let verdict = verdict(Some(before), after, now);
    let is_told = verdict.is_some() && after.courses.len() == 1;
    for course in after.courses.iter().filter(|_| !is_told) {
        let known = before.course(&course.target.name);
        let moved = progress(known, course, now);
        // The step that was taken says what the source that leads has said.
        let told = moved.as_ref().map(|_| course.target.lead());
        events.extend(moved);
        let newest = course.observations.iter().filter(|seen| Some(seen.source) != told);
        events.extend(newest.filter_map(|seen| observation(known, course, seen, now)));
    }
    events.extend(
        after.courses.iter().filter_map(|course| disagreement(before.course(&course.target.name), course, now)),
    );
    events.extend(verdict);
    events
}

fn landing(before: &Watch, after: &Watch, now: Timestamp) -> Option<Event> {
    let Landing::Landed { by, .. } = after.landing else { return None };
    let from = before.ending.as_ref().map_or_else(|| Phase::Pushing.to_string(), |ending| ending.verdict.to_string());
    (!before.has_landed()).then(|| landed(after, by, from, now))
}

fn landed(watch: &Watch, by: Proof, from: String, now: Timestamp) -> Event {
    let to = Some(Phase::Registering.to_string());
    Event { at: now, kind: EventKind::Phase, target: None, from: Some(from), to, message: tell::landed(watch, by) }
}

/// The course moved on, was decided or was taken up again. That a push landed is told once for all courses.
fn progress(before: Option<&Course>, after: &Course, now: Timestamp) -> Option<Event> {
    let from = before.map(standing);
    let to = standing(after);
    let is_landing = from == Some(Phase::Pushing.as_str()) && to == Phase::Registering.as_str();
    (from != Some(to) && !is_landing).then(|| Event {
        at: now,
        kind: EventKind::Phase,
        target: Some(after.target.name.clone()),
        from: from.map(str::to_owned),
        to: Some(to.to_owned()),
        message: after.message.clone(),
    })
}

fn standing(course: &Course) -> &'static str {
    course.verdict.map_or(course.phase.as_str(), |verdict| verdict.as_str())
}

/// A source said something else than before, or fell silent.
fn observation(before: Option<&Course>, after: &Course, seen: &Observation, now: Timestamp) -> Option<Event> {
    let known = before.and_then(|course| course.observations.iter().find(|known| known.source == seen.source));
    let value = known.and_then(|known| known.value.as_deref());
    let error = known.and_then(|known| known.error.as_deref());
    ((value, error) != (seen.value.as_deref(), seen.error.as_deref())).then(|| Event {
        at: now,
        kind: EventKind::Observation,
        target: Some(after.target.name.clone()),
        from: value.map(str::to_owned),
        to: seen.value.clone(),
        message: tell::observed(after, seen),
    })
}

/// The sources began to contradict each other, or do so in other words.
fn disagreement(before: Option<&Course>, after: &Course, now: Timestamp) -> Option<Event> {
    let told = after.disagreement()?;
    let is_known = before.and_then(Course::disagreement).as_ref() == Some(&told);
    (!is_known).then(|| Event { target: Some(after.target.name.clone()), ..warning(told, now) })
}

/// The one line that ends an attempt: its verdict, when it is given or becomes another one.
fn verdict(before: Option<&Watch>, after: &Watch, now: Timestamp) -> Option<Event> {
    if before.is_some_and(|before| before.answers_as(after)) {
        return None;
    }
    let Outlook { done: true, verdict: Some(verdict), message, .. } = outlook(after) else { return None };
    let known = before.map(outlook);
    let target = after.courses.first().filter(|_| after.courses.len() == 1 && after.ending.is_none());
    let from = known.as_ref().map(|known| known.verdict.map_or(known.phase.as_str(), |verdict| verdict.as_str()));
    (known.as_ref().and_then(|known| known.verdict) != Some(verdict)).then(|| Event {
        at: now,
        kind: EventKind::Verdict,
        target: target.map(|course| -> TargetName { course.target.name.clone() }),
        from: from.map(str::to_owned),
        to: Some(verdict.to_string()),
        message,
    })
}

/// What is wrong with the configuration.
fn trouble(before: Option<&Watch>, after: &Watch, now: Timestamp) -> Option<Event> {
    let is_known = before.is_some_and(|before| before.trouble == after.trouble);
    after.trouble.as_ref().filter(|_| !is_known).map(|(_, message)| warning(message.clone(), now))
}

fn warning(message: String, now: Timestamp) -> Event {
    Event { at: now, kind: EventKind::Warning, target: None, from: None, to: None, message }
}
