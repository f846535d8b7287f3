use hob_core::Notifications;
use std::fmt;

/// A way on which what ended is told out of the outbox.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Channel {
    /// The desktop's notification service.
    Desktop,
    /// The command of the settings.
    Command,
}

impl Channel {
    /// Every one.
    pub const ALL: [Self; 2] = [Self::Desktop, Self::Command];

    /// The name by which the outbox remembers what was dealt with, over all processes and restarts.
    pub fn consumer(self) -> &'static str {
        match self {
            Self::Desktop => "desktop",
            Self::Command => "command",
        }
    }

    /// Whether the settings want it.
    pub fn is_on(self, notifications: &Notifications) -> bool {
        match self {
            Self::Desktop => notifications.desktop,
            Self::Command => !notifications.command.is_empty(),
        }
    }
}

impl fmt::Display for Channel {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(self.consumer())
    }
}
