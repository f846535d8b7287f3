//! The tutorial, followed command by command from an empty folder, in all three languages; the projects that
//! `hob plugin new` writes, and the examples, built by the real tools. `cargo xtask authoring` brings their packages.

use crate::{
    documents::{Typed, blocks, commands, is_shown},
    sandbox::{DEADLINE, Sandbox},
};
use std::{
    env, fs,
    io::{self, BufRead as _, BufReader, Write as _},
    path::{Path, PathBuf},
    process::{Command, Stdio},
    sync::mpsc::channel,
    thread,
    time::Instant,
};

/// A sandbox in which the tools find their packages without a network.
struct Author {
    sandbox: Sandbox,
    packages: PathBuf,
    folder: PathBuf,
}

impl Author {
    /// None, with a word why, where the packages could not be had. That nobody tried is a failure.
    fn in_language(template: &str) -> Option<Self> {
        let target = Path::new(env!("CARGO_TARGET_TMPDIR")).parent().expect("the target folder");
        let packages = target.join("authoring").join(template);
        if !packages.join("installed").is_file() {
            let why = fs::read_to_string(packages.join("missing"));
            let why = why.unwrap_or_else(|_| panic!("no {}: `cargo xtask authoring` gets it", packages.display()));
            // Not by `println!`, which the harness keeps to itself where a test passes.
            let _ = writeln!(io::stderr(), "not tested: {template}: {why}");
            return None;
        }
        let sandbox = Sandbox::new();
        Some(Self { folder: sandbox.work(), sandbox, packages })
    }

    /// A program in the present folder.
    fn command(&self, program: &str) -> Command {
        let mut command = self.sandbox.command(program);
        let hob = Path::new(env!("CARGO_BIN_EXE_hob")).parent().expect("a folder").to_owned();
        let folders = env::var_os("PATH").unwrap_or_default();
        let path = env::join_paths([hob].into_iter().chain(env::split_paths(&folders))).expect("a PATH");
        command.env("PATH", path).current_dir(&self.folder).env("NO_COLOR", "1");
        // The packages, and nothing of the network.
        command.env("npm_config_cache", self.packages.join("cache")).env("npm_config_offline", "true");
        command.env("PIP_NO_INDEX", "1").env("PIP_FIND_LINKS", self.packages.join("packages"));
        command.env("PIP_DISABLE_PIP_VERSION_CHECK", "1");
        let home = PathBuf::from(env::var_os("HOME").expect("a home"));
        let place = |name: &str, folder: &str| env::var_os(name).unwrap_or_else(|| home.join(folder).into());
        command.env("CARGO_HOME", place("CARGO_HOME", ".cargo")).env("RUSTUP_HOME", place("RUSTUP_HOME", ".rustup"));
        command.env("CARGO_NET_OFFLINE", "true");
        // As somebody has it who said `rustup target add wasm32-wasip2`.
        if let Ok(toolchain) = hob_guest_toolchain::find() {
            command.env("RUSTC", &toolchain.rustc);
            if let Some(libraries) = &toolchain.libraries {
                command.env("LD_LIBRARY_PATH", libraries);
            }
        }
        command
    }

    /// Types a line into a shell, which may go to another folder with it; the exit code and all that is printed.
    fn type_in(&mut self, line: &str) -> (i32, String) {
        let place = self.sandbox.user().join("folder");
        let script = format!("exec 2>&1\n{line}\ncode=$?\npwd > '{}'\nexit $code", place.display());
        let output = self.command("/bin/sh").args(["-c", &script]).output().expect("a shell");
        self.folder = PathBuf::from(fs::read_to_string(place).expect("a folder").trim());
        (output.status.code().unwrap_or(-1), String::from_utf8_lossy(&output.stdout).into_owned())
    }

    #[track_caller]
    fn ok(&mut self, line: &str) -> String {
        let (code, printed) = self.type_in(line);
        assert_eq!(code, 0, "{line}: {printed}");
        printed
    }

    /// Changes the project as a patch says.
    #[track_caller]
    fn patch(&self, text: &str) {
        let mut child = self.command("git").args(["apply", "-"]).stdin(Stdio::piped()).spawn().expect("git is there");
        child.stdin.take().expect("a pipe").write_all(text.as_bytes()).expect("written");
        assert!(child.wait().expect("ended").success(), "the change does not fit:\n{text}");
    }
}

/// Types and changes all that a part of the tutorial says, and compares what it shows.
#[track_caller]
fn follow(heading: &str, template: &str) {
    let Some(mut author) = Author::in_language(template) else { return };
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("docs/authoring.md");
    let text = fs::read_to_string(path).expect("read");
    let parts = text.split("\n## ").find_map(|part| part.strip_prefix(heading)).expect("a part of that name");
    let start = Instant::now();
    let mut green = None;
    for block in blocks(parts) {
        match block.kind {
            "diff" => author.patch(block.text),
            "console" => {
                for Typed { command, shown } in commands(block.text) {
                    let (code, printed) = author.type_in(&command);
                    let expected = if shown.iter().any(|line| line.starts_with("denied: ")) { 5 } else { 0 };
                    assert_eq!(code, expected, "{heading}: {command}: {printed}");
                    for line in shown {
                        let is_there = printed.lines().any(|printed| is_shown(&line, printed));
                        assert!(is_there, "{heading}: {command}: not `{line}` but:\n{printed}");
                    }
                    if green.is_none() && command.starts_with("hob plugin run") {
                        green = Some(start.elapsed());
                    }
                }
            }
            _ => {}
        }
    }
    let green = green.expect("the tutorial runs what it builds");
    let _ = writeln!(io::stderr(), "{heading}: {:.1} s from `hob plugin new` to a first run", green.as_secs_f32());
}

#[test]
fn the_tutorial_leads_from_an_empty_folder_to_an_executor_in_javascript() {
    follow("JavaScript", "js");
}

#[test]
fn the_tutorial_leads_from_an_empty_folder_to_an_executor_in_python() {
    follow("Python", "python");
}

#[test]
fn the_tutorial_leads_from_an_empty_folder_to_an_executor_in_rust() {
    follow("Rust", "rust");
}

#[test]
fn the_same_javascript_runs_in_spider_monkey() {
    let Some(mut author) = Author::in_language("js-spidermonkey") else { return };
    author.ok("hob plugin new word-count --lang js --engine spidermonkey");
    author.ok("cd word-count");
    author.ok("hob plugin build && npm test");
    author.ok("mkdir texts && echo 'the cat and the hat' > texts/cats.md");
    let printed = author.ok("hob plugin run . --cwd texts -- --top 1");
    assert!(printed.contains("2 the\n") && printed.contains("5 words in 1 files"), "{printed}");
    let held = author.ok("hob plugin test . --cwd texts");
    assert!(held.contains(" 0 failed"), "{held}");
}

/// The folders of `plugins/` that an example is built from, in the sandbox.
fn example(author: &mut Author, name: &str) {
    let plugins = Path::new(env!("CARGO_MANIFEST_DIR")).join("plugins");
    author.ok("mkdir -p plugins/examples wit");
    let copy = |from: PathBuf, to: &str| format!("cp -R '{}' {to}", from.display());
    author.ok(&copy(plugins.join("sdk"), "plugins/sdk"));
    author.ok(&copy(plugins.join("js"), "plugins/js"));
    author.ok(&copy(plugins.join("python"), "plugins/python"));
    author.ok(&copy(plugins.join("../wit/plugin.wit"), "wit/"));
    author.ok(&copy(plugins.join("examples").join(name), &format!("plugins/examples/{name}")));
    author.ok(&format!("cd plugins/examples/{name}"));
    author.ok("rm -rf node_modules package-lock.json dist .venv target");
}

#[test]
fn the_helpers_pass_tests_of_their_own() {
    let plugins = Path::new(env!("CARGO_MANIFEST_DIR")).join("plugins");
    for (language, test) in [("js", "node --test"), ("python", "PYTHONDONTWRITEBYTECODE=1 python3 -m unittest")] {
        let Some(mut author) = Author::in_language(language) else { continue };
        author.ok(&format!("cd '{}' && {test}", plugins.join(language).display()));
    }
}

#[test]
fn todo_report_finds_what_is_open_and_asks_git_who_wrote_it() {
    let Some(mut author) = Author::in_language("js") else { return };
    example(&mut author, "todo-report");
    author.ok("hob plugin build && npm test");
    author.ok(
        "mkdir project && printf 'a\\n// TODO: say hello\\n' > project/main.c && printf '# FIXME\\n' > project/new.py",
    );
    let git = "git -C project -c user.name=Ada -c user.email=ada@example.org -c commit.gpgsign=false";
    let day = "2024-02-03T12:00:00Z";
    author.ok(&format!("git init --quiet project && {git} add main.c"));
    author.ok(&format!("GIT_AUTHOR_DATE={day} {git} commit --quiet -m one"));
    let printed = author.ok("hob plugin run . --cwd project");
    assert!(printed.contains("# 2 open TODOs in 2 files\n\n## main.c\n\n- 2: **TODO** say hello\n"), "{printed}");
    let printed = author.ok("hob plugin run . --cwd project -- --blame");
    assert!(printed.contains("| 2024-02-03 | Ada | `main.c:2` | **TODO** say hello |"), "{printed}");
    let (code, printed) = author
        .type_in("hob plugin run . --cwd project --grant 'dirs=[{host=\"{cwd}\", guest=\"/project\"}]' -- --blame");
    assert!(code == 5 && printed.contains("programs = { git ="), "{code}: {printed}");
}

#[test]
fn table_summary_says_what_is_in_a_table_and_in_a_log() {
    let Some(mut author) = Author::in_language("python") else { return };
    example(&mut author, "table-summary");
    author.ok("hob plugin build && python3 -m unittest");
    author.ok("mkdir data && printf 'city,amount\\nOslo,10\\nBergen,20\\nOslo,30\\n' > data/sales.csv");
    author.ok("printf '2026-01-01T10:00:00Z ERROR no 1\\n2026-01-01T10:00:01Z ERROR no 2\\n' > data/app.log");
    let printed = author.ok("hob plugin run . --cwd data -- sales.csv");
    assert!(printed.contains("| amount | number | 3 | 3 | 10 to 30, mean 20, median 20 |"), "{printed}");
    let printed = author.ok("hob plugin run . --cwd data -- app.log");
    assert!(printed.contains("| 2 | no … |") && printed.contains("app.log: 2 lines, 2 ERROR"), "{printed}");
    let (code, printed) = author.type_in("hob plugin run . --cwd data -- none.csv");
    assert!(code == 1 && printed.contains("`/project/none.csv` does not exist"), "{code}: {printed}");
}

#[test]
fn lint_brings_what_clippy_finds_as_data() {
    let Some(mut author) = Author::in_language("rust") else { return };
    example(&mut author, "lint");
    author.ok("hob plugin build");
    author.ok("mkdir -p project/src && echo 'pub fn f(of: &[u8]) -> bool { of.len() == 0 }' > project/src/lib.rs");
    author.ok("printf '[package]\\nname = \"p\"\\nedition = \"2024\"\\n[workspace]\\n' > project/Cargo.toml");
    // Clippy goes with the person's own compiler, not with the one for components.
    let (code, printed) = author.type_in("env -u RUSTC -u LD_LIBRARY_PATH hob plugin run . --cwd project --json");
    let json = printed.lines().find(|line| line.starts_with('{')).unwrap_or_else(|| panic!("{code}: {printed}"));
    let task: serde_json::Value = serde_json::from_str(json).expect("JSON");
    let finding = &task["result"]["data"]["findings"][0];
    assert_eq!((&finding["file"], &finding["line"]), (&"src/lib.rs".into(), &1.into()), "{printed}");
    assert_eq!(finding["rule"], "clippy::len_zero", "{printed}");
}

#[test]
fn an_exception_is_shown_with_its_place() {
    for (language, file, line, thrown) in [
        ("js", "src/executor.js", "    let files = 0;", "    throw new RangeError('on purpose');"),
        ("python", "src/executor.py", "    files = 0", "    raise RuntimeError('on purpose')"),
    ] {
        let Some(mut author) = Author::in_language(language) else { continue };
        author.ok(&format!("hob plugin new broken --lang {language} && cd broken"));
        let source = author.folder.join(file);
        let text = fs::read_to_string(&source).expect("read");
        fs::write(&source, text.replacen(line, thrown, 1)).expect("written");
        author.ok("hob plugin build && hob plugin add . --grant all");
        let (code, printed) = author.type_in("hob dispatch broken --id it --wait");
        assert_eq!(code, 1, "{printed}");
        let shown = author.ok("hob show it");
        let name = file.rsplit('/').next().expect("a name");
        assert!(shown.contains("on purpose") && shown.contains(name), "{language}: {shown}");
    }
}

#[test]
fn dev_builds_and_runs_again_after_every_change() {
    let Some(mut author) = Author::in_language("js") else { return };
    author.ok("hob plugin new word-count --lang js && cd word-count && mkdir texts && echo 'one two' > texts/a.md");
    author.ok("hob plugin build");
    let mut dev = author.command(env!("CARGO_BIN_EXE_hob"));
    dev.args(["plugin", "dev", ".", "--", "a*.md"]);
    let mut dev = dev.stdout(Stdio::piped()).stderr(Stdio::piped()).spawn().expect("hob starts");
    let (tell, told) = channel();
    let said = BufReader::new(dev.stderr.take().expect("a pipe"));
    // The pipe ends with the last program that has it.
    thread::spawn(move || said.lines().map_while(Result::ok).try_for_each(|line| tell.send(line)));
    let until = |wanted: &str| {
        let mut seen = Vec::new();
        while !seen.last().is_some_and(|line: &String| line.contains(wanted)) {
            seen.push(
                told.recv_timeout(DEADLINE).unwrap_or_else(|error| panic!("no `{wanted}` ({error}) in {seen:#?}")),
            );
        }
        seen
    };
    until("2 words in 1 files");
    until("waiting for a change");
    let source = author.folder.join("src/executor.js");
    let text = fs::read_to_string(&source).expect("read");
    fs::write(&source, text.replace("words in", "broken (in")).expect("written");
    until("changed: src/executor.js");
    until("2 broken (in 1 files");
    until("waiting for a change");
    // What does not build is said, and waited for.
    fs::write(&source, "export default {").expect("written");
    until("exited with 1");
    until("waiting for a change");
    fs::write(&source, text).expect("written");
    until("2 words in 1 files");
    dev.kill().expect("ended");
    dev.wait().expect("ended");
}

#[test]
fn a_tool_that_is_missing_is_named_with_the_way_to_it() {
    let sandbox = Sandbox::new();
    for (lang, tool, hint) in [
        ("js", "`npm` was not found in PATH", "https://nodejs.org"),
        ("python", "`python3` was not found in PATH", "python3-venv"),
        ("rust", "`cargo` was not found in PATH", "https://rustup.rs"),
    ] {
        sandbox.ok(["plugin", "new", lang, "--lang", lang]);
        let build = sandbox.hob(["plugin", "build", lang]).env("PATH", sandbox.user()).output().expect("hob starts");
        let said = String::from_utf8_lossy(&build.stderr).into_owned();
        assert!(build.status.code() == Some(1) && said.contains(tool) && said.contains(hint), "{said}");
    }
    // A compiler that has no such target.
    let rustc = sandbox.file("rustc", "#!/bin/sh\necho /nowhere/lib\n");
    for program in [&rustc, &sandbox.file("cargo", "#!/bin/sh\nexit 1\n")] {
        let runs = std::os::unix::fs::PermissionsExt::from_mode(0o755);
        fs::set_permissions(program, runs).expect("set");
    }
    let build = sandbox.hob(["plugin", "build", "rust"]).env("PATH", sandbox.work()).output().expect("hob starts");
    let said = String::from_utf8_lossy(&build.stderr).into_owned();
    assert!(said.contains("rustup target add wasm32-wasip2"), "{said}");
}

#[test]
fn a_project_appears_whole_or_not_at_all() {
    let sandbox = Sandbox::new();
    let made = sandbox.json(["plugin", "new", "a", "--lang", "python", "--json"]);
    assert_eq!(made["folder"], sandbox.work().join("a").to_string_lossy().as_ref());
    assert!(made["files"].as_array().is_some_and(|files| files.iter().any(|file| file == "src/executor.py")));
    sandbox.file("b/mine", "");
    sandbox.file("c", "");
    for (arguments, words) in [
        (["a", "--lang", "js"].as_slice(), "a is there already"),
        (&["b", "--lang", "js"], "b is there already"),
        (&["c", "--lang", "js"], "c is there already"),
        (&["../d", "--lang", "js"], "cannot be the name of a plugin"),
        (&["e", "--lang", "python", "--engine", "quickjs"], "--lang js"),
    ] {
        let ran = sandbox.run(["plugin", "new"].iter().chain(arguments));
        assert!(ran.code == 2 && ran.stderr.contains(words), "{arguments:?}: {ran:?}");
    }
    // An empty folder is as good as none.
    fs::create_dir(sandbox.work().join("f")).expect("made");
    sandbox.ok(["plugin", "new", "f", "--lang", "js"]);
    let mut left: Vec<_> =
        fs::read_dir(sandbox.work()).expect("read").map(|entry| entry.expect("one").file_name()).collect();
    left.sort();
    assert_eq!(left, ["a", "b", "c", "f"]);
}

#[test]
fn a_manifest_may_say_how_its_project_is_built() {
    let sandbox = Sandbox::new();
    let manifest = |build: &str| {
        let text = format!(
            "[plugin]\nname = \"own\"\nversion = \"1.0.0\"\nlanguage = \"js\"\nsummary = \"Own\"\n\
             component = \"out/own.wasm\"\n[plugin.build]\ncommand = {build}\n"
        );
        sandbox.file("own/hob-plugin.toml", text);
    };
    manifest("[\"sh\", \"-c\", \"echo made; printf 12345 > out/own.wasm\"]");
    let ran = sandbox.run(["plugin", "build", "own", "--json"]);
    assert_eq!(ran.stdout, "{\"name\":\"own\",\"version\":\"1.0.0\",\"component\":\"own/out/own.wasm\",\"bytes\":5}\n");
    assert!(ran.stderr.contains("$ sh -c") && ran.stderr.contains("made\n"), "{ran:?}");
    manifest("[\"sh\", \"-c\", \"exit 3\"]");
    sandbox.run(["plugin", "build", "own"]).refused(1, &["`sh -c exit 3` exited with 3"]);
    fs::remove_file(sandbox.work().join("own/out/own.wasm")).expect("removed");
    manifest("[\"true\"]");
    sandbox.run(["plugin", "build", "own"]).refused(1, &["the build made no own/out/own.wasm", "hob-plugin.toml"]);
    sandbox.run(["plugin", "build"]).refused(3, &["has no hob-plugin.toml", "hob plugin new"]);
}
