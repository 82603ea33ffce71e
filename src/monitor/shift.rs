//! A shift: what one monitor does from taking the lock to leaving, without the waiting.
//!
//! It takes requests, tells the keeper what happened, writes down what the keeper says, and hands out the errands the
//! keeper wants run. Whoever drives it waits: for the inbox, for errands, for time.

use std::collections::{BTreeSet, VecDeque};
use std::sync::Arc;

use super::inbox::{Begun, Inbox};
use super::intake::{self, Intake, Taken};
use super::keeper::{Action, Errand, Happening, Keeper};
use super::ledger::Ledger;
use super::plan::Wish;
use super::publish::Missing;
use super::tidy::{Beat, Tidy};
use super::tools::Tools;
use super::{Ended, MonitorError, Orders, resume};
use crate::base::{Span, Timestamp};
use crate::process::{ALIVE_EVERY, Alone};
use crate::push::{Asked, RequestId};
use crate::watch::Watch;

/// With nothing left to watch it waits this long for the next push before it leaves.
const LINGER: Span = Span::from_secs(3);
/// Whatever has happened meanwhile gets its turn.
const SHORTEST_PAUSE: Span = Span::from_millis(1);

/// The monitor at work. Borrows the lock for as long as it lives.
pub struct Shift<'a> {
    tools: Arc<Tools>,
    _alone: &'a Alone,
    keeper: Keeper,
    ledger: Ledger,
    tidy: Tidy,
    inbox: Inbox,
    errands: Vec<Errand>,
    /// Pushes nobody noted, and those of a lost database.
    missed: VecDeque<Wish>,
    idle_since: Option<Timestamp>,
    /// Somebody waits for the next look at these.
    awaited: BTreeSet<RequestId>,
    /// A request waits until the store knows of what came before it.
    is_holding_back: bool,
    /// Another monitor stands ready.
    is_to_leave: bool,
}

/// What is left to do for now.
pub enum Round {
    /// Nothing at all.
    End(Ended),
    /// To wait until something happens, this long at most.
    Wait(Span),
}

impl<'a> Shift<'a> {
    /// Takes up where the last monitor left off. Only who holds the lock may.
    pub async fn begin(tools: &Arc<Tools>, orders: &Orders, alone: &'a Alone) -> Result<Self, MonitorError> {
        let mut shift = Self {
            tools: Arc::clone(tools),
            _alone: alone,
            ledger: Ledger::open(tools).await?,
            tidy: Tidy::start(tools, orders)?,
            keeper: Keeper::default(),
            inbox: Inbox::new(tools.layout.clone()),
            errands: Vec::new(),
            missed: VecDeque::new(),
            idle_since: None,
            awaited: BTreeSet::new(),
            is_holding_back: false,
            is_to_leave: false,
        };
        let adopted = resume::adopted(tools).await?;
        shift.handle(vec![adopted]).await;
        shift.catch_up().await?;
        Ok(shift)
    }

    /// Makes good what was missed: what readers see, requests, and pushes nobody noted. The requests come first, so
    /// that a push the hook noted is not taken for one it missed; and each push is stored before the next is
    /// compared with what is known.
    async fn catch_up(&mut self) -> Result<(), MonitorError> {
        for watch in resume::recent(&self.tools).await? {
            let missing = resume::missing(&self.tools, &watch, self.ledger.owes(&watch.sha));
            self.ledger.mend(&Arc::new(watch), missing).await;
        }
        self.ledger.forget_debts().await;
        // Read before anything is written: only what was there counts.
        let lost = resume::lost(&self.tools).await;
        self.take_requests().await;
        while self.inbox.has_more() && !self.is_to_leave {
            // A reason to end is found again at the next heartbeat.
            let _ = self.wake(None).await;
            self.take_requests().await;
        }
        let journal = resume::journal(&self.tools).await?.into_iter().filter(|wish| !lost.decided.contains(&wish.sha));
        self.missed = lost.unfinished.into_iter().chain(journal).collect();
        self.take_up_missed().await
    }

    /// What waits for a full disk or lies in an inbox that cannot be read is known to nobody who asks the store, so
    /// nothing new is begun before it is there.
    async fn take_up_missed(&mut self) -> Result<(), MonitorError> {
        while self.ledger.is_settled()
            && !self.is_holding_back
            && !self.inbox.has_more()
            && !self.inbox.is_unread()
            && let Some(wish) = self.missed.pop_front()
        {
            if !resume::is_known(&self.tools, &wish).await? {
                self.open(wish).await;
            }
        }
        Ok(())
    }

    async fn open(&mut self, wish: Wish) {
        let id = wish.id.clone();
        match intake::open(&self.tools, wish).await {
            Ok(happened) => self.handle(happened).await,
            Err(why) => tracing::error!(%why, id = id.as_str(), "could not take up a push; the next monitor tries"),
        }
    }

    /// Does all that can be done now.
    pub async fn round(&mut self) -> Result<Round, MonitorError> {
        self.take_requests().await;
        self.take_up_missed().await?;
        if self.ledger.is_settled() {
            self.inbox.settle();
        }
        if self.is_to_leave {
            return Ok(Round::End(Ended::Asked));
        }
        self.handle(vec![Happening::Clock]).await;
        Ok(if self.is_done() { Round::End(Ended::Idle) } else { Round::Wait(self.pause()) })
    }

    /// What the keeper wants run, each once.
    pub fn errands(&mut self) -> Vec<Errand> {
        std::mem::take(&mut self.errands)
    }

    /// Something may have come into the inbox.
    pub const fn ring(&mut self) {
        self.inbox.ring();
    }

    /// The waiting is over, because this happened or for any other reason. The answer is a reason to end.
    pub async fn wake(&mut self, happened: impl IntoIterator<Item = Happening>) -> Option<Ended> {
        // First whether the machine slept: an answer that was under way must not be judged by the late hour.
        match self.tidy.beat(&self.tools, &mut self.ledger).await {
            Beat::Steady => {}
            Beat::Slept(span) => self.handle(vec![Happening::Slept(span)]).await,
            Beat::End(ended) => return Some(ended),
        }
        let happened: Vec<Happening> = happened.into_iter().collect();
        if !happened.is_empty() {
            self.handle(happened).await;
        }
        None
    }

    /// Writes what is not written yet.
    pub async fn end(mut self) {
        self.ledger.flush().await;
    }

    /// How long nothing is due.
    fn pause(&self) -> Span {
        if self.inbox.has_more() {
            return SHORTEST_PAUSE;
        }
        let now = self.tools.now();
        let due = self.keeper.next_due().map_or(ALIVE_EVERY, |due| due.since(now));
        let linger = self.idle_since.map_or(ALIVE_EVERY, |since| (since + LINGER).since(now));
        due.min(linger).min(ALIVE_EVERY).max(SHORTEST_PAUSE)
    }

    fn is_done(&mut self) -> bool {
        // With a full disk only this monitor knows how it ended, or that readers have not been told.
        let is_written = self.ledger.is_settled() && self.ledger.is_told();
        if !self.keeper.is_idle() || !is_written || self.inbox.has_more() {
            self.idle_since = None;
            return false;
        }
        let now = self.tools.now();
        let since = *self.idle_since.get_or_insert(now);
        now.since(since) >= LINGER
    }

    /// Takes the next requests, in order, but for those behind one that asks the monitor to leave. A watch is begun only
    /// when the store knows of all before it of its commit, and one that the keeper is done with is looked at again only
    /// when the store knows how it ended; until then the request lies in the inbox as well as anywhere.
    async fn take_requests(&mut self) {
        self.is_holding_back = false;
        let mut taken = Taken::default();
        for request in self.inbox.requests(self.tools.now(), self.tools.outside.since_boot()) {
            let begins_watches = request.asked.begins_watches();
            if !taken.has_room_for(&request.asked) {
                self.write_down(&mut taken).await;
            }
            let is_of_the_store = match &request.asked {
                Asked::Refresh { sha } => self.keeper.of_commit(sha).is_none(),
                _ => begins_watches,
            };
            if is_of_the_store && !self.ledger.is_settled() {
                self.is_holding_back = true;
                self.inbox.hold_back(&request.id);
                continue;
            }
            let begun = self.inbox.begin(&request.id, self.tools.now());
            match begun {
                Begun::First => {}
                // It may end this monitor, too, and the others are not to be begun again because of it.
                Begun::Again => self.write_down(&mut taken).await,
                Begun::SetAside => continue,
            }
            let (id, at, commits) = (request.id.clone(), request.at, request.asked.commits().cloned().collect());
            match intake::take(&self.tools, &self.keeper, request).await {
                Ok(Intake::Happened(happened)) => taken.add(id, commits, happened),
                // One from before this monitor's time was meant for the one before.
                Ok(Intake::Leave) => {
                    self.inbox.taken(&id);
                    if at >= self.tools.began {
                        self.is_to_leave = true;
                        return;
                    }
                }
                Err(why) => {
                    tracing::error!(%why, id = id.as_str(), "could not take a request; it is tried again");
                    self.inbox.forgive(&id);
                }
            }
            if !begins_watches || begun == Begun::Again {
                self.write_down(&mut taken).await;
            }
        }
        self.write_down(&mut taken).await;
    }

    /// Writes down what was taken; once that is done, the requests can go.
    async fn write_down(&mut self, taken: &mut Taken) {
        let Taken { ids, happened, .. } = std::mem::take(taken);
        if ids.is_empty() {
            return;
        }
        self.handle(happened).await;
        for id in &ids {
            self.inbox.taken(id);
        }
        if self.ledger.is_settled() {
            self.inbox.settle();
        } else {
            for id in &ids {
                self.inbox.forgive(id);
            }
        }
    }

    /// All of it is written at once.
    async fn handle(&mut self, happenings: Vec<Happening>) {
        let mut asked = Vec::new();
        for happening in &happenings {
            match happening {
                Happening::Nudged => self.tools.forget_credentials(),
                Happening::Revisited(watch) => {
                    self.ledger.mend(watch, Missing::Write).await;
                    self.awaited.insert(watch.id.clone());
                    asked.push((watch.id.clone(), Some(Arc::clone(watch))));
                }
                Happening::Configured(id, _) => asked.push((id.clone(), None)),
                _ => {}
            }
        }
        let is_look = happenings.iter().any(|happening| matches!(happening, Happening::Looked(..)));
        let now = self.tools.now();
        for action in self.keeper.handle(happenings, now) {
            match action {
                Action::Save { watch, events } => self.ledger.note(watch, events),
                Action::Send(errand) => self.errands.push(errand),
            }
        }
        self.ledger.write().await;
        for (id, watch) in asked {
            self.acknowledge(&id, watch).await;
        }
        if is_look {
            let (waiting, answered) =
                std::mem::take(&mut self.awaited).into_iter().partition(|id| self.keeper.is_hurried(id));
            self.awaited = waiting;
            let answered: BTreeSet<RequestId> = answered;
            self.ledger.tell(answered).await;
        }
    }

    /// Where there is no provider to ask, what the configuration says is the whole answer.
    async fn acknowledge(&mut self, id: &RequestId, revisited: Option<Arc<Watch>>) {
        let watch = self.keeper.watch(id).cloned().or(revisited);
        if let Some(watch) = watch.filter(|watch| watch.courses.is_empty()) {
            self.ledger.acknowledge(watch).await;
        }
    }
}
