//! When to look again: a pure function of how far a course is and what the provider asked for.

use std::hash::{DefaultHasher, Hash, Hasher};

use super::{Course, Landing, Miss, Phase, Rate, Reason, Sight, Source, Verdict, Watch};
use crate::base::{Span, Timestamp};
use crate::insight::{Habits, Stage};

/// No look is put off longer than this, whatever a provider asks for.
const LONGEST_PAUSE: Span = Span::from_mins(15);
/// A provider that asks for a pause gets one this long at least.
const SHORTEST_PAUSE: Span = Span::from_secs(1);
/// A database is somebody's production: no look at it follows sooner.
const SHORTEST_RECORD: Span = Span::from_secs(5);
/// How often a credential that was refused, or is not there, is tried.
const UNTIL_MENDED: Span = Span::from_mins(5);
/// So long a pause, nobody waits in vain for a network that is back.
const LEAST_BACKOFF: Span = Span::from_secs(10);
/// The longest pause after looks in vain.
const LONGEST_BACKOFF: Span = Span::from_mins(2);
/// How often a log is asked for before it is given up; the pauses between make seven seconds.
pub(super) const LOG_TRIES: u32 = 4;

/// When the watch has something to do: the earliest of its courses' looks, the check of its landing and its
/// deadline. [`Timestamp::NEVER`] once it is over.
pub(super) fn next_look(watch: &Watch, now: Timestamp) -> Timestamp {
    if watch.is_over() {
        return Timestamp::NEVER;
    }
    let is_pushing = matches!(watch.landing, Landing::Unproven { git_gone: false });
    let looks = watch.courses.iter().filter(|course| !is_pushing && !course.is_over()).map(next_of_course);
    let check = (watch.wants_landing() || watch.courses.is_empty()).then(|| next_check(watch, now));
    looks.chain(check).fold(watch.deadline, Timestamp::min)
}

/// The earliest of what a course waits for.
fn next_of_course(course: &Course) -> Timestamp {
    let looks = course.sources().filter_map(|source| course.next_look_at(source)).min();
    let log = course.wanted_log().map(|_| course.lead.next_look);
    [looks, log, course.soak_until].into_iter().flatten().min().unwrap_or(Timestamp::NEVER)
}

/// When to check the landing, or to read a troubled configuration: as planned, as long as that lies ahead.
fn next_check(watch: &Watch, now: Timestamp) -> Timestamp {
    let latest = now + watch.policy.pace.of(registering(watch, now));
    let by = if watch.is_git_gone() && watch.register_by > now { latest.min(watch.register_by) } else { latest };
    if watch.next_look > now { by.min(watch.next_look) } else { by }
}

/// When to look at a course again after a good answer (or none so far).
pub(super) fn after_answer(watch: &Watch, course: &Course, rate: &Rate, now: Timestamp) -> Timestamp {
    let shortest = if course.target.lead() == Source::Database { SHORTEST_RECORD } else { Span::ZERO };
    let interval = watch
        .policy
        .pace
        .of(interval(watch, course, now).max(shortest))
        .scaled(if rate.is_scarce() { 2 } else { 1 }, 1);
    let judged = [Some(watch.register_by), course.canceled_since.map(|since| since + watch.policy.register_timeout)];
    let planned = judged.into_iter().flatten().filter(|&at| at > now).fold(now + interval, Timestamp::min);
    let allowed = rate.not_before.map_or(now, |at| pause(at, now));
    within(watch, planned.max(allowed), now)
}

/// When to read the deployments table beside a provider again after a good answer: about as often as the provider.
pub(super) fn after_record(watch: &Watch, course: &Course, now: Timestamp) -> Timestamp {
    let pause = watch.policy.pace.of(interval(watch, course, now).max(SHORTEST_RECORD));
    within(watch, now + pause, now)
}

/// When to ask the health endpoints again.
pub(super) fn after_round(watch: &Watch, course: &Course, now: Timestamp) -> Timestamp {
    let Some(checks) = &course.checks else { return watch.deadline };
    let interval = match (course.is_soaking(), checks.good, now.since(checks.since).as_secs()) {
        (true, ..) if checks.bad > 0 => 3,
        (false, 1.., _) | (false, 0, ..30) => 2,
        (false, 0, ..120) => 5,
        (true, ..) | (false, 0, _) => 10,
    };
    let planned = now + watch.policy.pace.of(Span::from_secs(interval));
    let judged = if checks.by > now && !course.is_soaking() { planned.min(checks.by) } else { planned };
    within(watch, judged, now)
}

/// When to ask a source again after a look that brought nothing.
pub(super) fn after_miss(
    watch: &Watch,
    course: &Course,
    sight: &Sight,
    why: &Miss,
    until: Option<Timestamp>,
    now: Timestamp,
) -> Timestamp {
    let next = match until {
        Some(until) => pause(until, now),
        None if sight.miss.is_some_and(Reason::needs_the_user) => now + watch.policy.pace.of(UNTIL_MENDED),
        None => {
            let backoff = backoff(watch, course, sight.misses);
            // Nobody was reached, so nobody is spared: the usual rhythm finds the network again sooner.
            let is_unreached = matches!(why, Miss::NoAnswer(_));
            let longest = if is_unreached { interval(watch, course, now).max(LEAST_BACKOFF) } else { LONGEST_BACKOFF };
            now + watch.policy.pace.of(backoff.min(longest))
        }
    };
    within(watch, next, now)
}

/// When to try a failed deployment's log again.
pub(super) fn after_log(watch: &Watch, tries: u32, now: Timestamp) -> Timestamp {
    let pause = watch.policy.pace.of(Span::from_secs(1 << tries.saturating_sub(1).min(LOG_TRIES)));
    within(watch, now + pause, now)
}

/// The latest moment a look may be planned for; beyond it only a clock that was set back can have put it.
pub(super) fn latest(watch: &Watch, now: Timestamp) -> Timestamp {
    within(watch, now + LONGEST_PAUSE, now)
}

fn interval(watch: &Watch, course: &Course, now: Timestamp) -> Span {
    if course.verdict == Some(Verdict::Superseded) {
        // It is decided, and the looks for the newer commit tell it at once of anything new.
        let since = now.since(course.times.decided_at.unwrap_or(now));
        return since.scaled(1, 3).clamp(Span::from_secs(10), Span::from_secs(30));
    }
    if course.reason == Reason::CanceledWaiting {
        return Span::from_secs(10);
    }
    if course.is_soaking() {
        return Span::from_secs(30);
    }
    if course.serving > 0 {
        // A few good answers in a row confirm it.
        return Span::from_secs(2);
    }
    if course.phase == Phase::Verifying && course.checks.is_some() {
        return Span::from_secs(10);
    }
    let elapsed = |at: Option<Timestamp>| now.since(at.unwrap_or(watch.started_at));
    match course.stage() {
        Some((stage, since)) => course.habits.gap(stage, elapsed(since.or(course.times.registered_at))),
        None if course.phase == Phase::Pushing => registering(watch, now),
        // Built, and not serving yet.
        None => Habits::default().gap(Stage::Queued, elapsed(course.times.registered_at)),
    }
}

/// While it is not known whether the push has landed.
fn registering(watch: &Watch, now: Timestamp) -> Span {
    Habits::default().gap(Stage::Registering, now.since(watch.push.at))
}

/// Doubles with every miss. Watches of one outage are spread by a fifth to either side, each always the same way.
fn backoff(watch: &Watch, course: &Course, misses: u32) -> Span {
    let doubled = Span::from_secs(3 << misses.clamp(1, 10)).min(LONGEST_BACKOFF);
    let mut hasher = DefaultHasher::new();
    (&watch.id, &course.target.name, misses).hash(&mut hasher);
    let percent = 80 + i64::try_from(hasher.finish() % 41).unwrap_or(20);
    doubled.scaled(percent, 100)
}

/// Not after the deadline, at which everything is looked at once more. Once that has passed, a look would be due for
/// ever; the watch itself is due then.
fn within(watch: &Watch, planned: Timestamp, now: Timestamp) -> Timestamp {
    if watch.deadline > now { planned.min(watch.deadline) } else { planned }
}

fn pause(until: Timestamp, now: Timestamp) -> Timestamp {
    until.clamp(now + SHORTEST_PAUSE, now + LONGEST_PAUSE)
}
