//! The part of a provider's log that is worth showing: the lines around the first error, made inert.

use crate::base::text;

/// Lines shown before the first error.
const BEFORE: usize = 2;
/// Lines shown from the first error on.
const AFTER: usize = 8;
/// Columns of one line.
const COLUMNS: usize = 400;

/// What a line holds that tells of an error, in lowercase.
const SIGNS: [&str; 8] = ["error", "err!", "fatal", "failed", "failure", "panic", "exception", "cannot find"];
/// What holds one of these words and tells of none.
const CALM: [&str; 4] = ["0 error", "no error", "0 failed", "without error"];

/// The lines around the first that tells of an error; without one, the last lines.
pub fn excerpt(log: &str) -> Vec<String> {
    let lines: Vec<String> = log.lines().map(inert).filter(|line| !line.trim().is_empty()).collect();
    let start = match lines.iter().position(|line| tells_of_error(line)) {
        Some(first) => first.saturating_sub(BEFORE),
        None => lines.len().saturating_sub(BEFORE + AFTER),
    };
    lines.into_iter().skip(start).take(BEFORE + AFTER).collect()
}

fn tells_of_error(line: &str) -> bool {
    let line = line.to_lowercase();
    SIGNS.iter().any(|sign| line.contains(sign)) && !CALM.iter().any(|calm| line.contains(calm))
}

/// Colours and cursor movements are taken out, as they say nothing; whatever else would act is shown instead.
pub fn inert(line: &str) -> String {
    let plain = anstream::adapter::strip_str(line).to_string().replace('\t', "    ");
    text::cut(&text::visible(plain.trim_end()), COLUMNS, false)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_first_error_is_shown_with_what_led_to_it() {
        let log: Vec<String> = (1..=30).map(|n| format!("line {n}")).collect();
        let mut log = log.join("\n");
        log =
            log.replace("line 12", "\u{1b}[31merror TS2322\u{1b}[0m: no\u{1b}]0;x\u{7}").replace("line 20", "Error 2");
        let shown = excerpt(&log);
        assert_eq!(shown[0], "line 10");
        assert!(shown[2].starts_with("error TS2322: no") && !shown[2].contains('\u{1b}'), "{}", shown[2]);
        assert_eq!(shown.len(), 10);
    }

    #[test]
    fn without_an_error_the_end_is_shown() {
        let log: Vec<String> = (1..=30).map(|n| format!("line {n}, 0 errors\r\n")).collect();
        let log = log.join("\n");
        let shown = excerpt(&log);
        assert_eq!(shown.last().map(String::as_str), Some("line 30, 0 errors"));
        assert_eq!(shown.len(), 10);
        assert!(excerpt("").is_empty());
    }
}
