//! Points in time as certificates know them: whole seconds, years 0 to 9999, always UTC.
//!
//! `jiff::Timestamp` ends two hours before 9999-12-31T23:59:59Z, the date that RFC 5280 (4.1.2.5) gives to
//! certificates without a known end, so the arithmetic is done on seconds and only the calendar is jiff's.

use core::fmt;
use core::str::FromStr;

use jiff::civil::DateTime;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

/// Seconds since 1970-01-01T00:00:00Z; printed and parsed as RFC 3339 in UTC.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize, JsonSchema)]
#[serde(into = "String", try_from = "String")]
#[schemars(with = "String", extend("format" = "date-time"))]
pub struct Time(i64);

impl Time {
    /// The last second that an X.509 date can name.
    pub const MAX: Self = Self(253_402_300_799);

    pub const fn from_unix(seconds: i64) -> Self {
        Self(seconds)
    }

    pub const fn unix(self) -> i64 {
        self.0
    }

    /// Seconds from `earlier` to `self`, negative when `self` comes first.
    pub const fn since(self, earlier: Self) -> Span {
        Span(self.0 - earlier.0)
    }

    #[must_use]
    pub fn plus(self, span: Span) -> Self {
        Self(self.0.saturating_add(span.0)).min(Self::MAX)
    }

    #[must_use]
    pub fn minus(self, span: Span) -> Self {
        Self(self.0.saturating_sub(span.0))
    }

    /// `2026-11-22T18:57Z`, for tables and sentences.
    pub fn minute(self) -> String {
        let text = self.to_string();
        format!("{}Z", &text[..text.len().min(16)])
    }
}

impl fmt::Display for Time {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let civil = jiff::civil::date(1970, 1, 1).at(0, 0, 0, 0).checked_add(jiff::SignedDuration::from_secs(self.0));
        match civil {
            Ok(civil) => {
                let (date, time) = (civil.date(), civil.time());
                write!(f, "{:04}-{:02}-{:02}T", date.year(), date.month(), date.day())?;
                write!(f, "{:02}:{:02}:{:02}Z", time.hour(), time.minute(), time.second())
            }
            Err(_) => write!(f, "@{}", self.0),
        }
    }
}

#[derive(Debug, thiserror::Error)]
#[error("'{0}' is not a point in time as in RFC 3339 (for example 2026-11-22T18:57:00Z)")]
pub struct TimeError(String);

impl FromStr for Time {
    type Err = TimeError;

    fn from_str(text: &str) -> Result<Self, TimeError> {
        let wrong = || TimeError(text.to_owned());
        if let Ok(timestamp) = text.parse::<jiff::Timestamp>() {
            return Ok(Self(timestamp.as_second()));
        }
        // The two hours that jiff's timestamps lack, and plain dates.
        let civil: DateTime = text.trim_end_matches('Z').parse().map_err(|_| wrong())?;
        let epoch = jiff::civil::date(1970, 1, 1).at(0, 0, 0, 0);
        Ok(Self(civil.duration_since(epoch).as_secs()))
    }
}

impl From<Time> for String {
    fn from(time: Time) -> Self {
        time.to_string()
    }
}

impl TryFrom<String> for Time {
    type Error = TimeError;

    fn try_from(text: String) -> Result<Self, TimeError> {
        text.parse()
    }
}

/// A length of time in seconds; printed with its two largest units (`3d4h`), in one word as kubectl prints ages.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize, JsonSchema)]
pub struct Span(pub i64);

impl Span {
    pub const fn days(days: i64) -> Self {
        Self(days * 86_400)
    }

    pub const fn hours(hours: i64) -> Self {
        Self(hours * 3_600)
    }

    pub const fn minutes(minutes: i64) -> Self {
        Self(minutes * 60)
    }
}

impl fmt::Display for Span {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let sign = if self.0 < 0 { "-" } else { "" };
        let seconds = self.0.unsigned_abs();
        let (days, hours, minutes) = (seconds / 86_400, seconds / 3_600 % 24, seconds / 60 % 60);
        match (days, hours, minutes) {
            (0, 0, 0) => write!(f, "{sign}{seconds}s"),
            (0, 0, _) => write!(f, "{sign}{minutes}m"),
            (0, _, 0) => write!(f, "{sign}{hours}h"),
            (0, _, _) => write!(f, "{sign}{hours}h{minutes}m"),
            (365.., _, _) if days % 365 == 0 => write!(f, "{sign}{}y", days / 365),
            (365.., _, _) => write!(f, "{sign}{}y{}d", days / 365, days % 365),
            (10.., _, _) | (_, 0, _) => write!(f, "{sign}{days}d"),
            (_, _, _) => write!(f, "{sign}{days}d{hours}h"),
        }
    }
}

impl FromStr for Span {
    type Err = String;

    /// kubectl's own durations (`90m`, `12h`) and days and years beside them (`30d`, `1y`).
    fn from_str(text: &str) -> Result<Self, String> {
        let wrong = || format!("'{text}' is not a duration (for example 30d, 12h, 90m)");
        let split = text.find(|c: char| !c.is_ascii_digit()).ok_or_else(wrong)?;
        let number: i64 = text[..split].parse().map_err(|_| wrong())?;
        let unit = match &text[split..] {
            "s" => 1,
            "m" => 60,
            "h" => 3_600,
            "d" => 86_400,
            "w" => 7 * 86_400,
            "y" => 365 * 86_400,
            _ => return Err(wrong()),
        };
        number.checked_mul(unit).map(Self).ok_or_else(wrong)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_whole_range_of_x509_survives_text() {
        for text in [
            "1950-01-01T00:00:00Z",
            "1970-01-01T00:00:00Z",
            "2049-12-31T23:59:59Z",
            "2050-01-01T00:00:00Z",
            "9999-12-31T23:59:59Z",
        ] {
            assert_eq!(text.parse::<Time>().expect(text).to_string(), text);
        }
        assert_eq!(Time::MAX.to_string(), "9999-12-31T23:59:59Z");
        assert_eq!("2026-11-22T18:57:00+02:00".parse::<Time>().expect("offset").to_string(), "2026-11-22T16:57:00Z");
        assert!("tomorrow".parse::<Time>().is_err());
    }

    #[test]
    fn spans_read_like_a_person_would_say_them() {
        for (seconds, text) in [
            (0, "0s"),
            (59, "59s"),
            (-3_600, "-1h"),
            (3 * 86_400 + 3_600, "3d1h"),
            (29 * 86_400 + 3_600, "29d"),
            (400 * 86_400, "1y35d"),
        ] {
            assert_eq!(Span(seconds).to_string(), text);
        }
        assert_eq!("30d".parse::<Span>().expect("30d"), Span::days(30));
        assert!("30".parse::<Span>().is_err());
        assert!("99999999999999999y".parse::<Span>().is_err());
    }
}
