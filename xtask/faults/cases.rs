//! The cases: what happens, and what has to come of it. A number stays with its case for ever; numbers that are not here
//! were never given.

/// A case of `docs/faults.md`.
pub struct Case {
    pub number: u8,
    pub fault: &'static str,
    pub promise: &'static str,
}

/// A part of the page.
pub struct Part {
    pub title: &'static str,
    pub cases: &'static [Case],
}

const fn case(number: u8, fault: &'static str, promise: &'static str) -> Case {
    Case { number, fault, promise }
}

pub const PARTS: &[Part] = &[
    Part {
        title: "Storage",
        cases: &[
            case(
                1,
                "Any process is killed at any moment",
                "every accepted task ends, none twice, within 2 s of the kill others go on",
            ),
            case(
                2,
                "Death at every system call of dispatch, claim, finish, migration, backup and restore",
                "the database is whole and every accepted task is in it",
            ),
            case(
                3,
                "Power cut: what was not synced is lost, kept, reordered or torn",
                "the database is whole, every accepted task and every result that was reported is there",
            ),
            case(
                4,
                "A sync fails",
                "`outcome unknown`, never success; the same command with the same `--id` is safe to repeat",
            ),
            case(
                5,
                "The disk is full",
                "new tasks are refused with the reason, running ones end with what fits and a mark; it heals by itself",
            ),
            case(6, "A limit on the size of files", "as with a full disk; no process dies of the signal"),
            case(
                7,
                "The state is read-only or somebody else's",
                "what can be read is shown, what cannot says which path; nothing is half-written",
            ),
            case(
                8,
                "A damaged page in a table, an index, the free list or the log",
                "noticed, files untouched, `hob doctor` says the way out; never an empty list",
            ),
            case(
                9,
                "A database that is empty, missing, of another program or random bytes",
                "refused, and never made anew over it",
            ),
            case(
                10,
                "A newer or an older schema",
                "a newer one is refused with the version that it needs; an older one is migrated in one transaction after a copy was kept",
            ),
            case(11, "A backup under load", "it opens, and has everything that was accepted before it began"),
            case(
                12,
                "The database is locked for a minute",
                "a dispatch waits for 5 s at most and says `busy`; the daemon goes on when it is free",
            ),
            case(
                13,
                "A reader holds its view for a minute under load",
                "the log shrinks afterwards; no command of hob's holds one",
            ),
            case(
                16,
                "A million waiting and a million finished tasks",
                "claim, dispatch and status as fast as with none; old ones go in slices",
            ),
            case(
                17,
                "The state folder is deleted or moved under a daemon",
                "the daemon ends its tasks and itself; nothing is made anew in its place",
            ),
        ],
    },
    Part {
        title: "Scheduling",
        cases: &[
            case(18, "Fifty first commands at once", "one daemon, fifty tasks, no error"),
            case(
                19,
                "A daemon and twenty lazy workers race",
                "each task is claimed once, and never more run than there are slots",
            ),
            case(
                20,
                "A worker is frozen and wakes up when others have taken over",
                "its programs were ended first, and its late writes change nothing",
            ),
            case(21, "A task completes while it is being rescued", "it stays completed"),
            case(
                22,
                "An executor's component is missing or does not load",
                "its tasks wait and say why, others run, and it runs when it is back",
            ),
            case(
                24,
                "A task that kills its worker",
                "that attempt is lost and says so, the others end; an executor that does it again and again is set aside",
            ),
            case(
                25,
                "The clock jumps by a day or to 1970; the machine sleeps",
                "nothing is rescued early, run twice or took less than no time",
            ),
            case(
                26,
                "The same dispatch again, after its answer was lost",
                "one task; the second answer says that it is there, and its state",
            ),
            case(
                27,
                "A cancel races a claim, an end or a rescue",
                "one final state; nothing runs after `cancelled` was printed",
            ),
            case(
                29,
                "TERM, a second TERM, a logout, the program replaced under load",
                "nothing new is claimed, what runs gets its grace, nothing that ended is called failed",
            ),
            case(
                30,
                "A notifier that hangs, crashes, is missing or prints without end",
                "no task notices; each end is told once",
            ),
            case(
                31,
                "Tasks that dispatch tasks without end",
                "a limit on depth and on number, whose message shows the chain",
            ),
            case(
                64,
                "A newer hob migrates the database under an older daemon",
                "the older one notices within a second, writes nothing more and ends",
            ),
        ],
    },
    Part {
        title: "Native programs",
        cases: &[
            case(
                32,
                "A worker is killed while its programs run",
                "every one of them is gone within 10 s; the tasks say that their worker was lost",
            ),
            case(33, "A grandchild holds the pipe", "the end is recorded at once, the tree is ended, the slot is free"),
            case(34, "Children that leave: setsid, double fork, nohup, closed descriptors", "they end with their task"),
            case(35, "A fork bomb", "the task fails with the name of the limit; hob goes on answering"),
            case(36, "A program that ignores TERM, or stops itself", "it is killed after the grace"),
            case(
                37,
                "20 GB of output, a line without end, a byte an hour",
                "head and tail are kept, what was dropped is counted, memory stays flat",
            ),
            case(
                38,
                "Binary output, invalid UTF-8, NUL, a line of 100 MB",
                "kept byte by byte, shown safely, JSON stays JSON",
            ),
            case(
                39,
                "A program that reads input, asks for a password or opens the terminal",
                "there is none of it, and it fails at once",
            ),
            case(40, "No descriptors are left", "none leaks; claims pause and no task fails for it"),
            case(41, "Process ids that were given again, a reboot", "nobody else's process is signalled"),
            case(
                42,
                "A program that is not there, is no program, a folder that is not there, too many arguments",
                "a failure of its own kind, with the path",
            ),
        ],
    },
    Part {
        title: "Components",
        cases: &[
            case(
                43,
                "A loop without end in `run`, at the start, around calls of the host",
                "ended within 100 ms of its deadline; others do not notice",
            ),
            case(44, "A call of the host that blocks for ever", "timed out, and the slot is free"),
            case(45, "Bombs of memory, tables and instances", "failed by the limit's name; memory stays bounded"),
            case(46, "Stacks and values without end", "a trap"),
            case(47, "A trap, a panic, an exit without an answer", "failed, with a backtrace that a person can read"),
            case(
                48,
                "Huge answers, a million calls, a million handles, absurd sizes",
                "limits by name; the host does not panic",
            ),
            case(
                49,
                "The wrong world, a missing export, imports that nobody gives, another version",
                "refused when it is added, with the difference",
            ),
            case(
                50,
                "Bytes that are no component, precompiled code, bombs for the compiler",
                "refused; compiled in a limited child only, and foreign machine code is never loaded",
            ),
            case(
                51,
                "Ways out of a folder: `..`, links, /proc, pipes, devices; also without `openat2`",
                "each denied, and what is outside stays byte for byte",
            ),
            case(52, "Environment and arguments", "empty unless granted"),
            case(
                53,
                "Programs that were not granted, and tricks with PATH, LD_PRELOAD, BASH_ENV, folders",
                "denied, with the lines that allow it",
            ),
            case(
                54,
                "HTTP to other hosts, ports, schemes; redirects, rebinding, odd addresses; raw sockets",
                "denied before a packet leaves; the address that is connected is the one that was checked",
            ),
            case(
                55,
                "Compressed bombs, bodies without end, a byte a minute, floods of headers",
                "caps in bytes and in time",
            ),
            case(
                57,
                "A component or its compiled form is changed after it was accepted",
                "refused by its digest; the compiled form is made anew",
            ),
            case(58, "A panic inside a capability", "that task fails as hob's own fault; the daemon lives"),
            case(59, "Floods of output, progress and log", "kept to a rate, with a mark of how many were dropped"),
            case(
                60,
                "Empty grants, `*`, misspelt keys, `/`, hob's own folders, `~/.ssh`",
                "empty is nothing, a typo is an error, dangerous ones are refused",
            ),
        ],
    },
    Part {
        title: "What people and models see",
        cases: &[
            case(
                65,
                "Hostile TOML; a repository that grants itself powers",
                "an error with its line; nothing of it holds until it is trusted",
            ),
            case(66, "Markup and options in what a notification shows", "plain text, cut"),
            case(
                67,
                "Terminal escapes, bidi and OSC 52 in names, output and errors",
                "clean text on every way to a terminal; JSON stays JSON",
            ),
            case(68, "Output that instructs a model", "fenced, cut, named as what the task said"),
            case(
                69,
                "Any umask, `ps`, core dumps, logs",
                "files for the user alone; no parameters or secrets in arguments or logs",
            ),
            case(
                70,
                "A vulnerable, doubled or wrongly licensed dependency",
                "`cargo xtask deny`, and with it `.ci/run`, is red",
            ),
        ],
    },
];

/// What has no test, or not of all of it, and why.
const UNTESTED: &[(u8, &str)] =
    &[(35, "A limit of the user's own binds only who is not root; the first of the two bombs does not need it.")];

/// All cases, in the order of the page.
pub fn all() -> impl Iterator<Item = &'static Case> {
    PARTS.iter().flat_map(|part| part.cases)
}

/// Why there is no test of a case, or not of all of it.
pub fn reason(number: u8) -> Option<&'static str> {
    UNTESTED.iter().find(|(case, _)| *case == number).map(|(_, reason)| *reason)
}
