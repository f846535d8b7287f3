//! The desktop's own notification service.

use crate::{
    guard::{Sink, Terms},
    message::Message,
};
use std::time::Duration;

/// A desktop answers in milliseconds; one that starts its service first, in a second or two. One that failed is left
/// alone, so that a machine without a desktop is not asked at every task; what ends meanwhile is old when it is back.
pub(crate) const TERMS: Terms =
    Terms { patience: Duration::from_secs(5), rest: |_| Duration::from_mins(5), keeps: false };

/// Shows messages on the desktop. Blocks for as long as the service takes.
#[derive(Debug, Default)]
pub struct Desktop {
    /// Whether the service reads markup in a body; asked for once.
    markup: Option<bool>,
}

impl Desktop {
    /// Contacts nobody yet.
    pub fn new() -> Self {
        Self::default()
    }
}

impl Sink for Desktop {
    fn show(&mut self, message: &Message) -> Result<(), String> {
        let markup = match self.markup {
            Some(markup) => markup,
            None => *self.markup.insert(os::reads_markup().map_err(|error| error.to_string())?),
        };
        let body = if markup { escape(&message.body) } else { message.body.clone() };
        let mut notification = notify_rust::Notification::new();
        notification.appname("hob").summary(&message.title).body(&body);
        notification.show().map(drop).map_err(|error| os::explain(&error).to_string())
    }
}

/// Why the desktop shows nothing.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum Service {
    /// Whoever asks is in no desktop session.
    #[error("there is no D-Bus session: {0}")]
    NoBus(String),
    /// There is a session, and nothing in it shows notifications.
    #[error("nothing shows notifications in this D-Bus session: {0}")]
    Missing(String),
    /// It does not answer.
    #[error("the notification service did not answer within {0:?}")]
    Hangs(Duration),
    /// It refused, or what asks it failed.
    #[error("{0}")]
    Failed(String),
}

/// Which service shows notifications on this desktop, or why there is none; for `hob doctor`.
/// Gives up after `within`.
pub fn probe(within: Duration) -> Result<String, Service> {
    let (tell, told) = std::sync::mpsc::channel();
    // A service that hangs keeps this thread, which ends with the process.
    let thread = std::thread::Builder::new().name("notify-probe".to_owned());
    thread.spawn(move || tell.send(os::service())).map_err(|error| Service::Failed(error.to_string()))?;
    told.recv_timeout(within).unwrap_or(Err(Service::Hangs(within)))
}

/// As text within markup.
fn escape(text: &str) -> String {
    text.replace('&', "&amp;").replace('<', "&lt;").replace('>', "&gt;")
}

#[cfg(all(unix, not(target_os = "macos")))]
mod os {
    use super::Service;
    use notify_rust::error::Error;

    // What failed is to be had in words only: names of the D-Bus specification, and what the library begins with.

    /// A service that is not there, or does not start.
    const MISSING: [&str; 2] = ["org.freedesktop.DBus.Error.ServiceUnknown", "org.freedesktop.DBus.Error.Spawn."];
    /// The bus itself was not reached.
    const UNREACHED: [&str; 4] = ["I/O error", "address error", "failed to connect", "D-Bus handshake failed"];

    pub(super) fn reads_markup() -> Result<bool, Service> {
        let capabilities = notify_rust::get_capabilities().map_err(|error| explain(&error))?;
        Ok(capabilities.iter().any(|capability| capability == "body-markup"))
    }

    pub(super) fn service() -> Result<String, Service> {
        let server = notify_rust::get_server_information().map_err(|error| explain(&error))?;
        let named = format!("{} {} ({})", server.name, server.version, server.vendor);
        Ok(hob_core::sanitize_line(&named, 200))
    }

    pub(super) fn explain(error: &Error) -> Service {
        let said = hob_core::sanitize_line(&error.to_string(), 200);
        let begins = |words: &[&str]| words.iter().any(|word| said.starts_with(word));
        if begins(&MISSING) {
            Service::Missing(said)
        } else if begins(&UNREACHED) {
            Service::NoBus(said)
        } else {
            Service::Failed(said)
        }
    }
}

#[cfg(any(not(unix), target_os = "macos"))]
mod os {
    use super::Service;
    use notify_rust::error::Error;

    #[expect(clippy::unnecessary_wraps, reason = "elsewhere a service has to be asked")]
    pub(super) fn reads_markup() -> Result<bool, Service> {
        Ok(false)
    }

    #[expect(clippy::unnecessary_wraps, reason = "elsewhere a service has to be asked")]
    pub(super) fn service() -> Result<String, Service> {
        Ok("the system's notifications".to_owned())
    }

    pub(super) fn explain(error: &Error) -> Service {
        Service::Failed(hob_core::sanitize_line(&error.to_string(), 200))
    }
}

#[cfg(test)]
mod tests {
    #[test]
    fn f66_markup_becomes_text() {
        let escaped = super::escape("<a href=\"x\">1 & 2</a> &lt;");
        assert_eq!(escaped, "&lt;a href=\"x\"&gt;1 &amp; 2&lt;/a&gt; &amp;lt;");
    }
}
