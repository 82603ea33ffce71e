//! From a watch to its document.

use std::path::Path;

use super::document::{
    Commit, Document, Eta, Failure, Monitor, Observation, Push, STATUS_SCHEMA, Served, Target, Timeline,
};
use super::{next, silence};
use crate::base::text::visible;
use crate::base::{Span, Timestamp};
use crate::watch::{self, Course, LogState, Origin, Watch, outlook};

/// What a document tells besides its watch.
#[derive(Clone, Copy, Debug)]
pub struct Surroundings {
    /// Now.
    pub now: Timestamp,
    /// HEAD is at the commit.
    pub is_head: bool,
    /// The process that writes.
    pub monitor_pid: Option<u32>,
    /// So long it may not be written again if nothing happens.
    pub quiet: Span,
}

/// How long after a document should have been written again a reader waits before it calls it stale.
const PATIENCE: Span = Span::from_secs(60);

/// The document of a watch.
pub fn document(watch: &Watch, around: &Surroundings) -> Document {
    let outlook = outlook(watch);
    let mut document = Document {
        schema: STATUS_SCHEMA.to_owned(),
        commit: commit(&watch.sha, watch.subject.as_deref(), around.is_head),
        push: Some(push(watch)),
        attempt: Some(watch.attempt),
        phase: Some(outlook.phase.into()),
        verdict: outlook.verdict.map(Into::into),
        done: outlook.done,
        exit_code: outlook.exit_code,
        reason: outlook.reason.into(),
        message: visible(&outlook.message),
        via: outlook.via,
        targets: watch.courses.iter().map(target).collect(),
        failure: watch.courses.iter().find_map(|course| course.failure.as_ref()).map(failure),
        // Nothing comes of it before the user has mended what is wrong.
        eta: eta(watch, around.now).filter(|_| !outlook.done && !outlook.reason.needs_the_user()),
        warnings: warnings(watch),
        monitor: Some(Monitor { pid: around.monitor_pid }),
        observed_at: Some(observed_at(watch, around.now)),
        stale_after: (!watch.is_over()).then(|| stale_after(watch, around)),
        stale: false,
        next: Vec::new(),
    };
    document.next = next::suggest(&document);
    document
}

/// When it will probably be live: by the slowest of the targets that are still waited for.
fn eta(watch: &Watch, now: Timestamp) -> Option<Eta> {
    let waited_for =
        watch.courses.iter().filter(|course| course.verdict.is_none() && watch.push.origin != Origin::Track);
    let slowest = waited_for.filter_map(|course| Some((course, course.habits.estimate()?)));
    let (course, usual) = slowest.max_by_key(|(_, usual)| usual.p50)?;
    let total = course.habits.expected_total(now.since(watch.push.at));
    let whole = |span: Span| u64::try_from(span.as_secs()).unwrap_or(0);
    let at = total.map(|total| (watch.push.at + total).whole_seconds());
    Some(Eta { at, p50_s: whole(usual.p50), p90_s: whole(usual.p90), n: usual.n })
}

pub(super) fn commit(sha: &crate::push::Sha, subject: Option<&str>, is_head: bool) -> Commit {
    Commit { sha: sha.clone(), short: sha.short().to_owned(), subject: subject.map(visible), is_head }
}

fn push(watch: &Watch) -> Push {
    let push = &watch.push;
    Push {
        at: (push.origin != Origin::Track).then(|| push.at.whole_seconds()),
        remote: visible(push.remote.as_str()),
        ref_name: visible(push.ref_name.as_str()),
        old: push.old.clone(),
        commits: push.commits,
        forced: push.forced,
        confirmed: watch.has_landed(),
    }
}

fn target(course: &Course) -> Target {
    Target {
        name: course.target.name.as_str().to_owned(),
        provider: course.target.provider.clone(),
        phase: course.phase.into(),
        verdict: course.verdict.map(Into::into),
        reason: course.reason.into(),
        message: visible(&course.message),
        deployment: course.deployment.as_ref().map(deployment),
        progress: course.progress.as_ref().map(progress),
        timeline: timeline(&course.times),
        served: course.served.as_ref().map(served),
        observations: course.observations.iter().map(observation).collect(),
    }
}

fn deployment(known: &watch::DeploymentRef) -> watch::DeploymentRef {
    let watch::DeploymentRef { id, url, sha, cause } = known.clone();
    watch::DeploymentRef { id: visible(&id), url: url.as_deref().map(visible), sha: sha.as_deref().map(visible), cause }
}

fn progress(known: &watch::Progress) -> watch::Progress {
    watch::Progress { step: known.step.as_deref().map(visible), ..known.clone() }
}

fn served(served: &watch::Served) -> Served {
    let checked_at = served.checked_at.whole_seconds();
    Served { sha: Some(visible(&served.sha)), is_match: served.is_match, checked_at }
}

fn timeline(times: &watch::Times) -> Timeline {
    let whole = |time: Option<Timestamp>| time.map(Timestamp::whole_seconds);
    Timeline {
        pushed_at: whole(times.pushed_at),
        registered_at: whole(times.registered_at),
        building_at: whole(times.building_at),
        deploying_at: whole(times.deploying_at),
        deployed_at: whole(times.deployed_at),
        ready_at: whole(times.ready_at),
        healthy_at: whole(times.healthy_at),
        decided_at: whole(times.decided_at),
    }
}

fn observation(seen: &watch::Observation) -> Observation {
    Observation {
        source: seen.source.into(),
        ok: seen.ok,
        value: seen.value.as_deref().map(visible),
        observed_at: seen.observed_at.whole_seconds(),
        latency_ms: seen.latency.map(|latency| u64::try_from(latency.as_millis()).unwrap_or(0)),
        error: seen.error.as_deref().map(visible),
    }
}

fn failure(failure: &watch::Failure) -> Failure {
    let shown = |path: &Path| visible(&path.to_string_lossy());
    Failure {
        phase: failure.phase.into(),
        code: failure.code.into(),
        summary: visible(&failure.summary),
        log_path: if let LogState::Saved(path) = &failure.log { Some(shown(path)) } else { None },
        log_url: failure.log_url.as_deref().map(visible),
        log_excerpt: None,
    }
}

fn warnings(watch: &Watch) -> Vec<watch::Warning> {
    let courses = || watch.courses.iter().filter(|_| watch.ending.is_none());
    let silent = courses().flat_map(silence::warnings);
    let disagree = |message| watch::Warning { code: "sources_disagree".to_owned(), message };
    let disagreeing = courses().filter_map(Course::disagreement).map(disagree);
    let shown = |warning: watch::Warning| watch::Warning { message: visible(&warning.message), ..warning };
    watch.warnings.iter().cloned().chain(silent).chain(disagreeing).map(shown).collect()
}

/// When a source was last read. Where there is no target yet, the configuration is the source, and it is read each
/// time this is written.
fn observed_at(watch: &Watch, now: Timestamp) -> Timestamp {
    let readings = watch.courses.iter().flat_map(|course| &course.observations);
    let without = if watch.courses.is_empty() { now } else { watch.started_at };
    readings.map(|reading| reading.observed_at).max().unwrap_or(without).whole_seconds()
}

fn stale_after(watch: &Watch, around: &Surroundings) -> Timestamp {
    let now = around.now;
    let due = if watch.next_look == Timestamp::NEVER { now } else { watch.next_look };
    (due.max(now + around.quiet) + PATIENCE).whole_seconds()
}
