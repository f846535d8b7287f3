//! Presets by name: those of the settings in force, and those of the repository that somebody is in.

use crate::{
    Error, Settings,
    error::Problem,
    fingerprint,
    layer::{preset, syntax},
    nearest,
    reader::{At, Node, Reader, Table},
    show::Origin,
    source::Source,
};
use hob_core::{Preset, PresetName};
use std::{
    collections::BTreeMap,
    path::{Path, PathBuf},
    sync::Arc,
};
use toml::de::DeTable;

/// The file of a repository.
pub(crate) const REPOSITORY_FILE: &str = ".hob.toml";

/// A preset and where it is defined.
#[derive(Clone, Debug)]
pub struct DefinedPreset {
    /// What it says.
    pub preset: Arc<Preset>,
    /// Where.
    pub origin: Origin,
}

impl PartialEq for DefinedPreset {
    /// Whether both mean the same, wherever it was said.
    fn eq(&self, other: &Self) -> bool {
        self.preset == other.preset
    }
}

/// Every preset that can be used in a folder.
#[derive(Clone, Debug, PartialEq)]
pub struct Presets {
    by_name: BTreeMap<PresetName, DefinedPreset>,
    repository: Option<PathBuf>,
}

/// A name that no preset has.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("there is no preset `{name}`{}", self.meant())]
pub struct UnknownPreset {
    /// The name.
    pub name: String,
    /// What was probably meant.
    pub nearest: Option<PresetName>,
}

impl UnknownPreset {
    fn meant(&self) -> String {
        self.nearest.as_ref().map(|meant| format!("; did you mean `{meant}`?")).unwrap_or_default()
    }
}

impl Presets {
    /// The preset of that name.
    pub fn find(&self, name: &str) -> Result<&DefinedPreset, UnknownPreset> {
        let found = self.by_name.iter().find(|(known, _)| known.as_str() == name);
        found.map(|(_, preset)| preset).ok_or_else(|| {
            let known = self.by_name.keys().map(PresetName::as_str);
            let nearest = nearest(name, known).and_then(|meant| meant.parse().ok());
            UnknownPreset { name: name.to_owned(), nearest }
        })
    }

    /// Every preset, by name.
    pub fn iter(&self) -> impl Iterator<Item = &DefinedPreset> {
        self.by_name.values()
    }

    /// The file of the repository, if it has one.
    pub fn repository(&self) -> Option<&Path> {
        self.repository.as_deref()
    }

    fn add(&mut self, presets: impl IntoIterator<Item = (PresetName, At<Arc<Preset>>)>) {
        let defined = |At { value: preset, origin }| DefinedPreset { preset, origin };
        self.by_name.extend(presets.into_iter().map(|(name, preset)| (name, defined(preset))));
    }
}

impl Settings {
    /// The presets that are there in every folder.
    pub fn presets(&self) -> Presets {
        let mut presets = Presets { by_name: BTreeMap::new(), repository: None };
        presets.add(self.defined_presets().clone());
        presets
    }

    /// The presets that are there in the folder `cwd`: those of its repository, too.
    pub fn presets_in(&self, cwd: &Path) -> Result<Presets, Error> {
        self.read_repository(cwd).map_err(|mut errors| errors.swap_remove(0).with_more(errors.len()))
    }

    /// Everything that is wrong with the repository's presets of the folder `cwd`.
    pub fn check_presets_in(&self, cwd: &Path) -> Vec<Error> {
        self.read_repository(cwd).err().unwrap_or_default()
    }

    /// The presets in force: those that are part of hob, and over them those of the files. That the former can be read
    /// is held by the tests.
    pub(crate) fn defined_presets(&self) -> &BTreeMap<PresetName, At<Arc<Preset>>> {
        self.presets.get_or_init(|| {
            let known: Vec<_> = self.layer.executors.keys().collect();
            let built_in = Source::built_in_presets().flat_map(|source| {
                let table = DeTable::parse(source.text()).expect("the built-in presets can be read");
                let reader = Reader::new(&source);
                let root = Table::new(&reader, String::new(), table.get_ref(), table.span());
                let presets = root.get("presets").map(|node| preset::read(&node, &known, &|_, _| {}));
                root.close();
                assert_eq!(reader.problems(), [], "the built-in presets are sound");
                presets.unwrap_or_default()
            });
            let mut presets: BTreeMap<_, _> = built_in.collect();
            presets.extend(self.layer.presets.clone());
            presets
        })
    }

    fn read_repository(&self, cwd: &Path) -> Result<Presets, Vec<Error>> {
        let mut presets = self.presets();
        let Some(path) = repository_file(cwd) else { return Ok(presets) };
        if let (Some(source), _) = fingerprint::read(&path).map_err(|error| vec![error])? {
            let found = self.read_presets(&source).map_err(|problems| {
                problems.into_iter().map(|first| Error::Invalid { first: Box::new(first), more: 0 }).collect::<Vec<_>>()
            })?;
            presets.add(found);
            presets.repository = Some(path);
        }
        Ok(presets)
    }

    fn read_presets(&self, source: &Source) -> Result<BTreeMap<PresetName, At<Arc<Preset>>>, Vec<Problem>> {
        let table = DeTable::parse(source.text()).map_err(|error| vec![syntax(source, &error)])?;
        let reader = Reader::new(source);
        let root = Table::new(&reader, String::new(), table.get_ref(), table.span());
        let known: Vec<_> = self.layer.executors.keys().collect();
        let refuse_taken = |name: &PresetName, node: &Node<'_>| {
            if let Some(At { origin, .. }) = self.defined_presets().get(name) {
                let place = match origin {
                    Origin::Default => "is part of hob".to_owned(),
                    Origin::File { .. } => format!("is defined in {origin}"),
                };
                let hint = "give it another name: a repository cannot change what your presets do";
                node.wrong_name(format!("the preset `{name}` {place}"), hint);
            }
        };
        let presets = root.get("presets").map(|node| preset::read(&node, &known, &refuse_taken)).unwrap_or_default();
        for (_, node) in root.entries().filter(|(name, _)| *name != "presets") {
            let hint = "this belongs into your own hob.toml; `hob config path` says where that is";
            node.wrong_name("a repository's file has presets and nothing else", hint);
        }
        match reader.problems() {
            problems if problems.is_empty() => Ok(presets),
            problems => Err(problems),
        }
    }
}

/// The nearest file from `cwd` up to the folder of its repository; without a repository, only that
/// of the folder itself, because what lies above belongs to nobody in particular.
fn repository_file(cwd: &Path) -> Option<PathBuf> {
    let depth = cwd.ancestors().position(|folder| folder.join(".git").exists()).unwrap_or(0);
    cwd.ancestors().take(depth + 1).map(|folder| folder.join(REPOSITORY_FILE)).find(|path| path.exists())
}
