//! The forms in which others write a secret: escaped for JSON, for a URL, or in base64.

use std::iter;

use base64::Engine;
use base64::engine::general_purpose::{STANDARD_NO_PAD, URL_SAFE_NO_PAD};

/// How long the beginning of `text` is that is `secret`, any of its characters being written as in JSON or in a URL.
pub(super) fn matched(text: &[u8], secret: &str) -> Option<usize> {
    if text.starts_with(secret.as_bytes()) {
        return Some(secret.len());
    }
    secret.chars().try_fold(0, |length, c| Some(length + character(text.get(length..)?, c)?))
}

/// The same for one character.
fn character(text: &[u8], c: char) -> Option<usize> {
    let mut utf8 = [0; 4];
    let utf8 = c.encode_utf8(&mut utf8).as_bytes();
    let is_escaped = text.starts_with(br"\\");
    if text.starts_with(utf8) && !(c == '\\' && is_escaped) {
        return Some(utf8.len());
    }
    match (text.first()?, c) {
        (b'+', ' ') => Some(1),
        (b'%', _) => escapes(text, utf8.iter().copied().map(u16::from), b"%", 2),
        (b'\\', _) if text.get(1) == Some(&b'u') => {
            escapes(text, c.encode_utf16(&mut [0; 2]).iter().copied(), b"\\u", 4)
        }
        (b'\\', '"' | '\\' | '/') => (*text.get(1)? == utf8[0]).then_some(2),
        _ => None,
    }
}

/// The length of these numbers, each written in so many hexadecimal digits behind a sign.
fn escapes(text: &[u8], numbers: impl Iterator<Item = u16>, sign: &[u8], digits: usize) -> Option<usize> {
    let mut rest = text;
    for number in numbers {
        let (written, after) = rest.strip_prefix(sign)?.split_at_checked(digits)?;
        let written = std::str::from_utf8(written).ok().and_then(|written| u16::from_str_radix(written, 16).ok());
        if written != Some(number) {
            return None;
        }
        rest = after;
    }
    Some(text.len() - rest.len())
}

/// The text in base64, in both alphabets: whole, with and without padding, and what there is of it in the base64 of
/// a longer text, wherever in it the text begins.
pub(super) fn base64(text: &str) -> impl Iterator<Item = String> {
    [STANDARD_NO_PAD, URL_SAFE_NO_PAD].into_iter().flat_map(move |engine| {
        let whole = engine.encode(text);
        let padded = whole.clone() + &"=".repeat((4 - whole.len() % 4) % 4);
        let within = (0..3).map(move |before| {
            let longer = engine.encode([&[0; 3][..before], text.as_bytes()].concat());
            // A sign has six bits. Those that hold a bit of what stands before or behind may be others there.
            let (first, end) = ((before * 8).div_ceil(6), (before + text.len()) * 8 / 6);
            longer[first..end].to_owned()
        });
        iter::once(padded).chain([whole]).chain(within).collect::<Vec<_>>()
    })
}
