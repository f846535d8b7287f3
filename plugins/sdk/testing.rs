//! A world for unit tests: what a task finds there, and what it did.
//!
//! An executor runs in it on the machine itself, without hob and without WebAssembly. What the world was not given is
//! denied, as what is not granted is. Files are real, below a temporary folder; programs and web pages are functions or
//! fixed answers, or real programs; searches follow the rules that the host's follow.
//!
//! What the world does not do: hold parameters against the schema, limit time and memory, and give a program its input
//! bit by bit: a program runs, from its start to its end, when something asks for what came of it.
//! `hob plugin test` does all that with the component itself.

mod answer;
mod folder;
pub(crate) mod host;
mod program;
mod search;

use crate::{
    Executor, Failure, Success, TaskError,
    bindings::hob::plugin::{context::Level, types},
    error::{executor, set_executor},
    executor::typed,
};
pub use answer::{Answer, Asked};
use folder::Folder;
use program::Program;
pub use program::{Call, Ended};
use serde_json::Value;
use std::{
    cell::{Cell, RefCell},
    collections::BTreeMap,
    path::Path,
    rc::Rc,
    sync::{
        Arc,
        atomic::{AtomicBool, Ordering},
    },
};

/// Where a task runs in a test.
#[derive(Clone)]
pub struct World(Rc<Inner>);

pub(crate) struct Inner {
    folder: Folder,
    has_folder: Cell<bool>,
    pages: RefCell<Vec<(String, answer::Page)>>,
    programs: RefCell<BTreeMap<String, Program>>,
    state: RefCell<Option<BTreeMap<String, Vec<u8>>>>,
    settings: RefCell<Value>,
    meta: RefCell<Vec<(String, String)>>,
    switch: Switch,
    cancel_at: RefCell<Option<String>>,
    said: RefCell<Said>,
}

/// What a task said on its way.
#[derive(Clone, Debug, Default)]
struct Said {
    output: Vec<u8>,
    progress: Vec<(Option<f64>, String)>,
    log: Vec<(Level, String)>,
    artifacts: BTreeMap<String, Artifact>,
}

/// A file that stays with the task.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Artifact {
    /// Its type, such as `text/html`.
    pub media_type: String,
    /// What is in it.
    pub bytes: Vec<u8>,
}

/// Asks the task to stop. May be taken into a program or a web page of the world.
#[derive(Clone, Debug, Default)]
pub struct Switch(Arc<AtomicBool>);

impl Switch {
    /// From now on the task is asked to stop.
    pub fn cancel(&self) {
        self.0.store(true, Ordering::SeqCst);
    }

    fn is_on(&self) -> bool {
        self.0.load(Ordering::SeqCst)
    }
}

/// What came of a task.
#[derive(Clone, Debug)]
pub struct Ran<D> {
    /// What it returned.
    pub result: Result<Success<D>, TaskError>,
    /// What it wrote to its output, with what its programs did.
    pub output: String,
    /// What it said about how far it is.
    pub progress: Vec<(Option<f64>, String)>,
    /// What it wrote to hob's log.
    pub log: Vec<(Level, String)>,
    /// The artifacts that it finished, by name.
    pub artifacts: BTreeMap<String, Artifact>,
}

impl<D> Ran<D> {
    /// The failure, where it is one.
    pub fn failure(&self) -> Option<&Failure> {
        match &self.result {
            Err(TaskError::Failed(failure)) => Some(failure),
            _ => None,
        }
    }
}

thread_local! {
    static CURRENT: RefCell<Option<World>> = const { RefCell::new(None) };
}

impl Default for World {
    fn default() -> Self {
        Self::new()
    }
}

impl World {
    /// With an empty folder, and nothing else.
    pub fn new() -> Self {
        Self(Rc::new(Inner {
            folder: Folder::new(),
            has_folder: Cell::new(true),
            pages: RefCell::default(),
            programs: RefCell::default(),
            state: RefCell::default(),
            settings: RefCell::new(Value::Object(serde_json::Map::new())),
            meta: RefCell::default(),
            switch: Switch::default(),
            cancel_at: RefCell::default(),
            said: RefCell::default(),
        }))
    }

    /// A file in the task's folder, with the folders above it.
    #[must_use]
    pub fn file(self, path: &str, contents: impl AsRef<[u8]>) -> Self {
        self.0.folder.write(path, contents.as_ref());
        self
    }

    /// The task's folder is not granted.
    #[must_use]
    pub fn without_folder(self) -> Self {
        self.0.has_folder.set(false);
        self
    }

    /// The task's folder on this machine.
    pub fn folder(&self) -> &Path {
        self.0.folder.path()
    }

    /// What a web server answers to whoever asks for this address: a text is a page, an [`Answer`] says more.
    #[must_use]
    pub fn page(self, url: &str, answer: impl Into<Answer>) -> Self {
        let answer = answer.into();
        self.answers(url, move |_| answer.clone())
    }

    /// The same, by a function.
    #[must_use]
    pub fn answers(self, url: &str, answer: impl Fn(&Asked) -> Answer + 'static) -> Self {
        self.0.pages.borrow_mut().push((url.to_owned(), Rc::new(answer)));
        self
    }

    /// A program: a function of how it was called.
    #[must_use]
    pub fn program(self, name: &str, run: impl Fn(&Call) -> Ended + 'static) -> Self {
        self.0.programs.borrow_mut().insert(name.to_owned(), Rc::new(run));
        self
    }

    /// The program of that name on this machine.
    #[must_use]
    pub fn real_program(self, name: &str) -> Self {
        self.program(name, program::really)
    }

    /// A store that outlives the task; it stays with the world.
    #[must_use]
    pub fn store(self) -> Self {
        self.0.state.borrow_mut().get_or_insert_default();
        self
    }

    /// Something that is kept in the store already.
    #[must_use]
    pub fn kept(self, key: &str, value: impl AsRef<[u8]>) -> Self {
        let store = self.store();
        store.0.state.borrow_mut().get_or_insert_default().insert(key.to_owned(), value.as_ref().to_vec());
        store
    }

    /// What is kept in the store by that key.
    pub fn stored(&self, key: &str) -> Option<Vec<u8>> {
        self.0.state.borrow().as_ref()?.get(key).cloned()
    }

    /// `[executors.NAME.settings]`.
    #[must_use]
    pub fn settings(self, settings: Value) -> Self {
        *self.0.settings.borrow_mut() = settings;
        self
    }

    /// What the engine says besides, such as `shell`.
    #[must_use]
    pub fn meta(self, name: &str, value: &str) -> Self {
        self.0.meta.borrow_mut().push((name.to_owned(), value.to_owned()));
        self
    }

    /// Asks the task to stop when it is called.
    pub fn switch(&self) -> Switch {
        self.0.switch.clone()
    }

    /// The task is asked to stop before it begins.
    #[must_use]
    pub fn cancelled(self) -> Self {
        self.0.switch.cancel();
        self
    }

    /// The task is asked to stop when its progress has this text.
    #[must_use]
    pub fn cancelled_at(self, progress: &str) -> Self {
        *self.0.cancel_at.borrow_mut() = Some(progress.to_owned());
        self
    }

    /// Has an executor do a task.
    pub fn run<E: Executor>(&self, params: &Value) -> Ran<E::Data> {
        let mut meta = self.0.meta.borrow().clone();
        let cwd = self.folder().to_string_lossy().into_owned();
        meta.push(("cwd".to_owned(), cwd.clone()));
        let task = types::Task {
            id: "test".to_owned(),
            executor: EXECUTOR.to_owned(),
            params: params.to_string(),
            settings: self.0.settings.borrow().to_string(),
            attempt: 1,
            deadline_ms: None,
            workdir: self.0.has_folder.get().then_some(cwd),
            meta,
        };
        self.0.said.take();
        let result = self.enter(|_| typed::<E>(task));
        let Said { output, progress, log, artifacts } = self.0.said.take();
        let output = String::from_utf8_lossy(&output).into_owned();
        Ran { result, output, progress, log, artifacts }
    }

    /// Calls a function in the world, for tests of parts of an executor.
    pub fn enter<T>(&self, call: impl FnOnce(crate::Context) -> T) -> T {
        /// Leaves the world, also where a test fails.
        struct Leave(Option<World>);
        impl Drop for Leave {
            fn drop(&mut self) {
                CURRENT.set(self.0.take());
            }
        }
        let _leave = Leave(CURRENT.replace(Some(self.clone())));
        set_executor(EXECUTOR);
        call(crate::Context::new())
    }

    fn current() -> Self {
        let current = CURRENT.with_borrow(Clone::clone);
        current.expect("a world: code that uses hob runs in tests within `World::run` or `World::enter`")
    }
}

/// The name under which tasks run in a test.
const EXECUTOR: &str = "test";

/// The beginning of what the host says where something is not granted, and why it is not here.
fn denial(what: &str) -> String {
    format!("{} may not {what}: the world of this test was not given it", executor())
}

/// Holds a file with what an executor says of itself to its types. With the variable `UPDATE_DESCRIPTIONS` it writes
/// the file.
///
/// # Panics
/// If the file says something else.
pub fn assert_description<E: Executor>(file: &Path) {
    let says: Value = serde_json::from_str(&crate::describe::<E>()).expect("JSON");
    if std::env::var_os("UPDATE_DESCRIPTIONS").is_some() {
        let text = serde_json::to_string_pretty(&says).expect("JSON");
        std::fs::write(file, format!("{text}\n")).unwrap_or_else(|error| panic!("write {}: {error}", file.display()));
    }
    let text = std::fs::read_to_string(file).unwrap_or_else(|error| panic!("read {}: {error}", file.display()));
    let is: Value = serde_json::from_str(&text).expect("JSON");
    assert_eq!(is, says, "{}: `UPDATE_DESCRIPTIONS=1 cargo test` writes it", file.display());
}

#[cfg(test)]
mod tests;
