use std::borrow::Cow;

/// Attributes of one tag. The parser compares each with all before it.
const MAX_ATTRIBUTES: usize = 1000;

/// The page without the beginnings of tags that have thousands of attributes; what is left of them reads
/// as text.
pub fn without_endless(html: &str) -> Cow<'_, str> {
    let bytes = html.as_bytes();
    let mut kept = String::new();
    let mut from = 0;
    let mut at = 0;
    while let Some(start) = next_tag(bytes, at) {
        match end_of_tag(bytes, start) {
            Ok(end) => at = end,
            // The place is that of an ASCII byte, and so a boundary.
            Err(place) => {
                kept.push_str(&html[from..start]);
                (from, at) = (place, place);
            }
        }
    }
    if from == 0 {
        return Cow::Borrowed(html);
    }
    kept.push_str(&html[from..]);
    Cow::Owned(kept)
}

fn next_tag(bytes: &[u8], from: usize) -> Option<usize> {
    let tail = bytes.get(from..)?;
    tail.windows(2).position(|pair| pair[0] == b'<' && pair[1].is_ascii_alphabetic()).map(|offset| from + offset)
}

/// The end of the tag at `start`, or where its attributes became too many.
fn end_of_tag(bytes: &[u8], start: usize) -> Result<usize, usize> {
    let mut words = 0;
    let mut at = start;
    // Whether a quote would begin a value, and whether white space is behind.
    let (mut value, mut space) = (false, false);
    while let Some(&byte) = bytes.get(at) {
        match byte {
            b'>' => return Ok(at + 1),
            b'=' => value = true,
            b'"' | b'\'' if value => {
                let Some(length) = bytes[at + 1..].iter().position(|other| *other == byte) else {
                    return Ok(bytes.len());
                };
                at += length + 1;
                value = false;
                // An attribute may follow a closing quote without a space.
                words += 1;
            }
            b'/' => words += 1,
            _ if byte.is_ascii_whitespace() => words += usize::from(!value && !space),
            _ => value = false,
        }
        space = byte.is_ascii_whitespace();
        if words > 2 * MAX_ATTRIBUTES {
            return Err(at);
        }
        at += 1;
    }
    Ok(at)
}
