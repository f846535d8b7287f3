use serde::{Deserialize, Deserializer, Serialize, Serializer, de::Error as _};
use std::{fmt, str::FromStr, time::Duration};

/// A size in bytes, written `512`, `64KiB`, `1GiB` or `1GB`.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Bytes(pub u64);

/// A size or duration that cannot be read.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum UnitError {
    /// Not a size.
    #[error("`{0}` is no size; write a number with B, KiB, MiB or GiB, such as 64MiB")]
    Size(String),
    /// Not a duration.
    #[error("`{0}` is no duration; write a number with ms, s, m, h or d, such as 90s or 1h30m")]
    Duration(String),
}

const SIZE_UNITS: [(&str, u64); 10] = [
    ("tib", 1 << 40),
    ("gib", 1 << 30),
    ("mib", 1 << 20),
    ("kib", 1 << 10),
    ("tb", 1_000_000_000_000),
    ("gb", 1_000_000_000),
    ("mb", 1_000_000),
    ("kb", 1_000),
    ("b", 1),
    ("", 1),
];

impl FromStr for Bytes {
    type Err = UnitError;

    fn from_str(text: &str) -> Result<Self, UnitError> {
        let error = || UnitError::Size(text.to_owned());
        let lower = text.trim().to_ascii_lowercase();
        let digits = lower.find(|c: char| !c.is_ascii_digit()).unwrap_or(lower.len());
        let (number, unit) = lower.split_at(digits);
        let number: u64 = number.parse().map_err(|_| error())?;
        let unit = unit.trim();
        let (_, factor) = SIZE_UNITS.iter().find(|(name, _)| *name == unit).ok_or_else(error)?;
        number.checked_mul(*factor).map(Self).ok_or_else(error)
    }
}

impl fmt::Display for Bytes {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let exact = SIZE_UNITS.iter().take(4).find(|(_, factor)| self.0 >= *factor && self.0.is_multiple_of(*factor));
        match exact {
            Some((unit, factor)) => {
                let mut unit = unit.to_ascii_uppercase();
                unit.replace_range(1..2, "i");
                write!(f, "{}{unit}", self.0 / factor)
            }
            None => write!(f, "{}B", self.0),
        }
    }
}

impl Serialize for Bytes {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_str(self)
    }
}

impl<'de> Deserialize<'de> for Bytes {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        String::deserialize(deserializer)?.parse().map_err(D::Error::custom)
    }
}

const TIME_UNITS: [(&str, u64); 5] = [("ms", 1), ("d", 86_400_000), ("h", 3_600_000), ("m", 60_000), ("s", 1_000)];

/// Reads `90s`, `1h30m`, `250ms`, `2d`. A bare number is refused: it does not say its unit.
pub fn parse_duration(text: &str) -> Result<Duration, UnitError> {
    let error = || UnitError::Duration(text.to_owned());
    let mut rest = text.trim();
    if rest.is_empty() {
        return Err(error());
    }
    let mut total: u64 = 0;
    while !rest.is_empty() {
        let digits = rest.find(|c: char| !c.is_ascii_digit()).ok_or_else(error)?;
        let (number, tail) = rest.split_at(digits);
        let (unit, factor) = TIME_UNITS.iter().find(|(unit, _)| tail.starts_with(unit)).ok_or_else(error)?;
        let number: u64 = number.parse().map_err(|_| error())?;
        total = number.checked_mul(*factor).and_then(|ms| total.checked_add(ms)).ok_or_else(error)?;
        rest = tail[unit.len()..].trim_start();
    }
    Ok(Duration::from_millis(total))
}

/// Writes a duration the way [`parse_duration`] reads it: `1h30m`, `90s` as `1m30s`, `250ms`.
pub fn format_duration(duration: Duration) -> String {
    use fmt::Write as _;
    let mut rest = u64::try_from(duration.as_millis()).unwrap_or(u64::MAX);
    if rest == 0 {
        return "0s".to_owned();
    }
    let mut text = String::new();
    for (unit, factor) in [("d", 86_400_000), ("h", 3_600_000), ("m", 60_000), ("s", 1_000), ("ms", 1)] {
        let count = rest / factor;
        rest %= factor;
        if count > 0 {
            let _ = write!(text, "{count}{unit}");
        }
    }
    text
}

#[cfg(test)]
mod tests {
    use super::*;

    #[track_caller]
    fn check_size(text: &str, expect: Option<u64>) {
        assert_eq!(text.parse::<Bytes>().ok().map(|b| b.0), expect, "{text}");
    }

    #[test]
    fn sizes() {
        check_size("0", Some(0));
        check_size("12", Some(12));
        check_size("64KiB", Some(65_536));
        check_size("1 GiB", Some(1 << 30));
        check_size("1gb", Some(1_000_000_000));
        check_size("18446744073709551615", Some(u64::MAX));
        check_size("18446744073709551615KiB", None);
        check_size("MiB", None);
        check_size("-1", None);
        check_size("1.5MiB", None);
    }

    #[test]
    fn a_size_reads_back_as_it_was_written() {
        for bytes in [0, 1, 1023, 1024, 1 << 20, 3 << 30, 1 << 40, 1_000_000, u64::MAX] {
            assert_eq!(Bytes(bytes).to_string().parse(), Ok(Bytes(bytes)));
        }
        assert_eq!(Bytes(64 << 20).to_string(), "64MiB");
    }

    #[track_caller]
    fn check_duration(text: &str, expect: Option<u64>) {
        assert_eq!(parse_duration(text).ok().map(|d| d.as_millis()), expect.map(u128::from), "{text}");
    }

    #[test]
    fn durations() {
        check_duration("90s", Some(90_000));
        check_duration("1h30m", Some(5_400_000));
        check_duration("250ms", Some(250));
        check_duration("2d 1s", Some(172_801_000));
        check_duration("10", None);
        check_duration("", None);
        check_duration("5 parsecs", None);
        check_duration("99999999999999999999s", None);
    }

    #[test]
    fn a_duration_reads_back_as_it_was_written() {
        for ms in [0, 1, 999, 60_000, 5_400_001, 86_400_000] {
            let duration = Duration::from_millis(ms);
            assert_eq!(parse_duration(&format_duration(duration)), Ok(duration));
        }
    }
}
