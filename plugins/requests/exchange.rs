use crate::together;
use hob_plugin::{
    http::{HttpError, Request, Response},
    io::IoError,
};

/// Bytes that are asked for in one call.
const CHUNK: u32 = 256 * 1024;

/// Sends a request, and lets others go on until the head of its response is there.
pub async fn ask(request: &Request) -> Result<Response, HttpError> {
    let exchange = request.start()?;
    together::ready(exchange.ready()).await;
    exchange.response()
}

/// Reads a body piece by piece, until `each` says that it is enough; whether that was all.
pub async fn read<E: From<IoError>>(
    response: &Response,
    mut each: impl FnMut(&[u8]) -> Result<bool, E>,
) -> Result<bool, E> {
    loop {
        together::ready(response.body.ready()).await;
        match response.body.read_some(CHUNK)? {
            None => return Ok(true),
            Some(bytes) if each(&bytes)? => {}
            Some(_) => return Ok(false),
        }
    }
}
