//! The one way by which text that hob did not write reaches a terminal, a desktop or a model.

use std::borrow::Cow;

/// Takes out of `text` whatever a terminal or a desktop would obey instead of show.
///
/// Gone are escape sequences with their payload, C0 and C1 controls, characters that reorder
/// or hide text (bidirectional controls, tags, annotation marks). Newline and tab stay; a
/// carriage return, a line or a paragraph separator becomes a newline. Clean text is not copied.
pub fn sanitize(text: &str) -> Cow<'_, str> {
    if text.chars().all(is_plain) {
        return Cow::Borrowed(text);
    }
    let mut clean = String::with_capacity(text.len());
    let mut sanitizer = Sanitizer::new();
    sanitizer.take(text, &mut clean);
    Cow::Owned(clean)
}

/// [`sanitize`] for one line, such as a title or a cell of a table: white space of any kind becomes
/// single spaces, and what exceeds `max_chars` characters is cut, with `…` as the last of them.
pub fn sanitize_line(text: &str, max_chars: usize) -> String {
    let clean = sanitize(text);
    let mut line = String::with_capacity(clean.len().min(max_chars.saturating_mul(4)));
    let mut kept = 0;
    let mut before_last = 0;
    for word in clean.split_whitespace() {
        let gap = (kept > 0).then_some(' ');
        for c in gap.into_iter().chain(word.chars()) {
            if kept == max_chars {
                line.truncate(before_last);
                if max_chars > 0 {
                    line.push('…');
                }
                return line;
            }
            before_last = line.len();
            line.push(c);
            kept += 1;
        }
    }
    line
}

/// [`sanitize`] for bytes that come in pieces: escape sequences and characters may be split
/// anywhere. Bytes that are no UTF-8 become `U+FFFD`.
#[derive(Clone, Debug, Default)]
pub struct Sanitizer {
    at: At,
    /// The beginning of a character whose rest has not come yet: at most three bytes.
    partial: Vec<u8>,
}

/// Where in an escape sequence the text is.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
enum At {
    #[default]
    Text,
    /// After a carriage return, which becomes a newline unless one follows.
    Return,
    /// After ESC, and any intermediate characters.
    Escape,
    /// Within `ESC [ …`.
    Control,
    /// Within `ESC ] …` and its like. It ends with BEL, ST or any other control: a sequence that is
    /// never closed costs the rest of its line and no more.
    Payload,
}

impl Sanitizer {
    /// One that has seen nothing.
    pub fn new() -> Self {
        Self::default()
    }

    /// Appends to `clean` what may be shown of the next `bytes`.
    pub fn push(&mut self, bytes: &[u8], clean: &mut String) {
        if self.partial.is_empty() {
            self.decode(bytes, clean);
        } else {
            let mut joined = std::mem::take(&mut self.partial);
            joined.extend_from_slice(bytes);
            self.decode(&joined, clean);
        }
    }

    /// Says that nothing follows: what was cut in the middle of a character is shown as such.
    pub fn finish(self, clean: &mut String) {
        if !self.partial.is_empty() && matches!(self.at, At::Text | At::Return) {
            clean.push(char::REPLACEMENT_CHARACTER);
        }
    }

    fn decode(&mut self, mut bytes: &[u8], clean: &mut String) {
        loop {
            match std::str::from_utf8(bytes) {
                Ok(text) => return self.take(text, clean),
                Err(error) => {
                    let (valid, rest) = bytes.split_at(error.valid_up_to());
                    // Known to be UTF-8, so this borrows.
                    self.take(&String::from_utf8_lossy(valid), clean);
                    let Some(bad) = error.error_len() else {
                        self.partial = rest.to_vec();
                        return;
                    };
                    self.take("\u{fffd}", clean);
                    bytes = &rest[bad..];
                }
            }
        }
    }

    fn take(&mut self, mut text: &str, clean: &mut String) {
        while !text.is_empty() {
            if self.at == At::Text {
                let plain = text.find(|c| !is_plain(c)).unwrap_or(text.len());
                clean.push_str(&text[..plain]);
                text = &text[plain..];
            }
            let mut rest = text.chars();
            if let Some(c) = rest.next() {
                self.at = self.step(c, clean);
            }
            text = rest.as_str();
        }
    }

    fn step(&mut self, c: char, clean: &mut String) -> At {
        match (self.at, c) {
            (At::Escape, '[') => At::Control,
            (At::Escape, ']' | 'P' | 'X' | '^' | '_') => At::Payload,
            (At::Escape, ' '..='/') => At::Escape,
            (At::Escape | At::Control, '0'..='~') if self.at == At::Escape || c >= '@' => At::Text,
            (At::Control, ' '..='?') => At::Control,
            (At::Payload, '\u{7}') => At::Text,
            (At::Payload, c) if !c.is_control() => At::Payload,
            (_, '\u{1b}') => {
                if self.at == At::Return {
                    clean.push('\n');
                }
                At::Escape
            }
            (At::Return, '\n') => {
                clean.push('\n');
                At::Text
            }
            (At::Return, c) => {
                clean.push('\n');
                show(c, clean)
            }
            (_, c) => show(c, clean),
        }
    }
}

fn show(c: char, clean: &mut String) -> At {
    match c {
        '\r' => return At::Return,
        '\u{2028}' | '\u{2029}' => clean.push('\n'),
        c if is_plain(c) => clean.push(c),
        _ => {}
    }
    At::Text
}

/// Whether `c` shows as itself everywhere and changes nothing around it.
fn is_plain(c: char) -> bool {
    const HIDING: [std::ops::RangeInclusive<char>; 6] = [
        '\u{61c}'..='\u{61c}',
        '\u{200e}'..='\u{200f}',
        '\u{2028}'..='\u{202e}',
        '\u{2066}'..='\u{206f}',
        '\u{fff9}'..='\u{fffb}',
        '\u{e0000}'..='\u{e007f}',
    ];
    match c {
        ' '..='~' | '\n' | '\t' => true,
        c => !c.is_control() && !HIDING.iter().any(|range| range.contains(&c)),
    }
}

#[cfg(test)]
mod tests;
