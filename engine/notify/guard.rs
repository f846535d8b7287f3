//! A sink that may hang, crash or fail, made into one that does none of it for long.

use crate::{message::Message, notifier::Sink};
use std::{
    panic::{AssertUnwindSafe, catch_unwind},
    sync::mpsc,
    time::{Duration, Instant},
};
use tokio::sync::mpsc::{UnboundedReceiver, unbounded_channel};

/// How long a sink may take. A desktop answers in milliseconds; one that starts its service first, in
/// a second or two.
const PATIENCE: Duration = Duration::from_secs(5);
/// How long a sink that failed is left alone, so that a machine without a desktop is not asked at
/// every task.
const REST: Duration = Duration::from_mins(5);

/// The sink on a thread of its own.
pub(crate) struct Guard {
    /// At most one message is on its way, so this never fills.
    to_sink: mpsc::SyncSender<Message>,
    from_sink: UnboundedReceiver<Result<(), String>>,
    /// A message whose answer has not come.
    outstanding: bool,
    failed: Option<(Instant, String)>,
    patience: Duration,
    rest: Duration,
}

impl Guard {
    pub(crate) fn new(sink: Box<dyn Sink>) -> std::io::Result<Self> {
        Self::with(sink, PATIENCE, REST)
    }

    pub(crate) fn with(mut sink: Box<dyn Sink>, patience: Duration, rest: Duration) -> std::io::Result<Self> {
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
        Ok(Self { to_sink, from_sink, outstanding: false, failed: None, patience, rest })
    }

    /// Shows the message, or says why not. A sink that failed is not tried again before it had a rest.
    pub(crate) async fn show(&mut self, message: Message) -> Result<(), String> {
        if let Some((since, reason)) = &self.failed
            && since.elapsed() < self.rest
        {
            return Err(reason.clone());
        }
        while self.outstanding && self.from_sink.try_recv().is_ok() {
            self.outstanding = false;
        }
        let shown = if self.outstanding {
            Err("the notification service does not answer".to_owned())
        } else {
            self.ask(message).await
        };
        self.failed = shown.clone().err().map(|reason| (Instant::now(), reason));
        shown
    }

    async fn ask(&mut self, message: Message) -> Result<(), String> {
        if self.to_sink.try_send(message).is_err() {
            return Err("the thread that shows notifications is gone".to_owned());
        }
        self.outstanding = true;
        match tokio::time::timeout(self.patience, self.from_sink.recv()).await {
            Ok(Some(answer)) => {
                self.outstanding = false;
                answer
            }
            Ok(None) => Err("the thread that shows notifications is gone".to_owned()),
            Err(_) => Err(format!("the notification service did not answer within {:?}", self.patience)),
        }
    }
}
