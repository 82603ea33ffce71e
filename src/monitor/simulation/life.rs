//! The life of a monitor: it begins, works as its driver would have it work, and ends or is killed.

use std::future::ready;
use std::panic::{AssertUnwindSafe, catch_unwind, resume_unwind};
use std::rc::Rc;
use std::sync::Arc;

use super::super::inbox::Inbox;
use super::super::keeper::{Errand, Happening};
use super::super::shift::{Round, Shift};
use super::super::tools::Tools;
use super::super::{Ended, MonitorError, Orders, in_turns};
use super::naive::Mistake;
use super::run::Run;
use super::schedule::Deed;
use super::traps::Killed;
use super::witness::MOST;
use super::world::World;
use crate::base::Span;
use crate::process::{Alone, failpoint, watched};
use crate::spool;
use crate::store::Store;

/// So long at most something is due again and again without anything happening.
const LONGEST_UNREST: Span = Span::from_secs(1);

impl Run {
    /// A monitor begins, and works until it ends or is killed.
    pub(super) fn begin(&mut self) {
        self.note(|| "a monitor begins".to_owned());
        let traps = Rc::clone(&self.traps);
        let orders = Rc::clone(&self.orders);
        watched::watch(Some(Box::new(move |place| traps.pass(place))));
        let ended = catch_unwind(AssertUnwindSafe(|| {
            loop {
                // No monitor is busy now; see `wait_for_release`.
                match self.take_turns(&orders) {
                    Ok(Ended::Busy) => std::thread::yield_now(),
                    ended => return ended,
                }
            }
        }));
        watched::watch(None);
        self.clear_up();
        self.forget_what_was_stored();
        self.hear_the_bell();
        self.note(|| ended.as_ref().map_or("the monitor was killed".to_owned(), |ended| format!("{ended:?}")));
        self.schedule.forget_monitor();
        self.traps.killed_after.set(None);
        self.look_back(matches!(ended, Ok(Ok(Ended::Idle))));
        let ended = ended.unwrap_or_else(|why| if why.is::<Killed>() { Ok(Ended::Asked) } else { resume_unwind(why) });
        if matches!(ended, Ok(Ended::Idle)) && !self.traps.found_free.get() && !Inbox::is_empty(&self.ground.layout) {
            self.broken = Some("a request lies in the inbox, and nobody is there to read it".to_owned());
        }
        // Whoever was to come at a moment that did not come, comes now.
        let late = self.traps.late.borrow_mut().take();
        if let Some((_, layout, request)) = late {
            spool::drop_request(&layout, &request).expect("room for a request");
            self.ensure_monitor();
        }
        if self.traps.found_free.replace(false) {
            self.summon();
        }
    }

    /// What the monitor has left behind. One that has nothing left to do has told readers all of it.
    fn look_back(&mut self, was_done: bool) {
        self.is_watching = false;
        let path = self.ground.layout.store();
        let Ok(Some(store)) = self.runtime.block_on(Store::open_to_read(&path)) else { return };
        self.traps.is_written.set(false);
        self.look_around(&store);
        if was_done {
            let watches = self.runtime.block_on(store.recent(MOST)).unwrap_or_default();
            let watches = watches.into_iter().map(|watch| (watch, Vec::new())).collect();
            if let Err(why) = self.rules().files_are_whole(&watches) {
                self.broken.get_or_insert(format!("a monitor with nothing left to do ended at {}: {why}", self.now()));
            }
        }
        self.is_watching = self.runtime.block_on(store.living()).is_ok_and(|living| !living.is_empty());
        self.runtime.block_on(store.close());
    }

    fn take_turns(&mut self, orders: &Orders) -> Result<Ended, MonitorError> {
        if self.mistake != Some(Mistake::NoRescan) {
            return in_turns(orders, |alone| self.work(alone), |_| ());
        }
        let Ok(Some(alone)) = Alone::try_take(&orders.layout) else { return Ok(Ended::Busy) };
        let ended = self.work(&alone);
        failpoint("monitor_before_release");
        drop(alone);
        failpoint("monitor_after_release");
        ended
    }

    /// What the system does for a process that has ended.
    fn clear_up(&mut self) {
        if let Some(tools) = self.tools.take() {
            self.runtime.block_on(tools.store.disconnect());
        }
    }

    fn work(&mut self, alone: &Alone) -> Result<Ended, MonitorError> {
        // What the one before was waiting for is nothing to this one.
        self.schedule.forget_monitor();
        self.begin_anew();
        if !self.is_ending && self.by_chance(15) {
            self.traps.killed_after.set(Some(self.random.below(60)));
        } else if !Inbox::is_empty(&self.orders.layout) {
            self.traps.killed_after.set(self.killed_first_after.take());
        }
        let world: Arc<World> = Arc::clone(&self.world);
        let tools = Arc::new(self.runtime.block_on(Tools::open(&self.orders, world, ready(())))?);
        self.tools = Some(Arc::clone(&tools));
        self.runtime.block_on(tools.store.refuse(self.is_full));
        let orders = Rc::clone(&self.orders);
        let mut shift = self.runtime.block_on(Shift::begin(&tools, &orders, alone))?;
        let mut calm_at = self.now();
        let ended = loop {
            let round = self.runtime.block_on(shift.round())?;
            let pause = match round {
                Round::End(ended) => break ended,
                Round::Wait(pause) => pause,
            };
            if self.traps.is_written.take() {
                self.look_around(&tools.store);
            }
            self.look_into_the_inbox();
            if self.broken.is_some() {
                break Ended::Asked;
            }
            let now = self.now();
            if pause > Span::from_millis(1) {
                calm_at = now + pause;
            }
            if now - calm_at > LONGEST_UNREST {
                self.broken = Some(format!("{now} after the start something is always due"));
                break Ended::Asked;
            }
            for errand in shift.errands() {
                self.send(errand);
            }
            self.pause += 1;
            self.schedule.enter(now + pause, Deed::PauseEnds(self.pause));
            let (heard, is_asked_to_end) = self.wait(&tools, &mut shift);
            if heard.is_some() {
                calm_at = self.now();
            }
            if let Some(ended) = self.runtime.block_on(shift.wake(heard)) {
                break ended;
            }
            if is_asked_to_end {
                break Ended::Asked;
            }
        };
        self.runtime.block_on(shift.end());
        self.clear_up();
        self.lay_in_wait();
        Ok(ended)
    }

    /// An errand is answered some time later, and a question about a push not before its git has ended.
    fn send(&mut self, errand: Errand) {
        let soon = self.random.between(Span::from_millis(1), Span::from_secs(2));
        let mut at = self.now() + soon;
        if let Errand::Prove { watch, .. } = &errand {
            let pid = watch.push.git.as_ref().map(|git| git.pid);
            let end = pid.and_then(|pid| self.world.state().gits.get(&pid).map(|(end, _)| *end));
            at = at.max(end.unwrap_or(at));
        }
        self.schedule.enter(at, Deed::Errand(Box::new(errand)));
    }

    /// Until the monitor is woken: what it hears, and whether it is asked to end.
    fn wait(&mut self, tools: &Arc<Tools>, shift: &mut Shift<'_>) -> (Option<Happening>, bool) {
        loop {
            let (at, deed) = self.schedule.next().expect("a pause that ends");
            self.move_on(at);
            if let Deed::Errand(_) | Deed::Hear(_) = deed {
                self.note(|| format!("{deed:?}").chars().take(1500).collect());
            }
            match deed {
                Deed::Errand(errand) => {
                    let happening = self.runtime.block_on(errand.run(Arc::clone(tools)));
                    let delay = if self.by_chance(10) {
                        self.random.seconds(0, 50)
                    } else {
                        self.random.between(Span::ZERO, Span::from_secs(1))
                    };
                    // An answer may come twice, and the second time late.
                    if self.by_chance(5) {
                        let late = at + delay + self.random.seconds(0, 120);
                        self.schedule.enter(late, Deed::Hear(Box::new(happening.clone())));
                    }
                    self.schedule.enter(at + delay, Deed::Hear(Box::new(happening)));
                }
                Deed::Hear(mut happening) => {
                    self.mishear(&mut happening);
                    return (Some(*happening), false);
                }
                Deed::PauseEnds(pause) if pause == self.pause => return (None, false),
                Deed::PauseEnds(..) => {}
                Deed::Kill => resume_unwind(Box::new(Killed)),
                Deed::Terminate => return (None, true),
                Deed::Begin => self.meet_the_lock(),
                deed => {
                    let was_full = self.is_full;
                    let may_wake = self.happen(deed);
                    if self.is_full != was_full {
                        self.runtime.block_on(tools.store.refuse(self.is_full));
                    }
                    // A wake-up may get lost.
                    if may_wake && self.by_chance(15) {
                        self.miss_the_bell();
                    } else if may_wake {
                        self.hear_the_bell();
                        shift.ring();
                        return (None, false);
                    }
                }
            }
        }
    }

    /// Sometimes a push comes at the very moment the monitor leaves.
    fn lay_in_wait(&mut self) {
        if !self.by_chance(40) {
            return;
        }
        let Some(number) = self.schedule.take_next_push() else { return };
        let place = self.random.pick(&["monitor_before_release", "monitor_after_release"]);
        if let Some(request) = self.push(number) {
            *self.traps.late.borrow_mut() = Some((place, self.ground.layout.clone(), request));
        }
    }
}
