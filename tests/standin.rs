//! The stand-in provider, looked at through the real adapter and the real HTTP client.

use std::path::Path;

use afterpush::host::exchange::Exchange;
use afterpush::host::http::Http;
use afterpush::host::secrets::{Bound, Holder};
use afterpush::provider::{Heard, Provider, Want, by_name};
use afterpush::standin::{Order, Overlap, Pace, Recipe, Stage, StandIn, Trouble};
use afterpush::watch::{
    Deployment, Log, Misheard, Particulars, Quality, Snapshot, State, Target, TargetName, TokenSource,
};
use afterpush::wire::{Answer, Ask, Secret, origin};

const OURS: &str = "9a4df0b8e161e323bc3cdf1dc71878080fe144fa";
const NEWER: &str = "2222222222222222222222222222222222222222";

/// A stand-in with an app, and what is needed to look at it.
struct Scene {
    standin: StandIn,
    http: Http,
    want: Want,
    token: String,
}

impl Scene {
    fn new() -> Self {
        let standin = StandIn::start().expect("a free port");
        standin.world().add_app("shop", "main");
        let token = standin.world().token();
        Self { standin, http: Http::new(), want: Want::default(), token }
    }

    fn push(&self, sha: &str, recipe: Recipe) {
        self.standin.world().push("shop", sha, recipe).expect("the app is there");
    }

    fn target(&self) -> Target {
        Target {
            name: TargetName::new("web"),
            provider: "digitalocean".to_owned(),
            app: "shop".to_owned(),
            base_url: self.standin.url().to_owned(),
            token: TokenSource::Chain,
            paths: Vec::new(),
            environment: None,
            health: None,
            database: None,
            particulars: Particulars::default(),
        }
    }

    async fn ask(&self, ask: &Ask) -> Answer {
        let origin = origin(self.standin.url()).expect("a URL");
        let bound = Bound { origin, secret: Secret::new(&self.token), from: Holder::Variable("STAND_IN".to_owned()) };
        let exchange = Exchange { carrier: &self.http, credential: Some(&bound), folder: Path::new("/") };
        exchange.perform(ask).await.expect("the stand-in answers")
    }

    async fn look(&mut self) -> Result<Snapshot, Misheard> {
        let (provider, target) = (provider(), self.target());
        let (mut ask, mut answers) = (provider.ask(&target, &self.want), Vec::new());
        loop {
            answers.push(self.ask(&ask).await);
            match provider.hear(&target, &self.want, &answers)? {
                Heard::Ask(next) => ask = next,
                Heard::Seen(snapshot) => {
                    self.want.memo = snapshot.memo.clone();
                    return Ok(snapshot);
                }
            }
        }
    }

    async fn log(&self, deployment: &Deployment) -> Log {
        let (provider, target) = (provider(), self.target());
        let mut ask = provider.ask_log(&target, &self.want, deployment).expect("there are logs");
        let mut answers = Vec::new();
        loop {
            answers.push(self.ask(&ask).await);
            match provider.hear_log(&target, &self.want, deployment, &answers).expect("a good answer") {
                Heard::Ask(next) => ask = next,
                Heard::Seen(log) => return log,
            }
        }
    }

    async fn states(&mut self) -> Vec<State> {
        self.look().await.expect("a good answer").deployments.iter().map(|deployment| deployment.state).collect()
    }
}

fn provider() -> &'static dyn Provider {
    by_name("digitalocean").expect("it is in the registry")
}

#[tokio::test]
async fn a_push_appears_late_and_goes_live_stage_by_stage() {
    let mut scene = Scene::new();
    scene.push(OURS, Recipe::live().late(1));
    assert_eq!(scene.states().await, []);
    let queued = scene.look().await.unwrap();
    assert_eq!(
        (queued.deployments[0].state, queued.deployments[0].commits[0].quality),
        (State::Queued, Quality::Prefix)
    );
    for state in [State::Building, State::Deploying, State::Succeeded, State::Succeeded] {
        assert_eq!(scene.states().await, [state]);
    }
    let live = scene.look().await.unwrap();
    assert_eq!(live.deployments[0].commits[0].sha, OURS);
    assert_eq!((&live.page, &live.deployments[0].url), (&None, &None), "the real provider's pages do not show it");
    assert_eq!((live.deployments[0].is_live, live.deployments[0].done_steps), (Some(true), Some((6, 6))));
    assert!(live.provider_clock.is_some() && live.rate.remaining.is_some_and(|left| left < 5000));
}

#[tokio::test]
async fn a_failure_has_its_reason_and_its_log_which_is_asked_without_the_token() {
    for (recipe, in_build) in [
        (Recipe::failing_build(&["web npm ERR! code 1"]), true),
        (Recipe::failing_deploy(&["web npm ERR! code 1"]), false),
    ] {
        let mut scene = Scene::new();
        scene.push(OURS, recipe);
        (0..4).for_each(|_| scene.standin.world().step("shop").unwrap());
        let failed = scene.look().await.unwrap().deployments.remove(0);
        assert_eq!((failed.state, failed.reason.as_ref().unwrap().in_build), (State::Failed, Some(in_build)));
        assert_eq!(scene.log(&failed).await.text, "web npm ERR! code 1\n");
        let asked = scene.standin.world().heard_by_logs();
        assert_eq!((asked.len(), asked[0].has_credential), (1, false));
        assert!(scene.standin.world().heard().iter().all(|asked| asked.has_credential), "the control");
    }
}

#[tokio::test]
async fn a_second_push_takes_over_and_a_live_one_is_superseded_too() {
    let mut scene = Scene::new();
    scene.standin.world().pace("shop", Pace::ByHand).unwrap();
    scene.push(OURS, Recipe::live());
    scene.standin.world().step("shop").unwrap();
    scene.push(NEWER, Recipe::of([Stage::Active]));
    let never_live = scene.look().await.unwrap().deployments.remove(1);
    assert_eq!((never_live.state, never_live.was_live), (State::Replaced, Some(false)));
    scene.standin.world().obey(Order::RollBack { app: "shop".to_owned(), sha: OURS.to_owned() }).unwrap();
    scene.standin.world().step("shop").unwrap();
    let was_live = scene.look().await.unwrap().deployments.remove(1);
    assert_eq!((was_live.state, was_live.was_live), (State::Replaced, Some(true)));
    scene.standin.world().overlap("shop", Overlap::Cancel).unwrap();
    scene.push("3".repeat(40).as_str(), Recipe::of([Stage::Other("PONDERING".to_owned())]));
    scene.push("4".repeat(40).as_str(), Recipe::live());
    assert_eq!(scene.states().await[..2], [State::Queued, State::Canceled]);
}

type Meant = fn(&Misheard) -> bool;

#[tokio::test]
async fn every_trouble_is_understood_and_ends() {
    let mut scene = Scene::new();
    let cases: [(Trouble, Meant); 7] = [
        (Trouble::Unauthorized, |m| matches!(m, Misheard::Denied(_))),
        (Trouble::Forbidden, |m| matches!(m, Misheard::Forbidden(_))),
        (Trouble::NotFound, |m| matches!(m, Misheard::NotFound(_))),
        (Trouble::Throttled("7".to_owned()), |m| matches!(m, Misheard::Throttled { until: Some(_) })),
        (Trouble::Down, |m| matches!(m, Misheard::Down(_))),
        (Trouble::Html, |m| matches!(m, Misheard::Garbled(_))),
        (Trouble::Torn, |m| matches!(m, Misheard::Garbled(_))),
    ];
    for (trouble, is_meant) in cases {
        // An app that is gone is looked up by its name once more.
        let times = if trouble == Trouble::NotFound && !scene.want.memo.0.is_null() { 2 } else { 1 };
        scene.standin.world().trouble(trouble, times);
        let misheard = scene.look().await.unwrap_err();
        assert!(is_meant(&misheard), "{misheard:?}");
        assert!(scene.look().await.is_ok(), "after {misheard:?}");
    }
    scene.token = "another".to_owned();
    assert!(matches!(scene.look().await, Err(Misheard::Denied(_))));
}

#[tokio::test]
async fn a_regular_look_is_one_question_and_older_deployments_take_more() {
    let mut scene = Scene::new();
    scene.standin.world().pace("shop", Pace::ByHand).unwrap();
    (0..30).for_each(|number| scene.push(&format!("{number:040x}"), Recipe::of([Stage::Active])));
    scene.look().await.unwrap();
    let before = scene.standin.world().heard().len();
    let short = scene.look().await.unwrap();
    assert_eq!((scene.standin.world().heard().len() - before, short.deployments.len()), (1, 20));
    assert!(short.reaches_back_to.is_some());
    scene.want.back_to = Some(afterpush::base::Timestamp::from_secs(0));
    let long = scene.look().await.unwrap();
    assert_eq!((long.deployments.len(), long.reaches_back_to), (30, None));
}

#[tokio::test]
async fn a_pinned_app_and_a_clock_that_is_wrong_are_seen() {
    let mut scene = Scene::new();
    scene.push(OURS, Recipe::of([Stage::Active]));
    for json in [r#"{"pin": {"app": "shop", "pinned": true}}"#, r#"{"skew": {"seconds": 7200}}"#] {
        scene.standin.world().obey(serde_json::from_str(json).unwrap()).unwrap();
    }
    let snapshot = scene.look().await.unwrap();
    assert!(snapshot.frozen.is_some());
    let ahead = snapshot.provider_clock.unwrap().since(snapshot.observed_at).as_secs();
    assert!((7100..7300).contains(&ahead), "{ahead}");
}
