//! A run: one seed, one world, and monitors that live and die in it.

use std::path::PathBuf;
use std::rc::Rc;
use std::sync::Arc;
use std::sync::atomic::AtomicBool;

use tokio::runtime::Runtime;

use super::super::Orders;
use super::super::inbox::Inbox;
use super::super::tools::Tools;
use super::ground::{Ground, MAIN, NEXT};
use super::naive::Mistake;
use super::random::Random;
use super::rules::{self, Rules};
use super::schedule::{Deed, Schedule};
use super::script::{self, PushPlan, Sources};
use super::table::Table;
use super::traps::Traps;
use super::truth::{APPS, Truth};
use super::witness::Witness;
use super::world::World;
use crate::base::{Clock, Span};
use crate::push::{Request, RequestId, Sha};
use crate::standin::{Overlap, Pace};
use crate::store::Store;

/// The uptime at which a run begins.
pub(super) const BEGIN: Span = Span::from_secs(100);
/// Pushes and faults begin within this time.
const EVENTFUL: Span = Span::from_mins(12);
/// By then everything must have its verdict: the watch's time, the longest sleep, and some.
const END: Span = Span::from_hours(12);

/// A push that was made.
#[derive(Clone, Debug)]
pub(super) struct Pushed {
    /// Which of the plans it is.
    pub(super) plan: usize,
    pub(super) branch: &'static str,
    pub(super) sha: Sha,
    /// The name of its request, where the hook noted it.
    pub(super) id: Option<RequestId>,
    pub(super) made: Span,
    /// How far the clock was off then.
    pub(super) is_off_by: Span,
    pub(super) landed: Option<Span>,
    /// This clone heard that it landed.
    pub(super) is_shown_here: bool,
}

/// What was asked of the monitor.
#[derive(Clone, Debug, Default)]
pub(super) struct Pleas {
    /// So many requests were made.
    pub(super) made: u8,
    /// What the last hook asked.
    pub(super) last: Option<Request>,
    /// The commits whose watches were to end.
    pub(super) stopped: Vec<usize>,
    /// The commits that were to be watched.
    pub(super) tracked: Vec<usize>,
    /// What was asked when, as far as nobody has seen it taken.
    pub(super) open: Vec<(RequestId, Span)>,
}

/// A run.
#[expect(clippy::struct_excessive_bools, reason = "each is a fact that depends on no other")]
pub(super) struct Run {
    pub(super) random: Random,
    pub(super) mistake: Option<Mistake>,
    pub(super) runtime: Runtime,
    pub(super) world: Arc<World>,
    pub(super) ground: Ground,
    pub(super) orders: Rc<Orders>,
    pub(super) schedule: Schedule,
    pub(super) plans: Vec<PushPlan>,
    pub(super) pushed: Vec<Pushed>,
    pub(super) pleas: Pleas,
    pub(super) truth: Truth,
    pub(super) table: Option<Table>,
    pub(super) traps: Rc<Traps>,
    /// Those of the monitor at work.
    pub(super) tools: Option<Arc<Tools>>,
    /// How far the clock was off since when.
    pub(super) offsets: Vec<(Span, Span)>,
    /// The last monitor left watches that are not over.
    pub(super) is_watching: bool,
    /// Nothing goes wrong by chance.
    pub(super) is_written: bool,
    /// The first monitor that has something to do is killed at the place after so many.
    pub(super) killed_first_after: Option<u64>,
    pub(super) is_full: bool,
    pub(super) is_ending: bool,
    /// The monitor's pauses are numbered, so that one which was cut short ends nothing.
    pub(super) pause: u32,
    pub(super) broken: Option<String>,
    pub(super) witness: Witness,
    /// What happened when, where somebody wants to read it.
    pub(super) story: Option<Vec<String>>,
}

impl Run {
    /// A run that chance has made.
    pub(super) fn new(seed: u64, mistake: Option<Mistake>) -> Self {
        let mut random = Random::new(seed);
        let (has_service, has_table) = (random.percent(30), random.percent(20));
        // The table would tell of both targets.
        let sources = Sources { has_service, has_table, has_docs: !has_table && random.percent(40) };
        let plans = script::pushes(&mut random);
        let mut run = Self::of(random, sources, plans);
        run.mistake = mistake;
        if mistake == Some(Mistake::TellsBeforeItStores) {
            run.traps = Rc::new(Traps::of_one_that_tells_first(run.ground.layout.store()));
        }
        for number in 0..run.plans.len() {
            run.schedule.enter(BEGIN + run.random.between(Span::ZERO, EVENTFUL), Deed::Push(number));
        }
        script::faults(&mut run.random, EVENTFUL, &mut run.schedule);
        script::pleas(&mut run.random, EVENTFUL, &mut run.schedule);
        run.schedule.enter(BEGIN + Span::from_secs(1), Deed::Progress);
        run.schedule.enter(BEGIN, Deed::Visit);
        run
    }

    /// A run in which this happens, in seconds after its beginning, and nothing by chance.
    pub(super) fn written(
        sources: Sources,
        pushes: Vec<PushPlan>,
        deeds: impl IntoIterator<Item = (i64, Deed)>,
    ) -> Self {
        let mut run = Self::of(Random::new(0), sources, pushes);
        run.is_written = true;
        for (secs, deed) in deeds {
            run.schedule.enter(BEGIN + Span::from_secs(secs), deed);
        }
        run.schedule.enter(BEGIN + Span::from_secs(1), Deed::Progress);
        run.schedule.enter(BEGIN, Deed::Visit);
        run
    }

    /// A run in which nothing happens yet.
    fn of(mut random: Random, sources: Sources, plans: Vec<PushPlan>) -> Self {
        let world = World::new();
        world.move_on(BEGIN);
        for (app, target) in APPS {
            world.provider.world.add_app(app, if target == "stage" { NEXT } else { MAIN });
            let overlap = random.pick(&[Overlap::Supersede, Overlap::Supersede, Overlap::Cancel, Overlap::Keep]);
            world.provider.world.overlap(app, overlap).expect("an app");
            world.provider.world.pace(app, Pace::ByHand).expect("an app");
        }
        let ground = Ground::new(sources);
        let token = ("DIGITALOCEAN_TOKEN".to_owned(), world.provider.world.token());
        let orders = Orders {
            layout: ground.layout.clone(),
            program: PathBuf::from("/nowhere/afterpush"),
            environment: vec![token],
            places: None,
            take_over: false,
            end: Arc::new(AtomicBool::new(false)),
        };
        let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().expect("a runtime");
        let table = sources.has_table.then(|| runtime.block_on(Table::make(&ground.table())));
        Self {
            random,
            mistake: None,
            runtime,
            world: Arc::new(world),
            ground,
            orders: Rc::new(orders),
            schedule: Schedule::default(),
            pushed: Vec::new(),
            plans,
            pleas: Pleas::default(),
            truth: Truth::default(),
            table,
            traps: Rc::default(),
            tools: None,
            offsets: vec![(Span::ZERO, Span::ZERO)],
            is_watching: false,
            is_written: false,
            killed_first_after: None,
            is_full: false,
            is_ending: false,
            pause: 0,
            broken: None,
            witness: Witness::default(),
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
        self.take_room(false);
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
        let pasts = self.runtime.block_on(rules::pasts(&store));
        self.rules().check(&watches, pasts)
    }

    pub(super) fn rules(&self) -> Rules<'_> {
        let Self { ground, pushed, pleas, truth, offsets, .. } = self;
        Rules { ground, pushed, pleas, truth, offsets }
    }

    /// Nothing happens any more, and nobody is waiting for anything.
    fn is_over(&self) -> bool {
        !self.schedule.is_eventful() && !self.is_watching && Inbox::is_empty(&self.ground.layout)
    }

    /// This often in a hundred times, unless everything is written out.
    pub(super) fn by_chance(&mut self, percent: u64) -> bool {
        !self.is_written && self.random.percent(percent)
    }

    pub(super) fn note(&mut self, line: impl FnOnce() -> String) {
        let (uptime, at) = (self.now(), self.world.now());
        if let Some(story) = &mut self.story {
            story.push(format!("{uptime} {at} {}", line()));
        }
    }

    pub(super) fn now(&self) -> Span {
        self.world.since_boot()
    }

    pub(super) fn move_on(&self, at: Span) {
        self.world.move_on(at);
    }
}
