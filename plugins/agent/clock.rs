use hob_plugin::Task;
use jiff::{
    Timestamp, Zoned,
    civil::{Date, Time},
    tz::{Offset, TimeZone},
};

/// The moment, and the clocks on the walls here.
pub struct Clock {
    now: Zoned,
}

impl Clock {
    /// The engine says how far the walls' clocks are ahead.
    pub fn of<P, S>(task: &Task<P, S>) -> Self {
        Self::at(Timestamp::now(), task.utc_offset())
    }

    pub fn at(now: Timestamp, offset: i32) -> Self {
        let offset = Offset::from_seconds(offset).unwrap_or(Offset::UTC);
        Self { now: now.to_zoned(TimeZone::fixed(offset)) }
    }

    pub fn now(&self) -> Timestamp {
        self.now.timestamp()
    }

    pub fn year(&self) -> i16 {
        self.now.year()
    }

    /// The next time that the clocks show `time`, or the moment at which they do so on `date`.
    pub fn next(&self, date: Option<Date>, time: Time, in_utc: bool) -> Option<Timestamp> {
        let now = if in_utc { self.now.with_time_zone(TimeZone::UTC) } else { self.now.clone() };
        let on = |date: Date| date.to_datetime(time).to_zoned(now.time_zone().clone()).ok().map(|at| at.timestamp());
        match date {
            Some(date) => on(date),
            None => on(now.date()).filter(|at| *at >= self.now()).or_else(|| on(now.date().tomorrow().ok()?)),
        }
    }

    /// `16:25`, with the date where it is another day.
    pub fn show(&self, at: Timestamp) -> String {
        let at = at.to_zoned(self.now.time_zone().clone());
        let format = if at.date() == self.now.date() { "%H:%M:%S" } else { "%Y-%m-%d %H:%M" };
        at.strftime(format).to_string()
    }
}
