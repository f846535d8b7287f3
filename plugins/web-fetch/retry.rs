use jiff::{Timestamp, fmt::rfc2822::DateTimeParser};

/// Longest time that is believed. A day: beyond it the server means never.
const LONGEST_MS: i64 = 24 * 60 * 60 * 1000;

/// The milliseconds that `Retry-After` means: it has seconds or a date.
pub fn after(value: &str, now: Timestamp) -> Option<u32> {
    let value = value.trim();
    let ms = match value.parse::<i64>() {
        Ok(seconds) => seconds.checked_mul(1000)?,
        Err(_) => DateTimeParser::new().parse_timestamp(value).ok()?.as_millisecond() - now.as_millisecond(),
    };
    u32::try_from(ms.clamp(0, LONGEST_MS)).ok()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn seconds_and_dates() {
        let now: Timestamp = "1994-11-06T08:49:00Z".parse().expect("a moment");
        for (value, expect) in [
            ("120", Some(120_000)),
            (" 0 ", Some(0)),
            ("-5", Some(0)),
            ("99999999999", Some(86_400_000)),
            ("Sun, 06 Nov 1994 08:49:37 GMT", Some(37_000)),
            ("Sun, 06 Nov 1994 08:48:37 GMT", Some(0)),
            ("soon", None),
            ("", None),
        ] {
            assert_eq!(after(value, now), expect, "{value}");
        }
    }
}
