//! Looks through sources for passages that may answer a question.

use crate::{
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
use hob_plugin::{Cancelled, Context, JsonSchema, schemars};
use page::{Extent, Page, Section};
use requests::together::{self, Pending};
use serde::Serialize;
use std::collections::HashSet;
use url::Url;

/// A page or file that was read.
#[derive(Clone, Debug, Serialize, JsonSchema)]
pub struct Looked {
    pub address: String,
    pub title: String,
    pub source: String,
}

/// A page or source that could not be read.
#[derive(Clone, Debug, Serialize, JsonSchema)]
pub struct Failed {
    pub address: String,
    pub source: String,
    pub why: String,
}

/// Pages of a source that are asked for at once: as many as its host may be asked for.
const AT_ONCE: usize = 2;

/// What was found so far.
pub struct Research<'a> {
    question: &'a Question,
    words: &'a Words,
    /// The folder of the task, to which paths are relative.
    project: &'a str,
    limits: Limits,
    web: &'a Web,
    context: Context,
    /// Pages that were asked for, whether or not they came.
    asked: usize,
    pub passages: Vec<Passage>,
    /// Lines that lists have of pages.
    lines: Vec<Passage>,
    pub looked: Vec<Looked>,
    pub failed: Vec<Failed>,
    /// What ended the search early, in words.
    pub stopped: Option<String>,
    /// The host's words for the first denial.
    pub denied: Option<String>,
}

/// A web source whose index is read.
struct Open<'a> {
    source: &'a Source,
    site: Site,
    shelf: Shelf,
}

impl<'a> Research<'a> {
    pub fn new(
        question: &'a Question,
        words: &'a Words,
        project: &'a str,
        limits: Limits,
        web: &'a Web,
        context: Context,
    ) -> Self {
        Self {
            question,
            words,
            project,
            limits,
            web,
            context,
            asked: 0,
            passages: Vec::new(),
            lines: Vec::new(),
            looked: Vec::new(),
            failed: Vec::new(),
            stopped: None,
            denied: None,
        }
    }

    /// Bytes that were read from the web.
    pub fn bytes(&self) -> usize {
        self.web.bytes()
    }

    /// Reads what looks relevant, in all sources at once.
    pub fn run(&mut self, sources: &'a [Source]) -> Result<(), Cancelled> {
        let mut open = Vec::new();
        for source in sources {
            match &source.place {
                Place::Folder(folder) => {
                    self.context.progress(&format!("reading {}", source.name));
                    self.folder(source, folder)?;
                }
                Place::Web(address) => open.push((source, address)),
            }
        }
        let mut open = self.open(&open)?;
        while self.stopped.is_none() {
            let wanted = self.wanted(&mut open);
            if wanted.is_empty() {
                break;
            }
            let web = self.web;
            let pages = wanted.iter().map(|(_, address)| web.get(address));
            let pages = self.all(pages)?;
            // In the order in which they were wanted, whichever came first: the same question has the same answer.
            for ((index, address), page) in wanted.iter().zip(pages) {
                match page {
                    Ok(got) => self.read(&mut open[*index], &got),
                    Err(missing) => self.miss(open[*index].source, address.as_str(), missing)?,
                }
            }
        }
        // A page that was read says it itself.
        let read: HashSet<&str> = self.looked.iter().map(|looked| looked.address.as_str()).collect();
        self.lines.retain(|line| !read.contains(line.address.as_str()));
        self.passages.append(&mut self.lines);
        Ok(())
    }

    /// The pages to read next, of each source with its place among them, within the limit.
    fn wanted(&mut self, open: &mut [Open<'a>]) -> Vec<(usize, Url)> {
        let mut wanted = Vec::new();
        for _ in 0..AT_ONCE {
            for index in 0..open.len() {
                let Some(address) = open[index].shelf.next(self.question, self.words) else { continue };
                if self.asked + wanted.len() >= self.limits.pages {
                    let known: usize = open.iter().map(|one| one.shelf.pages()).sum();
                    self.stopped = Some(format!(
                        "stopped at {} pages, the limit; the sources name {known}; --max-pages raises it",
                        self.asked + wanted.len()
                    ));
                    return wanted;
                }
                wanted.push((index, address));
            }
        }
        wanted
    }

    /// Waits for what comes of all pages that are asked for, in their order.
    fn all<T>(
        &mut self,
        pages: impl Iterator<Item = impl Future<Output = Result<T, Missing>>>,
    ) -> Result<Vec<Result<T, Missing>>, Cancelled> {
        let pages: Vec<_> = pages.map(|page| Box::pin(page) as Pending<'_, _>).collect();
        let mut came: Vec<Option<Result<T, Missing>>> = std::iter::repeat_with(|| None).take(pages.len()).collect();
        together::run(self.context, pages, |index, page| {
            self.asked += 1;
            came[index] = Some(page);
            #[expect(clippy::cast_precision_loss, reason = "a count of pages")]
            let fraction = self.asked as f64 / self.limits.pages.max(1) as f64;
            self.context
                .progress_at(fraction.min(1.0), &format!("{} pages, at most {}", self.asked, self.limits.pages));
            Ok(())
        })?;
        Ok(came.into_iter().flatten().collect())
    }

    fn folder(&mut self, source: &Source, folder: &str) -> Result<(), Cancelled> {
        match folder::read(folder, self.limits.bytes) {
            Ok((files, more)) => {
                if files.is_empty() && !self.context.is_cancelled() {
                    let why = "there is no Markdown or HTML file in it".to_owned();
                    self.failed.push(Failed {
                        address: self.shown(folder).to_owned(),
                        source: source.name.clone(),
                        why,
                    });
                }
                for file in files {
                    self.keep(source, self.shown(&file.path), &file.title, file.sections);
                }
                if more {
                    self.stop_at("bytes");
                }
            }
            Err(missing) => self.miss(source, self.shown(folder), missing)?,
        }
        self.context.check()
    }

    /// A path as a person says it: from the folder of the task, where it is below that.
    fn shown<'p>(&self, path: &'p str) -> &'p str {
        path.strip_prefix(self.project).and_then(|path| path.strip_prefix('/')).unwrap_or(path)
    }

    /// Reads the first pages of web sources and their indices.
    fn open(&mut self, sources: &[(&'a Source, &'a Url)]) -> Result<Vec<Open<'a>>, Cancelled> {
        let web = self.web;
        let starts = sources.iter().map(|(source, address)| async move {
            let start = web.get(address).await?;
            let site = Site::open(source.kind, &start, web).await;
            Ok((start, site))
        });
        let starts = self.all(starts)?;
        let mut all = Vec::new();
        for ((source, address), start) in sources.iter().zip(starts) {
            let (start, site) = match start {
                Ok(start) => start,
                Err(missing) => {
                    self.miss(source, address.as_str(), missing)?;
                    continue;
                }
            };
            let (site, entries) = match site {
                Ok(site) => site,
                // What is there already is an answer to look for passages in.
                Err(missing) => {
                    self.miss(source, address.as_str(), missing)?;
                    (Site::without_index(&start.address), Vec::new())
                }
            };
            // With the text of every section in its index, the first page is one among the others; in a book it is
            // a copy of the first chapter.
            let has_all = !entries.is_empty() && matches!(site.kind, Kind::Mdbook | Kind::Mkdocs | Kind::Sphinx);
            let mut open = Open { source, shelf: Shelf::of(site.blind()), site };
            open.shelf.add(entries);
            if !has_all {
                open.shelf.mark(address);
                self.read(&mut open, &start);
            }
            all.push(open);
        }
        Ok(all)
    }

    /// Takes the passages of a page, and the links that lead on.
    fn read(&mut self, open: &mut Open<'a>, got: &Got) {
        open.shelf.mark(&got.address);
        let kind = got.content_type.split(';').next().unwrap_or_default().trim();
        match kind {
            "" | "text/html" | "application/xhtml+xml" => {
                let page = Page::read(&got.text, &got.address, Extent::Whole);
                let entries = open.site.entries(&page, &got.address);
                let (sections, items) = open.site.sections(page.sections, &entries);
                self.keep(open.source, got.address.as_str(), &page.title, sections);
                for (address, section) in items {
                    self.lines.extend(passages(vec![section], address.as_str(), &page.title, &open.source.name));
                }
                open.shelf.add(entries);
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
                let first = text.lines().next().unwrap_or_default();
                let first = first.split_once(". To allow it").map_or(first, |(what, _)| what).to_owned();
                self.denied.get_or_insert(text);
                first
            }
            Missing::Status(status) => format!("the server answered {status}"),
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
