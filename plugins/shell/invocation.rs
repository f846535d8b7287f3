use hob_plugin::{JsonSchema, TaskError, schemars};
use serde::Deserialize;

/// What is to be started.
#[derive(Debug, PartialEq, Eq)]
pub struct Invocation {
    pub program: String,
    pub args: Vec<String>,
    /// The command as messages name it: one line, not too long.
    pub shown: String,
}

/// What the person asked for.
#[derive(Deserialize, JsonSchema)]
#[schemars(extend("oneOf" = [{ "required": ["command"] }, { "required": ["argv"] }]))]
pub struct Params {
    /// A command line for your shell, in quotes: "cargo test 2>&1 | tail"
    #[schemars(length(min = 1), extend("x-hob-cli" = { "positional": true }))]
    command: Option<String>,
    /// A program and its arguments, taken exactly as they are; no shell sees them
    #[schemars(length(min = 1), extend("x-hob-cli" = { "trailing": true }))]
    argv: Option<Vec<String>>,
}

impl Invocation {
    /// Reads the task's parameters; `shell` is the path of the person's shell.
    pub fn read(params: Params, shell: Option<&str>) -> Result<Self, TaskError> {
        match (params.command, params.argv) {
            (Some(command), None) => Ok(Self {
                program: shell.unwrap_or("sh").to_owned(),
                shown: shorten(&command),
                args: vec!["-c".to_owned(), command],
            }),
            (None, Some(argv)) => {
                let shown = shorten(&argv.iter().map(|arg| quote(arg)).collect::<Vec<_>>().join(" "));
                let mut argv = argv.into_iter();
                let program = argv.next().filter(|program| !program.is_empty());
                let program = program.ok_or_else(|| TaskError::invalid("/argv/0", "name a program"))?;
                Ok(Self { program, args: argv.collect(), shown })
            }
            (None, None) => {
                Err(TaskError::invalid("", "give a command line, or a program and its arguments after `--`"))
            }
            (Some(_), Some(_)) => {
                Err(TaskError::invalid("/argv", "give either a command line or a program after `--`, not both"))
            }
        }
    }
}

/// As a shell would want it, so that it can be typed again.
fn quote(arg: &str) -> String {
    let plain = |c: char| c.is_alphanumeric() || "-_=./,:@%+".contains(c);
    if !arg.is_empty() && arg.chars().all(plain) { arg.to_owned() } else { format!("'{}'", arg.replace('\'', r"'\''")) }
}

/// The first line, at most this many characters: what fits beside an exit code on a terminal's line.
const SHOWN: usize = 80;

fn shorten(command: &str) -> String {
    let line = command.trim().lines().next().unwrap_or_default();
    let short: String = line.chars().take(SHOWN).collect();
    if short.len() < command.trim().len() { format!("{}…", short.trim_end()) } else { short }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn read(params: &str, shell: Option<&str>) -> Result<Invocation, TaskError> {
        Invocation::read(serde_json::from_str(params).expect("parameters"), shell)
    }

    #[track_caller]
    fn check(params: &str, program: &str, args: &[&str], shown: &str) {
        let args = args.iter().map(|&arg| arg.to_owned()).collect();
        let expect = Invocation { program: program.to_owned(), args, shown: shown.to_owned() };
        assert_eq!(read(params, Some("/bin/zsh")), Ok(expect), "{params}");
    }

    #[test]
    fn a_command_goes_to_the_shell_as_it_is() {
        check(r#"{"command":"echo 'a b' | wc"}"#, "/bin/zsh", &["-c", "echo 'a b' | wc"], "echo 'a b' | wc");
        check(r#"{"command":"one\ntwo"}"#, "/bin/zsh", &["-c", "one\ntwo"], "one…");
    }

    #[test]
    fn arguments_stay_exact() {
        check(r#"{"argv":["git","log","-3"]}"#, "git", &["log", "-3"], "git log -3");
        check(r#"{"argv":["echo","a b","","it's"]}"#, "echo", &["a b", "", "it's"], r"echo 'a b' '' 'it'\''s'");
    }

    #[test]
    fn without_a_known_shell_it_is_sh() {
        let read = read(r#"{"command":"true"}"#, None).expect("read");
        assert_eq!(read.program, "sh");
    }

    #[test]
    fn a_long_command_is_shown_cut() {
        let long = "x".repeat(200);
        let read = read(&format!(r#"{{"command":"{long}"}}"#), None).expect("read");
        assert_eq!(read.shown.chars().count(), SHOWN + 1);
        assert_eq!(read.args[1], long);
    }

    #[track_caller]
    fn check_misfit(params: &str, pointer: &str) {
        let Err(TaskError::InvalidParams(misfits)) = read(params, None) else { panic!("{params} fits") };
        assert_eq!(misfits[0].0, pointer, "{params}");
    }

    #[test]
    fn exactly_one_of_the_two() {
        check_misfit("{}", "");
        check_misfit(r#"{"command":"a","argv":["b"]}"#, "/argv");
        check_misfit(r#"{"argv":[]}"#, "/argv/0");
        check_misfit(r#"{"argv":[""]}"#, "/argv/0");
    }
}
