-- The first schema. Times are milliseconds since 1970 in UTC, sizes are bytes.

-- One row for each task: narrow, because every change of state rewrites it.
-- Being blocked belongs to the executor (table `executors`), not to each of its tasks.
CREATE TABLE tasks (
    seq INTEGER PRIMARY KEY AUTOINCREMENT,
    id TEXT NOT NULL UNIQUE CHECK (length(id) BETWEEN 1 AND 64),
    executor TEXT NOT NULL REFERENCES executors (executor),
    priority INTEGER NOT NULL CHECK (priority BETWEEN 0 AND 2),
    created INTEGER NOT NULL,
    timeout INTEGER CHECK (timeout >= 0),
    session TEXT,
    retry_of TEXT,
    environment INTEGER,
    state TEXT NOT NULL,
    attempt INTEGER NOT NULL CHECK (attempt >= 0),
    worker TEXT,
    started INTEGER,
    cancel_requested INTEGER,
    progress TEXT CHECK (progress IS NULL OR json_valid(progress)),
    finished INTEGER,
    output INTEGER NOT NULL DEFAULT 0 CHECK (output >= 0),
    CHECK (CASE state
        WHEN 'pending' THEN
            worker IS NULL AND started IS NULL AND cancel_requested IS NULL AND progress IS NULL AND finished IS NULL
        WHEN 'running' THEN
            attempt > 0 AND worker IS NOT NULL AND started IS NOT NULL AND finished IS NULL
        WHEN 'completed' THEN
            attempt > 0 AND worker IS NULL AND started IS NOT NULL AND cancel_requested IS NULL
            AND progress IS NULL AND finished IS NOT NULL AND environment IS NULL
        WHEN 'failed' THEN
            attempt > 0 AND worker IS NULL AND started IS NOT NULL AND cancel_requested IS NULL
            AND progress IS NULL AND finished IS NOT NULL AND environment IS NULL
        WHEN 'cancelled' THEN
            (attempt > 0 OR started IS NULL) AND worker IS NULL AND cancel_requested IS NULL
            AND progress IS NULL AND finished IS NOT NULL AND environment IS NULL
        ELSE 0
    END)
) STRICT;

-- The queue of each executor; a claim looks at the head of every queue that is not blocked.
CREATE INDEX pending_tasks ON tasks (executor, priority DESC, seq) WHERE state = 'pending';
CREATE INDEX running_tasks ON tasks (worker, seq) WHERE state = 'running';
-- The two final states that are rare, so that listing them reads nothing else.
CREATE INDEX failed_tasks ON tasks (seq) WHERE state = 'failed';
CREATE INDEX cancelled_tasks ON tasks (seq) WHERE state = 'cancelled';
CREATE INDEX finished_tasks ON tasks (finished, seq) WHERE finished IS NOT NULL;
CREATE INDEX finished_tasks_with_output ON tasks (finished, seq) WHERE finished IS NOT NULL AND output > 0;
CREATE INDEX session_tasks ON tasks (session, seq) WHERE session IS NOT NULL;

-- What a task was handed; never changed.
CREATE TABLE inputs (
    seq INTEGER PRIMARY KEY REFERENCES tasks (seq) ON DELETE CASCADE,
    params TEXT NOT NULL,
    cwd BLOB NOT NULL
) STRICT;

-- What a task answered, or why it did not. Written before the state that needs it.
CREATE TABLE results (
    seq INTEGER PRIMARY KEY REFERENCES tasks (seq) ON DELETE CASCADE,
    summary TEXT,
    data TEXT CHECK (data IS NULL OR json_valid(data)),
    kind TEXT CHECK (kind IN ('executor', 'invalid-params', 'denied', 'timed-out', 'limit', 'trap', 'worker-lost',
        'internal')),
    message TEXT,
    retryable INTEGER CHECK (retryable IN (0, 1)),
    retry_after INTEGER CHECK (retry_after >= 0),
    trace TEXT,
    CHECK (CASE WHEN summary IS NOT NULL
        THEN kind IS NULL AND message IS NULL AND retryable IS NULL AND retry_after IS NULL AND trace IS NULL
        ELSE kind IS NOT NULL AND message IS NOT NULL AND retryable IS NOT NULL
    END)
) STRICT;

-- Captured environments: private, shared by equal content, gone when the last task that uses one ends.
-- The content stands apart so that counting its uses does not rewrite it.
CREATE TABLE environments (
    environment INTEGER PRIMARY KEY AUTOINCREMENT,
    digest BLOB NOT NULL UNIQUE CHECK (length(digest) = 32),
    uses INTEGER NOT NULL CHECK (uses >= 0)
) STRICT;
CREATE TABLE environment_contents (
    environment INTEGER PRIMARY KEY REFERENCES environments (environment) ON DELETE CASCADE,
    content BLOB NOT NULL
) STRICT;

-- Every executor that was ever named by a task, how many of its tasks wait, and why they cannot go.
CREATE TABLE executors (
    executor TEXT PRIMARY KEY,
    pending INTEGER NOT NULL DEFAULT 0 CHECK (pending >= 0),
    blocked TEXT
) STRICT, WITHOUT ROWID;

-- One row, kept by triggers, so that nobody counts by reading.
CREATE TABLE counts (
    one INTEGER PRIMARY KEY CHECK (one = 1),
    pending INTEGER NOT NULL CHECK (pending >= 0),
    running INTEGER NOT NULL CHECK (running >= 0),
    completed INTEGER NOT NULL CHECK (completed >= 0),
    failed INTEGER NOT NULL CHECK (failed >= 0),
    cancelled INTEGER NOT NULL CHECK (cancelled >= 0),
    output INTEGER NOT NULL CHECK (output >= 0)
) STRICT;
INSERT INTO counts VALUES (1, 0, 0, 0, 0, 0, 0);

-- Whoever may hold claims. Whether it lives is said by its lock file, never by this row.
CREATE TABLE workers (
    worker TEXT PRIMARY KEY,
    kind TEXT NOT NULL CHECK (kind IN ('daemon', 'lazy')),
    registered INTEGER NOT NULL
) STRICT, WITHOUT ROWID;

-- What happened, for notifiers and hooks; AUTOINCREMENT, so that a number is never used twice.
CREATE TABLE events (
    event INTEGER PRIMARY KEY AUTOINCREMENT,
    at INTEGER NOT NULL,
    executor TEXT NOT NULL,
    seq INTEGER,
    id TEXT,
    session TEXT,
    state TEXT,
    reason TEXT,
    CHECK (CASE WHEN seq IS NULL
        THEN id IS NULL AND session IS NULL AND state IS NULL AND reason IS NOT NULL
        ELSE id IS NOT NULL AND state IN ('completed', 'failed', 'cancelled') AND reason IS NULL
    END)
) STRICT;
CREATE TABLE consumers (
    consumer TEXT PRIMARY KEY,
    event INTEGER NOT NULL
) STRICT, WITHOUT ROWID;

-- Ids of tasks that were pruned: never given out again.
CREATE TABLE retired_ids (
    id TEXT PRIMARY KEY
) STRICT, WITHOUT ROWID;

-- The stores of executors, and how many bytes each holds.
CREATE TABLE executor_state (
    executor TEXT NOT NULL,
    key TEXT NOT NULL,
    value BLOB NOT NULL,
    PRIMARY KEY (executor, key)
) STRICT;
CREATE TABLE executor_usage (
    executor TEXT PRIMARY KEY,
    bytes INTEGER NOT NULL CHECK (bytes >= 0)
) STRICT, WITHOUT ROWID;

CREATE TRIGGER task_accepted AFTER INSERT ON tasks BEGIN
    SELECT RAISE(ABORT, 'a task begins as pending') WHERE new.state <> 'pending' OR new.attempt <> 0;
    UPDATE counts SET pending = pending + 1;
    UPDATE executors SET pending = pending + 1 WHERE executor = new.executor;
    UPDATE environments SET uses = uses + 1 WHERE environment = new.environment;
END;

CREATE TRIGGER task_moved AFTER UPDATE OF state ON tasks WHEN old.state <> new.state BEGIN
    SELECT RAISE(ABORT, 'a final state is left')
    WHERE old.state NOT IN ('pending', 'running') OR (old.state = 'pending' AND new.state IN ('completed', 'failed'));
    SELECT RAISE(ABORT, 'a result is missing')
    WHERE new.state IN ('completed', 'failed') AND NOT EXISTS (SELECT 1 FROM results WHERE seq = new.seq);
    UPDATE counts SET
        pending = pending + (new.state = 'pending') - (old.state = 'pending'),
        running = running + (new.state = 'running') - (old.state = 'running'),
        completed = completed + (new.state = 'completed'),
        failed = failed + (new.state = 'failed'),
        cancelled = cancelled + (new.state = 'cancelled'),
        output = output + new.output - old.output;
    UPDATE executors SET pending = pending + (new.state = 'pending') - (old.state = 'pending')
    WHERE executor = new.executor;
END;

CREATE TRIGGER task_ended AFTER UPDATE OF state ON tasks
WHEN old.state <> new.state AND new.state IN ('completed', 'failed', 'cancelled') BEGIN
    INSERT INTO events (at, executor, seq, id, session, state)
    VALUES (new.finished, new.executor, new.seq, new.id, new.session, new.state);
    UPDATE environments SET uses = uses - 1 WHERE environment = old.environment;
    DELETE FROM environments WHERE environment = old.environment AND uses = 0;
END;

CREATE TRIGGER task_pruned AFTER DELETE ON tasks BEGIN
    SELECT RAISE(ABORT, 'only an ended task is pruned')
    WHERE old.state NOT IN ('completed', 'failed', 'cancelled');
    INSERT INTO retired_ids (id) VALUES (old.id);
    UPDATE counts SET
        completed = completed - (old.state = 'completed'),
        failed = failed - (old.state = 'failed'),
        cancelled = cancelled - (old.state = 'cancelled'),
        output = output - old.output;
END;

CREATE TRIGGER value_added AFTER INSERT ON executor_state BEGIN
    INSERT INTO executor_usage (executor, bytes)
    VALUES (new.executor, octet_length(new.key) + length(new.value))
    ON CONFLICT (executor) DO UPDATE SET bytes = bytes + excluded.bytes;
END;
CREATE TRIGGER value_changed AFTER UPDATE ON executor_state BEGIN
    UPDATE executor_usage SET bytes = bytes + length(new.value) - length(old.value) WHERE executor = new.executor;
END;
CREATE TRIGGER value_removed AFTER DELETE ON executor_state BEGIN
    UPDATE executor_usage SET bytes = bytes - octet_length(old.key) - length(old.value)
    WHERE executor = old.executor;
END;
