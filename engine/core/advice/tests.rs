use super::*;

fn sort(name: &str, place: Whereabouts, commands: &[&str], texts: &[&str]) -> WorkSort {
    let owned = |list: &[&str]| list.iter().map(|text| (*text).to_owned()).collect();
    WorkSort {
        name: name.to_owned(),
        place,
        why: "why".to_owned(),
        commands: owned(commands),
        texts: owned(texts),
        dispatch: None,
    }
}

fn advice() -> Advice {
    use Whereabouts::{Background, Foreground};
    Advice {
        sorts: vec![
            sort("searches", Background, &["rg", "git log", "npm run lint*"], &["find usages"]),
            sort("suites", Background, &[], &["full test suite"]),
            sort("git", Foreground, &["git"], &[]),
            sort("tests", Foreground, &["cargo test", "pytest*", "npm test"], &["run tests", "test suite"]),
            sort("edits", Foreground, &["sed -i*"], &["edit"]),
        ],
    }
}

#[track_caller]
fn check(input: &str, expect: &str) {
    let advice = advice();
    assert_eq!(advice.of(input).map_or("", |advised| advised.sort.name.as_str()), expect, "{input}");
}

#[test]
fn a_command_is_known_by_its_beginning() {
    check("rg TODO", "searches");
    check("cargo test -p x", "tests");
    check("cargo doc", "");
    check("git push", "git");
    check("git log -3", "searches");
    check("/usr/bin/git push", "git");
    check("pytest-3 -x", "tests");
    check("npm run lint:fix", "searches");
    check("echo cargo test", "");
    check("", "");
}

#[test]
fn options_and_their_values_do_not_count() {
    check("cargo +nightly --locked test", "tests");
    check("git -C sub log", "searches");
    check("npm --prefix=web test", "tests");
    check("npm --prefix web test", "tests");
    check("sed -n -i.bak s/a/b/ file", "edits");
    check("sed -n s/a/b/ file", "");
}

#[test]
fn what_only_starts_another_program_does_not_count() {
    check("RUST_LOG=debug cargo test", "tests");
    check("nice -n 15 timeout 5m git push", "git");
    check("env A=b cargo test", "tests");
    check("bash -lc 'cd x && cargo test'", "tests");
}

#[test]
fn of_several_commands_the_one_to_watch_counts() {
    check("rg TODO && git commit -m x", "git");
    check("cd sub; cargo test | tail", "tests");
    check("(rg TODO)", "searches");
    check("echo 'a; git push'", "");
    check("echo a\\;b; rg x", "searches");
    check("echo \"unclosed && git push", "");
}

#[test]
fn a_text_is_known_by_its_words() {
    check("Find all usages of `parse`", "searches");
    check("Run the tests, please", "tests");
    check("Run a b c d tests", "");
    check("Edit src/main.rs", "edits");
    check("run the FULL test suite", "suites");
    check("the test suite", "tests");
}

#[test]
fn exact_arguments_are_read_without_a_shell() {
    let argv = |words: &[&str]| words.iter().map(|word| (*word).to_owned()).collect::<Vec<_>>();
    let advice = advice();
    let name = |words: &[&str]| advice.of_arguments(&argv(words)).map(|advised| advised.sort.name.clone());
    assert_eq!(name(&["cargo", "test"]).as_deref(), Some("tests"));
    assert_eq!(name(&["cargo test"]), None);
    assert_eq!(name(&["sh", "-c", "cargo test"]).as_deref(), Some("tests"));
    assert_eq!(name(&[]), None);
}

#[test]
fn of_two_that_fit_as_well_the_first_counts() {
    let mut advice = advice();
    advice.sorts.insert(0, sort("ours", Whereabouts::Background, &["cargo test", "git"], &[]));
    assert_eq!(advice.of("cargo test").expect("known").sort.name, "ours");
    assert_eq!(advice.of("git log").expect("known").sort.name, "searches", "more words fit better");
    assert_eq!(advice.of("pytest").expect("known").sort.name, "tests");
}
