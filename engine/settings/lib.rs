//! TOML to resolved settings.
//!
//! The only reader of configuration. Deliberately absent: printing, and any power that a file
//! could gain without being the person's own: a repository's file is not read here.

mod component;
mod error;
mod fingerprint;
mod grant;
mod layer;
mod nearest;
mod places;
mod reader;
mod settings;
mod show;
mod source;

pub use error::{Error, Problem};
pub use fingerprint::Fingerprint;
pub use nearest::nearest;
pub use places::{Places, PlacesError};
pub use settings::{Retention, Settings, UnknownExecutor};
pub use show::{Origin, Shown};
