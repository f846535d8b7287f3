//! Components that mean harm (43 to 60).

mod floods;
mod folders;
mod guests;
mod native;
mod neighbours;
mod network;
mod panics;
mod powers;
mod proxy;

use std::{io::Read as _, net::TcpStream};

/// What a client says before its body, up to the empty line.
fn request_head(stream: &mut TcpStream) -> String {
    let (mut head, mut byte) = (Vec::new(), [0]);
    while !head.ends_with(b"\r\n\r\n") && stream.read(&mut byte).is_ok_and(|read| read == 1) {
        head.extend(byte);
    }
    String::from_utf8_lossy(&head).into_owned()
}
