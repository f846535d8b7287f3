//! Runs a command line through the person's shell, or a program with exact arguments. Its output
//! never passes through here: the host copies it to the task's output as it comes.

mod invocation;
mod verdict;

use hob_plugin::{About, Context, Executor, NoSettings, Success, Task, TaskError, process::Command};
use invocation::{Invocation, Params};
use verdict::{Data, verdict};

struct Shell;

hob_plugin::export!(Shell, describe = include_str!("describe.json"));

impl Executor for Shell {
    type Params = Params;
    type Settings = NoSettings;
    type Data = Data;

    fn about() -> About {
        let summary = "Run a command line through your shell, or a program with exact arguments";
        About::new("shell", env!("CARGO_PKG_VERSION"), summary)
            .asks_program("*", "it runs the command you give it")
            .asks_variable("*", "the command finds your PATH and settings as in your terminal")
    }

    fn run(task: Task<Params>, context: Context) -> Result<Success<Data>, TaskError> {
        let shell = task.shell().map(str::to_owned);
        let invocation = Invocation::read(task.params, shell.as_deref())?;
        let child = Command::new(invocation.program).args(invocation.args).spawn()?;
        let status = child.wait();
        // A program may answer the signal of a cancellation with an exit code of its own.
        context.check()?;
        verdict(&invocation.shown, status)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use hob_plugin::testing::{Ended, World, assert_description};
    use serde_json::json;
    use std::path::Path;

    #[test]
    fn it_says_what_it_is() {
        assert_description::<Shell>(&Path::new(env!("CARGO_MANIFEST_DIR")).join("describe.json"));
    }

    #[test]
    fn a_command_runs_in_the_shell_and_prints_into_the_output() {
        let world = World::new().file("a.txt", "").real_program("/bin/sh").meta("shell", "/bin/sh");
        let ran = world.run::<Shell>(&json!({ "command": "ls; echo no >&2; exit 3" }));
        assert_eq!(ran.output, "a.txt\nno\n");
        let failure = ran.failure().expect("a failure");
        assert_eq!(failure.message, "`ls; echo no >&2; exit 3` exited with code 3");
        assert_eq!(failure.data.as_deref(), Some(r#"{"exit_code":3}"#));
    }

    #[test]
    fn a_denial_is_passed_on() {
        let ran = World::new().run::<Shell>(&json!({ "argv": ["rm", "-r", "x"] }));
        let Err(TaskError::Denied(text)) = ran.result else { panic!("{:?}", ran.result) };
        assert!(text.contains("may not start `rm`"), "{text}");
    }

    #[test]
    fn a_program_that_says_that_all_is_well_after_a_cancellation_is_not_believed() {
        let world = World::new();
        let switch = world.switch();
        let world = world.program("make", move |_| {
            switch.cancel();
            Ended::printed("bye")
        });
        let ran = world.run::<Shell>(&json!({ "argv": ["make"] }));
        assert_eq!(ran.result, Err(TaskError::Cancelled));
        assert_eq!(ran.output, "bye");
    }
}
