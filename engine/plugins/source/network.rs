//! What web addresses and registries share.

use super::SourceError;
use std::{error::Error, fmt::Write as _, future::Future, io, time::Duration};

/// Time until a server answers at all. 20 s: beyond it, it does not.
pub(super) const CONNECT: Duration = Duration::from_secs(20);
/// Time between two pieces of an answer. A minute: what is slower than that has stopped.
pub(super) const SILENCE: Duration = Duration::from_mins(1);
pub(super) const USER_AGENT: &str = concat!("hob/", env!("CARGO_PKG_VERSION"), " (+plugin)");

/// Waits for `work` on this thread. TLS is rustls with ring and the system's certificates, as for what
/// components fetch themselves.
pub(super) fn wait<T>(place: &str, work: impl Future<Output = Result<T, SourceError>>) -> Result<T, SourceError> {
    // The error is that somebody was first, with the same.
    let _ = rustls::crypto::ring::default_provider().install_default();
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build();
    runtime.map_err(|source| SourceError::Read { place: place.to_owned(), source })?.block_on(work)
}

/// An error of the network at `place`, with everything that led to it.
pub(super) fn failed(place: &str, error: &dyn Error) -> SourceError {
    let mut words = error.to_string();
    let mut cause = error.source();
    while let Some(error) = cause {
        let more = error.to_string();
        if !words.contains(&more) {
            let _ = write!(words, ": {more}");
        }
        cause = error.source();
    }
    SourceError::Read { place: place.to_owned(), source: io::Error::other(words) }
}
