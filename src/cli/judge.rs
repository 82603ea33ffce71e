//! What a document means for the question that was asked: one target of several, verdicts that count as success, a
//! stage that is enough.

use super::Failure;
use super::args::{Stage, Subject};
use crate::status::{Document, Target, Word};
use crate::watch::{Phase, Reason, Verdict, exit};

/// The document as the answer to this question: narrowed to its target, with the exit code of this very command.
pub fn answer_to(subject: &Subject, document: Document) -> Result<Document, Failure> {
    let mut document = match &subject.target {
        Some(name) => narrowed(document, name)?,
        None => document,
    };
    let is_ok = |verdict: &Word<Verdict>| verdict.known().is_some_and(|verdict| subject.ok.contains(&verdict));
    if document.done && document.verdict.as_ref().is_some_and(is_ok) {
        document.exit_code = exit::OK;
    }
    Ok(document)
}

/// Whether waiting is over, and with which exit code.
pub fn verdict_for(document: &Document, stage: Option<Stage>) -> Option<u8> {
    if document.done || document.exit_code == exit::CONFIG {
        return Some(document.exit_code);
    }
    stage.filter(|stage| has_reached(document, *stage)).map(|_| exit::OK)
}

fn narrowed(mut document: Document, name: &str) -> Result<Document, Failure> {
    let Some(at) = document.targets.iter().position(|target| target.name == name) else {
        return if document.targets.is_empty() { Ok(document) } else { Err(no_such_target(&document, name)) };
    };
    let target = document.targets.remove(at);
    // An end of the whole push (not pushed, stopped) no target has; it holds for each of them.
    let ended_above = document.done
        && target.verdict != document.verdict
        && document.targets.iter().all(|other| other.verdict != document.verdict);
    if !ended_above {
        stand_at(&mut document, &target);
    }
    document.targets = vec![target];
    Ok(document)
}

fn stand_at(document: &mut Document, target: &Target) {
    if target.reason != document.reason || target.verdict != document.verdict {
        document.message = target.sentence();
        document.via = None;
        document.failure = None;
    }
    document.phase = Some(target.phase.clone());
    document.verdict.clone_from(&target.verdict);
    document.reason = target.reason.clone();
    document.done = target.verdict.is_some();
    document.exit_code = match target.verdict.as_ref().map(Word::known) {
        Some(Some(verdict)) => verdict.exit_code(),
        // A word of a newer version is an end this one cannot judge.
        Some(None) => exit::UNKNOWN,
        None if target.reason.known().is_some_and(Reason::needs_the_user) => exit::CONFIG,
        None => exit::RUNNING,
    };
}

fn no_such_target(document: &Document, name: &str) -> Failure {
    let names: Vec<_> = document.targets.iter().map(|target| target.name.as_str()).collect();
    Failure::usage("no_such_target", format!("{} is not watched on a target `{name}`", document.commit.short))
        .hint(format!("it is watched on: {}", names.join(", ")))
}

/// Every target that is not skipped has come this far.
fn has_reached(document: &Document, stage: Stage) -> bool {
    let counts = |target: &&Target| target.verdict.as_ref().is_none_or(|verdict| *verdict != Verdict::Skipped);
    let mut counted = document.targets.iter().filter(counts).peekable();
    counted.peek().is_some() && counted.all(|target| reached(target) >= Some(stage))
}

fn reached(target: &Target) -> Option<Stage> {
    let times = &target.timeline;
    let phase = target.phase.known();
    if times.healthy_at.is_some() || target.verdict.as_ref().is_some_and(|verdict| *verdict == Verdict::Live) {
        Some(Stage::Healthy)
    } else if times.deployed_at.is_some() {
        Some(Stage::Live)
    } else if phase >= Some(Phase::Deploying) {
        Some(Stage::Built)
    } else if phase >= Some(Phase::Queued) || times.registered_at.is_some() {
        Some(Stage::Registered)
    } else {
        None
    }
}

#[cfg(test)]
mod tests;
