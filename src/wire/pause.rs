//! How long a server asks us to wait, in all the forms in which servers say it.

use crate::base::{Span, Timestamp};

/// The longest pause that is granted; who asks for more is asked again after it.
const LONGEST: Span = Span::from_hours(1);

/// The shortest pause: a reset in the past is normal with sliding windows.
const SHORTEST: Span = Span::from_secs(1);

/// Numbers below are seconds from now, numbers from here on are seconds since 1970.
const EPOCH_BEGINS: u64 = 1_000_000_000;

/// The value of a `Retry-After` or rate-limit reset header as a moment of our clock: a number of seconds, seconds
/// since 1970, or an HTTP date, the last two by the server's clock. Always between a second and an hour after `now`;
/// `None` for what is none of these.
pub fn pause(value: &str, now: Timestamp, server_clock: Option<Timestamp>) -> Option<Timestamp> {
    let value = value.trim();
    let wait = if !value.is_empty() && value.bytes().all(|byte| byte.is_ascii_digit()) {
        // Too many digits for the type: certainly longer than the longest.
        match value.parse::<u64>().unwrap_or(u64::MAX) {
            seconds @ ..EPOCH_BEGINS => Span::from_secs(i64::try_from(seconds).unwrap_or(i64::MAX)),
            epoch => {
                let moment = Timestamp::from_secs(i64::try_from(epoch).unwrap_or(i64::MAX));
                moment.since(server_clock.unwrap_or(now))
            }
        }
    } else {
        http_date(value)?.since(server_clock.unwrap_or(now))
    };
    Some(now + wait.clamp(SHORTEST, LONGEST))
}

/// The moment an HTTP date (`Date`, `Retry-After`) names.
pub fn http_date(value: &str) -> Option<Timestamp> {
    let zoned = jiff::fmt::rfc2822::parse(value).ok()?;
    Some(Timestamp::from_micros(zoned.timestamp().as_microsecond()))
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[test]
    fn every_way_of_saying_when_is_understood() {
        let now = Timestamp::from_secs(1_800_000_000);
        let waits = |value: &str| pause(value, now, None).map(|at| at.since(now).as_secs());
        assert_eq!(waits("5"), Some(5));
        assert_eq!(waits("1800000030"), Some(30));
        assert_eq!(waits("1444931833"), Some(1), "a reset in the past");
        assert_eq!(waits("Fri, 15 Jan 2027 08:01:00 GMT"), Some(60));
        assert_eq!(waits("99999999999"), Some(3600));
        assert_eq!(waits("99999999999999999999999999"), Some(3600));
        assert_eq!(waits("0"), Some(1));
        for garbage in ["", "-1", "soon", "1.5", "５"] {
            assert_eq!(waits(garbage), None, "{garbage}");
        }
        let server = now + Span::from_mins(10);
        assert_eq!(pause("1800000630", now, Some(server)).map(|at| at.since(now).as_secs()), Some(30));
    }

    proptest! {
        #[test]
        fn no_value_leads_out_of_bounds(value in ".{0,40}", digits in "[0-9]{1,30}", clock in any::<i64>()) {
            let now = Timestamp::from_secs(1_800_000_000);
            for value in [value, digits] {
                for server in [None, Some(Timestamp::from_micros(clock))] {
                    if let Some(at) = pause(&value, now, server) {
                        prop_assert!(at >= now + SHORTEST && at <= now + LONGEST);
                    }
                }
            }
        }
    }
}
