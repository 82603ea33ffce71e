//! The deployments table beside a provider and without one, and sources that contradict each other.

use super::bed::{Bed, NEWER, OLDER, OURS, Seen, at, ours, plan, push, rollout, serving};
use super::health::checked;
use crate::base::Span;
use crate::watch::{
    Aim, Database, DatabaseUrl, Deployment, EventKind, Input, Misheard, Miss, NO_PROVIDER, Origin, Phase, Plan, Reason,
    Source, State, StepReason, Table, TargetName, TokenSource, Verdict,
};

fn database() -> Database {
    Database { url: DatabaseUrl::Told(TokenSource::Chain), ca: None, table: Table::default() }
}

fn recorded_plan(provider: &str, targets: &[&str]) -> Plan {
    let mut plan = plan(targets);
    let Aim::Targets(aimed) = &mut plan.aim else { panic!("a plan with targets") };
    for aimed in aimed {
        aimed.target.database = Some(database());
        aimed.target.provider = provider.to_owned();
    }
    plan
}

/// A landed push followed by this provider and a table, and by endpoints if it soaks.
pub(super) fn sourced(provider: &str, soak: Option<Span>) -> Bed {
    let mut plan = recorded_plan(provider, &["web"]);
    if let (Some(soak), Aim::Targets(aimed)) = (soak, &mut plan.aim) {
        aimed[0].target.health = Some(checked(soak));
    }
    Bed::begin(push(Origin::Hook), plan).lands()
}

/// A provider, and a table beside it.
fn beside() -> Bed {
    sourced("digitalocean", None)
}

/// Nothing but the table.
fn alone() -> Bed {
    sourced(NO_PROVIDER, None)
}

impl Bed {
    /// The table answers, five seconds later.
    pub(super) fn reads(self, rows: impl IntoIterator<Item = Deployment>) -> Self {
        let bed = self.after(5);
        let Input::Looked { target, snapshot, kin } = Seen::of(rows).input("web", bed.now) else { panic!("a look") };
        bed.give(Input::Recorded { target, snapshot, kin })
    }
}

/// A row as a table has it: it never tells what serves.
pub(super) fn row(commit: &str, state: State) -> Deployment {
    let message = "exit status 1".to_owned();
    let reason = StepReason { code: String::new(), message, step: None, in_build: None };
    let reason = (state == State::Failed).then_some(reason);
    Deployment { is_live: None, was_live: None, reason, ..rollout(&format!("row {commit}"), commit, state) }
}

#[test]
fn a_failure_in_the_table_decides_beside_a_provider_that_is_silent_down_or_still_at_it() {
    let down = Miss::Misheard(Misheard::Down("503".to_owned()));
    let says = |bed: Bed| bed.reads([row(OURS, State::Failed)]);
    let down = || down.clone();
    assert_eq!(says(beside()).verdict().0, None, "the provider is asked, too");
    let building = beside().sees([ours(State::Building)]).after(900).sees([ours(State::Building)]);
    assert!(!building.clone().after(5).wants_look());
    let early = says(building);
    assert_eq!(early.verdict().0, None, "that was before the row");
    assert!(early.wants_look(), "the verdict waits for the provider, so it is asked at once");
    for failed in [
        says(beside()).sees([]),
        says(beside()).misses(down()),
        says(beside().misses(down())),
        says(beside()).sees([ours(State::Building)]),
    ] {
        assert_eq!(failed.verdict(), (Some(Verdict::Failed), Reason::RecordedFailed));
        assert_eq!(failed.course().failure.as_ref().map(|failure| failure.summary.as_str()), Some("exit status 1"));
        assert!(failed.watch.is_over());
    }
}

#[test]
fn nothing_else_in_the_table_decides_beside_a_provider() {
    use State::{Building, Canceled, Queued, Replaced, Skipped, Succeeded, Unknown};
    for state in [Building, Canceled, Queued, Replaced, Skipped, Succeeded, Unknown] {
        let bed = beside().reads([row(OURS, state)]).sees([]);
        assert_eq!((bed.verdict().0, bed.course().phase), (None, Phase::Registering), "{state:?}");
    }
    let newer = beside().reads([row(NEWER, State::Failed), row(OLDER, State::Failed)]).sees([]);
    assert_eq!(newer.verdict().0, None, "another commit's failure");
    let again = beside().reads([row(OURS, Building), row(OURS, State::Failed)]).sees([]);
    assert_eq!(again.verdict().0, None, "tried again");
}

#[test]
fn a_row_counts_only_if_it_is_dated_after_the_push_and_meant_for_the_target() {
    let dated = |made: Option<i64>| Deployment { created_at: made.map(at), ..row(OURS, State::Failed) };
    let of = |environment: &str| {
        let environment = Some(environment.to_owned());
        Deployment { environment, ..row(OURS, State::Failed) }
    };
    let branch = Deployment { branch: Some("staging".to_owned()), ..row(OURS, State::Failed) };
    for row in [dated(Some(-300)), dated(None), branch] {
        assert_eq!(beside().reads([row.clone()]).sees([]).verdict().0, None, "{row:?}");
    }
    assert_eq!(beside().reads([dated(Some(-60))]).sees([]).verdict().0, Some(Verdict::Failed), "clocks differ");
    let two = || Bed::begin(push(Origin::Hook), recorded_plan("digitalocean", &["web", "api"])).lands();
    assert_eq!(two().reads([of("API")]).sees([]).course().verdict, None);
    assert_eq!(two().reads([of("Web")]).sees([]).course().verdict, Some(Verdict::Failed));
    assert_eq!(two().reads([of("production")]).sees([]).course().verdict, Some(Verdict::Failed), "nobody else's");
    let mut named = two();
    std::sync::Arc::make_mut(&mut named.watch.courses[0].target).environment = Some("staging".to_owned());
    assert_eq!(named.clone().reads([of("production")]).sees([]).course().verdict, None);
    assert_eq!(named.reads([of("staging")]).sees([]).course().verdict, Some(Verdict::Failed));
}

#[test]
fn it_does_not_matter_whether_the_provider_or_the_table_answers_first() {
    let live = || [serving("ours", OURS)];
    let failed = || [row(OURS, State::Failed)];
    assert_eq!(beside().reads(failed()).sees(live()).verdict().0, Some(Verdict::Live));
    assert_eq!(beside().sees(live()).reads(failed()).verdict().0, Some(Verdict::Live));
    let building = || [ours(State::Building)];
    for bed in [beside().reads(failed()).sees(building()), beside().sees(building()).reads(failed()).sees(building())] {
        assert_eq!(bed.verdict(), (Some(Verdict::Failed), Reason::RecordedFailed));
    }
    let recovered = beside().sees(building()).reads(failed()).reads([]).sees(building());
    assert_eq!(recovered.verdict().0, None, "the row is gone");
    let given_up = beside().reads(failed()).after(6_000).tick();
    assert_eq!(given_up.verdict().0, Some(Verdict::Unobservable));
    assert_eq!(given_up.sees([]).verdict().0, Some(Verdict::Failed));
}

#[test]
fn without_a_provider_rows_that_have_no_time_decide_nothing_and_are_told() {
    let undated = |state| Deployment { created_at: None, ..row(OURS, state) };
    let failed = alone().sees([undated(State::Failed)]);
    assert_eq!(failed.verdict().0, None);
    let bed = failed.after(400).sees([undated(State::Failed)]);
    assert_ne!(bed.verdict().0, Some(Verdict::NoDeploy), "there is a row");
    assert!(bed.watch.warnings.iter().any(|warning| warning.code == "misdated_rows"), "{:?}", bed.watch.warnings);
}

#[test]
fn an_old_failure_fails_no_push_that_is_followed_again() {
    let again = |origin| {
        let mut bed = Bed::begin(push(origin), recorded_plan("digitalocean", &["web"])).lands();
        bed.watch.attempt = 2;
        bed.reads([row(OURS, State::Failed)]).sees([])
    };
    assert_eq!(again(Origin::Track).verdict().0, None, "it may have failed before");
    assert_eq!(again(Origin::Hook).verdict().0, Some(Verdict::Failed), "it was pushed again");
}

#[test]
fn an_old_failure_does_not_fail_a_retry() {
    let mut retry = beside();
    retry.watch.attempt = 2;
    let old = Deployment { created_at: Some(at(-60)), ..row(OURS, State::Failed) };
    assert_eq!(retry.reads([old]).sees([]).verdict().0, None);
}

#[test]
fn the_table_waits_for_the_proof_that_the_push_landed() {
    let pushing = Bed::begin(push(Origin::Hook), recorded_plan("digitalocean", &["web"]));
    assert_eq!(pushing.clone().reads([row(OURS, State::Failed)]).verdict().0, None);
    assert!(!pushing.watch.may_be_looked_at());
}

#[test]
fn a_table_that_cannot_be_read_ends_nothing_and_is_asked_again_later() {
    let missing = || Miss::Misheard(Misheard::NotFound("the database has no table deployments".to_owned()));
    let input = Input::Missed { target: TargetName::new("web"), source: Source::Database, why: missing() };
    let bed = beside().give(input);
    assert_eq!(bed.verdict(), (None, Reason::WaitingForDeployment));
    assert!(bed.course().table.next_look > bed.now && bed.course().lead.misses == 0);
    let seen = bed.course().observations.iter().find(|seen| seen.source == Source::Database).expect("it is told");
    assert!(!seen.ok && seen.error.as_deref() == Some("the database has no table deployments"));
    assert_eq!(bed.sees([serving("ours", OURS)]).verdict().0, Some(Verdict::Live));
}

#[test]
fn without_a_provider_the_table_decides_everything() {
    assert_eq!(alone().sees([row(OURS, State::Succeeded)]).verdict(), (Some(Verdict::Live), Reason::DeployedLive));
    assert_eq!(alone().sees([row(OURS, State::Failed)]).verdict(), (Some(Verdict::Failed), Reason::RecordedFailed));
    let building = alone().sees([row(OURS, State::Building)]);
    assert_eq!((building.verdict().0, building.course().phase), (None, Phase::Building));
    let through = alone().sees([row(NEWER, State::Succeeded), row(OURS, State::Canceled)]);
    assert_eq!(through.verdict(), (Some(Verdict::Live), Reason::Contained));
    let nothing = alone().after(400).sees([]);
    assert_eq!(nothing.verdict(), (Some(Verdict::NoDeploy), Reason::NothingRegistered));
    assert!(nothing.course().message.contains("the deployments table shows no deployment"));
    let refused = Miss::Misheard(Misheard::Denied("the database refuses the password".to_owned()));
    let bed = alone();
    let input = Input::Missed { target: TargetName::new("web"), source: Source::Database, why: refused };
    assert_eq!(bed.give(input).outlook().exit_code, 4);
}

#[test]
fn sources_that_contradict_each_other_are_told_once_and_decide_by_the_rules() {
    let live = beside().sees([serving("ours", OURS)]);
    assert_eq!(live.course().disagreement(), None);
    let building = beside().sees([ours(State::Building)]).reads([row(OURS, State::Succeeded)]);
    assert_eq!(building.course().disagreement(), None, "one is only ahead of the other");
    let failed =
        beside().sees([ours(State::Building)]).reads([row(OURS, State::Succeeded)]).sees([ours(State::Failed)]);
    let told = "the sources disagree: digitalocean says FAILED, the deployments table says SUCCEEDED";
    assert_eq!(failed.course().disagreement().as_deref(), Some(told));
    assert_eq!(failed.verdict().0, Some(Verdict::Failed), "the provider leads");
    assert_eq!(failed.told(EventKind::Warning).len(), 1);
}
