use super::{HttpError, turns::Turns};
use hyper_util::client::proxy::matcher::{Intercept, Matcher};
use rustls::ClientConfig;
use rustls_platform_verifier::BuilderVerifierExt as _;
use std::{
    fmt,
    future::Future,
    io,
    net::IpAddr,
    pin::Pin,
    sync::{Arc, OnceLock},
    thread,
};
use tokio::{
    runtime::{Builder, Handle},
    sync::oneshot,
    task::{AbortHandle, JoinHandle},
};

/// The addresses that a name leads to, when they are known.
pub type LookUp = Pin<Box<dyn Future<Output = io::Result<Vec<IpAddr>>> + Send>>;

/// Looks names up. Called once for a request; its answer is checked and then used as it is.
pub trait Resolve: Send + Sync + 'static {
    /// The addresses of `host`.
    fn resolve(&self, host: &str) -> LookUp;
}

/// The resolver of the operating system.
#[derive(Clone, Copy, Debug, Default)]
pub struct SystemResolver;

impl Resolve for SystemResolver {
    fn resolve(&self, host: &str) -> LookUp {
        let host = host.to_owned();
        Box::pin(async move {
            let found = tokio::net::lookup_host((host, 0)).await?;
            Ok(found.map(|address| address.ip()).collect())
        })
    }
}

/// Look-ups that may block at once. 4: they wait for one resolver anyway.
const LOOK_UP_THREADS: usize = 4;

/// What all requests of the process share: the thread that connections live on, the certificates
/// of the system, proxies, the resolver and
/// whose turn it is. Nothing of it is there before the first request.
pub struct Network {
    resolver: Arc<dyn Resolve>,
    proxies: OnceLock<Option<Matcher>>,
    tls: OnceLock<Result<ClientConfig, HttpError>>,
    turns: Turns,
    runtime: OnceLock<Result<Runtime, HttpError>>,
}

struct Runtime {
    handle: Handle,
    /// Dropping it ends the thread, and with it every connection.
    _stop: oneshot::Sender<()>,
}

impl Network {
    /// The system's resolver and the proxies of the environment (`HTTPS_PROXY`, `HTTP_PROXY`,
    /// `ALL_PROXY`, `NO_PROXY`) or the desktop.
    pub fn new() -> Self {
        Self { proxies: OnceLock::new(), ..Self::direct(SystemResolver) }
    }

    /// No proxy, whatever the environment says.
    pub fn direct(resolver: impl Resolve) -> Self {
        Self {
            resolver: Arc::new(resolver),
            proxies: OnceLock::from(None),
            tls: OnceLock::new(),
            turns: Turns::default(),
            runtime: OnceLock::new(),
        }
    }

    /// One proxy, such as `http://proxy.example:3128`, for every request.
    #[cfg(test)]
    pub(super) fn through(proxy: &str, resolver: impl Resolve) -> Self {
        let matcher = Matcher::builder().all(proxy).build();
        Self { proxies: OnceLock::from(Some(matcher)), ..Self::direct(resolver) }
    }

    /// Trusts one more certificate than the system does.
    #[cfg(test)]
    pub(super) fn trusting(self, root: rustls::pki_types::CertificateDer<'static>) -> Self {
        let provider = Arc::new(rustls::crypto::ring::default_provider());
        let verifier = rustls_platform_verifier::Verifier::new_with_extra_roots([root], Arc::clone(&provider));
        let config = ClientConfig::builder_with_provider(provider)
            .with_safe_default_protocol_versions()
            .expect("the provider's versions")
            .dangerous()
            .with_custom_certificate_verifier(Arc::new(verifier.expect("a certificate")))
            .with_no_client_auth();
        Self { tls: OnceLock::from(Ok(config)), ..self }
    }

    pub(super) fn resolver(&self) -> &Arc<dyn Resolve> {
        &self.resolver
    }

    pub(super) fn turns(&self) -> &Turns {
        &self.turns
    }

    pub(super) fn proxy(&self, url: &reqwest::Url) -> Option<Intercept> {
        let proxies = self.proxies.get_or_init(|| Some(Matcher::from_system()));
        url.as_str().parse().ok().and_then(|uri| proxies.as_ref()?.intercept(&uri))
    }

    pub(super) fn tls(&self) -> Result<ClientConfig, HttpError> {
        self.tls.get_or_init(system_tls).clone()
    }

    /// Runs on the thread of the connections; dropping the future ends it there.
    pub(super) async fn run<T: Send + 'static>(
        &self,
        work: impl Future<Output = Result<T, HttpError>> + Send + 'static,
    ) -> Result<T, HttpError> {
        let task = self.spawn(work)?;
        let _guard = AbortOnDrop(task.abort_handle());
        task.await.map_err(|error| HttpError::failed(format!("the request ended: {error}")))?
    }

    pub(super) fn spawn<T: Send + 'static>(
        &self,
        work: impl Future<Output = T> + Send + 'static,
    ) -> Result<JoinHandle<T>, HttpError> {
        let runtime = self.runtime.get_or_init(|| {
            Runtime::start().map_err(|error| HttpError::failed(format!("hob cannot start a thread: {error}")))
        });
        runtime.as_ref().map(|runtime| runtime.handle.spawn(work)).map_err(Clone::clone)
    }
}

impl Default for Network {
    fn default() -> Self {
        Self::new()
    }
}

impl fmt::Debug for Network {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Network").field("started", &self.runtime.get().is_some()).finish_non_exhaustive()
    }
}

impl Runtime {
    fn start() -> io::Result<Self> {
        let runtime = Builder::new_current_thread().enable_all().max_blocking_threads(LOOK_UP_THREADS).build()?;
        let handle = runtime.handle().clone();
        let (stop, stopped) = oneshot::channel::<()>();
        thread::Builder::new().name("hob-http".to_owned()).spawn(move || {
            // The error is the sender's end: that is the signal.
            let _ = runtime.block_on(stopped);
            // A look-up that hangs in the system's resolver is not waited for.
            runtime.shutdown_background();
        })?;
        Ok(Self { handle, _stop: stop })
    }
}

/// Ends a task when it is not wanted any more.
pub(super) struct AbortOnDrop(pub(super) AbortHandle);

impl Drop for AbortOnDrop {
    fn drop(&mut self) {
        self.0.abort();
    }
}

fn system_tls() -> Result<ClientConfig, HttpError> {
    let provider = Arc::new(rustls::crypto::ring::default_provider());
    let built = ClientConfig::builder_with_provider(provider)
        .with_safe_default_protocol_versions()
        .and_then(rustls::ConfigBuilder::with_platform_verifier);
    match built {
        Ok(builder) => Ok(builder.with_no_client_auth()),
        Err(error) => Err(HttpError::failed(format!("this system's certificates cannot be read: {error}"))),
    }
}
