import { InvalidParams, boolean, executor, integer, json, list, string } from "hob-plugin";

const NOTE = {
  type: "object",
  properties: {
    path: { type: "string" },
    line: { type: "integer" },
    word: { type: "string" },
    text: { type: "string" },
    author: { type: "string", description: "Who wrote the line, with --blame" },
    since: { type: "string", description: "The day on which it was written, with --blame" },
  },
  required: ["path", "line", "word", "text"],
  additionalProperties: false,
};

export default executor({
  name: "todo-report",
  version: "0.1.0",
  summary: "Report a repository's open TODOs, the oldest first",
  params: {
    word: list(string("A word that marks one", { pattern: "^\\w+$" }), "Words that mark one", {
      short: "w",
      default: ["TODO", "FIXME", "XXX"],
    }),
    glob: list(string("A glob"), "Only files that fit, such as '*.rs'; '!vendor/' leaves files out", { short: "g", default: [] }),
    blame: boolean("Say who wrote each and when; asks git, which takes longer"),
    older_than: integer("Only those that are at least so many days old; goes with --blame", { minimum: 1, optional: true }),
  },
  result: {
    total: integer("Open ones"),
    files: integer("Files that have any"),
    notes: list(json(NOTE, "One of them"), "All of them"),
  },
  answer: "output",
  asks: {
    dirs: [{ guest: "/project", mode: "ro", reason: "it searches the repository that you are in" }],
    programs: [{ name: "git", reason: "with --blame it asks who wrote a line, and when" }],
  },

  run({ word: words, glob, blame, older_than: age }, task) {
    if (age !== undefined && !blame) throw new InvalidParams({ "/older_than": "it needs --blame, which knows the age" });
    // Marks stand at the beginning of a remark: `TODO: …`, `FIXME(ada) …`; prose about "todo" lists does not count.
    const mark = new RegExp(`\\b(${words.join("|")})\\b(?:\\([^)]*\\))?:?\\s*(.*)`);
    const patterns = words.map((word) => `\\b${word}\\b`);
    let notes = [];
    for (const { path, number, text } of task.grep("/project", patterns, { globs: glob, caseSensitivity: "sensitive" })) {
      const [, word, rest] = mark.exec(text) ?? [];
      if (word) notes.push({ path, line: number, word, text: rest.replace(/\s*(\*\/|-->|#\})\s*$/, "").trim() });
    }
    if (blame) {
      notes.forEach((note, index) => {
        task.progress(index / notes.length, `${note.path}:${note.line}`);
        Object.assign(note, blamed(task, note));
      });
      if (age !== undefined) notes = notes.filter(({ since }) => since !== undefined && daysSince(since) >= age);
      notes.sort((a, b) => ((a.since ?? "9") < (b.since ?? "9") ? -1 : a.since === b.since ? 0 : 1));
    }
    const files = new Set(notes.map(({ path }) => path)).size;
    const summary = notes.length === 0 ? "No open TODOs" : `${count(notes.length, "open TODO")} in ${count(files, "file")}`;
    const report = markdown(summary, notes);
    task.write(report);
    task.artifact("todos.md", "text/markdown", report);
    return { summary, data: { total: notes.length, files, notes } };
  },
});

/** Who wrote a line and when; nothing for one that is not committed yet. */
function blamed(task, { path, line }) {
  const args = ["blame", "--porcelain", "-L", `${line},${line}`, "--", path];
  const ran = task.run("git", args, { cwd: "/project" });
  if (!ran.ok) {
    // A file that git does not know has no author.
    task.log.debug("not blamed", { path, why: ran.stderr.trim() });
    return {};
  }
  const field = (name) => new RegExp(`^${name} (.*)$`, "m").exec(ran.stdout)?.[1];
  const author = field("author");
  if (author === undefined || author === "Not Committed Yet") return {};
  return { author, since: new Date(Number(field("author-time")) * 1000).toISOString().slice(0, 10) };
}

const daysSince = (day) => (Date.now() - Date.parse(day)) / 86_400_000;
const count = (number, what) => `${number} ${what}${number === 1 ? "" : "s"}`;
/** Text that a table of Markdown can hold. */
const cell = (text) => text.replaceAll("|", "\\|").replaceAll("`", "'").slice(0, 200);

function markdown(summary, notes) {
  const lines = [`# ${summary}`, ""];
  if (notes.some(({ since }) => since)) {
    lines.push("| since | who | where | what |", "|---|---|---|---|");
    for (const { since = "", author = "", path, line, word, text } of notes) {
      lines.push(`| ${since} | ${cell(author)} | \`${path}:${line}\` | **${word}** ${cell(text)} |`);
    }
    return `${lines.join("\n")}\n`;
  }
  let file;
  for (const { path, line, word, text } of notes) {
    if (path !== file) lines.push(...(file === undefined ? [] : [""]), `## ${path}`, "");
    file = path;
    lines.push(`- ${line}: **${word}** ${text}`);
  }
  return `${lines.join("\n").trimEnd()}\n`;
}
