//! The monitor: the one background process of a repository and user that works off all its watches.
//!
//! It collects one event, lets the [`keeper`] decide, and acts. What must not run twice takes [`Alone`], a value
//! only the lock can make. Whoever held the lock looks at the inbox once more after releasing it, so that no
//! request is left lying: see [`run`].

mod aside;
mod driver;
mod errand;
mod home;
mod inbox;
mod intake;
pub mod keeper;
mod landing;
mod ledger;
mod look;
mod outside;
mod plan;
mod probe;
mod publish;
mod resume;
mod shift;
pub mod sweep;
mod table;
mod tidy;
mod tools;

#[cfg(test)]
mod simulation;

use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};

use inbox::Inbox;
use intake::IntakeError;
use outside::Reality;
use tools::Tools;

use crate::base::{Clock, Layout, Span};
use crate::host::clock::Machine;
use crate::host::places::Places;
use crate::process::{self, Alone, Identity, MonitorFile, Summons};
use crate::push::{Asked, Request, RequestId};
use crate::spool;
use crate::store::StoreError;

/// A standing-by monitor asks the running one to leave and waits this long for the lock.
const PATIENCE: Span = Span::from_secs(15);
/// A monitor that was asked to leave gives its successor this long to take the lock.
const GRACE: Span = Span::from_secs(1);

/// What a monitor is started with.
pub struct Orders {
    /// The repository's files.
    pub layout: Layout,
    /// The program to start as successor when this one's file was replaced.
    pub program: PathBuf,
    /// The environment of whoever started it; credentials come from here.
    pub environment: Vec<(String, String)>,
    /// The user's folders, where there are any.
    pub places: Option<Places>,
    /// Ask a running monitor to leave and take its place.
    pub take_over: bool,
    /// Set by somebody in this process to end the work (`afterpush wait` on a CI runner).
    pub end: Arc<AtomicBool>,
}

/// How a monitor's life ended.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Ended {
    /// Nothing was left to watch.
    Idle,
    /// Somebody asked for it: a signal, `daemon stop`, a successor.
    Asked,
    /// Another monitor of this repository and user is at work.
    Busy,
    /// The program's file was replaced: a successor was started.
    HandedOver,
    /// The repository is now there: a successor was started.
    Moved(PathBuf),
    /// The repository is gone.
    Gone,
}

/// Why a monitor cannot work.
#[derive(Debug, thiserror::Error)]
pub enum MonitorError {
    /// Its files cannot be used.
    #[error("cannot use {}: {source}", path.display())]
    Files {
        /// Which.
        path: PathBuf,
        /// Why.
        source: std::io::Error,
    },
    /// Its database cannot be used.
    #[error(transparent)]
    Store(#[from] StoreError),
    /// A push the reflog tells of cannot be taken up.
    #[error(transparent)]
    Intake(#[from] IntakeError),
}

impl MonitorError {
    fn files(path: &Path, source: std::io::Error) -> Self {
        Self::Files { path: path.to_path_buf(), source }
    }
}

/// Works until nothing is left to watch, or something ends it.
///
/// The order at the end carries the proof that no request is lost: release the lock, then look at the inbox, then
/// take the lock again if something is there. A hook that found the lock taken has written its request before; so
/// whoever holds the lock sees it, at the latest after releasing it.
pub fn run(orders: &Orders) -> Result<Ended, MonitorError> {
    process::guard_secrets();
    process::report_large_files();
    process::ensure_descriptors().map_err(|source| MonitorError::files(orders.layout.private(), source))?;
    in_turns(orders, |alone| work(orders, alone), |span| std::thread::sleep(span.to_std()))
}

fn in_turns(
    orders: &Orders,
    mut work: impl FnMut(&Alone) -> Result<Ended, MonitorError>,
    rest: impl Fn(Span),
) -> Result<Ended, MonitorError> {
    let wrong = |source| MonitorError::files(orders.layout.private(), source);
    spool::prepare(&orders.layout).map_err(wrong)?;
    let mut alone =
        if orders.take_over { take_over(orders) } else { Alone::try_take(&orders.layout) }.map_err(wrong)?;
    loop {
        let Some(held) = alone else { return Ok(Ended::Busy) };
        let ended = work(&held)?;
        process::failpoint("monitor_before_release");
        drop(held);
        process::failpoint("monitor_after_release");
        match ended {
            Ended::HandedOver => {
                summon_successor(orders, &orders.layout).map_err(wrong)?;
                return Ok(ended);
            }
            Ended::Moved(ref private) => {
                if let Some(layout) = Layout::of_state_dir(private) {
                    summon_successor(orders, &layout).map_err(wrong)?;
                }
                return Ok(ended);
            }
            Ended::Gone => return Ok(ended),
            // Mostly a successor stands by for the lock; if none takes it, a request that came meanwhile is ours.
            Ended::Asked if !orders.end.load(Ordering::Relaxed) => rest(GRACE),
            Ended::Asked | Ended::Idle | Ended::Busy => {}
        }
        if orders.end.load(Ordering::Relaxed) || Inbox::is_empty(&orders.layout) {
            return Ok(ended);
        }
        alone = Alone::try_take(&orders.layout).map_err(wrong)?;
    }
}

fn work(orders: &Orders, alone: &Alone) -> Result<Ended, MonitorError> {
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().max_blocking_threads(32).build();
    let runtime = runtime.map_err(|source| MonitorError::files(Path::new("the async runtime"), source))?;
    let ended = runtime.block_on(async {
        let tools = Tools::open(orders, Arc::new(Reality::default()), driver::give_way()).await?;
        driver::drive(tools, orders, alone).await
    });
    // A look that hangs in a name lookup must not hold up the end.
    runtime.shutdown_background();
    ended
}

/// Asks the running monitor to leave until the lock is free. Where one that was started later holds it by then, that
/// one has the newer credentials and stays: two may have been started to take over from the same one.
fn take_over(orders: &Orders) -> std::io::Result<Option<Alone>> {
    let clock = Machine;
    let start = clock.since_boot();
    let own = Identity::own(&orders.layout, clock.now());
    let mut asked: Option<(Option<Identity>, RequestId)> = None;
    loop {
        let free = Alone::try_take(&orders.layout)?;
        let holder = MonitorFile::read(&orders.layout).map(|file| file.identity);
        let is_newer = holder.as_ref().is_some_and(|holder| own.is_older_than(holder));
        let is_end = free.is_some() || is_newer || clock.since_boot() - start > PATIENCE;
        let is_another = asked.as_ref().is_none_or(|(before, _)| *before != holder);
        if (is_end || is_another)
            && let Some((_, id)) = asked.take()
        {
            // The one that was asked may have left by itself, without reading it.
            spool::done(&orders.layout, &id)?;
        }
        if is_end {
            return Ok(free);
        }
        if is_another {
            let request = Request::new(uuid::Uuid::now_v7(), clock.now(), Asked::Leave);
            spool::drop_request(&orders.layout, &request)?;
            asked = Some((holder, request.id));
        }
        std::thread::sleep(Span::from_millis(20).to_std());
    }
}

fn summon_successor(orders: &Orders, layout: &Layout) -> std::io::Result<()> {
    process::summon(&Summons { program: &orders.program, layout, take_over: false, environment: &orders.environment })
}
