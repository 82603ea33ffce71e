//! Whatever comes back, an adapter gives an answer of its own and does not panic.

use afterpush::provider::{ALL, Heard, Provider, Want};
use afterpush::watch::{Deployment, Memo, Misheard};
use afterpush::wire::Answer;
use proptest::prelude::*;
use serde_json::Value;

use super::fixture::{self, Fixture};

#[test]
fn what_is_not_the_providers_language_is_garbled() {
    let deep = format!("{}{}", "[".repeat(100_000), "]".repeat(100_000));
    let bodies =
        ["", "null", "[]", "5", "{", "{}", "\u{0}", "{\"deployments\":{}}", "{\"app\":5,\"deployments\":\"x\"}", &deep];
    for provider in ALL {
        let live = Fixture::read(*provider, "live");
        for body in bodies {
            for place in 0..live.answers.len() {
                let mut answers = live.answers[..=place].to_vec();
                answers[place].body = body.as_bytes().to_vec();
                let heard = provider.hear(&live.target, &Want::default(), &answers);
                assert!(matches!(heard, Err(Misheard::Garbled(_))), "{body:.40} at {place}: {heard:?}");
            }
        }
    }
}

proptest! {
    #[test]
    fn no_bytes_make_an_adapter_panic(
        status in prop_oneof![Just(200_u16), any::<u16>()],
        body in prop::collection::vec(any::<u8>(), 0..300),
        header in "[ -~]{0,30}",
        afresh: bool,
    ) {
        let headers =
            ["retry-after", "ratelimit-reset", "x-ratelimit-reset", "x-ratelimit-remaining", "date", "etag", "location"];
        let headers: Vec<_> = headers.iter().map(|name| ((*name).to_owned(), header.clone())).collect();
        for provider in ALL {
            let live = Fixture::read(*provider, "live");
            let odd = Answer { status, headers: headers.clone(), body: body.clone(), ..fixture::good("") };
            let memo = live.play(*provider).unwrap().memo;
            for memo in [Memo::default(), memo] {
                hear_all(*provider, &live, &Want { memo, afresh, ..Want::default() }, &odd);
            }
        }
    }

    #[test]
    fn no_changed_recording_makes_an_adapter_panic(name in any::<prop::sample::Index>(), seed: u64) {
        for provider in ALL {
            let names = fixture::names(provider.name());
            let fixture = Fixture::read(*provider, name.get(names.as_slice()).as_str());
            let mut answers = fixture.answers.clone();
            let mut dice = seed;
            for answer in &mut answers {
                if let Ok(mut body) = serde_json::from_slice::<Value>(&answer.body) {
                    spoil(&mut body, &mut dice);
                    answer.body = body.to_string().into_bytes();
                }
            }
            for length in 1..=answers.len() {
                let _ = provider.hear(&fixture.target, &fixture.want(), &answers[..length]);
            }
        }
    }
}

/// The odd answer in every place of the conversations about the deployments and about a log.
fn hear_all(provider: &dyn Provider, live: &Fixture, want: &Want, odd: &Answer) {
    for place in 0..=live.answers.len() {
        let mut answers = live.answers[..place].to_vec();
        answers.push(odd.clone());
        let _ = provider.hear(&live.target, want, &answers);
        let _ = provider.hear_log(&live.target, want, &failed(provider), &answers);
    }
}

fn failed(provider: &dyn Provider) -> Deployment {
    let snapshot = Fixture::read(provider, "failed").play(provider).unwrap();
    snapshot.deployments.into_iter().next().unwrap()
}

/// Changes some values of a document to something of another type.
fn spoil(value: &mut Value, dice: &mut u64) {
    *dice = dice.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
    match (*dice >> 33) % 12 {
        0 => *value = Value::Null,
        1 => *value = Value::from(-1.5e300),
        2 => *value = Value::from("\u{1b}]0;x\u{7}\u{202e}"),
        3 => *value = Value::Array(vec![value.clone(), value.clone()]),
        _ => match value {
            Value::Array(list) => list.iter_mut().for_each(|value| spoil(value, dice)),
            Value::Object(map) => map.values_mut().for_each(|value| spoil(value, dice)),
            _ => {}
        },
    }
}

#[test]
fn an_adapter_that_asks_again_asks_its_own_host() {
    for provider in ALL {
        let live = Fixture::read(*provider, "live");
        for place in 0..live.answers.len() {
            if let Ok(Heard::Ask(ask)) = provider.hear(&live.target, &live.want(), &live.answers[..place.max(1)]) {
                assert!(fixture::url(&ask).starts_with(&live.target.base_url), "{ask:?}");
            }
        }
    }
}
