use super::{
    MAX_CONTEXT, MAX_LINE_BUFFER, MAX_THREADS, Query, SearchError, SearchMode,
    collect::{Collector, Hits, Stats},
    content::{Buffer, Content},
    matcher::Patterns,
    sink::FileSink,
};
use crate::capability::tree::Tree;
use grep_searcher::{BinaryDetection, Searcher, SearcherBuilder};
use ignore::{DirEntry, WalkState};
use std::{
    fs::File,
    io::{self, Read},
    num::NonZero,
    path::Path,
    thread,
};

/// Searches the files below `root`, an absolute path without links in it that the caller has
/// checked; a file is searched itself. Blocks until all is searched, on all cores; `cancelled` is
/// asked before each file and each read.
pub fn grep(root: &Path, query: &Query, cancelled: &(dyn Fn() -> bool + Sync)) -> Result<Hits, SearchError> {
    let patterns = Patterns::new(query)?;
    let tree = Tree::open(root).map_err(|error| SearchError::Root(error.to_string()))?;
    let mut walk = tree
        .walk(&query.globs, query.hidden, query.no_ignore)
        .map_err(|error| SearchError::Glob { glob: error.glob, reason: error.reason })?;
    let threads = thread::available_parallelism().map_or(1, NonZero::get).min(MAX_THREADS);
    let collector = Collector::new(query);
    let shared = Shared { query, tree: &tree, collector: &collector, cancelled };
    walk.threads(threads).build_parallel().run(|| {
        let mut worker = Worker::new(shared, patterns.clone());
        Box::new(move |entry| worker.visit(entry))
    });
    if cancelled() { Err(SearchError::Cancelled) } else { Ok(collector.finish()) }
}

#[derive(Clone, Copy)]
struct Shared<'a> {
    query: &'a Query,
    tree: &'a Tree,
    collector: &'a Collector,
    cancelled: &'a (dyn Fn() -> bool + Sync),
}

/// One thread of a search.
struct Worker<'a> {
    shared: Shared<'a>,
    patterns: Patterns,
    searcher: Searcher,
    buffer: Buffer,
    stats: Stats,
}

impl<'a> Worker<'a> {
    fn new(shared: Shared<'a>, patterns: Patterns) -> Self {
        let lines = |asked: u32| match shared.query.mode {
            SearchMode::Lines => asked.min(MAX_CONTEXT) as usize,
            SearchMode::Files => 0,
        };
        let searcher = SearcherBuilder::new()
            .binary_detection(BinaryDetection::quit(0))
            .line_number(shared.query.mode == SearchMode::Lines)
            .before_context(lines(shared.query.context_before))
            .after_context(lines(shared.query.context_after))
            .heap_limit(Some(MAX_LINE_BUFFER))
            .build();
        Self { shared, patterns, searcher, buffer: Buffer::new(), stats: Stats::default() }
    }

    fn visit(&mut self, entry: Result<DirEntry, ignore::Error>) -> WalkState {
        if (self.shared.cancelled)() {
            return WalkState::Quit;
        }
        let tree = self.shared.tree;
        match entry {
            Ok(entry) if entry.file_type().is_some_and(|kind| kind.is_file()) => {
                let path = tree.relative(entry.path());
                match tree.open_file(path) {
                    Ok(Some((file, size))) => self.search(path, &file, size),
                    Ok(None) => {}
                    Err(error) => self.error(path, &error),
                }
            }
            Ok(_) => {}
            Err(error) => self.shared.collector.add_error(tree.hide_root(&error.to_string())),
        }
        WalkState::Continue
    }

    fn search(&mut self, path: &Path, file: &File, size: u64) {
        let Shared { query, collector, cancelled, .. } = self.shared;
        let content = match self.buffer.read(file, size) {
            Ok(content) => content,
            Err(error) => return self.error(path, &error),
        };
        let finder = &self.patterns.finder;
        let mut sink = FileSink::new(&self.patterns, query, collector.wants(path));
        let searched = match content {
            Content::Whole(bytes) => {
                let is_over = !finder.begin_whole(bytes);
                let searched = if is_over { Ok(()) } else { self.searcher.search_slice(finder, bytes, &mut sink) };
                sink.bytes_searched = bytes.len() as u64;
                searched
            }
            Content::Begun(bytes) => {
                finder.begin_pieces();
                let rest = Watched { file, cancelled };
                self.searcher.search_reader(finder, bytes.chain(rest), &mut sink)
            }
        };
        if let Err(error) = searched {
            return self.error(path, &error);
        }
        self.stats.add_file(&sink);
        if sink.hits > 0 && !sink.binary {
            sink.summarize();
            collector.add(path, sink);
        }
    }

    fn error(&self, path: &Path, error: &io::Error) {
        self.shared.collector.add_error(format!("{}: {error}", path.display()));
    }
}

impl Drop for Worker<'_> {
    fn drop(&mut self) {
        self.shared.collector.add_stats(&self.stats);
    }
}

/// A file that ends early when the search is cancelled.
struct Watched<'a> {
    file: &'a File,
    cancelled: &'a (dyn Fn() -> bool + Sync),
}

impl Read for Watched<'_> {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        if (self.cancelled)() { Ok(0) } else { self.file.read(buffer) }
    }
}
