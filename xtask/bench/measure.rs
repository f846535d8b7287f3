use anyhow::Result;
use std::{
    fmt::Write as _,
    time::{Duration, Instant},
};

/// A line of the table.
pub struct Row {
    pub what: String,
    figure: String,
    beside: String,
    goal: String,
}

impl Row {
    pub fn new(what: &str, figure: &str, beside: &str, goal: &str) -> Self {
        let [what, figure, beside, goal] = [what, figure, beside, goal].map(str::to_owned);
        Self { what, figure, beside, goal }
    }
}

/// How long something takes.
pub fn time(mut what: impl FnMut() -> Result<()>) -> Result<Duration> {
    let start = Instant::now();
    what()?;
    Ok(start.elapsed())
}

/// The middle one of several runs.
pub fn median(runs: usize, mut what: impl FnMut() -> Result<()>) -> Result<Duration> {
    let mut times = (0..runs).map(|_| time(&mut what)).collect::<Result<Vec<_>>>()?;
    Ok(middle(&mut times))
}

/// The middle one.
pub fn middle(times: &mut [Duration]) -> Duration {
    times.sort_unstable();
    times.get(times.len() / 2).copied().unwrap_or_default()
}

/// `1.28 ms`.
pub fn ms(time: Duration) -> String {
    format!("{:.2} ms", time.as_secs_f64() * 1e3)
}

/// `1,234/s`.
pub fn rate(count: usize, time: Duration) -> String {
    #[expect(clippy::cast_precision_loss, reason = "a rate for people")]
    let rate = count as f64 / time.as_secs_f64();
    format!("{rate:.0}/s")
}

/// One duration as a multiple of another.
pub fn ratio(of: Duration, to: Duration) -> String {
    format!("{:.2} ×", of.as_secs_f64() / to.as_secs_f64())
}

/// All rows, aligned.
pub fn table(rows: &[Row]) -> String {
    let head = Row::new("what", "hob", "beside it, same run", "goal");
    let all: Vec<&Row> = [&head].into_iter().chain(rows).collect();
    let width = |cell: fn(&Row) -> &String| all.iter().map(|row| cell(row).chars().count()).max().unwrap_or(0);
    let widths = [width(|row| &row.what), width(|row| &row.figure), width(|row| &row.beside), width(|row| &row.goal)];
    let mut text = String::new();
    for (index, row) in all.iter().enumerate() {
        let [what, figure, beside, goal] = widths;
        // Writing to a String cannot fail.
        let _ = writeln!(
            text,
            "| {:<what$} | {:<figure$} | {:<beside$} | {:<goal$} |",
            row.what, row.figure, row.beside, row.goal
        );
        if index == 0 {
            let lines = widths.map(|width| "-".repeat(width + 2));
            let _ = writeln!(text, "|{}|", lines.join("|"));
        }
    }
    text
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn figures() {
        assert_eq!(ms(Duration::from_micros(1284)), "1.28 ms");
        assert_eq!(rate(1000, Duration::from_millis(500)), "2000/s");
        assert_eq!(ratio(Duration::from_secs(3), Duration::from_secs(2)), "1.50 ×");
        let mut times = [3, 1, 2].map(Duration::from_secs);
        assert_eq!(middle(&mut times), Duration::from_secs(2));
    }

    #[test]
    fn columns_are_aligned() {
        let text = table(&[Row::new("a µs", "1", "", "x"), Row::new("b", "22", "other", "y")]);
        let lengths: Vec<usize> = text.lines().map(|line| line.chars().count()).collect();
        assert_eq!(lengths.len(), 4);
        assert!(lengths.iter().all(|length| *length == lengths[0]), "{text}");
    }
}
