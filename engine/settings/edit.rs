//! Changes to `hob.toml`: what the person has written stays as it is, comments and order included.

use crate::{Error, Settings, fingerprint, grant::grant_lines, places::Places, source::Source};
use hob_core::{ExecutorName, Grant};
use std::{
    fs, io,
    io::Write as _,
    path::{Path, PathBuf},
};
use toml_edit::{DocumentMut, Item, Table, TableLike, Value, value};

/// Why `hob.toml` was not changed.
#[derive(Debug, thiserror::Error)]
pub enum EditError {
    /// It cannot be used as it is.
    #[error("{0}")]
    Before(#[from] Error),
    /// It could not be used after the change.
    #[error("the change would make hob.toml unusable, so it stays as it is: {0}")]
    After(Error),
    /// Somebody else has changed it.
    #[error("{} was changed by somebody else in this moment; do the same again", .0.display())]
    Meanwhile(PathBuf),
    /// It does not define the executor.
    #[error("{} has no [executors.{name}]", path.display())]
    NoExecutor {
        /// The file.
        path: PathBuf,
        /// The executor.
        name: ExecutorName,
    },
    /// A path that TOML cannot hold.
    #[error("{} is not UTF-8 text, which a path in hob.toml has to be", .0.display())]
    NotText(PathBuf),
    /// It cannot be written.
    #[error("write {}: {source}", path.display())]
    Write {
        /// The file.
        path: PathBuf,
        /// What the system says.
        source: io::Error,
    },
}

/// `hob.toml` while it is being changed. Nothing is written before [`Edit::save`].
pub struct Edit<'p> {
    places: &'p Places,
    /// The file itself, where `hob.toml` is a link to it.
    file: PathBuf,
    before: String,
    text: String,
}

impl<'p> Edit<'p> {
    /// Reads the file as it is now; one that is not there is as good as an empty one.
    pub fn open(places: &'p Places) -> Result<Self, EditError> {
        let (source, _) = fingerprint::read(&places.config)?;
        // A file that is wrong already is the person's to put right first.
        Settings::load(places)?;
        let before = source.map(|source| source.text().to_owned()).unwrap_or_default();
        let file = places.config.canonicalize().unwrap_or_else(|_| places.config.clone());
        Ok(Self { places, file, text: before.clone(), before })
    }

    /// Adds an executor that runs the file `component`, which has to have the digest `sha256`.
    pub fn add_executor(
        &mut self,
        name: &ExecutorName,
        component: &Path,
        sha256: &str,
        grant: &Grant,
    ) -> Result<(), EditError> {
        let component = Value::from(self.written(component)?);
        let mut lines = vec![
            format!("[executors.{name}]"),
            format!("component = {component}"),
            format!("sha256 = {}", quoted(sha256)),
        ];
        if !grant.is_empty() {
            lines.extend([String::new(), format!("[executors.{name}.grant]")]);
            lines.extend(grant_lines(grant).into_iter().map(|(key, value)| format!("{key} = {value}")));
        }
        self.append(&(lines.join("\n") + "\n"));
        Ok(())
    }

    /// Lets an executor that the file defines run another file.
    pub fn set_component(&mut self, name: &ExecutorName, component: &Path, sha256: &str) -> Result<(), EditError> {
        let component = self.written(component)?;
        let mut document = self.document()?;
        let executor = self.executor(&mut document, name)?;
        replace(executor, "component", component.into());
        replace(executor, "sha256", sha256.into());
        self.text = document.to_string();
        Ok(())
    }

    /// Grants an executor exactly `grant`, and nothing else.
    pub fn set_grant(&mut self, name: &ExecutorName, grant: &Grant) -> Result<(), EditError> {
        let lines = grant_lines(grant);
        let mut document = self.document()?;
        let executor = self.executor(&mut document, name)?;
        if let Some(table) = executor.get_mut("grant").and_then(Item::as_table_like_mut) {
            let keys: Vec<String> = table.iter().map(|(key, _)| key.to_owned()).collect();
            for key in keys.iter().filter(|key| !lines.iter().any(|(kept, _)| kept == key)) {
                table.remove(key);
            }
        }
        self.text = document.to_string();
        self.add_to_grant(name, &lines)
    }

    /// Sets these keys of an executor's grant; the others stay as they are.
    pub fn add_to_grant(&mut self, name: &ExecutorName, lines: &[(&str, String)]) -> Result<(), EditError> {
        if lines.is_empty() {
            return Ok(());
        }
        let mut document = self.document()?;
        let Ok(executor) = self.executor(&mut document, name) else {
            // One that another layer defines: what this file says of it begins here.
            let lines: Vec<String> = lines.iter().map(|(key, value)| format!("{key} = {value}\n")).collect();
            self.append(&format!("[executors.{name}.grant]\n{}", lines.concat()));
            return Ok(());
        };
        if executor.get("grant").is_none_or(|item| !item.is_table_like()) {
            executor.insert("grant", Item::Table(Table::new()));
        }
        let table = executor.get_mut("grant").and_then(Item::as_table_like_mut);
        let table = table.ok_or_else(|| self.lacks(name))?;
        for (key, text) in lines {
            let value = text.parse::<Value>().map_err(|_| self.lacks(name))?;
            replace(table, key, value);
        }
        if let Some(inline) = executor.get_mut("grant").and_then(Item::as_inline_table_mut) {
            inline.fmt();
        }
        self.text = document.to_string();
        Ok(())
    }

    /// Takes an executor out. What stands above it with an empty line between stays.
    pub fn remove_executor(&mut self, name: &ExecutorName) -> Result<(), EditError> {
        let mut document = self.document()?;
        self.executor(&mut document, name)?;
        let executors = document.get_mut("executors").and_then(Item::as_table_like_mut);
        let Some(removed) = executors.and_then(|executors| executors.remove(name.as_str())) else {
            return Err(self.lacks(name));
        };
        if let Some(first) = removed.as_table().and_then(first_written) {
            keep(&mut document, first.position(), &kept_above(first));
        }
        let without = document.to_string();
        without.trim_start_matches('\n').clone_into(&mut self.text);
        Ok(())
    }

    /// What the file would be.
    pub fn text(&self) -> &str {
        &self.text
    }

    /// Writes the file, if hob can use it then.
    pub fn save(&self) -> Result<(), EditError> {
        let source = Source::new(Some(&self.places.config), self.text.clone());
        Settings::resolve(Some(&source), Vec::new(), self.places).map_err(|mut problems| {
            let more = problems.len() - 1;
            EditError::After(Error::Invalid { first: Box::new(problems.swap_remove(0)), more })
        })?;
        let (now, _) = fingerprint::read(&self.places.config)?;
        if now.as_ref().map_or("", |source| source.text()) != self.before {
            return Err(EditError::Meanwhile(self.places.config.clone()));
        }
        self.write().map_err(|source| EditError::Write { path: self.file.clone(), source })
    }

    fn write(&self) -> io::Result<()> {
        let folder = self.file.parent().unwrap_or(Path::new("."));
        fs::create_dir_all(folder)?;
        let mut file = tempfile::Builder::new().prefix(".hob.toml-").tempfile_in(folder)?;
        file.write_all(self.text.as_bytes())?;
        match fs::metadata(&self.file) {
            Ok(metadata) => file.as_file().set_permissions(metadata.permissions())?,
            Err(error) if error.kind() == io::ErrorKind::NotFound => {}
            Err(error) => return Err(error),
        }
        file.as_file().sync_all()?;
        file.persist(&self.file)?;
        Ok(())
    }

    fn append(&mut self, text: &str) {
        if !self.text.is_empty() {
            if !self.text.ends_with('\n') {
                self.text.push('\n');
            }
            if !self.text.ends_with("\n\n") {
                self.text.push('\n');
            }
        }
        self.text.push_str(text);
    }

    fn document(&self) -> Result<DocumentMut, EditError> {
        // It was read a moment ago; only the parser's own bounds differ.
        self.text.parse().map_err(|_| EditError::Meanwhile(self.places.config.clone()))
    }

    fn executor<'d>(
        &self,
        document: &'d mut DocumentMut,
        name: &ExecutorName,
    ) -> Result<&'d mut dyn TableLike, EditError> {
        let executors = document.get_mut("executors").and_then(Item::as_table_like_mut);
        let executor = executors.and_then(|executors| executors.get_mut(name.as_str()));
        executor.and_then(Item::as_table_like_mut).ok_or_else(|| self.lacks(name))
    }

    fn lacks(&self, name: &ExecutorName) -> EditError {
        EditError::NoExecutor { path: self.places.config.clone(), name: name.clone() }
    }

    /// A path as it is written: below the home folder with `~/`.
    fn written(&self, path: &Path) -> Result<String, EditError> {
        let below = self.places.home.as_ref().and_then(|home| path.strip_prefix(home).ok());
        let text = below.map_or(path, |below| below).to_str().ok_or_else(|| EditError::NotText(path.to_owned()))?;
        Ok(if below.is_some() { format!("~/{text}") } else { text.to_owned() })
    }
}

/// Sets a key, and keeps the comment that stands behind it.
fn replace(table: &mut dyn TableLike, key: &str, new: Value) {
    match table.get_mut(key).and_then(Item::as_value_mut) {
        Some(old) => {
            let decor = old.decor().clone();
            *old = new;
            *old.decor_mut() = decor;
        }
        None => {
            table.insert(key, value(new));
        }
    }
}

/// What stands above a table up to the last empty line, which is about something else.
fn kept_above(table: &Table) -> String {
    let above = table.decor().prefix().and_then(|prefix| prefix.as_str()).unwrap_or_default();
    above.rfind("\n\n").map(|at| above[..at + 2].to_owned()).unwrap_or_default()
}

/// The table, itself or below, whose heading comes first in the file.
fn first_written(table: &Table) -> Option<&Table> {
    let below = table.iter().filter_map(|(_, item)| item.as_table().and_then(first_written));
    let own = Some(table).filter(|table| table.position().is_some() && !table.is_implicit() && !table.is_dotted());
    below.chain(own).min_by_key(|table| table.position())
}

/// Puts `text` above the heading that followed the one at `position`, or else at the end.
fn keep(document: &mut DocumentMut, position: Option<isize>, text: &str) {
    fn positions(table: &Table, seen: &mut Vec<isize>) {
        for inner in table.iter().filter_map(|(_, item)| item.as_table()) {
            seen.extend(inner.position().filter(|_| !inner.is_implicit() && !inner.is_dotted()));
            positions(inner, seen);
        }
    }
    fn at(table: &mut Table, position: isize) -> Option<&mut Table> {
        table.iter_mut().filter_map(|(_, item)| item.as_table_mut()).find_map(|inner| {
            if inner.position() == Some(position) && !inner.is_implicit() && !inner.is_dotted() {
                Some(inner)
            } else {
                at(inner, position)
            }
        })
    }
    if text.trim().is_empty() {
        return;
    }
    let mut seen = Vec::new();
    positions(document.as_table(), &mut seen);
    let next = seen.into_iter().filter(|next| Some(*next) > position).min();
    if let Some(table) = next.and_then(|next| at(document.as_table_mut(), next)) {
        let above = table.decor().prefix().and_then(|prefix| prefix.as_str()).unwrap_or_default();
        let above = format!("{}{above}", text.trim_end_matches('\n').to_owned() + "\n");
        table.decor_mut().set_prefix(above);
    } else {
        let trailing = document.trailing().as_str().unwrap_or_default();
        let trailing = format!("{text}{trailing}");
        document.set_trailing(trailing);
    }
}

fn quoted(text: &str) -> String {
    Value::from(text).to_string()
}

#[cfg(test)]
mod tests;
