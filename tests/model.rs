//! Every interleaving of hooks, monitors and others at the inbox and the lock, in a small model.
//!
//! An atomic step is a system call. The model is of the protocol, not of the code: a hook is `spool::drop_request`
//! followed by `process::ensure_monitor`, a monitor is the loop around `Alone`. Variants that leave out one rule
//! show that the search would find the loss; stress with real processes hardly ever does.

use std::collections::{HashSet, VecDeque};

/// One rule left out, or none.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Variant {
    /// The protocol as it is.
    Whole,
    /// A monitor does not look at the inbox after it has released the lock.
    NoLookAfterRelease,
    /// It looks, but before it releases.
    LookBeforeRelease,
    /// A command that held the lock for a moment does not look at the inbox after.
    ForgetfulProber,
    /// A request is removed before its watch is durable.
    RemoveFirst,
}

/// What takes part, and what goes wrong.
#[derive(Clone, Copy)]
struct Setup {
    variant: Variant,
    /// Hooks that run at the same time.
    hooks: u8,
    /// A command that tries the lock runs as well.
    has_prober: bool,
    /// How many processes are killed, anywhere.
    kills: u8,
    /// How many times a monitor cannot be started.
    failed_starts: u8,
    /// When all is quiet and all has gone wrong, one more hook runs.
    has_later_hook: bool,
}

const QUIET: Setup =
    Setup { variant: Variant::Whole, hooks: 2, has_prober: false, kills: 0, failed_starts: 0, has_later_hook: false };

/// A process, by what it does next.
#[derive(Clone, Copy, PartialEq, Eq, Hash)]
enum Actor {
    HookCommits(u8),
    HookProbes,
    HookReleases,
    ProberProbes,
    ProberReleases,
    ProberLooks,
    Starts,
    MonitorTakes,
    MonitorScans,
    MonitorAdopts(u8),
    MonitorRemoves(u8),
    MonitorLooksOnceMore,
    MonitorReleases,
    MonitorReleasesAndLeaves,
    MonitorLooks,
    Gone,
}

use Actor::*;

impl Actor {
    fn is_serving(self) -> bool {
        matches!(self, MonitorScans | MonitorAdopts(_) | MonitorRemoves(_) | MonitorLooksOnceMore)
    }
}

/// Everything there is at one moment. Requests are bits.
#[derive(Clone, PartialEq, Eq, Hash)]
struct World {
    inbox: u8,
    committed: u8,
    adopted: u8,
    holder: Option<usize>,
    actors: Vec<Actor>,
    kills: u8,
    failed_starts: u8,
    later_hooks: u8,
}

/// What the search found.
#[derive(Debug, Default)]
struct Findings {
    states: usize,
    /// Ends in which a request that counted was never taken over.
    losses: usize,
    /// Moments in which two monitors serve.
    overlaps: usize,
}

impl World {
    fn new(setup: Setup) -> Self {
        let mut actors: Vec<_> = (0..setup.hooks).map(|request| HookCommits(1 << request)).collect();
        actors.extend(setup.has_prober.then_some(ProberProbes));
        Self {
            inbox: 0,
            committed: 0,
            adopted: 0,
            holder: None,
            actors,
            kills: setup.kills,
            failed_starts: setup.failed_starts,
            later_hooks: u8::from(setup.has_later_hook),
        }
    }

    /// This world with one actor a step further and something else changed.
    fn with(&self, actor: usize, next: Actor, change: impl FnOnce(&mut Self)) -> Self {
        let mut world = self.clone();
        world.actors[actor] = next;
        change(&mut world);
        world
    }

    /// All that one actor can do next.
    fn steps(&self, at: usize, variant: Variant) -> Vec<Self> {
        let go = |next| vec![self.with(at, next, |_| {})];
        let take = |taken, busy| match self.holder {
            None => vec![self.with(at, taken, |world| world.holder = Some(at))],
            Some(_) => go(busy),
        };
        let release = |next| vec![self.with(at, next, |world| world.holder = None)];
        let looks = |found, empty| go(if self.inbox == 0 { empty } else { found });
        match self.actors[at] {
            HookCommits(request) => vec![self.with(at, HookProbes, |world| {
                world.inbox |= request;
                world.committed |= request;
            })],
            HookProbes => take(HookReleases, Gone),
            HookReleases => release(Starts),
            ProberProbes => take(ProberReleases, Gone),
            ProberReleases => release(if variant == Variant::ForgetfulProber { Gone } else { ProberLooks }),
            ProberLooks => looks(Starts, Gone),
            Starts => self.starts(at),
            MonitorTakes => take(MonitorScans, Gone),
            MonitorScans => self.scans(at, variant),
            MonitorAdopts(request) => {
                let next = if variant == Variant::RemoveFirst { MonitorScans } else { MonitorRemoves(request) };
                vec![self.with(at, next, |world| world.adopted |= request)]
            }
            MonitorRemoves(request) => {
                let next = if variant == Variant::RemoveFirst { MonitorAdopts(request) } else { MonitorScans };
                vec![self.with(at, next, |world| world.inbox &= !request)]
            }
            MonitorLooksOnceMore => looks(MonitorScans, MonitorReleasesAndLeaves),
            MonitorReleases => release(if variant == Variant::NoLookAfterRelease { Gone } else { MonitorLooks }),
            MonitorReleasesAndLeaves => release(Gone),
            MonitorLooks => looks(MonitorTakes, Gone),
            Gone => Vec::new(),
        }
    }

    fn starts(&self, at: usize) -> Vec<Self> {
        let mut next = vec![self.with(at, Gone, |world| world.actors.push(MonitorTakes))];
        if self.failed_starts > 0 {
            next.push(self.with(at, Gone, |world| world.failed_starts -= 1));
        }
        next
    }

    /// A scan finds the requests in any order; an empty one is where the monitor may turn out to be idle.
    fn scans(&self, at: usize, variant: Variant) -> Vec<Self> {
        let requests = (0..8).map(|bit| 1 << bit).filter(|request| self.inbox & request != 0);
        let first = |request| match variant {
            Variant::RemoveFirst => MonitorRemoves(request),
            _ => MonitorAdopts(request),
        };
        let idle = match variant {
            Variant::LookBeforeRelease => MonitorLooksOnceMore,
            _ => MonitorReleases,
        };
        let found: Vec<_> = requests.map(|request| self.with(at, first(request), |_| {})).collect();
        if found.is_empty() { vec![self.with(at, idle, |_| {})] } else { found }
    }

    /// kill -9: the kernel releases the lock.
    fn killed(&self, at: usize) -> Self {
        self.with(at, Gone, |world| {
            world.kills -= 1;
            world.holder = world.holder.filter(|holder| *holder != at);
        })
    }

    fn successors(&self, setup: Setup) -> Vec<Self> {
        let mut next = Vec::new();
        for (at, actor) in self.actors.iter().enumerate() {
            next.extend(self.steps(at, setup.variant));
            if self.kills > 0 && *actor != Gone {
                next.push(self.killed(at));
            }
        }
        if self.later_hooks > 0 && self.all_went_wrong() && self.actors.iter().all(|actor| *actor == Gone) {
            let mut world = self.clone();
            world.later_hooks -= 1;
            world.actors.push(HookCommits(1 << setup.hooks));
            next.push(world);
        }
        next
    }

    fn all_went_wrong(&self) -> bool {
        self.kills == 0 && self.failed_starts == 0
    }
}

/// Visits every world that can come about.
fn explore(setup: Setup) -> Findings {
    let start = World::new(setup);
    let mut seen = HashSet::from([start.clone()]);
    let mut open = VecDeque::from([start]);
    let mut findings = Findings::default();
    while let Some(world) = open.pop_front() {
        let next = world.successors(setup);
        let is_end = next.is_empty() && world.all_went_wrong() && world.later_hooks == 0;
        findings.losses += usize::from(is_end && world.committed & !world.adopted != 0);
        findings.overlaps += usize::from(world.actors.iter().filter(|actor| actor.is_serving()).count() > 1);
        open.extend(next.into_iter().filter(|world| seen.insert(world.clone())));
    }
    Findings { states: seen.len(), ..findings }
}

#[track_caller]
fn assert_sound(setup: Setup) {
    let found = explore(setup);
    assert!(found.losses == 0 && found.overlaps == 0, "{found:?}");
}

#[track_caller]
fn assert_loses(setup: Setup) {
    let found = explore(setup);
    assert!(found.losses > 0, "the search would not have found the loss: {found:?}");
    assert_eq!(found.overlaps, 0);
}

#[test]
fn no_request_is_lost_and_no_two_monitors_serve() {
    for hooks in 1..=3 {
        assert_sound(Setup { hooks, ..QUIET });
    }
    assert_sound(Setup { has_prober: true, ..QUIET });
}

#[test]
fn after_kills_and_failed_starts_the_next_hook_makes_up_for_everything() {
    for kills in 1..=2 {
        assert_sound(Setup { kills, has_later_hook: true, ..QUIET });
    }
    assert_sound(Setup { failed_starts: 1, has_later_hook: true, ..QUIET });
    assert_sound(Setup { kills: 1, failed_starts: 1, has_prober: true, has_later_hook: true, ..QUIET });
}

#[test]
fn each_rule_is_needed() {
    assert_loses(Setup { variant: Variant::NoLookAfterRelease, ..QUIET });
    assert_loses(Setup { variant: Variant::LookBeforeRelease, ..QUIET });
    assert_loses(Setup { variant: Variant::ForgetfulProber, has_prober: true, ..QUIET });
    assert_loses(Setup { variant: Variant::RemoveFirst, kills: 1, has_later_hook: true, ..QUIET });
}

#[test]
fn the_search_covers_more_than_a_handful() {
    let found = explore(Setup { hooks: 3, ..QUIET });
    assert!(found.states > 1_000, "{found:?}");
}
