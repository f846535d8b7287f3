import { executor, integer, string } from "hob-plugin";

/** What stands between words: white space, punctuation and digits. */
const BETWEEN = /[\s!-@[-`{-~]+/;

export default executor({
  name: "{{name}}",
  version: "0.1.0",
  summary: "Count the words of the files in a folder",
  params: {
    glob: string("Which files, such as '*.md'; otherwise all", { positional: true, optional: true }),
    top: integer("How many of the most frequent words to show", { default: 5, minimum: 1 }),
  },
  result: {
    files: integer("Files that were read"),
    words: integer("Words in all of them"),
  },
  asks: {
    dirs: [{ guest: "/project", mode: "ro", reason: "it reads the files of the folder you are in" }],
  },

  run({ glob, top }, task) {
    const counts = new Map();
    let files = 0;
    let words = 0;
    for (const file of task.walk("/project", { globs: glob })) {
      task.check(); // ends here when the task is cancelled
      task.progress(null, file.path);
      for (const word of file.text.toLowerCase().split(BETWEEN).filter(Boolean)) {
        counts.set(word, (counts.get(word) ?? 0) + 1);
        words += 1;
      }
      files += 1;
    }
    const frequent = [...counts].sort((a, b) => b[1] - a[1] || (a[0] < b[0] ? -1 : 1));
    for (const [word, count] of frequent.slice(0, top)) task.print(`${count} ${word}`);
    return { summary: `${words} words in ${files} files`, data: { files, words } };
  },
});
