//! What holds whatever happens, in whatever order.

use std::sync::Arc;

use proptest::collection::vec;
use proptest::option;
use proptest::prelude::*;
use proptest::sample::select;

use super::bed::{APART, Bed, NEWER, NEWEST, OLDER, OURS, Seen, UNKNOWN, at, mark, ours, plan, push, serving};
use crate::base::{Span, Timestamp};
use crate::watch::{
    Aim, Cause, Check, CommitMark, Course, Database, DatabaseUrl, Deployment, EventKind, Finding, Health, Input,
    LandingSeen, Live, LogState, Misheard, Miss, Observation, Origin, Outcome, Proof, Quality, Reason, Relation,
    Snapshot, Source, State, Table, TargetName, TokenSource, Trigger, Verdict, Version, VersionPart, Watch, step,
};

/// A fact, and how long after the one before it comes.
#[derive(Clone, Debug)]
struct Fact {
    after: i64,
    what: What,
}

#[derive(Clone, Debug)]
enum What {
    Looked {
        target: &'static str,
        seen: Seen,
        late: i64,
    },
    /// The deployments table is read.
    Recorded {
        target: &'static str,
        seen: Seen,
    },
    /// The service of `web` is asked: its endpoints answer this.
    Checked(Vec<Outcome>),
    /// The provider says what it said at the last look.
    Again,
    /// The time since the fact before was slept.
    Slept,
    Other(Input),
}

fn commits() -> impl Strategy<Value = Vec<CommitMark>> {
    let known = select(vec![OURS, OURS, OURS, NEWER, NEWEST, OLDER, APART, UNKNOWN]);
    let quality = select(vec![Quality::Exact, Quality::Exact, Quality::Prefix]);
    vec((known, quality).prop_map(|(commit, quality)| mark(commit, quality)), 0..3)
}

fn state() -> impl Strategy<Value = State> {
    use State::{Blocked, Building, Canceled, Deploying, Failed, Queued, Replaced, Skipped, Succeeded, Unknown};
    select(vec![
        Queued, Blocked, Building, Building, Deploying, Succeeded, Failed, Canceled, Canceled, Replaced, Skipped,
        Unknown,
    ])
}

fn deployment() -> impl Strategy<Value = Deployment> {
    let id = select(vec!["d1", "d2", "d3", "d4"]);
    let made = option::weighted(0.9, prop_oneof![4 => 0..600_i64, 1 => -300..0_i64]);
    let live = (option::weighted(0.6, any::<bool>()), option::weighted(0.4, any::<bool>()));
    let cause = prop_oneof![8 => Just(Cause::Push), 1 => Just(Cause::Manual), 1 => Just(Cause::Rollback)];
    let branch = prop_oneof![8 => Just(Some("main")), 1 => Just(Some("staging")), 1 => Just(None)];
    (id, state(), commits(), made, live, cause, branch).prop_map(|(id, state, commits, made, live, cause, branch)| {
        let (is_live, was_live) = live;
        let created_at = made.map(at);
        let branch = branch.map(str::to_owned);
        Deployment { id: id.to_owned(), commits, created_at, is_live, was_live, cause, branch, ..ours(state) }
    })
}

fn seen() -> impl Strategy<Value = Seen> {
    let list = vec(deployment(), 0..4);
    let live = option::weighted(0.2, (option::of(select(vec!["d1", "d9"])), commits()));
    let triggers = option::weighted(0.1, (select(vec!["main", "staging"]), any::<bool>()));
    let newer = vec((select(vec![NEWER, NEWEST]), select(vec![Relation::Contains, Relation::Unknown])), 0..2);
    let settings = (triggers, option::weighted(0.05, Just("pinned")), option::weighted(0.2, -300..100_i64));
    (list, live, settings, newer, -600..600_i64).prop_map(|(deployments, live, settings, newer_pushes, ahead)| {
        let (trigger, frozen, reaches) = settings;
        let live = live.map(|(id, commits)| Live { deployment: id.map(str::to_owned), commits });
        let trigger = trigger.map(|(branch, on_push)| vec![Trigger { branch: branch.to_owned(), on_push }]);
        let snapshot = Snapshot {
            deployments,
            live,
            frozen: frozen.map(str::to_owned),
            triggers: trigger,
            reaches_back_to: reaches.map(at),
            ..Snapshot::default()
        };
        Seen { snapshot, newer_pushes, ahead: Span::from_secs(ahead) }
    })
}

/// Ours is live, or an older commit that was deployed after it.
fn gone_back() -> impl Strategy<Value = Seen> {
    any::<bool>().prop_map(|is_back| {
        let older = Deployment { is_live: Some(is_back), was_live: Some(true), ..serving("d9", OLDER) };
        let ours = Deployment { is_live: Some(!is_back), ..serving("d1", OURS) };
        Seen::of(if is_back { vec![older, ours] } else { vec![ours] })
    })
}

fn miss() -> impl Strategy<Value = Miss> {
    select(vec![
        Miss::NoAnswer("time-out".to_owned()),
        Miss::NoCredential("none".to_owned()),
        Miss::Misheard(Misheard::Denied("no".to_owned())),
        Miss::Misheard(Misheard::Down("503".to_owned())),
        Miss::Misheard(Misheard::Throttled { until: Some(at(900)) }),
    ])
}

fn outcomes() -> impl Strategy<Value = Vec<Outcome>> {
    let serves = |commit: &str| Outcome::Serves(commit.to_owned());
    let silent = |is_its_own| Outcome::Silent { why: "refused".to_owned(), is_its_own };
    let outcome = select(vec![
        serves(OURS),
        serves(OURS),
        serves(NEWER),
        serves(OLDER),
        serves(UNKNOWN),
        Outcome::Good,
        Outcome::Bad("503".to_owned()),
        silent(true),
        silent(false),
    ]);
    prop_oneof![3 => Just(vec![serves(OURS), Outcome::Good]), 1 => vec(outcome, 0..3)]
}

fn what() -> impl Strategy<Value = What> {
    let target = || select(vec!["web", "web", "api"]);
    let landing = select(vec![
        LandingSeen::Proven(Proof::TrackingRef),
        LandingSeen::Proven(Proof::Remote),
        LandingSeen::Disproven(Reason::Rejected),
        LandingSeen::GitGone,
    ]);
    let log = select(vec![LogState::Wanted(1), LogState::Wanted(9), LogState::Saved("x.log".into()), LogState::None]);
    let late = prop_oneof![3 => Just(0), 1 => 0..30_i64];
    prop_oneof![
        10 => (target(), seen(), late).prop_map(|(target, seen, late)| What::Looked { target, seen, late }),
        2 => gone_back().prop_map(|seen| What::Looked { target: "web", seen, late: 0 }),
        3 => landing.prop_map(|seen| What::Other(Input::Landing(seen))),
        2 => (target(), miss())
            .prop_map(|(target, why)| What::Other(Input::Missed { target: TargetName::new(target), source: Source::Provider, why })),
        1 => (target(), log)
            .prop_map(|(target, log)| What::Other(Input::Logged { target: TargetName::new(target), log })),
        3 => (target(), seen()).prop_map(|(target, seen)| What::Recorded { target, seen }),
        8 => outcomes().prop_map(What::Checked),
        6 => Just(What::Again),
        1 => Just(What::Slept),
        1 => Just(What::Other(Input::Stopped)),
        4 => Just(What::Other(Input::Tick)),
    ]
}

fn facts() -> impl Strategy<Value = Vec<Fact>> {
    let after = prop_oneof![6 => 0..10_i64, 2 => 100..400_i64, 1 => 5_000..6_000_i64];
    let fact = (after, what()).prop_map(|(after, what)| Fact { after, what });
    // Some things count only if they come several times running.
    let times = prop_oneof![6 => Just(1), 1 => 3..5_usize];
    let facts = (fact, times).prop_map(|(fact, times)| vec![fact; times]);
    vec(facts, 1..12).prop_map(|facts| facts.concat())
}

fn beginning() -> impl Strategy<Value = Bed> {
    let origin = select(vec![Origin::Hook, Origin::Reflog, Origin::Track]);
    let sources = (any::<bool>(), any::<bool>(), select(vec![0, 0, 20, 600_i64]));
    (origin, 1..3_u32, option::of(any::<bool>()), sources).prop_map(|(origin, attempt, forced, sources)| {
        let mut plan = plan(&["web", "api"]);
        let Aim::Targets(targets) = &mut plan.aim else { panic!("a plan with targets") };
        let (is_checked, has_table, soak) = sources;
        let version = is_checked.then(|| Version { url: "http://127.0.0.1:1".to_owned(), part: VersionPart::Body });
        let (within, soak) = (Span::from_mins(5), Span::from_secs(soak));
        targets[0].target.health = Some(Health { live: None, ready: None, version, within, soak });
        targets[0].target.database = has_table.then(database);
        let mut bed = Bed::begin(push(origin), plan);
        bed.watch.attempt = attempt;
        Arc::make_mut(&mut bed.watch.push).forced = forced;
        bed
    })
}

/// Runs the facts, and shows each step: the state before, the fact, the state after.
fn run(bed: Bed, facts: &[Fact], mut each: impl FnMut(&Bed, &Input, &Bed)) {
    let mut before = bed;
    let mut said = ("web", &Seen::default());
    for fact in facts {
        before = before.after(fact.after);
        before.told.clear();
        let input = match &fact.what {
            What::Looked { target, seen, late } => {
                said = (target, seen);
                seen.input(target, before.now - Span::from_secs(*late))
            }
            What::Recorded { target, seen } => match seen.input(target, before.now) {
                Input::Looked { target, snapshot, kin } => Input::Recorded { target, snapshot, kin },
                other => panic!("no look: {other:?}"),
            },
            What::Checked(outcomes) => round(outcomes, before.now),
            What::Again => said.1.input(said.0, before.now),
            What::Slept => Input::Slept(Span::from_secs(fact.after)),
            What::Other(input) => input.clone(),
        };
        let after = before.clone().give(input.clone());
        each(&before, &input, &after);
        before = after;
    }
}

/// The courses side by side.
fn pairs<'a>(before: &'a Bed, after: &'a Bed) -> impl Iterator<Item = (&'a Course, &'a Course)> {
    before.watch.courses.iter().zip(&after.watch.courses)
}

fn database() -> Database {
    Database { url: DatabaseUrl::Told(TokenSource::Chain), ca: None, table: Table::default() }
}

/// The endpoints of `web` answered this.
fn round(outcomes: &[Outcome], now: Timestamp) -> Input {
    let Input::Looked { kin, .. } = Seen::default().input("web", now) else { panic!("a look") };
    let one = |(check, outcome): (Check, &Outcome)| Finding {
        check,
        outcome: outcome.clone(),
        observed_at: now,
        latency: Span::ZERO,
    };
    let findings = [Check::Version, Check::Ready].into_iter().zip(outcomes).map(one).collect();
    Input::Checked { target: TargetName::new("web"), findings, kin }
}

fn carries(marks: &[CommitMark], commits: &[&str]) -> bool {
    marks.iter().any(|mark| commits.contains(&mark.sha.as_str()))
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 128, failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn a_verdict_by_evidence_is_final(bed in beginning(), facts in facts()) {
        run(bed, &facts, |before, input, after| {
            for (old, new) in pairs(before, after) {
                let breaks = old.is_soaking() && matches!(new.verdict, Some(Verdict::Unhealthy | Verdict::RolledBack));
                if old.verdict.is_some_and(Verdict::is_by_evidence) && !breaks {
                    assert_eq!((old.verdict, old.reason, &old.message), (new.verdict, new.reason, &new.message), "{input:?}");
                }
                if old.verdict == Some(Verdict::Superseded) {
                    use Verdict::{Failed, Live, Superseded, Unhealthy};
                    assert!(matches!(new.verdict, Some(Superseded | Live | Failed | Unhealthy)), "{input:?}");
                }
            }
        });
    }

    #[test]
    fn a_living_watch_has_a_next_look_before_its_deadline(bed in beginning(), facts in facts()) {
        run(bed, &facts, |_, input, after| {
            let watch = &after.watch;
            assert_eq!(watch.next_look == Timestamp::NEVER, watch.is_over(), "{input:?}");
            assert!(watch.is_over() || watch.next_look <= watch.deadline);
            let is_ticked = matches!(input, Input::Tick);
            assert!(!is_ticked || watch.next_look > after.now, "a tick leaves nothing due");
        });
    }

    #[test]
    fn a_watch_that_time_does_not_move_is_left_alone_by_a_tick(bed in beginning(), facts in facts()) {
        run(bed, &facts, |_, input, after| {
            if !after.watch.is_moved_by_time(after.now) {
                let ticked = step(&after.watch, Input::Tick, after.now);
                assert_eq!((ticked.watch, ticked.happened), (after.watch.clone(), Vec::new()), "{input:?}");
            }
        });
    }

    #[test]
    fn the_same_fact_twice_tells_nothing_new(bed in beginning(), facts in facts()) {
        run(bed, &facts, |_, input, after| {
            let again = step(&after.watch, input.clone(), after.now);
            assert_eq!(again.happened, [], "{input:?}");
            let is_heard = matches!(input, Input::Looked { .. } | Input::Recorded { .. } | Input::Checked { .. });
            if is_heard || matches!(input, Input::Landing(_) | Input::Stopped | Input::Tick) {
                assert_eq!(again.watch, after.watch, "{input:?}");
            }
        });
    }

    #[test]
    fn a_late_old_answer_changes_nothing(bed in beginning(), facts in facts()) {
        run(bed, &facts, |before, input, after| {
            let Input::Looked { target, snapshot, .. } = input else { return };
            let course = before.watch.course(target).expect("a course");
            let newer = |seen: &Observation| seen.source == Source::Provider && seen.observed_at > snapshot.observed_at;
            if course.observations.iter().any(newer) {
                assert_eq!(after.watch.course(target), Some(course));
            }
        });
    }

    #[test]
    fn a_phase_never_moves_back_within_one_deployment(bed in beginning(), facts in facts()) {
        run(bed, &facts, |before, input, after| {
            for (old, new) in pairs(before, after) {
                let is_same = old.deployment.as_ref().map(|d| &d.id) == new.deployment.as_ref().map(|d| &d.id);
                let is_waiting = new.reason == Reason::CanceledWaiting;
                assert!(!is_same || is_waiting || new.phase >= old.phase, "{input:?}\n{old:?}\n{new:?}");
            }
        });
    }

    #[test]
    fn failed_and_live_need_evidence_for_this_commit_or_one_that_contains_it(bed in beginning(), facts in facts()) {
        run(bed, &facts, |before, input, after| {
            for (old, new) in pairs(before, after).filter(|(old, new)| old.verdict != new.verdict) {
                let Some(verdict @ (Verdict::Live | Verdict::Failed)) = new.verdict else { continue };
                if new.reason == Reason::RecordedFailed {
                    let row = &new.record.as_ref().expect("a row").row;
                    assert!(carries(&row.commits, &[OURS]) && row.state == State::Failed && row.created_at.is_some());
                    continue;
                }
                let (snapshot, target) = match input {
                    Input::Looked { snapshot, target, .. } => (snapshot, target),
                    Input::Checked { findings, .. } if verdict == Verdict::Live => {
                        let is_well = |finding: &Finding| match &finding.outcome {
                            Outcome::Serves(commit) => [OURS, NEWER].contains(&commit.as_str()),
                            outcome => *outcome == Outcome::Good,
                        };
                        let has_settled = new.checks.as_ref().is_some_and(|checks| checks.good >= 3);
                        assert!(findings.iter().all(is_well) && has_settled, "{findings:?}");
                        continue;
                    }
                    other => panic!("{verdict} by {other:?}"),
                };
                let has_endpoints = new.target.health.as_ref().is_some_and(Health::has_endpoints);
                assert!(verdict == Verdict::Failed || !has_endpoints, "live without a word of the service");
                assert_eq!(*target, new.target.name);
                let wanted: &[&str] = if new.via.is_some() { &[NEWER, NEWEST] } else { &[OURS] };
                let is_evidence = |d: &Deployment| {
                    carries(&d.commits, wanted) && d.cause != Cause::Rollback && d.branch.as_deref() != Some("staging")
                        && if verdict == Verdict::Failed { d.state == State::Failed } else { serves_or_served(d, snapshot) }
                };
                let is_served = verdict == Verdict::Live && snapshot.live.as_ref().is_some_and(|live| carries(&live.commits, wanted));
                assert!(is_served || snapshot.deployments.iter().any(is_evidence), "{old:?}\n{new:?}\n{snapshot:?}");
            }
        });
    }

    #[test]
    fn silence_never_decides_more_than_it_can(bed in beginning(), facts in facts()) {
        run(bed, &facts, |before, input, after| {
            for (old, new) in pairs(before, after).filter(|(old, new)| old.verdict != new.verdict) {
                match new.verdict {
                    None => assert!(!old.verdict.is_some_and(Verdict::is_by_evidence)),
                    Some(Verdict::Timeout | Verdict::Unobservable) => assert!(matches!(input, Input::Tick)),
                    Some(Verdict::Stopped) => assert!(matches!(input, Input::Stopped)),
                    Some(Verdict::Unhealthy) => assert!(matches!(input, Input::Checked { .. }), "{input:?}"),
                    Some(Verdict::Live) => {
                        assert!(matches!(input, Input::Looked { .. } | Input::Checked { .. }), "{input:?}");
                    }
                    Some(Verdict::Failed) => {
                        let is_asked = matches!(input, Input::Looked { .. } | Input::Missed { .. });
                        assert!(is_asked || matches!(input, Input::Recorded { .. }), "{input:?}");
                    }
                    Some(_) => assert!(matches!(input, Input::Looked { .. }), "{input:?}"),
                }
                if new.verdict == Some(Verdict::NoDeploy) {
                    assert!(before.watch.has_landed() && new.lead.good_answer_at >= Some(before.watch.register_by));
                }
            }
        });
    }

    #[test]
    fn every_decision_is_told_exactly_once(bed in beginning(), facts in facts()) {
        run(bed, &facts, |before, input, after| {
            let (old, new) = (before.outlook(), after.outlook());
            let expected = new.verdict.filter(|&verdict| old.verdict != Some(verdict)).map(Verdict::as_str);
            let told: Vec<_> = after.told(EventKind::Verdict).into_iter().map(|(_, to)| to).collect();
            assert_eq!(told, expected.into_iter().map(Some).collect::<Vec<_>>(), "{input:?}");
        });
    }

    #[test]
    fn what_answers_as_before_has_the_outlook_of_before(bed in beginning(), facts in facts()) {
        run(bed, &facts, |before, input, after| {
            if before.watch.answers_as(&after.watch) {
                assert_eq!(before.outlook(), after.outlook(), "{input:?}");
            }
        });
    }

    #[test]
    fn a_watch_survives_its_storage(bed in beginning(), facts in facts()) {
        run(bed, &facts, |_, _, after| {
            let text = serde_json::to_string(&after.watch).expect("a watch can be written");
            assert_eq!(serde_json::from_str::<Watch>(&text).expect("and read"), after.watch);
        });
    }
}

fn serves_or_served(deployment: &Deployment, snapshot: &Snapshot) -> bool {
    let is_named = snapshot.live.as_ref().is_some_and(|live| live.deployment.as_ref() == Some(&deployment.id));
    // Success is believed where nobody tells what serves; what we saw serve needs no second word.
    is_named
        || deployment.is_live == Some(true)
        || deployment.was_live == Some(true)
        || (deployment.state == State::Succeeded && deployment.is_live.is_none())
}

#[test]
fn the_generators_reach_every_verdict() {
    use proptest::strategy::ValueTree;
    use proptest::test_runner::TestRunner;
    let mut runner = TestRunner::deterministic();
    let mut reached = std::collections::BTreeSet::new();
    for _ in 0..2_500 {
        let (bed, facts) = (beginning(), facts()).new_tree(&mut runner).expect("a value").current();
        run(bed, &facts, |_, _, after| {
            reached.extend(after.watch.courses.iter().filter_map(|course| course.verdict).map(Verdict::as_str));
        });
    }
    let expected = [
        "canceled",
        "failed",
        "live",
        "no_deploy",
        "rolled_back",
        "skipped",
        "stopped",
        "superseded",
        "timeout",
        "unhealthy",
        "unobservable",
    ];
    assert_eq!(reached.into_iter().collect::<Vec<_>>(), expected);
}
