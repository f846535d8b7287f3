//! Files that nobody wrote in good faith, and files that are no files.
#![cfg(unix)]

use hob_settings::{Error, Places, Settings};
use std::{
    fs::{self, File},
    time::{Duration, Instant},
};

struct Sandbox {
    folder: tempfile::TempDir,
    places: Places,
}

impl Sandbox {
    fn new() -> Self {
        let folder = tempfile::tempdir().expect("a folder");
        let home = folder.path().to_owned();
        let places = Places::discover(|name| (name == "HOB_HOME").then(|| home.clone().into())).expect("places");
        Self { folder, places }
    }

    fn load(&self, text: impl AsRef<[u8]>) -> Result<Settings, Error> {
        fs::write(&self.places.config, text).expect("write");
        let started = Instant::now();
        let loaded = Settings::load(&self.places);
        assert!(started.elapsed() < Duration::from_secs(10), "took {:?}", started.elapsed());
        loaded
    }
}

#[track_caller]
fn refused(text: impl AsRef<[u8]>, expect: &str) {
    let error = Sandbox::new().load(text).expect_err("refused").to_string();
    assert!(error.contains(expect), "{error:.2000}");
    assert!(error.len() < 4000, "the message has {} bytes", error.len());
}

#[test]
fn f65_depth_is_refused_and_no_stack_overflows() {
    let deep = 200_000;
    refused(format!("x = {}", "[".repeat(deep)), "hob.toml:1:");
    refused(format!("x = {}{}", "[".repeat(deep), "]".repeat(deep)), "recur");
    refused(format!("x = {}", "{a=".repeat(deep)), "recur");
    refused(format!("{}a = 1", "a.".repeat(deep)), "recursion limit");
    refused(format!("[{}a]", "a.".repeat(deep)), "recursion limit");
    refused(format!("[[{}a]]", "a.".repeat(deep)), "recursion limit");
    refused(format!("[executors.shell.settings]\n{}a = 1", "a.".repeat(deep)), "recursion limit");
}

#[test]
fn f65_as_deep_as_the_parser_goes_reading_goes_too() {
    let nested = format!("executors.shell.settings.x = {}1{}", "[".repeat(70), "]".repeat(70));
    let settings = Sandbox::new().load(nested).expect("loads");
    assert!(settings.executors().any(|executor| executor.settings.to_string().contains("[[[")));
}

#[test]
fn f65_a_huge_file_is_refused() {
    let sandbox = Sandbox::new();
    let file = File::create(&sandbox.places.config).expect("create");
    file.set_len(100 << 20).expect("grow");
    let started = Instant::now();
    let error = Settings::load(&sandbox.places).expect_err("refused");
    assert!(started.elapsed() < Duration::from_secs(1));
    assert!(matches!(error, Error::TooLarge { found, .. } if found == 100 << 20), "{error}");

    let comment = "# ".to_owned() + &"x".repeat((1 << 20) - 2);
    Sandbox::new().load(&comment).expect("a file of 1 MiB loads");
    refused(comment + "x", "has 1048577 bytes, and a configuration has at most 1048576");
}

#[test]
fn f65_many_problems_stay_readable_and_quick() {
    let mut keys: Vec<String> = (0..60_000).map(|n| format!("key{n} = {n}")).collect();
    refused(keys.join("\n"), "and 49 problems more");
    keys.truncate(20_000);
    refused(format!("executors.shell.grant.programs = {{ {} }}", keys.join(", ")), "and 49 problems more");
    refused(format!("executors.shell.grant.env = [{}]", "\"*\",".repeat(100_000)), "and 49 problems more");
    refused(format!("executors = {{ {} }}", "\"é/\" = {}"), "cannot be an executor's name");
    let executors: Vec<String> = (0..20_000).map(|n| format!("[executors.e{n}]\nx = 1\n")).collect();
    refused(executors.concat(), "and 49 problems more");
    refused(format!("{} = 1", "k".repeat(1 << 19)), "unknown key");
    refused("max_background_tasks = \"".to_owned() + &"v".repeat(1 << 19) + "\"", "expected a whole number");
}

#[test]
fn many_executors_load_quickly() {
    let executor =
        |n: usize| format!("[executors.e{n}]\ncomponent = \"e{n}.wasm\"\n[executors.e{n}.grant]\nenv = [\"A\"]\n");
    let text: Vec<String> = (0..10_000).map(executor).collect();
    let sandbox = Sandbox::new();
    let defaults = Settings::defaults(&sandbox.places).executors().count();
    let settings = sandbox.load(text.concat()).expect("loads");
    assert_eq!(settings.executors().count(), 10_000 + defaults);
}

#[test]
fn bytes_that_are_no_text() {
    refused(b"notifications = true\nx = \"\xff\"", "hob.toml:2:6: this is not UTF-8 text");
    refused(b"\x00\x01\x02", "hob.toml:1:4: key with no value");
    let mark = Sandbox::new().load(b"\xef\xbb\xbfmax_background_tasks = 7").expect("a byte order mark is no harm");
    assert_eq!(mark.max_background_tasks, 7);
    let windows = Sandbox::new().load(b"max_background_tasks = 7\r\nnotifications = false\r\n").expect("loads");
    assert!(windows.notifications.is_off());
}

#[test]
fn what_is_no_file_is_refused_without_waiting() {
    let sandbox = Sandbox::new();
    fs::create_dir(&sandbox.places.config).expect("a folder");
    assert!(matches!(Settings::load(&sandbox.places), Err(Error::NotAFile { .. })));
    fs::remove_dir(&sandbox.places.config).expect("remove");

    // A pipe that nobody writes to: to open it would be to wait for ever.
    let made = std::process::Command::new("mkfifo").arg(&sandbox.places.config).status().expect("mkfifo");
    assert!(made.success());
    assert!(matches!(Settings::load(&sandbox.places), Err(Error::NotAFile { .. })));
    fs::remove_file(&sandbox.places.config).expect("remove");

    fs::write(sandbox.folder.path().join("file"), "").expect("write");
    let places = Places { config: sandbox.folder.path().join("file/hob.toml"), ..sandbox.places.clone() };
    assert!(matches!(Settings::load(&places), Err(Error::Read { .. })));
    assert_eq!(Settings::check(&places).len(), 1);
}

#[test]
fn a_change_is_noticed() {
    let sandbox = Sandbox::new();
    let config = &sandbox.places.config;
    let settings = Settings::load(&sandbox.places).expect("no file is no error");
    assert_eq!(settings, Settings::defaults(&sandbox.places));
    assert!(!settings.files()[0].exists() && !settings.changed());

    fs::write(config, "max_background_tasks = 7").expect("write");
    assert!(settings.changed(), "a file has come");
    let settings = Settings::load(&sandbox.places).expect("loads");
    assert!(settings.files()[0].exists() && !settings.changed());

    // As an editor does it: another file of the same size, at once.
    let beside = sandbox.folder.path().join("new");
    fs::write(&beside, "max_background_tasks = 8").expect("write");
    fs::rename(&beside, config).expect("rename");
    assert!(settings.changed(), "another file");
    let settings = Settings::load(&sandbox.places).expect("loads");
    assert_eq!(settings.max_background_tasks, 8);

    fs::remove_file(config).expect("remove");
    assert!(settings.changed(), "the file is gone");
}

#[test]
fn an_unknown_executor_names_the_nearest() {
    let settings = Sandbox::new().load("[executors.lint]\ncomponent = \"builtin:shell\"").expect("loads");
    let names: Vec<_> = settings.executors().map(|executor| executor.name.to_string()).collect();
    assert!(names.is_sorted() && names.contains(&"lint".to_owned()), "{names:?}");
    let unknown = |name: &str| settings.executor(&name.parse().expect("a name")).expect_err("unknown").to_string();
    let expect = "there is no executor `exlore`; did you mean `explore`? (`hob executors` lists them)";
    assert_eq!(unknown("exlore"), expect);
    assert_eq!(unknown("browser"), "there is no executor `browser` (`hob executors` lists them)");
    let lint = settings.executor(&"lint".parse().expect("a name")).expect("known");
    assert_eq!(lint.component.to_string(), "builtin:shell");
    assert_eq!(lint.grant, hob_core::Grant::default(), "nothing listed is nothing granted");
}
