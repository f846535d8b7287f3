//! The task database; the only SQL
