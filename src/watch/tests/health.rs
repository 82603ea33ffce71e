//! The health endpoints: settling, unhealthy in the end, soaking, and what undoes a live commit.

use std::sync::Arc;

use super::bed::{APART, Bed, NEWER, OLDER, OURS, Seen, UNKNOWN, at, ours, plan, push, rollout, serving};
use crate::base::Span;
use crate::watch::{
    Aim, Cause, Check, Database, DatabaseUrl, Deployment, EventKind, Finding, Health, Input, Live, Miss, Origin,
    Outcome, Phase, Plan, Reason, Source, State, Table, TargetName, TokenSource, Verdict, Version, VersionPart,
};

/// A bed whose target has a ready and a version endpoint, five minutes to agree and ten to soak.
fn bed() -> Bed {
    Bed::begin(push(Origin::Hook), checked_plan(Span::from_mins(10))).lands()
}

fn checked_plan(soak: Span) -> Plan {
    let mut plan = plan(&["web"]);
    let Aim::Targets(targets) = &mut plan.aim else { panic!("a plan with a target") };
    targets[0].target.health = Some(checked(soak));
    plan
}

/// A version endpoint with five minutes to agree.
pub(super) fn checked(soak: Span) -> Health {
    let version = Version { url: "http://127.0.0.1:1/version".to_owned(), part: VersionPart::Body };
    Health { live: None, ready: None, version: Some(version), within: Span::from_mins(5), soak }
}

impl Bed {
    /// A round of the endpoints two seconds later.
    pub(super) fn finds(self, outcome: Outcome) -> Self {
        self.finds_all([outcome])
    }

    fn finds_all(self, outcomes: impl IntoIterator<Item = Outcome>) -> Self {
        let bed = self.after(2);
        let (observed_at, latency) = (bed.now, Span::from_millis(20));
        let one = |(check, outcome)| Finding { check, outcome, observed_at, latency };
        let checks = [Check::Version, Check::Ready];
        let findings = checks.into_iter().zip(outcomes).map(one).collect();
        let Input::Looked { kin, .. } = Seen::default().input("web", bed.now) else { panic!("a look") };
        bed.give(Input::Checked { target: TargetName::new("web"), findings, kin })
    }

    pub(super) fn finds_often(self, times: usize, outcome: &Outcome) -> Self {
        (0..times).fold(self, |bed, _| bed.finds(outcome.clone()))
    }
}

pub(super) fn runs(commit: &str) -> Outcome {
    Outcome::Serves(commit.to_owned())
}

pub(super) fn bad() -> Outcome {
    Outcome::Bad("answers 503".to_owned())
}

pub(super) fn silent(is_its_own: bool) -> Outcome {
    Outcome::Silent { why: "shop: no way".to_owned(), is_its_own }
}

/// What the provider says of a commit that is live.
fn is_live() -> [Deployment; 1] {
    [serving("ours", OURS)]
}

#[test]
fn the_provider_alone_does_not_make_it_live_where_endpoints_are_configured() {
    let bed = bed().sees(is_live());
    let course = bed.course();
    assert_eq!((course.phase, course.reason, course.verdict), (Phase::Verifying, Reason::WaitingForHealth, None));
    assert!(course.times.deployed_at.is_some());
    assert!(course.next_look_at(Source::Health).is_some_and(|next| next <= bed.now), "a round is due at once");
}

#[test]
fn three_good_rounds_in_a_row_make_it_live() {
    let bed = bed().sees(is_live()).finds_often(2, &runs(OURS));
    assert_eq!(bed.verdict(), (None, Reason::WaitingForHealth));
    assert!(bed.course().message.contains("2 of 3 good answers"), "{}", bed.course().message);
    let bed = bed.finds(runs(OURS));
    assert_eq!(bed.verdict(), (Some(Verdict::Live), Reason::DeployedLive));
    let times = &bed.course().times;
    assert!(times.ready_at > times.deployed_at && times.healthy_at > times.ready_at);
    assert_eq!(bed.course().phase, Phase::Soaking);
    assert!(bed.course().served.as_ref().is_some_and(|served| served.is_match));
}

#[test]
fn a_bad_round_between_good_ones_begins_the_count_anew() {
    let mixed = bed().sees(is_live()).finds(runs(OURS)).finds(runs(OURS)).finds(runs(OLDER)).finds(runs(OURS));
    assert_eq!(mixed.verdict(), (None, Reason::WaitingForHealth));
    assert_eq!(mixed.finds(runs(OURS)).finds(runs(OURS)).verdict().0, Some(Verdict::Live));
}

#[test]
fn every_endpoint_has_to_agree() {
    let bed = (0..5).fold(bed().sees(is_live()), |bed, _| bed.finds_all([runs(OURS), bad()]));
    assert_eq!(bed.verdict(), (None, Reason::WaitingForHealth));
    assert!(bed.course().message.ends_with("ready answers 503"), "{}", bed.course().message);
}

#[test]
fn a_newer_commit_that_contains_ours_and_a_short_id_count() {
    for commit in [NEWER, &NEWER[..7]] {
        assert_eq!(bed().sees(is_live()).finds_often(3, &runs(commit)).verdict().0, Some(Verdict::Live), "{commit}");
    }
}

#[test]
fn who_does_not_agree_in_time_is_unhealthy_with_the_last_finding() {
    for (outcome, reason, words) in [
        (runs(OLDER), Reason::OtherVersionServed, "the version endpoint says ddddddd, an older commit"),
        (runs(APART), Reason::OtherVersionServed, "the version endpoint says eeeeeee, which does not contain it"),
        (bad(), Reason::HealthNotConfirmed, "version answers 503"),
        (silent(true), Reason::HealthNotConfirmed, "version gives no answer: shop: no way"),
    ] {
        let early = bed().sees(is_live()).after(290).finds(outcome.clone());
        assert_eq!(early.verdict().0, None, "{words}");
        let once = early.after(10).finds(outcome.clone());
        assert_eq!(once.verdict().0, None, "once may be the network: {words}");
        let late = once.finds(outcome);
        assert_eq!(late.verdict(), (Some(Verdict::Unhealthy), reason), "{words}");
        let failure = late.course().failure.as_ref().expect("a reason is kept");
        assert_eq!((failure.phase, failure.summary.as_str()), (Phase::Verifying, words));
        assert!(late.watch.is_over() && late.outlook().exit_code == 1);
    }
}

#[test]
fn silence_makes_nothing_unhealthy_while_our_own_way_out_may_be_broken() {
    let silence = bed().sees(is_live()).after(400).finds_often(9, &silent(false));
    assert_eq!(silence.verdict().0, None, "nobody was heard since then");
    let heard = (0..2).fold(silence, |bed, _| bed.sees(is_live()).finds(silent(false)));
    assert_eq!(heard.verdict(), (Some(Verdict::Unhealthy), Reason::HealthNotConfirmed));
    let offline = bed().sees(is_live()).after(6_000).finds(silent(false)).tick();
    assert_eq!(offline.verdict().0, Some(Verdict::Unobservable));
}

#[test]
fn a_table_that_is_a_file_of_this_machine_says_nothing_of_the_way_out() {
    for (url, verdict) in [
        (DatabaseUrl::File("/srv/deployments.db".into()), None),
        (DatabaseUrl::Told(TokenSource::Chain), Some(Verdict::Unhealthy)),
    ] {
        let mut bed = bed().sees(is_live()).after(400);
        let target = Arc::make_mut(&mut bed.watch.courses[0].target);
        target.database = Some(Database { url, ca: None, table: Table::default() });
        let silence = (0..9).fold(bed, |bed, _| bed.reads([]).finds(silent(false)));
        assert_eq!(silence.verdict().0, verdict);
    }
}

#[test]
fn nothing_is_decided_by_rounds_before_the_provider_is_done() {
    let bed = bed().sees([ours(State::Building)]).finds_often(5, &runs(OURS));
    assert_eq!((bed.verdict().0, bed.course().phase), (None, Phase::Building));
}

#[test]
fn a_deployment_that_is_tried_again_is_verified_anew() {
    let bed = bed().sees(is_live()).finds_often(2, &runs(OURS)).sees([rollout("again", OURS, State::Building)]);
    assert!(bed.course().checks.is_none() && bed.course().phase == Phase::Building);
    let bed = bed.sees([serving("again", OURS)]).finds_often(2, &runs(OURS));
    assert_eq!(bed.verdict().0, None);
}

#[test]
fn a_live_commit_is_looked_after_until_it_has_soaked() {
    let live = bed().sees(is_live()).finds_often(3, &runs(OURS));
    assert!(!live.watch.is_over() && live.outlook().done && live.outlook().exit_code == 0);
    let over = live.clone().after(300).sees(is_live()).finds(runs(OURS)).tick();
    assert!(!over.watch.is_over());
    let over = over.after(300).finds(runs(OURS)).tick();
    assert!(over.watch.is_over());
    assert_eq!(over.verdict(), (Some(Verdict::Live), Reason::DeployedLive));
    assert_eq!(over.told(EventKind::Verdict).len(), 1, "that it has soaked is no news");
}

#[test]
fn three_bad_rounds_break_a_soaking_commit_once_the_provider_knows_of_no_rollback() {
    let live = || bed().sees(is_live()).finds_often(3, &runs(OURS));
    assert_eq!(live().finds_often(2, &bad()).finds(runs(OURS)).finds(bad()).verdict().0, Some(Verdict::Live));
    let bad_thrice = live().finds_often(3, &bad());
    assert_eq!(bad_thrice.verdict().0, Some(Verdict::Live), "the provider is asked first");
    assert!(bad_thrice.wants_look());
    let broken = bad_thrice.clone().sees(is_live()).finds(bad());
    assert_eq!(broken.verdict(), (Some(Verdict::Unhealthy), Reason::BrokeWhileSoaking));
    assert_eq!(broken.course().failure.as_ref().map(|failure| failure.phase), Some(Phase::Soaking));
    assert_eq!(broken.told(EventKind::Verdict).last(), Some(&(Some("live"), Some("unhealthy"))));
    let down = bad_thrice.misses(Miss::NoAnswer("down".to_owned())).finds(bad());
    assert_eq!(down.verdict().0, Some(Verdict::Unhealthy), "a provider that is down is not waited for");
}

#[test]
fn an_older_commit_that_goes_live_again_while_soaking_is_a_rollback() {
    let live = || bed().sees(is_live()).finds_often(3, &runs(OURS));
    let gone = || Deployment { is_live: Some(false), ..serving("ours", OURS) };
    let older = || serving("back", OLDER);
    let manual = Deployment { cause: Cause::Rollback, ..serving("back", APART) };
    for back in [older(), manual] {
        let bed = live().sees([back, gone()]);
        assert_eq!(bed.verdict(), (Some(Verdict::RolledBack), Reason::OlderLiveAgain));
        assert!(bed.watch.is_over() && bed.outlook().exit_code == 1);
    }
    let harmless: [Vec<Deployment>; 5] = [
        vec![serving("new", NEWER), gone()],
        vec![serving("ours", OURS), older()],
        vec![older()],
        vec![Deployment { is_live: Some(false), was_live: Some(false), ..older() }, serving("ours", OURS)],
        vec![Deployment { branch: Some("staging".to_owned()), ..older() }, serving("ours", OURS)],
    ];
    for list in harmless {
        assert_eq!(live().sees(list.clone()).verdict().0, Some(Verdict::Live), "{list:?}");
    }
}

#[test]
fn once_a_newer_commit_is_live_what_the_service_says_is_no_break() {
    let live = || bed().sees(is_live()).finds_often(3, &runs(OURS));
    let newer = || vec![serving("new", NEWER), Deployment { is_live: Some(false), ..serving("ours", OURS) }];
    let over = live().sees(newer()).tick();
    assert!(over.watch.is_over() && over.verdict().0 == Some(Verdict::Live), "its own watch looks after it");
    let stranger = vec![serving("new", UNKNOWN), Deployment { is_live: Some(false), ..serving("ours", OURS) }];
    let doubtful = bed().sees(is_live()).sees(stranger).after(400).finds_often(4, &runs(UNKNOWN));
    assert_eq!(doubtful.verdict().0, None, "this clone does not know that commit");
    let wrong = bed().sees(is_live()).after(400).finds_often(2, &runs(UNKNOWN));
    assert_eq!(wrong.verdict(), (Some(Verdict::Unhealthy), Reason::OtherVersionServed));
}

#[test]
fn a_soak_does_not_end_in_the_middle_of_a_break() {
    let live = bed().sees(is_live()).finds_often(3, &runs(OURS)).after(590);
    let ill = live.clone().finds_often(2, &bad()).after(10).tick();
    assert!(!ill.watch.is_over(), "two bad rounds are no break yet, and no health");
    let well = ill.clone().finds(runs(OURS)).after(60).tick();
    assert_eq!((well.watch.is_over(), well.verdict().0), (true, Some(Verdict::Live)));
    assert_eq!(ill.sees(is_live()).finds(bad()).verdict().0, Some(Verdict::Unhealthy));
}

#[test]
fn a_clock_that_is_set_back_silences_nobody() {
    let mut bed = bed().sees(is_live()).finds(runs(OURS));
    bed.now = bed.now - Span::from_mins(60);
    let bed = bed.finds_often(2, &runs(OURS));
    assert_eq!(bed.verdict().0, Some(Verdict::Live));
}

#[test]
fn a_stop_ends_the_soak_for_good() {
    let stopped = bed().sees(is_live()).finds_often(3, &runs(OURS)).give(Input::Stopped);
    assert!(stopped.watch.is_over() && stopped.verdict().0 == Some(Verdict::Live));
    let looked = stopped.sees([serving("back", OLDER)]).finds_often(3, &bad());
    assert_eq!(looked.verdict().0, Some(Verdict::Live));
}

#[test]
fn without_endpoints_nothing_soaks_unless_it_is_asked_for() {
    let bed = Bed::landed().sees(is_live());
    assert!(bed.watch.is_over() && bed.verdict().0 == Some(Verdict::Live));
    let mut plan = checked_plan(Span::from_mins(1));
    let Aim::Targets(targets) = &mut plan.aim else { panic!("a target") };
    targets[0].target.health = targets[0].target.health.take().map(|health| Health { version: None, ..health });
    let bed = Bed::begin(push(Origin::Hook), plan).lands().sees(is_live());
    assert!(!bed.watch.is_over() && bed.verdict().0 == Some(Verdict::Live));
    assert_eq!(
        bed.clone().sees([serving("back", OLDER), ours(State::Replaced)]).verdict().0,
        Some(Verdict::RolledBack)
    );
    assert!(bed.after(70).sees(is_live()).tick().watch.is_over());
}

#[test]
fn a_superseded_commit_is_live_once_the_newer_one_is_well() {
    let superseded = bed().sees([rollout("new", NEWER, State::Building), ours(State::Replaced)]);
    assert_eq!(superseded.verdict().0, Some(Verdict::Superseded));
    let verifying = superseded.sees([serving("new", NEWER), ours(State::Replaced)]).finds_often(2, &runs(NEWER));
    assert_eq!(verifying.verdict().0, Some(Verdict::Superseded));
    let live = verifying.clone().finds(runs(NEWER));
    assert_eq!(live.verdict(), (Some(Verdict::Live), Reason::Contained));
    assert!(live.course().via.is_some() && live.watch.is_over(), "the newer commit soaks in its own watch");
    let ill = verifying.after(400).finds_often(2, &runs(OLDER));
    assert_eq!(ill.verdict().0, Some(Verdict::Unhealthy));
}

#[test]
fn time_asleep_is_added_to_the_time_to_agree_and_to_soak() {
    let slept = bed().sees(is_live()).after(1_000).give(Input::Slept(Span::from_secs(990)));
    assert!(slept.course().checks.as_ref().is_some_and(|checks| checks.next_round <= slept.now));
    assert_eq!(slept.finds_often(3, &bad()).verdict().0, None);
    let soaking = bed().sees(is_live()).finds_often(3, &runs(OURS)).after(1_000);
    let slept = soaking.give(Input::Slept(Span::from_secs(990))).tick();
    assert!(!slept.watch.is_over());
}

#[test]
fn a_source_that_tells_only_what_serves_has_to_say_it_three_times() {
    let says = |commit: &str| {
        let commits = vec![super::bed::mark(commit, crate::watch::Quality::Exact)];
        Seen::default().with(|snapshot| snapshot.live = Some(Live { deployment: None, commits }))
    };
    let once = Bed::landed().sees_all(&says(OURS)).sees_all(&says(OLDER)).sees_all(&says(OURS));
    assert_eq!((once.verdict().0, once.course().phase), (None, Phase::Verifying));
    assert_eq!(once.clone().sees_all(&says(OURS)).sees_all(&says(OURS)).verdict().0, Some(Verdict::Live));
    let through = (0..3).fold(Bed::landed(), |bed, _| bed.sees_all(&says(NEWER)));
    assert_eq!(through.verdict(), (Some(Verdict::Live), Reason::Contained));
    let mut retry = Bed::landed();
    retry.watch.attempt = 2;
    assert_eq!(
        (0..3).fold(retry, |bed, _| bed.sees_all(&says(OURS))).verdict().0,
        Some(Verdict::Live),
        "it serves now"
    );
    let mut way_back = Bed::landed();
    Arc::make_mut(&mut way_back.watch.push).forced = Some(true);
    assert_eq!((0..3).fold(way_back, |bed, _| bed.sees_all(&says(NEWER))).verdict().0, None);
    assert_eq!((0..9).fold(Bed::landed(), |bed, _| bed.sees_all(&says(OLDER))).verdict().0, None);
    assert!(at(0) < once.now);
}
