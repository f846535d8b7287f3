use std::{
    fs::File,
    io::{self, Read as _},
};

/// Bytes of a file that is read as a whole. 64 KiB: most sources fit, and it stays in the processor's cache.
const WHOLE: usize = 64 << 10;

/// Where one file after the other is read into.
pub(super) struct Buffer(Vec<u8>);

/// What there is of a file.
pub(super) enum Content<'a> {
    /// All of it.
    Whole(&'a [u8]),
    /// Its beginning; the rest is still to be read.
    Begun(&'a [u8]),
}

impl Buffer {
    pub(super) fn new() -> Self {
        // One more, so that a file of the full size is seen to end.
        Self(vec![0; WHOLE + 1])
    }

    /// Reads a file, which had `size` bytes when it was opened.
    pub(super) fn read(&mut self, mut file: &File, size: u64) -> io::Result<Content<'_>> {
        let mut filled = 0;
        loop {
            match file.read(&mut self.0[filled..]) {
                Ok(0) => return Ok(Content::Whole(&self.0[..filled])),
                Ok(count) => filled += count,
                Err(error) if error.kind() == io::ErrorKind::Interrupted => {}
                Err(error) => return Err(error),
            }
            if filled == self.0.len() {
                return Ok(Content::Begun(&self.0));
            }
            // Spares the call that would say so. Files of `/proc` have no size and yet bytes.
            if filled as u64 == size {
                return Ok(Content::Whole(&self.0[..filled]));
            }
        }
    }
}
