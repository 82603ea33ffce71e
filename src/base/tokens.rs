//! Secrets that are known by their look: what services put before their tokens, web tokens, what follows
//! `Authorization:`, user name and password in a URL, private keys.

use std::ops::Range;

/// What stands where a secret was.
pub const MASK: &str = "[redacted]";

/// How tokens of well-known services begin. What follows is at least [`SHORTEST`] long.
const BEGINNINGS: [&str; 31] = [
    "dop_v1_",
    "doo_v1_",
    "dor_v1_",
    "ghp_",
    "gho_",
    "ghs_",
    "ghu_",
    "ghr_",
    "github_pat_",
    "glpat-",
    "gldt-",
    "glrt-",
    "glptt-",
    "glcbt-",
    "xoxa-",
    "xoxb-",
    "xoxc-",
    "xoxd-",
    "xoxe-",
    "xoxo-",
    "xoxp-",
    "xoxr-",
    "xoxs-",
    "xapp-",
    "sk_live_",
    "sk_test_",
    "rk_live_",
    "whsec_",
    "npm_",
    "AKIA",
    "ASIA",
];

/// Fewer characters than any token has: `AKIA` alone is a word.
const SHORTEST: usize = 12;

/// A part of a web token (JWT) is not shorter.
const SHORTEST_PART: usize = 6;

/// The text without them. What has none comes back as it is, and what went through once is not changed again.
pub fn masked(text: &str) -> String {
    let finders = [private_key, userinfo, authorization, bearer, web_token, beginning];
    finders.into_iter().fold(text.to_owned(), mask)
}

/// Finds the first secret of its kind.
type Find = fn(&str) -> Option<Range<usize>>;

fn mask(text: String, find: Find) -> String {
    if find(&text).is_none() {
        return text;
    }
    let mut out = String::with_capacity(text.len());
    let mut rest = text.as_str();
    while let Some(Range { start, end }) = find(rest) {
        out.push_str(&rest[..start]);
        out.push_str(MASK);
        rest = &rest[end..];
    }
    out + rest
}

/// How many bytes the text begins with that fit.
fn run(text: &str, fits: impl Fn(char) -> bool) -> usize {
    text.find(|c| !fits(c)).unwrap_or(text.len())
}

/// A character of a token.
fn is_of_word(c: char) -> bool {
    c.is_ascii_alphanumeric() || matches!(c, '_' | '-')
}

/// The same with what the alphabets of base64 and of the header have besides.
fn is_of_value(c: char) -> bool {
    is_of_word(c) || matches!(c, '.' | '~' | '+' | '/' | '=')
}

/// All places of a needle, whatever its case.
fn places<'t>(text: &'t str, needle: &'static str) -> impl Iterator<Item = usize> + 't {
    let (bytes, length) = (text.as_bytes(), needle.len());
    (0..bytes.len().saturating_sub(length - 1))
        .filter(move |&at| bytes[at..at + length].eq_ignore_ascii_case(needle.as_bytes()))
}

fn beginning(text: &str) -> Option<Range<usize>> {
    // Commits' names, above all, of which there are many.
    if text.len() < SHORTEST {
        return None;
    }
    let found = BEGINNINGS.iter().filter_map(|begin| {
        text.match_indices(begin).find_map(|(start, _)| {
            let body = start + begin.len();
            let length = run(&text[body..], is_of_word);
            (length >= SHORTEST).then_some(start..body + length)
        })
    });
    found.min_by_key(|range| range.start)
}

/// Three parts of base64 with points between them; the first is an object in JSON.
fn web_token(text: &str) -> Option<Range<usize>> {
    text.match_indices("eyJ").find_map(|(start, _)| {
        let mut end = start;
        for part in 0..3 {
            if part > 0 {
                end += usize::from(text[end..].starts_with('.'));
            }
            let length = run(&text[end..], is_of_word);
            if length < SHORTEST_PART {
                return None;
            }
            end += length;
        }
        (text[start..end].matches('.').count() == 2).then_some(start..end)
    })
}

/// What follows `Authorization:`, without the scheme if there is one.
fn authorization(text: &str) -> Option<Range<usize>> {
    const NAME: &str = "authorization";
    places(text, NAME).find_map(|at| {
        let mut start = at + NAME.len();
        let signs = run(&text[start..], |c| matches!(c, ':' | '=' | '"' | '\'' | ' '));
        if !text[start..start + signs].contains([':', '=']) {
            return None;
        }
        start += signs;
        let scheme = run(&text[start..], |c| c.is_ascii_alphabetic());
        let blanks = run(&text[start + scheme..], |c| c == ' ');
        let after = start + scheme + blanks;
        if text[after..].starts_with(MASK) {
            return None;
        }
        let is_scheme = scheme > 0 && blanks > 0 && text[after..].starts_with(is_of_value);
        let start = if is_scheme { after } else { start };
        let length = run(&text[start..], is_of_value);
        (length > 0).then_some(start..start + length)
    })
}

/// What follows `Bearer`, if it is no word of a sentence.
fn bearer(text: &str) -> Option<Range<usize>> {
    const SCHEME: &str = "bearer ";
    places(text, SCHEME).find_map(|at| {
        let start = at + SCHEME.len();
        let length = run(&text[start..], is_of_value);
        let has_digit = text[start..start + length].contains(|c: char| c.is_ascii_digit());
        (length >= 8 && has_digit).then_some(start..start + length)
    })
}

/// User name and password before the host of a URL; a user name alone (`git@`) is none, unless it is a token's length.
fn userinfo(text: &str) -> Option<Range<usize>> {
    const MARK: &str = "://";
    text.match_indices(MARK).find_map(|(at, _)| {
        let start = at + MARK.len();
        let is_of_authority =
            |c: char| !c.is_whitespace() && !matches!(c, '/' | '?' | '#' | '"' | '\'' | '<' | '>' | '`');
        let length = run(&text[start..], is_of_authority);
        let user = text[start..start + length].rfind('@')?;
        let shown = &text[start..start + user];
        let is_secret = shown.split_once(':').is_some_and(|(_, password)| !password.is_empty());
        (is_secret || shown.len() > 16).then_some(start..start + user)
    })
}

/// What stands between the two lines around a private key, or after the first where the other is missing. The lines
/// stay: whoever looks at them one by one must not hide from others where the key begins.
fn private_key(text: &str) -> Option<Range<usize>> {
    const BEGIN: &str = "-----BEGIN ";
    const END: &str = "-----END ";
    const KEY: &str = "PRIVATE KEY-----";
    text.match_indices(BEGIN).find_map(|(start, _)| {
        let name = start + BEGIN.len();
        let kind = run(&text[name..], |c| c.is_ascii_uppercase() || c.is_ascii_digit() || c == ' ');
        let body = text[name..].get(kind.saturating_sub("PRIVATE KEY".len())..)?.strip_prefix(KEY)?;
        let length = body.find(END).unwrap_or(body.len());
        let start = text.len() - body.len();
        let is_hidden = body[..length].trim().is_empty() || body[..length].trim() == MASK;
        (!is_hidden).then_some(start..start + length)
    })
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[test]
    fn what_looks_like_a_secret_goes_and_what_is_around_it_stays() {
        let jwt = "eyJhbGciOiJIUzI1NiJ9.eyJzdWIiOiIxIn0.dBjftJeZ4CVP-mB92K27uhbUJU1p1r_wW1g";
        let key = "-----BEGIN RSA PRIVATE KEY-----\nMIIEow\nIBAAK\n-----END RSA PRIVATE KEY-----";
        let cut = "-----BEGIN PRIVATE KEY-----\nMIIEow";
        for (text, left) in [
            (format!("a dop_v1_{} b", "a".repeat(64)), "a [redacted] b"),
            ("token=ghp_0123456789abcdef, next".to_owned(), "token=[redacted], next"),
            ("\u{1b}[31mghs_0123456789abcdef\u{1b}[0m".to_owned(), "\u{1b}[31m[redacted]\u{1b}[0m"),
            ("xoxb-12-34-abcdefgh AKIAIOSFODNN7EXAMPLE".to_owned(), "[redacted] [redacted]"),
            (format!("jwt {jwt}."), "jwt [redacted]."),
            ("Authorization: Bearer hunter-two".to_owned(), "Authorization: Bearer [redacted]"),
            ("\"authorization\": \"Basic YTpi\"}".to_owned(), "\"authorization\": \"Basic [redacted]\"}"),
            ("authorization=abc; x".to_owned(), "authorization=[redacted]; x"),
            ("curl -H 'bearer abcdef12'".to_owned(), "curl -H 'bearer [redacted]'"),
            ("postgres://ada:p@ss:w@db/x?y=z".to_owned(), "postgres://[redacted]@db/x?y=z"),
            ("https://0123456789abcdef0@h/ b".to_owned(), "https://[redacted]@h/ b"),
            (format!("a\n{key}\nb"), "a\n-----BEGIN RSA PRIVATE KEY-----[redacted]-----END RSA PRIVATE KEY-----\nb"),
            (format!("a {cut}"), "a -----BEGIN PRIVATE KEY-----[redacted]"),
            ("-----BEGIN PRIVATE KEY-----\n".to_owned(), "-----BEGIN PRIVATE KEY-----\n"),
        ] {
            assert_eq!(masked(&text), left);
        }
    }

    #[test]
    fn words_that_begin_like_secrets_stay() {
        for text in [
            "AKIA, ghp_ and glpat-short stay",
            "eyJhbGciOiJIUzI1NiJ9 alone.is no.token",
            "ssh://git@github.com/a/b and https://ada@example.com/ and mail to a@b.c",
            "the bearer of bad news, Bearer authentication",
            "authorization failed; proxy-authorization: ",
            "-----BEGIN CERTIFICATE-----\nMIIEow\n-----END CERTIFICATE-----",
            "https://example.com/@scope/a:b@c",
        ] {
            assert_eq!(masked(text), text);
        }
    }

    proptest! {
        #[test]
        fn once_is_enough_for_any_text(
            parts in prop::collection::vec(prop_oneof![
                ".{0,6}", "[a-zA-Z0-9_.:@/ -]{0,20}",
                Just("://".to_owned()), Just("eyJ".to_owned()), Just("authorization: Bearer ".to_owned()),
                Just("-----BEGIN PRIVATE KEY-----".to_owned()), Just("-----END ".to_owned()), Just("ghp_".to_owned()),
            ], 0..12),
        ) {
            let once = masked(&parts.concat());
            prop_assert_eq!(masked(&once), once);
        }
    }
}
