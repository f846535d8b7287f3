use crate::kept::Kept;
use jiff::Timestamp;
use std::fmt::Write as _;

/// What is shown of a page.
#[derive(Clone, Debug)]
pub struct Document {
    pub title: String,
    pub language: Option<String>,
    pub media_type: String,
    pub charset: String,
    pub fetched: Timestamp,
    /// It was kept from before, and the server says that it is the same.
    pub unchanged: bool,
    /// Cut, with a line that says so.
    pub text: String,
    /// Of the text before it was cut, where all of it is there.
    pub bytes: Option<usize>,
    pub words: usize,
    pub truncated: bool,
}

/// How a body is read.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Kind {
    Html,
    Text,
    /// It has to be looked at.
    Unknown,
    /// Pictures, archives, programs.
    Other,
}

/// `type/subtype` in lower case.
pub fn media_type(content_type: Option<&str>) -> String {
    let essence = content_type.unwrap_or_default().split(';').next().unwrap_or_default();
    essence.trim().to_ascii_lowercase()
}

/// What the content type says.
pub fn kind(content_type: Option<&str>) -> Kind {
    const TEXTS: [&str; 14] = [
        "application/json",
        "application/xml",
        "application/javascript",
        "application/ecmascript",
        "application/x-javascript",
        "application/yaml",
        "application/x-yaml",
        "application/toml",
        "application/sql",
        "application/x-sh",
        "application/x-ndjson",
        "application/jsonlines",
        "application/graphql",
        "message/rfc822",
    ];
    let media_type = media_type(content_type);
    let is_text = media_type.starts_with("text/")
        || media_type.ends_with("+json")
        || media_type.ends_with("+xml")
        || TEXTS.contains(&media_type.as_str());
    match media_type.as_str() {
        "text/html" | "application/xhtml+xml" => Kind::Html,
        "" | "application/octet-stream" | "binary/octet-stream" => Kind::Unknown,
        // A picture, although it is written in text.
        "image/svg+xml" => Kind::Other,
        _ if is_text => Kind::Text,
        _ => Kind::Other,
    }
}

/// How far into a body is looked to tell what it is.
const LOOK: usize = 4096;

impl Kind {
    /// What it is by its bytes, where the server did not say.
    pub fn of_bytes(self, body: &[u8]) -> Option<Self> {
        if self != Self::Unknown {
            return Some(self);
        }
        let head = &body[..body.len().min(LOOK)];
        let is_cut = |error: std::str::Utf8Error| error.error_len().is_none() && head.len() < body.len();
        let is_text = std::str::from_utf8(head).map_or_else(is_cut, |_| true) && !head.contains(&0);
        let start = String::from_utf8_lossy(head).trim_start().to_ascii_lowercase();
        match is_text {
            false => None,
            true if start.starts_with("<!doctype html") || start.starts_with("<html") => Some(Self::Html),
            true => Some(Self::Text),
        }
    }
}

impl Document {
    /// `is_whole`: the text has the end of what the server sent.
    pub fn new(kept: Kept, is_whole: bool, max_bytes: usize) -> Self {
        let Kept { fetched, media_type, charset, title, language, text, .. } = kept;
        let bytes = is_whole.then_some(text.len());
        let truncated = !is_whole || text.len() > max_bytes;
        let mut text = text;
        if text.len() > max_bytes {
            text.truncate(cut(&text, max_bytes));
        }
        let words = text.split_whitespace().count();
        if truncated {
            // Writing to a String cannot fail.
            let _ = match bytes {
                Some(bytes) => write!(
                    text,
                    "\n\n[truncated at {} bytes of {bytes}; --max-bytes {bytes} shows all of it]",
                    text.len()
                ),
                None => {
                    write!(text, "\n\n[truncated at {} bytes: there is more; --max-bytes shows more of it]", text.len())
                }
            };
        }
        Self { title, language, media_type, charset, fetched, unchanged: false, text, bytes, words, truncated }
    }

    pub fn unchanged(kept: Kept, max_bytes: usize) -> Self {
        Self { unchanged: true, ..Self::new(kept, true, max_bytes) }
    }
}

/// The end of a line near `most`, or of a character where the line is long.
fn cut(text: &str, most: usize) -> usize {
    let mut end = most;
    while !text.is_char_boundary(end) {
        end -= 1;
    }
    match text[..end].rfind('\n') {
        Some(line) if line * 10 >= end * 9 => line,
        _ => end,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_read_how() {
        for (content_type, expect) in [
            (Some("text/html; charset=utf-8"), Kind::Html),
            (Some("Application/XHTML+XML"), Kind::Html),
            (Some("text/plain"), Kind::Text),
            (Some("text/markdown"), Kind::Text),
            (Some("application/json"), Kind::Text),
            (Some("application/ld+json"), Kind::Text),
            (Some("application/atom+xml"), Kind::Text),
            (Some("image/png"), Kind::Other),
            (Some("image/svg+xml"), Kind::Other),
            (Some("application/pdf"), Kind::Other),
            (Some("application/octet-stream"), Kind::Unknown),
            (None, Kind::Unknown),
        ] {
            assert_eq!(kind(content_type), expect, "{content_type:?}");
        }
    }

    #[test]
    fn what_has_no_type_is_looked_at() {
        let look = |body: &[u8]| Kind::Unknown.of_bytes(body);
        assert_eq!(look(b" <!DOCTYPE html><p>"), Some(Kind::Html));
        assert_eq!(look(b"fn main() {}"), Some(Kind::Text));
        assert_eq!(look(b""), Some(Kind::Text));
        assert_eq!(look(b"\x7fELF\0\0"), None);
        assert_eq!(look(b"\xff\xfe\xfd"), None);
        assert_eq!(look("\u{e9}".repeat(LOOK).as_bytes()), Some(Kind::Text));
        assert_eq!(look([b"x".as_slice(), "\u{e9}".repeat(LOOK).as_bytes()].concat().as_slice()), Some(Kind::Text));
        assert_eq!(Kind::Html.of_bytes(b"\0"), Some(Kind::Html));
    }

    #[track_caller]
    fn check(text: &str, is_whole: bool, max: usize, expect: &str) {
        let kept = Kept {
            etag: None,
            last_modified: None,
            fetched: Timestamp::UNIX_EPOCH,
            media_type: String::new(),
            charset: String::new(),
            title: String::new(),
            language: None,
            text: text.to_owned(),
        };
        assert_eq!(Document::new(kept, is_whole, max).text, expect);
    }

    #[test]
    fn a_cut_says_where_it_is() {
        check("one two", true, 7, "one two");
        check("one two", true, 5, "one t\n\n[truncated at 5 bytes of 7; --max-bytes 7 shows all of it]");
        check("\u{e9}\u{e9}", true, 3, "\u{e9}\n\n[truncated at 2 bytes of 4; --max-bytes 4 shows all of it]");
        check(
            "line one is long\nx",
            true,
            17,
            "line one is long\n\n[truncated at 16 bytes of 18; --max-bytes 18 shows all of it]",
        );
        check("abc", false, 2, "ab\n\n[truncated at 2 bytes: there is more; --max-bytes shows more of it]");
    }
}
