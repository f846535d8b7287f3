use dom_query::Document;
use url::Url;

/// What the addresses in a page are relative to.
pub struct Base(Url);

/// An address in text; longer ones are data.
const MAX_LENGTH: usize = 2048;

impl Base {
    pub fn of(document: &Document, address: &Url) -> Self {
        let said = document.base_uri().and_then(|href| address.join(href.trim()).ok());
        Self(said.filter(|url| matches!(url.scheme(), "http" | "https")).unwrap_or_else(|| address.clone()))
    }

    /// The absolute address, where it is one of the web.
    pub fn join(&self, href: &str) -> Option<Url> {
        let href = href.trim();
        if href.len() > MAX_LENGTH {
            return None;
        }
        self.0.join(href).ok().filter(|url| matches!(url.scheme(), "http" | "https"))
    }

    /// Makes links and images absolute. A link that leads nowhere becomes its text; an image that says
    /// nothing in words goes.
    pub fn make_absolute(&self, document: &Document) {
        for node in document.select("a[href]").nodes() {
            let href = node.attr("href").unwrap_or_default();
            match self.join(&href) {
                Some(url) => node.set_attr("href", url.as_str()),
                // Kept: it is of use to the reader, and has nothing to be relative to.
                None if href.trim_start().starts_with("mailto:") => {}
                None => node.remove_attr("href"),
            }
        }
        for node in document.select("img").nodes() {
            let says = node.attr("alt").is_some_and(|alt| !alt.trim().is_empty());
            let source = node.attr("src").or_else(|| node.attr("data-src"));
            match source.and_then(|source| self.join(&source)).filter(|_| says) {
                Some(url) => node.set_attr("src", url.as_str()),
                None => node.remove_from_parent(),
            }
        }
    }
}
