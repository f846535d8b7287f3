//! Whether a program may be started as a component wants it, and what exactly that starts.

use super::{Command, SpawnError};
use crate::{engine, folders, guest::Surroundings};
use hob_core::{Access, Denial, Permit, ProgramGrant};
use hob_process::{ProgramError, SpawnRequest, find_program};
use std::{
    collections::BTreeMap,
    ffi::{OsStr, OsString},
    io::Read as _,
    path::{Path, PathBuf},
};

/// Arguments, or variables, of one command. 100,000: what fits into the kernel's own limit.
const MOST: usize = 100_000;
/// The variable in which every program of a task has the id of that task.
const TASK: &str = "HOB_TASK";

/// Decides every part of a command; streams are left to the caller.
pub(super) fn authorise(surroundings: &Surroundings, command: &Command) -> Result<SpawnRequest, SpawnError> {
    if command.args.len() > MOST || command.env.len() > MOST {
        return Err(SpawnError::Limit(format!("a command has at most {MOST} arguments and as many variables")));
    }
    let denied = |denial: Denial| SpawnError::Denied(denial.to_string());
    let policy = &surroundings.policy;
    let access = Access::Program { name: &command.program, args: &command.args };
    let permit = policy.decide(&access).map_err(denied)?;
    for (name, _) in &command.env {
        policy.decide(&Access::Env { name }).map_err(denied)?;
    }
    let cwd = match &command.cwd {
        None => surroundings.cwd.clone(),
        Some(guest) => folder(surroundings, guest)?,
    };
    let (program, arg0) = match permit {
        // A program finds its own files by its path, which says more than the component's name for it.
        Permit::Program(grant) => (granted(surroundings, &command.program, grant, &cwd)?, None),
        // As a shell would.
        Permit::AnyProgram => (in_path(surroundings, &command.program, &cwd)?, Some(OsString::from(&command.program))),
        other => return Err(SpawnError::Os(format!("the policy answered {other:?} to a question for a program"))),
    };
    let mut request = SpawnRequest::new(program, cwd);
    request.arg0 = arg0;
    request.args = command.args.iter().map(OsString::from).collect();
    request.env = variables(surroundings, &command.env);
    Ok(request)
}

/// A folder by its guest path.
fn folder(surroundings: &Surroundings, guest: &str) -> Result<PathBuf, SpawnError> {
    match surroundings.policy.decide(&Access::Dir { guest, write: false }) {
        Ok(Permit::Dir(grant, _)) => {
            let found = folders::to_host(&surroundings.folders, &grant.guest, guest);
            let found = found.filter(|(path, _)| path.is_dir()).map(|(path, _)| path);
            found.ok_or_else(|| SpawnError::Invalid(format!("`{guest}` is no folder that a program can run in")))
        }
        Ok(permit) => Err(SpawnError::Os(format!("the policy answered {permit:?} to a question for a folder"))),
        Err(denial) => Err(SpawnError::Denied(denial.to_string())),
    }
}

/// What a shell of the dispatcher would run for a path or a name.
fn in_path(surroundings: &Surroundings, program: &str, cwd: &Path) -> Result<PathBuf, SpawnError> {
    let path = surroundings.environment.get("PATH");
    find_program(OsStr::new(program), path, cwd).map_err(|error| match error {
        ProgramError::NotInPath { .. } | ProgramError::NotFound(_) | ProgramError::NoPath(_) => {
            SpawnError::NotFound(error.to_string())
        }
        ProgramError::NotExecutable(_) | ProgramError::Empty => SpawnError::Invalid(error.to_string()),
    })
}

/// The executable behind a logical name, with the digest that the grant may pin.
fn granted(surroundings: &Surroundings, name: &str, grant: &ProgramGrant, cwd: &Path) -> Result<PathBuf, SpawnError> {
    let path = PathBuf::from(&grant.path);
    let path = match grant.path.contains('/') {
        false => in_path(surroundings, &grant.path, cwd)?,
        true if path.is_absolute() => path,
        true => {
            let text =
                format!("the grant of `{name}` names {}, which is neither an absolute path nor a name", grant.path);
            return Err(SpawnError::Invalid(text));
        }
    };
    let Some(pinned) = &grant.sha256 else { return Ok(path) };
    let actual = digest(&path).map_err(|error| match error.kind() {
        std::io::ErrorKind::NotFound => SpawnError::NotFound(format!("`{}` was not found", path.display())),
        _ => SpawnError::Os(format!("read {}: {error}", path.display())),
    })?;
    if actual.eq_ignore_ascii_case(pinned) {
        Ok(path)
    } else {
        Err(SpawnError::Denied(format!(
            "{} has the sha256 {actual}, and the grant of `{name}` pins {pinned}: if the new program is wanted, put its \
             sha256 there",
            path.display()
        )))
    }
}

fn digest(path: &Path) -> std::io::Result<String> {
    use sha2::{Digest as _, Sha256};
    let (mut file, mut hasher, mut buffer) = (std::fs::File::open(path)?, Sha256::new(), vec![0; 256 << 10]);
    loop {
        match file.read(&mut buffer)? {
            0 => return Ok(engine::hex(&hasher.finalize())),
            count => hasher.update(&buffer[..count]),
        }
    }
}

/// The granted variables of the dispatcher, and what the command adds.
fn variables(surroundings: &Surroundings, added: &[(String, String)]) -> Vec<(OsString, OsString)> {
    use std::os::unix::ffi::OsStrExt as _;
    let owned = |bytes: &[u8]| OsStr::from_bytes(bytes).to_owned();
    let granted = surroundings.environment.0.iter().filter(|(name, _)| {
        let name = String::from_utf8_lossy(name);
        surroundings.policy.permit(&Access::Env { name: &name }).is_ok()
    });
    let mut variables: BTreeMap<OsString, OsString> =
        granted.map(|(name, value)| (owned(name), owned(value))).collect();
    variables.extend(added.iter().map(|(name, value)| (name.into(), value.into())));
    // By this hob knows, and a program may, which task something was handed in from.
    variables.insert(TASK.into(), surroundings.task.as_str().into());
    variables.into_iter().collect()
}

/// A failed start in the words of the contract.
pub(super) fn spawn_error(error: &hob_process::SpawnError) -> SpawnError {
    use hob_process::SpawnError as Error;
    let text = error.to_string();
    match error {
        Error::NotFound { .. } => SpawnError::NotFound(text),
        Error::NoInterpreter { .. }
        | Error::NotExecutable { .. }
        | Error::BadFolder { .. }
        | Error::TooLong { .. }
        | Error::Invalid { .. } => SpawnError::Invalid(text),
        Error::Exhausted { .. } => SpawnError::Limit(text),
        Error::Os { .. } | Error::Lost { .. } => SpawnError::Os(text),
    }
}
