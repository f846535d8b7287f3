use hob_core::Timestamp;
use jiff::tz::TimeZone;
use std::time::Duration;

fn moment(at: Timestamp) -> jiff::Timestamp {
    jiff::Timestamp::from_millisecond(at.0).unwrap_or(jiff::Timestamp::UNIX_EPOCH)
}

/// The time in UTC as part of a file's name.
pub fn stamp(at: Timestamp) -> String {
    let text = rfc3339(at);
    let seconds = text.split('.').next().unwrap_or(&text);
    seconds.chars().filter(char::is_ascii_alphanumeric).collect()
}

/// `2026-11-21T09:51:00.123Z`, for programs.
pub fn rfc3339(at: Timestamp) -> String {
    format!("{:.3}", moment(at))
}

/// `2026-11-21 10:51:00`, on the clock of the person's wall.
pub fn local(at: Timestamp) -> String {
    moment(at).to_zoned(TimeZone::system()).strftime("%Y-%m-%d %H:%M:%S").to_string()
}

/// How long ago, in one unit: `12s ago`, `3m ago`, `2h ago`, `5d ago`.
pub fn ago(at: Timestamp, now: Timestamp) -> String {
    let seconds = now.since(at).as_secs();
    match seconds {
        0 => "now".to_owned(),
        1..60 => format!("{seconds}s ago"),
        60..3_600 => format!("{}m ago", seconds / 60),
        3_600..86_400 => format!("{}h ago", seconds / 3_600),
        _ => format!("{}d ago", seconds / 86_400),
    }
}

/// When a task that failed `at` may be tried again: `2026-11-21 16:25:00 (in 1h58m)`, or that it is time.
pub fn again(at: Timestamp, wait_ms: u32, now: Timestamp) -> String {
    let when = Timestamp(at.0.saturating_add(i64::from(wait_ms)));
    let rest = when.since(now);
    if rest.is_zero() {
        format!("{} (that is over)", local(when))
    } else {
        format!("{} (in {})", local(when), duration(rest))
    }
}

/// How long, to about three digits: `4ms`, `1.2s`, `12s`, `3m05s`, `2h07m`, `3d04h`.
pub fn duration(time: Duration) -> String {
    let (ms, seconds) = (time.as_millis(), time.as_secs());
    match seconds {
        0 => format!("{ms}ms"),
        1..10 => format!("{seconds}.{}s", time.subsec_millis() / 100),
        10..60 => format!("{seconds}s"),
        60..3_600 => format!("{}m{:02}s", seconds / 60, seconds % 60),
        3_600..86_400 => format!("{}h{:02}m", seconds / 3_600, seconds / 60 % 60),
        _ => format!("{}d{:02}h", seconds / 86_400, seconds / 3_600 % 24),
    }
}

/// `12 B`, `1.5 KiB`, `340 MiB`.
pub fn size(bytes: u64) -> String {
    const UNITS: [&str; 5] = ["B", "KiB", "MiB", "GiB", "TiB"];
    let mut unit = 0;
    let mut tenths = bytes.saturating_mul(10);
    while tenths >= 10_240 && unit + 1 < UNITS.len() {
        tenths /= 1024;
        unit += 1;
    }
    if unit == 0 || tenths >= 1_000 {
        format!("{} {}", tenths / 10, UNITS[unit])
    } else {
        format!("{}.{} {}", tenths / 10, tenths % 10, UNITS[unit])
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[track_caller]
    fn check(ms: u64, long: &str, past: &str) {
        assert_eq!(duration(Duration::from_millis(ms)), long);
        let now = 1_000_000_000_000;
        let then = Timestamp(now - i64::try_from(ms).expect("small"));
        assert_eq!(ago(then, Timestamp(now)), past);
    }

    #[test]
    fn times() {
        check(0, "0ms", "now");
        check(999, "999ms", "now");
        check(1_250, "1.2s", "1s ago");
        check(59_999, "59s", "59s ago");
        check(185_000, "3m05s", "3m ago");
        check(7_620_000, "2h07m", "2h ago");
        check(273_600_000, "3d04h", "3d ago");
    }

    #[test]
    fn a_moment_of_the_future_is_now() {
        assert_eq!(ago(Timestamp(5), Timestamp(0)), "now");
    }

    #[test]
    fn when_to_try_again() {
        let text = |now| again(Timestamp(1_000), 90_000, Timestamp(now));
        assert!(text(1_000).ends_with(" (in 1m30s)"), "{}", text(1_000));
        assert!(text(91_000).ends_with(" (that is over)"), "{}", text(91_000));
    }

    #[test]
    fn moments_for_programs() {
        assert_eq!(rfc3339(Timestamp(0)), "1970-01-01T00:00:00.000Z");
        assert_eq!(rfc3339(Timestamp(1_795_254_660_123)), "2026-11-21T09:51:00.123Z");
        assert_eq!(rfc3339(Timestamp(i64::MAX)), "1970-01-01T00:00:00.000Z");
    }

    #[test]
    fn sizes() {
        for (bytes, text) in [
            (0, "0 B"),
            (1023, "1023 B"),
            (1024, "1.0 KiB"),
            (1536, "1.5 KiB"),
            (340 << 20, "340 MiB"),
            (1 << 40, "1.0 TiB"),
            (u64::MAX, "1677721 TiB"),
        ] {
            assert_eq!(size(bytes), text);
        }
    }
}
