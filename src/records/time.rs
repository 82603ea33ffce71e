//! Times as tables have them: with a zone, without one (then they are UTC), as text, or as a number since 1970.

use jiff::civil::{Date, DateTime};

use crate::base::Timestamp;

/// The moment a value of a time column means; `None`: it cannot be told.
pub(super) fn moment(value: &str) -> Option<Timestamp> {
    certain(value).or_else(|| without_zone(value))
}

/// A number, or a time with its zone.
fn certain(value: &str) -> Option<Timestamp> {
    let value = value.trim();
    if let Some(at) = since_epoch(value) {
        return Some(at);
    }
    let value = value.strip_suffix(" UTC").map_or_else(|| value.to_owned(), |bare| format!("{bare}Z"));
    // `2026-11-20 15:02:11 +0000` is how Ruby writes it.
    let at: jiff::Timestamp = value.replace(" +", "+").replace(" -", "-").parse().ok()?;
    Some(Timestamp::from_micros(at.as_microsecond()))
}

/// A time whose zone is not told.
fn without_zone(value: &str) -> Option<Timestamp> {
    let value = value.trim();
    let civil = compact(value).or_else(|| value.parse::<DateTime>().ok());
    let civil = civil.or_else(|| value.parse::<Date>().ok().map(|date| date.at(0, 0, 0, 0)))?;
    let at = civil.to_zoned(jiff::tz::TimeZone::UTC).ok()?;
    Some(Timestamp::from_micros(at.timestamp().as_microsecond()))
}

/// It is a time that means another moment where its writer's clock did not show UTC.
pub(super) fn may_be_local(value: &str) -> bool {
    certain(value).is_none()
}

/// Seconds, milliseconds, microseconds or nanoseconds since 1970, told apart by their size: each is taken for a time
/// between 1973 and 2286.
fn since_epoch(value: &str) -> Option<Timestamp> {
    let (whole, fraction) = value.split_once('.').unwrap_or((value, ""));
    let is_number = |text: &str| text.bytes().all(|byte| byte.is_ascii_digit());
    if whole.is_empty() || !is_number(whole) || !is_number(fraction) {
        return None;
    }
    let number: i64 = whole.parse().ok()?;
    let micros = match whole.trim_start_matches('0').len() {
        9..=10 => {
            let fraction: i64 = format!("{fraction:0<6}").get(..6)?.parse().ok()?;
            number * 1_000_000 + fraction
        }
        12..=13 => number * 1_000,
        15..=16 => number,
        18..=19 => number / 1_000,
        _ => return None,
    };
    Some(Timestamp::from_micros(micros))
}

/// `20261120150211`.
fn compact(value: &str) -> Option<DateTime> {
    let is_compact = value.len() == 14 && value.bytes().all(|byte| byte.is_ascii_digit());
    let (date, time) = value.split_at_checked(8).filter(|_| is_compact)?;
    format!("{date}T{time}").parse().ok()
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[test]
    fn every_way_in_which_tables_tell_a_time_is_understood() {
        let expected = "2026-11-20T15:02:11Z".parse().ok();
        for value in [
            "2026-11-20T15:02:11Z",
            "2026-11-20 15:02:11+00",
            "2026-11-20 15:02:11+00:00",
            "2026-11-20 16:02:11+01",
            "2026-11-20 16:02:11 +0100",
            "2026-11-20 10:02:11 -0500",
            "2026-11-20 15:02:11 UTC",
            "2026-11-20 15:02:11",
            "2026-11-20 15:02:11.000000",
            " 2026-11-20T15:02:11.000 ",
            "20261120150211",
            "1795186931",
            "1795186931.0",
            "1795186931000",
            "1795186931000.0",
            "1795186931000000",
            "1795186931000000000",
        ] {
            assert_eq!(moment(value), expected, "{value}");
        }
        assert_eq!(moment("2026-11-20 15:02:11.25"), moment("1795186931.25"));
        assert_eq!(moment("2026-11-20"), "2026-11-20T00:00:00Z".parse().ok());
    }

    #[test]
    fn what_is_no_time_is_none() {
        for value in [
            "",
            "0",
            "1",
            "infinity",
            "-infinity",
            "now",
            "0000-00-00 00:00:00",
            "99999999999999999999999",
            "-1795186931",
            "1e9",
            "Fri Nov 20 2026",
            "10:00",
            "2460000.5",
            "2026-13-01",
            "1.",
        ] {
            assert_eq!(moment(value), None, "{value}");
        }
    }

    proptest! {
        #[test]
        fn every_moment_comes_back_from_every_unit(micros in 100_000_000_000_000_i64..9_000_000_000_000_000) {
            let at = Timestamp::from_micros(micros);
            prop_assert_eq!(moment(&at.to_string()), Some(at));
            prop_assert_eq!(moment(&at.to_string().replace('T', " ").replace('Z', "")), Some(at));
            prop_assert_eq!(moment(&micros.to_string()), Some(at));
            prop_assert_eq!(moment(&at.as_secs().to_string()), Some(at.whole_seconds()));
        }

        #[test]
        fn no_text_makes_it_panic(value in ".{0,40}", digits in "[0-9.:T +-]{0,40}") {
            let _ = (moment(&value), moment(&digits));
        }
    }
}
