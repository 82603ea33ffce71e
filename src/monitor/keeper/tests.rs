//! The keeper's decisions, without a clock, a network or a disk.

use super::*;
use crate::insight::Habits;
use crate::push::{RefName, RemoteName};
use crate::watch::{
    Aim, Aimed, Beginning, Check, Database, DatabaseUrl, Deployment, Endpoint, Finding, Health, Kin, LandingSeen,
    LogState, Misheard, Origin, Outcome, Particulars, Plan, Policy, Proof, Push, Reason, Relation, Snapshot, State,
    Table, TokenSource, Verdict,
};

const START: Timestamp = Timestamp::from_secs(1_790_000_000);

impl Keeper {
    fn hear(&mut self, happening: Happening, now: Timestamp) -> Vec<Action> {
        self.handle([happening], now)
    }
}

fn after(seconds: i64) -> Timestamp {
    START + Span::from_secs(seconds)
}

fn sha(digit: char) -> Sha {
    digit.to_string().repeat(40).parse().expect("an object id")
}

fn target(app: &str) -> Target {
    Target {
        name: TargetName::new(app),
        provider: "digitalocean".to_owned(),
        app: app.to_owned(),
        base_url: "http://127.0.0.1:1".to_owned(),
        token: TokenSource::Chain,
        paths: Vec::new(),
        environment: None,
        health: None,
        database: None,
        particulars: Particulars::default(),
    }
}

fn landed(digit: char, app: &str) -> Happening {
    opened(digit, Aim::Targets(vec![Aimed { target: target(app), untouched: false, habits: Habits::default() }]))
}

fn opened(digit: char, aim: Aim) -> Happening {
    let push = Push {
        at: START,
        remote: RemoteName::new("origin"),
        url: None,
        ref_name: RefName::of_branch("main"),
        old: None,
        commits: None,
        forced: None,
        origin: Origin::Reflog,
        git: None,
        moved: false,
    };
    let id = RequestId::of_reflog(&sha(digit), START);
    let beginning = Beginning { id, sha: sha(digit), attempt: 1, push, subject: None, worktree: None, boot: None };
    let begun = Watch::begin(beginning, Plan { aim, policy: Policy::default(), warnings: Vec::new() }, START);
    Happening::Opened(Arc::new(begun.watch), begun.happened)
}

/// A push that the hook noted, by the name of its request. Nothing proves that it landed.
fn noted(git_gone: bool) -> (RequestId, Happening) {
    let Happening::Opened(watch, events) = landed('1', "web") else { unreachable!("made so above") };
    let mut watch = Watch::clone(&watch);
    watch.landing = crate::watch::Landing::Unproven { git_gone };
    Arc::make_mut(&mut watch.push).origin = Origin::Hook;
    (watch.id.clone(), Happening::Opened(Arc::new(watch), events))
}

fn rollout(digit: char, state: State) -> Deployment {
    Deployment {
        id: format!("d-{digit}"),
        state,
        raw_state: format!("{state:?}"),
        commits: vec![crate::watch::CommitMark {
            sha: sha(digit).as_str().to_owned(),
            quality: crate::watch::Quality::Exact,
            part: None,
        }],
        branch: Some("main".to_owned()),
        environment: None,
        created_at: Some(START),
        updated_at: None,
        is_live: Some(state == State::Succeeded),
        was_live: None,
        cause: crate::watch::Cause::Push,
        done_steps: None,
        step: None,
        reason: None,
        url: None,
    }
}

fn looked(app: &str, deployments: Vec<Deployment>, at: Timestamp) -> Happening {
    let snapshot = Snapshot { observed_at: at, deployments, ..Snapshot::default() };
    let ids = "123".chars().map(|digit| (RequestId::of_reflog(&sha(digit), START), Arc::default()));
    Happening::Looked(
        Place::App(Box::new(App::of(&target(app)))),
        Ok(Box::new(Seen { answer: Answered::Deployments(Arc::new(snapshot)), kin: ids.collect() })),
    )
}

/// What is to be done, one word each, in the order it was said.
fn words(actions: &[Action]) -> Vec<String> {
    let word = |action: &Action| match action {
        Action::Save { watch, .. } => format!("save {}", &watch.sha.as_str()[..1]),
        Action::Send(Errand::Prove { .. }) => "prove".to_owned(),
        Action::Send(Errand::Look { target, want, .. }) => format!("look {} for {}", target.name, want.commits.len()),
        Action::Send(Errand::FetchLog { target, .. }) => format!("log {target}"),
        Action::Send(Errand::Reconfigure(_)) => "reconfigure".to_owned(),
    };
    actions.iter().map(word).collect()
}

/// The verdicts that are to be saved, by commit.
fn verdicts(actions: &[Action]) -> Vec<(char, Option<Verdict>)> {
    let saved = actions.iter().filter_map(|action| match action {
        Action::Save { watch, .. } => Some((watch.sha.as_str().chars().next()?, crate::watch::outlook(watch).verdict)),
        Action::Send(_) => None,
    });
    saved.collect()
}

#[test]
fn all_watches_of_an_app_share_one_look_and_its_answer() {
    let mut keeper = Keeper::default();
    assert_eq!(words(&keeper.hear(landed('1', "web"), START)), ["save 1", "look web for 1"]);
    // A look is under way: the second watch waits for its answer instead of asking beside it.
    assert_eq!(words(&keeper.hear(landed('2', "web"), START)), ["save 2"]);
    assert_eq!(words(&keeper.hear(landed('3', "api"), START)), ["save 3", "look api for 1"]);
    let at = START + Span::from_secs(1);
    let running = vec![rollout('2', State::Building), rollout('1', State::Building)];
    keeper.hear(looked("web", running, at), at);
    let due = keeper.next_due().expect("two watches of web wait");
    assert_eq!(words(&keeper.hear(Happening::Clock, due + Span::from_secs(60))), ["look web for 2"]);
}

#[test]
fn who_waits_for_another_commit_is_not_told_the_same_again_before_its_time() {
    let mut keeper = Keeper::default();
    let mut asked = keeper.handle([landed('1', "web"), landed('2', "web")], START);
    let mut kin = Kin::default();
    kin.set(sha('2').as_str(), Relation::Contains);
    let kin = [(sha('1'), Arc::new(kin)), (sha('2'), Arc::default())];
    let mut told = |state, seconds| {
        if let Some(second) = keeper.of_commit(&sha('2')).cloned() {
            // Somebody asks for it, so that there is a look.
            asked.extend(keeper.hear(Happening::Revisited(second), after(seconds)));
        }
        let audience = asked.drain(..).find_map(|action| match action {
            Action::Send(Errand::Look { audience, .. }) => Some(audience),
            _ => None,
        });
        let Happening::Looked(place, Ok(mut seen)) = looked("web", vec![rollout('2', state)], after(seconds)) else {
            unreachable!("made so above")
        };
        let told = audience.expect("a look").of(&seen.answer);
        let kin = |watch: &Arc<Watch>| kin.iter().find(|(sha, _)| *sha == watch.sha).map(|(_, kin)| Arc::clone(kin));
        seen.kin = told.iter().map(|watch| (watch.id.clone(), kin(watch).expect("one of two"))).collect();
        let actions = keeper.hear(Happening::Looked(place, Ok(seen)), after(seconds));
        words(&actions).into_iter().filter(|word| word.starts_with("save")).collect::<Vec<_>>()
    };
    assert_eq!(told(State::Building, 1), ["save 1", "save 2"]);
    assert_eq!(told(State::Building, 4), ["save 2"]);
    assert_eq!(told(State::Deploying, 5), ["save 1", "save 2"], "that is news");
    assert_eq!(told(State::Deploying, 9), ["save 2"]);
    assert_eq!(told(State::Deploying, 15), ["save 1", "save 2"], "its own look is due");
    assert_eq!(told(State::Succeeded, 16), ["save 1", "save 2"]);
}

#[test]
fn no_app_is_asked_twice_while_another_waits() {
    // The first three answer late, each at its own pace.
    let apps: Vec<String> = (0..30).map(|number| format!("app{number}")).collect();
    let latency =
        |app: usize| Span::from_millis(if app < 3 { 7_000 + 1_000 * i64::try_from(app).unwrap_or(0) } else { 100 });
    let place = |app: &str| Place::App(Box::new(App::of(&target(app))));
    let mut keeper = Keeper::default();
    let mut asked = vec![Vec::new(); apps.len()];
    let mut answers = BTreeSet::new();
    let mut now = START;
    let mut happened: Vec<Happening> =
        apps.iter().flat_map(|app| ['1', '2', '3'].map(|commit| begun_at(commit, app))).collect();
    while now < START + Span::from_mins(4) {
        let actions = keeper.handle(std::mem::take(&mut happened), now);
        let looks = actions.iter().filter_map(|action| match action {
            Action::Send(Errand::Look { place, .. }) => Some(place.clone()),
            _ => None,
        });
        for look in looks {
            let app = apps.iter().position(|app| place(app) == look).expect("one of ours");
            asked[app].push(now);
            answers.insert((now + latency(app), app));
        }
        // Whatever is due is being asked: nobody stands behind anybody.
        for (_, living) in keeper.watches.iter() {
            let waits = living.sources().filter(|(course, source, _)| living.watch.wants_look(course, *source, now));
            assert!(waits.into_iter().all(|(.., place)| keeper.places[place].is_asking), "{:?} waits", living.watch.id);
        }
        let answered = answers.first().map(|(at, _)| *at);
        now = answered.into_iter().chain(keeper.next_due()).min().expect("something goes on").max(now);
        while let Some((at, app)) = answers.first().copied().filter(|(at, _)| *at <= now) {
            answers.pop_first();
            let kin = keeper.watches.iter().map(|(_, living)| (living.watch.id.clone(), Arc::default())).collect();
            let snapshot = Arc::new(Snapshot { observed_at: at, ..Snapshot::default() });
            let seen = Seen { answer: Answered::Deployments(snapshot), kin };
            happened.push(Happening::Looked(place(&apps[app]), Ok(Box::new(seen))));
        }
    }
    assert!(asked[..3].iter().all(|times| times.len() > 3), "the slow ones are asked as well");
    assert!(asked[3..].windows(2).all(|pair| pair[0].len() == pair[1].len()), "all others alike: {asked:?}");
}

/// Each commit is watched on its own at this app.
fn begun_at(commit: char, app: &str) -> Happening {
    let Happening::Opened(watch, events) = landed(commit, app) else { unreachable!("made so above") };
    let mut watch = Watch::clone(&watch);
    let name = format!(
        "{:032x}.{}",
        app.bytes().fold(u128::from(u32::from(commit)), |sum, byte| sum * 256 + u128::from(byte)),
        watch.sha
    );
    watch.id = RequestId::of_file_name(&name).expect("a name");
    Happening::Opened(Arc::new(watch), events)
}

#[test]
fn a_verdict_ends_the_watch_and_the_last_one_leaves_nothing_to_do() {
    let mut keeper = Keeper::default();
    keeper.hear(landed('1', "web"), START);
    let actions = keeper.hear(looked("web", vec![rollout('1', State::Succeeded)], START), START);
    assert_eq!(verdicts(&actions), [('1', Some(Verdict::Live))]);
    assert!(keeper.is_idle());
    assert_eq!(keeper.next_due(), None);
}

#[test]
fn a_failed_deployment_is_kept_until_its_log_is_settled() {
    let mut keeper = Keeper::default();
    keeper.hear(landed('1', "web"), START);
    let actions = keeper.hear(looked("web", vec![rollout('1', State::Failed)], START), START);
    assert_eq!(words(&actions).last().map(String::as_str), Some("log web"));
    assert!(!keeper.is_idle());
    let id = RequestId::of_reflog(&sha('1'), START);
    keeper.hear(Happening::Logged(id, TargetName::new("web"), LogState::None), START);
    assert!(keeper.is_idle());
}

#[test]
fn after_a_sleep_everything_is_looked_at_before_a_deadline_is_judged() {
    let mut keeper = Keeper::default();
    keeper.hear(landed('1', "web"), START);
    keeper.hear(looked("web", Vec::new(), START), START);
    let morning = START + Span::from_hours(10);
    let actions = keeper.hear(Happening::Slept(Span::from_hours(1)), morning);
    assert_eq!(words(&actions), ["save 1", "look web for 1"]);
    assert!(verdicts(&actions).iter().all(|(_, verdict)| verdict.is_none()));
    // Hours late by the clock, and yet the answer decides, not the deadline.
    let actions = keeper.hear(looked("web", vec![rollout('1', State::Succeeded)], morning), morning);
    assert_eq!(verdicts(&actions).last(), Some(&('1', Some(Verdict::Live))));
}

#[test]
fn a_clock_that_was_set_back_does_not_put_a_look_off() {
    let mut keeper = Keeper::default();
    keeper.hear(landed('1', "web"), START);
    keeper.hear(looked("web", Vec::new(), START), START);
    let yesterday = START - Span::from_hours(24);
    assert_eq!(words(&keeper.hear(Happening::Clock, yesterday)), Vec::<String>::new(), "the control: it is not due");
    let actions = keeper.hear(Happening::Slept(yesterday.since(START)), yesterday);
    assert_eq!(words(&actions).last().map(String::as_str), Some("look web for 1"));
    assert!(verdicts(&actions).iter().all(|(_, verdict)| verdict.is_none()));
}

#[test]
fn a_landing_is_proven_once_at_a_time() {
    let mut keeper = Keeper::default();
    let (id, opened) = noted(false);
    let actions = keeper.hear(opened, START);
    assert_eq!(words(&actions)[..2], ["save 1", "prove"]);
    let later = START + Span::from_secs(20);
    assert!(!words(&keeper.hear(Happening::Clock, later)).contains(&"prove".to_owned()));
    keeper.hear(Happening::Landing(id, LandingSeen::Proven(Proof::TrackingRef)), later);
    let due = keeper.next_due().expect("the deployment is waited for");
    assert_eq!(words(&keeper.hear(Happening::Clock, due)), ["look web for 1"]);
}

#[test]
fn the_remote_is_asked_again_as_soon_as_it_must_have_settled() {
    let mut keeper = Keeper::default();
    let (id, opened) = noted(true);
    let asked = |actions: Vec<Action>| {
        actions.iter().any(|action| matches!(action, Action::Send(Errand::Prove { ask_remote: true, .. })))
    };
    let mut times = Vec::new();
    let mut now = START;
    let mut actions = keeper.hear(opened, now);
    while now < START + Span::from_secs(60) {
        if asked(actions) {
            times.push(now.since(START).as_secs());
        }
        keeper.hear(Happening::Landing(id.clone(), LandingSeen::GitGone), now);
        keeper.hear(looked("web", Vec::new(), now), now);
        now = keeper.next_due().expect("the landing is not proven");
        actions = keeper.hear(Happening::Clock, now);
    }
    // With the look that falls due then, and only from time to time after that.
    assert!(matches!(times[..], [0, 15..20, 45..60]), "{times:?}");
}

#[test]
fn what_waits_for_the_user_is_read_anew_when_a_request_comes() {
    let mut keeper = Keeper::default();
    let trouble = || Aim::Trouble(Reason::NotConfigured, "no target".to_owned());
    keeper.hear(opened('1', trouble()), START);
    let id = RequestId::of_reflog(&sha('1'), START);
    let plan = |aim| Box::new(Plan { aim, policy: Policy::default(), warnings: Vec::new() });
    keeper.hear(Happening::Configured(id.clone(), plan(trouble())), START);
    assert_eq!(words(&keeper.hear(Happening::Nudged, START)), ["reconfigure"]);
    assert!(keeper.hear(Happening::Nudged, START).is_empty());
    let aim = Aim::Targets(vec![Aimed { target: target("web"), untouched: false, habits: Habits::default() }]);
    let actions = keeper.hear(Happening::Configured(id, plan(aim)), START);
    assert_eq!(words(&actions), ["save 1", "look web for 1"]);
}

#[test]
fn while_the_configuration_is_read_no_look_is_due() {
    let mut keeper = Keeper::default();
    keeper.hear(landed('1', "web"), START);
    let missing = Miss::Misheard(Misheard::NotFound("no app web".to_owned()));
    let place = Place::App(Box::new(App::of(&target("web"))));
    keeper.hear(Happening::Looked(place, Err(missing)), START);
    let due = keeper.next_due().expect("it is tried again");
    assert_eq!(words(&keeper.hear(Happening::Clock, due)), ["reconfigure"]);
    assert!(keeper.next_due().is_some_and(|next| next > due), "or the monitor would turn on the spot");
}

#[test]
fn a_decided_watch_somebody_asks_about_is_looked_at_once_and_let_go() {
    let mut keeper = Keeper::default();
    keeper.hear(landed('1', "web"), START);
    let stopped = keeper.hear(Happening::Stopped(None), START);
    keeper.hear(looked("web", Vec::new(), START), START);
    let Some(Action::Save { watch, .. }) = stopped.into_iter().next() else { panic!("stopping changes the watch") };
    assert!(keeper.is_idle());
    assert_eq!(words(&keeper.hear(Happening::Revisited(watch), START)), ["look web for 1"]);
    keeper.hear(looked("web", Vec::new(), START), START);
    assert!(keeper.is_idle());
}

#[test]
fn a_look_that_brings_nothing_is_a_miss_for_each_watch_and_the_end_of_none() {
    let mut keeper = Keeper::default();
    keeper.hear(landed('1', "web"), START);
    let miss = Miss::Misheard(Misheard::Garbled("HTML".to_owned()));
    let actions = keeper.hear(Happening::Looked(Place::App(Box::new(App::of(&target("web")))), Err(miss)), START);
    assert_eq!(verdicts(&actions), [('1', None)]);
    assert!(keeper.next_due().is_some_and(|due| due > START));
}

#[test]
fn targets_that_are_asked_differently_share_no_look() {
    let mut keeper = Keeper::default();
    let mut runs = target("web");
    runs.particulars.workflow = Some("deploy.yml".to_owned());
    let environment = Target { environment: Some("production".to_owned()), ..target("web") };
    for (digit, target) in [('1', runs), ('2', environment)] {
        let aim = Aim::Targets(vec![Aimed { target: target.clone(), untouched: false, habits: Habits::default() }]);
        let actions = keeper.hear(opened(digit, aim), START);
        let looks = actions.iter().filter_map(|action| match action {
            Action::Send(Errand::Look { place, want, .. }) => {
                Some((place.clone(), want.commits.len(), want.branches.clone()))
            }
            _ => None,
        });
        let expected = [(Place::App(Box::new(App::of(&target))), 1, vec!["main".to_owned()])];
        assert_eq!(looks.collect::<Vec<_>>(), expected);
    }
    let renamed = Target { name: TargetName::new("other"), paths: vec!["web/**".to_owned()], ..target("web") };
    assert_eq!(App::of(&renamed), App::of(&target("web")));
}

/// A watch whose target has a table and an endpoint beside its provider, opened.
fn with_all_sources() -> Happening {
    let database = Database { url: DatabaseUrl::Told(TokenSource::Chain), ca: None, table: Table::default() };
    let ready = Some(Endpoint { url: "http://127.0.0.1:1/ready".to_owned(), html: false });
    let (within, soak) = (Span::from_mins(5), Span::from_mins(10));
    let health = Some(Health { live: None, ready, version: None, within, soak });
    let target = Target { database: Some(database), health, ..target("web") };
    opened('1', Aim::Targets(vec![Aimed { target, untouched: false, habits: Habits::default() }]))
}

/// The places that are to be asked.
fn places(actions: &[Action]) -> Vec<&'static str> {
    let place = |action: &Action| match action {
        Action::Send(Errand::Look { place: Place::Table(_), .. }) => Some("table"),
        Action::Send(Errand::Look { place: Place::App(_), .. }) => Some("app"),
        Action::Send(Errand::Look { place: Place::Endpoints(_), .. }) => Some("endpoints"),
        _ => None,
    };
    actions.iter().filter_map(place).collect()
}

fn place_of(keeper: &Keeper, source: Source) -> Place {
    let watch = &keeper.watches.iter().next().expect("a watch").1.watch;
    Place::of(&watch.courses[0].target, source).expect("it has this source")
}

/// A round of the endpoints that went so.
fn round(keeper: &Keeper, outcome: Outcome, at: Timestamp) -> Happening {
    let finding = Finding { check: Check::Ready, outcome, observed_at: at, latency: Span::ZERO };
    let kin = keeper.watches.iter().map(|(_, living)| (living.watch.id.clone(), Arc::default())).collect();
    let seen = Seen { answer: Answered::Round(vec![finding]), kin };
    Happening::Looked(place_of(keeper, Source::Health), Ok(Box::new(seen)))
}

fn is_asked(keeper: &Keeper, place: &Place) -> bool {
    keeper.places.find(place).is_some_and(|place| keeper.places[place].is_asking)
}

#[test]
fn the_table_is_asked_first_and_a_slow_source_holds_up_no_other() {
    let mut keeper = Keeper::default();
    let actions = keeper.hear(with_all_sources(), START);
    assert_eq!(places(&actions), ["table", "app"]);
    // The table does not answer, and the provider is asked again and again all the same.
    let mut now = START;
    for _ in 0..5 {
        assert!(places(&keeper.hear(looked("web", Vec::new(), now), now)).is_empty());
        now = keeper.next_due().expect("the next look");
        assert_eq!(places(&keeper.hear(Happening::Clock, now)), ["app"]);
    }
}

#[test]
fn nor_does_it_where_somebody_waits_for_all_of_them() {
    let mut keeper = Keeper::default();
    keeper.hear(with_all_sources(), START);
    keeper.hear(Happening::Slept(Span::from_mins(1)), START);
    keeper.hear(looked("web", Vec::new(), START), START);
    let due = keeper.next_due().expect("the next look");
    assert_eq!(places(&keeper.hear(Happening::Clock, due)), ["app"], "or it would be due for ever");
}

#[test]
fn an_endpoint_that_fails_while_it_soaks_has_the_provider_asked_before_anything_else() {
    let mut keeper = Keeper::default();
    keeper.hear(with_all_sources(), START);
    let table = place_of(&keeper, Source::Database);
    keeper.hear(Happening::Looked(table, Err(Miss::NoAnswer("down".to_owned()))), START);
    keeper.hear(looked("web", vec![rollout('1', State::Succeeded)], START), START);
    let mut now = START;
    while keeper.watches.iter().any(|(_, living)| !living.watch.is_decided()) {
        now += Span::from_secs(1);
        let actions = keeper.hear(Happening::Clock, now);
        if places(&actions).contains(&"app") {
            keeper.hear(looked("web", vec![rollout('1', State::Succeeded)], now), now);
        }
        keeper.hear(round(&keeper, Outcome::Good, now), now);
    }
    now += Span::from_secs(1);
    let actions = keeper.hear(round(&keeper, Outcome::Bad("answers 500".to_owned()), now), now);
    assert_eq!(places(&actions), ["app"], "{actions:?}");
}

#[test]
fn a_deadline_ends_a_watch_whose_sources_give_no_answer() {
    let mut keeper = Keeper::default();
    keeper.hear(with_all_sources(), START);
    let mut now = START;
    for _ in 0..10_000 {
        for source in [Source::Database, Source::Provider] {
            let place = place_of(&keeper, source);
            if is_asked(&keeper, &place) {
                keeper.hear(Happening::Looked(place, Err(Miss::NoAnswer("down".to_owned()))), now);
            }
            if keeper.is_idle() {
                assert!(now.since(START) < Span::from_mins(100), "{now}");
                return;
            }
        }
        now = keeper.next_due().expect("something is always due").max(now + Span::from_millis(1));
        keeper.hear(Happening::Clock, now);
    }
    panic!("the watch never ends");
}

#[test]
fn a_source_that_never_answers_holds_up_a_deadline_no_longer_than_a_look_may_take() {
    let mut keeper = Keeper::default();
    keeper.hear(with_all_sources(), START);
    let deadline = keeper.watches.iter().map(|(_, living)| living.watch.deadline).max().expect("a watch");
    let mut now = START;
    let mut ended = Vec::new();
    while keeper.watches.iter().any(|(_, living)| !living.watch.is_over()) {
        // The provider fails each time; the table's look never comes back.
        let provider = place_of(&keeper, Source::Provider);
        if is_asked(&keeper, &provider) {
            ended = keeper.hear(Happening::Looked(provider, Err(Miss::NoAnswer("down".to_owned()))), now);
        } else {
            now = keeper.next_due().expect("something is always due").max(now + Span::from_millis(1));
            assert!(now <= deadline + LONGEST_LOOK, "{now}");
            ended = keeper.hear(Happening::Clock, now);
        }
    }
    assert!(now > deadline, "the look under way may still bring the answer");
    assert_eq!(verdicts(&ended).last(), Some(&('1', Some(Verdict::Unobservable))));
}

#[test]
fn a_stop_stands_whatever_was_asked_before_it_and_comes_back_later() {
    type Later = fn(Timestamp) -> Happening;
    let at = |secs| START + Span::from_secs(secs);
    let later: [(&str, Later); 3] = [
        ("a look", |now| looked("web", vec![rollout('1', State::Building)], now)),
        ("a sleep", |_| Happening::Slept(Span::from_secs(60))),
        ("time", |_| Happening::Clock),
    ];
    for is_asked_for in [false, true] {
        for first in later {
            for second in later {
                for third in later {
                    let order = format!("{} {} {}", first.0, second.0, third.0);
                    let mut keeper = Keeper::default();
                    keeper.hear(landed('1', "web"), START);
                    let watch = Arc::clone(keeper.of_commit(&sha('1')).expect("a watch"));
                    if is_asked_for {
                        keeper.hear(Happening::Revisited(watch), at(1));
                    }
                    let stopped = keeper.hear(Happening::Stopped(Some(sha('1'))), at(2));
                    assert_eq!(verdicts(&stopped), [('1', Some(Verdict::Stopped))], "{order}");
                    for (now, (_, what)) in (3..).zip([first, second, third]) {
                        let actions = keeper.hear(what(at(now)), at(now));
                        assert_eq!(words(&actions), Vec::<String>::new(), "{order}");
                    }
                }
            }
        }
    }
}
