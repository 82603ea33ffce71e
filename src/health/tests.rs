//! Good, bad and odd answers of every endpoint.

use proptest::prelude::*;

use super::*;
use crate::base::Timestamp;
use crate::watch::{Endpoint, Version, VersionPart};

type Heard = Result<Answer, NoAnswer>;

const SHA: &str = "0123456789abcdef0123456789abcdef01234567";

fn health(part: VersionPart) -> Health {
    let endpoint = |path: &str| Some(Endpoint { url: format!("https://shop.example.com/{path}"), html: false });
    Health {
        live: endpoint("live"),
        ready: endpoint("ready"),
        version: Some(Version { url: "https://shop.example.com/version".to_owned(), part }),
        within: Span::from_mins(5),
        soak: Span::ZERO,
    }
}

#[expect(clippy::unnecessary_wraps, reason = "it stands beside those that got lost")]
fn answer(status: u16, headers: &[(&str, &str)], body: &str) -> Heard {
    let answer = Answer {
        status,
        headers: headers.iter().map(|&(name, value)| (name.to_owned(), value.to_owned())).collect(),
        body: body.as_bytes().to_vec(),
        at: Timestamp::default(),
        latency: Span::ZERO,
        complaint: String::new(),
    };
    Ok(answer)
}

fn lost(fault: Fault) -> Heard {
    Err(NoAnswer::Network { host: "shop.example.com".to_owned(), what: "it broke".to_owned(), fault })
}

fn bad(check: Check, part: VersionPart, answer: &Heard) -> String {
    match hear(&health(part), check, answer) {
        Outcome::Bad(what) => what,
        other => panic!("{other:?}"),
    }
}

#[test]
fn an_answer_is_good_if_it_is_2xx_and_does_not_call_itself_ill() {
    let hears = |answer| hear(&health(VersionPart::Body), Check::Ready, &answer);
    for body in ["", "ok", "{\"status\": \"ok\"}", "{\"status\": 7}", "[]", "{\"status\": \"UP\"}"] {
        assert_eq!(hears(answer(200, &[], body)), Outcome::Good, "{body}");
    }
    assert_eq!(hears(answer(204, &[], "")), Outcome::Good);
    for (status, body, what) in [
        (503, "", "answers 503"),
        (404, "", "answers 404"),
        (302, "", "answers 302"),
        (200, "{\"status\": \"DOWN\"}", "answers 200 and calls itself DOWN"),
        (
            200,
            " <!DOCTYPE html><p>Log in",
            "answers 200 with a web page; if that is its health page, write html = true beside its url",
        ),
    ] {
        assert_eq!(hears(answer(status, &[], body)), Outcome::Bad(what.to_owned()));
    }
}

#[test]
fn a_web_page_is_good_only_where_it_is_expected() {
    let page = answer(200, &[("content-type", "text/html; charset=utf-8")], "<body style=\"background: green\">");
    let mut rails = health(VersionPart::Body);
    assert!(matches!(hear(&rails, Check::Live, &page), Outcome::Bad(_)));
    rails.live = rails.live.map(|endpoint| Endpoint { html: true, ..endpoint });
    assert_eq!(hear(&rails, Check::Live, &page), Outcome::Good);
}

#[test]
fn a_version_is_found_in_the_body_at_a_pointer_or_in_a_header() {
    let serves = |part, answer: Heard| hear(&health(part), Check::Version, &answer);
    let whole = Outcome::Serves(SHA.to_owned());
    let pointer = || VersionPart::Pointer("/build/commit".to_owned());
    assert_eq!(serves(VersionPart::Body, answer(200, &[], &format!("{SHA}\n"))), whole);
    assert_eq!(serves(VersionPart::Body, answer(200, &[], &format!("\"{SHA}\""))), whole);
    assert_eq!(serves(pointer(), answer(200, &[], &format!("{{\"build\": {{\"commit\": \"{SHA}\"}}}}"))), whole);
    assert_eq!(serves(VersionPart::Header("x-commit".to_owned()), answer(200, &[("x-commit", SHA)], "<html>")), whole);
    for (told, digits) in [("ABCDEF0", "abcdef0"), ("v1234567-dirty", "1234567"), ("sha-1234567+4", "1234567")] {
        assert_eq!(serves(VersionPart::Body, answer(200, &[], told)), Outcome::Serves(digits.to_owned()));
    }
}

#[test]
fn an_answer_without_a_version_says_what_it_has_instead() {
    let pointer = || VersionPart::Pointer("/commit".to_owned());
    let header = || VersionPart::Header("x-commit".to_owned());
    for (part, body, what) in [
        (VersionPart::Body, "", "names no commit: its body holds nothing"),
        (VersionPart::Body, "1.4.2", "names no commit: its body holds \"1.4.2\""),
        (VersionPart::Body, "deadbeefcafe!", "names no commit: its body holds \"deadbeefcafe!\""),
        (VersionPart::Body, "<html>", "answers 200 with a web page, not with a commit"),
        (pointer(), "not json", "answers with what is not JSON"),
        (pointer(), "{\"sha\": \"x\"}", "answers with JSON that has nothing at /commit"),
        (pointer(), "{\"commit\": 1234567}", "answers with JSON that has no text at /commit"),
        (pointer(), "{\"commit\": \"main\"}", "names no commit: its pointer /commit holds \"main\""),
        (header(), "", "answers without the header x-commit"),
    ] {
        assert_eq!(bad(Check::Version, part, &answer(200, &[], body)), what, "{body}");
    }
    assert_eq!(bad(Check::Version, pointer(), &answer(500, &[], "{}")), "answers 500");
}

#[test]
fn silence_is_the_services_own_unless_it_was_never_reached() {
    for (fault, own) in [(Fault::Unreached, false), (Fault::Refused, true), (Fault::Broken, true), (Fault::Slow, true)]
    {
        let Outcome::Silent { is_its_own, why } = hear(&health(VersionPart::Body), Check::Live, &lost(fault)) else {
            panic!("{fault:?} is an answer")
        };
        assert_eq!((is_its_own, why.as_str()), (own, "shop.example.com: it broke"), "{fault:?}");
    }
}

#[test]
fn who_refuses_is_not_asked_again_and_who_is_slow_is_for_half_a_minute() {
    let none = Span::ZERO;
    assert_eq!(retry(&lost(Fault::Refused), 0, none), None);
    assert_eq!(retry(&answer(404, &[], ""), 0, none), None);
    assert_eq!(retry(&answer(200, &[], ""), 0, none), None);
    assert_eq!(retry(&lost(Fault::Slow), 0, none), Some(Span::from_secs(1)));
    assert_eq!(retry(&answer(503, &[], ""), 1, none), Some(Span::from_secs(2)));
    assert_eq!(retry(&answer(503, &[], ""), 1, Span::from_secs(29)), None);
    assert_eq!(retry(&answer(503, &[], ""), 2, none), None, "the next round follows soon");
}

proptest! {
    #[test]
    fn any_answer_means_something(status in 100..600_u16, body in any::<Vec<u8>>(), pointer in "(/[a-z~]{0,3}){0,3}") {
        let answer = answer(status, &[], "").map(|answer| Answer { body, ..answer });
        for check in Check::ALL {
            for part in [VersionPart::Body, VersionPart::Pointer(pointer.clone()), VersionPart::Header("x".to_owned())] {
                if let Outcome::Serves(digits) = hear(&health(part), check, &answer) {
                    prop_assert!(DIGITS_OF_A_COMMIT.contains(&digits.len()) && status < 300);
                }
            }
        }
    }
}

const DIGITS_OF_A_COMMIT: std::ops::RangeInclusive<usize> = 7..=64;
