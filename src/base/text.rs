//! Foreign text on its way to a person: made inert, one line, cut to a width.
//!
//! Commit subjects, branch names, provider messages and log lines may hold terminal escapes or characters that
//! reorder what is shown. Every sink (terminal, log, status file, JSON) takes text that went through [`visible`].

use std::fmt::Write as _;

use unicode_width::UnicodeWidthChar;

/// Shows what would act or hide instead of being read: control characters, C1, bidirectional and zero-width
/// characters and tags become `\u{..}`; the result is a single line.
pub fn visible(text: &str) -> String {
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

/// The same for bytes that should have been UTF-8: what is not becomes `\xNN`.
pub fn visible_bytes(bytes: &[u8]) -> String {
    let mut out = String::with_capacity(bytes.len());
    for chunk in bytes.utf8_chunks() {
        out.push_str(&visible(chunk.valid()));
        for byte in chunk.invalid() {
            // Writing to a string cannot fail.
            let _ = write!(out, "\\x{byte:02X}");
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

fn is_inert(c: char) -> bool {
    !(c.is_control()
        || matches!(c, '\u{61C}' | '\u{200B}'..='\u{200F}' | '\u{2028}'..='\u{202E}' | '\u{2060}'..='\u{2064}')
        || matches!(c, '\u{2066}'..='\u{2069}' | '\u{FEFF}' | '\u{E0000}'..='\u{E007F}'))
}

#[cfg(test)]
mod tests {
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
}
