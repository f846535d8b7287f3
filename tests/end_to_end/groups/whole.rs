//! The joined document of a group.

use crate::{file_server::FileServer, sandbox::Sandbox};
use std::{fmt::Write as _, time::Duration};

#[test]
fn an_answer_stands_in_full_and_a_long_one_says_how_to_see_the_rest() {
    let pages = tempfile::tempdir().expect("a folder");
    let (mut short, mut long) = (String::new(), String::new());
    for n in 1..=40 {
        let _ = writeln!(short, "short line {n}");
    }
    for n in 1..=9_000 {
        let _ = writeln!(long, "long line {n}");
    }
    std::fs::write(pages.path().join("short.txt"), format!("{short}\u{1b}[31mred\n")).expect("written");
    std::fs::write(pages.path().join("long.txt"), &long).expect("written");
    let server = FileServer::start(pages.path(), Duration::ZERO);
    let child = |name: &str| {
        format!(
            "[presets.pages.children.{name}]\nexecutor = \"web-fetch\"\nparams = {{ url = [{:?}] }}\n",
            server.address(&format!("{name}.txt"))
        )
    };
    let sandbox = Sandbox::with_config(&format!(
        "[executors.web-fetch.grant]\nhttp = [{{ host = \"127.0.0.1\", scheme = \"http\", port = {}, local = true }}]\n\
         {}{}",
        server.port,
        child("short"),
        child("long")
    ));
    let document = sandbox.ok(["fan-out", "pages", "--id", "g", "--wait"]);
    for words in
        ["## short", "short line 1\n", "short line 40\n", "red", "## long", "long line 1\n", "long line 3000\n"]
    {
        assert!(document.contains(words), "`{words}` is not in {}", &document[..2_000]);
    }
    assert!(!document.contains('\u{1b}'), "nothing in it that a terminal would obey");
    assert!(!document.contains("long line 9000"), "{} bytes", document.len());
    assert!(document.contains(" more: hob output g-long]"), "it is said how to see the rest");

    // Of one task nothing is left out.
    let answer = sandbox.ok(["output", "g-long"]);
    assert!(answer.contains("long line 1\n") && answer.contains("long line 9000"), "{} bytes", answer.len());
    assert!(!answer.contains("--log"), "it is all there");
    // That of a command is its last lines.
    let lines = sandbox.ok(["dispatch", "shell", "seq 1 100", "--id", "lines", "--wait"]);
    assert!(!lines.contains("\n  89\n") && lines.contains("hob output lines --log shows all"), "{lines}");
}
