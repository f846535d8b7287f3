//! Ends for what a component says when nobody listens: while it describes itself.

use hob_core::Progress;
use hob_runner::{KeyValue, OutputSink, Reporter};

/// Takes everything, keeps nothing.
pub(crate) struct Nothing;

impl OutputSink for Nothing {
    fn write(&self, _: &[u8]) -> Result<(), String> {
        Ok(())
    }
}

impl Reporter for Nothing {
    fn progress(&self, _: Progress) {}

    fn denied(&self, _: Vec<String>) {}
}

impl KeyValue for Nothing {
    fn get(&self, _: &str) -> Result<Option<Vec<u8>>, String> {
        Ok(None)
    }

    fn set(&self, _: &str, _: &[u8], _: u64) -> Result<(), String> {
        Err("nothing can be kept here".to_owned())
    }

    fn delete(&self, _: &str) -> Result<(), String> {
        Ok(())
    }

    fn keys(&self, _: &str) -> Result<Vec<String>, String> {
        Ok(Vec::new())
    }
}
