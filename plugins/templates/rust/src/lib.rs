//! Counts the words of the files in a folder.

#[cfg(test)]
mod tests;

use hob_plugin::{
    About, Context, Executor, JsonSchema, NoSettings, Success, Task, TaskError, files, schemars,
};
use serde::{Deserialize, Serialize};
use std::{cmp::Reverse, collections::HashMap};

struct Words;

hob_plugin::export!(Words);

/// The command line has an option for each; the comments are its help.
#[derive(Deserialize, JsonSchema)]
struct Params {
    /// Which files, such as '*.md'; otherwise all but those that .gitignore names
    #[schemars(extend("x-hob-cli" = { "positional": true }))]
    glob: Option<String>,
    /// How many of the most frequent words to show
    #[serde(default = "five")]
    #[schemars(range(min = 1))]
    top: u32,
}

fn five() -> u32 {
    5
}

/// The result for programs.
#[derive(Debug, PartialEq, Serialize, JsonSchema)]
struct Data {
    /// Files that were read
    files: usize,
    /// Words in all of them
    words: usize,
}

impl Executor for Words {
    type Params = Params;
    type Settings = NoSettings;
    type Data = Data;

    fn about() -> About {
        About::new(
            env!("CARGO_PKG_NAME"),
            env!("CARGO_PKG_VERSION"),
            env!("CARGO_PKG_DESCRIPTION"),
        )
        .asks_folder(
            "/project",
            "ro",
            "it reads the files of the folder you are in",
        )
    }

    fn run(task: Task<Params>, context: Context) -> Result<Success<Data>, TaskError> {
        let project = task.project().to_owned();
        let mut counts: HashMap<String, usize> = HashMap::new();
        let mut files = 0;
        for file in files::walk(project).globs(task.params.glob).files()? {
            context.check()?; // ends here when the task is cancelled
            context.progress(&file.path);
            let text = String::from_utf8_lossy(&file.bytes).to_lowercase();
            for word in text
                .split(|c: char| !c.is_alphabetic())
                .filter(|word| !word.is_empty())
            {
                *counts.entry(word.to_owned()).or_default() += 1;
            }
            files += 1;
        }
        let words = counts.values().sum();
        let mut frequent: Vec<(String, usize)> = counts.into_iter().collect();
        frequent.sort_by(|(word, count), (other, most)| {
            Reverse(count).cmp(&Reverse(most)).then(word.cmp(other))
        });
        for (word, count) in frequent.iter().take(task.params.top as usize) {
            context.print(&format!("{count} {word}\n"))?;
        }
        Ok(Success::with_data(
            format!("{words} words in {files} files"),
            Data { files, words },
        ))
    }
}
