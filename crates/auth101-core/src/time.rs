//! Points in time, as the tables store them.

use alloc::{format, string::String};
use chrono::{DateTime, Datelike, NaiveDate, NaiveDateTime, Timelike};

const MICROS_PER_SECOND: i64 = 1_000_000;

/// A point in time in UTC, in microseconds since 1970-01-01.
///
/// One is read at the door of each request and passed down; nothing below asks a clock again.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Debug, Hash)]
pub struct Timestamp(i64);

/// How finely a database keeps its datetimes.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Resolution {
    /// SQLite, D1 and PostgreSQL.
    Microseconds,
    /// MySQL's `DATETIME`, which drops the fraction (and rounds up when it is bound with one).
    Seconds,
}

impl Timestamp {
    /// 1970-01-01 00:00:00: before every row.
    pub const EPOCH: Self = Self(0);
    /// 9999-12-31 23:59:59: after every row, and the last second that four-digit years can write.
    pub const FAR_FUTURE: Self = Self(253_402_300_799 * MICROS_PER_SECOND);

    /// From microseconds since 1970-01-01; clamped to the years that a four-digit datetime can name.
    #[must_use]
    pub fn from_micros(micros: i64) -> Self {
        Self(micros.clamp(Self::EPOCH.0, Self::FAR_FUTURE.0))
    }

    /// From milliseconds since 1970-01-01, which is what JavaScript's clock gives.
    #[must_use]
    pub fn from_millis(millis: i64) -> Self {
        Self::from_micros(millis.saturating_mul(1_000))
    }

    /// From whole seconds since 1970-01-01.
    #[must_use]
    pub fn from_seconds(seconds: i64) -> Self {
        Self::from_micros(seconds.saturating_mul(MICROS_PER_SECOND))
    }

    /// Microseconds since 1970-01-01.
    #[must_use]
    pub const fn micros(self) -> i64 {
        self.0
    }

    /// Whole seconds since 1970-01-01, rounded down: what a token's `iat` and `exp` hold (RFC 7519, NumericDate).
    /// Never rounded up, or a verifier without leeway would see a token from the future.
    #[must_use]
    pub const fn seconds(self) -> i64 {
        self.0.div_euclid(MICROS_PER_SECOND)
    }

    /// The last point at or before this one that the database can store.
    #[must_use]
    pub const fn floor_to(self, resolution: Resolution) -> Self {
        match resolution {
            Resolution::Microseconds => self,
            Resolution::Seconds => Self(self.seconds() * MICROS_PER_SECOND),
        }
    }

    /// That many seconds later.
    #[must_use]
    pub fn plus_seconds(self, seconds: i64) -> Self {
        Self::from_micros(self.0.saturating_add(seconds.saturating_mul(MICROS_PER_SECOND)))
    }

    /// That many seconds earlier.
    #[must_use]
    pub fn minus_seconds(self, seconds: i64) -> Self {
        self.plus_seconds(seconds.saturating_neg())
    }

    /// `YYYY-MM-DD HH:MM:SS.ffffff`, the one form that the Python package reads back from SQLite without harm
    /// (reference, section 3.3) and that compares as text in the order of time.
    #[must_use]
    pub fn to_text(self) -> String {
        let Some(at) = DateTime::from_timestamp_micros(self.0) else {
            // Unreachable: every constructor clamps to years that exist.
            return String::from("1970-01-01 00:00:00.000000");
        };
        format!(
            "{:04}-{:02}-{:02} {:02}:{:02}:{:02}.{:06}",
            at.year(),
            at.month(),
            at.day(),
            at.hour(),
            at.minute(),
            at.second(),
            at.timestamp_subsec_micros()
        )
    }

    /// Reads what this project and others write into a datetime column: a space or `T` between date and time, any
    /// number of fraction digits or none, no seconds, a date alone. `None` for anything else, an offset from UTC
    /// included: statements compare the text, and would not see it.
    #[must_use]
    pub fn parse(text: &str) -> Option<Self> {
        let text = text.trim_ascii();
        let (date, rest) = match text.split_once([' ', 'T']) {
            Some((date, rest)) => (date, rest),
            None => (text, "00:00"),
        };
        let mut parts = date.split('-');
        let (year, month, day) = (digits(parts.next()?, 4)?, digits(parts.next()?, 2)?, digits(parts.next()?, 2)?);
        if parts.next().is_some() {
            return None;
        }
        let (clock, micros) = match rest.split_once('.') {
            Some((clock, fraction)) => (clock, fraction_micros(fraction)?),
            None => (rest, 0),
        };
        let mut parts = clock.split(':');
        let (hour, minute) = (digits(parts.next()?, 2)?, digits(parts.next()?, 2)?);
        let second = parts.next().map_or(Some(0), |second| digits(second, 2))?;
        if parts.next().is_some() {
            return None;
        }
        let at: NaiveDateTime = NaiveDate::from_ymd_opt(i32::try_from(year).ok()?, month, day)?
            .and_hms_micro_opt(hour, minute, second, micros)?;
        Some(Self::from_micros(at.and_utc().timestamp_micros()))
    }
}

fn digits(text: &str, length: usize) -> Option<u32> {
    (text.len() == length && text.bytes().all(|byte| byte.is_ascii_digit())).then(|| text.parse().ok())?
}

/// The first six digits of a fraction of a second; finer ones are cut, never rounded up.
fn fraction_micros(fraction: &str) -> Option<u32> {
    if fraction.is_empty() || !fraction.bytes().all(|byte| byte.is_ascii_digit()) {
        return None;
    }
    let mut micros = 0;
    for place in 0..6 {
        micros = micros * 10 + fraction.as_bytes().get(place).map_or(0, |digit| u32::from(digit - b'0'));
    }
    Some(micros)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn text_is_what_the_reference_stores() {
        assert_eq!(Timestamp::from_micros(1_767_225_600_000_001).to_text(), "2026-01-01 00:00:00.000001");
        assert_eq!(Timestamp::EPOCH.to_text(), "1970-01-01 00:00:00.000000");
        assert_eq!(Timestamp::FAR_FUTURE.to_text(), "9999-12-31 23:59:59.000000");
    }

    #[test]
    fn every_form_that_others_write_is_read() {
        let noon = Timestamp::from_seconds(1_767_268_800);
        for text in [
            "2026-01-01 12:00:00.000000",
            "2026-01-01 12:00:00",
            "2026-01-01T12:00:00",
            "2026-01-01 12:00",
            "2026-01-01 12:00:00.0000009",
        ] {
            assert_eq!(Timestamp::parse(text), Some(noon), "{text}");
        }
        assert_eq!(Timestamp::parse("2026-01-01"), Some(Timestamp::from_seconds(1_767_225_600)));
        assert_eq!(Timestamp::parse("2026-01-01 00:00:00.5"), Some(Timestamp::from_micros(1_767_225_600_500_000)));
    }

    #[test]
    fn junk_is_refused() {
        for text in [
            "",
            "soon",
            "2026-13-01",
            "2026-02-30",
            "2026-01-01 25:00:00",
            "2026-01-01 12",
            "1767268800",
            "2026-01-01 12:00:00.",
            "2026-01-01 12:00:00Z",
            "2026-01-01 14:00:00+02:00",
            "2026-01-01 12:00:00+",
            "2026-01-01 12:00:00+99",
            "+026-01-01",
            "2026-01-01 12:00:00:00",
        ] {
            assert_eq!(Timestamp::parse(text), None, "{text}");
        }
    }

    #[test]
    fn flooring_drops_the_fraction_only() {
        let at = Timestamp::from_micros(1_999_999);
        assert_eq!(at.floor_to(Resolution::Seconds), Timestamp::from_micros(1_000_000));
        assert_eq!(at.floor_to(Resolution::Microseconds), at);
        assert_eq!(at.seconds(), 1);
    }
}
