//! Markdown and HTML files of a granted folder.

use crate::{markdown, site::ending, web::Missing};
use hob_plugin::{Refused, files};
use page::{Extent, Page, Section};
use url::Url;

/// A file in sections.
pub struct File {
    /// Guest path.
    pub path: String,
    pub title: String,
    pub sections: Vec<Section>,
}

const GLOBS: [&str; 4] = ["*.md", "*.markdown", "*.html", "*.htm"];

/// Files below `folder`, until `bytes` are read; and whether there was more.
pub fn read(folder: &str, mut bytes: usize) -> Result<(Vec<File>, bool), Missing> {
    let mut found = Vec::new();
    for file in files::walk(folder).globs(GLOBS).files()? {
        let Some(left) = bytes.checked_sub(file.bytes.len()) else { return Ok((found, true)) };
        bytes = left;
        found.push(sections(&file.path, &file.bytes));
    }
    Ok((found, false))
}

impl From<Refused> for Missing {
    fn from(refused: Refused) -> Self {
        match refused {
            Refused::Denied(text) => Self::Denied(text),
            Refused::Failed(text) => Self::Failed(text),
        }
    }
}

fn sections(path: &str, bytes: &[u8]) -> File {
    let is_html = matches!(ending(path).as_deref(), Some("html" | "htm"));
    let (text, _) = page::decode(bytes, Some(if is_html { "text/html" } else { "text/markdown" }));
    let (title, sections) = match Url::parse("http://folder.invalid/").and_then(|base| base.join(path)) {
        Ok(base) if is_html => {
            let page = Page::read(&text, &base, Extent::Whole);
            (page.title, page.sections)
        }
        _ => markdown::read(&text),
    };
    let name = path.rsplit('/').next().unwrap_or(path);
    let title = if title.is_empty() { name.to_owned() } else { title };
    File { path: path.to_owned(), title, sections }
}
