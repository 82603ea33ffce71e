//! The log of the job that failed, in two hops: the API redirects to a signed URL of another host, which is asked
//! without the credential.

use super::asker::{Asker, plain};
use super::{jobs, place};
use crate::provider::reading::{may_hold_logs, readable};
use crate::provider::{Heard, Want};
use crate::watch::{Deployment, Log, Misheard, Target};
use crate::wire::{Answer, Ask, HttpAsk, LOG_BYTES};

/// Where a log is looked for.
struct Source {
    run: u64,
    attempt: u64,
    job: Option<u64>,
}

/// The conversation about a log so far.
pub(super) fn look(
    target: &Target,
    want: &Want,
    deployment: &Deployment,
    answers: &[Answer],
) -> Result<Heard<Log>, Misheard> {
    let Some(source) = source(target, deployment) else { return Ok(Heard::Seen(Log::default())) };
    let mut rest = answers;
    let mut job = source.job;
    if job.is_none() {
        let url = jobs::url(target, source.run, source.attempt);
        let mut asker = Asker::new(target, &want.memo, answers.get(..1).unwrap_or_default());
        let known = asker.known::<jobs::FailedJob>(&url).and_then(|failed| failed.id);
        job = match known {
            Some(job) => Some(job),
            None => match jobs::hear(&mut asker, &url)? {
                Heard::Ask(ask) => return Ok(Heard::Ask(ask)),
                Heard::Seen(failed) => {
                    rest = answers.get(1..).unwrap_or_default();
                    failed.id
                }
            },
        };
    }
    match job {
        Some(job) => hear(target, job, rest),
        None => Ok(Heard::Seen(Log::default())),
    }
}

fn hear(target: &Target, job: u64, answers: &[Answer]) -> Result<Heard<Log>, Misheard> {
    let Some(first) = answers.first() else {
        let url = format!("{}/actions/jobs/{job}/logs", place::repository(target));
        return Ok(Heard::Ask(Ask::Http(HttpAsk { may_lead_away: true, tail: true, ..plain(&url, LOG_BYTES) })));
    };
    let found = match (first.status, first.header("location")) {
        (301..=308, Some(url)) if may_hold_logs(target, url) => match answers.get(1) {
            None => return Ok(Heard::Ask(Ask::signed_log(url))),
            Some(second) => second,
        },
        _ => first,
    };
    match found.status {
        200 => Ok(Heard::Seen(Log { text: text(&found.body), is_cut: found.body.len() >= LOG_BYTES })),
        // Not written yet; it is asked for again.
        500..=599 => Err(Misheard::Down(format!("the log is answered with {}", found.status))),
        _ => Ok(Heard::Seen(Log::default())),
    }
}

/// The run is told by the deployment's id where runs are deployments, else by the page it names.
fn source(target: &Target, deployment: &Deployment) -> Option<Source> {
    if target.particulars.workflow.is_some() {
        let (run, attempt) = deployment.id.split_once('.').unwrap_or((&deployment.id, "1"));
        return Some(Source { run: run.parse().ok()?, attempt: attempt.parse().ok()?, job: None });
    }
    let (_, rest) = deployment.url.as_deref()?.split_once(&format!("/{}/actions/runs/", target.app))?;
    let mut parts = rest.split(['/', '?', '#']);
    let run = parts.next()?.parse().ok()?;
    let job = parts.next().filter(|part| *part == "job").and_then(|_| parts.next()?.parse().ok());
    Some(Source { run, attempt: 1, job })
}

/// The log without the time at the beginning of each line.
fn text(body: &[u8]) -> String {
    let text = readable(body);
    let lines = text.lines().map(|line| match line.split_once(' ') {
        Some((time, rest)) if is_time(time) => rest,
        _ => line,
    });
    lines.flat_map(|line| [line, "\n"]).collect()
}

fn is_time(word: &str) -> bool {
    word.len() >= 20 && word.ends_with('Z') && word.bytes().take(4).all(|byte| byte.is_ascii_digit())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_times_of_the_lines_go() {
        let log = b"\xef\xbb\xbf2026-08-01T10:00:00.1234567Z ##[group]Run npm test\n2026-08-01T10:00:01Z \x1b[31mboom\x1b[0m\nZ x\n";
        assert_eq!(text(&log[3..]), "##[group]Run npm test\nboom\nZ x\n");
    }
}
