//! What tells a terminal that a command in it has ended. Pure: whoever writes it knows the terminal.

use crate::message::Message;
use hob_core::{TerminalNotice, sanitize_line};

/// Characters of a notification; terminals cut where they want.
const LONGEST: usize = 200;

/// The bytes that make a terminal tell of it; empty for [`TerminalNotice::None`].
///
/// The text of a task cannot end the sequence or begin another: nothing that a terminal obeys is left in it.
pub fn sequence(notice: TerminalNotice, message: &Message) -> String {
    let title = sanitize_line(&message.title, LONGEST);
    let body = sanitize_line(&message.body.replace('\n', ", "), LONGEST);
    match notice {
        TerminalNotice::None => String::new(),
        TerminalNotice::Bell => "\u{7}".to_owned(),
        // Two words in one text: this sequence has no title. A text that began with a digit and `;` would be
        // another command to some terminals; a title begins with a word, or with a number and a space.
        TerminalNotice::Osc9 => format!("\u{1b}]9;{title}: {body}\u{7}"),
        // Parts are separated by `;`, and only the last may have one.
        TerminalNotice::Osc777 => format!("\u{1b}]777;notify;{};{body}\u{7}", title.replace(';', ",")),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn message(title: &str, body: &str) -> Message {
        Message { title: title.to_owned(), body: body.to_owned(), ..Message::default() }
    }

    #[test]
    fn each_terminal_has_its_own() {
        let ended = message("Background task 'a' complete", "shell, 3.0 s\ndone; all of it");
        for (notice, expect) in [
            (TerminalNotice::None, ""),
            (TerminalNotice::Bell, "\u{7}"),
            (TerminalNotice::Osc9, "\u{1b}]9;Background task 'a' complete: shell, 3.0 s, done; all of it\u{7}"),
            (
                TerminalNotice::Osc777,
                "\u{1b}]777;notify;Background task 'a' complete;shell, 3.0 s, done; all of it\u{7}",
            ),
        ] {
            assert_eq!(sequence(notice, &ended), expect, "{notice}");
        }
    }

    #[test]
    fn f66_no_text_ends_the_sequence_or_begins_another() {
        let hostile = message("a;b\u{7}\u{1b}]0;owned\u{7}", "c\u{1b}\\\u{9c}\u{9d}52;c;!\u{7}d");
        for notice in TerminalNotice::ALL {
            let bytes = sequence(notice, &hostile);
            let controls = bytes.chars().filter(|c| c.is_control()).count();
            assert!(controls <= 2, "{bytes:?}");
            assert!(bytes.len() < 1_000 && bytes.matches("notify;").count() <= 1);
        }
        assert!(sequence(TerminalNotice::Osc777, &hostile).starts_with("\u{1b}]777;notify;a,b"));
    }
}
