//! The driver: waits for one thing to happen, lets the shift deal with it, sends out the errands.

use std::sync::Arc;
use std::sync::atomic::Ordering;

use tokio::signal::unix::{SignalKind, signal};
use tokio::sync::mpsc::{UnboundedSender, unbounded_channel};

use super::keeper::{Errand, Happening};
use super::shift::{Round, Shift};
use super::tools::Tools;
use super::{Ended, MonitorError, Orders};
use crate::base::Span;
use crate::host::alarm::Alarm;
use crate::host::watcher::Watcher;
use crate::process::Alone;

/// Mostly it is a push that wakes the monitor, and it is still going on: for this long it has the machine for itself.
const FIRST_THE_PUSH: Span = Span::from_millis(30);
/// So much of what happened meanwhile is dealt with at once, and written in one transaction.
const AT_ONCE: usize = 100;

/// What woke the driver.
#[derive(PartialEq, Eq)]
enum Woken {
    Bell,
    Happening,
    Time,
    Signal,
}

/// Lets the push go first. What comes meanwhile is taken together.
pub async fn give_way() {
    tokio::time::sleep(FIRST_THE_PUSH.to_std()).await;
}

/// Works until there is a reason to end. Only who holds the lock may.
pub async fn drive(tools: Tools, orders: &Orders, alone: &Alone) -> Result<Ended, MonitorError> {
    let tools = Arc::new(tools);
    let mut bell = Watcher::on(&tools.layout.inbox().join("new"));
    let alarm = Alarm::new();
    let (sender, mut receiver) = unbounded_channel();
    let no_signals = |source| MonitorError::files(std::path::Path::new("signals"), source);
    let mut terminate = signal(SignalKind::terminate()).map_err(no_signals)?;
    let mut interrupt = signal(SignalKind::interrupt()).map_err(no_signals)?;
    let mut shift = Shift::begin(&tools, orders, alone).await?;
    let ended = loop {
        let pause = match shift.round().await? {
            Round::End(ended) => break ended,
            Round::Wait(pause) => pause,
        };
        for errand in shift.errands() {
            send(&tools, errand, sender.clone());
        }
        let mut happened = Vec::new();
        let woken = tokio::select! {
            () = bell.changed() => Woken::Bell,
            _ = receiver.recv_many(&mut happened, AT_ONCE) => Woken::Happening,
            _ = terminate.recv() => Woken::Signal,
            _ = interrupt.recv() => Woken::Signal,
            () = alarm.after(pause) => Woken::Time,
        };
        if woken == Woken::Bell {
            give_way().await;
            shift.ring();
        }
        if let Some(ended) = shift.wake(happened).await {
            break ended;
        }
        if woken == Woken::Signal || orders.end.load(Ordering::Relaxed) {
            break Ended::Asked;
        }
    };
    shift.end().await;
    tracing::info!(?ended, "the monitor ends");
    Ok(ended)
}

/// Runs an errand beside the loop and passes on what comes of it.
fn send(tools: &Arc<Tools>, errand: Errand, sender: UnboundedSender<Happening>) {
    let lost = errand.lost(tools);
    let task = tokio::spawn(errand.run(Arc::clone(tools)));
    tokio::spawn(async move {
        let happening = task.await.unwrap_or(lost);
        // If the driver has ended, the store knows where to go on.
        let _ = sender.send(happening);
    });
}
