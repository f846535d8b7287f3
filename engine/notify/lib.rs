//! Drains the event outbox to desktop notifications
