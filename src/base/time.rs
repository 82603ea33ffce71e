//! Points in time and lengths of time, in microseconds, and the one trait through which the clock is read.

use std::fmt;
use std::ops::{Add, AddAssign, Sub};
use std::str::FromStr;

use serde::{Deserialize, Deserializer, Serialize, Serializer};

/// A point in time: microseconds since 1970-01-01T00:00:00Z.
///
/// Shown, stored in JSON and parsed as RFC 3339 in UTC; arithmetic saturates, so no input can make it panic.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Timestamp(i64);

/// A length of time in microseconds; it can be negative. Written by people as `90m`, `1h30m`, `7d`, `250ms`.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Span(i64);

/// Where the time comes from: the machine's clock in production, a hand-moved one in tests.
pub trait Clock: Send + Sync {
    /// The time of day.
    fn now(&self) -> Timestamp;
    /// Time since the machine started, sleep included; only differences mean anything.
    fn since_boot(&self) -> Span;
}

/// A start of the machine: which, and when it was by the clock of the moment. Where somebody sets the clock, the time
/// moves with it.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Boot {
    /// The system's name for it.
    pub id: String,
    /// When.
    pub at: Timestamp,
}

impl Boot {
    /// By how much the clock was set ahead since `before`, less than zero if back. Of another start nothing is known.
    pub fn set_since(&self, before: &Self) -> Span {
        if self.id == before.id { self.at.since(before.at) } else { Span::ZERO }
    }
}

/// A text that is not a [`Span`].
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("`{0}` is not a duration; write for example 90s, 5m, 1h30m or 7d")]
pub struct SpanError(String);

impl Timestamp {
    /// The last moment that can be told; stands for "never".
    pub const NEVER: Self = Self(253_402_207_200_000_000);

    /// From microseconds since the epoch.
    pub const fn from_micros(micros: i64) -> Self {
        Self(micros)
    }

    /// From whole seconds since the epoch.
    pub const fn from_secs(secs: i64) -> Self {
        Self(secs.saturating_mul(1_000_000))
    }

    /// Microseconds since the epoch.
    pub const fn as_micros(self) -> i64 {
        self.0
    }

    /// Whole seconds since the epoch, rounded down.
    pub const fn as_secs(self) -> i64 {
        self.0.div_euclid(1_000_000)
    }

    /// The time from `earlier` to this moment; negative if `earlier` is later.
    pub const fn since(self, earlier: Self) -> Span {
        Span(self.0.saturating_sub(earlier.0))
    }

    /// The same moment without the fraction of its second: what people and status files are shown.
    #[must_use]
    pub const fn whole_seconds(self) -> Self {
        Self(self.0.div_euclid(1_000_000) * 1_000_000)
    }
}

impl Span {
    /// No time at all.
    pub const ZERO: Self = Self(0);

    /// From microseconds.
    pub const fn from_micros(micros: i64) -> Self {
        Self(micros)
    }

    /// From milliseconds.
    pub const fn from_millis(millis: i64) -> Self {
        Self(millis.saturating_mul(1_000))
    }

    /// From seconds.
    pub const fn from_secs(secs: i64) -> Self {
        Self(secs.saturating_mul(1_000_000))
    }

    /// From minutes.
    pub const fn from_mins(mins: i64) -> Self {
        Self::from_secs(mins.saturating_mul(60))
    }

    /// From hours.
    pub const fn from_hours(hours: i64) -> Self {
        Self::from_mins(hours.saturating_mul(60))
    }

    /// Microseconds.
    pub const fn as_micros(self) -> i64 {
        self.0
    }

    /// Whole milliseconds, rounded toward zero.
    pub const fn as_millis(self) -> i64 {
        self.0 / 1_000
    }

    /// Whole seconds, rounded toward zero.
    pub const fn as_secs(self) -> i64 {
        self.0 / 1_000_000
    }

    /// The same length for `std`; a negative span is no time.
    pub fn to_std(self) -> std::time::Duration {
        std::time::Duration::from_micros(u64::try_from(self.0).unwrap_or(0))
    }

    /// From `std`, saturating.
    pub fn from_std(duration: std::time::Duration) -> Self {
        Self(i64::try_from(duration.as_micros()).unwrap_or(i64::MAX))
    }

    /// This length `numerator / denominator` times.
    #[must_use]
    pub fn scaled(self, numerator: i64, denominator: i64) -> Self {
        let product = i128::from(self.0) * i128::from(numerator) / i128::from(denominator.max(1));
        Self(i64::try_from(product).unwrap_or(if product < 0 { i64::MIN } else { i64::MAX }))
    }
}

impl Add<Span> for Timestamp {
    type Output = Self;
    fn add(self, span: Span) -> Self {
        Self(self.0.saturating_add(span.0))
    }
}

impl Sub<Span> for Timestamp {
    type Output = Self;
    fn sub(self, span: Span) -> Self {
        Self(self.0.saturating_sub(span.0))
    }
}

impl AddAssign<Span> for Timestamp {
    fn add_assign(&mut self, span: Span) {
        *self = *self + span;
    }
}

impl Add for Span {
    type Output = Self;
    fn add(self, other: Self) -> Self {
        Self(self.0.saturating_add(other.0))
    }
}

impl AddAssign for Span {
    fn add_assign(&mut self, other: Self) {
        *self = *self + other;
    }
}

impl Sub for Span {
    type Output = Self;
    fn sub(self, other: Self) -> Self {
        Self(self.0.saturating_sub(other.0))
    }
}

impl fmt::Display for Timestamp {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match jiff::Timestamp::from_microsecond(self.0) {
            Ok(at) => write!(f, "{at}"),
            Err(_) => f.write_str("9999-12-30T22:00:00Z"),
        }
    }
}

impl FromStr for Timestamp {
    type Err = jiff::Error;
    fn from_str(text: &str) -> Result<Self, Self::Err> {
        text.parse::<jiff::Timestamp>().map(|at| Self(at.as_microsecond()))
    }
}

/// Two units at most, as people say it: `850ms`, `42s`, `1m52s`, `3h05m`, `7d`.
impl fmt::Display for Span {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        if self.0 < 0 {
            f.write_str("-")?;
        }
        let millis = self.0.unsigned_abs() / 1_000;
        let secs = millis / 1_000;
        let (days, hours, mins) = (secs / 86_400, secs / 3_600, secs / 60);
        match secs {
            0 if millis > 0 => write!(f, "{millis}ms"),
            0..60 => write!(f, "{secs}s"),
            60..3_600 if secs.is_multiple_of(60) => write!(f, "{mins}m"),
            60..3_600 => write!(f, "{mins}m{:02}s", secs % 60),
            3_600..86_400 if mins % 60 == 0 => write!(f, "{hours}h"),
            3_600..86_400 => write!(f, "{hours}h{:02}m", mins % 60),
            _ if hours % 24 == 0 => write!(f, "{days}d"),
            _ => write!(f, "{days}d{:02}h", hours % 24),
        }
    }
}

impl FromStr for Span {
    type Err = SpanError;
    fn from_str(text: &str) -> Result<Self, SpanError> {
        let wrong = || SpanError(text.to_owned());
        let mut rest = text.trim();
        if rest.is_empty() {
            return Err(wrong());
        }
        let mut total: i64 = 0;
        while !rest.is_empty() {
            let digits = rest.find(|c: char| !c.is_ascii_digit()).unwrap_or(rest.len());
            let count: i64 = rest[..digits].parse().map_err(|_| wrong())?;
            rest = &rest[digits..];
            let letters = rest.find(|c: char| !c.is_ascii_alphabetic()).unwrap_or(rest.len());
            let unit: i64 = match &rest[..letters] {
                "ms" => 1_000,
                "s" => 1_000_000,
                "m" => 60_000_000,
                "h" => 3_600_000_000,
                "d" => 86_400_000_000,
                // A bare 0 is no time in every unit; any other bare number is ambiguous.
                "" if count == 0 => 1,
                _ => return Err(wrong()),
            };
            total = count.checked_mul(unit).and_then(|part| total.checked_add(part)).ok_or_else(wrong)?;
            rest = rest[letters..].trim_start();
        }
        Ok(Self(total))
    }
}

impl Serialize for Timestamp {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_str(self)
    }
}

impl<'de> Deserialize<'de> for Timestamp {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let text = std::borrow::Cow::<'de, str>::deserialize(deserializer)?;
        text.parse().map_err(serde::de::Error::custom)
    }
}

impl schemars::JsonSchema for Timestamp {
    fn schema_name() -> std::borrow::Cow<'static, str> {
        "Timestamp".into()
    }

    fn json_schema(_: &mut schemars::SchemaGenerator) -> schemars::Schema {
        schemars::json_schema!({"description": "RFC 3339, UTC", "type": "string", "format": "date-time"})
    }
}

/// In stored JSON a span is its number of microseconds.
impl Serialize for Span {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.serialize_i64(self.0)
    }
}

impl<'de> Deserialize<'de> for Span {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        i64::deserialize(deserializer).map(Self)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn spans_read_as_people_write_them() {
        for (text, secs) in [("90s", 90), ("5m", 300), ("1h30m", 5_400), ("7d", 604_800), ("0", 0), ("1m 5s", 65)] {
            assert_eq!(text.parse(), Ok(Span::from_secs(secs)), "{text}");
        }
        for wrong in ["", "5", "m", "5 parsecs", "-5m", "99999999999999999999d", "1.5h"] {
            assert!(wrong.parse::<Span>().is_err(), "{wrong}");
        }
    }

    #[test]
    fn spans_show_two_units_at_most() {
        for (secs, text) in [(0, "0s"), (42, "42s"), (112, "1m52s"), (300, "5m"), (11_100, "3h05m"), (604_800, "7d")] {
            assert_eq!(Span::from_secs(secs).to_string(), text);
        }
        assert_eq!(Span::from_millis(850).to_string(), "850ms");
    }

    #[test]
    fn timestamps_are_rfc_3339_both_ways() {
        let at: Timestamp = "2026-11-20T15:02:11Z".parse().expect("a valid time");
        assert_eq!(at.to_string(), "2026-11-20T15:02:11Z");
        assert_eq!("2026-11-20T16:02:11+01:00".parse::<Timestamp>().expect("a valid time"), at);
        assert_eq!((Timestamp::NEVER + Span::from_hours(1_000_000)).to_string(), "9999-12-30T22:00:00Z");
    }
}
