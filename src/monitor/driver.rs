//! The driver: waits for one thing to happen, hands it to the keeper, does what the keeper says.

use std::collections::BTreeSet;
use std::sync::Arc;
use std::sync::atomic::Ordering;

use tokio::signal::unix::{SignalKind, signal};
use tokio::sync::mpsc;
use tokio::task::JoinHandle;

use super::inbox::Inbox;
use super::intake::{self, Intake};
use super::keeper::{Action, Happening, Keeper};
use super::ledger::Ledger;
use super::plan::Wish;
use super::publish::Missing;
use super::tidy::{Beat, Tidy};
use super::tools::Tools;
use super::{Ended, MonitorError, Orders, landing, look, plan, resume};
use crate::base::{Span, Timestamp};
use crate::host::watcher::Watcher;
use crate::process::{ALIVE_EVERY, Alone};
use crate::push::RequestId;
use crate::watch::{LandingSeen, LogState, Misheard, Miss, Reason, Watch};

/// With nothing left to watch it waits this long for the next push before it leaves.
const LINGER: Span = Span::from_secs(3);

/// The monitor at work. Borrows the lock for as long as it lives.
pub struct Driver<'a> {
    tools: Arc<Tools>,
    orders: &'a Orders,
    keeper: Keeper,
    ledger: Ledger,
    tidy: Tidy,
    inbox: Inbox,
    bell: Watcher,
    sender: mpsc::UnboundedSender<Happening>,
    receiver: mpsc::UnboundedReceiver<Happening>,
    idle_since: Option<Timestamp>,
    /// Somebody waits for the next look at these.
    awaited: BTreeSet<RequestId>,
}

/// What woke the driver.
enum Woken {
    Bell,
    Happening(Happening),
    Time,
    Signal,
}

impl<'a> Driver<'a> {
    /// Takes up where the last monitor left off. Only who holds the lock may.
    pub async fn new(tools: Tools, orders: &'a Orders, _alone: &'a Alone) -> Result<Self, MonitorError> {
        let tools = Arc::new(tools);
        let (sender, receiver) = mpsc::unbounded_channel();
        let bell = Watcher::on(&tools.layout.inbox().join("new"));
        let mut driver = Self {
            ledger: Ledger::open(&tools)?,
            tidy: Tidy::start(&tools, orders)?,
            keeper: Keeper::default(),
            inbox: Inbox::new(tools.layout.clone()),
            bell,
            sender,
            receiver,
            idle_since: None,
            awaited: BTreeSet::new(),
            orders,
            tools,
        };
        let adopted = resume::adopted(&driver.tools).await?;
        driver.handle(adopted).await;
        Ok(driver)
    }

    /// Makes good what was missed: what readers see, requests, and pushes nobody noted. The requests come first, so
    /// that a push the hook noted is not taken for one it missed; and each push is stored before the next is
    /// compared with what is known.
    async fn catch_up(&mut self) -> Result<bool, MonitorError> {
        for watch in resume::recent(&self.tools).await? {
            let missing = if watch.is_over() { Missing::Leave } else { Missing::Write };
            self.ledger.mend(&watch, missing).await;
        }
        // Read before anything is written: only what was there counts.
        let lost = resume::lost(&self.tools).await;
        let leave = self.take_requests().await;
        let journal = resume::journal(&self.tools).await?.into_iter().filter(|wish| !lost.decided.contains(&wish.sha));
        for wish in lost.unfinished.into_iter().chain(journal) {
            if !resume::is_known(&self.tools, &wish).await? {
                self.open(wish).await;
            }
        }
        Ok(leave)
    }

    async fn open(&mut self, wish: Wish) {
        let id = wish.id.clone();
        match intake::open(&self.tools, wish).await {
            Ok(happened) => {
                for happening in happened {
                    self.handle(happening).await;
                }
            }
            Err(why) => tracing::error!(%why, id = id.as_str(), "could not take up a push; the next monitor tries"),
        }
    }

    /// Works until there is a reason to end.
    pub async fn work(mut self) -> Result<Ended, MonitorError> {
        let no_signals = |source| MonitorError::files(std::path::Path::new("signals"), source);
        let mut terminate = signal(SignalKind::terminate()).map_err(no_signals)?;
        let mut interrupt = signal(SignalKind::interrupt()).map_err(no_signals)?;
        let mut leave = self.catch_up().await?;
        let ended = loop {
            leave |= self.take_requests().await;
            if self.ledger.is_settled() {
                self.inbox.settle();
            }
            if leave {
                break Ended::Asked;
            }
            self.handle(Happening::Clock).await;
            if self.is_done() {
                break Ended::Idle;
            }
            let pause = self.pause();
            let woken = tokio::select! {
                () = self.bell.changed() => Woken::Bell,
                Some(happening) = self.receiver.recv() => Woken::Happening(happening),
                _ = terminate.recv() => Woken::Signal,
                _ = interrupt.recv() => Woken::Signal,
                () = tokio::time::sleep(pause.to_std()) => Woken::Time,
            };
            // First whether the machine slept: an answer that was under way must not be judged by the late hour.
            match self.tidy.beat(&self.tools, &mut self.ledger).await {
                Beat::Steady => {}
                Beat::Slept(span) => self.handle(Happening::Slept(span)).await,
                Beat::End(ended) => break ended,
            }
            match woken {
                Woken::Happening(happening) => self.handle(happening).await,
                Woken::Signal => break Ended::Asked,
                Woken::Bell | Woken::Time => {}
            }
            if self.orders.end.load(Ordering::Relaxed) {
                break Ended::Asked;
            }
        };
        self.ledger.flush().await;
        tracing::info!(?ended, "the monitor ends");
        Ok(ended)
    }

    /// How long nothing is due.
    fn pause(&self) -> Span {
        let now = self.tools.now();
        let due = self.keeper.next_due().map_or(ALIVE_EVERY, |due| due.since(now));
        let linger = self.idle_since.map_or(ALIVE_EVERY, |since| (since + LINGER).since(now));
        due.min(linger).min(ALIVE_EVERY).max(Span::from_millis(1))
    }

    fn is_done(&mut self) -> bool {
        if !self.keeper.is_idle() {
            self.idle_since = None;
            return false;
        }
        let now = self.tools.now();
        let since = *self.idle_since.get_or_insert(now);
        now.since(since) >= LINGER
    }

    /// Takes all requests there are, in order; `true`: one asks the monitor to leave.
    async fn take_requests(&mut self) -> bool {
        for request in self.inbox.requests(self.tools.now()) {
            let (id, at) = (request.id.clone(), request.at);
            match intake::take(&self.tools, &self.keeper, request).await {
                Ok(Intake::Happened(happened)) => {
                    for happening in happened {
                        self.handle(happening).await;
                    }
                    self.inbox.taken(&id);
                }
                // One from before this monitor's time was meant for the one before.
                Ok(Intake::Leave) => {
                    self.inbox.taken(&id);
                    if at >= self.tools.began {
                        return true;
                    }
                }
                Err(why) => tracing::error!(%why, id = id.as_str(), "could not take a request; it is tried again"),
            }
        }
        false
    }

    async fn handle(&mut self, happening: Happening) {
        let mut asked = None;
        match &happening {
            Happening::Nudged => self.tools.forget_credentials(),
            Happening::Revisited(watch) => {
                self.ledger.mend(watch, Missing::Write).await;
                self.awaited.insert(watch.id.clone());
                asked = Some((watch.id.clone(), Some(watch.clone())));
            }
            Happening::Configured(id, _) => asked = Some((id.clone(), None)),
            _ => {}
        }
        let is_look = matches!(happening, Happening::Looked(..));
        let now = self.tools.now();
        for action in self.keeper.handle(happening, now) {
            self.act(action).await;
        }
        if let Some((id, watch)) = asked {
            self.acknowledge(&id, watch.as_deref()).await;
        }
        if is_look {
            let (waiting, answered) =
                std::mem::take(&mut self.awaited).into_iter().partition(|id| self.keeper.is_hurried(id));
            self.awaited = waiting;
            let answered: BTreeSet<RequestId> = answered;
            for id in answered {
                self.ledger.tell(&id).await;
            }
        }
    }

    /// Where there is no provider to ask, what the configuration says is the whole answer.
    async fn acknowledge(&mut self, id: &RequestId, revisited: Option<&Watch>) {
        let watch = self.keeper.watch(id).or(revisited);
        if let Some(watch) = watch.filter(|watch| watch.courses.is_empty()) {
            self.ledger.acknowledge(watch).await;
        }
    }

    async fn act(&mut self, action: Action) {
        let tools = Arc::clone(&self.tools);
        match action {
            Action::Save { watch, events } => self.ledger.save(*watch, events).await,
            Action::Prove { watch, ask_remote } => {
                let id = watch.id.clone();
                let lost = Happening::Landing(id.clone(), LandingSeen::GitGone);
                self.start(
                    lost,
                    async move { Happening::Landing(id, landing::prove(tools, *watch, ask_remote).await) },
                );
            }
            Action::Look { place, target, want, watches } => {
                let broken = Miss::Misheard(Misheard::Garbled("afterpush could not work with the answer".to_owned()));
                let lost = Happening::Looked(place.clone(), Err(broken));
                self.start(lost, async move {
                    let outcome = look::look(tools, place.clone(), *target, *want, watches).await;
                    Happening::Looked(place, outcome)
                });
            }
            Action::FetchLog { watch, target, memo } => {
                let lost = Happening::Logged(watch.id.clone(), target.clone(), LogState::None);
                self.start(lost, async move {
                    let id = watch.id.clone();
                    let log = look::save_log(&tools, &watch, &target, memo).await;
                    Happening::Logged(id, target, log)
                });
            }
            Action::Reconfigure(watch) => {
                let id = watch.id.clone();
                let reason = (Reason::ConfigInvalid, "the configuration could not be worked with".to_owned());
                let lost = Happening::Configured(id.clone(), Box::new(plan::trouble(&tools, reason)));
                let planned = move || Happening::Configured(id, Box::new(plan::again(&tools, *watch)));
                self.finish(lost, tokio::task::spawn_blocking(planned));
            }
        }
    }

    /// Does something beside the loop.
    fn start(&self, lost: Happening, doing: impl Future<Output = Happening> + Send + 'static) {
        self.finish(lost, tokio::spawn(doing));
    }

    /// Passes on what comes of a task. If it panics, `lost` is what came of it: one watch misses one look.
    fn finish(&self, lost: Happening, task: JoinHandle<Happening>) {
        let sender = self.sender.clone();
        tokio::spawn(async move {
            let happening = task.await.unwrap_or(lost);
            // If the driver has ended, the store knows where to go on.
            let _ = sender.send(happening);
        });
    }
}
