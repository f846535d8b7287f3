use chardetng::{EncodingDetector, Utf8Detection};
use encoding_rs::{Encoding, UTF_8, UTF_16BE, UTF_16LE, WINDOWS_1252};

/// The text of a body and the name of the charset that it was in. In this order: a byte order mark, the
/// `charset` of the content type, what a page says of itself, and what the bytes look like.
#[must_use]
pub fn decode(bytes: &[u8], content_type: Option<&str>) -> (String, &'static str) {
    let encoding = Encoding::for_bom(bytes)
        .map(|(encoding, _)| encoding)
        .or_else(|| content_type.and_then(of_header))
        .or_else(|| content_type.is_none_or(may_say_of_itself).then(|| of_markup(bytes)).flatten())
        .unwrap_or_else(|| looks_like(bytes));
    // This drops a byte order mark.
    let (text, encoding, _) = encoding.decode(bytes);
    (text.into_owned(), encoding.name())
}

fn of_header(content_type: &str) -> Option<&'static Encoding> {
    content_type.split(';').skip(1).find_map(|parameter| {
        let (name, value) = parameter.split_once('=')?;
        let value = value.trim().trim_matches(['"', '\'']);
        name.trim().eq_ignore_ascii_case("charset").then(|| Encoding::for_label(value.as_bytes())).flatten()
    })
}

/// Markup may name its charset; nothing else does.
fn may_say_of_itself(content_type: &str) -> bool {
    let essence = content_type.split(';').next().unwrap_or_default().trim().to_ascii_lowercase();
    essence.is_empty() || essence.contains("html") || essence.contains("xml")
}

/// Where pages say it. Browsers look through 1,024 bytes; many pages start with a long comment.
const HEAD: usize = 8 * 1024;

/// `charset` in a `<meta>`, or `encoding` in an XML declaration.
fn of_markup(bytes: &[u8]) -> Option<&'static Encoding> {
    let head: String = bytes.iter().take(HEAD).map(|byte| char::from(byte.to_ascii_lowercase())).collect();
    let declaration = head.trim_start().strip_prefix("<?xml").map(|rest| (rest, "encoding"));
    let tags = head.split("<meta").skip(1).map(|rest| (rest, "charset"));
    declaration.into_iter().chain(tags).find_map(|(rest, name)| {
        let tag = rest.split('>').next()?;
        let (_, rest) = tag.split_once(name)?;
        let value = rest.trim_start().strip_prefix('=')?.trim_start().trim_start_matches(['"', '\'']);
        let label = value.split(|c: char| !c.is_ascii_alphanumeric() && !"-_.:".contains(c)).next()?;
        Encoding::for_label(label.as_bytes()).map(of_ascii)
    })
}

/// What is readable as ASCII is not UTF-16, whatever it says, and nobody means `x-user-defined`.
fn of_ascii(encoding: &'static Encoding) -> &'static Encoding {
    if encoding == UTF_16BE || encoding == UTF_16LE {
        UTF_8
    } else if encoding == encoding_rs::X_USER_DEFINED {
        WINDOWS_1252
    } else {
        encoding
    }
}

/// How much is looked at to guess; more makes the guess no better.
const SAMPLE: usize = 256 * 1024;

fn looks_like(bytes: &[u8]) -> &'static Encoding {
    // All of it: one wrong byte at the end is still no UTF-8, and the check is quick.
    if std::str::from_utf8(bytes).is_ok() {
        return UTF_8;
    }
    let mut detector = EncodingDetector::new(chardetng::Iso2022JpDetection::Allow);
    let sample = &bytes[..bytes.len().min(SAMPLE)];
    detector.feed(sample, sample.len() == bytes.len());
    detector.guess(None, Utf8Detection::Allow)
}
