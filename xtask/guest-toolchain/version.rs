use std::cmp::Ordering;

/// Counts the ways in which a toolchain folder has been laid out; one of another revision is not used.
pub const REVISION: u32 = 1;

const PREFIX: &str = "debian-";

/// The name of the folder for Debian's compiler of `version` (such as `1.96.0+dfsg1-1~deb12u2`).
pub fn folder_name(version: &str) -> String {
    format!("{PREFIX}{version}-r{REVISION}")
}

/// The newest of the names that [`folder_name`] gave for this revision.
pub(crate) fn newest(names: impl IntoIterator<Item = String>) -> Vec<String> {
    let suffix = format!("-r{REVISION}");
    let version = |name: &str| Some(name.strip_prefix(PREFIX)?.strip_suffix(&suffix)?.to_owned());
    let mut found: Vec<(String, String)> = names.into_iter().filter_map(|name| Some((version(&name)?, name))).collect();
    found.sort_by(|(a, _), (b, _)| compare(b, a));
    found.into_iter().map(|(_, name)| name).collect()
}

/// Debian's order of versions: runs of digits by their value, the rest by letter, `~` before all.
fn compare(a: &str, b: &str) -> Ordering {
    let (mut left, mut right) = (a, b);
    while !(left.is_empty() && right.is_empty()) {
        let (first, second) = (Piece::first_of(left), Piece::first_of(right));
        let order = weights(first.text).cmp(weights(second.text)).then(first.number.cmp(&second.number));
        if order != Ordering::Equal {
            return order;
        }
        (left, right) = (first.rest, second.rest);
    }
    Ordering::Equal
}

/// Text, the number after it, and what follows.
struct Piece<'a> {
    text: &'a str,
    number: u64,
    rest: &'a str,
}

impl<'a> Piece<'a> {
    fn first_of(version: &'a str) -> Self {
        let (text, more) = split(version, |c| !c.is_ascii_digit());
        let (digits, rest) = split(more, |c| c.is_ascii_digit());
        Self { text, number: digits.parse().unwrap_or(0), rest }
    }
}

fn split(text: &str, inside: impl Fn(char) -> bool) -> (&str, &str) {
    text.split_at(text.find(|c| !inside(c)).unwrap_or(text.len()))
}

/// The end of the text weighs 1, so that `~` can weigh less.
fn weights(text: &str) -> impl Iterator<Item = u32> {
    let weight = |c| match c {
        '~' => 0,
        c if char::is_alphabetic(c) => 1 + u32::from(c),
        c => 0x11_0000 + u32::from(c),
    };
    text.chars().map(weight).chain([1])
}

#[cfg(test)]
mod tests {
    use super::*;

    #[track_caller]
    fn check(a: &str, b: &str, expect: Ordering) {
        assert_eq!(compare(a, b), expect, "{a} {b}");
        assert_eq!(compare(b, a), expect.reverse(), "{b} {a}");
    }

    #[test]
    fn versions() {
        use Ordering::{Equal, Less};
        check("1.96.0+dfsg1-1~deb12u2", "1.96.0+dfsg1-1~deb12u2", Equal);
        check("1.96.0+dfsg1-1~deb12u2", "1.96.0+dfsg1-1~deb12u10", Less);
        check("1.85.0+dfsg3-1~deb12u3", "1.96.0+dfsg1-1~deb12u2", Less);
        check("1.96.0+dfsg1-1~deb12u2", "1.96.0+dfsg1-1", Less);
        check("1.9.0", "1.10.0", Less);
        check("1.96.0", "1.96.0+dfsg1", Less);
        check("", "1", Less);
    }

    #[test]
    fn the_newest_folder_of_this_revision_comes_first() {
        let names = [
            folder_name("1.96.0+dfsg1-1~deb12u2"),
            folder_name("1.100.0+dfsg1-1~deb12u1"),
            "debian-2.0.0-r999".to_owned(),
            ".building-12".to_owned(),
            "setup.lock".to_owned(),
            folder_name("1.97.0+dfsg1-1~deb12u2"),
        ];
        let expect = ["1.100.0+dfsg1-1~deb12u1", "1.97.0+dfsg1-1~deb12u2", "1.96.0+dfsg1-1~deb12u2"].map(folder_name);
        assert_eq!(newest(names), expect);
    }
}
