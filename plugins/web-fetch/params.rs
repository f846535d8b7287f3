use linkify::{LinkFinder, LinkKind};
use serde::Deserialize;
use std::collections::HashSet;
use url::Url;

/// What the person asked for; `describe.json` says what each means.
#[derive(Deserialize)]
pub struct Params {
    url: Option<Vec<String>>,
    text: Option<String>,
    #[serde(default = "max")]
    max: usize,
    #[serde(default)]
    pub format: Format,
    #[serde(default)]
    pub whole: bool,
    #[serde(default = "max_bytes")]
    pub max_bytes: usize,
    #[serde(default = "seconds")]
    pub seconds: u32,
    #[serde(default)]
    pub no_cache: bool,
}

/// What an HTML page becomes.
#[derive(Clone, Copy, Debug, Default, Deserialize, PartialEq, Eq)]
#[serde(rename_all = "lowercase")]
pub enum Format {
    #[default]
    Markdown,
    Html,
}

/// `[executors.web-fetch.settings]`
#[derive(Deserialize)]
pub struct Settings {
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

    #[test]
    fn what_is_left_out_has_the_defaults_of_the_schema() {
        let description: serde_json::Value = serde_json::from_str(include_str!("describe.json")).expect("JSON");
        let default = |name: &str| description["params"]["properties"][name]["default"].clone();
        let params: Params = serde_json::from_str("{}").expect("parameters");
        assert_eq!(default("max"), params.max);
        assert_eq!(default("max_bytes"), params.max_bytes);
        assert_eq!(default("seconds"), params.seconds);
        assert_eq!(default("format"), "markdown");
        assert_eq!(params.format, Format::Markdown);
        let settings: Settings = serde_json::from_str("{}").expect("settings");
        assert_eq!(description["settings"]["properties"]["robots"]["default"], settings.robots);
    }
}
