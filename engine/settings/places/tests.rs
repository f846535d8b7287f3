use super::*;
use std::{collections::BTreeMap, os::unix::fs::symlink};

#[track_caller]
fn check(variables: &[(&str, &str)], expect: Result<[&str; 3], PlacesError>) {
    let variables: BTreeMap<&str, &str> = variables.iter().copied().collect();
    let found = Places::discover(|name| variables.get(name).map(OsString::from));
    let found = found.map(|places| [places.state, places.config, places.cache]);
    assert_eq!(found, expect.map(|paths| paths.map(PathBuf::from)), "{variables:?}");
}

#[cfg(not(target_os = "macos"))]
#[test]
fn places() {
    check(&[("HOB_HOME", "/h")], Ok(["/h/state", "/h/hob.toml", "/h/cache"]));
    check(&[("HOB_HOME", "/h"), ("HOB_CACHE_DIR", "/c")], Ok(["/h/state", "/h/hob.toml", "/c"]));
    check(
        &[("HOME", "/home/ada"), ("HOB_HOME", "")],
        Ok(["/home/ada/.local/state/hob", "/home/ada/.config/hob/hob.toml", "/home/ada/.cache/hob"]),
    );
    check(
        &[("HOME", "/home/ada"), ("XDG_STATE_HOME", "/s"), ("XDG_CONFIG_HOME", "/c"), ("XDG_CACHE_HOME", "relative")],
        Ok(["/s/hob", "/c/hob/hob.toml", "/home/ada/.cache/hob"]),
    );
    check(
        &[("HOME", "/home/ada"), ("HOB_CACHE_DIR", "/c")],
        Ok(["/home/ada/.local/state/hob", "/home/ada/.config/hob/hob.toml", "/c"]),
    );
    let relative = |variable| Err(PlacesError::Relative { variable, path: PathBuf::from("here") });
    check(&[("HOB_HOME", "here")], relative("HOB_HOME"));
    check(&[("HOB_HOME", "/h"), ("HOB_CACHE_DIR", "here")], relative("HOB_CACHE_DIR"));
}

#[test]
fn f60_a_link_into_a_protected_folder_is_not_granted() {
    let folder = tempfile::tempdir().expect("a folder");
    let root = folder.path().canonicalize().expect("its real path");
    let real_home = root.join("real");
    let home = root.join("home");
    for path in ["real/.ssh", "real/project", "hob/state", "elsewhere"] {
        std::fs::create_dir_all(root.join(path)).expect("a folder");
    }
    symlink(&real_home, &home).expect("a link");
    symlink(real_home.join(".ssh"), root.join("innocent")).expect("a link");
    symlink(root.join("hob"), root.join("elsewhere/hob")).expect("a link");
    let places = Places {
        state: root.join("hob/state"),
        config: root.join("hob/hob.toml"),
        cache: root.join("hob/cache"),
        home: Some(home.clone()),
    };
    let protected = places.protected();
    let check = |path: PathBuf| protected.check(&path.canonicalize().expect("there"));
    assert_eq!(check(real_home.join("project")), Ok(()));
    assert_eq!(check(home.join("project")), Ok(()));
    assert_eq!(check(root.join("elsewhere")), Ok(()));
    for refused in ["real/.ssh", "home/.ssh", "innocent", "elsewhere/hob", "elsewhere/hob/state", "real", "home", ""] {
        let why = check(root.join(refused)).expect_err(refused);
        assert!(why.contains("never granted"), "{refused}: {why}");
    }
}
