//! A sink that may hang, crash or fail, made into one that does none of it for long.

use crate::message::Message;
use std::{
    panic::{AssertUnwindSafe, catch_unwind},
    sync::mpsc,
    time::{Duration, Instant},
};
use tokio::sync::mpsc::{UnboundedReceiver, unbounded_channel};

/// Where notifications go.
pub trait Sink: Send + 'static {
    /// Tells of one message; may block. The error is in words.
    fn show(&mut self, message: &Message) -> Result<(), String>;
}

/// How much a sink may cost.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Terms {
    /// How long it may take.
    pub(crate) patience: Duration,
    /// How long it is left alone after a failure that took so long.
    pub(crate) rest: fn(Duration) -> Duration,
    /// Whether what ends while it is left alone waits in the outbox; otherwise nobody is told of it.
    pub(crate) keeps: bool,
}

/// The sink on a thread of its own.
pub(crate) struct Guard {
    /// At most one message is on its way, so this never fills.
    to_sink: mpsc::SyncSender<Message>,
    from_sink: UnboundedReceiver<Result<(), String>>,
    /// A message whose answer has not come.
    outstanding: bool,
    /// Until when it is left alone, and why.
    failed: Option<(Instant, String)>,
    terms: Terms,
}

impl Guard {
    pub(crate) fn new(mut sink: Box<dyn Sink>, terms: Terms) -> std::io::Result<Self> {
        let (to_sink, messages) = mpsc::sync_channel::<Message>(1);
        let (answer, from_sink) = unbounded_channel();
        // It ends when the guard is dropped, or with the process if the sink hangs.
        std::thread::Builder::new().name("notify-show".to_owned()).spawn(move || {
            for message in messages {
                let shown = catch_unwind(AssertUnwindSafe(|| sink.show(&message)));
                if answer.send(shown.unwrap_or_else(|_| Err("showing a notification crashed".to_owned()))).is_err() {
                    return;
                }
            }
        })?;
        Ok(Self { to_sink, from_sink, outstanding: false, failed: None, terms })
    }

    /// For how long nothing is to be taken out of the outbox.
    pub(crate) fn pause(&self) -> Option<Duration> {
        let (until, _) = self.failed.as_ref().filter(|_| self.terms.keeps)?;
        Some(until.saturating_duration_since(Instant::now())).filter(|left| !left.is_zero())
    }

    /// Shows the message, or says why not. A sink that failed is not tried again before it had a rest.
    pub(crate) async fn show(&mut self, message: Message) -> Result<(), String> {
        if let Some((until, reason)) = &self.failed
            && Instant::now() < *until
        {
            return Err(reason.clone());
        }
        while self.outstanding && self.from_sink.try_recv().is_ok() {
            self.outstanding = false;
        }
        let began = Instant::now();
        let shown =
            if self.outstanding { Err("it still has not answered".to_owned()) } else { self.ask(message).await };
        let rest = (self.terms.rest)(began.elapsed());
        self.failed = shown.clone().err().map(|reason| (Instant::now() + rest, reason));
        shown
    }

    async fn ask(&mut self, message: Message) -> Result<(), String> {
        if self.to_sink.try_send(message).is_err() {
            return Err("the thread that shows notifications is gone".to_owned());
        }
        self.outstanding = true;
        let patience = self.terms.patience;
        match tokio::time::timeout(patience, self.from_sink.recv()).await {
            Ok(Some(answer)) => {
                self.outstanding = false;
                answer
            }
            Ok(None) => Err("the thread that shows notifications is gone".to_owned()),
            Err(_) => Err(format!("it did not answer within {patience:?}")),
        }
    }
}
