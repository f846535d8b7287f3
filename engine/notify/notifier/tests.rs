use super::*;
use crate::{drain::PACE, message::Message, trouble::last_trouble};
use hob_core::{
    Environment, Failure, FailureKind, Join, MemberTask, NewGroup, NewMember, NewTask, Outcome, Priority, TaskId,
    TaskResult, Timestamp, WorkerId,
};
use hob_store::{Finished, WorkerKind};

/// A store in which tasks end, and a sink that hands on what it is shown.
struct Scene {
    folder: tempfile::TempDir,
    store: Store,
}

impl Scene {
    fn new() -> Self {
        let folder = tempfile::tempdir().expect("a folder");
        let store = Store::open_for_worker(&folder.path().join("state")).expect("a store");
        Self { folder, store }
    }

    fn state(&self) -> std::path::PathBuf {
        self.folder.path().join("state")
    }

    fn end(&mut self, name: &str, outcome: Outcome) {
        let id: TaskId = name.parse().expect("an id");
        let worker: WorkerId = "w1".parse().expect("an id");
        let task = task(name);
        let ended = self.store.change(|changes| {
            changes.submit(&[task], Timestamp(1_000))?;
            changes.register_worker(&worker, WorkerKind::Daemon, Timestamp(1_000))?;
            let claims = changes.claim(&worker, 5, 1, Timestamp(2_000))?;
            changes.finish(Finished { id, attempt: claims[0].attempt, outcome }, Timestamp(5_000))
        });
        ended.expect("the task ended");
    }

    fn complete(&mut self, name: &str) {
        self.end(name, Outcome::Completed(TaskResult { summary: "<b>12</b> hits".to_owned(), data: None }));
    }

    /// A group of two that completes.
    fn complete_group(&mut self, name: &str) {
        let id: TaskId = name.parse().expect("an id");
        let member = |text: &str| NewMember {
            name: text.parse().expect("a name"),
            needs: Vec::new(),
            task: MemberTask::New(Box::new(task(&format!("{name}-{text}")))),
        };
        let group = NewGroup {
            id,
            preset: "research".parse().expect("a name"),
            input: String::new(),
            join: Join::All,
            result: None,
            cwd: "/".into(),
            session: None,
            retry_of: None,
            members: vec![member("docs"), member("code")],
        };
        self.store.submit_group(&group, Timestamp(1_000)).expect("accepted");
        let worker: WorkerId = "w1".parse().expect("an id");
        self.store.register_worker(&worker, WorkerKind::Daemon, Timestamp(1_000)).expect("signs on");
        for claim in self.store.claim(&worker, 5, 5, Timestamp(2_000)).expect("claims") {
            let outcome = Outcome::Completed(TaskResult { summary: "said".to_owned(), data: None });
            let end = Finished { id: claim.task.id, attempt: claim.attempt, outcome };
            self.store.finish(end, Timestamp(5_000)).expect("ends");
        }
    }

    fn backlog(&self, channel: Channel) -> usize {
        self.store.view(|view| view.events_since(channel.consumer(), 100)).expect("the consumer is there").len()
    }
}

fn task(name: &str) -> NewTask {
    NewTask {
        id: Some(name.parse().expect("an id")),
        executor: "explore".parse().expect("a name"),
        params: "{}".to_owned(),
        priority: Priority::Medium,
        cwd: "/".into(),
        environment: Environment::default(),
        timeout: None,
        session: None,
        retry_of: None,
    }
}

type Shows = Box<dyn Fn(&Message) -> Result<(), String> + Send>;

struct Probe(mpsc::Sender<Message>, Shows);

impl Sink for Probe {
    fn show(&mut self, message: &Message) -> Result<(), String> {
        let _ = self.0.send(message.clone());
        (self.1)(message)
    }
}

fn probe(shows: Shows) -> (Box<dyn Sink>, mpsc::Receiver<Message>) {
    let (tell, told) = mpsc::channel();
    (Box::new(Probe(tell, shows)), told)
}

fn pleased() -> (Box<dyn Sink>, mpsc::Receiver<Message>) {
    probe(Box::new(|_| Ok(())))
}

/// The desktop and nobody else is told, of everything.
fn desktop() -> Notifications {
    Notifications { desktop: true, gather: Duration::from_millis(20), ..Notifications::off() }
}

/// As it starts, but with this sink.
fn begin(scene: &Scene, told: &Notifications, sink: Box<dyn Sink>) -> Notifier {
    with_terms(scene, told, sink, desktop::TERMS)
}

fn with_terms(scene: &Scene, told: &Notifications, sink: Box<dyn Sink>, terms: Terms) -> Notifier {
    let telling = (Channel::Desktop, sink, terms);
    Notifier::launch(&scene.state(), told, Program::default(), vec![telling]).expect("started")
}

/// Far beyond what anything here takes.
const LONG: Duration = Duration::from_secs(30);

#[track_caller]
fn until(mut reached: impl FnMut() -> bool) {
    let deadline = std::time::Instant::now() + LONG;
    while !reached() {
        assert!(std::time::Instant::now() < deadline, "it does not come to that");
        std::thread::sleep(Duration::from_millis(5));
    }
}

#[test]
fn what_ends_is_told_once() {
    let mut scene = Scene::new();
    let (sink, told) = pleased();
    let notifier = begin(&scene, &desktop(), sink);
    scene.complete("search-1");
    let message = told.recv_timeout(LONG).expect("a message");
    assert_eq!(message.title, "Background task 'search-1' complete");
    assert_eq!(message.body, "explore, 3.0 s\n<b>12</b> hits");

    scene.end("docs-1", Outcome::Failed(Failure::new(FailureKind::Executor, "the page is not there")));
    let message = told.recv_timeout(LONG).expect("a message");
    assert_eq!(message.title, "Background task 'docs-1' failed");
    assert_eq!(message.body, "explore, 3.0 s\nthe page is not there");

    scene.end("stopped", Outcome::Cancelled);
    notifier.finish(LONG);
    assert!(told.try_recv().is_err(), "whoever cancels a task knows");
    assert_eq!(scene.backlog(Channel::Desktop), 0);
}

#[test]
fn a_group_is_told_once_and_its_members_are_not() {
    let mut scene = Scene::new();
    let (sink, told) = pleased();
    let notifier = begin(&scene, &desktop(), sink);
    scene.complete_group("research-x7k2m");
    let message = told.recv_timeout(LONG).expect("a message");
    assert_eq!(message.title, "Background group 'research-x7k2m' complete");
    assert_eq!(message.body, "research, 4.0 s\n2 of 2 tasks completed");
    notifier.finish(LONG);
    assert!(told.try_recv().is_err(), "not one by one");
}

#[test]
fn what_ends_while_gathering_goes_into_one() {
    let mut scene = Scene::new();
    let (sink, told) = pleased();
    let notifier = begin(&scene, &Notifications { gather: LONG, ..desktop() }, sink);
    for n in 0..3 {
        scene.complete(&format!("t{n}"));
        // Longer than one look at the outbox takes to follow another.
        let early = told.recv_timeout(3 * PACE);
        assert!(early.is_err(), "told of {n} before the time for gathering was over: {early:?}");
    }
    notifier.finish(LONG);
    assert_eq!(told.recv_timeout(LONG).expect("a message").title, "3 background tasks complete");
    assert!(told.try_recv().is_err(), "one message for all of them");
}

#[test]
fn what_ended_in_between_is_told_at_the_next_start() {
    let mut scene = Scene::new();
    let (sink, _told) = pleased();
    scene.complete("before-anybody-listened");
    begin(&scene, &desktop(), sink).finish(LONG);
    scene.complete("in-between");
    let (sink, told) = pleased();
    let notifier = begin(&scene, &desktop(), sink);
    notifier.finish(LONG);
    let titles: Vec<_> = told.iter().map(|message| message.title).collect();
    assert_eq!(titles, ["Background task 'in-between' complete"]);
}

#[test]
fn of_two_notifiers_one_tells() {
    let mut scene = Scene::new();
    let (one, told_one) = pleased();
    let (two, told_two) = pleased();
    let one = begin(&scene, &desktop(), one);
    let two = begin(&scene, &desktop(), two);
    for n in 0..20 {
        scene.complete(&format!("t{n}"));
    }
    one.finish(LONG);
    two.finish(LONG);
    let titles: Vec<_> = told_one.iter().chain(told_two.iter()).map(|message| message.title).collect();
    let count = |title: &String| title.split(' ').next().and_then(|number| number.parse().ok()).unwrap_or(1);
    assert_eq!(titles.iter().map(count).sum::<u32>(), 20, "{titles:?}");
}

#[test]
fn off_is_silent_and_keeps_nothing() {
    let mut scene = Scene::new();
    let (sink, told) = pleased();
    let notifier = begin(&scene, &Notifications::off(), sink);
    assert_eq!(notifier.status(Channel::Desktop), Status::Off);
    scene.complete("unheard");
    let kept = |scene: &Scene| scene.store.view(|view| view.events_since(Channel::Desktop.consumer(), 1));
    assert!(matches!(kept(&scene), Err(hob_store::Error::UnknownConsumer { .. })), "the outbox keeps nothing for it");

    notifier.follow(&desktop());
    until(|| notifier.status(Channel::Desktop) == Status::Ready && kept(&scene).is_ok());
    scene.complete("heard");
    assert_eq!(told.recv_timeout(LONG).expect("a message").title, "Background task 'heard' complete");

    notifier.follow(&Notifications::off());
    until(|| notifier.status(Channel::Desktop) == Status::Off);
    notifier.finish(LONG);
    assert!(told.try_recv().is_err());
}

#[test]
fn executors_priorities_and_times_are_chosen() {
    for (told, heard) in [
        (Notifications { silent: ["explore".parse().expect("a name")].into(), ..desktop() }, false),
        (Notifications { silent: ["shell".parse().expect("a name")].into(), ..desktop() }, true),
        (Notifications { priorities: [Priority::High, Priority::Low].into(), ..desktop() }, false),
        (Notifications { priorities: [Priority::Medium].into(), ..desktop() }, true),
        (Notifications { min_duration: Duration::from_millis(4_001), ..desktop() }, false),
        (Notifications { min_duration: Duration::from_secs(3), ..desktop() }, true),
    ] {
        let mut scene = Scene::new();
        let (sink, titles) = pleased();
        let notifier = begin(&scene, &Notifications { gather: LONG, ..told.clone() }, sink);
        scene.complete("search-1");
        scene.complete_group("research-x7k2m");
        notifier.finish(LONG);
        assert_eq!(titles.iter().count(), usize::from(heard), "{told:?}");
        assert_eq!(scene.backlog(Channel::Desktop), 0, "what is not told is dealt with too");
    }
}

#[test]
fn a_channel_that_hangs_holds_no_other_up() {
    let mut scene = Scene::new();
    let (release, held) = mpsc::channel::<()>();
    let (hangs, asked) = probe(Box::new(move |_| held.recv().map_err(|error| error.to_string())));
    let (sink, told) = pleased();
    let both = Notifications { command: vec!["notify-me".to_owned()], ..desktop() };
    let tellings: Vec<Telling> =
        vec![(Channel::Command, hangs, command::TERMS), (Channel::Desktop, sink, desktop::TERMS)];
    let notifier = Notifier::launch(&scene.state(), &both, Program::default(), tellings).expect("started");
    scene.complete("t1");
    asked.recv_timeout(LONG).expect("the one that hangs is asked");
    scene.complete("t2");
    let mut titles: Vec<_> = told.recv_timeout(LONG).into_iter().map(|message| message.title).collect();
    if !titles.join(" ").contains("2 background tasks") {
        titles.push(told.recv_timeout(LONG).expect("the other one goes on").title);
    }
    drop(release);
    notifier.finish(LONG);
    assert!(last_trouble(&scene.state(), Channel::Desktop).is_none(), "{titles:?}");
}

#[test]
fn f30_a_sink_that_fails_says_why_and_is_left_alone() {
    let mut scene = Scene::new();
    let (sink, told) = probe(Box::new(|_| Err("no desktop here".to_owned())));
    let notifier = begin(&scene, &desktop(), sink);
    scene.complete("t1");
    until(|| notifier.status(Channel::Desktop) == Status::Failing { reason: "no desktop here".to_owned() });
    scene.complete("t2");
    until(|| scene.backlog(Channel::Desktop) == 0);
    notifier.finish(LONG);
    assert_eq!(told.iter().count(), 1, "it was not asked again");
    let trouble = last_trouble(&scene.state(), Channel::Desktop).expect("it is noted");
    assert_eq!(trouble.reason, "no desktop here");
}

#[test]
fn what_ends_while_a_channel_rests_can_wait() {
    let mut scene = Scene::new();
    let (fail, fails) = mpsc::channel::<bool>();
    let (sink, told) =
        probe(Box::new(move |_| if fails.try_recv() == Ok(true) { Err("not now".to_owned()) } else { Ok(()) }));
    let terms = Terms { patience: LONG, rest: |_| Duration::from_millis(500), keeps: true };
    let notifier = with_terms(&scene, &desktop(), sink, terms);
    fail.send(true).expect("sent");
    scene.complete("t1");
    until(|| matches!(notifier.status(Channel::Desktop), Status::Failing { .. }));
    scene.complete("t2");
    scene.complete("t3");
    let titles: Vec<_> = (0..2).map(|_| told.recv_timeout(LONG).expect("a message").title).collect();
    assert_eq!(titles, ["Background task 't1' complete", "2 background tasks complete"]);
    until(|| notifier.status(Channel::Desktop) == Status::Ready);
    assert_eq!(last_trouble(&scene.state(), Channel::Desktop), None);
    notifier.finish(LONG);
}

#[test]
fn f30_a_sink_that_crashes_or_hangs_costs_a_message() {
    let (release, held) = mpsc::channel::<()>();
    let short = Duration::from_millis(50);
    for (shows, patience, expect) in [
        (Box::new(|_: &Message| -> Result<(), String> { panic!("on purpose") }) as Shows, LONG, "crashed"),
        (
            Box::new(move |_: &Message| held.recv().map_err(|error| error.to_string())),
            short,
            "did not answer within 50ms",
        ),
    ] {
        let mut scene = Scene::new();
        let (sink, told) = probe(shows);
        let terms = Terms { patience, rest: |_| Duration::ZERO, keeps: false };
        let notifier = with_terms(&scene, &Notifications { gather: Duration::ZERO, ..desktop() }, sink, terms);
        scene.complete("t1");
        told.recv_timeout(LONG).expect("the sink was asked");
        until(|| matches!(notifier.status(Channel::Desktop), Status::Failing { reason } if reason.contains(expect)));
        scene.complete("t2");
        notifier.finish(LONG);
        assert_eq!(scene.backlog(Channel::Desktop), 0, "what could not be shown is not kept");
    }
    drop(release);
}

#[test]
fn f17_a_state_folder_that_goes_away_ends_it() {
    let scene = Scene::new();
    let (sink, _told) = pleased();
    let notifier = begin(&scene, &desktop(), sink);
    std::fs::remove_dir_all(scene.state()).expect("removed");
    until(|| matches!(notifier.ended.try_recv(), Err(mpsc::TryRecvError::Disconnected)));
    assert!(!scene.state().exists(), "nothing was made anew");
}
