//! What reached a terminal, and the corpus that it must not obey.

use std::path::Path;

/// Every case of the corpus, byte for byte.
pub fn corpus() -> Vec<Vec<u8>> {
    let lines = include_str!("corpus.txt").lines().filter(|line| !line.starts_with('#'));
    lines.map(bytes).collect()
}

/// The corpus as text: what a command line, a configuration or a component can say. NUL ends arguments.
pub fn text() -> String {
    let all = corpus().concat();
    String::from_utf8_lossy(&all).replace('\0', "")
}

fn bytes(line: &str) -> Vec<u8> {
    let mut bytes = Vec::new();
    let mut rest = line.as_bytes();
    while let Some((&first, after)) = rest.split_first() {
        (bytes, rest) = match (first, after) {
            (b'\\', [b'x', high, low, after @ ..]) => {
                let digits = String::from_utf8(vec![*high, *low]).expect("digits");
                bytes.push(u8::from_str_radix(&digits, 16).expect("hexadecimal"));
                (bytes, after)
            }
            (b'\\', [b'r', after @ ..]) => ([bytes, vec![b'\r']].concat(), after),
            (b'\\', [b'n', after @ ..]) => ([bytes, vec![b'\n']].concat(), after),
            (b'\\', [b'\\', after @ ..]) => ([bytes, vec![b'\\']].concat(), after),
            (byte, after) => ([bytes, vec![byte]].concat(), after),
        };
    }
    bytes
}

/// What hob itself writes to a terminal: colours, and a line that is written again.
fn is_own(sequence: &str) -> bool {
    let Some(body) = sequence.strip_prefix("\u{1b}[") else { return false };
    let numbers = &body[..body.len() - 1];
    match body.as_bytes().last() {
        // No task can choose one: the corpus has three parts, hob's styles have one or two.
        Some(b'm') => numbers.split(';').count() <= 2 && numbers.chars().all(|c| c.is_ascii_digit() || c == ';'),
        Some(b'K') => numbers.is_empty() || numbers == "2",
        _ => false,
    }
}

/// Everything in what was written that a terminal would obey, but for what hob itself writes.
pub fn obeyed(written: &str) -> Vec<String> {
    const HIDING: [std::ops::RangeInclusive<char>; 6] = [
        '\u{61c}'..='\u{61c}',
        '\u{200e}'..='\u{200f}',
        '\u{2028}'..='\u{202e}',
        '\u{2066}'..='\u{2069}',
        '\u{fff9}'..='\u{fffb}',
        '\u{e0000}'..='\u{e007f}',
    ];
    let mut found = Vec::new();
    let mut rest = written;
    while let Some(c) = rest.chars().next() {
        let mut length = c.len_utf8();
        if c == '\u{1b}' {
            let end = rest[1..].strip_prefix('[').and_then(|body| body.find(|c: char| ('@'..='~').contains(&c)));
            let sequence = end.and_then(|end| rest.get(..end + 3)).unwrap_or(&rest[..1]);
            if !is_own(sequence) {
                found.push(sequence.to_owned());
            }
            length = sequence.len();
        } else if (c.is_control() && !"\n\r\t".contains(c)) || HIDING.iter().any(|range| range.contains(&c)) {
            found.push(c.to_string());
        }
        rest = &rest[length..];
    }
    found
}

/// A text as TOML has it: as in JSON, but for the one control that JSON lets through.
pub fn literal(text: &str) -> String {
    serde_json::Value::from(text).to_string().replace('\u{7f}', "\\u007f")
}

/// A word of a shell's command line.
pub fn quoted(word: &str) -> String {
    format!("'{}'", word.replace('\'', "'\\''"))
}

/// The command line of hob with these words, for `script`.
pub fn line(words: &[&str]) -> String {
    let program = Path::new(env!("CARGO_BIN_EXE_hob")).display().to_string();
    let words = words.iter().map(|word| format!(" {}", quoted(word)));
    quoted(&program) + &words.collect::<String>()
}

#[test]
fn f67_what_a_terminal_obeys_is_found() {
    for (case, bytes) in corpus().iter().enumerate().take(23) {
        let text = String::from_utf8_lossy(bytes);
        // A carriage return and bytes that are no text are nothing to obey.
        if !text.contains("no text") && !text.contains("over and over") && !text.starts_with('\u{fffd}') {
            assert!(!obeyed(&text).is_empty(), "{case}: {text:?}");
        }
    }
    assert_eq!(obeyed("\u{1b}[1mhob\u{1b}[0m\tsays\r\n\u{1b}[38;5mx\u{1b}[2K"), Vec::<String>::new());
    assert_eq!(obeyed("\u{1b}[31;42;7mx"), ["\u{1b}[31;42;7m"]);
}
