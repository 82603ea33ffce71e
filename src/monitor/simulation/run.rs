//! A run: one seed, one world, and monitors that live and die in it.

use std::cell::{Cell, RefCell};
use std::panic::{AssertUnwindSafe, catch_unwind, resume_unwind};
use std::path::PathBuf;
use std::rc::Rc;
use std::sync::Arc;
use std::sync::atomic::AtomicBool;

use tokio::runtime::Runtime;

use super::super::inbox::Inbox;
use super::super::keeper::{Errand, Happening};
use super::super::shift::{Round, Shift};
use super::super::tools::Tools;
use super::super::{Ended, MonitorError, Orders, in_turns};
use super::ground::Ground;
use super::naive::Mistake;
use super::random::Random;
use super::rules::{self, Outcome};
use super::schedule::{self, Deed, PushPlan, Schedule};
use super::truth::{APP, Truth};
use super::world::{START, World};
use crate::base::{Clock, Layout, Span, Timestamp};
use crate::process::{Alone, failpoint, watched};
use crate::push::{Asked, GitProcess, PushNote, RefName, RefUpdate, RemoteName, Request, RequestId, Sha};
use crate::spool;
use crate::standin::Overlap;
use crate::store::Store;

/// Pushes and faults begin within this time.
const EVENTFUL: Span = Span::from_mins(25);
/// By then everything must have its verdict: the watch's time, the longest sleep, and some.
const END: Span = Span::from_hours(12);
/// So long at most something is due again and again without anything happening.
const LONGEST_UNREST: Span = Span::from_secs(1);

/// A push that was made.
#[derive(Clone, Debug)]
pub(super) struct Pushed {
    /// Which of the plans it is.
    pub(super) plan: usize,
    pub(super) sha: Sha,
    /// The name of its request, where the hook noted it.
    pub(super) id: Option<RequestId>,
    pub(super) made: Span,
    pub(super) landed: Option<Span>,
    /// This clone heard that it landed.
    pub(super) is_shown_here: bool,
}

/// The monitor was killed.
struct Killed;

/// What happens at the places a monitor passes on its way.
#[derive(Default)]
struct Traps {
    /// It is killed at the place after so many.
    killed_after: Cell<Option<u64>>,
    /// A push whose hook runs when the monitor passes this place.
    late: RefCell<Option<(&'static str, Layout, Request)>>,
    /// That hook found the lock free.
    found_free: Cell<bool>,
}

/// A run.
pub(super) struct Run {
    random: Random,
    mistake: Option<Mistake>,
    runtime: Runtime,
    world: Arc<World>,
    ground: Ground,
    orders: Rc<Orders>,
    schedule: Schedule,
    plans: Vec<PushPlan>,
    pushed: Vec<Pushed>,
    truth: Truth,
    traps: Rc<Traps>,
    /// Those of the monitor at work.
    tools: Option<Arc<Tools>>,
    /// How far the clock was off since when.
    offsets: Vec<(Span, Span)>,
    /// By how much the clock was put ahead, or back, and when.
    jumps: Vec<(Span, Span)>,
    is_full: bool,
    is_ending: bool,
    /// The monitor's pauses are numbered, so that one which was cut short ends nothing.
    pause: u32,
    broken: Option<String>,
    /// What happened when, where somebody wants to read it.
    story: Option<Vec<String>>,
}

impl Run {
    pub(super) fn new(seed: u64, mistake: Option<Mistake>) -> Self {
        let mut random = Random::new(seed);
        let world = World::new();
        world.move_on(Span::from_secs(100));
        world.provider.world.add_app(APP, "main");
        let overlap = random.pick(&[Overlap::Supersede, Overlap::Supersede, Overlap::Cancel, Overlap::Keep]);
        world.provider.world.overlap(APP, overlap).expect("an app");
        world.provider.world.pace(APP, crate::standin::Pace::ByHand).expect("an app");
        let ground = Ground::new();
        let token = ("DIGITALOCEAN_TOKEN".to_owned(), world.provider.world.token());
        let orders = Orders {
            layout: ground.layout.clone(),
            program: PathBuf::from("/nowhere/afterpush"),
            environment: vec![token],
            places: None,
            take_over: false,
            end: Arc::new(AtomicBool::new(false)),
        };
        let plans = schedule::pushes(&mut random);
        let mut schedule = Schedule::default();
        for number in 0..plans.len() {
            schedule.enter(Span::from_secs(100) + random.between(Span::ZERO, EVENTFUL), Deed::Push(number));
        }
        schedule::faults(&mut random, EVENTFUL, &mut schedule);
        schedule.enter(Span::from_secs(101), Deed::Progress);
        schedule.enter(Span::from_secs(100), Deed::Visit);
        Self {
            random,
            mistake,
            runtime: tokio::runtime::Builder::new_current_thread().enable_all().build().expect("a runtime"),
            world: Arc::new(world),
            ground,
            orders: Rc::new(orders),
            schedule,
            pushed: Vec::new(),
            plans,
            truth: Truth::default(),
            traps: Rc::default(),
            tools: None,
            offsets: vec![(Span::ZERO, Span::ZERO)],
            jumps: Vec::new(),
            is_full: false,
            is_ending: false,
            pause: 0,
            broken: None,
            story: None,
        }
    }

    /// Lets it all happen, and says which rule was broken.
    pub(super) fn go(mut self) -> Result<(), String> {
        self.live_through()
    }

    /// The same, with all that happened.
    pub(super) fn tell(mut self) -> (Vec<String>, Result<(), String>) {
        self.story = Some(Vec::new());
        let result = self.live_through();
        (self.story.unwrap_or_default(), result)
    }

    fn live_through(&mut self) -> Result<(), String> {
        while !self.is_over() || !self.is_ending {
            if self.is_over() {
                // The last monitor finds nothing that is in its way, and nothing it has to do.
                self.is_ending = true;
                self.begin();
                continue;
            }
            let (at, deed) = self.schedule.next().expect("progress never ends");
            self.move_on(at);
            if at > END {
                return Err("after twelve hours there is still something to do".to_owned());
            }
            match deed {
                Deed::Begin => self.begin(),
                deed => _ = self.happen(deed),
            }
            if let Some(broken) = self.broken.take() {
                return Err(broken);
            }
        }
        let store = self.runtime.block_on(Store::open(&self.ground.layout.store())).map_err(|why| why.to_string())?;
        let watches = self.runtime.block_on(rules::read(&store, &self.ground));
        for (watch, events) in &watches {
            self.note(|| format!("{} attempt {}, pushed at {}", watch.id, watch.attempt, watch.push.at));
            for event in events {
                self.note(|| format!("  {} {:?} -> {:?} {}", event.at, event.kind, event.to, event.message));
            }
        }
        let outcome = Outcome {
            ground: &self.ground,
            pushed: &self.pushed,
            truth: &self.truth,
            uptime_at: &|at| self.uptime_at(at),
            jumps: &self.jumps,
            watches,
        };
        outcome.check()
    }

    /// Nothing happens any more, and nobody is waiting for anything.
    fn is_over(&self) -> bool {
        if self.schedule.is_eventful() || !Inbox::is_empty(&self.ground.layout) {
            return false;
        }
        let living = async {
            match Store::open_to_read(&self.ground.layout.store()).await {
                Ok(Some(store)) => {
                    let living = store.living().await;
                    store.close().await;
                    living.is_ok_and(|living| !living.is_empty())
                }
                _ => false,
            }
        };
        !self.runtime.block_on(living)
    }

    fn note(&mut self, line: impl FnOnce() -> String) {
        let (uptime, at) = (self.now(), self.world.now());
        if let Some(story) = &mut self.story {
            story.push(format!("{uptime} {at} {}", line()));
        }
    }

    fn now(&self) -> Span {
        self.world.since_boot()
    }

    fn move_on(&self, at: Span) {
        self.world.move_on(at);
    }

    /// When the machine's clock last showed this.
    fn uptime_at(&self, at: Timestamp) -> Span {
        let mut begins = self.offsets.iter().rev();
        let shown = |&(since, off): &(Span, Span)| Some(at.since(START) - off).filter(|uptime| *uptime >= since);
        begins.find_map(shown).unwrap_or(at.since(START))
    }

    /// Something happens that needs no monitor. `true`: it may wake one.
    fn happen(&mut self, deed: Deed) -> bool {
        let now = self.now();
        self.note(|| format!("{deed:?}"));
        match deed {
            Deed::Push(number) => {
                if let Some(request) = self.push(number) {
                    spool::drop_request(&self.ground.layout, &request).expect("room for a request");
                    self.ensure_monitor();
                }
                return true;
            }
            Deed::GitEnds(number) => self.git_ends(number),
            Deed::Deploy(number) => {
                let PushPlan { commit, recipe, .. } = self.plans[number].clone();
                self.truth.deploy(&self.world, &self.ground, commit, &recipe);
            }
            Deed::Progress => {
                self.truth.progress(&self.world, &self.ground);
                let pause = self.random.seconds(3, 60);
                self.schedule.enter(now + pause, Deed::Progress);
            }
            Deed::Visit => {
                self.ensure_monitor();
                let pause = self.random.seconds(240, 2400);
                self.schedule.enter(now + pause, Deed::Visit);
            }
            Deed::Sleep(span) => self.sleep(span),
            Deed::Jump(span) => {
                let mut state = self.world.state();
                state.is_off_by += span;
                let off = state.is_off_by;
                drop(state);
                self.offsets.push((now, off));
                self.jumps.push((now, span));
            }
            Deed::CutOff(is) => self.world.state().is_cut_off = is,
            Deed::Deaf(is) => self.world.state().is_deaf = is,
            Deed::Trouble(trouble, times) => self.world.provider.world.trouble(trouble, times),
            Deed::FullDisk(is) => self.is_full = is,
            Deed::Begin | Deed::Kill | Deed::Terminate | Deed::Errand(..) | Deed::Hear(..) | Deed::PauseEnds(..) => {}
        }
        false
    }

    /// The hook runs: what it would drop.
    fn push(&mut self, number: usize) -> Option<Request> {
        let now = self.now();
        let plan = self.plans[number].clone();
        let sha = self.ground.commits[plan.commit].clone();
        if self.world.state().remote.as_ref() == Some(&sha) {
            // There is nothing to push, and git tells its hook of nothing.
            return None;
        }
        self.note(|| format!("push {sha} {plan:?}"));
        let pid = i32::try_from(5_000_000 + number).expect("a small number");
        let at = self.world.now();
        let note = PushNote {
            remote: RemoteName::new("origin"),
            url: "https://git.example.com/shop.git".to_owned(),
            refs: vec![RefUpdate {
                name: RefName::of_branch("main"),
                old: self.world.state().remote.clone(),
                new: sha.clone(),
                moved: false,
            }],
            git: Some(GitProcess { pid, start_ticks: 1, pid_namespace: None, dry_run: false }),
            worktree: Some(self.ground.worktree.clone()),
            cut: false,
        };
        let unique = uuid::Builder::from_unix_timestamp_millis(
            u64::try_from(at.as_micros() / 1_000).unwrap_or(0),
            &[u8::try_from(number).unwrap_or(0); 10],
        );
        let request = Request::new(unique.into_uuid(), at, Asked::Push(note));
        let request = Some(request).filter(|_| plan.is_noted);
        self.world.state().gits.insert(pid, (now + plan.takes, plan.end));
        let id = request.as_ref().map(|request| request.id.clone());
        self.pushed.push(Pushed { plan: number, sha, id, made: now, landed: None, is_shown_here: plan.is_shown_here });
        self.schedule.enter(now + plan.takes, Deed::GitEnds(number));
        request
    }

    fn git_ends(&mut self, number: usize) {
        let plan = self.plans[number].clone();
        if !plan.lands {
            return;
        }
        let now = self.now();
        let pushed = self.pushed.iter_mut().find(|pushed| pushed.plan == number).expect("a push that was made");
        pushed.landed = Some(now);
        let sha = pushed.sha.clone();
        let old = self.world.state().remote.replace(sha.clone());
        if plan.is_shown_here {
            self.ground.move_tracking_ref(old.as_ref(), &sha, self.world.now());
        }
        self.schedule.enter(now + plan.heard_after, Deed::Deploy(number));
    }

    /// Somebody who left something for the monitor makes sure that one runs.
    fn ensure_monitor(&mut self) {
        if self.tools.is_some() {
            return self.meet_the_lock();
        }
        wait_for_release(&self.ground.layout);
        self.summon();
    }

    /// While one monitor works nobody else gets the lock.
    fn meet_the_lock(&mut self) {
        if Alone::try_take(&self.ground.layout).expect("a lock").is_some() {
            self.broken = Some("two monitors work".to_owned());
        }
    }

    fn summon(&mut self) {
        let soon = self.random.between(Span::from_millis(5), Span::from_secs(2));
        self.schedule.enter(self.now() + soon, Deed::Begin);
    }

    /// The world goes on while the machine does not.
    fn sleep(&mut self, span: Span) {
        let end = self.now() + span;
        let mut waiting = Vec::new();
        while let Some((at, deed)) = self.schedule.next_before(end) {
            if deed.is_of_the_machine() {
                waiting.push(deed);
            } else {
                self.move_on(at);
                self.happen(deed);
            }
        }
        self.move_on(end);
        for deed in waiting {
            self.schedule.enter(end, deed);
        }
    }

    /// A monitor begins, and works until it ends or is killed.
    fn begin(&mut self) {
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
        self.note(|| ended.as_ref().map_or("the monitor was killed".to_owned(), |ended| format!("{ended:?}")));
        self.schedule.forget_monitor();
        self.traps.killed_after.set(None);
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
        if !self.is_ending && self.random.percent(15) {
            self.traps.killed_after.set(Some(self.random.below(60)));
        }
        let world: Arc<World> = Arc::clone(&self.world);
        let tools = Arc::new(self.runtime.block_on(Tools::open(&self.orders, world))?);
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
                    let delay = if self.random.percent(90) {
                        self.random.between(Span::ZERO, Span::from_secs(1))
                    } else {
                        self.random.seconds(0, 50)
                    };
                    self.schedule.enter(at + delay, Deed::Hear(Box::new(happening)));
                }
                Deed::Hear(mut happening) => {
                    if let Some(mistake) = self.mistake {
                        mistake.mishear(&mut happening, self.world.now());
                    }
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
                    if may_wake && self.random.percent(85) {
                        shift.ring();
                        return (None, false);
                    }
                }
            }
        }
    }

    /// Sometimes a push comes at the very moment the monitor leaves.
    fn lay_in_wait(&mut self) {
        if !self.random.percent(40) {
            return;
        }
        let Some(number) = self.schedule.take_next_push() else { return };
        let place = self.random.pick(&["monitor_before_release", "monitor_after_release"]);
        if let Some(request) = self.push(number) {
            *self.traps.late.borrow_mut() = Some((place, self.ground.layout.clone(), request));
        }
    }
}

/// A program that another run starts at this moment has a copy of every open file until it is there, and with it the
/// lock of a monitor that has just released it.
fn wait_for_release(layout: &Layout) {
    while Alone::try_take(layout).expect("a lock").is_none() {
        std::thread::yield_now();
    }
}

impl Traps {
    fn pass(&self, place: &str) {
        // Hooks have such places, too.
        if !place.starts_with("monitor") {
            return;
        }
        if let Some(left) = self.killed_after.get() {
            self.killed_after.set(left.checked_sub(1));
            if left == 0 {
                resume_unwind(Box::new(Killed));
            }
        }
        let is_here = self.late.borrow().as_ref().is_some_and(|(at, ..)| *at == place);
        let Some((place, layout, request)) = is_here.then(|| self.late.borrow_mut().take()).flatten() else { return };
        spool::drop_request(&layout, &request).expect("room for a request");
        if place == "monitor_after_release" {
            wait_for_release(&layout);
            self.found_free.set(true);
        }
    }
}
