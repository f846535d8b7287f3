-- Groups: tasks that are handed in together, some of which wait for the results of others.

CREATE TABLE groups (
    grp INTEGER PRIMARY KEY AUTOINCREMENT,
    id TEXT NOT NULL UNIQUE CHECK (length(id) BETWEEN 1 AND 64),
    preset TEXT NOT NULL,
    input TEXT NOT NULL,
    -- How many members have to complete; NULL is all of them.
    least INTEGER CHECK (least >= 0),
    result TEXT,
    cwd BLOB NOT NULL,
    session TEXT,
    retry_of TEXT,
    created INTEGER NOT NULL,
    finished INTEGER,
    -- Its members by state, those that were pruned included; kept by triggers.
    pending INTEGER NOT NULL DEFAULT 0 CHECK (pending >= 0),
    running INTEGER NOT NULL DEFAULT 0 CHECK (running >= 0),
    completed INTEGER NOT NULL DEFAULT 0 CHECK (completed >= 0),
    failed INTEGER NOT NULL DEFAULT 0 CHECK (failed >= 0),
    cancelled INTEGER NOT NULL DEFAULT 0 CHECK (cancelled >= 0),
    CHECK (finished IS NULL OR (pending = 0 AND running = 0))
) STRICT;

-- A task that a later group keeps is a member of both. A member whose task was pruned stays by name.
CREATE TABLE members (
    grp INTEGER NOT NULL REFERENCES groups (grp) ON DELETE CASCADE,
    position INTEGER NOT NULL,
    name TEXT NOT NULL,
    seq INTEGER REFERENCES tasks (seq) ON DELETE SET NULL,
    -- The parameters as they were before the results of other members went into them.
    template TEXT,
    PRIMARY KEY (grp, position),
    UNIQUE (grp, name)
) STRICT, WITHOUT ROWID;
CREATE INDEX member_tasks ON members (seq);

-- Which member waits for which, by their positions.
CREATE TABLE needs (
    grp INTEGER NOT NULL REFERENCES groups (grp) ON DELETE CASCADE,
    position INTEGER NOT NULL,
    needed INTEGER NOT NULL,
    PRIMARY KEY (grp, position, needed),
    CHECK (position <> needed)
) STRICT, WITHOUT ROWID;
CREATE INDEX dependants ON needs (grp, needed, position);

-- The group that a task was made for and its place there, and how many of its needs have not completed.
ALTER TABLE tasks ADD COLUMN grp INTEGER REFERENCES groups (grp);
ALTER TABLE tasks ADD COLUMN position INTEGER CHECK ((position IS NULL) = (grp IS NULL));
ALTER TABLE tasks ADD COLUMN waits INTEGER NOT NULL DEFAULT 0
    CHECK (waits >= 0 AND (waits = 0 OR state IN ('pending', 'cancelled')));
-- Why it was cancelled, where nobody asked for it.
ALTER TABLE tasks ADD COLUMN reason TEXT CHECK (reason IS NULL OR state = 'cancelled');
CREATE INDEX group_tasks ON tasks (grp) WHERE grp IS NOT NULL;

-- What waits for others is in no queue.
DROP INDEX pending_tasks;
CREATE INDEX pending_tasks ON tasks (executor, priority DESC, seq) WHERE state = 'pending' AND waits = 0;
CREATE INDEX waiting_tasks ON tasks (seq) WHERE state = 'pending' AND waits > 0;
ALTER TABLE executors ADD COLUMN waiting INTEGER NOT NULL DEFAULT 0 CHECK (waiting BETWEEN 0 AND pending);

DROP TRIGGER task_accepted;
CREATE TRIGGER task_accepted AFTER INSERT ON tasks BEGIN
    SELECT RAISE(ABORT, 'a task begins as pending') WHERE new.state <> 'pending' OR new.attempt <> 0;
    UPDATE counts SET pending = pending + 1;
    UPDATE executors SET pending = pending + 1, waiting = waiting + (new.waits > 0) WHERE executor = new.executor;
    UPDATE environments SET uses = uses + 1 WHERE environment = new.environment;
END;

DROP TRIGGER task_moved;
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
    UPDATE executors SET
        pending = pending + (new.state = 'pending') - (old.state = 'pending'),
        waiting = waiting + (new.state = 'pending' AND new.waits > 0) - (old.state = 'pending' AND old.waits > 0)
    WHERE executor = new.executor;
    UPDATE groups SET
        pending = pending + (new.state = 'pending') - (old.state = 'pending'),
        running = running + (new.state = 'running') - (old.state = 'running'),
        completed = completed + (new.state = 'completed'),
        failed = failed + (new.state = 'failed'),
        cancelled = cancelled + (new.state = 'cancelled')
    WHERE grp = new.grp;
END;

CREATE TRIGGER task_waits AFTER UPDATE OF waits ON tasks
WHEN new.state = 'pending' AND (old.waits > 0) <> (new.waits > 0) BEGIN
    UPDATE executors SET waiting = waiting + (new.waits > 0) - (old.waits > 0) WHERE executor = new.executor;
END;

CREATE TRIGGER member_added AFTER INSERT ON members BEGIN
    UPDATE groups SET
        pending = pending + (t.state = 'pending'),
        running = running + (t.state = 'running'),
        completed = completed + (t.state = 'completed'),
        failed = failed + (t.state = 'failed'),
        cancelled = cancelled + (t.state = 'cancelled')
    FROM (SELECT state FROM tasks WHERE seq = new.seq) t
    WHERE grp = new.grp;
END;

-- A group is there for as long as one of its members is.
CREATE TRIGGER member_pruned AFTER UPDATE OF seq ON members WHEN new.seq IS NULL BEGIN
    DELETE FROM groups WHERE grp = new.grp
        AND NOT EXISTS (SELECT 1 FROM members WHERE grp = new.grp AND seq IS NOT NULL);
END;
CREATE TRIGGER group_pruned AFTER DELETE ON groups BEGIN
    SELECT RAISE(ABORT, 'only a group that is over is pruned') WHERE old.finished IS NULL;
    INSERT INTO retired_ids (id) VALUES (old.id);
END;

-- Events of groups, and of which group a task is that ended. The numbers go on where they were.
DROP TRIGGER task_ended;
CREATE TABLE events_of_all (
    event INTEGER PRIMARY KEY AUTOINCREMENT,
    at INTEGER NOT NULL,
    executor TEXT,
    seq INTEGER,
    id TEXT,
    session TEXT,
    state TEXT,
    reason TEXT,
    -- The id of the group that the task was made for.
    member_of TEXT,
    -- Of a group: its preset, and how many members ended how.
    preset TEXT,
    completed INTEGER,
    failed INTEGER,
    cancelled INTEGER,
    CHECK (CASE
        WHEN preset IS NOT NULL
        THEN executor IS NULL AND seq IS NULL AND id IS NOT NULL AND state IN ('completed', 'failed', 'cancelled')
            AND reason IS NULL AND member_of IS NULL
            AND completed IS NOT NULL AND failed IS NOT NULL AND cancelled IS NOT NULL
        WHEN seq IS NULL
        THEN executor IS NOT NULL AND id IS NULL AND session IS NULL AND state IS NULL AND reason IS NOT NULL
            AND member_of IS NULL AND completed IS NULL AND failed IS NULL AND cancelled IS NULL
        ELSE executor IS NOT NULL AND id IS NOT NULL AND state IN ('completed', 'failed', 'cancelled')
            AND reason IS NULL AND completed IS NULL AND failed IS NULL AND cancelled IS NULL
    END)
) STRICT;
INSERT INTO events_of_all (event, at, executor, seq, id, session, state, reason)
SELECT event, at, executor, seq, id, session, state, reason FROM events;
DELETE FROM sqlite_sequence WHERE name = 'events_of_all';
INSERT INTO sqlite_sequence (name, seq) SELECT 'events_of_all', seq FROM sqlite_sequence WHERE name = 'events';
DROP TABLE events;
ALTER TABLE events_of_all RENAME TO events;

CREATE TRIGGER task_ended AFTER UPDATE OF state ON tasks
WHEN old.state <> new.state AND new.state IN ('completed', 'failed', 'cancelled') BEGIN
    INSERT INTO events (at, executor, seq, id, session, state, member_of)
    VALUES (new.finished, new.executor, new.seq, new.id, new.session, new.state,
        (SELECT id FROM groups WHERE grp = new.grp));
    UPDATE environments SET uses = uses - 1 WHERE environment = old.environment;
    DELETE FROM environments WHERE environment = old.environment AND uses = 0;
END;
