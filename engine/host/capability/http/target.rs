use super::{HttpError, MAX_URL_BYTES};
use reqwest::Url;
use std::net::IpAddr;

/// A URL that a request can go to, in the one spelling that everything later is decided by.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Target {
    url: Url,
    host: String,
    port: u16,
    literal: Option<IpAddr>,
}

impl Target {
    /// Reads a URL. The `url` crate resolves odd spellings of addresses (`0x7f.1`, `2130706433`),
    /// percent-encoding and international names as browsers do.
    pub(super) fn parse(text: &str) -> Result<Self, HttpError> {
        if text.len() > MAX_URL_BYTES {
            return Err(HttpError::failed(format!("the URL is longer than {MAX_URL_BYTES} bytes")));
        }
        Self::new(Url::parse(text).map_err(|error| HttpError::failed(format!("the URL cannot be read: {error}")))?)
    }

    /// Where a redirect leads.
    pub(super) fn join(&self, location: &[u8]) -> Result<Self, HttpError> {
        let unreadable = || HttpError::failed(format!("the redirect of {} leads to no URL", self.origin()));
        let location = str::from_utf8(location).ok().filter(|text| text.len() <= MAX_URL_BYTES);
        Self::new(self.url.join(location.ok_or_else(unreadable)?).map_err(|_| unreadable())?)
    }

    fn new(mut url: Url) -> Result<Self, HttpError> {
        let scheme = url.scheme();
        if scheme != "http" && scheme != "https" {
            return Err(HttpError::failed(format!("the scheme of the URL is {scheme}; it has to be http or https")));
        }
        if !url.username().is_empty() || url.password().is_some() {
            return Err(HttpError::failed("the URL has a user name in it; credentials belong into a header"));
        }
        // A name with a dot at its end is the same name to the resolver, and has to be to the policy.
        let bare = url.host_str().unwrap_or_default().trim_end_matches('.').to_owned();
        url.set_host(Some(&bare)).map_err(|error| HttpError::failed(format!("the URL cannot be read: {error}")))?;
        url.set_fragment(None);
        let host = url.host_str().unwrap_or_default().to_ascii_lowercase();
        let unbracketed = host.strip_prefix('[').and_then(|rest| rest.strip_suffix(']')).unwrap_or(&host);
        let literal = unbracketed.parse().ok();
        match url.port_or_known_default() {
            Some(port) if !host.is_empty() => Ok(Self { url, host, port, literal }),
            _ => Err(HttpError::failed("the URL names no host")),
        }
    }

    pub(super) fn url(&self) -> &Url {
        &self.url
    }

    pub(super) fn scheme(&self) -> &str {
        self.url.scheme()
    }

    /// Lower case; an IPv6 address in brackets.
    pub(super) fn host(&self) -> &str {
        &self.host
    }

    pub(super) fn port(&self) -> u16 {
        self.port
    }

    /// The address, where the host is none but a number.
    pub(super) fn literal(&self) -> Option<IpAddr> {
        self.literal
    }

    /// Scheme, host and port, for messages: the rest may be confidential.
    pub(super) fn origin(&self) -> String {
        format!("{}://{}:{}", self.scheme(), self.host, self.port)
    }

    pub(super) fn has_origin_of(&self, other: &Self) -> bool {
        (self.scheme(), &self.host, self.port) == (other.scheme(), &other.host, other.port)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[track_caller]
    fn check(text: &str, expect: Option<&str>) {
        assert_eq!(Target::parse(text).ok().map(|target| target.origin()).as_deref(), expect, "{text}");
    }

    #[test]
    fn one_spelling_for_each_host() {
        for odd in ["127.1", "0x7f.1", "2130706433", "0177.0.0.1", "127.0.0.1.", "%31%32%37.0.0.1", "0x7f000001"] {
            check(&format!("http://{odd}:8080/"), Some("http://127.0.0.1:8080"));
        }
        check("http://[::ffff:127.0.0.1]/", Some("http://[::ffff:7f00:1]:80"));
        check("HTTPS://Example.ORG./a#b", Some("https://example.org:443"));
        check("http://①②⑦.0.0.1/", Some("http://127.0.0.1:80"));
        check("https://b\u{fc}cher.example", Some("https://xn--bcher-kva.example:443"));
    }

    #[test]
    fn an_odd_spelling_of_an_address_is_known_as_one() {
        for text in ["http://0x7f.1", "http://2130706433", "http://[::1]", "http://127.0.0.1..", "http://127.0.0.1."] {
            assert!(Target::parse(text).is_ok_and(|target| target.literal().is_some()), "{text}");
        }
        assert_eq!(Target::parse("http://localhost").ok().and_then(|target| target.literal()), None);
    }

    #[test]
    fn what_no_request_goes_to() {
        for text in ["", "example.org", "ftp://example.org", "file:///etc/passwd", "http://", "http://.", "http://a b/"]
        {
            check(text, None);
        }
        for text in ["http://user@example.org", "http://user:pass@example.org", "http://:pass@example.org"] {
            check(text, None);
        }
        check("http://example.org@127.0.0.1/", None);
        check("http://[fe80::1%25eth0]/", None);
        check(&format!("http://example.org/{}", "a".repeat(MAX_URL_BYTES)), None);
    }
}
