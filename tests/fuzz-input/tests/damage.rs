//! The short form of fuzzing: the corpus, and damage to it by chance.

use hob_fault_case::Case;
use hob_fuzz_input::TARGETS;
use std::{fs, path::Path};

/// Pieces that are worth inserting: ends, openings and numbers that parsers trip over.
const PIECES: [&[u8]; 16] = [
    b"\x00",
    b"\xff\xfe",
    b"\x1b[",
    b"\x1b]52;c;",
    b"\x9b",
    b"\xe2\x80\xae",
    b"[[",
    b"]]",
    b"{\"",
    b"\"\"\"",
    b"'''",
    b"=",
    b"\n",
    b"18446744073709551616",
    b"-1",
    b"\\u0000",
];

fn corpus(name: &str) -> Vec<Vec<u8>> {
    let root = Path::new(env!("CARGO_MANIFEST_DIR")).join("../..");
    let folder = root.join("fuzz/corpus").join(name);
    let files = fs::read_dir(&folder).unwrap_or_else(|error| panic!("{}: {error}", folder.display()));
    let mut files: Vec<_> = files.map(|file| file.expect("an entry").path()).collect();
    files.sort();
    if name == "component" {
        files.push(root.join("wit/released/0.1.0/fixture.wasm"));
    }
    files.iter().map(|file| fs::read(file).expect("bytes")).collect()
}

fn damage(case: &mut Case, corpus: &[Vec<u8>]) -> Vec<u8> {
    let chance = case.chance();
    let mut bytes = chance.choice(corpus).expect("a corpus").clone();
    for _ in 0..chance.usize(1..6) {
        let at = chance.usize(0..=bytes.len());
        let end = (at + chance.usize(0..40)).min(bytes.len());
        match chance.u8(0..5) {
            0 => bytes.truncate(at),
            1 => drop(bytes.drain(at..end)),
            2 => drop(bytes.splice(at..at, chance.choice(PIECES).expect("pieces").iter().copied())),
            3 => {
                let again = bytes[at..end].to_vec();
                drop(bytes.splice(at..at, again));
            }
            _ => {
                if let Some(byte) = bytes.get_mut(at) {
                    *byte ^= 1 << chance.u8(0..8);
                }
            }
        }
    }
    bytes
}

#[track_caller]
fn check(name: &str, short: u64, long: u64) {
    let (_, number, target) = *TARGETS.iter().find(|(known, ..)| *known == name).expect("a target");
    let mut case = Case::begin(number);
    let corpus = corpus(name);
    for bytes in &corpus {
        target(bytes);
    }
    let count = case.scale(short, long);
    for _ in 0..count {
        let bytes = damage(&mut case, &corpus);
        target(&bytes);
    }
    case.end(&format!("damaged inputs to {name}"), count + corpus.len() as u64, 0, 0, "");
}

#[test]
fn f65_a_damaged_configuration_is_a_problem_with_words() {
    check("settings", 300, 20_000);
}

#[test]
fn f65_a_damaged_batch_is_a_problem_with_words() {
    check("batch", 20_000, 1_000_000);
}

#[test]
fn f50_a_damaged_component_is_refused_with_words() {
    check("component", 100, 20_000);
}

#[test]
fn f67_whatever_is_shown_is_clean_however_it_was_cut() {
    check("sanitizer", 20_000, 1_000_000);
}
