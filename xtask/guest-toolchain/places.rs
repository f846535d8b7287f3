use std::{
    env,
    path::{Path, PathBuf},
};

/// The folder that holds the toolchains made of Debian's packages: `HOB_TOOLCHAIN_DIR`, else
/// `hob-toolchain` in the user's cache folder. None where the environment names neither.
pub fn toolchains() -> Option<PathBuf> {
    chosen(|name| env::var_os(name).map(PathBuf::from))
}

fn chosen(variable: impl Fn(&str) -> Option<PathBuf>) -> Option<PathBuf> {
    // A relative path would mean another folder for each crate that is built.
    let absolute = |name: &str| variable(name).filter(|path| path.is_absolute());
    absolute("HOB_TOOLCHAIN_DIR")
        .or_else(|| absolute("XDG_CACHE_HOME").map(|cache| cache.join("hob-toolchain")))
        .or_else(|| absolute("HOME").map(|home| home.join(".cache").join("hob-toolchain")))
}

/// Cargo's target folder above `inside` (an `OUT_DIR`, or a program that cargo built), known by what
/// cargo puts there; `inside` itself where there is none above.
pub fn target_dir(inside: &Path) -> PathBuf {
    // Cargo tags a folder that it makes itself, and keeps what it knows of the compiler in any.
    let marks = ["CACHEDIR.TAG", ".rustc_info.json"];
    let marked = inside.ancestors().filter(|folder| marks.iter().any(|mark| folder.join(mark).is_file()));
    // The outermost one: a cache folder in between may carry the tag too.
    marked.last().unwrap_or(inside).to_owned()
}

/// Where the guests are compiled: a folder of its own in cargo's target folder, so that the inner
/// cargo never waits for the outer one's lock, and one for each toolchain, because crates compiled
/// against another standard library do not link (E0463).
pub fn guest_target_dir(target: &Path, key: &str) -> PathBuf {
    target.join("guests").join(key)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[track_caller]
    fn check(variables: &[(&str, &str)], expect: Option<&str>) {
        let variable = |name: &str| {
            let found = variables.iter().find(|(key, _)| *key == name);
            found.map(|(_, value)| PathBuf::from(value))
        };
        assert_eq!(chosen(variable), expect.map(PathBuf::from), "{variables:?}");
    }

    #[test]
    fn the_folder_of_the_toolchains() {
        check(&[], None);
        check(&[("HOME", "/h")], Some("/h/.cache/hob-toolchain"));
        check(&[("HOME", "/h"), ("XDG_CACHE_HOME", "/c")], Some("/c/hob-toolchain"));
        check(&[("HOME", "/h"), ("XDG_CACHE_HOME", "c")], Some("/h/.cache/hob-toolchain"));
        check(&[("HOME", "/h"), ("XDG_CACHE_HOME", "/c"), ("HOB_TOOLCHAIN_DIR", "/t")], Some("/t"));
        check(&[("HOB_TOOLCHAIN_DIR", "")], None);
    }
}
