//! What a store holds: everything one attempt may touch, one field for each capability.

use crate::{
    capability::{Cancel, Hooks, context::LogBudget, http::HttpClient, process::Children},
    console::{Console, Tail},
    folders::{self, Folder},
    meter::{HANDLES, Meter, RANDOM},
};
use hob_core::{Access, Environment, ExecutorName, Limits, Mode, Permit, Policy, TaskId};
use hob_runner::{KeyValue, OutputSink, Reporter};
use std::{
    path::PathBuf,
    sync::{Arc, atomic::AtomicU64},
};
use wasmtime::component::ResourceTable;
use wasmtime_wasi::{FsPerms, WasiCtx, WasiCtxBuilder, WasiCtxView, WasiView};
use wasmtime_wasi_http::{WasiHttpCtx, WasiHttpCtxView, WasiHttpView};

/// Bytes of headers that a component may hold in one set of fields. 64 KiB: eight times what
/// servers accept.
const HEADERS: usize = 64 << 10;

/// The state of one store.
pub(crate) struct Guest {
    pub(crate) table: ResourceTable,
    pub(crate) meter: Meter,
    pub(crate) surroundings: Arc<Surroundings>,
    pub(crate) cancel: Cancel,
    pub(crate) children: Arc<Children>,
    pub(crate) log: LogBudget,
    /// Bytes of all artifacts so far.
    pub(crate) artifact_bytes: Arc<AtomicU64>,
    wasi: WasiCtx,
    http: WasiHttpCtx,
    hooks: Hooks,
}

/// What does not change during an attempt.
pub(crate) struct Surroundings {
    pub(crate) executor: ExecutorName,
    pub(crate) task: TaskId,
    pub(crate) policy: Arc<Policy>,
    pub(crate) limits: Limits,
    pub(crate) environment: Environment,
    pub(crate) cwd: PathBuf,
    pub(crate) folders: Vec<Folder>,
    pub(crate) http: Arc<HttpClient>,
    pub(crate) output: Arc<dyn OutputSink>,
    pub(crate) reporter: Arc<dyn Reporter>,
    pub(crate) state: Arc<dyn KeyValue>,
    /// None where a component may leave none: while it describes itself.
    pub(crate) artifacts: Option<PathBuf>,
    /// None where no program can be started: while it describes itself.
    pub(crate) zygote: Option<hob_process::Zygote>,
}

impl Guest {
    /// The state of a fresh store.
    pub(crate) fn new(
        surroundings: Arc<Surroundings>,
        cancel: Cancel,
        children: Arc<Children>,
        stderr: Tail,
    ) -> Result<Self, wasmtime::Error> {
        let mut table = ResourceTable::new();
        table.set_max_capacity(HANDLES);
        let mut http = WasiHttpCtx::new();
        http.set_field_size_limit(HEADERS);
        let mut wasi = WasiCtxBuilder::new();
        wasi.allow_blocking_current_thread(true)
            .max_random_size(RANDOM)
            .stdout(Console::Output(Arc::clone(&surroundings.output)))
            .stderr(Console::Stderr(stderr));
        for folder in &surroundings.folders {
            let perms = match folder.mode {
                Mode::Ro => FsPerms::ReadOnly,
                Mode::Rw => FsPerms::ReadWrite,
            };
            wasi.preopened_dir(&folder.host, &folder.guest, perms)?;
        }
        for (name, value) in granted_variables(&surroundings) {
            wasi.env(name, value);
        }
        Ok(Self {
            table,
            meter: Meter::new(&surroundings.limits),
            hooks: Hooks::new(Arc::clone(&surroundings), &cancel),
            wasi: wasi.build(),
            http,
            log: LogBudget::default(),
            artifact_bytes: Arc::default(),
            surroundings,
            cancel,
            children,
        })
    }
}

impl Guest {
    /// The place of a guest path that is granted for reading. The error is a denial, or that nothing
    /// is there.
    pub(crate) fn readable(&self, guest: &str) -> Result<PathBuf, String> {
        let Surroundings { policy, folders, .. } = &*self.surroundings;
        match policy.decide(&Access::Dir { guest, write: false }) {
            Ok(Permit::Dir(grant, _)) => {
                let found = folders::to_host(folders, &grant.guest, guest);
                found.map(|(path, _)| path).ok_or_else(|| format!("`{guest}` does not exist"))
            }
            Ok(permit) => Err(format!("the policy answered {permit:?} to a question for a folder")),
            Err(denial) => Err(denial.to_string()),
        }
    }
}

/// The variables that the component itself may read, as far as they are text.
fn granted_variables(surroundings: &Surroundings) -> impl Iterator<Item = (&str, &str)> {
    surroundings.environment.0.iter().filter_map(|(name, value)| {
        let (name, value) = (std::str::from_utf8(name).ok()?, std::str::from_utf8(value).ok()?);
        let access = Access::Env { name };
        surroundings.policy.permit(&access).is_ok().then_some((name, value))
    })
}

impl WasiView for Guest {
    fn ctx(&mut self) -> WasiCtxView<'_> {
        WasiCtxView { ctx: &mut self.wasi, table: &mut self.table }
    }
}

impl WasiHttpView for Guest {
    fn http(&mut self) -> WasiHttpCtxView<'_> {
        WasiHttpCtxView { hooks: &mut self.hooks, table: &mut self.table, ctx: &mut self.http }
    }
}

// The interface has types only.
impl crate::bindings::hob::plugin::types::Host for Guest {}
