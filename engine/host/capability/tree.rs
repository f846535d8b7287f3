//! A folder of this machine as `search` and `files` read it: which files belong to it by the rules
//! of ripgrep, and how one is opened without ever leaving it.

use cap_fs_ext::{FollowSymlinks, OpenOptionsFollowExt as _, OpenOptionsSyncExt as _};
use cap_std::{
    ambient_authority,
    fs::{Dir, OpenOptions},
};
use ignore::{WalkBuilder, overrides::OverrideBuilder};
use std::{
    fs::File,
    io,
    path::{Path, PathBuf},
};

/// An opened root.
#[derive(Debug)]
pub(super) struct Tree {
    /// What is walked: the folder, or the one file.
    root: PathBuf,
    /// The folder that everything is relative to.
    base: PathBuf,
    dir: Dir,
}

/// A glob that cannot be read.
#[derive(Debug)]
pub(super) struct BadGlob {
    pub(super) glob: String,
    pub(super) reason: String,
}

impl Tree {
    /// Opens `root`, which is absolute and has no links in it.
    pub(super) fn open(root: &Path) -> io::Result<Self> {
        let base = match root.parent() {
            Some(parent) if root.is_file() => parent,
            _ => root,
        };
        let dir = Dir::open_ambient_dir(base, ambient_authority())?;
        Ok(Self { root: root.to_owned(), base: base.to_owned(), dir })
    }

    /// What walks it: ignore rules as in ripgrep, links not followed.
    pub(super) fn walk(&self, globs: &[String], hidden: bool, no_ignore: bool) -> Result<WalkBuilder, BadGlob> {
        let mut overrides = OverrideBuilder::new(&self.base);
        for glob in globs {
            overrides.add(glob).map_err(|error| bad_glob(glob, &error))?;
        }
        let overrides = overrides.build().map_err(|error| bad_glob(&globs.join(" "), &error))?;
        let mut walk = WalkBuilder::new(&self.root);
        walk.hidden(!hidden)
            .ignore(!no_ignore)
            .parents(!no_ignore)
            .git_ignore(!no_ignore)
            .git_global(!no_ignore)
            .git_exclude(!no_ignore)
            .overrides(overrides)
            .follow_links(false);
        if !no_ignore {
            walk.add_custom_ignore_filename(".rgignore");
        }
        Ok(walk)
    }

    /// A walked path as the component names it.
    pub(super) fn relative<'a>(&self, path: &'a Path) -> &'a Path {
        path.strip_prefix(&self.base).unwrap_or(path)
    }

    /// Opens a file for reading, and gives its size; none if it is no regular file. The system resolves
    /// `relative` below the root's descriptor, so that a link that was slipped in since leads nowhere
    /// else.
    pub(super) fn open_file(&self, relative: &Path) -> io::Result<Option<(File, u64)>> {
        let mut options = OpenOptions::new();
        // A pipe that took the file's place would otherwise be waited for.
        options.read(true).follow(FollowSymlinks::No).nonblock(true);
        let file = self.dir.open_with(relative, &options)?.into_std();
        let metadata = file.metadata()?;
        Ok(metadata.is_file().then_some((file, metadata.len())))
    }

    /// An error's text with paths relative to the root.
    pub(super) fn hide_root(&self, text: &str) -> String {
        let base = self.base.to_string_lossy();
        if base.len() <= 1 {
            return text.to_owned();
        }
        text.replace(&format!("{base}{}", std::path::MAIN_SEPARATOR), "").replace(&*base, ".")
    }
}

fn bad_glob(glob: &str, error: &ignore::Error) -> BadGlob {
    let reason = match error {
        ignore::Error::Glob { err, .. } => err.clone(),
        other => other.to_string(),
    };
    BadGlob { glob: glob.to_owned(), reason }
}
