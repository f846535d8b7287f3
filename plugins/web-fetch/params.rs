use hob_plugin::{JsonSchema, schemars};
use linkify::{LinkFinder, LinkKind};
use serde::{Deserialize, Serialize};
use std::collections::HashSet;
use url::Url;

/// What the person asked for.
#[derive(Clone, Debug, Deserialize, JsonSchema)]
#[schemars(extend("oneOf" = [{ "required": ["url"] }, { "required": ["text"] }]))]
pub struct Params {
    /// Addresses of the pages
    #[schemars(length(min = 1, max = 50), inner(length(min = 1, max = 2048)))]
    #[schemars(extend("x-hob-cli" = { "positional": true }))]
    url: Option<Vec<String>>,
    /// A text; the addresses that stand in it are fetched
    text: Option<String>,
    /// Addresses of the text that are fetched, at most
    #[serde(default = "max")]
    #[schemars(range(min = 1, max = 50))]
    max: usize,
    /// What an HTML page becomes; html: the page as it is, in UTF-8
    #[serde(default)]
    pub format: Format,
    /// All of the page's main part, where otherwise it is reduced to its article
    #[serde(default)]
    pub whole: bool,
    /// Bytes of text that are shown of each page
    #[serde(default = "max_bytes")]
    #[schemars(range(min = 1, max = 16 << 20))]
    pub max_bytes: usize,
    /// How long each request may take, in seconds
    #[serde(default = "seconds")]
    #[schemars(range(min = 1, max = 3600))]
    pub seconds: u32,
    /// Fetch the pages anew, and keep nothing of them
    #[serde(default)]
    pub no_cache: bool,
}

/// What an HTML page becomes.
#[derive(Clone, Copy, Debug, Default, Deserialize, Serialize, PartialEq, Eq, JsonSchema)]
#[serde(rename_all = "lowercase")]
pub enum Format {
    #[default]
    Markdown,
    Html,
}

/// `[executors.web-fetch.settings]`
#[derive(Clone, Debug, Deserialize, JsonSchema)]
pub struct Settings {
    /// Whether the robots.txt of a site is respected
    #[serde(default = "robots")]
    pub robots: bool,
}

fn max() -> usize {
    5
}

/// A long page of documentation; what a model can take in at once.
fn max_bytes() -> usize {
    256 * 1024
}

fn seconds() -> u32 {
    30
}

fn robots() -> bool {
    true
}

/// An address to fetch.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Wanted {
    /// As it was given.
    pub given: String,
    pub url: Url,
}

/// What is to be fetched.
#[derive(Debug, Default, PartialEq, Eq)]
pub struct Wish {
    pub wanted: Vec<Wanted>,
    /// Addresses of the text that are too many.
    pub left_out: usize,
}

impl Params {
    /// The addresses, each once; or which of them are none.
    pub fn wish(&self) -> Result<Wish, Vec<(String, String)>> {
        let mut seen = HashSet::new();
        let mut wish = Wish::default();
        let mut wrong = Vec::new();
        for (index, given) in self.url.iter().flatten().enumerate() {
            match read(given) {
                Ok(url) if seen.insert(url.clone()) => wish.wanted.push(Wanted { given: given.clone(), url }),
                Ok(_) => {}
                Err(text) => wrong.push((format!("/url/{index}"), text)),
            }
        }
        let mut finder = LinkFinder::new();
        finder.kinds(&[LinkKind::Url]);
        for link in finder.links(self.text.as_deref().unwrap_or_default()) {
            let Ok(url) = read(link.as_str()) else { continue };
            if !seen.insert(url.clone()) {
                continue;
            }
            if wish.wanted.len() < self.max {
                wish.wanted.push(Wanted { given: link.as_str().to_owned(), url });
            } else {
                wish.left_out += 1;
            }
        }
        if wrong.is_empty() { Ok(wish) } else { Err(wrong) }
    }
}

/// An address without its fragment, which no server sees.
fn read(given: &str) -> Result<Url, String> {
    let given = given.trim();
    let mut url = match Url::parse(given) {
        // A name alone, as one says it.
        Err(url::ParseError::RelativeUrlWithoutBase) => Url::parse(&format!("https://{given}")),
        parsed => parsed,
    }
    .map_err(|error| format!("`{given}` is no address: {error}"))?;
    if !matches!(url.scheme(), "http" | "https") {
        return Err(format!("`{given}` is not of the web; it has to begin with https:// or http://"));
    }
    url.set_fragment(None);
    Ok(url)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[track_caller]
    fn check(params: serde_json::Value, expect: &[&str], left_out: usize) {
        let params: Params = serde_json::from_value(params).expect("parameters");
        let wish = params.wish().expect("addresses");
        let found: Vec<&str> = wish.wanted.iter().map(|wanted| wanted.url.as_str()).collect();
        assert_eq!((found.as_slice(), wish.left_out), (expect, left_out));
    }

    #[test]
    fn addresses() {
        let given = ["https://a.example/x#y", "b.example/c", " http://[::1]:80/ ", "https://a.example/x"];
        check(serde_json::json!({ "url": given }), &["https://a.example/x", "https://b.example/c", "http://[::1]/"], 0);
    }

    #[test]
    fn addresses_in_a_text() {
        let text = "See <https://a.example/x>, [b](https://b.example/(c)), (http://d.example/?e=f). Write to \
                    me@a.example or look at ftp://g.example and https://a.example/x#again.";
        let expect = ["https://a.example/x", "https://b.example/(c)", "http://d.example/?e=f"];
        check(serde_json::json!({ "text": text }), &expect, 0);
        check(serde_json::json!({ "text": text, "max": 2 }), &expect[..2], 1);
        check(serde_json::json!({ "text": "none here" }), &[], 0);
    }

    #[test]
    fn what_is_no_address_is_named() {
        let params: Params = serde_json::from_value(
            serde_json::json!({ "url": ["https://", "file:///etc/passwd", "https://a.example"] }),
        )
        .expect("parameters");
        let wrong = params.wish().expect_err("wrong");
        let pointers: Vec<&str> = wrong.iter().map(|(pointer, _)| pointer.as_str()).collect();
        assert_eq!(pointers, ["/url/0", "/url/1"]);
        assert!(wrong[1].1.contains("https://"), "{}", wrong[1].1);
    }
}
