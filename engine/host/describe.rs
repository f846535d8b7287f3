//! Asking a component what it is. Nothing is within its reach meanwhile.

use crate::{
    bindings::PluginPre,
    capability::{
        Cancel,
        http::{HttpClient, HttpOptions, Network},
        process::Children,
    },
    component,
    console::Tail,
    guest::{Guest, Surroundings},
    nothing::Nothing,
    runtime::Runtime,
};
use hob_core::{Asks, Bytes, Environment, Grant, Limits, Policy};
use std::{path::PathBuf, sync::Arc, time::Duration};

/// `describe` returns a constant; these are CONTRACT's limits for it.
const DESCRIBE_CPU: Duration = Duration::from_secs(1);
const DESCRIBE_MEMORY: Bytes = Bytes(64 << 20);
/// Waiting is nothing that `describe` has to do; ten times its computing time, for a busy machine.
const DESCRIBE_WALL: Duration = Duration::from_secs(10);

/// What a fresh instance's `describe` returns, without any capability. The error is why it did not, in words.
pub(crate) fn describe(runtime: &Runtime, pre: &PluginPre<Guest>) -> Result<String, String> {
    let limits = Limits { cpu: DESCRIBE_CPU, memory: DESCRIBE_MEMORY, ..Limits::default() };
    let nothing = Arc::new(Nothing);
    let executor: hob_core::ExecutorName = "describe".parse().map_err(|error| format!("{error}"))?;
    let surroundings = Surroundings {
        policy: Arc::new(Policy::new(executor.clone(), Asks::default(), Grant::default())),
        executor,
        task: "describe".parse().map_err(|error| format!("{error}"))?,
        limits,
        environment: Environment::default(),
        cwd: PathBuf::from("/"),
        folders: Vec::new(),
        output: nothing.clone(),
        reporter: nothing.clone(),
        state: nothing,
        artifacts: None,
        http: Arc::new(HttpClient::new(
            Arc::new(Network::new()),
            HttpOptions { body_bytes: 0, per_host: 1, secrets: Arc::new(|_| None) },
        )),
        zygote: None,
    };
    let (_sender, receiver) = tokio::sync::watch::channel(false);
    let stderr = Tail::default();
    let children = Arc::new(Children::default());
    let guest = Guest::new(Arc::new(surroundings), Cancel(receiver), children, stderr.clone())
        .map_err(|error| format!("{error:#}"))?;
    let tokio =
        tokio::runtime::Builder::new_current_thread().enable_all().build().map_err(|error| error.to_string())?;
    let _running = runtime.ticker.run();
    tokio.block_on(async {
        let mut store = runtime.store(guest);
        let called = async {
            let plugin = pre.instantiate_async(&mut store).await?;
            plugin.hob_plugin_executor().call_describe(&mut store).await
        };
        let answer = tokio::time::timeout(DESCRIBE_WALL, called).await;
        match answer {
            Ok(Ok(text)) => Ok(text),
            Ok(Err(error)) => Err(match component::limit_of(&store, &error) {
                Some(hit) => format!("`describe` reached its limit of {hit}"),
                None => component::explain(&error, &stderr).message,
            }),
            Err(_) => Err(format!("`describe` took longer than {}", hob_core::format_duration(DESCRIBE_WALL))),
        }
    })
}
