//! The indices that documentation sites publish of themselves, each read into entries.

pub mod mdbook;
pub mod mkdocs;
pub mod sitemap;
pub mod sphinx;

use url::Url;

/// A page or a section that an index names.
#[derive(Clone, Debug, PartialEq)]
pub struct Entry {
    /// With the anchor, where the index has it.
    pub address: Url,
    pub title: String,
    /// What the index knows of its text: all of it, some words, or nothing.
    pub text: String,
}
