use hob_core::sanitize;
use hob_store::Counts;
use serde::Serialize;
use serde_json::{Value, json};
use std::{
    fmt::Write as _,
    io::{self, Write},
};

/// How many tasks there are.
pub fn counts_object(counts: &Counts) -> Value {
    let Counts { pending, blocked, running, completed, failed, cancelled, output: _ } = counts;
    json!({
        "pending": pending, "blocked": blocked, "running": running,
        "completed": completed, "failed": failed, "cancelled": cancelled,
    })
}

/// Writes one line of JSON. Characters that a terminal would obey are written as `\uXXXX`, so the
/// value is exact and showing it is safe.
pub fn write_json(to: &mut dyn Write, value: &impl Serialize) -> io::Result<()> {
    let text = serde_json::to_string(value)?;
    writeln!(to, "{}", escaped(&text))
}

fn escaped(text: &str) -> String {
    // Escape sequences and other ASCII controls cannot be in it: JSON escapes those already.
    if text.is_ascii() {
        return text.replace('\u{7f}', "\\u007f");
    }
    let mut safe = String::with_capacity(text.len());
    let mut unit = [0; 2];
    let mut utf8 = [0; 4];
    for c in text.chars() {
        if (c.is_ascii() && c != '\u{7f}') || sanitize(c.encode_utf8(&mut utf8)) == *c.encode_utf8(&mut [0; 4]) {
            safe.push(c);
        } else {
            for unit in c.encode_utf16(&mut unit) {
                let _ = write!(safe, "\\u{unit:04x}");
            }
        }
    }
    safe
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_a_terminal_would_obey_is_escaped_and_reads_back() {
        let value = "ä 日本 \u{1b}[31m \u{9b}31m \u{202e}x \u{7f} \u{e0041}";
        let mut text = Vec::new();
        write_json(&mut text, &value).expect("a vector takes all");
        let text = String::from_utf8(text).expect("text");
        assert_eq!(text, "\"ä 日本 \\u001b[31m \\u009b31m \\u202ex \\u007f \\udb40\\udc41\"\n");
        assert_eq!(serde_json::from_str::<String>(&text).expect("JSON"), value);
        assert_eq!(escaped("\"\u{7f}\""), "\"\\u007f\"");
    }
}
