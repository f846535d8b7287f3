//! What is done with an input of the fuzzer: it is read as hob reads it, and what comes of it is held to what is promised.
//! A panic is a finding. `fuzz/` gives these functions to libFuzzer; the tests here give them the corpus, and damage to it.

use hob_core::{Sanitizer, sanitize, sanitize_line};
use hob_host::Examiner;
use hob_settings::{Places, Settings};
use std::{fs, sync::LazyLock};
use tempfile::TempDir;

/// A function that takes an input.
pub type Target = fn(&[u8]);

/// Every target by the name of its corpus, with the number of its fault case.
pub const TARGETS: [(&str, u8, Target); 4] =
    [("settings", 65, settings), ("batch", 65, batch), ("component", 50, component), ("sanitizer", 67, sanitizer)];

static FOLDER: LazyLock<TempDir> = LazyLock::new(|| tempfile::tempdir().expect("a folder"));
static EXAMINER: LazyLock<Examiner> = LazyLock::new(|| Examiner::new(FOLDER.path()).expect("an engine"));

/// A `hob.toml`: it is loaded, or every problem has words for a person.
///
/// # Panics
/// On a finding.
pub fn settings(bytes: &[u8]) {
    let folder = FOLDER.path();
    let config = folder.join("hob.toml");
    // Beside and then in its place, as a reader waits for a file that was just emptied.
    let beside = folder.join("hob.toml.new");
    fs::write(&beside, bytes).and_then(|()| fs::rename(&beside, &config)).expect("written");
    let places = Places { state: folder.join("state"), config, cache: folder.join("cache"), home: None };
    let problems = Settings::check(&places);
    assert_eq!(Settings::load(&places).is_err(), !problems.is_empty());
    for problem in problems {
        let words = problem.to_string();
        assert!(words.contains("hob.toml"), "the file is named: {words}");
        assert!(words.len() < 1 << 16, "a person can read it");
    }
}

/// A line of a batch: a task, or words for a person.
///
/// # Panics
/// On a finding.
pub fn batch(bytes: &[u8]) {
    let text = String::from_utf8_lossy(bytes);
    for line in text.lines() {
        if let Err(words) = hob_cli::check_batch_line(line) {
            assert!(!words.is_empty());
        }
    }
}

/// A component: its description, or why it is refused.
///
/// # Panics
/// On a finding.
pub fn component(bytes: &[u8]) {
    match EXAMINER.examine(bytes) {
        Ok(description) => assert!(!description.is_empty()),
        Err(words) => assert!(!words.is_empty()),
    }
}

/// Anything that is shown: clean, the same when cleaned again, and the same however it is cut into pieces.
///
/// # Panics
/// On a finding.
pub fn sanitizer(bytes: &[u8]) {
    let mut whole = String::new();
    let mut at_once = Sanitizer::new();
    at_once.push(bytes, &mut whole);
    at_once.finish(&mut whole);
    for c in whole.chars() {
        assert!(c == '\n' || c == '\t' || !c.is_control(), "{c:?} is left of {bytes:?}");
        assert!(!matches!(c, '\u{202a}'..='\u{202e}' | '\u{2066}'..='\u{2069}'), "{c:?} is left of {bytes:?}");
    }
    assert_eq!(sanitize(&whole), whole, "clean text stays");
    let mut joined = String::new();
    let mut in_pieces = Sanitizer::new();
    for piece in bytes.chunks(1 + bytes.len() % 7) {
        in_pieces.push(piece, &mut joined);
    }
    in_pieces.finish(&mut joined);
    assert_eq!(joined, whole, "pieces of {bytes:?}");
    let line = sanitize_line(&String::from_utf8_lossy(bytes), 40);
    assert!(line.chars().count() <= 40 && !line.contains('\n'), "{line:?}");
}
