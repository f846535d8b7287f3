//! The real desktop sink over a real D-Bus session, with a little notification service on the
//! receiving side.
#![cfg(target_os = "linux")]

use hob_core::{
    Environment, Failure, FailureKind, NewTask, Notifications, Outcome, Priority, TaskId, TaskResult, Timestamp,
    WorkerId,
};
use hob_notify::{Channel, Desktop, Message, Notifier, Service as Found, Sink as _, Status, last_trouble, probe};
use hob_store::{Finished, Store, WorkerKind};
use std::{
    collections::HashMap,
    path::Path,
    process::Command,
    sync::mpsc,
    time::{Duration, Instant},
};
use zbus::OwnedVariant;

/// Far beyond what anything here takes.
const LONG: Duration = Duration::from_secs(30);
/// Set in the process that runs inside the session.
const INSIDE: &str = "HOB_TEST_INSIDE_SESSION";

/// Runs the test `name` once more, in a D-Bus session of its own: true in there.
fn in_session(name: &str) -> bool {
    if std::env::var_os(INSIDE).is_some() {
        return true;
    }
    let this = std::env::current_exe().expect("this program");
    let run = Command::new("dbus-run-session").arg("--").arg(this).args([name, "--exact"]).env(INSIDE, name).output();
    match run {
        Ok(output) => {
            let said = String::from_utf8_lossy(&output.stdout);
            let failed = format!("{said}\n{}", String::from_utf8_lossy(&output.stderr));
            assert!(output.status.success() && said.contains("1 passed"), "{failed}");
        }
        Err(error) => panic!("dbus-run-session: {error}; `cargo xtask test` installs it, or: apt-get install -y dbus"),
    }
    false
}

/// What the service was asked to show.
struct Shown {
    app: String,
    title: String,
    body: String,
    /// Nothing but words: no picture, action, hint or time of its own.
    plain: bool,
}

struct Service {
    name: &'static str,
    capabilities: &'static [&'static str],
    shown: mpsc::Sender<Shown>,
    /// Never answers.
    hangs: bool,
}

#[zbus::interface(name = "org.freedesktop.Notifications")]
impl Service {
    #[expect(clippy::too_many_arguments, reason = "the interface is the desktop's")]
    async fn notify(
        &self,
        app: String,
        replaces: u32,
        icon: String,
        title: String,
        body: String,
        actions: Vec<String>,
        hints: HashMap<String, OwnedVariant>,
        timeout: i32,
    ) -> u32 {
        let plain = replaces == 0 && icon.is_empty() && actions.is_empty() && hints.is_empty() && timeout == -1;
        let _ = self.shown.send(Shown { app, title, body, plain });
        if self.hangs {
            std::future::pending::<()>().await;
        }
        1
    }

    fn get_capabilities(&self) -> Vec<String> {
        self.capabilities.iter().copied().map(str::to_owned).collect()
    }

    fn get_server_information(&self) -> (String, String, String, String) {
        let [vendor, version, spec] = ["hob's tests", "1", "1.2"].map(str::to_owned);
        (self.name.to_owned(), vendor, version, spec)
    }
}

fn serve(capabilities: &'static [&'static str], hangs: bool) -> (zbus::Connection, mpsc::Receiver<Shown>) {
    let (tell, told) = mpsc::channel();
    let service = Service { name: "little\u{1b}[31m", capabilities, shown: tell, hangs };
    let connection = zbus::block_on(async {
        zbus::connection::Builder::session()
            .serve_at("/org/freedesktop/Notifications", service)
            .name("org.freedesktop.Notifications")
            .build()
            .await
    });
    (connection.expect("the service runs"), told)
}

fn end(store: &mut Store, name: &str, outcome: Outcome) {
    let id: TaskId = name.parse().expect("an id");
    let worker: WorkerId = "w1".parse().expect("an id");
    let task = NewTask {
        id: Some(id.clone()),
        executor: "explore".parse().expect("a name"),
        params: "{}".to_owned(),
        priority: Priority::Medium,
        cwd: "/".into(),
        environment: Environment::default(),
        timeout: None,
        session: None,
        retry_of: None,
    };
    let ended = store.change(|changes| {
        changes.submit(&[task], Timestamp(1_000))?;
        changes.register_worker(&worker, WorkerKind::Daemon, Timestamp(1_000))?;
        let claims = changes.claim(&worker, 5, 1, Timestamp(2_000))?;
        changes.finish(Finished { id, attempt: claims[0].attempt, outcome }, Timestamp(5_000))
    });
    ended.expect("the task ended");
}

fn complete(summary: &str) -> Outcome {
    Outcome::Completed(TaskResult { summary: summary.to_owned(), data: None })
}

/// What the settings say when nobody says anything.
fn desktop() -> Notifications {
    Notifications { desktop: true, gather: Duration::from_secs(2), ..Notifications::off() }
}

fn store(folder: &Path) -> Store {
    Store::open_for_worker(folder).expect("a store")
}

#[test]
fn f66_a_desktop_shows_what_ended_as_plain_text() {
    if !in_session("f66_a_desktop_shows_what_ended_as_plain_text") {
        return;
    }
    let (_service, shown) = serve(&["body", "body-markup"], false);
    let folder = tempfile::tempdir().expect("a folder");
    let mut store = store(folder.path());
    let notifier = Notifier::start(folder.path(), &desktop()).expect("started");

    end(&mut store, "search-1", complete("<img src=\"x\"/> \u{1b}[31m& \u{202e}more"));
    let first = shown.recv_timeout(LONG).expect("shown");
    assert_eq!(first.title, "Background task 'search-1' complete");
    assert_eq!(first.body, "explore, 3.0 s\n&lt;img src=\"x\"/&gt; &amp; more");
    assert_eq!((first.app.as_str(), first.plain), ("hob", true));

    let failure = Failure::new(FailureKind::Executor, "`cargo test` exited with code 101");
    end(&mut store, "tests", Outcome::Failed(failure));
    let second = shown.recv_timeout(LONG).expect("shown");
    assert_eq!(second.title, "Background task 'tests' failed");
    assert_eq!(second.body, "explore, 3.0 s\n`cargo test` exited with code 101");

    for n in 0..6 {
        end(&mut store, &format!("t{n}"), complete("done"));
    }
    assert_eq!(shown.recv_timeout(LONG).expect("shown").title, "6 background tasks complete");
    assert_eq!(notifier.status(Channel::Desktop), Status::Ready);
    notifier.finish(LONG);
    assert!(shown.try_recv().is_err(), "three messages for eight tasks");
}

#[test]
fn a_desktop_without_markup_gets_none() {
    if !in_session("a_desktop_without_markup_gets_none") {
        return;
    }
    let (_service, shown) = serve(&["body"], false);
    let message = Message { title: "t".to_owned(), body: "1 < 2 & 3".to_owned(), ..Message::default() };
    assert_eq!(Desktop::new().show(&message), Ok(()));
    assert_eq!(shown.recv_timeout(LONG).expect("shown").body, "1 < 2 & 3");
    assert_eq!(probe(LONG), Ok("little 1 (hob's tests)".to_owned()));
}

#[test]
fn f30_a_desktop_that_hangs_holds_nothing_up() {
    if !in_session("f30_a_desktop_that_hangs_holds_nothing_up") {
        return;
    }
    let (_service, shown) = serve(&["body"], true);
    let folder = tempfile::tempdir().expect("a folder");
    let mut store = store(folder.path());
    let notifier = Notifier::start(folder.path(), &desktop()).expect("started");
    end(&mut store, "t1", complete("done"));
    shown.recv_timeout(LONG).expect("asked");
    // Tasks go on meanwhile.
    end(&mut store, "t2", complete("done"));
    let deadline = Instant::now() + LONG;
    while !matches!(notifier.status(Channel::Desktop), Status::Failing { reason } if reason.contains("did not answer"))
    {
        assert!(Instant::now() < deadline, "{:?}", notifier.status(Channel::Desktop));
        std::thread::sleep(Duration::from_millis(10));
    }
    notifier.finish(LONG);
    assert!(Instant::now() < deadline);
}

#[test]
fn f30_a_session_without_a_service_says_so() {
    if !in_session("f30_a_session_without_a_service_says_so") {
        return;
    }
    let folder = tempfile::tempdir().expect("a folder");
    let mut store = store(folder.path());
    let notifier = Notifier::start(folder.path(), &desktop()).expect("started");
    end(&mut store, "t1", complete("done"));
    let deadline = Instant::now() + LONG;
    while !matches!(notifier.status(Channel::Desktop), Status::Failing { .. }) {
        assert!(Instant::now() < deadline);
        std::thread::sleep(Duration::from_millis(10));
    }
    let found = probe(LONG);
    assert!(matches!(&found, Err(Found::Missing(why)) if why.contains("org.freedesktop.Notifications")), "{found:?}");
    let noted = last_trouble(folder.path(), Channel::Desktop).expect("noted for whoever looks later");
    assert!(noted.reason.starts_with("nothing shows notifications in this D-Bus session"), "{noted:?}");
}

#[test]
fn f30_no_session_at_all_says_so() {
    if std::env::var_os(INSIDE).is_none() {
        let this = std::env::current_exe().expect("this program");
        let run = Command::new(this)
            .args(["f30_no_session_at_all_says_so", "--exact"])
            .env(INSIDE, "none")
            .env("DBUS_SESSION_BUS_ADDRESS", "unix:path=/nonexistent/bus")
            .output()
            .expect("run");
        assert!(run.status.success(), "{}", String::from_utf8_lossy(&run.stdout));
        return;
    }
    let message = Message { title: "t".to_owned(), ..Message::default() };
    let why = Desktop::new().show(&message).expect_err("nobody to show it");
    assert!(why.starts_with("there is no D-Bus session"), "{why}");
    let found = probe(LONG);
    assert!(matches!(found, Err(Found::NoBus(_))), "{found:?}");
}
