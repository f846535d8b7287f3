use crate::{
    http::{self, HttpError, Request, Response},
    io::IoError,
    together,
};

/// Bytes that are asked for in one call.
const CHUNK: u32 = 256 * 1024;

/// Sends a request, and lets others go on until the head of its response is there.
pub async fn ask(request: &Request) -> Result<Response, HttpError> {
    let exchange = http::send(request)?;
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
        match response.body.read(CHUNK)? {
            None => return Ok(true),
            Some(bytes) if each(&bytes)? => {}
            Some(_) => return Ok(false),
        }
    }
}

/// The value of a header, whose name is in small letters or not.
#[must_use]
pub fn header<'a>(response: &'a Response, name: &str) -> Option<&'a str> {
    response.headers.iter().find(|(key, _)| key.eq_ignore_ascii_case(name)).map(|(_, value)| value.as_str())
}
