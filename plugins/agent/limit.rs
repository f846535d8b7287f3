//! Recognises that a failure is a limit of how much one may ask, and when it is over.

use crate::{answer::Trouble, clock::Clock};
use jiff::{
    SignedDuration, Timestamp,
    civil::{Date, Time},
};
use regex_lite::{Captures, Regex};

/// A limit that was reached.
#[derive(Debug, PartialEq, Eq)]
pub struct Limit {
    /// When it is over, where that was said.
    pub until: Option<Timestamp>,
}

/// What was reached, if it was a limit; `text` is all that the program said of its failure.
pub fn limit(trouble: &Trouble, text: &str, clock: &Clock) -> Option<Limit> {
    let words = r"(?i)\b429\b|rate[ _-]?limit|usage[ _-]?limit|limit reached|hit your \w*\s*limit|too many requests|\bquota\b|resource.(?:has been )?exhausted|insufficient_quota";
    if trouble.status != Some(429) && trouble.resets_at.is_none() && !matches(words, text) {
        return None;
    }
    let said = trouble.resets_at.and_then(|at| Timestamp::from_second(at).ok());
    let after = trouble.retry_after_ms.and_then(|ms| later(clock, ms));
    let until = said.or_else(|| [in_words(text, clock), after].into_iter().flatten().max());
    Some(Limit { until: until.filter(|at| *at > clock.now()) })
}

fn later(clock: &Clock, milliseconds: u64) -> Option<Timestamp> {
    clock.now().checked_add(SignedDuration::from_millis(i64::try_from(milliseconds).ok()?)).ok()
}

/// The time that a text names: a duration, a time of day, a date or a moment.
fn in_words(text: &str, clock: &Clock) -> Option<Timestamp> {
    moment(text).or_else(|| duration(text, clock)).or_else(|| time_of_day(text, clock))
}

const AGAIN: &str = r"(?:(?:try|retry|retrying)(?: again)?|resets?|reset|available)";

/// `limit reached|1749924000`, or RFC 3339.
fn moment(text: &str) -> Option<Timestamp> {
    if let Some(found) = captures(r"\|(1\d{9})\b", text) {
        return Timestamp::from_second(found[1].parse().ok()?).ok();
    }
    let words = format!(r"(?i)\b{AGAIN} (?:at|on|after) (\d{{4}}-\d\d-\d\d[T ][0-9:.]+(?:Z|[+-]\d\d:?\d\d))");
    captures(&words, text)?[1].replace(' ', "T").parse().ok()
}

/// `try again in 7.5s`, `retry in 2h10m33.5s`, `resets in 3 days 2 hours`, `Retry-After: 30`.
fn duration(text: &str, clock: &Clock) -> Option<Timestamp> {
    const ONE: &str = r"\d+(?:\.\d+)?\s*(?:milliseconds?|ms|seconds?|secs?|minutes?|mins?|hours?|hrs?|days?|s|m|h|d)\b";
    let words = format!(r"(?i)\b{AGAIN} (?:in|after):? (?:about )?({ONE}(?:,? ?(?:and )?{ONE})*)");
    // Without word borders between units that follow each other, as in 2h10m.
    let words = words.replace(r"\b(", "(").replace(r"|d)\b", "|d)");
    if let Some(found) = captures(&words, text) {
        let one = Regex::new(r"(?i)(\d+(?:\.\d+)?)\s*([a-z]+)").ok()?;
        let sum: f64 = one.captures_iter(&found[1]).filter_map(|part| seconds(&part)).sum();
        return clock.now().checked_add(SignedDuration::try_from_secs_f64(sum).ok()?).ok();
    }
    let found = captures(r#"(?i)\bretry[ -]after"?:? "?(\d+)\b"#, text)?;
    later(clock, found[1].parse::<u64>().ok()?.checked_mul(1000)?)
}

fn seconds(part: &Captures<'_>) -> Option<f64> {
    let number: f64 = part[1].parse().ok()?;
    let unit = part[2].to_ascii_lowercase();
    let unit = match unit.as_str() {
        "ms" => 0.001,
        unit if unit.starts_with("milli") => 0.001,
        unit if unit.starts_with('s') => 1.0,
        unit if unit.starts_with('m') => 60.0,
        unit if unit.starts_with('h') => 3_600.0,
        unit if unit.starts_with('d') => 86_400.0,
        _ => return None,
    };
    Some(number * unit)
}

/// `try again at 4:25 PM`, `resets 4pm (UTC)`, `try again at Nov 23rd, 2026 4:25 PM`, `resets Oct 3 at 4pm`.
fn time_of_day(text: &str, clock: &Clock) -> Option<Timestamp> {
    let words = format!(
        r"(?i)\b{AGAIN}(?: at| on)? (?:(jan|feb|mar|apr|may|jun|jul|aug|sep|oct|nov|dec)[a-z]* (\d\d?)(?:st|nd|rd|th)?,?(?: (\d{{4}}),?)?(?: at)? )?(\d\d?)(?::(\d\d))?\s*([ap]m)?( \(?UTC\b)?"
    );
    let found = captures(&words, text)?;
    let number = |index: usize| found.get(index).and_then(|part| part.as_str().parse::<i16>().ok());
    let half = found.get(6).map(|half| half.as_str().to_ascii_lowercase());
    // A number alone is no time.
    if half.is_none() && found.get(5).is_none() {
        return None;
    }
    let hour = match (number(4)?, half.as_deref()) {
        (12, Some("am")) => 0,
        (hour @ 1..12, Some("pm")) => hour + 12,
        (hour, _) => hour,
    };
    let time = Time::new(i8::try_from(hour).ok()?, i8::try_from(number(5).unwrap_or(0)).ok()?, 0, 0).ok()?;
    let date = match found.get(1) {
        None => None,
        Some(month) => {
            const MONTHS: &str = "janfebmaraprmayjunjulaugsepoctnovdec";
            let month = MONTHS.find(&month.as_str().to_ascii_lowercase())? / 3 + 1;
            let year = number(3).unwrap_or_else(|| clock.year());
            Some(Date::new(year, i8::try_from(month).ok()?, i8::try_from(number(2)?).ok()?).ok()?)
        }
    };
    clock.next(date, time, found.get(7).is_some())
}

fn matches(pattern: &str, text: &str) -> bool {
    Regex::new(pattern).is_ok_and(|regex| regex.is_match(text))
}

fn captures<'t>(pattern: &str, text: &'t str) -> Option<Captures<'t>> {
    Regex::new(pattern).ok()?.captures(text)
}

#[cfg(test)]
mod tests {
    use super::*;

    /// 14:26:40 UTC, two hours later on the walls.
    fn clock() -> Clock {
        Clock::at("2026-11-21T14:26:40Z".parse().expect("a moment"), 7_200)
    }

    #[track_caller]
    fn check(text: &str, until: Option<&str>) {
        let found = limit(&Trouble::default(), text, &clock()).unwrap_or_else(|| panic!("{text} is a limit"));
        let until = until.map(|at| at.parse::<Timestamp>().expect("a moment"));
        assert_eq!(found.until, until, "{text}");
    }

    #[test]
    fn limits_and_their_times() {
        let cases = [
            // As the programs say it.
            ("You've hit your session limit · resets 4:25pm (UTC)", Some("2026-11-21T16:25:00Z")),
            ("You've hit your weekly limit · resets Nov 23 at 4pm (UTC)", Some("2026-11-23T16:00:00Z")),
            ("Claude AI usage limit reached|1795278341", Some("2026-11-21T16:25:41Z")),
            (
                "You’ve hit your usage limit. Visit https://x.org/ or try again at 6:25 PM.",
                Some("2026-11-21T16:25:00Z"),
            ),
            ("You’ve hit your usage limit. Try again at Nov 23rd, 2026 4:25 PM.", Some("2026-11-23T14:25:00Z")),
            ("usage limit: try again in 3 days 2 hours 5 minutes.", Some("2026-11-24T16:31:40Z")),
            (
                "Rate limit reached for x: Limit 30000. Please try again in 11.054s. Visit",
                Some("2026-11-21T14:26:51.054Z"),
            ),
            ("Rate limit reached. Please try again in 20ms.", Some("2026-11-21T14:26:40.02Z")),
            ("Resource has been exhausted (e.g. check quota). Please retry in 33.5s.", Some("2026-11-21T14:27:13.5Z")),
            ("You exceeded your current quota. Please retry in 2h10m33.5s.", Some("2026-11-21T16:37:13.5Z")),
            ("exceeded retry limit, last status: 429 Too Many Requests", None),
            ("API Error: Request rejected (429) · This request would exceed your rate limit", None),
            // As others may.
            ("HTTP 429, Retry-After: 30", Some("2026-11-21T14:27:10Z")),
            ("quota: resets at 2026-11-22T00:00:00Z", Some("2026-11-22T00:00:00Z")),
            ("usage limit reached, resets 3am", Some("2026-11-22T01:00:00Z")),
            ("usage limit reached, resets at 12:30am", Some("2026-11-21T22:30:00Z")),
            ("too many requests; try again in about 1 hour and 5 minutes", Some("2026-11-21T15:31:40Z")),
            ("rate_limit_error: try again in 5", None),
        ];
        for (text, until) in cases {
            check(text, until);
        }
    }

    #[test]
    fn other_failures_are_no_limits() {
        for text in
            ["500 Internal server error, try again in a moment", "port 4290 is taken", "the word limit is 300", ""]
        {
            assert_eq!(limit(&Trouble::default(), text, &clock()), None, "{text}");
        }
    }

    #[test]
    fn what_the_program_says_apart_counts_more_than_words() {
        let trouble = Trouble { resets_at: Some(1_795_278_341), ..Trouble::default() };
        let found = limit(&trouble, "resets 4:25pm (UTC)", &clock()).expect("a limit");
        assert_eq!(found.until, Timestamp::from_second(1_795_278_341).ok());
        let trouble = Trouble { status: Some(429), retry_after_ms: Some(1_000), ..Trouble::default() };
        let found = limit(&trouble, "please try again in 7.5s", &clock()).expect("a limit");
        assert_eq!(found.until, "2026-11-21T14:26:47.5Z".parse().ok(), "the later of both");
        let past = Trouble { resets_at: Some(1), ..Trouble::default() };
        assert_eq!(limit(&past, "", &clock()), Some(Limit { until: None }));
    }
}
