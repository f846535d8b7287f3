//! The interfaces of the contract, served by the world of a test. What they are called and what they take is as in
//! [`crate::bindings`].

#![expect(clippy::unused_self, clippy::unnecessary_wraps, reason = "as the contract has them")]

use super::{Artifact, Call, Ended, Inner, World, denial};
use std::{cell::OnceCell, cell::RefCell, fmt, rc::Rc};

fn inner() -> Rc<Inner> {
    World::current().0
}

pub mod io {
    use super::{Artifact, Inner, Rc, RefCell, fmt, inner};
    pub use crate::bindings::hob::plugin::io::IoError;
    use std::cell::Cell;

    pub struct Waitable {
        is_ready: Box<dyn Fn() -> bool>,
        is_cancellation: bool,
    }

    impl Waitable {
        pub fn always() -> Self {
            Self { is_ready: Box::new(|| true), is_cancellation: false }
        }

        pub fn cancellation() -> Self {
            let world = inner();
            Self { is_ready: Box::new(move || world.switch.is_on()), is_cancellation: true }
        }

        pub fn ready(&self) -> bool {
            (self.is_ready)()
        }
    }

    pub fn wait(on: &[&Waitable], timeout_ms: Option<u32>) -> Result<Vec<u32>, IoError> {
        if inner().switch.is_on() && !on.iter().any(|waitable| waitable.is_cancellation) {
            return Err(IoError::Cancelled);
        }
        let ready: Vec<u32> = (0..).zip(on).filter(|(_, waitable)| waitable.ready()).map(|(place, _)| place).collect();
        if ready.is_empty() && timeout_ms.is_none() {
            return Err(IoError::Failed("wait: nothing of it can happen in the world of this test".to_owned()));
        }
        Ok(ready)
    }

    pub struct Reader {
        bytes: Box<dyn Fn() -> Rc<[u8]>>,
        at: Cell<usize>,
    }

    impl Reader {
        pub fn new(bytes: impl Fn() -> Rc<[u8]> + 'static) -> Self {
            Self { bytes: Box::new(bytes), at: Cell::new(0) }
        }

        pub fn read(&self, max: u32) -> Result<Option<Vec<u8>>, IoError> {
            if inner().switch.is_on() {
                return Err(IoError::Cancelled);
            }
            let bytes = (self.bytes)();
            let rest = &bytes[self.at.get()..];
            let some = &rest[..rest.len().min(usize::try_from(max).unwrap_or(usize::MAX))];
            self.at.set(self.at.get() + some.len());
            Ok((!rest.is_empty()).then(|| some.to_vec()))
        }

        pub fn ready(&self) -> Waitable {
            Waitable::always()
        }
    }

    pub enum Writer {
        Output(Rc<Inner>),
        Artifact { world: Rc<Inner>, name: String, media_type: String, bytes: RefCell<Vec<u8>> },
        Stdin(Rc<RefCell<Vec<u8>>>),
    }

    impl Writer {
        pub fn write(&self, more: &[u8]) -> Result<(), IoError> {
            match self {
                Self::Output(world) => world.said.borrow_mut().output.extend_from_slice(more),
                Self::Artifact { bytes, .. } => bytes.borrow_mut().extend_from_slice(more),
                Self::Stdin(bytes) => bytes.borrow_mut().extend_from_slice(more),
            }
            Ok(())
        }

        pub fn finish(&self) -> Result<(), IoError> {
            if let Self::Artifact { world, name, media_type, bytes } = self {
                let artifact = Artifact { media_type: media_type.clone(), bytes: bytes.take() };
                world.said.borrow_mut().artifacts.insert(name.clone(), artifact);
            }
            Ok(())
        }

        pub fn ready(&self) -> Waitable {
            Waitable::always()
        }
    }

    impl fmt::Debug for Waitable {
        fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
            f.write_str("Waitable")
        }
    }

    impl fmt::Debug for Reader {
        fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
            f.write_str("Reader")
        }
    }

    impl fmt::Debug for Writer {
        fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
            f.write_str("Writer")
        }
    }
}

pub mod context {
    use super::{RefCell, inner, io};
    use crate::bindings::hob::plugin::context::Level;

    pub fn log(level: Level, message: &str, fields: &[(String, String)]) {
        let line = fields.iter().fold(message.to_owned(), |line, (name, value)| format!("{line} {name}={value}"));
        inner().said.borrow_mut().log.push((level, line));
    }

    pub fn progress(fraction: Option<f64>, message: &str) {
        let world = inner();
        world.said.borrow_mut().progress.push((fraction, message.to_owned()));
        if world.cancel_at.borrow().as_ref().is_some_and(|text| message.contains(text)) {
            world.switch.cancel();
        }
    }

    pub fn output() -> io::Writer {
        io::Writer::Output(inner())
    }

    pub fn artifact(name: &str, media_type: &str) -> Result<io::Writer, String> {
        if name.is_empty() || name.contains('/') {
            return Err(format!("name an artifact `{name}`: it needs a plain name"));
        }
        let (name, media_type) = (name.to_owned(), media_type.to_owned());
        Ok(io::Writer::Artifact { world: inner(), name, media_type, bytes: RefCell::default() })
    }

    pub fn is_cancelled() -> bool {
        inner().switch.is_on()
    }

    pub fn cancelled() -> io::Waitable {
        io::Waitable::cancellation()
    }
}

pub mod state {
    use super::{denial, inner};
    use std::collections::BTreeMap;

    fn store<T>(act: impl FnOnce(&mut BTreeMap<String, Vec<u8>>) -> T) -> Result<T, String> {
        let world = inner();
        let mut state = world.state.borrow_mut();
        state.as_mut().map(act).ok_or_else(|| denial("keep anything"))
    }

    pub fn get(key: &str) -> Result<Option<Vec<u8>>, String> {
        store(|state| state.get(key).cloned())
    }

    pub fn set(key: &str, value: &[u8]) -> Result<(), String> {
        store(|state| drop(state.insert(key.to_owned(), value.to_vec())))
    }

    pub fn delete(key: &str) -> Result<(), String> {
        store(|state| drop(state.remove(key)))
    }

    pub fn keys(prefix: &str) -> Result<Vec<String>, String> {
        store(|state| state.keys().filter(|key| key.starts_with(prefix)).cloned().collect())
    }
}

pub mod files {
    use super::{RefCell, denial, inner};
    use crate::{bindings::hob::plugin::files::File, testing::search};
    use std::{path::PathBuf, vec};

    #[derive(Debug)]
    pub struct Walker(RefCell<vec::IntoIter<File>>);

    impl Walker {
        pub fn next(&self, max_bytes: u32) -> Vec<File> {
            let (mut some, mut bytes) = (Vec::new(), 0);
            for file in self.0.borrow_mut().by_ref() {
                bytes += file.bytes.len();
                some.push(file);
                if u32::try_from(bytes).is_ok_and(|bytes| bytes >= max_bytes) {
                    break;
                }
            }
            some
        }
    }

    pub fn resolve(guest: &str) -> Result<PathBuf, String> {
        let world = inner();
        let path = world.folder.resolve(guest).filter(|_| world.has_folder.get());
        path.ok_or_else(|| denial(&format!("read `{guest}`")))
    }

    pub fn walk(root: &str, globs: &[String], hidden: bool) -> Result<Walker, String> {
        let files = search::files(&resolve(root)?, globs, hidden, false)?;
        Ok(Walker(RefCell::new(files.into_iter())))
    }
}

pub mod search {
    use super::{RefCell, files::resolve};
    use crate::{
        bindings::hob::plugin::search::{Line, Query},
        testing::search,
    };
    use std::vec;

    #[derive(Debug)]
    pub struct Hits {
        lines: RefCell<vec::IntoIter<Line>>,
        stats: String,
    }

    impl Hits {
        pub fn next(&self, max: u32) -> Result<Vec<Line>, String> {
            Ok(self.lines.borrow_mut().by_ref().take(usize::try_from(max).unwrap_or(usize::MAX)).collect())
        }

        pub fn stats(&self) -> String {
            self.stats.clone()
        }
    }

    pub fn grep(root: &str, query: &Query) -> Result<Hits, String> {
        let (lines, stats) = search::grep(&resolve(root)?, query)?;
        Ok(Hits { lines: RefCell::new(lines.into_iter()), stats })
    }
}

pub mod http {
    use super::{RefCell, denial, inner, io};
    pub use crate::bindings::hob::plugin::http::{HttpError, Request};
    use crate::testing::answer::{Asked, error};
    use std::rc::Rc;

    #[derive(Debug)]
    pub struct Response {
        pub status: u16,
        pub url: String,
        pub headers: Vec<(String, String)>,
        pub body: io::Reader,
    }

    #[derive(Debug)]
    pub struct Exchange(RefCell<Option<Result<Response, HttpError>>>);

    impl Exchange {
        pub fn ready(&self) -> io::Waitable {
            io::Waitable::always()
        }

        pub fn response(&self) -> Result<Response, HttpError> {
            let again = || Err(HttpError::Failed("there is one response, and it was taken".to_owned()));
            self.0.take().unwrap_or_else(again)
        }
    }

    pub fn fetch(request: &Request) -> Result<Response, HttpError> {
        let world = inner();
        let page = world.pages.borrow().iter().find(|(url, _)| *url == request.url).map(|(_, page)| Rc::clone(page));
        let denied = || HttpError::Denied(denial(&format!("send {} to {}", request.method, request.url)));
        let page = page.ok_or_else(denied)?;
        if world.switch.is_on() {
            return Err(HttpError::Cancelled);
        }
        let asked = Asked {
            method: request.method.clone(),
            url: request.url.clone(),
            headers: request.headers.clone(),
            body: request.body.clone().unwrap_or_default(),
        };
        let answer = page(&asked);
        if let Some(why) = answer.error {
            return Err(error(why));
        }
        let body: Rc<[u8]> = answer.body.into();
        let body = io::Reader::new(move || Rc::clone(&body));
        let url = answer.url.unwrap_or(asked.url);
        Ok(Response { status: answer.status, url, headers: answer.headers, body })
    }

    pub fn send(request: &Request) -> Result<Exchange, HttpError> {
        match fetch(request) {
            Err(HttpError::Denied(text)) => Err(HttpError::Denied(text)),
            other => Ok(Exchange(RefCell::new(Some(other)))),
        }
    }
}

pub mod process {
    use super::{Call, Ended, Inner, OnceCell, Rc, RefCell, denial, files, fmt, inner, io};
    pub use crate::bindings::hob::plugin::process::{
        Command, ExitStatus, Output, OutputMode, Signal, SpawnError, StdinMode,
    };
    use crate::testing::Program;
    use std::cell::Cell;

    pub struct Child {
        running: Rc<Running>,
        stdin: Cell<bool>,
        stdout: Cell<bool>,
        stderr: Cell<bool>,
    }

    /// A program that runs once something asks for what came of it, so that its input is known by then.
    struct Running {
        world: Rc<Inner>,
        program: Program,
        call: Call,
        modes: (OutputMode, OutputMode),
        stdin: Rc<RefCell<Vec<u8>>>,
        ended: OnceCell<Ended>,
    }

    impl Running {
        fn ended(&self) -> &Ended {
            self.ended.get_or_init(|| {
                if self.world.switch.is_on() {
                    return Ended::printed("").status(ExitStatus::Killed);
                }
                let ended = (self.program)(&Call { stdin: self.stdin.take(), ..self.call.clone() });
                let mut said = self.world.said.borrow_mut();
                for (mode, bytes) in [(self.modes.0, &ended.stdout), (self.modes.1, &ended.stderr)] {
                    if mode == OutputMode::TaskOutput {
                        said.output.extend_from_slice(bytes);
                    }
                }
                ended
            })
        }
    }

    impl Child {
        pub fn pid(&self) -> u32 {
            1
        }

        pub fn take_stdin(&self) -> Option<io::Writer> {
            self.stdin.take().then(|| io::Writer::Stdin(Rc::clone(&self.running.stdin)))
        }

        pub fn take_stdout(&self) -> Option<io::Reader> {
            let running = Rc::clone(&self.running);
            self.stdout.take().then(|| io::Reader::new(move || running.ended().stdout.as_slice().into()))
        }

        pub fn take_stderr(&self) -> Option<io::Reader> {
            let running = Rc::clone(&self.running);
            self.stderr.take().then(|| io::Reader::new(move || running.ended().stderr.as_slice().into()))
        }

        pub fn exited(&self) -> io::Waitable {
            io::Waitable::always()
        }

        pub fn status(&self) -> Option<ExitStatus> {
            Some(self.wait())
        }

        pub fn wait(&self) -> ExitStatus {
            self.running.ended().status
        }

        pub fn signal(&self, _: Signal) -> Result<(), String> {
            Ok(())
        }
    }

    impl fmt::Debug for Child {
        fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
            f.debug_tuple("Child").field(&self.running.call).finish()
        }
    }

    pub fn spawn(command: &Command) -> Result<Child, SpawnError> {
        let world = inner();
        let program = world.programs.borrow().get(&command.program).cloned();
        let denied = || SpawnError::Denied(denial(&format!("start `{}`", command.program)));
        let program = program.ok_or_else(denied)?;
        let cwd = match &command.cwd {
            Some(guest) => files::resolve(guest).map_err(SpawnError::Denied)?,
            None => world.folder.path().to_owned(),
        };
        if !cwd.is_dir() {
            return Err(SpawnError::Invalid(format!(
                "start `{}` in {}: it is no folder",
                command.program,
                cwd.display()
            )));
        }
        let (program_name, args, env) = (command.program.clone(), command.args.clone(), command.env.clone());
        let call = Call { program: program_name, args, env, cwd, stdin: Vec::new() };
        let modes = (command.stdout, command.stderr);
        let running = Running { world, program, call, modes, stdin: Rc::default(), ended: OnceCell::new() };
        Ok(Child {
            running: Rc::new(running),
            stdin: Cell::new(command.stdin == StdinMode::Pipe),
            stdout: Cell::new(command.stdout == OutputMode::Pipe),
            stderr: Cell::new(command.stderr == OutputMode::Pipe),
        })
    }

    pub fn run(command: &Command, stdin: &[u8], max_bytes: u32) -> Result<Output, SpawnError> {
        let child = spawn(command)?;
        child.running.stdin.borrow_mut().extend_from_slice(stdin);
        let most = usize::try_from(max_bytes).unwrap_or(usize::MAX);
        let Ended { status, stdout, stderr } = child.running.ended().clone();
        let piped = |mode, bytes: Vec<u8>| if mode == OutputMode::Pipe { bytes } else { Vec::new() };
        let (mut stdout, mut stderr) = (piped(command.stdout, stdout), piped(command.stderr, stderr));
        let truncated = stdout.len().max(stderr.len()) > most;
        stdout.truncate(most);
        stderr.truncate(most);
        Ok(Output { status, stdout, stderr, truncated })
    }
}
