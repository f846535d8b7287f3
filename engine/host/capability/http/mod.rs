//! HTTP for components: `http.fetch` and wasi:http go through the same check.
//!
//! For each request, and again for each redirect: the policy decides on scheme, host, port and
//! method before the name is looked up; then every address that the name leads to is checked, and
//! the connection goes to one of exactly these addresses. One that is not public (this machine,
//! its networks, whatever is reserved) needs a grant that says so. Redirects are followed here and
//! never by the library. Secrets are placeholders, `{{secret:NAME}}`, that are filled in at this
//! boundary, for the hosts and places that the grant names; their values are in no error.
//!
//! Connections live on a thread of their own ([`Network`]), because a slot's runtime stands still
//! while its guest computes and between two tasks. A client ([`HttpClient`]) belongs to one attempt:
//! no connection is shared between attempts, for some servers authenticate connections. Within an
//! attempt a connection is used again only for a request whose checked addresses are the same.
//!
//! Behind a proxy from the environment it is the proxy that looks the name up. The name is then
//! looked up here as well, as far as that works, and its addresses are checked; but the connected
//! address is the proxy's to choose.
//!
//! How many requests to a host are under way at once is counted for all attempts of a worker
//! ([`Network`] has the queues): a request waits its turn and holds it until its body has ended, so
//! that several tasks are together no ruder to a server than one.
//!
//! Deliberately absent: cookies, a cache, HTTP/2 (no server is known that needs it, and it brings
//! flow control and floods of its own), certificates of the client.

mod address;
mod body;
mod client;
mod exchange;
mod fetch;
mod network;
mod secret;
mod target;
mod turns;

pub use body::Body;
pub use client::{HttpClient, HttpOptions, SecretLookup, SendOptions};
pub use exchange::Exchange;
pub use fetch::{Request, Response};
pub use network::Network;

use std::time::Duration;

/// Time for a request and its whole body where the request names none. 60 s: a slow server's answer
/// is in by then, and a component that wants to wait longer can say so.
pub const DEFAULT_TIMEOUT: Duration = Duration::from_mins(1);

/// Longest time for a request and its body. A day: beyond it a number is an accident.
pub const MAX_TIMEOUT: Duration = Duration::from_hours(24);

/// Time for a connection. 15 s: five lost packets; a total that is shorter ends it earlier.
pub const CONNECT_TIMEOUT: Duration = Duration::from_secs(15);

/// Headers in one direction. 100, as hyper has it: a browser's request has 20.
pub const MAX_HEADERS: usize = 100;

/// Bytes of all header names and values in one direction. 64 KiB: eight times what common servers
/// accept.
pub const MAX_HEADER_BYTES: usize = 64 << 10;

/// Bytes of a URL. 16 KiB: twice what common servers accept.
pub const MAX_URL_BYTES: usize = 16 << 10;

/// Requests of one attempt that do not wait for each other. 64: each keeps a task and a connection, and
/// turns with the hosts slow them down long before.
pub const MAX_EXCHANGES: usize = 64;

/// Why there is no response, or no more of it.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum HttpError {
    /// Refused; the text ends with the configuration lines that would allow it.
    #[error("{0}")]
    Denied(String),
    /// It took too long.
    #[error("the request took too long")]
    Timeout,
    /// The task was asked to stop.
    #[error("the request was cancelled")]
    Cancelled,
    /// The headers or the decompressed body are larger than the limit.
    #[error("the response is larger than its limit")]
    TooLarge,
    /// Anything else, in words.
    #[error("{0}")]
    Failed(String),
}

impl HttpError {
    fn failed(text: impl Into<String>) -> Self {
        Self::Failed(text.into())
    }
}

#[cfg(test)]
mod tests;
