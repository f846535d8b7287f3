/// The last bytes of a stream.
pub(crate) struct Ring {
    bytes: Vec<u8>,
    most: usize,
    /// Where the oldest byte is, once it is full.
    start: usize,
}

impl Ring {
    /// Keeps at most `most` bytes; takes memory as they come.
    pub(crate) fn new(most: usize) -> Self {
        Self { bytes: Vec::new(), most, start: 0 }
    }

    pub(crate) fn push(&mut self, bytes: &[u8]) {
        let bytes = &bytes[bytes.len().saturating_sub(self.most)..];
        let (fill, over) = bytes.split_at(bytes.len().min(self.most - self.bytes.len()));
        self.bytes.extend_from_slice(fill);
        if over.is_empty() {
            return;
        }
        let (first, second) = over.split_at(over.len().min(self.most - self.start));
        self.bytes[self.start..self.start + first.len()].copy_from_slice(first);
        self.bytes[..second.len()].copy_from_slice(second);
        self.start = (self.start + over.len()) % self.most;
    }

    /// What it holds, the oldest byte first.
    pub(crate) fn into_bytes(mut self) -> Vec<u8> {
        self.bytes.rotate_left(self.start);
        self.bytes
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    proptest! {
        #[test]
        fn it_holds_the_end(most in 0_usize..40, pieces: Vec<Vec<u8>>) {
            let mut ring = Ring::new(most);
            for piece in &pieces {
                ring.push(piece);
            }
            let whole = pieces.concat();
            prop_assert_eq!(ring.into_bytes(), &whole[whole.len().saturating_sub(most)..]);
        }
    }
}
