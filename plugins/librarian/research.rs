//! Looks through sources for passages that may answer a question.

use crate::{
    bindings::hob::plugin::context,
    folder, markdown,
    params::Limits,
    passage::{Passage, passages},
    question::Question,
    shelf::Shelf,
    site::Site,
    source::{Kind, Place, Source},
    web::{Got, Missing, Web},
    words::Words,
};
use page::{Extent, Page, Section};
use serde::Serialize;
use std::time::Instant;
use url::Url;

/// A page or file that was read.
#[derive(Debug, Serialize)]
pub struct Looked {
    pub address: String,
    pub title: String,
    pub source: String,
}

/// A page or source that could not be read.
#[derive(Debug, Serialize)]
pub struct Failed {
    pub address: String,
    pub source: String,
    pub why: String,
}

/// What was found so far.
pub struct Research<'a> {
    question: &'a Question,
    words: &'a Words,
    limits: Limits,
    web: Web,
    /// Pages that were asked for, whether or not they came.
    asked: usize,
    pub passages: Vec<Passage>,
    pub looked: Vec<Looked>,
    pub failed: Vec<Failed>,
    /// What ended the search early, in words.
    pub stopped: Option<String>,
    /// The host's words for the first denial.
    pub denied: Option<String>,
}

/// The task was asked to stop.
pub struct Cancelled;

/// A web source whose index is read.
struct Open<'a> {
    source: &'a Source,
    site: Site,
    shelf: Shelf,
}

impl<'a> Research<'a> {
    pub fn new(question: &'a Question, words: &'a Words, limits: Limits) -> Self {
        Self {
            question,
            words,
            limits,
            web: Web::new(Instant::now() + limits.time, limits.bytes),
            asked: 0,
            passages: Vec::new(),
            looked: Vec::new(),
            failed: Vec::new(),
            stopped: None,
            denied: None,
        }
    }

    /// Bytes that were read.
    pub fn bytes(&self) -> usize {
        self.web.bytes
    }

    /// Reads what looks relevant, each source in turn.
    pub fn run(&mut self, sources: &'a [Source]) -> Result<(), Cancelled> {
        let mut open = Vec::new();
        for source in sources {
            context::progress(None, &format!("looking at {}", source.name));
            match &source.place {
                Place::Folder(folder) => self.folder(source, folder)?,
                Place::Web(address) => open.extend(self.open(source, address)?),
            }
        }
        while !open.is_empty() && self.stopped.is_none() {
            let mut index = 0;
            while index < open.len() {
                let Some(address) = open[index].shelf.next(self.question, self.words) else {
                    open.remove(index);
                    continue;
                };
                if self.asked >= self.limits.pages {
                    let known: usize = open.iter().map(|one| one.shelf.pages()).sum();
                    self.stopped = Some(format!(
                        "stopped at {} pages of the {known} that the sources name; --max-pages raises the limit",
                        self.asked
                    ));
                    return Ok(());
                }
                self.page(&mut open[index], &address)?;
                index += 1;
                if self.stopped.is_some() {
                    break;
                }
            }
        }
        Ok(())
    }

    fn folder(&mut self, source: &Source, folder: &str) -> Result<(), Cancelled> {
        match folder::read(folder, self.limits.bytes) {
            Ok((files, more)) => {
                if files.is_empty() && !context::is_cancelled() {
                    let why = "there is no Markdown or HTML file in it".to_owned();
                    self.failed.push(Failed { address: folder.to_owned(), source: source.name.clone(), why });
                }
                for file in files {
                    self.keep(source, &file.path, &file.title, file.sections);
                }
                if more {
                    self.stop_at("bytes");
                }
            }
            Err(missing) => self.miss(source, folder, missing)?,
        }
        if context::is_cancelled() { Err(Cancelled) } else { Ok(()) }
    }

    /// Reads the first page of a web source and its index.
    fn open(&mut self, source: &'a Source, address: &Url) -> Result<Option<Open<'a>>, Cancelled> {
        let Some(start) = self.get(source, address)? else { return Ok(None) };
        let opened = Site::open(source.kind, &start, &mut self.web);
        let (site, entries) = match opened {
            Ok(opened) => opened,
            Err(missing) => {
                self.miss(source, address.as_str(), missing)?;
                return Ok(None);
            }
        };
        let mut open = Open { source, site, shelf: Shelf::default() };
        // With the text of every section in its index, the first page is one among the others; in a book it is a
        // copy of the first chapter.
        let has_all = !entries.is_empty() && matches!(open.site.kind, Kind::Mdbook | Kind::Mkdocs | Kind::Sphinx);
        open.shelf.add(entries);
        if !has_all {
            open.shelf.mark(address);
            self.read(&mut open, &start);
        }
        Ok(Some(open))
    }

    fn page(&mut self, open: &mut Open<'a>, address: &Url) -> Result<(), Cancelled> {
        if let Some(got) = self.get(open.source, address)? {
            self.read(open, &got);
        }
        Ok(())
    }

    /// A page that counts against the limit.
    fn get(&mut self, source: &Source, address: &Url) -> Result<Option<Got>, Cancelled> {
        self.asked += 1;
        #[expect(clippy::cast_precision_loss, reason = "a count of pages")]
        let fraction = self.asked as f64 / self.limits.pages.max(1) as f64;
        let said = format!("looked at {} of {} pages", self.looked.len(), self.limits.pages);
        context::progress(Some(fraction.min(1.0)), &said);
        match self.web.get(address) {
            Ok(got) => Ok(Some(got)),
            Err(missing) => self.miss(source, address.as_str(), missing).map(|()| None),
        }
    }

    /// Takes the passages of a page, and the links that lead on.
    fn read(&mut self, open: &mut Open<'a>, got: &Got) {
        open.shelf.mark(&got.address);
        let kind = got.content_type.split(';').next().unwrap_or_default().trim();
        match kind {
            "" | "text/html" | "application/xhtml+xml" => {
                let page = Page::read(&got.text, &got.address, Extent::Whole);
                open.shelf.add(open.site.entries(&page, &got.address));
                self.keep(open.source, got.address.as_str(), &page.title, page.sections);
            }
            "text/plain" | "text/markdown" => {
                let (title, sections) = markdown::read(&got.text);
                self.keep(open.source, got.address.as_str(), &title, sections);
            }
            // A sitemap that was given as the source has been read.
            "application/xml" | "text/xml" => {}
            other => {
                let why = format!("{other} is no page");
                let source = open.source.name.clone();
                self.failed.push(Failed { address: got.address.to_string(), source, why });
            }
        }
    }

    fn keep(&mut self, source: &Source, address: &str, title: &str, sections: Vec<Section>) {
        self.passages.extend(passages(sections, address, title, &source.name));
        let (address, title) = (address.to_owned(), title.to_owned());
        self.looked.push(Looked { address, title, source: source.name.clone() });
    }

    fn miss(&mut self, source: &Source, address: &str, missing: Missing) -> Result<(), Cancelled> {
        let why = match missing {
            Missing::Cancelled => return Err(Cancelled),
            Missing::Limit(what) => {
                self.stop_at(what);
                return Ok(());
            }
            Missing::Denied(text) => {
                let first = text.lines().next().unwrap_or_default().to_owned();
                self.denied.get_or_insert(text);
                first
            }
            Missing::Failed(text) => text,
        };
        self.failed.push(Failed { address: address.to_owned(), source: source.name.clone(), why });
        Ok(())
    }

    fn stop_at(&mut self, what: &str) {
        let option = if what == "time" { "--max-seconds" } else { "--max-bytes" };
        let pages = self.looked.len();
        self.stopped.get_or_insert(format!("stopped at the limit of {what} after {pages} pages; {option} raises it"));
    }
}
