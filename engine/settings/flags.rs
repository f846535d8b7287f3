//! Limits that are given on the command line, for one run and no longer.

use crate::{
    error::Error,
    layer::{LimitsLayer, syntax},
    reader::{Reader, Table},
    source::Source,
};
use hob_core::Limits;
use std::path::Path;
use toml::de::DeTable;

/// The limits that `flags` name: each is a key with its value as in `[executors.NAME.limits]`.
pub fn limit_flags(flags: &[String]) -> Result<Limits, Error> {
    let source = Source::new(Some(Path::new("--limit")), flags.join("\n"));
    let mut problems = match DeTable::parse(source.text()) {
        Err(error) => vec![syntax(&source, &error)],
        Ok(table) => {
            let reader = Reader::new(&source);
            let limits = LimitsLayer::read(Table::new(&reader, String::new(), table.get_ref(), table.span())).resolve();
            match reader.problems() {
                problems if problems.is_empty() => return Ok(limits),
                problems => problems,
            }
        }
    };
    Err(Error::Invalid { first: Box::new(problems.swap_remove(0)), more: 0 })
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::time::Duration;

    fn flags(texts: &[&str]) -> Vec<String> {
        texts.iter().map(|text| (*text).to_owned()).collect()
    }

    #[test]
    fn flags_are_lines_of_the_configuration() {
        let limits = limit_flags(&flags(&["memory=\"64MiB\"", "cpu = \"2s\""])).expect("limits");
        assert_eq!((limits.memory.0, limits.cpu), (64 << 20, Duration::from_secs(2)));
        assert_eq!(limits.children, Limits::default().children);
        let error = limit_flags(&flags(&["memory=\"64MiB\"", "cpus=\"2s\""])).expect_err("refused").to_string();
        assert!(error.contains("--limit:2:1") && error.contains("cpu"), "{error}");
        assert!(limit_flags(&flags(&["memory"])).is_err());
    }
}
