//! A program from its start to its end in one call.

use super::Child;
use crate::{bindings::hob::plugin::process::Output, meter::TRANSFER};
use hob_process::Tree;
use tokio::{
    io::AsyncWriteExt as _,
    net::unix::pipe::{Receiver, Sender},
};

/// Feeds, collects, waits. A cancelled task's trees are told to end, which ends this as well.
pub(super) async fn to_the_end(child: &mut Child, stdin: &[u8], max_bytes: u32) -> Output {
    let room = usize::try_from(max_bytes).unwrap_or(usize::MAX).min(TRANSFER);
    let (input, stdout, stderr) = (child.stdin.take(), child.stdout.take(), child.stderr.take());
    let tree = child.entry.tree();
    let ((), (stdout, cut_out), (stderr, cut_err), status) = tokio::join!(
        feed(input, stdin, &tree),
        collect(stdout, room, &tree),
        collect(stderr, room, &tree),
        child.entry.wait(),
    );
    Output { status, stdout, stderr, truncated: cut_out || cut_err }
}

/// A program may well end without reading all of its input.
async fn feed(pipe: Option<Sender>, bytes: &[u8], tree: &Tree) {
    let Some(mut pipe) = pipe else { return };
    tokio::select! {
        _ = pipe.write_all(bytes) => {}
        _ = tree.exited() => {}
    }
}

/// The first `room` bytes of a stream, and whether there were more.
async fn collect(pipe: Option<Receiver>, room: usize, tree: &Tree) -> (Vec<u8>, bool) {
    let (mut kept, mut truncated) = (Vec::new(), false);
    let Some(pipe) = pipe else { return (kept, truncated) };
    let mut buffer = vec![0; 64 << 10];
    let mut is_gone = false;
    loop {
        match pipe.try_read(&mut buffer) {
            Ok(0) => break,
            Ok(count) => {
                let taken = count.min(room - kept.len());
                kept.extend_from_slice(&buffer[..taken]);
                truncated |= taken < count;
            }
            Err(error) if error.kind() == std::io::ErrorKind::WouldBlock => {
                // When nothing of the tree lives and nothing is left in the pipe, a stranger has it.
                if is_gone {
                    break;
                }
                tokio::select! {
                    ready = pipe.readable() => if ready.is_err() { break },
                    _ = tree.ended() => is_gone = true,
                }
            }
            Err(_) => break,
        }
    }
    (kept, truncated)
}
