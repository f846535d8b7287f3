-- Executors whose attempts lose their worker: how often in a row, and since when it counts; those that are set aside
-- stay blocked until a person lets them go.
ALTER TABLE executors ADD COLUMN lost INTEGER NOT NULL DEFAULT 0 CHECK (lost >= 0);
ALTER TABLE executors ADD COLUMN lost_at INTEGER;
ALTER TABLE executors ADD COLUMN aside INTEGER NOT NULL DEFAULT 0
    CHECK (aside = 0 OR (aside = 1 AND blocked IS NOT NULL));
-- How many attempts of a task have lost their worker.
ALTER TABLE tasks ADD COLUMN lost INTEGER NOT NULL DEFAULT 0 CHECK (lost >= 0);

-- Tasks that were handed in from within another one, and the one from outside that all of it began with.
CREATE TABLE descents (
    seq INTEGER PRIMARY KEY REFERENCES tasks (seq) ON DELETE CASCADE,
    parent INTEGER NOT NULL,
    root INTEGER NOT NULL,
    depth INTEGER NOT NULL CHECK (depth > 0),
    at INTEGER NOT NULL
) STRICT;
CREATE INDEX descents_of ON descents (root, at);
