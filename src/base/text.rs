//! Foreign text on its way to a person: made inert, one line, cut to a width.
//!
//! Commit subjects, branch names, provider messages and log lines may hold terminal escapes or characters that
//! reorder what is shown, and now and then a secret. Every sink (terminal, log, status file, JSON) takes text that went
//! through [`visible`].

use std::fmt::Write as _;

use unicode_width::UnicodeWidthChar;

use super::tokens;

/// Shows what would act or hide instead of being read: control characters, C1, bidirectional and zero-width
/// characters and tags become `\u{..}`; the result is a single line. What looks like a secret is left out.
pub fn visible(text: &str) -> String {
    tokens::masked(&escaped(text))
}

/// The same for bytes that should have been UTF-8: what is not becomes `\xNN`.
pub fn visible_bytes(bytes: &[u8]) -> String {
    visible(&readable(bytes))
}

/// Bytes that should have been UTF-8, as they come in: what is not becomes `\xNN`, and nothing else is changed.
pub fn readable(bytes: &[u8]) -> String {
    let mut out = String::with_capacity(bytes.len());
    for chunk in bytes.utf8_chunks() {
        out.push_str(chunk.valid());
        for byte in chunk.invalid() {
            // Writing to a string cannot fail.
            let _ = write!(out, "\\x{byte:02X}");
        }
    }
    out
}

/// The same with what looks like a secret left in it: for what a person has to judge whole.
pub fn escaped(text: &str) -> String {
    let mut out = String::with_capacity(text.len());
    for c in text.chars() {
        if is_inert(c) {
            out.push(c);
        } else {
            out.extend(c.escape_unicode());
        }
    }
    out
}

/// There is nothing in it that acts or hides.
pub fn is_plain(text: &str) -> bool {
    text.chars().all(is_inert)
}

/// A JSON document in which what acts or hides is written as an escape, so that it does neither for whoever looks at
/// the raw text: JSON leaves all but the control characters below U+0020 as they are.
pub fn inert_json(document: &str) -> String {
    let mut out = String::with_capacity(document.len());
    for c in document.chars() {
        if is_inert(c) || matches!(c, '\n' | '\r' | '\t') {
            out.push(c);
        } else {
            for unit in c.encode_utf16(&mut [0; 2]) {
                // Writing to a string cannot fail.
                let _ = write!(out, "\\u{unit:04x}");
            }
        }
    }
    out
}

/// An error of the system without its number, ` (os error 2)`, which tells a person nothing.
pub fn without_number(words: &str) -> String {
    let mut parts = words.split(" (os error ");
    let mut plain = parts.next().unwrap_or_default().to_owned();
    for part in parts {
        match part.split_once(')') {
            Some((number, rest)) if number.bytes().all(|byte| byte.is_ascii_digit()) => plain.push_str(rest),
            _ => plain.extend([" (os error ", part]),
        }
    }
    plain
}

/// At most `columns` terminal columns of `text`; what was cut is told by an ellipsis (`...` in ASCII).
pub fn cut(text: &str, columns: usize, ascii: bool) -> String {
    let width: usize = text.chars().map(|c| c.width().unwrap_or(0)).sum();
    if width <= columns {
        return text.to_owned();
    }
    let mark = if ascii { "..." } else { "…" };
    let room = columns.saturating_sub(mark.chars().count());
    let mut used = 0;
    let kept = text.chars().take_while(|c| {
        used += c.width().unwrap_or(0);
        used <= room
    });
    kept.chain(mark.chars()).collect()
}

/// Neither a control character nor one that shows nothing (Unicode's `Default_Ignorable_Code_Point`), a separator of
/// lines, or an annotation. The selectors of variants stay, as emoji are written with them.
fn is_inert(c: char) -> bool {
    !(c.is_control()
        || matches!(c, '\u{AD}' | '\u{34F}' | '\u{61C}' | '\u{115F}' | '\u{1160}' | '\u{17B4}' | '\u{17B5}')
        || matches!(c, '\u{180B}'..='\u{180F}' | '\u{200B}'..='\u{200F}' | '\u{2028}'..='\u{202E}')
        || matches!(c, '\u{2060}'..='\u{206F}' | '\u{3164}' | '\u{FEFF}' | '\u{FFA0}' | '\u{FFF0}'..='\u{FFFB}')
        || matches!(c, '\u{1BCA0}'..='\u{1BCA3}' | '\u{1D173}'..='\u{1D17A}' | '\u{E0000}'..='\u{E0FFF}'))
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[test]
    fn an_errors_number_goes_and_its_words_stay() {
        let error = std::io::Error::from_raw_os_error(2);
        assert_eq!(without_number(&format!("a: {error}; b")), "a: No such file or directory; b");
        assert_eq!(without_number("odd (os error x) (os error 3"), "odd (os error x) (os error 3");
    }

    #[test]
    fn escapes_and_direction_marks_are_shown_not_obeyed() {
        assert_eq!(visible("a\u{1b}[31mred\r\nb"), "a\\u{1b}[31mred\\u{d}\\u{a}b");
        assert_eq!(visible("x\u{202e}y\u{9b}z"), "x\\u{202e}y\\u{9b}z");
        assert_eq!(visible("żółw 🐢"), "żółw 🐢");
        assert_eq!(visible_bytes(b"ok\xff\x1b"), "ok\\xFF\\u{1b}");
    }

    #[test]
    fn cutting_counts_columns() {
        assert_eq!(cut("abcdef", 6, false), "abcdef");
        assert_eq!(cut("abcdefg", 6, false), "abcde…");
        assert_eq!(cut("漢字漢字", 5, true), "漢...");
    }

    #[test]
    fn a_json_document_says_the_same_and_shows_nothing_that_acts() {
        let hostile = "a\u{1b}[0m\u{9b}\u{202e}\u{200b}\u{e0041}\u{7f}ż";
        let document = serde_json::to_string(&[hostile]).expect("JSON");
        let inert = inert_json(&document);
        assert!(!is_plain(&document) && is_plain(&inert), "{inert}");
        assert_eq!(serde_json::from_str::<Vec<String>>(&inert).expect("JSON"), [hostile]);
    }

    proptest! {
        #[test]
        fn any_bytes_become_one_plain_line_and_once_is_enough(bytes in prop::collection::vec(any::<u8>(), 0..200)) {
            let shown = visible_bytes(&bytes);
            prop_assert!(is_plain(&shown), "{shown:?}");
            prop_assert_eq!(visible(&shown), shown);
        }

        #[test]
        fn any_text_becomes_one_plain_line(text in "\\PC*|[\\x00-\\u{10ffff}]{0,60}") {
            prop_assert!(is_plain(&visible(&text)));
            prop_assert!(is_plain(&inert_json(&serde_json::to_string(&text).expect("JSON"))));
        }
    }
}
