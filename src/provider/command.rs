//! A command of the user's own that says what is deployed: `kamal app version`, a script around `kubectl`.
//!
//! It prints the id of the commit that is live, or one JSON object about a deployment or several. Exit code 77 says
//! that it lacks a credential, any other but 0 that it could not tell.

use super::report::{self, Facts, Fields, Reader};
use super::{Address, Credential, Heard, Keys, Provider, RepoFacts, Suggestion, Want};
use crate::base::{Span, text};
use crate::watch::{Misheard, Snapshot, Target};
use crate::wire::{Answer, Ask, CommandAsk};

mod kamal;

/// The adapter.
pub struct Command;

const NAME: &str = "command";

/// How long it may take, unless the target says otherwise.
const LIMIT: Span = Span::from_secs(30);
/// No such document is larger.
const MAX_BYTES: usize = 1 << 20;
/// The exit code of who may not do what is asked: `EX_NOPERM` of sysexits.h.
const NO_PERMISSION: u16 = 77;

impl Provider for Command {
    fn name(&self) -> &'static str {
        NAME
    }

    fn address(&self) -> Address {
        Address::Command
    }

    fn keys(&self) -> Keys {
        Keys { required: &["command"], optional: &["limit", "states"] }
    }

    fn credential(&self, _base_url: &str) -> Credential {
        Credential::None
    }

    fn variables(&self) -> &'static [&'static str] {
        &[]
    }

    fn recognise(&self, facts: &RepoFacts) -> Vec<Suggestion> {
        kamal::suggestions(facts)
    }

    fn hear(&self, target: &Target, want: &Want, answers: &[Answer]) -> Result<Heard<Snapshot>, Misheard> {
        let Some(answer) = answers.last() else { return Ok(Heard::Ask(question(target, want))) };
        let program = text::visible(target.particulars.command.first().map_or("", String::as_str));
        refuse(&program, answer)?;
        let facts = read(target, &program, answer)?;
        Ok(Heard::Seen(facts.snapshot(answer)))
    }
}

fn question(target: &Target, want: &Want) -> Ask {
    let newest = want.commits.last().map(|sha| ("AFTERPUSH_SHA".to_owned(), sha.as_str().to_owned()));
    let branch = want.branches.last().map(|branch| ("AFTERPUSH_BRANCH".to_owned(), branch.clone()));
    Ask::Command(CommandAsk {
        words: target.particulars.command.clone(),
        variables: newest.into_iter().chain(branch).collect(),
        limit: target.particulars.limit.unwrap_or(LIMIT),
        max_bytes: MAX_BYTES,
    })
}

fn refuse(program: &str, answer: &Answer) -> Result<(), Misheard> {
    let last = answer.complaint.lines().rev().find(|line| !line.trim().is_empty());
    let said = last.map(|line| format!(": {}", text::cut(line.trim(), 200, false))).unwrap_or_default();
    Err(match answer.status {
        0 => return Ok(()),
        NO_PERMISSION => Misheard::Denied(format!(
            "the command {program} lacks a credential{said}; run it in a terminal to see what it wants"
        )),
        signal @ 129..=192 => {
            Misheard::Down(format!("the command {program} was ended by signal {}{said}", signal - 128))
        }
        code => Misheard::Down(format!("the command {program} ended with exit code {code}{said}")),
    })
}

fn read(target: &Target, program: &str, answer: &Answer) -> Result<Facts, Misheard> {
    if let Some(facts) = report::plain(&answer.body) {
        return Ok(facts);
    }
    if answer.body.trim_ascii().is_empty() {
        return Err(Misheard::Garbled(format!(
            "the command {program} prints nothing; a commit id or a JSON object was expected"
        )));
    }
    let who = format!("the command {program}");
    let document = report::document(&who, answer)?;
    let mut fields = fields();
    if document.get("deployments").is_none() {
        fields.list.clear();
    }
    Reader { who: &who, cure: "see what it prints", target, fields: &fields }.read(&document)
}

/// The keys of its object.
fn fields() -> Fields {
    let at = |pointers: &[&str]| pointers.iter().map(|&pointer| pointer.to_owned()).collect();
    Fields {
        live: at(&["/live_sha", "/live"]),
        list: at(&["/deployments"]),
        commit: at(&["/commit", "/sha"]),
        state: at(&["/state"]),
        id: at(&["/id"]),
        created_at: at(&["/created_at"]),
        branch: at(&["/branch"]),
        environment: Vec::new(),
        url: at(&["/url"]),
        error: at(&["/error"]),
    }
}
