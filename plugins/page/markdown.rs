use dom_query::NodeRef;

/// Writes a tree that was made tidy as Markdown.
pub fn write(root: &NodeRef) -> String {
    let written = root.md(None);
    let mut markdown = String::with_capacity(written.len());
    // The fence of the code block that is open.
    let mut fence: Option<&str> = None;
    let mut empty = true;
    for line in written.lines() {
        let marks = fence_of(line);
        if let Some(open) = fence {
            if marks == Some(open) && line.trim() == open {
                fence = None;
            }
            markdown.push_str(line);
        } else if line.trim().is_empty() {
            // One empty line is enough.
            if !empty {
                markdown.push('\n');
            }
            empty = true;
            continue;
        } else if marks.is_some() {
            fence = marks;
            markdown.push_str(line);
        } else {
            push_relaxed(line, &mut markdown);
        }
        empty = false;
        markdown.push('\n');
    }
    markdown.truncate(markdown.trim_end().len());
    markdown
}

/// The backticks with which a block of code begins or ends, after the marks of lists and quotes.
fn fence_of(line: &str) -> Option<&str> {
    let line =
        line.trim_start_matches(|c: char| c.is_whitespace() || c == '>' || c == '-' || c == '.' || c.is_ascii_digit());
    let marks = &line[..line.len() - line.trim_start_matches('`').len()];
    (marks.len() >= 3).then_some(marks)
}

/// A line of text without escapes that nothing needs: an underscore inside a word means nothing else.
fn push_relaxed(line: &str, to: &mut String) {
    let bytes = line.as_bytes();
    let mut from = 0;
    // How many backticks opened the span of code that is open.
    let mut span = 0;
    let mut at = 0;
    while at < bytes.len() {
        match bytes[at] {
            b'`' => {
                let run = bytes[at..].iter().take_while(|byte| **byte == b'`').count();
                span = if span == 0 {
                    run
                } else if span == run {
                    0
                } else {
                    span
                };
                at += run;
            }
            b'\\' if span == 0 => {
                let inside =
                    at > 0 && is_of_word(bytes[at - 1]) && bytes.get(at + 2).is_some_and(|byte| is_of_word(*byte));
                if inside && bytes.get(at + 1) == Some(&b'_') {
                    to.push_str(&line[from..at]);
                    from = at + 1;
                }
                at += 2;
            }
            _ => at += 1,
        }
    }
    to.push_str(&line[from..]);
}

fn is_of_word(byte: u8) -> bool {
    byte.is_ascii_alphanumeric() || byte == b'_'
}
