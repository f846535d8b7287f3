//! The schema and its versions.

use crate::error::{Error, Result};
use rusqlite::{Connection, TransactionBehavior};

/// Marks a database as hob's: "hobD" in ASCII.
pub(crate) const APPLICATION_ID: i32 = 0x686f_6244;

/// `MIGRATIONS[n]` leads from schema n to schema n + 1; a released one is never edited.
pub(crate) const MIGRATIONS: &[&str] = &[
    include_str!("migrations/1.sql"),
    include_str!("migrations/2.sql"),
    include_str!("migrations/3.sql"),
    include_str!("migrations/4.sql"),
];

/// The newest schema known here.
pub(crate) const CURRENT: u32 = {
    assert!(MIGRATIONS.len() < u32::MAX as usize);
    #[expect(clippy::cast_possible_truncation, reason = "asserted in the line above")]
    let current = MIGRATIONS.len() as u32;
    current
};

pub(crate) fn version(database: &Connection) -> Result<u32> {
    Ok(database.prepare_cached("PRAGMA user_version")?.query_row([], |row| row.get(0))?)
}

/// Applies what is missing, all of it in one transaction together with its number, so that a death in between leaves
/// the older schema as it was.
pub(crate) fn migrate(database: &mut Connection, migrations: &[&str]) -> Result<()> {
    let transaction = database.transaction_with_behavior(TransactionBehavior::Immediate)?;
    let from = version(&transaction)?;
    let known = u32::try_from(migrations.len()).unwrap_or(u32::MAX);
    let missing = usize::try_from(from).ok().and_then(|from| migrations.get(from..)).unwrap_or_default();
    if missing.is_empty() {
        return Ok(());
    }
    for migration in missing {
        transaction.execute_batch(migration)?;
    }
    transaction.pragma_update(None, "application_id", APPLICATION_ID)?;
    transaction.pragma_update(None, "user_version", known)?;
    transaction.commit().map_err(Error::of_commit)?;
    tracing::info!(from, to = known, "migrated the database");
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;
    use rusqlite::ErrorCode;

    fn fresh() -> Connection {
        let mut database = Connection::open_in_memory().expect("opens");
        migrate(&mut database, MIGRATIONS).expect("migrates");
        database
    }

    #[test]
    fn f10_a_migration_that_fails_leaves_the_older_schema() {
        let mut database = Connection::open_in_memory().expect("opens");
        migrate(&mut database, &MIGRATIONS[..1]).expect("migrates");
        let broken = [MIGRATIONS[0], "CREATE TABLE more (n INTEGER) STRICT; CREATE TABLE tasks (n INTEGER) STRICT;"];
        assert!(migrate(&mut database, &broken).is_err());
        assert_eq!(version(&database), Ok(1));
        assert!(database.prepare("SELECT n FROM more").is_err());
        let whole = [MIGRATIONS[0], "CREATE TABLE more (n INTEGER) STRICT;"];
        migrate(&mut database, &whole).expect("migrates");
        assert_eq!(version(&database), Ok(2));
        migrate(&mut database, &whole).expect("has nothing to do");
        assert_eq!(version(&database), Ok(2));
    }

    #[test]
    fn what_version_1_held_is_there_after_the_migration() {
        let mut database = Connection::open_in_memory().expect("opens");
        migrate(&mut database, &MIGRATIONS[..1]).expect("migrates");
        database
            .execute_batch(
                "PRAGMA foreign_keys = ON;
                INSERT INTO executors (executor, blocked) VALUES ('shell', NULL), ('explore', 'gone');
                INSERT INTO tasks (id, executor, priority, created, state, attempt)
                VALUES ('done', 'shell', 1, 0, 'pending', 0), ('stopped', 'shell', 1, 0, 'pending', 0),
                    ('waits', 'shell', 2, 0, 'pending', 0), ('blocked', 'explore', 0, 0, 'pending', 0);
                INSERT INTO inputs (seq, params, cwd) SELECT seq, '{}', x'2f' FROM tasks;
                INSERT INTO results (seq, summary) VALUES (1, 'ok');
                UPDATE tasks SET state = 'running', attempt = 1, worker = 'w', started = 1 WHERE seq = 1;
                UPDATE tasks SET state = 'completed', worker = NULL, finished = 2 WHERE seq = 1;
                UPDATE tasks SET state = 'cancelled', finished = 3 WHERE seq = 2;
                INSERT INTO events (at, executor, reason) VALUES (4, 'explore', 'gone');
                INSERT INTO consumers (consumer, event) VALUES ('desktop', 1);
                DELETE FROM events WHERE event = 3;",
            )
            .expect("is legal");
        let read = |database: &Connection, what: &str| {
            let sql = format!("SELECT group_concat(x, ' ' ORDER BY x) FROM (SELECT {what})");
            database.query_row(&sql, [], |row| row.get::<_, String>(0)).expect(what)
        };
        migrate(&mut database, MIGRATIONS).expect("migrates");
        assert_eq!(
            read(&database, "id || ':' || state || ':' || waits AS x FROM tasks"),
            "blocked:pending:0 done:completed:0 stopped:cancelled:0 waits:pending:0"
        );
        assert_eq!(
            read(&database, "executor || ':' || pending || ':' || waiting AS x FROM executors"),
            "explore:1:0 shell:1:0"
        );
        assert_eq!(
            read(&database, "event || ':' || id || ':' || state AS x FROM events"),
            "1:done:completed 2:stopped:cancelled"
        );
        // The number of the event that was removed is not used again.
        database.execute_batch("UPDATE tasks SET state = 'cancelled', finished = 5 WHERE id = 'waits'").expect("moves");
        assert_eq!(read(&database, "event || '' AS x FROM events"), "1 2 4");
        assert_eq!(read(&database, "name AS x FROM sqlite_sequence WHERE name LIKE 'events%'"), "events");
        assert_eq!(read(&database, "count(*) || '' AS x FROM pragma_foreign_key_check"), "0");
        assert_eq!(read(&database, "quick_check AS x FROM pragma_quick_check"), "ok");
    }

    #[track_caller]
    fn check(statement: &str, legal: bool) {
        let database = fresh();
        database
            .execute_batch(
                "INSERT INTO executors (executor) VALUES ('shell');
                INSERT INTO tasks (id, executor, priority, created, state, attempt)
                VALUES ('it', 'shell', 1, 0, 'pending', 0);",
            )
            .expect("is legal");
        match database.execute_batch(statement) {
            Ok(()) => assert!(legal, "{statement}"),
            Err(error) => {
                assert_eq!(error.sqlite_error_code(), Some(ErrorCode::ConstraintViolation), "{statement}: {error}");
                assert!(!legal, "{statement}: {error}");
            }
        }
    }

    const RUN: &str = "UPDATE tasks SET state = 'running', attempt = 1, worker = 'w', started = 1;";
    const END: &str = "INSERT INTO results (seq, summary) VALUES (1, 'ok');
        UPDATE tasks SET state = 'completed', worker = NULL, finished = 2;";

    #[test]
    fn the_schema_repeats_the_rules_of_the_states() {
        let after = |first: &str, second: &str| format!("{first} {second}");
        check(RUN, true);
        check(&after(RUN, END), true);
        check("UPDATE tasks SET state = 'cancelled', finished = 2", true);
        // Half a state.
        check("UPDATE tasks SET state = 'running', attempt = 1, started = 1", false);
        check("UPDATE tasks SET state = 'running', worker = 'w', started = 1", false);
        check("UPDATE tasks SET worker = 'w'", false);
        check("UPDATE tasks SET finished = 2", false);
        check("UPDATE tasks SET progress = '{}'", false);
        check(&after(RUN, "UPDATE tasks SET finished = 2"), false);
        check(&after(RUN, "UPDATE tasks SET progress = 'no json'"), false);
        check("UPDATE tasks SET state = 'cancelled'", false);
        check("UPDATE tasks SET state = 'unheard-of'", false);
        // Ways that there are not.
        check(END, false);
        check(&after(RUN, "UPDATE tasks SET state = 'completed', worker = NULL, finished = 2"), false);
        let ended = after(RUN, END);
        check(&after(&ended, "UPDATE tasks SET state = 'pending', started = NULL, finished = NULL"), false);
        check(&after(&ended, "UPDATE tasks SET state = 'failed'"), false);
        check("DELETE FROM tasks", false);
        check(&after(&ended, "DELETE FROM tasks"), true);
        // A task is born pending, for an executor that has a queue.
        let birth = |executor: &str, state: &str| {
            format!(
                "INSERT INTO tasks (id, executor, priority, created, state, attempt, finished)
                VALUES ('new', '{executor}', 1, 0, '{state}', 0, {})",
                if state == "pending" { "NULL" } else { "1" }
            )
        };
        check(&birth("shell", "pending"), true);
        check(&birth("nobody", "pending"), false);
        check(&birth("shell", "cancelled"), false);
    }
}
