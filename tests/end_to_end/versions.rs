//! Released versions of the contract: their texts do not change, and a component that was built for one runs for ever.

use crate::sandbox::Sandbox;
use serde_json::json;
use sha2::{Digest as _, Sha256};
use std::{
    fmt::Write as _,
    fs,
    path::{Path, PathBuf},
};

/// Each released version, and the SHA-256 of its text and of its component. A line here is never changed.
const RELEASED: [(&str, &str, &str); 1] = [(
    "0.1.0",
    "ab18cbbf3a16123c98d76fe8a4cef5af68cc6764fb8bcbc378fcea7a4f9b8cee",
    "026837eb88c92dc90ce657fcdc13efa00001539a104c1d836afde107738fc3ae",
)];

fn wit() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("wit")
}

fn sha256(path: &Path) -> String {
    let bytes = fs::read(path).unwrap_or_else(|error| panic!("{}: {error}", path.display()));
    Sha256::digest(bytes).iter().fold(String::new(), |mut text, byte| {
        let _ = write!(text, "{byte:02x}");
        text
    })
}

/// What a text of the contract means: without comments, blank lines and indentation.
fn meaning(path: &Path) -> Vec<String> {
    let text = fs::read_to_string(path).unwrap_or_else(|error| panic!("{}: {error}", path.display()));
    let lines = text.lines().map(|line| line.split("//").next().unwrap_or_default().trim().to_owned());
    lines.filter(|line| !line.is_empty()).collect()
}

/// `0.1.0` of `package hob:plugin@0.1.0;`.
fn version(meaning: &[String]) -> Vec<u32> {
    let package = meaning.iter().find_map(|line| line.strip_prefix("package hob:plugin@")).expect("a package");
    package.trim_end_matches(';').split('.').map(|part| part.parse().expect("a number")).collect()
}

#[test]
fn a_released_contract_stays_as_it_is() {
    let mut folders: Vec<String> = fs::read_dir(wit().join("released"))
        .expect("a folder")
        .map(|entry| entry.expect("an entry").file_name().into_string().expect("text"))
        .collect();
    folders.sort();
    assert_eq!(folders, RELEASED.map(|(version, ..)| version.to_owned()), "every released version is listed here");
    for (version, text, component) in RELEASED {
        let folder = wit().join("released").join(version);
        assert_eq!(sha256(&folder.join("plugin.wit")), text, "the text of {version} was changed");
        assert_eq!(sha256(&folder.join("fixture.wasm")), component, "the component of {version} was changed");
    }
}

#[test]
fn the_present_contract_is_a_released_one_or_a_newer() {
    let present = meaning(&wit().join("plugin.wit"));
    let (newest, ..) = RELEASED.last().expect("a release");
    let newest = meaning(&wit().join("released").join(newest).join("plugin.wit"));
    match version(&present).cmp(&version(&newest)) {
        std::cmp::Ordering::Less => panic!("wit/plugin.wit is older than what was released"),
        std::cmp::Ordering::Equal => {
            assert_eq!(present, newest, "wit/plugin.wit differs from what was released: it needs another version");
        }
        std::cmp::Ordering::Greater => {}
    }
}

#[test]
fn a_component_of_every_released_version_runs() {
    for (version, ..) in RELEASED {
        let sandbox = Sandbox::new();
        let component = wit().join("released").join(version).join("fixture.wasm");
        let command = ["plugin".as_ref(), "run".as_ref(), component.as_os_str()];
        let rest = ["--grant", "all", "--json", "--", "--word", "on"].map(std::ffi::OsStr::new);
        let ran = sandbox.json(command.into_iter().chain(rest));
        assert_eq!(ran["result"]["summary"], "said on", "{version}: {ran:#}");
        assert_eq!(ran["result"]["data"], json!({ "kept": "on", "attempt": 1, "settings": "{}" }), "{version}");
        assert_eq!((&ran["output"]["text"], &ran["artifacts"][0]["name"]), (&json!("on\n"), &json!("word.txt")));
    }
}
