//! The one contract test of all providers: each has these recorded conversations, and they mean the same.

use afterpush::provider::{ALL, Address, Credential, Heard, Provider, Want};
use afterpush::watch::{Deployment, Misheard, Snapshot, State};

use super::fixture::{self, Fixture};

/// What a conversation must mean.
enum Means {
    /// A good answer without a deployment of the commit.
    Absent,
    /// A deployment of the commit in this state.
    State(State),
    /// No answer about deployments, of this kind.
    Trouble(fn(&Misheard) -> bool),
}

use Means::{Absent, Trouble};

/// The conversations every provider has.
const REQUIRED: &[(&str, Means)] = &[
    ("absent", Absent),
    ("queued", Means::State(State::Queued)),
    ("building", Means::State(State::Building)),
    ("deploying", Means::State(State::Deploying)),
    ("live", Means::State(State::Succeeded)),
    ("failed", Means::State(State::Failed)),
    ("cancelled", Means::State(State::Canceled)),
    ("unknown_phase", Means::State(State::Unknown)),
    ("denied", Trouble(|misheard| matches!(misheard, Misheard::Denied(_)))),
    ("forbidden", Trouble(|misheard| matches!(misheard, Misheard::Forbidden(_)))),
    ("not_found", Trouble(|misheard| matches!(misheard, Misheard::NotFound(_)))),
    ("throttled", Trouble(|misheard| matches!(misheard, Misheard::Throttled { until: Some(_) }))),
    ("down", Trouble(|misheard| matches!(misheard, Misheard::Down(_)))),
    ("garbled", Trouble(|misheard| matches!(misheard, Misheard::Garbled(_)))),
];

/// The conversations that cannot be had with a provider, and why.
const IMPOSSIBLE: &[(&str, &str, &str)] = &[
    ("github", "deploying", "a run does not tell its parts; deployments do, see environment_deploying"),
    ("command", "forbidden", "an exit code has one way to say no, which is told as denied"),
    ("command", "not_found", "a command that is not there does not answer"),
    ("command", "throttled", "a command has no limit that it could tell of"),
];

/// The conversations of a provider that can be had.
fn required(provider: &dyn Provider) -> impl Iterator<Item = &'static (&'static str, Means)> {
    let own: Vec<_> = IMPOSSIBLE.iter().filter(|(named, ..)| *named == provider.name()).collect();
    REQUIRED.iter().filter(move |(name, _)| own.iter().all(|(_, impossible, _)| impossible != name))
}

#[test]
fn what_cannot_be_said_is_not_recorded() {
    for (provider, name, why) in IMPOSSIBLE {
        assert!(REQUIRED.iter().any(|(required, _)| required == name), "{name}");
        assert!(!fixture::names(provider).contains(&(*name).to_owned()), "{provider}/{name} is there, though {why}");
    }
}

#[test]
fn every_provider_understands_the_required_conversations() {
    for provider in ALL {
        for (name, means) in required(*provider) {
            let fixture = Fixture::read(*provider, name);
            let result = fixture.play(*provider);
            let what = format!("{}/{name}: {result:?}", provider.name());
            match (means, result) {
                (Absent, Ok(snapshot)) => assert!(ours(&fixture, &snapshot).is_none(), "{what}"),
                (Means::State(state), Ok(snapshot)) => {
                    let ours = ours(&fixture, &snapshot).unwrap_or_else(|| panic!("no deployment in {what}"));
                    assert_eq!(ours.state, *state, "{what}");
                    check(name, ours);
                }
                (Trouble(is_meant), Err(misheard)) => assert!(is_meant(&misheard), "{what}"),
                (_, Ok(_) | Err(_)) => panic!("{what}"),
            }
        }
    }
}

#[test]
fn every_recorded_conversation_can_be_played() {
    for provider in ALL {
        for name in fixture::names(provider.name()) {
            let fixture = Fixture::read(*provider, &name);
            if let Ok(snapshot) = fixture.play(*provider) {
                let has_clock = provider.address() != Address::Command;
                assert_eq!(snapshot.provider_clock.is_some(), has_clock, "{name}: a Date header tells the time");
                assert!(snapshot.latency.as_millis() > 0, "{name}");
                for deployment in &snapshot.deployments {
                    assert_inert(&deployment.raw_state);
                    let is_page = |url: &str| url.starts_with("https://");
                    assert!(deployment.url.as_deref().is_none_or(is_page), "{name}");
                    // An API of its own has pages of its own.
                    assert!(deployment.url.is_some() || provider.address().usual().is_none(), "{name}");
                }
            }
        }
    }
}

#[test]
fn a_second_look_with_the_memo_of_the_first_is_one_question() {
    for provider in ALL {
        let fixture = Fixture::read(*provider, "live");
        let first = fixture.play(*provider).unwrap();
        let want = Want { memo: first.memo.clone(), ..fixture.want() };
        let last = &fixture.answers[fixture.answers.len() - 1..];
        match provider.hear(&fixture.target, &want, last).unwrap() {
            Heard::Seen(second) => {
                assert_eq!(second.deployments, first.deployments);
                assert_eq!((second.live, second.triggers, second.frozen), (first.live, first.triggers, first.frozen));
            }
            Heard::Ask(ask) => panic!("{} asks again: {ask:?}", provider.name()),
        }
    }
}

#[test]
fn every_refusal_tells_what_to_do() {
    for provider in ALL {
        let cure = match provider.credential(provider.address().usual().unwrap_or_default()) {
            // Where it is from, and what to do there, is added by whoever looked for it.
            Credential::Required(_) | Credential::Optional => "token",
            Credential::None => "terminal",
        };
        let refusals = [("denied", cure), ("not_found", "configuration")];
        let possible = |(name, _): &(&str, &str)| required(*provider).any(|(required, _)| required == name);
        for (name, cure) in refusals.into_iter().filter(possible) {
            let sentence = Fixture::read(*provider, name).play(*provider).unwrap_err().to_string();
            assert!(sentence.contains(cure), "{}/{name}: {sentence}", provider.name());
            assert_inert(&sentence);
        }
    }
}

fn check(name: &str, ours: &Deployment) {
    match name {
        "live" => assert_eq!((ours.is_live, ours.was_live), (Some(true), Some(true))),
        "failed" => assert!(ours.reason.as_ref().is_some_and(|reason| !reason.message.is_empty()), "{ours:?}"),
        "unknown_phase" => assert!(!ours.raw_state.is_empty(), "{ours:?}"),
        _ => assert_ne!(ours.is_live, Some(true), "{ours:?}"),
    }
}

fn ours<'a>(fixture: &Fixture, snapshot: &'a Snapshot) -> Option<&'a Deployment> {
    let is_ours =
        |deployment: &&Deployment| deployment.commits.iter().any(|mark| fixture.commit.starts_with(&mark.sha));
    snapshot.deployments.iter().find(is_ours)
}

fn assert_inert(text: &str) {
    assert_eq!(text, afterpush::base::text::visible(text));
}
