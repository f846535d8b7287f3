//! A running program, as its worker sees it.

use crate::{
    wire::{Order, Report},
    zygote::Keeper,
};
use hob_core::ExitStatus;
use nix::libc;
use std::{io, os::fd::OwnedFd, time::Duration};
use tokio::{
    io::AsyncReadExt as _,
    net::unix::{
        OwnedReadHalf, OwnedWriteHalf,
        pipe::{Receiver, Sender},
    },
    sync::watch,
};

/// A running program and all that descends from it. Dropping it asks the tree to end and ends what is
/// left of it two seconds later; [`Tree::ended`] tells when it is gone.
#[derive(Debug)]
pub struct Child {
    pid: u32,
    // Its end is the guard's sign that nobody wants the tree any more.
    orders: OwnedWriteHalf,
    pipes: [Option<OwnedFd>; 3],
    tree: Tree,
}

/// The life of a program's tree. Cheap to clone; does not keep the tree alive.
#[derive(Clone, Debug)]
pub struct Tree(watch::Receiver<Life>);

#[derive(Clone, Copy, Debug, Default)]
pub(crate) struct Life {
    status: Option<ExitStatus>,
    /// More processes at once than this, which was allowed.
    crowded: Option<u32>,
    end: Option<TreeEnd>,
}

/// What became of a tree.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum TreeEnd {
    /// No process of it is left.
    Gone,
    /// So many processes refused to be ended: they run as another user.
    Left(u32),
    /// Its guard was killed and so was the zygote, and what is left could not be found or ended; or the runtime that
    /// followed it was dropped.
    Unknown,
}

/// A signal that a component may send.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Signal {
    /// What Ctrl-C sends.
    Interrupt,
    /// The polite request to end.
    Terminate,
    /// The end.
    Kill,
}

impl Child {
    pub(crate) fn new(pid: i32, stream: tokio::net::UnixStream, pipes: [Option<OwnedFd>; 3], keeper: Keeper) -> Self {
        let (reports, orders) = stream.into_split();
        let (life, tree) = watch::channel(Life::default());
        tokio::spawn(follow(reports, life, keeper));
        Self { pid: pid.unsigned_abs(), orders, pipes, tree: Tree(tree) }
    }

    /// The number of the program's process.
    pub fn pid(&self) -> u32 {
        self.pid
    }

    /// The writing end of its standard input, once, where that is a pipe. Dropping it is the end of
    /// the input. To be called within a tokio runtime.
    pub fn take_stdin(&mut self) -> io::Result<Option<Sender>> {
        self.pipes[0].take().map(Sender::from_owned_fd).transpose()
    }

    /// The reading end of its standard output, once, where that is a pipe. To be called within a
    /// tokio runtime.
    pub fn take_stdout(&mut self) -> io::Result<Option<Receiver>> {
        self.pipes[1].take().map(Receiver::from_owned_fd).transpose()
    }

    /// The same for standard error.
    pub fn take_stderr(&mut self) -> io::Result<Option<Receiver>> {
        self.pipes[2].take().map(Receiver::from_owned_fd).transpose()
    }

    /// The bare descriptor in place of [`Child::take_stdout`], for [`pump`](crate::pump()).
    pub fn take_stdout_fd(&mut self) -> Option<OwnedFd> {
        self.pipes[1].take()
    }

    /// The bare descriptor in place of [`Child::take_stderr`], for [`pump`](crate::pump()).
    pub fn take_stderr_fd(&mut self) -> Option<OwnedFd> {
        self.pipes[2].take()
    }

    /// Its tree, to wait for from anywhere.
    pub fn tree(&self) -> Tree {
        self.tree.clone()
    }

    /// How the program ended; none while it runs.
    pub fn try_status(&self) -> Option<ExitStatus> {
        self.tree.try_status()
    }

    /// Waits for the program, not for what it left running. May be dropped, repeated and called from
    /// several places at once.
    pub async fn wait(&self) -> ExitStatus {
        self.tree.exited().await
    }

    /// Sends a signal to the program's process group. Once the program has ended there is nothing to
    /// send it to, and that is no error.
    pub fn signal(&self, signal: Signal) -> io::Result<()> {
        let number = match signal {
            Signal::Interrupt => libc::SIGINT,
            Signal::Terminate => libc::SIGTERM,
            Signal::Kill => libc::SIGKILL,
        };
        self.order(Order::Signal { number: number.unsigned_abs() })
    }

    /// Asks the whole tree to end, and ends what is left of it after `grace`; at once where that is
    /// zero. Returns when nothing of it lives. A later, shorter grace cuts an earlier one.
    pub async fn terminate(&self, grace: Duration) -> TreeEnd {
        // A guard that is gone cannot be told; the tree's end is then being reported already.
        let _ = self.start_ending(grace);
        self.tree.ended().await
    }

    /// The first half of [`Child::terminate`], without waiting.
    pub fn start_ending(&self, grace: Duration) -> io::Result<()> {
        self.order(Order::End { grace_ms: u32::try_from(grace.as_millis()).unwrap_or(u32::MAX) })
    }

    fn order(&self, order: Order) -> io::Result<()> {
        if self.try_status().is_some() && matches!(order, Order::Signal { .. }) {
            return Ok(());
        }
        // A few bytes to a guard that reads at once: the socket has room for thousands.
        match self.orders.try_write(&order.encode()) {
            Ok(Order::SIZE) => Ok(()),
            Ok(_) => Err(io::ErrorKind::WriteZero.into()),
            Err(error) => Err(error),
        }
    }
}

impl Tree {
    /// How the program ended; none while it runs.
    pub fn try_status(&self) -> Option<ExitStatus> {
        self.0.borrow().status
    }

    /// The limit on its processes, if it grew beyond that and was ended for it. Known for sure when the tree has ended.
    pub fn crowded(&self) -> Option<u32> {
        self.0.borrow().crowded
    }

    /// What became of the tree; none while anything of it lives.
    pub fn try_end(&self) -> Option<TreeEnd> {
        self.0.borrow().end
    }

    /// Waits for the program to end. A program whose guard was killed counts as killed.
    pub async fn exited(&self) -> ExitStatus {
        let life = self.0.clone().wait_for(|life| life.status.is_some()).await.ok().and_then(|life| life.status);
        life.unwrap_or(ExitStatus::Signal(libc::SIGKILL))
    }

    /// Waits until nothing of the tree lives.
    pub async fn ended(&self) -> TreeEnd {
        let life = self.0.clone().wait_for(|life| life.end.is_some()).await.ok().and_then(|life| life.end);
        life.unwrap_or(TreeEnd::Unknown)
    }
}

/// Takes the guard's reports until its tree is gone.
async fn follow(mut reports: OwnedReadHalf, life: watch::Sender<Life>, keeper: Keeper) {
    let mut frame = [0; Report::SIZE];
    while reports.read_exact(&mut frame).await.is_ok() {
        match Report::decode(frame) {
            Some(Report::Returned { code }) => life.send_modify(|life| life.status = Some(ExitStatus::Code(code))),
            Some(Report::Signalled { signal }) => {
                life.send_modify(|life| life.status = Some(ExitStatus::Signal(signal)));
            }
            Some(Report::Crowded { most }) => life.send_modify(|life| life.crowded = Some(most.unsigned_abs())),
            Some(Report::Ended { left }) => {
                let left = left.unsigned_abs();
                let end = if left == 0 { TreeEnd::Gone } else { TreeEnd::Left(left) };
                life.send_modify(|life| life.end = Some(end));
                return;
            }
            Some(Report::Guard { .. } | Report::Spawned { .. } | Report::Failed { .. }) | None => break,
        }
    }
    tracing::warn!("the guard of a process tree was killed; the zygote ends its tree");
    let is_gone = match keeper.sweep().await {
        Ok(()) => true,
        // The zygote is dead as well, and its programs are only known by their mark.
        Err(_) => keeper.end_marked().await,
    };
    if !is_gone {
        tracing::error!("a process tree lost its guard and the zygote, and could not be ended");
    }
    life.send_modify(|life| {
        life.status.get_or_insert(ExitStatus::Signal(libc::SIGKILL));
        life.end = Some(if is_gone { TreeEnd::Gone } else { TreeEnd::Unknown });
    });
}
