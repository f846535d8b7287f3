use super::{HttpError, SecretLookup};
use hob_core::{Access, Permit, Policy, SecretPlace};
use http::{HeaderMap, HeaderValue};

const OPEN: &[u8] = b"{{secret:";
const CLOSE: &[u8] = b"}}";

/// Fills secrets in for the host of one request.
pub(super) struct Secrets<'a> {
    pub(super) policy: &'a Policy,
    pub(super) look_up: &'a SecretLookup,
    pub(super) host: &'a str,
}

impl Secrets<'_> {
    pub(super) fn fill_headers(&self, headers: &HeaderMap) -> Result<HeaderMap, HttpError> {
        let mut filled = headers.clone();
        for value in filled.values_mut() {
            if let Some(bytes) = self.fill(value.as_bytes(), SecretPlace::Header)? {
                *value = HeaderValue::from_bytes(&bytes)
                    .map_err(|_| HttpError::failed("a secret has bytes in it that no header may have"))?;
                value.set_sensitive(true);
            }
        }
        Ok(filled)
    }

    /// The text with its placeholders filled in; none where it has none.
    pub(super) fn fill(&self, text: &[u8], place: SecretPlace) -> Result<Option<Vec<u8>>, HttpError> {
        let (mut filled, mut rest) = (Vec::new(), text);
        while let Some(found) = find(rest) {
            filled.extend_from_slice(found.before);
            filled.extend_from_slice(self.value(found.name, place)?.as_bytes());
            rest = found.after;
        }
        if rest.len() == text.len() {
            return Ok(None);
        }
        filled.extend_from_slice(rest);
        Ok(Some(filled))
    }

    fn value(&self, name: &str, place: SecretPlace) -> Result<String, HttpError> {
        let access = Access::SendSecret { name, host: self.host, place };
        match self.policy.decide(&access) {
            Ok(Permit::Secret(grant)) => (self.look_up)(&grant.env).ok_or_else(|| {
                HttpError::failed(format!("the secret {name} has no value: {} is not set where hob runs", grant.env))
            }),
            Ok(_) => Err(HttpError::failed(format!("the secret {name} was granted as something else"))),
            Err(denial) => Err(HttpError::Denied(denial.to_string())),
        }
    }
}

/// Whether there is a placeholder in it.
pub(super) fn has_placeholder(text: &[u8]) -> bool {
    find(text).is_some()
}

struct Found<'a> {
    before: &'a [u8],
    name: &'a str,
    after: &'a [u8],
}

/// The first placeholder. What only begins like one is text.
fn find(text: &[u8]) -> Option<Found<'_>> {
    let mut from = 0;
    loop {
        let open = from + position(&text[from..], OPEN)?;
        let name_at = open + OPEN.len();
        let length = text[name_at..].iter().take_while(|byte| is_name(**byte)).count();
        let (name, after) = text[name_at..].split_at(length);
        match (str::from_utf8(name), after.strip_prefix(CLOSE)) {
            (Ok(name), Some(after)) if !name.is_empty() => return Some(Found { before: &text[..open], name, after }),
            _ => from = name_at,
        }
    }
}

fn position(text: &[u8], wanted: &[u8]) -> Option<usize> {
    text.windows(wanted.len()).position(|window| window == wanted)
}

fn is_name(byte: u8) -> bool {
    byte.is_ascii_alphanumeric() || matches!(byte, b'_' | b'-' | b'.')
}

#[cfg(test)]
mod tests {
    use super::*;

    #[track_caller]
    fn check(text: &str, expect: Option<&str>) {
        assert_eq!(find(text.as_bytes()).map(|found| found.name), expect, "{text}");
    }

    #[test]
    fn placeholders() {
        check("Bearer {{secret:TOKEN}}", Some("TOKEN"));
        check("{{secret:a-b_c.d}}{{secret:E}}", Some("a-b_c.d"));
        check("{{secret:{{secret:X}}", Some("X"));
        check("{{secret:}}", None);
        check("{{secret:TOKEN}", None);
        check("{{secret:A B}}", None);
        check("{{ secret:A }}", None);
        check("", None);
    }
}
