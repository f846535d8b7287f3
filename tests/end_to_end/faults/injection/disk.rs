//! A disk that loses its power: what was not synced is there, is not, is there out of order, or in part.

use super::recording::Step;
use std::{
    collections::{BTreeMap, BTreeSet},
    fs, mem,
    path::{Path, PathBuf},
};

/// What a disk writes as a whole.
const SECTOR: u64 = 512;

/// What becomes of that which was not synced.
#[derive(Clone, Copy, Debug)]
pub enum Fate {
    Lost,
    Kept,
    /// All up to some moment.
    Ordered,
    /// Each change by chance.
    Reordered,
    /// Each sector of each change by chance.
    Torn,
}

impl Fate {
    pub const ALL: [Self; 5] = [Self::Lost, Self::Kept, Self::Ordered, Self::Reordered, Self::Torn];
}

/// What a name stands for; files by number.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Node {
    Folder,
    File(usize),
}

type Names = BTreeMap<PathBuf, Node>;

#[derive(Clone)]
enum Change {
    Write(u64, Vec<u8>),
    Resize(u64),
}

#[derive(Clone, Default)]
struct File {
    synced: Vec<u8>,
    /// By the number of the step.
    open: Vec<(usize, Change)>,
}

/// One change of names, which happens as a whole.
#[derive(Clone)]
struct Renaming {
    step: usize,
    folder: PathBuf,
    names: Vec<(PathBuf, Option<Node>)>,
}

/// A disk, as far as steps have come.
#[derive(Clone, Default)]
pub struct Disk {
    files: Vec<File>,
    names: Names,
    synced: Names,
    open: Vec<Renaming>,
    syncs: BTreeMap<u64, (usize, PathBuf)>,
    step: usize,
}

impl Disk {
    /// One that holds what is below a folder now, and all of it for good.
    pub fn of(folder: &Path) -> Self {
        let mut disk = Self::default();
        let mut folders = vec![folder.to_owned()];
        while let Some(folder) = folders.pop() {
            for entry in fs::read_dir(&folder).into_iter().flatten().flatten() {
                let path = entry.path();
                if path.is_dir() {
                    disk.synced.insert(path.clone(), Node::Folder);
                    folders.push(path);
                } else {
                    disk.synced.insert(path.clone(), Node::File(disk.files.len()));
                    disk.files.push(File { synced: fs::read(path).expect("reads"), open: Vec::new() });
                }
            }
        }
        disk.names = disk.synced.clone();
        disk
    }

    /// Takes a step.
    pub fn take(&mut self, step: &Step) {
        self.step += 1;
        match step {
            Step::Create(path) if !self.names.contains_key(path) => {
                self.files.push(File::default());
                self.rename(path, vec![(path.clone(), Some(Node::File(self.files.len() - 1)))]);
            }
            Step::Folder(path) => self.rename(path, vec![(path.clone(), Some(Node::Folder))]),
            Step::Rename(from, to) => {
                let node = self.names.get(from).copied();
                self.rename(to, vec![(from.clone(), None), (to.clone(), node)]);
            }
            Step::Remove(path) => self.rename(path, vec![(path.clone(), None)]),
            Step::Write(path, offset, bytes) => self.change(path, Change::Write(*offset, bytes.clone())),
            Step::Resize(path, size) => self.change(path, Change::Resize(*size)),
            Step::SyncBegins(sync, path) => drop(self.syncs.insert(*sync, (self.step, path.clone()))),
            Step::SyncEnds(sync) => {
                if let Some((before, path)) = self.syncs.remove(sync) {
                    self.sync(before, &path);
                }
            }
            Step::Create(_) | Step::Done(_) => {}
        }
    }

    fn rename(&mut self, path: &Path, names: Vec<(PathBuf, Option<Node>)>) {
        set(&mut self.names, &names);
        let folder = path.parent().expect("a folder").to_owned();
        self.open.push(Renaming { step: self.step, folder, names });
    }

    fn change(&mut self, path: &Path, change: Change) {
        if let Some(Node::File(file)) = self.names.get(path) {
            self.files[*file].open.push((self.step, change));
        }
    }

    fn sync(&mut self, before: usize, path: &Path) {
        if let Some(Node::File(file)) = self.names.get(path) {
            let file = &mut self.files[*file];
            let (done, open) = mem::take(&mut file.open).into_iter().partition(|(step, _)| *step < before);
            file.open = open;
            for (_, change) in done {
                apply(&mut file.synced, &change);
            }
        } else {
            let is_done = |one: &Renaming| one.step < before && one.folder == path;
            let (done, open): (Vec<_>, _) = mem::take(&mut self.open).into_iter().partition(is_done);
            self.open = open;
            for one in done {
                set(&mut self.synced, &one.names);
            }
        }
    }

    /// What is there after the power failed.
    pub fn cut(&self, fate: Fate, chance: &mut hob_fault_case::Rng) -> Image {
        let until = chance.usize(..=self.step);
        let mut is_kept = |step: usize| match fate {
            Fate::Lost => false,
            Fate::Kept => true,
            Fate::Ordered => step <= until,
            Fate::Reordered | Fate::Torn => chance.bool(),
        };
        let mut names = self.synced.clone();
        for one in self.open.iter().filter(|one| is_kept(one.step)) {
            set(&mut names, &one.names);
        }
        let mut files = BTreeMap::new();
        for (path, node) in &names {
            let Node::File(file) = node else { continue };
            let file = &self.files[*file];
            let mut content = file.synced.clone();
            for (step, change) in &file.open {
                match change {
                    Change::Write(offset, bytes) if matches!(fate, Fate::Torn) => {
                        for (at, part) in sectors(*offset, bytes).filter(|_| is_kept(*step)) {
                            write(&mut content, at, part);
                        }
                    }
                    whole if is_kept(*step) => apply(&mut content, whole),
                    _ => {}
                }
            }
            files.insert(path.clone(), content);
        }
        let folders = names.into_iter().filter(|(_, node)| *node == Node::Folder).map(|(path, _)| path).collect();
        Image { folders, files }
    }
}

fn set(names: &mut Names, changes: &[(PathBuf, Option<Node>)]) {
    for (path, node) in changes {
        match node {
            Some(node) => names.insert(path.clone(), *node),
            None => names.remove(path),
        };
    }
}

fn apply(content: &mut Vec<u8>, change: &Change) {
    match change {
        Change::Write(offset, bytes) => write(content, *offset, bytes),
        Change::Resize(size) => content.resize(usize::try_from(*size).expect("it fits"), 0),
    }
}

fn write(content: &mut Vec<u8>, offset: u64, bytes: &[u8]) {
    let from = usize::try_from(offset).expect("it fits");
    let to = from + bytes.len();
    content.resize(content.len().max(to), 0);
    content[from..to].copy_from_slice(bytes);
}

/// A write in the parts of which each goes to one sector.
fn sectors(offset: u64, bytes: &[u8]) -> impl Iterator<Item = (u64, &[u8])> {
    let first = usize::try_from(SECTOR - offset % SECTOR).expect("it fits").min(bytes.len());
    let (head, rest) = bytes.split_at(first);
    let sector = usize::try_from(SECTOR).expect("it fits");
    let rest = rest.chunks(sector).enumerate();
    let after = offset + first as u64;
    std::iter::once((offset, head)).chain(rest.map(move |(n, part)| (after + n as u64 * SECTOR, part)))
}

/// Folders and files with what is in them.
pub struct Image {
    folders: BTreeSet<PathBuf>,
    files: BTreeMap<PathBuf, Vec<u8>>,
}

impl Image {
    /// Puts what was below `from` below `to`, which is empty. What has no folder any more is not there.
    pub fn restore(&self, from: &Path, to: &Path) {
        let place = |path: &Path| to.join(path.strip_prefix(from).expect("it is below"));
        let is_there = |path: &Path| {
            let mut above = path.ancestors().skip(1).take_while(|above| *above != from);
            above.all(|above| self.folders.contains(above))
        };
        for folder in self.folders.iter().filter(|folder| is_there(folder)) {
            fs::create_dir_all(place(folder)).expect("made");
        }
        for (path, content) in self.files.iter().filter(|(path, _)| is_there(path)) {
            fs::write(place(path), content).expect("written");
        }
    }
}
