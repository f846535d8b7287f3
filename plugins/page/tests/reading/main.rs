//! What a page becomes: HTML in, Markdown, sections and links out.

mod articles;
mod charsets;
mod generators;
mod hostile;
mod markdown;

use page::{Extent, Page};
use url::Url;

fn whole(html: &str) -> Page {
    Page::read(html, &address(), Extent::Whole)
}

fn address() -> Url {
    Url::parse("https://docs.example/guide/page.html").expect("an address")
}
