use super::*;

#[track_caller]
fn check(text: &str, expect: &str) {
    assert_eq!(sanitize(text), expect, "{text:?}");
    // The same, however it is cut into pieces.
    for size in [1, 2, 3, 7] {
        let mut clean = String::new();
        let mut sanitizer = Sanitizer::new();
        for piece in text.as_bytes().chunks(size) {
            sanitizer.push(piece, &mut clean);
        }
        sanitizer.finish(&mut clean);
        assert_eq!(clean, expect, "{text:?} in pieces of {size}");
    }
}

#[test]
fn plain_text_is_borrowed() {
    for text in ["", "a\tb\nc", "größer", "日本語", "👩‍💻 é", "<b>not ours to escape</b>"] {
        check(text, text);
        assert!(matches!(sanitize(text), Cow::Borrowed(_)), "{text}");
    }
}

#[test]
fn f67_escape_sequences_vanish_with_their_payload() {
    check("\x1b[31mred\x1b[0m", "red");
    check("\x1b[2J\x1b[1;1Hgone", "gone");
    check("\x1b[?1049hx\x1b[>4;2my", "xy");
    check("\x1b]0;title\x07text", "text");
    check("\x1b]52;c;cm0gLXJmIC8=\x07text", "text");
    check("\x1b]8;;https://example.org\x1b\\link\x1b]8;;\x1b\\", "link");
    check("\x1bP1$tx\x1b\\a\x1b_apc\x1b\\b\x1b^pm\x1b\\c\x1bXsos\x1b\\d", "abcd");
    check("\x1bcreset \x1b(Bset \x1b#8align \x1b7save", "reset set align save");
    check("\x1b%Gutf \x1b\x1b[1mtwice", "utf twice");
}

#[test]
fn f67_what_is_cut_short_swallows_little() {
    check("\x1b", "");
    check("\x1b[", "");
    check("\x1b[31", "");
    check("\x1b[31\nline", "\nline");
    check("\x1b[31é", "é");
    check("\x1b]0;never closed\nnext line", "\nnext line");
    check("\x1b]0;closed by another\x1b[1mtext", "text");
    check("\x1bétext", "étext");
}

#[test]
fn f67_controls_and_hidden_characters_vanish() {
    check("a\x00b\x07c\x08d\x0be\x0cf\x7fg", "abcdefg");
    check("a\u{80}b\u{9b}31mc\u{9d}0;d\u{9f}e", "ab31mc0;de");
    check("a\u{202e}b\u{2066}c\u{2069}d\u{200f}e\u{61c}f", "abcdef");
    check("a\u{e0041}\u{e007f}b\u{fff9}c", "abc");
}

#[test]
fn line_ends() {
    check("a\r\nb", "a\nb");
    check("10%\r20%\r30%", "10%\n20%\n30%");
    check("a\r\r\nb", "a\n\nb");
    check("a\r", "a");
    check("a\r\x1b[Kb", "a\nb");
    check("a\u{2028}b\u{2029}c", "a\nb\nc");
}

#[test]
fn bytes_that_are_no_text_are_shown_as_such() {
    let clean = |pieces: &[&[u8]]| {
        let mut clean = String::new();
        let mut sanitizer = Sanitizer::new();
        for piece in pieces {
            sanitizer.push(piece, &mut clean);
        }
        sanitizer.finish(&mut clean);
        clean
    };
    assert_eq!(clean(&[b"a\xffb"]), "a\u{fffd}b");
    assert_eq!(clean(&[b"a\x9b31m"]), "a\u{fffd}31m");
    assert_eq!(clean(&[b"\xf0\x9f", b"\x93\xac!"]), "📬!");
    assert_eq!(clean(&[b"\xf0\x9f", b"!"]), "\u{fffd}!");
    assert_eq!(clean(&[b"ok\xf0\x9f"]), "ok\u{fffd}");
}

#[test]
fn no_output_can_be_obeyed() {
    // Every pair and triple of characters that mean something to a terminal.
    let alphabet: Vec<char> = "\x1b[]P_\\;?0m\x07\x18\r\n\t\u{9b}\u{9c}\u{202e}é".chars().collect();
    for a in &alphabet {
        for b in &alphabet {
            for c in &alphabet {
                for d in &alphabet {
                    let text = String::from_iter([a, b, c, d]);
                    let clean = sanitize(&text);
                    assert!(clean.chars().all(is_plain), "{text:?} gave {clean:?}");
                    assert_eq!(sanitize(&clean), clean, "{text:?}");
                }
            }
        }
    }
}

#[test]
fn one_line() {
    assert_eq!(sanitize_line("  a\n\tb\r\n c  ", 80), "a b c");
    assert_eq!(sanitize_line("a\u{1b}[31m\nb", 80), "a b");
    assert_eq!(sanitize_line("abcdef", 6), "abcdef");
    assert_eq!(sanitize_line("abcdefg", 6), "abcde…");
    assert_eq!(sanitize_line("äöüß", 3), "äö…");
    assert_eq!(sanitize_line("abc de", 5), "abc …");
    assert_eq!(sanitize_line("abc", 0), "");
}
