//! The desktop's own notification service.

use crate::{message::Message, notifier::Sink};
use std::time::Duration;

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
            None => *self.markup.insert(os::reads_markup()?),
        };
        let body = if markup { escape(&message.body) } else { message.body.clone() };
        let mut notification = notify_rust::Notification::new();
        notification.appname("hob").summary(&message.title).body(&body);
        notification.show().map(drop).map_err(|error| error.to_string())
    }
}

/// Which service shows notifications on this desktop, or why there is none; for `hob doctor`.
/// Gives up after `within`.
pub fn probe(within: Duration) -> Result<String, String> {
    let (tell, told) = std::sync::mpsc::channel();
    // A service that hangs keeps this thread, which ends with the process.
    let thread = std::thread::Builder::new().name("notify-probe".to_owned());
    thread.spawn(move || tell.send(os::service())).map_err(|error| error.to_string())?;
    told.recv_timeout(within).unwrap_or_else(|_| Err("the notification service does not answer".to_owned()))
}

/// As text within markup.
fn escape(text: &str) -> String {
    text.replace('&', "&amp;").replace('<', "&lt;").replace('>', "&gt;")
}

#[cfg(all(unix, not(target_os = "macos")))]
mod os {
    pub(super) fn reads_markup() -> Result<bool, String> {
        let capabilities = notify_rust::get_capabilities().map_err(|error| error.to_string())?;
        Ok(capabilities.iter().any(|capability| capability == "body-markup"))
    }

    pub(super) fn service() -> Result<String, String> {
        let server = notify_rust::get_server_information().map_err(|error| error.to_string())?;
        let named = format!("{} {} ({})", server.name, server.version, server.vendor);
        Ok(hob_core::sanitize_line(&named, 200))
    }
}

#[cfg(any(not(unix), target_os = "macos"))]
mod os {
    #[expect(clippy::unnecessary_wraps, reason = "elsewhere a service has to be asked")]
    pub(super) fn reads_markup() -> Result<bool, String> {
        Ok(false)
    }

    #[expect(clippy::unnecessary_wraps, reason = "elsewhere a service has to be asked")]
    pub(super) fn service() -> Result<String, String> {
        Ok("the system's notifications".to_owned())
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
