use super::{HttpClient, HttpError, MAX_EXCHANGES, Request, client::Cancel, fetch::Response};
use hob_core::Policy;
use std::{fmt, sync::Arc};
use tokio::{
    sync::{Mutex, OwnedSemaphorePermit},
    task::{AbortHandle, JoinHandle},
};

/// A request that is under way on the thread of the connections, whatever its component does meanwhile.
/// Dropping it ends it, unless its response was taken.
pub struct Exchange {
    stage: Mutex<Stage>,
    abort: AbortHandle,
    _place: OwnedSemaphorePermit,
}

enum Stage {
    UnderWay(JoinHandle<Result<Response, HttpError>>),
    Answered(Result<Response, HttpError>),
    Taken,
}

impl HttpClient {
    /// Sends a request as [`Self::fetch`] does, without waiting for anything. A request that makes no
    /// sense, and one that is denied, is refused here already.
    pub fn begin(
        self: &Arc<Self>,
        policy: &Arc<Policy>,
        request: Request,
        cancel: Cancel,
    ) -> Result<Exchange, HttpError> {
        let place = Arc::clone(self.exchanges()).try_acquire_owned().map_err(|_| {
            HttpError::failed(format!("{MAX_EXCHANGES} requests of the task are under way already, which is the most"))
        })?;
        request.check(policy)?;
        let (client, policy) = (Arc::clone(self), Arc::clone(policy));
        let sending = async move { client.fetch(&policy, request, cancel).await };
        let task = self.spawn(sending)?;
        Ok(Exchange { abort: task.abort_handle(), stage: Mutex::new(Stage::UnderWay(task)), _place: place })
    }
}

impl Exchange {
    /// Waits until [`Self::response`] would not. Dropping the future loses nothing.
    pub async fn ready(&self) {
        self.answered(&mut *self.stage.lock().await).await;
    }

    /// The response, as soon as its headers are there; once.
    pub async fn response(&self) -> Result<Response, HttpError> {
        let mut stage = self.stage.lock().await;
        self.answered(&mut stage).await;
        match std::mem::replace(&mut *stage, Stage::Taken) {
            Stage::Answered(response) => response,
            Stage::UnderWay(_) | Stage::Taken => Err(HttpError::failed("the response was taken before")),
        }
    }

    async fn answered(&self, stage: &mut Stage) {
        if let Stage::UnderWay(task) = stage {
            let ended = task.await;
            let failed = |error| Err(HttpError::failed(format!("the request ended: {error}")));
            *stage = Stage::Answered(ended.unwrap_or_else(failed));
        }
    }

    /// Ends it, for whoever still waits.
    pub(crate) fn end(&self) {
        self.abort.abort();
    }
}

impl Drop for Exchange {
    fn drop(&mut self) {
        self.end();
    }
}

impl fmt::Debug for Exchange {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Exchange").finish_non_exhaustive()
    }
}
