use hob_core::{Progress, State, Task, sanitize_line};
use indicatif::{ProgressBar, ProgressDrawTarget, ProgressStyle};
use std::time::Duration;

/// Redraws of the spinner: often enough to look alive, seldom enough to cost nothing.
const TICK: Duration = Duration::from_millis(120);
/// Longest text beside the bar.
const MESSAGE: usize = 100;
/// Steps of the bar.
const STEPS: u64 = 1_000;

/// What moves at the bottom of the terminal while somebody waits. Shows nothing without a terminal.
pub struct Gauge(ProgressBar);

impl Gauge {
    /// A gauge on stderr.
    pub fn new() -> Self {
        let bar = ProgressBar::with_draw_target(None, ProgressDrawTarget::stderr());
        if !bar.is_hidden() {
            bar.set_style(style("{spinner} {elapsed} {wide_msg}"));
            bar.enable_steady_tick(TICK);
        }
        Self(bar)
    }

    /// Shows where one task is.
    pub fn show_task(&self, task: &Task) {
        match &task.state {
            State::Running { progress: Some(progress), .. } => self.show_progress(task, progress),
            State::Pending { blocked: Some(reason), .. } => self.say(&format!("{}  pending: {reason}", task.id)),
            State::Running { cancel_requested: Some(_), .. } => self.say(&format!("{}  stopping", task.id)),
            State::Pending { .. }
            | State::Running { .. }
            | State::Completed { .. }
            | State::Failed { .. }
            | State::Cancelled { .. } => {
                self.say(&format!("{}  {}", task.id, task.state.name()));
            }
        }
    }

    fn show_progress(&self, task: &Task, progress: &Progress) {
        self.say(&format!("{}  {}", task.id, progress.message));
        if let Some(fraction) = progress.fraction {
            self.show_fraction(fraction);
        }
    }

    /// Shows how many of several tasks are done.
    pub fn show_count(&self, done: usize, all: usize) {
        self.say(&format!("{done} of {all} tasks done"));
        let part = u32::try_from(done).unwrap_or(u32::MAX);
        let whole = u32::try_from(all.max(1)).unwrap_or(u32::MAX);
        self.show_fraction(f64::from(part) / f64::from(whole));
    }

    /// Shows how much of something is copied.
    pub fn show_share(&self, what: &str, fraction: f64) {
        self.say(what);
        self.show_fraction(fraction);
    }

    #[expect(clippy::cast_possible_truncation, clippy::cast_sign_loss, reason = "clamped to 0..=STEPS before")]
    fn show_fraction(&self, fraction: f64) {
        if self.0.is_hidden() {
            return;
        }
        if self.0.length().is_none() {
            self.0.set_style(style("{spinner} {elapsed} [{bar:24}] {percent:>3}% {wide_msg}"));
            self.0.set_length(STEPS);
        }
        self.0.set_position((fraction.clamp(0.0, 1.0) * 1_000.0) as u64);
    }

    fn say(&self, text: &str) {
        if !self.0.is_hidden() {
            self.0.set_message(sanitize_line(text, MESSAGE));
        }
    }

    /// Takes it off the screen for good.
    pub fn clear(&self) {
        self.0.finish_and_clear();
    }

    /// Takes it off the screen while `write` writes there.
    pub fn suspend<T>(&self, write: impl FnOnce() -> T) -> T {
        self.0.suspend(write)
    }
}

impl Drop for Gauge {
    fn drop(&mut self) {
        self.clear();
    }
}

fn style(template: &str) -> ProgressStyle {
    ProgressStyle::with_template(template).unwrap_or_else(|_| ProgressStyle::default_spinner())
}
