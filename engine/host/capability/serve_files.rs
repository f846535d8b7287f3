//! Binds [`super::files`] to the contract. The policy decides over the root of each walk.

use super::{blocking::blocking, files};
use crate::{bindings::hob::plugin::files as wit, guest::Guest};
use wasmtime::{Result, component::Resource};

/// The host's side of `files.walker`.
pub struct Walker {
    /// Away while a call is under way, and when one was cancelled.
    walker: Option<files::Walker>,
    /// Guest path that the walked paths are relative to, with a slash at its end.
    base: String,
}

impl wit::Host for Guest {
    async fn walk(
        &mut self,
        root: String,
        globs: Vec<String>,
        hidden: bool,
    ) -> Result<std::result::Result<Resource<Walker>, String>> {
        let place = match self.readable(&root) {
            Ok(place) => place,
            Err(message) => return Ok(Err(message)),
        };
        let root = root.trim_end_matches('/');
        // A file is walked itself, relative to its folder.
        let base = if place.is_file() { root.rsplit_once('/').map_or("", |(folder, _)| folder) } else { root };
        let base = format!("{base}/");
        match blocking(&self.cancel, move |_| files::walk(&place, &globs, hidden)).await? {
            Ok(walker) => Ok(Ok(self.table.push(Walker { walker: Some(walker), base })?)),
            Err(error) => Ok(Err(error.to_string())),
        }
    }
}

impl wit::HostWalker for Guest {
    /// Empty as well once the task was cancelled.
    async fn next(&mut self, this: Resource<Walker>, max_bytes: u32) -> Result<Vec<wit::File>> {
        let Some(mut walker) = self.table.get_mut(&this)?.walker.take() else { return Ok(Vec::new()) };
        let most = usize::try_from(max_bytes).unwrap_or(usize::MAX);
        let work = move |stop: &super::blocking::Stop| (walker.next(most, &|| stop()), walker);
        let (found, walker) = blocking(&self.cancel, work).await?;
        let this = self.table.get_mut(&this)?;
        let Ok(found) = found else { return Ok(Vec::new()) };
        if found.is_empty() && walker.left_out() > 0 {
            tracing::debug!(folder = this.base, count = walker.left_out(), "files were too large or could not be read");
        }
        this.walker = Some(walker);
        let file = |file: files::File| wit::File {
            path: format!("{}{}", this.base, file.path),
            size: file.size,
            bytes: file.bytes,
        };
        Ok(found.into_iter().map(file).collect())
    }

    async fn drop(&mut self, this: Resource<Walker>) -> Result<()> {
        self.table.delete(this)?;
        Ok(())
    }
}
