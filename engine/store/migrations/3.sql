-- What tasks of an executor were denied: the lines that grant it, each once, with when it was last. The host says it at
-- the end of an attempt, whatever the component made of the denial.
CREATE TABLE denials (
    executor TEXT NOT NULL,
    lines TEXT NOT NULL CHECK (length(lines) BETWEEN 1 AND 8192),
    at INTEGER NOT NULL,
    PRIMARY KEY (executor, lines)
) STRICT, WITHOUT ROWID;
