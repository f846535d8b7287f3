use crate::{places::Places, reader::Node};
use hob_core::ComponentSource;
use std::path::{Path, PathBuf};

const BUILT_IN: &str = "builtin:";

/// Where the component at `node` comes from; `sha256` is what stands beside it.
pub(crate) fn read(node: &Node<'_>, sha256: Option<String>, places: &Places) -> Option<ComponentSource> {
    let text = node.text("`builtin:NAME` or the path of a .wasm file")?;
    if let Some(name) = text.strip_prefix(BUILT_IN) {
        let valid = !name.is_empty() && name.chars().all(|c| c.is_ascii_lowercase() || c.is_ascii_digit() || c == '-');
        if !valid {
            node.wrong(format!("`{name}` cannot be the name of a component that is part of hob"));
        } else if sha256.is_some() {
            node.wrong("a component that is part of hob takes no sha256");
        }
        return (valid && sha256.is_none()).then(|| ComponentSource::Bundled(name.to_owned()));
    }
    if text.contains("://") {
        let hint = "`hob plugin add` brings a component here, and writes its path and sha256";
        node.wrong_hint("a component is a file here, not an address", hint);
        return None;
    }
    Some(ComponentSource::File { path: path(node, text, places)?, sha256 })
}

/// A path, taken from the folder of the file that it stands in.
pub(crate) fn path(node: &Node<'_>, text: &str, places: &Places) -> Option<PathBuf> {
    if text.is_empty() || text.contains('\0') {
        node.wrong("this is not a path");
        return None;
    }
    let Some(path) = places.expand(text) else {
        node.wrong("`~` stands for your home folder, and this machine names none");
        return None;
    };
    let folder = node.reader.source.folder().unwrap_or(Path::new(""));
    // Without `.` in the middle, so that one file has one name.
    Some(folder.join(path).components().collect())
}

/// A hexadecimal SHA-256, in lower case.
pub(crate) fn digest(node: &Node<'_>) -> Option<String> {
    let expected = "a SHA-256: 64 hexadecimal digits";
    let text = node.text(expected)?;
    if text.len() == 64 && text.chars().all(|c| c.is_ascii_hexdigit()) {
        return Some(text.to_ascii_lowercase());
    }
    node.mistyped(expected);
    None
}
