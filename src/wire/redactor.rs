//! The one place that takes secrets out of text: known ones in any of their forms, and what looks like one.

use std::iter;

use super::encoding::{base64, matched};
use super::{Answer, Secret};
use crate::base::tokens;

/// Shorter values are taken for words.
const SHORTEST: usize = 6;

/// Takes known secrets, and what looks like one, out of text on its way to a file or a person.
#[derive(Clone, Debug, Default)]
pub struct Redactor {
    /// The longest first, so that no part of one is taken for a shorter one.
    known: Vec<Secret>,
}

impl Redactor {
    /// Learns a value to take out from now on: as it is, as it stands in JSON and in URLs, and in base64, also within
    /// a longer text (`user:password`). Very short ones would tear ordinary words apart and are not kept.
    pub fn learn(&mut self, secret: &Secret) {
        let value = secret.expose();
        if value.len() < SHORTEST {
            return;
        }
        for form in iter::once(value.to_owned()).chain(base64(value)) {
            if !self.known.iter().any(|known| known.expose() == form) {
                self.known.push(Secret::verbatim(&form));
            }
        }
        self.known.sort_by_key(|known| std::cmp::Reverse(known.expose().len()));
    }

    /// The text without secrets.
    pub fn clean(&self, text: &str) -> String {
        tokens::masked(&self.without_known(text))
    }

    /// What came back for a question, without the secrets it was asked with: whoever was sent one may repeat it.
    pub fn clean_answer(&self, answer: &mut Answer) {
        for (_, value) in &mut answer.headers {
            *value = self.without_known(value);
        }
        answer.complaint = self.without_known(&answer.complaint);
        if let Some(body) = self.masked(&answer.body) {
            answer.body = body;
        }
    }

    fn without_known(&self, text: &str) -> String {
        match self.masked(text.as_bytes()) {
            // What was taken out begins and ends between characters.
            Some(masked) => String::from_utf8_lossy(&masked).into_owned(),
            None => text.to_owned(),
        }
    }

    /// The text with the mask wherever a known secret is; `None` where there is none.
    fn masked(&self, text: &[u8]) -> Option<Vec<u8>> {
        let mut may_begin = [false; 256];
        for known in &self.known {
            // A form of it may begin with the sign of an escape.
            for byte in [known.expose().as_bytes()[0], b'%', b'\\', b'+'] {
                may_begin[usize::from(byte)] = true;
            }
        }
        let (mut masked, mut kept, mut at) = (Vec::new(), 0, 0);
        while at < text.len() {
            let here = || self.known.iter().find_map(|known| matched(&text[at..], known.expose()));
            match may_begin[usize::from(text[at])].then(here).flatten() {
                Some(length) => {
                    masked.extend_from_slice(&text[kept..at]);
                    masked.extend_from_slice(tokens::MASK.as_bytes());
                    at += length;
                    kept = at;
                }
                None => at += 1,
            }
        }
        masked.extend_from_slice(&text[kept..]);
        (kept > 0).then_some(masked)
    }
}

#[cfg(test)]
mod tests {
    use base64::Engine;
    use base64::engine::general_purpose::{STANDARD, STANDARD_NO_PAD, URL_SAFE, URL_SAFE_NO_PAD};
    use proptest::prelude::*;

    use super::*;

    #[test]
    fn known_values_and_token_shapes_go() {
        let mut redactor = Redactor::default();
        redactor.learn(&Secret::new("hunter2hunter2\n"));
        let text = format!("pw=hunter2hunter2 and dop_v1_{} but AKIA stays", "a".repeat(64));
        assert_eq!(redactor.clean(&text), "pw=[redacted] and [redacted] but AKIA stays");
        assert!(!format!("{redactor:?}").contains("hunter"), "{redactor:?}");
    }

    #[test]
    fn who_repeats_the_secret_it_was_asked_with_is_not_heard_with_it() {
        let mut redactor = Redactor::default();
        for secret in ["a/\"secret\"/", "redacted"] {
            redactor.learn(&Secret::new(secret));
        }
        let mut answer = Answer {
            status: 401,
            headers: vec![("x-token".to_owned(), "a/\"secret\"/".to_owned())],
            body: br#"{"a": "a/\"secret\"/", "b": "a\/\"secret\"\/ redacted\xff"}"#.to_vec(),
            complaint: "no a/\"secret\"/".to_owned(),
            at: crate::base::Timestamp::default(),
            latency: crate::base::Span::ZERO,
        };
        redactor.clean_answer(&mut answer);
        let shown = format!("{answer:?} {}", String::from_utf8_lossy(&answer.body));
        assert!(!shown.contains("secret"), "{shown}");
        assert!(answer.body.starts_with(br#"{"a": "["#) && answer.body.ends_with(b"\"}"), "{shown}");
    }

    #[test]
    fn a_known_secret_is_found_in_every_form_it_is_written_in() {
        let secret = "a \"p+ss/w\u{17c}rd\"~\\?>";
        let mut redactor = Redactor::default();
        redactor.learn(&Secret::verbatim(secret));
        for form in [
            // As Python, JavaScript and PHP write it in JSON.
            r#"a \"p+ss/w\u017crd\"~\\?>"#,
            r#"a \"p+ss\/w\u017Crd\"~\\?\u003e"#,
            // As `encodeURIComponent`, a form and a careless program write it in a URL.
            "a%20%22p%2Bss%2Fw%C5%BCrd%22~%5C%3F%3E",
            "a+%22p%2bss%2fw%c5%bcrd%22%7e%5c%3f%3e",
            "a%20%22p+ss/w\u{17c}rd%22~\\?>",
            // Base64 with and without padding, for URLs, and within user:password.
            "YSAicCtzcy93xbxyZCJ+XD8+",
            "YSAicCtzcy93xbxyZCJ-XD8-",
        ] {
            assert_eq!(redactor.clean(&format!("<{form}>")), "<[redacted]>", "{form}");
        }
        // Within a longer text the signs at its ends belong to what is beside it, too.
        for form in
            ["YWRhOmEgInArc3Mvd8W8cmQiflw/Pg==", "eDphICJwK3NzL3fFvHJkIn5cPz4=", "YWQ6YSAicCtzcy93xbxyZCJ-XD8-Og"]
        {
            let left = redactor.clean(form);
            let (before, after) = left.split_once("[redacted]").expect(&left);
            assert!(before.len() <= 6 && after.len() <= 4, "{left}");
        }
        for other in ["a%20%22p+ss", "YSAicCtz", "a \\\"p+ss/w", "%", "a%2", "a \\u00"] {
            assert_eq!(redactor.clean(other), other);
        }
    }

    proptest! {
        #[test]
        fn in_base64_it_is_found_whatever_stands_around_it(secret in "[ -~]{6,40}", before in "[ -~]{0,7}", after in "[ -~]{0,7}") {
            let mut redactor = Redactor::default();
            redactor.learn(&Secret::verbatim(&secret));
            for engine in [STANDARD, STANDARD_NO_PAD, URL_SAFE, URL_SAFE_NO_PAD] {
                let written = engine.encode(format!("{before}{secret}{after}"));
                prop_assert!(redactor.without_known(&written).contains(tokens::MASK), "{written}");
            }
        }

        #[test]
        fn where_there_is_no_secret_nothing_is_changed(text in "[a-c%+\\\\u0-9\"]{0,60}") {
            let mut redactor = Redactor::default();
            redactor.learn(&Secret::verbatim("dddddd"));
            prop_assert_eq!(redactor.without_known(&text), text);
        }
    }
}
