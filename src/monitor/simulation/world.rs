//! The world of a run: its clocks, the remote, the provider, and what is wrong with the way there.

use std::collections::BTreeMap;
use std::path::Path;
use std::sync::{Mutex, MutexGuard, PoisonError};

use super::super::outside::{Coming, End, Outside};
use super::table::word;
use super::truth::DOCS;
use crate::base::{Clock, Span, Timestamp};
use crate::host::exchange::{Carried, Carrier};
use crate::host::git::{GitError, Repo};
use crate::host::secrets::Bound;
use crate::push::{GitProcess, RefName, Sha};
use crate::standin::indoors::{Indoors, Reply};
use crate::wire::{Answer, Attach, Fault, HttpAsk, NoAnswer};

/// When every run begins.
pub(super) const START: Timestamp = Timestamp::from_secs(1_790_000_000);
/// How long an answer takes, as far as the questioner can tell.
const LATENCY: Span = Span::from_millis(200);

/// Where the running service is said to be.
pub(super) const SERVICE: &str = "http://127.0.0.1:3";
/// Where the second target's deployments are said to be.
pub(super) const DOCUMENTS: &str = "http://127.0.0.1:4/deployments.json";

/// The world; what it says of itself is true.
pub(super) struct World {
    pub(super) provider: Indoors,
    state: Mutex<State>,
}

/// What can be otherwise.
#[derive(Default)]
#[expect(clippy::struct_excessive_bools, reason = "each is a fault of its own, and any of them may come together")]
pub(super) struct State {
    /// Time since the machine started.
    pub(super) uptime: Span,
    /// How far the machine's clock is off.
    pub(super) is_off_by: Span,
    /// What the remote has, by branch.
    pub(super) remote: BTreeMap<String, Sha>,
    /// No question gets through.
    pub(super) is_cut_off: bool,
    /// The remote does not answer questions.
    pub(super) is_deaf: bool,
    /// The commit the service runs.
    pub(super) serving: Option<String>,
    /// The second target's provider shows a page about itself.
    pub(super) are_docs_down: bool,
    /// It answers that it is not well.
    pub(super) is_ill: bool,
    /// The pushing gits, by their process ids: when they end, and how.
    pub(super) gits: BTreeMap<i32, (Span, End)>,
}

impl World {
    pub(super) fn new() -> Self {
        Self { provider: Indoors::new(), state: Mutex::default() }
    }

    pub(super) fn state(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Moves on to this moment, never back.
    pub(super) fn move_on(&self, uptime: Span) {
        let mut state = self.state();
        state.uptime = state.uptime.max(uptime);
        self.provider.world.set_clock(START + state.uptime);
    }

    async fn answer(&self, ask: &HttpAsk, credential: Option<&Bound>) -> Result<Answer, NoAnswer> {
        let lost = || NoAnswer::Network { host: "shop".to_owned(), what: "no way".to_owned(), fault: Fault::Unreached };
        if self.state().is_cut_off {
            return Err(lost());
        }
        let token = credential.filter(|_| ask.attach == Attach::Bearer).map(|bound| bound.secret.expose());
        let reply = if ask.url.starts_with(SERVICE) {
            self.service_says()
        } else if ask.url == DOCUMENTS {
            self.docs_say()
        } else {
            self.provider.get(&ask.url, token).await.ok_or_else(lost)?
        };
        Ok(Answer {
            status: reply.status,
            headers: reply.headers,
            body: reply.body,
            complaint: String::new(),
            at: self.now(),
            latency: LATENCY,
        })
    }

    /// The deployments of the second target, as one of the user's own programs would tell of them.
    fn docs_say(&self) -> Reply {
        let (uptime, is_down) = {
            let state = self.state();
            (state.uptime, state.are_docs_down)
        };
        let now = START + uptime;
        let date = jiff::fmt::rfc2822::DateTimePrinter::new()
            .timestamp_to_rfc9110_string(&jiff::Timestamp::from_microsecond(now.as_micros()).expect("a time"));
        let all = self.provider.world.deployments(DOCS).into_iter().enumerate().map(|(number, deployed)| {
            let state = word(&deployed.stage, deployed.was_live);
            let (id, at) = (number.to_string(), deployed.created_at.to_string());
            serde_json::json!({"id": id, "sha": deployed.sha, "state": state, "at": at})
        });
        let document = serde_json::json!({"all": all.collect::<Vec<_>>()}).to_string();
        let (status, kind, text) = if is_down {
            (502, "text/html", "<html>soon</html>".to_owned())
        } else {
            (200, "application/json", document)
        };
        let headers = vec![("content-type".to_owned(), kind.to_owned()), ("date".to_owned(), date.expect("a date"))];
        Reply { status, headers, body: text.into_bytes() }
    }

    /// The answer of any endpoint.
    fn service_says(&self) -> Reply {
        let state = self.state();
        let (status, text) = match &state.serving {
            Some(commit) if !state.is_ill => (200, format!("{{\"commit\": \"{commit}\"}}")),
            _ => (503, "{}".to_owned()),
        };
        let headers = vec![("content-type".to_owned(), "application/json".to_owned())];
        Reply { status, headers, body: text.into_bytes() }
    }
}

impl Clock for World {
    fn now(&self) -> Timestamp {
        let state = self.state();
        START + state.uptime + state.is_off_by
    }

    fn since_boot(&self) -> Span {
        self.state().uptime
    }
}

impl Carrier for World {
    fn carry<'a>(&'a self, ask: &'a HttpAsk, credential: Option<&'a Bound>) -> Carried<'a> {
        Box::pin(self.answer(ask, credential))
    }
}

impl Outside for World {
    fn rest(&self, _span: Span) -> Coming<'_, ()> {
        Box::pin(async {})
    }

    /// An errand that waits for a git is run only when that has ended.
    fn end_of<'a>(&'a self, git: &'a GitProcess) -> Coming<'a, End> {
        let end = self.state().gits.get(&git.pid).map_or(End::Somehow, |(_, end)| *end);
        Box::pin(async move { end })
    }

    fn remote_tip(&self, _repo: &Repo, _from: &Path, _remote: &str, name: &RefName) -> Result<Option<Sha>, GitError> {
        let state = self.state();
        if state.is_deaf || state.is_cut_off {
            Err(GitError::TimedOut(20))
        } else {
            Ok(state.remote.get(name.branch().unwrap_or_default()).cloned())
        }
    }
}
