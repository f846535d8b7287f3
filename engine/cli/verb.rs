//! One file a verb. Each has its arguments as typed, and one function that means them and acts.

pub mod admit;
pub mod backup;
pub mod cancel;
pub mod completions;
pub mod config;
pub mod daemon;
pub mod dispatch;
pub mod doctor;
pub mod executors;
pub mod fan_out;
pub mod help;
pub mod hook;
pub mod list;
pub mod man;
pub mod output;
pub mod plugin;
pub mod presets;
pub mod prune;
pub mod restore;
pub mod retry;
pub mod show;
pub mod skill;
pub mod status;
pub mod suggest;
pub mod ultrawork;
pub mod wait;
pub mod work;

pub use dispatch::check_batch_line;
