//! How things look: words, columns, colours and JSON. Values in, text out.

mod group;
mod json;
mod progress;
mod style;
mod table;
mod task;
mod terminal;
mod time;
mod usage;

pub use group::{group_headline, group_object, is_kept, join_words, member_object, tally_short};
pub use json::{counts_object, write_json};
pub use progress::Gauge;
pub use style::{BOLD, DIM, PLAIN, of_state, styled};
pub use table::{Cell, Table};
#[cfg(test)]
pub use task::tests::task as test_task;
pub use task::{exit_status, headline, one_line_of_params, params_value, task_object, time_and_note, waits_for};
pub use terminal::width;
pub use time::{again, ago, duration, local, rfc3339, size, stamp};
pub use usage::{Usage, usage};
