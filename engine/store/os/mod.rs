//! What differs between operating systems: who owns a file, who may read it, which file it is,
//! and how a path is bytes.

#[cfg(not(unix))]
mod other;
#[cfg(unix)]
mod unix;

#[cfg(not(unix))]
pub(crate) use other::{
    FileIdentity, check_owner, check_readable, file_size_limit, identity, is_writable, make_folder, path_from, path_to,
    private, protect, sync_ancestors, sync_folder, sync_tree, write_first,
};
#[cfg(unix)]
pub(crate) use unix::{
    FileIdentity, check_owner, check_readable, file_size_limit, identity, is_writable, make_folder, path_from, path_to,
    private, protect, sync_ancestors, sync_folder, sync_tree, write_first,
};
