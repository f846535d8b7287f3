use super::*;
use hob_plugin::testing::{Ended, World};
use serde_json::json;

#[test]
fn clippy_itself_on_a_crate() {
    let manifest = "[package]\nname = \"odd\"\nversion = \"0.1.0\"\nedition = \"2024\"\n[workspace]\n";
    let world = World::new()
        .file("Cargo.toml", manifest)
        .file("src/lib.rs", "pub fn f(x: i32) -> i32 {\n    return x;\n}\n")
        .real_program("cargo");
    let ran = world.run::<Lint>(&json!({}));
    let data = ran.result.expect("findings").data.expect("data");
    assert_eq!((data.linter, data.warnings), ("clippy", 1));
    let place = (data.findings[0].file.as_str(), data.findings[0].line, data.findings[0].rule.as_deref());
    assert_eq!(place, ("src/lib.rs", 2, Some("clippy::needless_return")));
    assert!(ran.output.starts_with("src/lib.rs:2:5: warning: "), "{}", ran.output);
    let bad = world.run::<Lint>(&json!({ "fail_on": "warning" }));
    assert!(bad.failure().is_some_and(|failure| failure.data.is_some()));
    assert!(world.run::<Lint>(&json!({ "fail_on": "error" })).result.is_ok());
}

/// As ShellCheck 0.9.0 prints it.
const PRINTED: &str = r#"{"comments":[{"file":"a.sh","line":2,"endLine":2,"column":6,"endColumn":8,"level":"info","code":2086,"message":"Double quote to prevent globbing and word splitting.","fix":null}]}"#;

#[test]
fn shellcheck_gets_the_scripts_and_says_what_it_finds() {
    let world = World::new().file("a.sh", "#!/bin/sh\necho $1\n").file("b/c.bash", "").file("d.py", "");
    let world = world.program("shellcheck", |call| {
        assert_eq!(call.args, ["--format=json1", "--", "a.sh", "b/c.bash"]);
        Ended::printed(PRINTED).code(1)
    });
    let ran = world.run::<Lint>(&json!({ "linter": "shellcheck" }));
    assert!(ran.output.contains("a.sh:2:6: note: Double quote") && ran.output.contains("[SC2086]"), "{}", ran.output);
    let data = ran.result.expect("findings").data.expect("data");
    assert_eq!((data.errors, data.warnings, data.notes), (0, 0, 1));
}

#[test]
fn what_goes_wrong_is_said() {
    let denied = World::new().file("a.sh", "").run::<Lint>(&json!({}));
    assert!(matches!(denied.result, Err(TaskError::Denied(text)) if text.contains("`shellcheck`")));
    let broken = World::new().program("cargo", |_| Ended::printed("").complained("error: no Cargo.toml").code(101));
    let ran = broken.run::<Lint>(&json!({ "linter": "clippy" }));
    assert!(ran.failure().is_some() && ran.output == "error: no Cargo.toml");
    let world = World::new();
    let switch = world.switch();
    let world = world.program("cargo", move |_| {
        switch.cancel();
        Ended::printed("{}\n")
    });
    assert_eq!(world.run::<Lint>(&json!({ "linter": "clippy" })).result.err(), Some(TaskError::Cancelled));
}
