//! Command lines as words, as far as it takes to know what they begin with. Nothing is expanded.

use crate::policy::text_matches;

/// Programs that only start another one.
const WRAPPERS: &[&str] =
    &["sudo", "doas", "env", "time", "nice", "ionice", "nohup", "exec", "command", "timeout", "stdbuf", "setsid"];
/// Programs that take a command line after `-c`.
const SHELLS: &[&str] = &["sh", "bash", "dash", "zsh", "ksh", "fish"];
/// Other words that may stand between those of a text. 3: "run all the unit tests".
const BETWEEN: usize = 3;

/// The commands of a line, each as its words.
pub(super) fn parts(line: &str) -> Vec<Vec<String>> {
    let of_a_shell = |words: &Vec<String>| line_of_a_shell(words).map_or_else(|| vec![words.clone()], split);
    let commands = split(line);
    commands.iter().flat_map(of_a_shell).map(|words| without_wrappers(&words).to_vec()).collect()
}

/// `sh -c LINE` is LINE.
pub(super) fn line_of_a_shell(argv: &[String]) -> Option<&str> {
    let [program, option, line, ..] = without_wrappers(argv) else { return None };
    let takes_line = option.starts_with('-') && !option.starts_with("--") && option.ends_with('c');
    (SHELLS.contains(&base_name(program)) && takes_line).then_some(line.as_str())
}

/// The words from the program on that it is about: without variables, `sudo` and their like.
pub(super) fn without_wrappers(words: &[String]) -> &[String] {
    let mut rest = words;
    let mut after_one = false;
    while let [word, after @ ..] = rest {
        let is_variable = word.split_once('=').is_some_and(|(name, _)| is_name(name));
        let is_number = word.starts_with(|c: char| c.is_ascii_digit());
        let is_wrapper = WRAPPERS.contains(&base_name(word));
        if !(is_variable || is_wrapper || (after_one && (is_number || word.starts_with('-')))) {
            break;
        }
        after_one |= is_wrapper;
        rest = after;
    }
    rest
}

fn is_name(text: &str) -> bool {
    !text.is_empty() && text.chars().all(|c| c.is_ascii_alphanumeric() || c == '_')
}

/// Whether the words of a command begin with those of the pattern. Options in between do not count, nor does the
/// value of one; an option in the pattern may stand anywhere.
pub(super) fn follows(pattern: &[&str], words: &[String]) -> bool {
    let ([first, pattern @ ..], [program, rest @ ..]) = (pattern, words) else { return false };
    if !fits(first, base_name(program)) {
        return false;
    }
    let (options, pattern): (Vec<&str>, Vec<&str>) = pattern.iter().partition(|word| word.starts_with('-'));
    if !options.iter().all(|option| rest.iter().any(|word| fits(option, word))) {
        return false;
    }
    let mut rest = rest.iter();
    pattern.iter().all(|wanted| {
        let mut is_value = false;
        for word in rest.by_ref() {
            if word.starts_with(['-', '+']) {
                is_value = !word.contains('=');
            } else if fits(wanted, word) {
                return true;
            } else if !std::mem::take(&mut is_value) {
                return false;
            }
        }
        false
    })
}

/// The words of a text, small, without marks around them.
pub(super) fn of_text(text: &str) -> Vec<String> {
    let is_mark = |c: char| !c.is_alphanumeric() && c != '_';
    let words = text.split_whitespace().map(|word| word.trim_matches(is_mark).to_lowercase());
    words.filter(|word| !word.is_empty()).collect()
}

/// Whether a text has the words of the pattern in their order, with few others between.
pub(super) fn is_said(pattern: &[&str], words: &[String]) -> bool {
    let Some((first, others)) = pattern.split_first() else { return false };
    let starts = words.iter().enumerate().filter(|(_, word)| fits(first, word));
    starts.into_iter().any(|(at, _)| {
        let mut rest = &words[at + 1..];
        others.iter().all(|wanted| {
            let found = rest.iter().take(BETWEEN + 1).position(|word| fits(wanted, word));
            found.is_some_and(|at| {
                rest = &rest[at + 1..];
                true
            })
        })
    })
}

fn fits(pattern: &str, word: &str) -> bool {
    text_matches(pattern.as_bytes(), word.as_bytes())
}

fn base_name(program: &str) -> &str {
    program.rsplit('/').next().unwrap_or(program)
}

/// A line at its operators, and each command at its blanks, with quotes taken off.
fn split(line: &str) -> Vec<Vec<String>> {
    let mut commands = vec![Vec::new()];
    let mut word: Option<String> = None;
    let mut quote = None;
    let mut chars = line.chars();
    while let Some(c) = chars.next() {
        match (quote, c) {
            (Some(open), c) if c == open => quote = None,
            (None, '\'' | '"') => {
                quote = Some(c);
                word.get_or_insert_default();
            }
            (None | Some('"'), '\\') => word.get_or_insert_default().extend(chars.next()),
            (None, ';' | '|' | '&' | '\n' | '(' | ')') => {
                end(&mut commands, word.take());
                commands.push(Vec::new());
            }
            (None, c) if c.is_whitespace() => end(&mut commands, word.take()),
            (_, c) => word.get_or_insert_default().push(c),
        }
    }
    end(&mut commands, word);
    commands.retain(|words| !words.is_empty());
    commands
}

fn end(commands: &mut [Vec<String>], word: Option<String>) {
    if let (Some(words), Some(word)) = (commands.last_mut(), word) {
        words.push(word);
    }
}
