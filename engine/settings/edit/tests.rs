use super::*;
use insta::assert_snapshot;
use serde_json::json;
use tempfile::TempDir;

const OWN: &str = r#"# My settings.
max_background_tasks = 3   # a small machine

# What I lint with.
[executors.lint]
component = "/opt/lint.wasm" # built by hand
grant = { env = ["LANG"] } # only that

# About counting:
# it is slow.

# The counter.
[executors.count]
component = "/opt/count.wasm"

[executors.count.grant]
# It greets.
env = ["LANG"]   # in my language

# Kept for a year.
[retention]
age = "365d"
# the end
"#;

struct World {
    folder: TempDir,
    places: Places,
}

impl World {
    fn new(text: Option<&str>) -> Self {
        let folder = tempfile::tempdir().expect("a folder");
        let home = folder.path().to_owned();
        let environment = |name: &str| match name {
            "HOB_HOME" => Some(home.join("hob").into_os_string()),
            "HOME" => Some(home.clone().into_os_string()),
            _ => None,
        };
        let places = Places::discover(environment).expect("places");
        if let Some(text) = text {
            fs::create_dir_all(home.join("hob")).expect("a folder");
            fs::write(&places.config, text).expect("written");
        }
        Self { folder, places }
    }

    fn change(&self, change: impl FnOnce(&mut Edit<'_>) -> Result<(), EditError>) -> Result<(), EditError> {
        let mut edit = Edit::open(&self.places)?;
        change(&mut edit)?;
        edit.save()
    }

    fn text(&self) -> String {
        fs::read_to_string(&self.places.config).expect("a file")
    }
}

fn name(text: &str) -> ExecutorName {
    text.parse().expect("a name")
}

fn grant(value: serde_json::Value) -> Grant {
    serde_json::from_value(value).expect("a grant")
}

fn some_grant() -> Grant {
    grant(json!({ "dirs": [{ "host": "{cwd}", "guest": "/project" }], "state": "1MiB" }))
}

#[test]
fn an_executor_is_added_below_what_is_there() {
    let world = World::new(Some(OWN));
    let component = world.folder.path().join("hob/state/x.wasm");
    world.change(|edit| edit.add_executor(&name("more"), &component, &"a".repeat(64), &some_grant())).expect("changed");
    let text = world.text();
    assert!(text.starts_with(OWN), "{text}");
    assert_snapshot!(text[OWN.len()..], @r#"

    [executors.more]
    component = "~/hob/state/x.wasm"
    sha256 = "aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa"

    [executors.more.grant]
    dirs = [{ host = "{cwd}", guest = "/project", mode = "ro" }]
    state = "1MiB"
    "#);
    let settings = Settings::load(&world.places).expect("settings");
    let config = settings.executor(&name("more")).expect("it is there");
    assert_eq!(config.grant, some_grant());
    assert_eq!(config.component.to_string(), component.to_string_lossy());
}

#[test]
fn the_first_executor_makes_the_file() {
    let world = World::new(None);
    let add =
        |edit: &mut Edit<'_>| edit.add_executor(&name("x"), Path::new("/x.wasm"), &"a".repeat(64), &Grant::default());
    world.change(add).expect("changed");
    assert_snapshot!(world.text(), @r#"
    [executors.x]
    component = "/x.wasm"
    sha256 = "aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa"
    "#);
}

#[test]
fn adding_and_removing_leaves_the_file_as_it_was() {
    for before in [OWN, "", "# nothing yet\n"] {
        let world = World::new(Some(before));
        world
            .change(|edit| edit.add_executor(&name("more"), Path::new("/x"), &"a".repeat(64), &some_grant()))
            .expect("changed");
        world.change(|edit| edit.remove_executor(&name("more"))).expect("changed");
        assert_eq!(world.text().trim_end(), before.trim_end());
    }
}

#[test]
fn what_is_removed_takes_its_own_comment_along_and_no_other() {
    let world = World::new(Some(OWN));
    world.change(|edit| edit.remove_executor(&name("count"))).expect("changed");
    assert_snapshot!(world.text(), @r#"
    # My settings.
    max_background_tasks = 3   # a small machine

    # What I lint with.
    [executors.lint]
    component = "/opt/lint.wasm" # built by hand
    grant = { env = ["LANG"] } # only that

    # About counting:
    # it is slow.

    # Kept for a year.
    [retention]
    age = "365d"
    # the end
    "#);
    world.change(|edit| edit.remove_executor(&name("lint"))).expect("changed");
    assert_snapshot!(world.text(), @r#"
    # My settings.
    max_background_tasks = 3   # a small machine

    # About counting:
    # it is slow.

    # Kept for a year.
    [retention]
    age = "365d"
    # the end
    "#);
}

#[test]
fn a_grant_is_replaced_key_by_key() {
    let world = World::new(Some(OWN));
    let more = grant(json!({ "env": ["HOME", "LANG"], "programs": { "wc": { "path": "wc" } } }));
    world.change(|edit| edit.set_grant(&name("count"), &more)).expect("changed");
    world.change(|edit| edit.set_grant(&name("lint"), &more)).expect("changed");
    world.change(|edit| edit.add_to_grant(&name("explore"), &grant_lines(&some_grant()))).expect("changed");
    world.change(|edit| edit.set_component(&name("lint"), Path::new("/opt/2.wasm"), &"b".repeat(64))).expect("changed");
    assert_snapshot!(world.text(), @r#"
    # My settings.
    max_background_tasks = 3   # a small machine

    # What I lint with.
    [executors.lint]
    component = "/opt/2.wasm" # built by hand
    grant = { env = ["HOME", "LANG"], programs = { wc = { path = "wc" } } } # only that
    sha256 = "bbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbb"

    # About counting:
    # it is slow.

    # The counter.
    [executors.count]
    component = "/opt/count.wasm"

    [executors.count.grant]
    # It greets.
    env = ["HOME", "LANG"]   # in my language
    programs = { wc = { path = "wc" } }

    # Kept for a year.
    [retention]
    age = "365d"
    # the end

    [executors.explore.grant]
    dirs = [{ host = "{cwd}", guest = "/project", mode = "ro" }]
    state = "1MiB"
    "#);
    world.change(|edit| edit.set_grant(&name("count"), &Grant::default())).expect("changed");
    let settings = Settings::load(&world.places).expect("settings");
    assert_eq!(settings.executor(&name("count")).expect("it is there").grant, Grant::default());
    assert_eq!(settings.executor(&name("lint")).expect("it is there").grant, more);
}

#[test]
fn a_change_that_would_break_the_file_is_not_made() {
    let extends = format!("{OWN}\n[executors.quick]\nextends = \"lint\"\n");
    let world = World::new(Some(&extends));
    let error = world.change(|edit| edit.remove_executor(&name("lint"))).expect_err("it is needed").to_string();
    assert!(error.contains("stays as it is") && error.contains("executors.quick.extends"), "{error}");
    assert_eq!(world.text(), extends);
    let inline = "executors = { own = { component = \"/x.wasm\" } }\n";
    let world = World::new(Some(inline));
    let add = |edit: &mut Edit<'_>| edit.add_executor(&name("x"), Path::new("/x"), &"a".repeat(64), &Grant::default());
    assert!(matches!(world.change(add), Err(EditError::After(_))));
    assert_eq!(world.text(), inline);
    let world = World::new(Some("max_background_tasks = many\n"));
    assert!(matches!(world.change(add), Err(EditError::Before(_))));
}

#[test]
fn what_somebody_else_writes_in_between_is_not_lost() {
    let world = World::new(Some(OWN));
    let mut edit = Edit::open(&world.places).expect("read");
    edit.remove_executor(&name("count")).expect("removed");
    fs::write(&world.places.config, "# new\n").expect("written");
    assert!(matches!(edit.save(), Err(EditError::Meanwhile(_))));
    assert_eq!(world.text(), "# new\n");
}

#[cfg(unix)]
#[test]
fn a_link_stays_a_link_and_the_file_keeps_its_mode() {
    use std::os::unix::fs::{PermissionsExt as _, symlink};
    let world = World::new(Some(OWN));
    let real = world.folder.path().join("dotfiles.toml");
    fs::rename(&world.places.config, &real).expect("moved");
    fs::set_permissions(&real, fs::Permissions::from_mode(0o640)).expect("set");
    symlink(&real, &world.places.config).expect("linked");
    world.change(|edit| edit.remove_executor(&name("count"))).expect("changed");
    assert!(fs::symlink_metadata(&world.places.config).expect("there").is_symlink());
    assert_eq!(fs::metadata(&real).expect("there").permissions().mode() & 0o777, 0o640);
    assert!(!world.text().contains("count.wasm"));
}
