//! Reading many files of a granted folder at once. For one file, `std::fs` does.

use crate::{bindings::hob::plugin::files as wit, error::Refused, host};

pub use wit::File;

/// Files to be read.
#[derive(Clone, Debug)]
pub struct Walk {
    root: String,
    globs: Vec<String>,
    hidden: bool,
}

/// Files below a folder as the component sees it; what `.gitignore` names is left out.
pub fn walk(root: impl Into<String>) -> Walk {
    Walk { root: root.into(), globs: Vec::new(), hidden: false }
}

impl Walk {
    /// Only files that fit this, or another that was given. As with ripgrep these are read although they are hidden or a
    /// `.gitignore` names them, so that `*` reads everything; what is in a folder that is left out is left out.
    #[must_use]
    pub fn glob(mut self, glob: impl Into<String>) -> Self {
        self.globs.push(glob.into());
        self
    }

    /// Only files that fit one of these.
    #[must_use]
    pub fn globs(mut self, globs: impl IntoIterator<Item = impl Into<String>>) -> Self {
        self.globs.extend(globs.into_iter().map(Into::into));
        self
    }

    /// Hidden files too.
    #[must_use]
    pub fn hidden(mut self, hidden: bool) -> Self {
        self.hidden = hidden;
        self
    }

    /// Begins to read.
    pub fn files(self) -> Result<Files, Refused> {
        let walker = host::files::walk(&self.root, &self.globs, self.hidden).map_err(Refused::of)?;
        Ok(Files { walker, some: Vec::new().into_iter() })
    }
}

/// Files with their contents, some at a time.
#[derive(Debug)]
pub struct Files {
    walker: host::files::Walker,
    some: std::vec::IntoIter<File>,
}

/// Bytes in one call of the host: enough that calls cost nothing.
const AT_ONCE: u32 = 4 << 20;

impl Iterator for Files {
    type Item = File;

    fn next(&mut self) -> Option<File> {
        if self.some.as_slice().is_empty() {
            self.some = self.walker.next(AT_ONCE).into_iter();
        }
        self.some.next()
    }
}
