//! Every sentence of the room. Foreign words are made inert here, and cut where they may be long.

use super::ours::View;
use super::target::TABLE;
use super::{
    Course, Deployment, Failure, Finding, Kin, Miss, Observation, Origin, Outcome, Proof, Push, Reason, Relation,
    Source, State, Watch, decide,
};
use crate::base::{Span, text};

/// Foreign sentences are cut to this many columns.
const LONGEST: usize = 300;

pub(super) fn pushing() -> String {
    "the push is not confirmed yet".to_owned()
}

pub(super) fn stopped() -> String {
    "stopped by the user".to_owned()
}

/// The ref on the remote, as people say it.
fn place(push: &Push) -> String {
    let name = push.ref_name.branch().unwrap_or(push.ref_name.as_str());
    text::visible(&format!("{}/{name}", push.remote))
}

fn foreign(words: &str) -> String {
    text::cut(&text::visible(words.trim()), LONGEST, false)
}

fn short(commit: &str) -> &str {
    commit.get(..7).unwrap_or(commit)
}

pub(super) fn noted(watch: &Watch) -> String {
    format!("noted {} -> {}", watch.sha.short(), place(&watch.push))
}

pub(super) fn landed(watch: &Watch, by: Proof) -> String {
    let place = place(&watch.push);
    match by {
        Proof::TrackingRef => format!("landed on {place}"),
        Proof::Remote => format!("landed on {place}, the remote says"),
        Proof::Deployment => format!("landed on {place}: it is being deployed"),
    }
}

pub(super) fn not_pushed(watch: &Watch, reason: Reason) -> String {
    let place = place(&watch.push);
    match reason {
        Reason::NotOnRemote => {
            format!("{} is not on {place}, and no push of it from here is known", watch.sha.short())
        }
        Reason::RemoteAhead if watch.push.origin == Origin::Track => {
            let short = watch.sha.short();
            format!("{place} has commits this clone lacks, and not {short}; run `git pull --rebase`, then push")
        }
        Reason::RemoteAhead => {
            format!(
                "{place} has commits this clone lacks, so the push was rejected; run `git pull --rebase`, then push"
            )
        }
        Reason::DryRun => format!("a dry run: nothing was pushed to {place}"),
        _ => format!("the push did not reach {place}: it was refused, or git did not send it; see what git printed"),
    }
}

pub(super) fn unproven() -> String {
    "whether the push landed is being checked".to_owned()
}

pub(super) fn landing_unknown(watch: &Watch) -> String {
    let place = place(&watch.push);
    format!("git push has ended, and nothing shows whether {place} took the commit; `git fetch` may tell")
}

pub(super) fn branch_not_deployed(push: &Push) -> String {
    let cure = match push.ref_name.branch() {
        Some(_) => "; if it should be, add the branch under `branches` (or its remote under `remotes`)",
        None => "",
    };
    format!("{} is deployed to no target{cure}", place(push))
}

pub(super) fn paths_untouched(course: &Course) -> String {
    format!("the push touches none of the paths of target {}", course.target.name)
}

pub(super) fn waiting_for_deployment(course: &Course) -> String {
    match course.target.lead() {
        Source::Database => format!("landed; waiting for {TABLE} to name it"),
        Source::Provider | Source::Health => {
            format!("landed; waiting for {} to begin a deployment", course.target.provider)
        }
    }
}

pub(super) fn underway(course: &Course, ours: &Deployment) -> String {
    let provider = course.target.lead_name();
    let what = match course.reason {
        Reason::WaitingForApproval => format!("{provider} waits for an approval"),
        Reason::UnknownState => {
            format!("{provider} says {}, which is not known here; still looking", foreign(&ours.raw_state))
        }
        reason => doing(course, reason),
    };
    match &course.progress {
        Some(progress) => {
            let step = progress.step.as_ref().map(|step| format!(": {}", foreign(step))).unwrap_or_default();
            format!("{what}, {} of {} steps done{step}", progress.done, progress.total)
        }
        None => what,
    }
}

pub(super) fn resumed(course: &Course) -> String {
    doing(course, decide::running(course.phase))
}

fn doing(course: &Course, reason: Reason) -> String {
    let provider = course.target.lead_name();
    match reason {
        Reason::WaitingForHealth => verifying(course),
        Reason::PushRunning => pushing(),
        Reason::DeployQueued => format!("queued at {provider}"),
        Reason::BuildRunning => format!("{provider} builds it"),
        Reason::DeployRunning => format!("{provider} rolls it out"),
        Reason::NotServing => format!("{provider} has built it and does not serve it yet"),
        _ => waiting_for_deployment(course),
    }
}

pub(super) fn canceled_waiting(course: &Course, ours: &Deployment) -> String {
    format!("{}; waiting whether a newer commit takes over", gone(course, ours))
}

pub(super) fn canceled(course: &Course, ours: &Deployment, stranger: Option<&str>) -> String {
    let gone = gone(course, ours);
    match stranger {
        Some(other) => {
            let other = foreign(short(other));
            format!(
                "{gone}; {other} was deployed later and is not known to this clone, `git fetch` tells what it holds"
            )
        }
        None => format!("{gone}, and no newer commit contains it"),
    }
}

fn gone(course: &Course, ours: &Deployment) -> String {
    let word = if ours.state == State::Replaced { "replaced" } else { "cancelled" };
    format!("the deployment was {word} at {}", course.target.lead_name())
}

pub(super) fn skipped_by_provider(course: &Course, ours: &Deployment) -> String {
    let provider = course.target.lead_name();
    let why = ours.reason.as_ref().map(|reason| format!(": {}", foreign(&reason.message))).unwrap_or_default();
    format!("{provider} decided not to deploy it{why}")
}

pub(super) fn other_branches(course: &Course, view: &View, deployed: &[&str]) -> String {
    let (target, branch) = (&course.target.name, foreign(view.branch().unwrap_or_default()));
    if deployed.is_empty() {
        return format!("{target} does not deploy pushes to {branch}");
    }
    format!("{target} does not deploy pushes to {branch}, only to {}", foreign(&deployed.join(", ")))
}

pub(super) fn switched_off(course: &Course, view: &View) -> String {
    let (target, branch) = (&course.target.name, foreign(view.branch().unwrap_or_default()));
    format!("{target} does not deploy on a push to {branch}: deploy-on-push is switched off there")
}

pub(super) fn frozen(course: &Course, why: &str) -> String {
    format!("{} deploys no push at the moment: {}", course.target.name, foreign(why))
}

pub(super) fn live(course: &Course) -> String {
    format!("live on {}", course.target.name)
}

pub(super) fn contained(course: &Course, newer: &str) -> String {
    format!("live on {} in {}, which contains it", course.target.name, foreign(short(newer)))
}

pub(super) fn superseded(course: &Course, newer: &str) -> String {
    format!("{} took over on {} and is not live yet", foreign(short(newer)), course.target.name)
}

pub(super) fn newer_failed(course: &Course, newer: &str, failure: &Failure) -> String {
    let newer = foreign(short(newer));
    format!("{newer} took over on {} and failed: {}", course.target.name, failure.summary)
}

/// Rows of the commit do not count, for they are dated before its push.
pub(super) fn misdated() -> String {
    format!("{TABLE} has rows of this commit, all dated before its push; times without a zone count as UTC")
}

pub(super) fn failed(course: &Course, failure: &Failure) -> String {
    if failure.code == Reason::RecordedFailed {
        return recorded_failed(course, &failure.summary);
    }
    let what = if failure.code == Reason::BuildFailed { "build" } else { "deployment" };
    format!("the {what} failed on {}: {}", course.target.name, failure.summary)
}

/// The provider's words for a failure.
pub(super) fn summary(failed: &Deployment) -> String {
    let Some(reason) = &failed.reason else {
        return format!("{}, without a reason", foreign(&failed.raw_state));
    };
    let step = reason.step.as_ref().map(|step| format!("{step}: ")).unwrap_or_default();
    let words = match (reason.message.trim(), reason.code.trim()) {
        ("", code) => code.to_owned(),
        (message, "") => message.to_owned(),
        (message, code) => format!("{message} ({code})"),
    };
    foreign(&format!("{step}{words}"))
}

pub(super) fn no_deploy(course: &Course, waited: Span) -> String {
    let (target, provider) = (&course.target.name, course.target.lead_name());
    format!("landed, and after {waited} {provider} shows no deployment of it on {target}")
}

pub(super) fn timeout(course: &Course, watched: Span) -> String {
    format!("stopped looking after {watched}; last: {}", course.message)
}

pub(super) fn unobservable(course: &Course) -> String {
    let lead = course.observations.iter().find(|seen| seen.source == course.target.lead());
    let error = lead.and_then(|seen| seen.error.as_deref());
    format!("{} could not be read: {}", course.target.lead_name(), error.unwrap_or("nothing was heard"))
}

pub(super) fn observed(course: &Course, seen: &Observation) -> String {
    let source = source_name(course, seen.source);
    match (&seen.error, &seen.value) {
        (Some(error), _) => error.clone(),
        (None, Some(value)) => format!("{source} says {value}"),
        (None, None) => format!("{source} answers and shows no deployment of it"),
    }
}

/// A source, as people are told of it.
fn source_name(course: &Course, source: Source) -> &str {
    match source {
        Source::Provider => &course.target.provider,
        Source::Database => TABLE,
        Source::Health => "health",
    }
}

pub(super) fn recorded_failed(course: &Course, summary: &str) -> String {
    format!("{TABLE} says that it failed on {}: {summary}", course.target.name)
}

pub(super) fn rolled_back(course: &Course, older: &str) -> String {
    let older = if older.is_empty() { "an older commit".to_owned() } else { foreign(short(older)) };
    format!("{older} went live on {} again: it was rolled back", course.target.name)
}

/// The source that leads is done; what the endpoints say is not known yet.
pub(super) fn verifying(course: &Course) -> String {
    format!("{}; waiting for the health endpoints to agree", said_live(course))
}

pub(super) fn settling(course: &Course, good: u32, of: u32) -> String {
    format!("{}; {good} of {of} good answers in a row", said_live(course))
}

pub(super) fn unconfirmed(course: &Course, trouble: &Finding, kin: &Kin) -> String {
    format!("{}; {}", said_live(course), finding(trouble, kin))
}

pub(super) fn unhealthy(course: &Course, summary: &str) -> String {
    let name = &course.target.name;
    if course.is_soaking() {
        format!("went live on {name} and broke: {summary}")
    } else {
        format!("deployed to {name} and not confirmed in time: {summary}")
    }
}

fn said_live(course: &Course) -> String {
    let lead = course.target.lead_name();
    match &course.through {
        Some(newer) => format!("{lead} says {} is live, which contains it", foreign(short(newer))),
        None => format!("{lead} says it is live"),
    }
}

/// What a round of the health endpoints brought, endpoint by endpoint.
pub(super) fn round(findings: &[Finding]) -> String {
    let one = |finding: &Finding| {
        let said = match &finding.outcome {
            Outcome::Good => "well".to_owned(),
            Outcome::Serves(digits) => foreign(short(digits)),
            Outcome::Bad(_) => "bad".to_owned(),
            Outcome::Silent { .. } => "silent".to_owned(),
        };
        format!("{} {said}", finding.check.as_str())
    };
    findings.iter().map(one).collect::<Vec<_>>().join(", ")
}

/// What is wrong with what an endpoint answered.
pub(super) fn finding(finding: &Finding, kin: &Kin) -> String {
    let name = finding.check.as_str();
    match &finding.outcome {
        Outcome::Good => format!("{name} answers well"),
        Outcome::Serves(digits) => {
            let relation = match kin.of(digits) {
                Relation::Older => ", an older commit",
                Relation::Apart => ", which does not contain it",
                Relation::Unknown => ", which this clone does not know",
                Relation::Same | Relation::Contains => "",
            };
            format!("the version endpoint says {}{relation}", foreign(short(digits)))
        }
        Outcome::Bad(what) => format!("{name} {}", foreign(what)),
        Outcome::Silent { why, .. } => format!("{name} gives no answer: {}", foreign(why)),
    }
}

/// What the sources say that contradicts each other.
pub(super) fn disagreement(course: &Course, seen: &[&Observation]) -> String {
    let said = |seen: &&Observation| {
        let word = seen.value.as_deref().unwrap_or_default();
        match seen.source {
            Source::Health => {
                let served = course.served.as_ref().map_or(word, |served| short(&served.sha));
                format!("the version endpoint says {}", foreign(served))
            }
            source => format!("{} says {}", source_name(course, source), foreign(word)),
        }
    };
    format!("the sources disagree: {}", seen.iter().map(said).collect::<Vec<_>>().join(", "))
}

/// Why a look brought nothing; an adapter's words are a sentence of their own.
pub(super) fn miss(course: &Course, source: Source, why: &Miss) -> String {
    match why {
        Miss::NoCredential(words) => foreign(words),
        Miss::Misheard(misheard) => foreign(&misheard.to_string()),
        Miss::NoAnswer(words) => format!("no answer from {}: {}", source_name(course, source), foreign(words)),
    }
}
