//! Reads a web page for a model: bytes to text, HTML to Markdown with what matters of it, cut into sections
//! with addresses of their own. It does no I/O and survives whatever a server sends.

mod address;
mod api;
mod article;
mod bounded;
mod charset;
mod code;
mod content;
mod headings;
mod language;
mod markdown;
mod sections;
mod tables;
mod tags;
mod tidy;

pub use charset::decode;
pub use sections::Section;

use address::Base;
use dom_query::{Document, NodeRef};
use std::collections::HashSet;
use url::Url;

/// A page as a model reads it.
#[derive(Clone, Debug, Default)]
pub struct Page {
    /// What it calls itself, or its first heading; empty where it has neither.
    pub title: String,
    /// The language that it says it is in, as `en` or `pt-BR`.
    pub language: Option<String>,
    /// The address that it says it should be known under.
    pub canonical: Option<Url>,
    /// Its content. Addresses in it are absolute.
    pub markdown: String,
    /// The same content, cut at its headings.
    pub sections: Vec<Section>,
    /// Where it leads to: all of the page, with its navigation, each address once.
    pub links: Vec<Link>,
    /// Whether it is too long or too intricate, so that its end is missing.
    pub truncated: bool,
}

/// A link of a page.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Link {
    /// What is shown, without markup.
    pub text: String,
    /// Where it leads, with its fragment; `http` or `https`.
    pub address: Url,
}

/// How much of a page is its content.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Extent {
    /// What a reader view shows. A page that is no article is read as `Whole`.
    #[default]
    Article,
    /// All of the main part: a page of documentation without what is around it on every page.
    Whole,
}

impl Page {
    /// Reads HTML that came from `address`.
    #[must_use]
    pub fn read(html: &str, address: &Url, extent: Extent) -> Self {
        let parsed = bounded::parse(html);
        let document = &parsed.document;
        let base = Base::of(document, address);
        let title = title(document);
        let language = attribute(document, "html[lang]", "lang");
        let canonical = attribute(document, r#"link[rel="canonical"]"#, "href").and_then(|href| base.join(&href));
        let links = links(document, &base);

        base.make_absolute(document);
        code::settle(document);
        tables::settle(document);
        api::mark_signatures(document);
        let main = content::main(document);
        let article = match extent {
            Extent::Article => article::extract(document, &main),
            Extent::Whole => None,
        };
        let (markdown, sections) = article.as_ref().map_or_else(|| write(&main), |article| write(&article.root()));
        let title = if title.is_empty() { first_heading(&sections) } else { title };
        Self { title, language, canonical, markdown, sections, links, truncated: parsed.truncated }
    }
}

fn write(root: &NodeRef) -> (String, Vec<Section>) {
    tidy::tidy(root);
    let anchors = headings::mark(root);
    sections::cut(&markdown::write(root), &anchors)
}

fn title(document: &Document) -> String {
    one_line(&document.select_single("head title").text())
}

fn first_heading(sections: &[Section]) -> String {
    sections.iter().find_map(|section| section.headings.last()).cloned().unwrap_or_default()
}

fn attribute(document: &Document, selector: &str, name: &str) -> Option<String> {
    let value = document.select_single(selector).attr(name)?;
    Some(value.trim().to_owned()).filter(|value| !value.is_empty())
}

fn links(document: &Document, base: &Base) -> Vec<Link> {
    let mut seen = HashSet::new();
    let mut links = Vec::new();
    for node in document.select("a[href]").nodes() {
        let Some(address) = node.attr("href").and_then(|href| base.join(&href)) else { continue };
        if seen.insert(address.clone()) {
            links.push(Link { text: one_line(&node.text()), address });
        }
    }
    links
}

/// The text with single spaces in place of white space.
fn one_line(text: &str) -> String {
    text.split_whitespace().collect::<Vec<_>>().join(" ")
}
