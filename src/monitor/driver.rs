//! The driver: waits for one thing to happen, hands it to the keeper, does what the keeper says.

use std::collections::BTreeSet;
use std::sync::Arc;
use std::sync::atomic::Ordering;

use tokio::signal::unix::{SignalKind, signal};
use tokio::sync::mpsc;

use super::intake::{self, Intake};
use super::keeper::{Action, Happening, Keeper};
use super::ledger::Ledger;
use super::plan::Wish;
use super::tidy::{Beat, Tidy};
use super::tools::Tools;
use super::{Ended, MonitorError, Orders, landing, look, plan, resume};
use crate::base::{Span, Timestamp};
use crate::host::git::Repo;
use crate::host::watcher::Watcher;
use crate::process::{ALIVE_EVERY, Alone, failpoint};
use crate::push::{Request, RequestId};
use crate::spool::{self, Found, MAX_ATTEMPTS};
use crate::watch::{LandingSeen, LogState, Misheard, Miss};

/// With nothing left to watch it waits this long for the next push before it leaves.
const LINGER: Span = Span::from_secs(3);

/// The monitor at work. Borrows the lock for as long as it lives.
pub struct Driver<'a> {
    tools: Arc<Tools>,
    orders: &'a Orders,
    keeper: Keeper,
    ledger: Ledger,
    tidy: Tidy,
    inbox: Watcher,
    sender: mpsc::UnboundedSender<Happening>,
    receiver: mpsc::UnboundedReceiver<Happening>,
    idle_since: Option<Timestamp>,
    /// Somebody waits for the next look at these.
    awaited: BTreeSet<RequestId>,
}

/// What woke the driver.
enum Woken {
    Inbox,
    Happening(Happening),
    Time,
    Signal,
}

impl<'a> Driver<'a> {
    /// Takes up where the last monitor left off. Only who holds the lock may.
    pub async fn new(tools: Tools, orders: &'a Orders, _alone: &'a Alone) -> Result<Self, MonitorError> {
        let tools = Arc::new(tools);
        let (sender, receiver) = mpsc::unbounded_channel();
        let inbox = Watcher::on(&tools.layout.inbox().join("new"));
        let mut driver = Self {
            ledger: Ledger::open(&tools)?,
            tidy: Tidy::start(&tools, orders)?,
            keeper: Keeper::default(),
            inbox,
            sender,
            receiver,
            idle_since: None,
            awaited: BTreeSet::new(),
            orders,
            tools,
        };
        for happening in resume::resume(&driver.tools).await? {
            driver.handle(happening).await;
        }
        Ok(driver)
    }

    /// Works until there is a reason to end.
    pub async fn work(mut self) -> Result<Ended, MonitorError> {
        let no_signals = |source| MonitorError::files(std::path::Path::new("signals"), source);
        let mut terminate = signal(SignalKind::terminate()).map_err(no_signals)?;
        let mut interrupt = signal(SignalKind::interrupt()).map_err(no_signals)?;
        let ended = loop {
            if let Some(ended) = self.take_requests().await? {
                break ended;
            }
            self.handle(Happening::Clock).await;
            if self.is_done() {
                break Ended::Idle;
            }
            let pause = self.pause();
            let woken = tokio::select! {
                () = self.inbox.changed() => Woken::Inbox,
                Some(happening) = self.receiver.recv() => Woken::Happening(happening),
                _ = terminate.recv() => Woken::Signal,
                _ = interrupt.recv() => Woken::Signal,
                () = tokio::time::sleep(pause.to_std()) => Woken::Time,
            };
            match woken {
                Woken::Happening(happening) => self.handle(happening).await,
                Woken::Signal => break Ended::Asked,
                Woken::Inbox | Woken::Time => {}
            }
            if self.orders.end.load(Ordering::Relaxed) {
                break Ended::Asked;
            }
            match self.tidy.beat(&self.tools, &mut self.ledger).await {
                Beat::Steady => {}
                Beat::Slept(span) => self.handle(Happening::Slept(span)).await,
                Beat::End(ended) => break ended,
            }
        };
        self.ledger.flush().await;
        if let Err(why) = self.tools.note_alive().await {
            tracing::warn!(%why, "cannot note when the monitor ended");
        }
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

    /// Takes all requests there are, in order.
    async fn take_requests(&mut self) -> Result<Option<Ended>, MonitorError> {
        let layout = self.tools.layout.clone();
        let found = spool::scan(&layout).unwrap_or_else(|why| {
            tracing::warn!(%why, "cannot look into the inbox");
            Vec::new()
        });
        for found in found {
            match found {
                Found::Request { request, .. } => {
                    if let Some(ended) = self.take_request(*request).await {
                        return Ok(Some(ended));
                    }
                }
                // Only a newer program understands it. It is at the install path by now, or will be.
                Found::Newer { proto, id } => tracing::info!(proto, id = id.as_str(), "a request for a newer monitor"),
                Found::Broken { name, about, why } => {
                    tracing::warn!(?name, ?about, why, "set a broken request aside");
                    log_failure(spool::set_aside(&layout, &name, &why));
                }
            }
        }
        Ok(None)
    }

    /// What a request asks is durable before its file goes; a request that was tried too often is set aside.
    async fn take_request(&mut self, request: Request) -> Option<Ended> {
        let layout = self.tools.layout.clone();
        let id = request.id.clone();
        if spool::begin(&layout, &id).is_ok_and(|attempts| attempts > MAX_ATTEMPTS) {
            log_failure(spool::set_aside(&layout, id.as_str().as_ref(), "it could not be taken in several attempts"));
            return None;
        }
        log_failure(spool::sync(&layout, &id));
        failpoint("monitor.request_synced");
        match intake::take(&self.tools, &self.keeper, request).await {
            Ok(Intake::Happened(happened)) => {
                for happening in happened {
                    self.handle(happening).await;
                }
                failpoint("monitor.request_stored");
                if self.ledger.is_settled() {
                    log_failure(spool::done(&layout, &id));
                }
                None
            }
            Ok(Intake::Leave) => {
                log_failure(spool::done(&layout, &id));
                Some(Ended::Asked)
            }
            Err(why) => {
                tracing::error!(%why, id = id.as_str(), "could not take a request; it stays for the next time");
                None
            }
        }
    }

    async fn handle(&mut self, happening: Happening) {
        match &happening {
            Happening::Nudged => self.tools.forget_credentials(),
            Happening::Revisited(watch) => {
                self.ledger.mend(watch).await;
                self.awaited.insert(watch.id.clone());
            }
            _ => {}
        }
        let is_look = matches!(happening, Happening::Looked(..));
        let now = self.tools.now();
        for action in self.keeper.handle(happening, now) {
            self.act(action).await;
        }
        if is_look {
            for id in std::mem::take(&mut self.awaited) {
                self.ledger.tell(&id).await;
            }
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
            Action::Look { app, target, want, watches } => {
                let broken = Miss::Misheard(Misheard::Garbled("afterpush could not work with the answer".to_owned()));
                let lost = Happening::Looked(app.clone(), Err(broken));
                self.start(
                    lost,
                    async move { Happening::Looked(app, look::look(tools, *target, want, watches).await) },
                );
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
                let planned = tokio::task::spawn_blocking(move || {
                    let id = watch.id.clone();
                    let repo = Repo::open_common(tools.layout.common_dir()).ok();
                    Happening::Configured(id, Box::new(plan::plan(&tools, repo.as_ref(), &Wish::of(*watch))))
                });
                if let Ok(configured) = planned.await {
                    self.pass_on(configured);
                }
            }
        }
    }

    fn pass_on(&self, happening: Happening) {
        // The driver holds the receiver for as long as it lives.
        let _ = self.sender.send(happening);
    }

    /// Does something beside the loop. If it panics, `lost` is what came of it: one watch misses one look.
    fn start(&self, lost: Happening, doing: impl Future<Output = Happening> + Send + 'static) {
        let sender = self.sender.clone();
        let task = tokio::spawn(doing);
        tokio::spawn(async move {
            let happening = task.await.unwrap_or(lost);
            // If the driver has ended, the store knows where to go on.
            let _ = sender.send(happening);
        });
    }
}

fn log_failure(done: std::io::Result<()>) {
    if let Err(why) = done {
        tracing::warn!(%why, "cannot tidy the inbox");
    }
}
