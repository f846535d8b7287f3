use crate::{
    error::{CommandError, CommandResult},
    exit::Exit,
};
use hob_core::{Clock, Timestamp};
use hob_host::{BundledComponent, Catalog};
use hob_settings::{GrantFlags, Places, Settings, grant_flags};
use hob_store::Store;
use std::{
    cell::OnceCell,
    env,
    time::{SystemTime, UNIX_EPOCH},
};

/// What a command stands on: the places, and what is read from them when it is first needed.
pub struct Context {
    /// Where hob keeps what.
    pub places: Places,
    settings: OnceCell<Settings>,
}

impl Context {
    /// Finds the places by this process's environment.
    pub fn discover() -> CommandResult<Self> {
        let places = Places::discover(|name| env::var_os(name))
            .map_err(|error| CommandError::new(Exit::Configuration, error).context("cannot begin"))?;
        Ok(Self { places, settings: OnceCell::new() })
    }

    /// What `--grant` says. What is wrong with a flag is no matter of the configuration.
    pub fn grant_flags(&self, flags: &[String]) -> CommandResult<GrantFlags> {
        grant_flags(flags, &self.places).map_err(|error| CommandError::from(error).with_exit(Exit::Usage))
    }

    /// The settings in force.
    pub fn settings(&self) -> CommandResult<&Settings> {
        if let Some(settings) = self.settings.get() {
            return Ok(settings);
        }
        let settings = Settings::load(&self.places)?;
        for warning in settings.warnings() {
            tracing::warn!("{warning}");
        }
        Ok(self.settings.get_or_init(|| settings))
    }

    /// The database, made if there is none.
    pub fn store(&self) -> CommandResult<Store> {
        Ok(Store::open(&self.places.state)?)
    }

    /// What is known of components. Asking it builds no engine.
    pub fn catalog(&self) -> CommandResult<Catalog> {
        Ok(Catalog::new(self.places.cache.clone(), env::current_exe()?, bundled))
    }
}

/// The component of that name that is part of this binary.
pub fn bundled(name: &str) -> Option<BundledComponent> {
    let found = hob_bundled::find(name)?;
    Some(BundledComponent { wasm: found.wasm, sha256: found.sha256, description: found.description })
}

/// The machine's clock.
pub struct WallClock;

impl Clock for WallClock {
    fn now(&self) -> Timestamp {
        let since = SystemTime::now().duration_since(UNIX_EPOCH).unwrap_or_default();
        Timestamp(i64::try_from(since.as_millis()).unwrap_or(i64::MAX))
    }
}

/// The time of day.
pub fn now() -> Timestamp {
    WallClock.now()
}

impl From<hob_settings::Error> for CommandError {
    fn from(error: hob_settings::Error) -> Self {
        let prefix = match &error {
            hob_settings::Error::Invalid { .. } => "",
            hob_settings::Error::Read { .. }
            | hob_settings::Error::NotAFile { .. }
            | hob_settings::Error::TooLarge { .. } => "cannot ",
        };
        Self::new(Exit::Configuration, anyhow::anyhow!("{prefix}{error}"))
    }
}

impl From<hob_store::Error> for CommandError {
    fn from(error: hob_store::Error) -> Self {
        use hob_store::Error;
        let kind = match &error {
            Error::NotFound { .. } => Exit::NotFound,
            Error::Ambiguous { .. }
            | Error::IdTaken { .. }
            | Error::IdRetired { .. }
            | Error::Illegal { .. }
            | Error::IsGroup { .. }
            | Error::NotCompleted { .. }
            | Error::Exists { .. }
            | Error::Unlike { .. }
            | Error::NotABackup { .. } => Exit::Usage,
            Error::TooDeep { .. } | Error::TooMany { .. } => Exit::Denied,
            Error::Busy | Error::InUse { .. } | Error::OutcomeUnknown { .. } | Error::Undone { .. } => Exit::Busy,
            _ => Exit::Internal,
        };
        let hints: &[&str] = match &error {
            Error::OutcomeUnknown { .. } => &[
                "a dispatch with --id can simply be repeated as it was: that never makes a second task",
                "for anything else, look with `hob list` before you repeat it",
            ],
            Error::Corrupt { .. }
            | Error::NotADatabase { .. }
            | Error::LogWithoutDatabase { .. }
            | Error::Emptied { .. }
            | Error::Missing { .. } => &[
                "what can still be read, as a new database beside it: hob doctor --salvage",
                "a backup in its place: hob restore FOLDER",
            ],
            Error::InUse { .. } => &["what it does, and a way to end it: hob list --state running, hob cancel ID"],
            _ => &[],
        };
        let said = Self::new(kind, anyhow::anyhow!("cannot {error}"));
        hints.iter().fold(said, |said, hint| said.hint(*hint))
    }
}
