//! Times of day for prices that follow the clock, in a zone that is named by its offset from UTC.
//!
//! Never a clock: the moment comes in with the request and is frozen on the job. No daylight saving: an offset is what it says.

use std::{fmt, str::FromStr};

use chrono::{DateTime, FixedOffset, Timelike as _, Utc};
use serde::{Deserialize, Deserializer, Serialize, Serializer};

/// The furthest that a zone may be from UTC, in minutes.
const MAX_OFFSET: i32 = 14 * 60;
/// The minutes of a day.
const DAY: u16 = 24 * 60;

/// A zone by its offset: `UTC`, `UTC+08:00`, `UTC-03:30`.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Zone {
    minutes: i32,
}

/// A time of day to the minute: `08:30`.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct TimeOfDay(u16);

impl Zone {
    /// What the clocks of this zone show at a moment.
    #[must_use]
    pub fn time_at(self, moment: DateTime<Utc>) -> TimeOfDay {
        let offset = FixedOffset::east_opt(self.minutes * 60).expect("a zone is within fourteen hours of UTC");
        let local = moment.with_timezone(&offset);
        TimeOfDay(u16::try_from(local.hour() * 60 + local.minute()).expect("a day has 1440 minutes"))
    }
}

impl TimeOfDay {
    /// Whether it lies in a window that begins with its first minute, ends before its last, and may span midnight.
    #[must_use]
    pub const fn is_within(self, from: Self, until: Self) -> bool {
        if from.0 <= until.0 { from.0 <= self.0 && self.0 < until.0 } else { from.0 <= self.0 || self.0 < until.0 }
    }
}

impl fmt::Display for Zone {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let (sign, minutes) = (if self.minutes < 0 { '-' } else { '+' }, self.minutes.abs());
        match minutes {
            0 => f.pad("UTC"),
            _ => write!(f, "UTC{sign}{:02}:{:02}", minutes / 60, minutes % 60),
        }
    }
}

impl FromStr for Zone {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, String> {
        let wrong = || format!("{text:?} is not a zone such as UTC+08:00");
        let offset = text.strip_prefix("UTC").ok_or_else(wrong)?;
        if offset.is_empty() {
            return Ok(Self { minutes: 0 });
        }
        let (sign, rest) = match offset.split_at_checked(1) {
            Some(("+", rest)) => (1, rest),
            Some(("-", rest)) => (-1, rest),
            _ => return Err(wrong()),
        };
        let TimeOfDay(minutes) = rest.parse().map_err(|_| wrong())?;
        let minutes = sign * i32::from(minutes);
        if minutes == 0 || minutes.abs() > MAX_OFFSET { Err(wrong()) } else { Ok(Self { minutes }) }
    }
}

impl fmt::Display for TimeOfDay {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{:02}:{:02}", self.0 / 60, self.0 % 60)
    }
}

impl FromStr for TimeOfDay {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, String> {
        let wrong = || format!("{text:?} is not a time of day such as 08:30");
        let digits = |part: &str| {
            let plain = part.len() == 2 && part.bytes().all(|byte| byte.is_ascii_digit());
            if plain { part.parse::<u16>().ok() } else { None }
        };
        let (hours, minutes) = text.split_once(':').ok_or_else(wrong)?;
        let (hours, minutes) = digits(hours).zip(digits(minutes)).ok_or_else(wrong)?;
        let time = hours * 60 + minutes;
        if minutes < 60 && time < DAY { Ok(Self(time)) } else { Err(wrong()) }
    }
}

macro_rules! as_text {
    ($($name:ty),+) => {$(
        impl Serialize for $name {
            fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
                serializer.collect_str(self)
            }
        }

        impl<'de> Deserialize<'de> for $name {
            fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
                String::deserialize(deserializer)?.parse().map_err(serde::de::Error::custom)
            }
        }
    )+};
}

as_text!(Zone, TimeOfDay);

#[cfg(test)]
mod tests {
    use chrono::TimeZone as _;
    use rstest::rstest;

    use super::*;

    fn time(text: &str) -> TimeOfDay {
        text.parse().expect("a time")
    }

    #[rstest]
    #[case("UTC", "23:30")]
    #[case("UTC+08:00", "07:30")]
    #[case("UTC-03:30", "20:00")]
    fn a_zone_has_its_own_time(#[case] zone: &str, #[case] shown: &str) {
        let moment = Utc.with_ymd_and_hms(2026, 1, 2, 23, 30, 59).single().expect("a moment");
        let zone: Zone = zone.parse().expect("a zone");
        assert_eq!(zone.time_at(moment).to_string(), shown);
        assert_eq!(zone.to_string().parse(), Ok(zone));
    }

    #[rstest]
    #[case("00:30", "08:30", true)]
    #[case("08:30", "00:30", false)]
    #[case("22:00", "07:31", true)]
    #[case("22:00", "07:30", false)]
    #[case("07:30", "07:31", true)]
    fn a_window_may_span_midnight_and_ends_before_its_end(
        #[case] from: &str,
        #[case] until: &str,
        #[case] within: bool,
    ) {
        assert_eq!(time("07:30").is_within(time(from), time(until)), within);
    }

    #[rstest]
    fn what_is_no_zone_is_refused(
        #[values("", "Asia/Shanghai", "UTC8", "UTC+8", "UTC+15:00", "UTC+00:00", "UTC+08:60", "UTC+0é:00")] text: &str,
    ) {
        assert!(text.parse::<Zone>().is_err());
    }

    #[rstest]
    fn what_is_no_time_is_refused(#[values("", "24:00", "8:30", "08:60", "+8:30", "08:30:00", "99:99")] text: &str) {
        assert!(text.parse::<TimeOfDay>().is_err());
    }
}
