//! A bed to test a watch in: one push, a clock moved by hand, and short words for what a provider may say.

use std::sync::Arc;

use crate::base::{Span, Timestamp};
use crate::insight::Habits;
use crate::push::{GitProcess, RefName, RemoteName, RequestId, Sha};
use crate::watch::{
    Aim, Aimed, Beginning, Cause, CommitMark, Course, Deployment, Event, EventKind, Input, Kin, LandingSeen, Live,
    Miss, NewerPush, Origin, Outlook, Particulars, Plan, Policy, Proof, Push, Quality, Reason, Relation, Snapshot,
    Source, State, Step, Target, TargetName, TokenSource, Verdict, Watch, outlook, step,
};

/// The watched commit.
pub(super) const OURS: &str = "aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa";
/// Contain it.
pub(super) const NEWER: &str = "bbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbb";
pub(super) const NEWEST: &str = "cccccccccccccccccccccccccccccccccccccccc";
/// Its ancestor, one on another line, and one this clone does not know.
pub(super) const OLDER: &str = "dddddddddddddddddddddddddddddddddddddddd";
pub(super) const APART: &str = "eeeeeeeeeeeeeeeeeeeeeeeeeeeeeeeeeeeeeeee";
pub(super) const UNKNOWN: &str = "ffffffffffffffffffffffffffffffffffffffff";

/// The moment of the push; all seconds of the tests count from here.
pub(super) const PUSHED: Timestamp = Timestamp::from_secs(1_790_000_000);

pub(super) fn at(secs: i64) -> Timestamp {
    PUSHED + Span::from_secs(secs)
}

/// A watch, the time, and what was told so far.
#[derive(Clone, Debug)]
pub(super) struct Bed {
    pub(super) watch: Watch,
    pub(super) now: Timestamp,
    pub(super) told: Vec<Event>,
}

impl Bed {
    /// A push whose git still runs, to one target.
    pub(super) fn pushing() -> Self {
        Self::of(push(Origin::Hook), &["web"])
    }

    /// A push that landed a second later.
    pub(super) fn landed() -> Self {
        Self::pushing().lands()
    }

    pub(super) fn of(push: Push, targets: &[&str]) -> Self {
        Self::begin(push, plan(targets))
    }

    pub(super) fn begin(push: Push, plan: Plan) -> Self {
        let beginning = Beginning {
            id: RequestId::of_file_name(&format!("{}.{OURS}", "0".repeat(32))).expect("a request's name"),
            sha: sha(OURS),
            attempt: 1,
            push,
            subject: None,
            worktree: None,
            boot: None,
        };
        let Step { watch, happened } = Watch::begin(beginning, plan, PUSHED);
        Self { watch, now: PUSHED, told: happened }
    }

    pub(super) fn lands(self) -> Self {
        self.after(1).give(Input::Landing(LandingSeen::Proven(Proof::TrackingRef)))
    }

    /// Moves the clock.
    pub(super) fn after(mut self, secs: i64) -> Self {
        self.now += Span::from_secs(secs);
        self
    }

    pub(super) fn give(mut self, input: Input) -> Self {
        let Step { watch, happened } = step(&self.watch, input, self.now);
        assert_eq!(watch.revision, self.watch.revision + u32::from(watch != self.watch), "the revision counts changes");
        self.watch = watch;
        self.told.extend(happened);
        self
    }

    pub(super) fn tick(self) -> Self {
        self.give(Input::Tick)
    }

    /// The provider answers for `web`, five seconds later.
    pub(super) fn sees(self, deployments: impl IntoIterator<Item = Deployment>) -> Self {
        self.sees_all(&Seen::of(deployments))
    }

    pub(super) fn sees_all(self, seen: &Seen) -> Self {
        self.sees_of("web", seen)
    }

    pub(super) fn sees_of(self, target: &str, seen: &Seen) -> Self {
        let bed = self.after(5);
        let input = seen.input(target, bed.now);
        bed.give(input)
    }

    pub(super) fn misses(self, why: Miss) -> Self {
        self.give(Input::Missed { target: TargetName::new("web"), source: Source::Provider, why })
    }

    /// The provider is to be asked about `web` now.
    pub(super) fn wants_look(&self) -> bool {
        self.watch.wants_look(self.course(), Source::Provider, self.now)
    }

    pub(super) fn course(&self) -> &Course {
        &self.watch.courses[0]
    }

    pub(super) fn outlook(&self) -> Outlook {
        outlook(&self.watch)
    }

    /// Verdict and reason of the whole watch.
    pub(super) fn verdict(&self) -> (Option<Verdict>, Reason) {
        let Outlook { verdict, reason, .. } = self.outlook();
        (verdict, reason)
    }

    pub(super) fn told(&self, kind: EventKind) -> Vec<(Option<&str>, Option<&str>)> {
        let of_kind = self.told.iter().filter(|event| event.kind == kind);
        of_kind.map(|event| (event.from.as_deref(), event.to.as_deref())).collect()
    }
}

/// An answer of the provider in the making.
#[derive(Clone, Debug, Default)]
pub(super) struct Seen {
    pub(super) snapshot: Snapshot,
    pub(super) newer_pushes: Vec<(&'static str, Relation)>,
    /// How far the provider's clock is ahead of ours.
    pub(super) ahead: Span,
}

impl Seen {
    pub(super) fn of(deployments: impl IntoIterator<Item = Deployment>) -> Self {
        let deployments: Vec<_> = deployments.into_iter().collect();
        let live = deployments.iter().find(|d| d.is_live == Some(true));
        let live = live.map(|d| Live { deployment: Some(d.id.clone()), commits: d.commits.clone() });
        Self { snapshot: Snapshot { deployments, live, ..Snapshot::default() }, ..Self::default() }
    }

    pub(super) fn pushed_later(mut self, commits: &[&'static str]) -> Self {
        self.newer_pushes.extend(commits.iter().map(|&commit| (commit, Relation::Contains)));
        self
    }

    pub(super) fn with(mut self, change: impl FnOnce(&mut Snapshot)) -> Self {
        change(&mut self.snapshot);
        self
    }

    /// The answer about a target that comes at this time.
    pub(super) fn input(&self, target: &str, now: Timestamp) -> Input {
        let mut kin = Kin::default();
        for (commit, relation) in [
            (OURS, Relation::Same),
            (NEWER, Relation::Contains),
            (NEWEST, Relation::Contains),
            (OLDER, Relation::Older),
            (&NEWER[..7], Relation::Contains),
            (APART, Relation::Apart),
            (UNKNOWN, Relation::Unknown),
        ] {
            kin.set(commit, relation);
        }
        kin.newer_pushes = self
            .newer_pushes
            .iter()
            .map(|&(commit, relation)| NewerPush {
                sha: sha(commit),
                ref_name: RefName::of_branch("main"),
                at: now,
                relation,
            })
            .collect();
        let snapshot = Snapshot { observed_at: now, provider_clock: Some(now + self.ahead), ..self.snapshot.clone() };
        Input::Looked { target: TargetName::new(target), snapshot: Arc::new(snapshot), kin: Arc::new(kin) }
    }
}

pub(super) fn sha(digits: &str) -> Sha {
    digits.parse().expect("a whole id")
}

pub(super) fn push(origin: Origin) -> Push {
    Push {
        at: PUSHED,
        remote: RemoteName::new("origin"),
        url: None,
        ref_name: RefName::of_branch("main"),
        old: None,
        commits: None,
        forced: None,
        origin,
        git: (origin == Origin::Hook).then_some(GitProcess {
            pid: 1,
            start_ticks: 1,
            pid_namespace: None,
            dry_run: false,
        }),
        moved: false,
    }
}

pub(super) fn plan(targets: &[&str]) -> Plan {
    let targets =
        targets.iter().map(|name| Aimed { target: target(name), untouched: false, habits: Habits::default() });
    Plan { aim: Aim::Targets(targets.collect()), policy: Policy::default(), warnings: Vec::new() }
}

pub(super) fn target(name: &str) -> Target {
    Target {
        name: TargetName::new(name),
        provider: "digitalocean".to_owned(),
        app: "shop".to_owned(),
        base_url: "http://127.0.0.1:1".to_owned(),
        token: TokenSource::Chain,
        paths: Vec::new(),
        environment: None,
        health: None,
        database: None,
        particulars: Particulars::default(),
    }
}

/// A deployment of a commit, made ten seconds after the push.
pub(super) fn rollout(id: &str, commit: &str, state: State) -> Deployment {
    Deployment {
        id: id.to_owned(),
        state,
        raw_state: format!("{state:?}").to_uppercase(),
        commits: vec![mark(commit, Quality::Exact)],
        branch: Some("main".to_owned()),
        environment: None,
        created_at: Some(at(10)),
        updated_at: None,
        is_live: Some(false),
        was_live: Some(false),
        cause: Cause::Push,
        done_steps: None,
        step: None,
        reason: None,
        url: None,
    }
}

/// A deployment of a commit that serves traffic.
pub(super) fn serving(id: &str, commit: &str) -> Deployment {
    Deployment { is_live: Some(true), was_live: Some(true), ..rollout(id, commit, State::Succeeded) }
}

pub(super) fn ours(state: State) -> Deployment {
    rollout("ours", OURS, state)
}

pub(super) fn mark(sha: &str, quality: Quality) -> CommitMark {
    CommitMark { sha: sha.to_owned(), quality, part: None }
}
