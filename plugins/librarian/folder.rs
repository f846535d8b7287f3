//! Markdown and HTML files of a granted folder.

use crate::{bindings::hob::plugin::files, markdown, site::ending, web::Missing};
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

/// Bytes in one call of the host.
const AT_ONCE: u32 = 4 << 20;

/// Files below `folder`, until `bytes` are read; and whether there was more.
pub fn read(folder: &str, mut bytes: usize) -> Result<(Vec<File>, bool), Missing> {
    let globs: Vec<String> = GLOBS.iter().map(|&glob| glob.to_owned()).collect();
    let walker = files::walk(folder, &globs, false)
        .map_err(|text| if text.contains(" may not ") { Missing::Denied(text) } else { Missing::Failed(text) })?;
    let mut found = Vec::new();
    loop {
        let some = walker.next(AT_ONCE);
        if some.is_empty() {
            return Ok((found, false));
        }
        for file in some {
            let Some(left) = bytes.checked_sub(file.bytes.len()) else { return Ok((found, true)) };
            bytes = left;
            found.push(sections(&file.path, &file.bytes));
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
