//! The jobs of a run that failed: which of them, at which step.

use serde::{Deserialize, Serialize};
use serde_json::Value;

use super::asker::Asker;
use super::place;
use crate::provider::Heard;
use crate::provider::reading::words;
use crate::watch::{Misheard, StepReason, Target};

/// The job that failed first.
#[derive(Clone, Debug, Default, Serialize, Deserialize)]
pub(super) struct FailedJob {
    pub(super) id: Option<u64>,
    name: Option<String>,
    step: Option<String>,
}

/// The jobs of one try of a run.
pub(super) fn url(target: &Target, run: u64, attempt: u64) -> String {
    format!("{}/actions/runs/{run}/attempts/{attempt}/jobs?per_page=100", place::repository(target))
}

/// Why a run failed. What a try came to does not change, so it is asked once.
pub(super) fn reason(
    asker: &mut Asker<'_>,
    run: u64,
    attempt: u64,
    conclusion: Option<&str>,
) -> Result<Heard<StepReason>, Misheard> {
    let url = url(asker.target, run, attempt);
    let job = match asker.known::<FailedJob>(&url) {
        Some(job) => {
            asker.keep_known(&url);
            job
        }
        None => match hear(asker, &url)? {
            Heard::Ask(ask) => return Ok(Heard::Ask(ask)),
            Heard::Seen(job) => job,
        },
    };
    Ok(Heard::Seen(job.reason(conclusion)))
}

/// The job that failed, where the jobs can be read: that it failed is known without them.
pub(super) fn hear(asker: &mut Asker<'_>, url: &str) -> Result<Heard<FailedJob>, Misheard> {
    match asker.get(url, |page| Ok(read(page))) {
        Err(Misheard::NotFound(_) | Misheard::Forbidden(_)) => Ok(Heard::Seen(FailedJob::default())),
        heard => heard,
    }
}

fn read(page: &Value) -> FailedJob {
    let each = |value: &Value, name: &str| value.get(name).and_then(Value::as_array).cloned().unwrap_or_default();
    let Some(job) = each(page, "jobs").into_iter().find(failed) else { return FailedJob::default() };
    let step = each(&job, "steps").into_iter().find(failed).and_then(|step| words(&step, "/name"));
    FailedJob { id: job.get("id").and_then(Value::as_u64), name: words(&job, "/name"), step }
}

fn failed(part: &Value) -> bool {
    let conclusion = part.get("conclusion").and_then(Value::as_str);
    matches!(conclusion, Some("failure" | "timed_out" | "startup_failure"))
}

/// Why a run failed, as far as the run itself tells.
pub(super) fn without_jobs(conclusion: Option<&str>) -> StepReason {
    FailedJob::default().reason(conclusion)
}

impl FailedJob {
    fn reason(&self, conclusion: Option<&str>) -> StepReason {
        let message = match conclusion {
            Some("timed_out") => "took too long",
            Some("startup_failure") => "could not be started; is the workflow's file right?",
            _ => "failed",
        };
        let step = match (&self.name, &self.step) {
            (Some(job), Some(step)) => Some(format!("{job}, {step}")),
            (job, step) => job.clone().or_else(|| step.clone()),
        };
        let in_build = self.step.as_ref().or(self.name.as_ref()).map(|name| !speaks_of_deploying(name));
        StepReason { code: String::new(), message: message.to_owned(), step, in_build }
    }
}

/// The name is one of a step that rolls out rather than builds.
fn speaks_of_deploying(name: &str) -> bool {
    let name = name.to_ascii_lowercase();
    ["deploy", "release", "publish", "roll out", "rollout", "kamal", "kubectl"].iter().any(|word| name.contains(word))
}
