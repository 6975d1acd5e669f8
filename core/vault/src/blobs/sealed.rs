//! A stream sealed in chunks, in the form of age's payload (the STREAM construction): ChaCha20-Poly1305
//! over chunks of 64 KiB, the nonce an 11 byte counter and a byte that marks the last chunk. Whatever is
//! changed, cut off, appended, reordered or taken from another stream is noticed, and bytes are given
//! only after their chunk has proved right.
//!
//! A key seals one stream, ever: nonces begin at nought.

use std::io::{self, Read, Write};

use ring::aead::{Aad, CHACHA20_POLY1305, LessSafeKey, Nonce, Tag, UnboundKey};
use zeroize::Zeroizing;

/// Bytes of a key.
pub(super) const KEY: usize = 32;
/// Plain bytes of every chunk but the last, which has fewer or as many. Only an empty stream has an
/// empty one.
pub(super) const CHUNK: usize = 64 * 1024;
/// What sealing adds to a chunk.
const TAG: usize = 16;

/// Why a stream could not be read on.
#[derive(Debug, thiserror::Error)]
pub(super) enum UnsealError {
    /// These are not the bytes that were written under this key.
    #[error("the sealed file is damaged")]
    Damaged,
    /// The file system failed.
    #[error(transparent)]
    Io(#[from] io::Error),
}

/// Bytes of the file that seals `plain` bytes.
pub(super) const fn sealed_length(plain: u64) -> u64 {
    let chunks = if plain == 0 {
        1
    } else {
        plain.div_ceil(CHUNK as u64)
    };
    plain.saturating_add(chunks.saturating_mul(TAG as u64))
}

struct ChunkCipher {
    key: LessSafeKey,
    counter: u64,
}

impl ChunkCipher {
    fn new(key: &[u8; KEY]) -> io::Result<Self> {
        let key = UnboundKey::new(&CHACHA20_POLY1305, key)
            .map_err(|_| io::Error::from(io::ErrorKind::InvalidInput))?;
        Ok(Self {
            key: LessSafeKey::new(key),
            counter: 0,
        })
    }

    /// The nonce of the next chunk. A counter of 64 bits never comes round.
    fn nonce(&mut self, last: bool) -> Nonce {
        let mut nonce = [0; 12];
        nonce[3..11].copy_from_slice(&self.counter.to_be_bytes());
        nonce[11] = u8::from(last);
        self.counter += 1;
        Nonce::assume_unique_for_key(nonce)
    }

    fn seal(&mut self, plain: &mut [u8], last: bool) -> io::Result<Tag> {
        let nonce = self.nonce(last);
        self.key
            .seal_in_place_separate_tag(nonce, Aad::empty(), plain)
            .map_err(|_| io::Error::from(io::ErrorKind::InvalidInput))
    }

    fn open(&mut self, sealed: &mut [u8], last: bool) -> Result<usize, UnsealError> {
        let nonce = self.nonce(last);
        self.key
            .open_in_place(nonce, Aad::empty(), sealed)
            .map(|plain| plain.len())
            .map_err(|_| UnsealError::Damaged)
    }
}

/// Seals what is written to it. Without [`Sealer::finish`] the stream reads as damaged.
pub(super) struct Sealer<W> {
    cipher: ChunkCipher,
    chunk: Zeroizing<Vec<u8>>,
    to: W,
}

impl<W: Write> Sealer<W> {
    pub(super) fn new(key: &[u8; KEY], to: W) -> io::Result<Self> {
        Ok(Self {
            cipher: ChunkCipher::new(key)?,
            chunk: Zeroizing::new(Vec::with_capacity(CHUNK)),
            to,
        })
    }

    /// Takes in bytes. A full chunk is kept back until more comes: it may be the last.
    pub(super) fn write_all(&mut self, mut bytes: &[u8]) -> io::Result<()> {
        while !bytes.is_empty() {
            if self.chunk.len() == CHUNK {
                self.seal(false)?;
            }
            let (now, later) = bytes.split_at(bytes.len().min(CHUNK - self.chunk.len()));
            self.chunk.extend_from_slice(now);
            bytes = later;
        }
        Ok(())
    }

    /// Seals the last chunk and gives back what was written to.
    pub(super) fn finish(mut self) -> io::Result<W> {
        self.seal(true)?;
        Ok(self.to)
    }

    fn seal(&mut self, last: bool) -> io::Result<()> {
        let tag = self.cipher.seal(&mut self.chunk, last)?;
        self.to.write_all(&self.chunk)?;
        self.to.write_all(tag.as_ref())?;
        self.chunk.clear();
        Ok(())
    }
}

/// Opens a sealed stream chunk by chunk.
pub(super) struct Unsealer<R> {
    cipher: ChunkCipher,
    from: R,
    /// A sealed chunk, then its plain bytes.
    chunk: Zeroizing<Vec<u8>>,
    /// The first byte of the next chunk, read ahead: without one the chunk is the last.
    ahead: Option<u8>,
    started: bool,
    ended: bool,
}

impl<R: Read> Unsealer<R> {
    pub(super) fn new(key: &[u8; KEY], from: R) -> io::Result<Self> {
        Ok(Self {
            cipher: ChunkCipher::new(key)?,
            from,
            chunk: Zeroizing::new(vec![0; CHUNK + TAG + 1]),
            ahead: None,
            started: false,
            ended: false,
        })
    }

    /// The next plain bytes; nothing at the end, which has proved to be the end. After an error
    /// nothing more is given.
    pub(super) fn next_chunk(&mut self) -> Result<Option<&[u8]>, UnsealError> {
        if self.ended {
            return Ok(None);
        }
        let filled = self.fill()?;
        self.ended = true;
        let last = filled <= CHUNK + TAG;
        self.ahead = if last {
            None
        } else {
            self.chunk.get(CHUNK + TAG).copied()
        };
        let sealed = self
            .chunk
            .get_mut(..filled.min(CHUNK + TAG))
            .unwrap_or_default();
        let length = self.cipher.open(sealed, last)?;
        // Nobody writes an empty chunk after another.
        if length == 0 && self.started {
            return Err(UnsealError::Damaged);
        }
        self.started = true;
        self.ended = last;
        Ok(self.chunk.get(..length).filter(|plain| !plain.is_empty()))
    }

    /// Reads a chunk and a byte more, as far as there is.
    fn fill(&mut self) -> io::Result<usize> {
        let mut filled = 0;
        if let (Some(byte), Some(first)) = (self.ahead.take(), self.chunk.first_mut()) {
            *first = byte;
            filled = 1;
        }
        while let Some(rest) = self.chunk.get_mut(filled..).filter(|rest| !rest.is_empty()) {
            match self.from.read(rest) {
                Ok(0) => break,
                Ok(read) => filled += read,
                Err(error) if error.kind() == io::ErrorKind::Interrupted => {}
                Err(error) => {
                    self.ended = true;
                    return Err(error);
                }
            }
        }
        Ok(filled)
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn seal(key: u8, plain: &[u8], piece: usize) -> Vec<u8> {
        let mut sealer = Sealer::new(&[key; KEY], Vec::new()).unwrap();
        for piece in plain.chunks(piece) {
            sealer.write_all(piece).unwrap();
        }
        sealer.finish().unwrap()
    }

    /// Gives a few bytes at a time, as files may.
    struct Trickle<'a>(&'a [u8], usize);

    impl Read for Trickle<'_> {
        fn read(&mut self, to: &mut [u8]) -> io::Result<usize> {
            let most = to.len().min(self.1);
            self.0.read(&mut to[..most])
        }
    }

    fn unseal(key: u8, sealed: &[u8], piece: usize) -> (Vec<u8>, Result<(), UnsealError>) {
        let mut unsealer = Unsealer::new(&[key; KEY], Trickle(sealed, piece)).unwrap();
        let mut plain = Vec::new();
        loop {
            match unsealer.next_chunk() {
                Ok(Some(chunk)) => plain.extend_from_slice(chunk),
                Ok(None) => return (plain, Ok(())),
                Err(error) => {
                    assert!(unsealer.next_chunk().unwrap().is_none());
                    return (plain, Err(error));
                }
            }
        }
    }

    fn bytes(length: usize) -> Vec<u8> {
        (0..=250_u8).cycle().step_by(31).take(length).collect()
    }

    /// Whatever is given before the damage is noticed is the true beginning.
    fn assert_noticed(plain: &[u8], damaged: &[u8], what: &str) {
        let (given, result) = unseal(1, damaged, usize::MAX);
        assert!(matches!(result, Err(UnsealError::Damaged)), "{what}");
        assert!(plain.starts_with(&given), "{what}");
        assert_eq!(given.len() % CHUNK, 0, "{what}");
    }

    #[test]
    fn every_length_at_the_edges_of_chunks_comes_back() {
        for length in [0, 1, 15, 16, 17]
            .into_iter()
            .chain((1..4).flat_map(|n| [-17, -16, -1, 0, 1, 16, 17].map(|d| (n * 65_536) + d)))
        {
            let plain = bytes(usize::try_from(length).unwrap());
            for piece in [7_777, CHUNK - 1, CHUNK, CHUNK + 1, usize::MAX] {
                let sealed = seal(1, &plain, piece);
                assert_eq!(sealed.len() as u64, sealed_length(plain.len() as u64));
                let (given, result) = unseal(1, &sealed, piece);
                result.unwrap();
                assert!(given == plain, "{length} {piece}");
            }
        }
    }

    #[test]
    fn every_flipped_byte_and_every_cut_of_a_short_stream_is_noticed() {
        for length in [0, 1, 40] {
            let plain = bytes(length);
            let sealed = seal(1, &plain, usize::MAX);
            for at in 0..sealed.len() {
                let mut damaged = sealed.clone();
                damaged[at] ^= 1 << (at % 8);
                assert_noticed(&plain, &damaged, "flip");
                assert_noticed(&plain, &sealed[..at], "cut");
            }
        }
    }

    #[test]
    fn chunks_cannot_be_dropped_swapped_repeated_or_appended() {
        const SEALED: usize = CHUNK + TAG;
        let plain = bytes(CHUNK * 3);
        let sealed = seal(1, &plain, usize::MAX);
        let (a, b, c) = (
            &sealed[..SEALED],
            &sealed[SEALED..2 * SEALED],
            &sealed[2 * SEALED..],
        );
        let empty = seal(1, b"", 1);
        let other = seal(2, &plain, usize::MAX);
        for (what, parts) in [
            ("last dropped", vec![a, b]),
            ("first dropped", vec![b, c]),
            ("middle dropped", vec![a, c]),
            ("swapped", vec![b, a, c]),
            ("repeated", vec![a, a, b, c]),
            ("appended", vec![a, b, c, c]),
            ("an empty one appended", vec![a, b, c, &empty]),
            ("another's", vec![a, &other[SEALED..2 * SEALED], c]),
            ("a byte appended", vec![a, b, c, &[0]]),
        ] {
            assert_noticed(&plain, &parts.concat(), what);
        }
        assert_noticed(b"", &other, "another blob");
        assert_noticed(b"", b"", "emptied");
    }

    /// Counts what passes through it.
    struct Counting<'a, T>(T, &'a std::cell::Cell<usize>);

    impl Write for Counting<'_, io::Sink> {
        fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
            self.1.set(self.1.get() + bytes.len());
            self.0.write(bytes)
        }

        fn flush(&mut self) -> io::Result<()> {
            Ok(())
        }
    }

    impl<R: Read> Read for Counting<'_, R> {
        fn read(&mut self, to: &mut [u8]) -> io::Result<usize> {
            let read = self.0.read(to)?;
            self.1.set(self.1.get() + read);
            Ok(read)
        }
    }

    #[test]
    fn memory_holds_a_chunk_however_long_the_stream() {
        const LENGTH: usize = 64 << 20;
        let passed = std::cell::Cell::new(0);
        let mut sealer = Sealer::new(&[1; KEY], Counting(io::sink(), &passed)).unwrap();
        let piece = bytes(100_000);
        let mut written = 0;
        while written < LENGTH {
            sealer.write_all(&piece).unwrap();
            written += piece.len();
            let sealed = passed.get() / (CHUNK + TAG) * CHUNK;
            assert!(written - sealed <= CHUNK);
            assert_eq!(sealer.chunk.capacity(), CHUNK);
        }
        sealer.finish().unwrap();
        assert_eq!(passed.get() as u64, sealed_length(written as u64));

        let sealed = seal(1, &vec![3; LENGTH], usize::MAX);
        let read = std::cell::Cell::new(0);
        let mut unsealer = Unsealer::new(&[1; KEY], Counting(sealed.as_slice(), &read)).unwrap();
        let mut given = 0;
        while let Some(chunk) = unsealer.next_chunk().unwrap() {
            given += chunk.len() + TAG;
            assert!(read.get() - given <= 1, "no more is read than a byte ahead");
        }
        assert_eq!(given, sealed.len());
    }

    proptest! {
        #![proptest_config(ProptestConfig::with_cases(64))]

        #[test]
        fn any_damage_is_noticed(
            length in 0..CHUNK * 3,
            at in any::<prop::sample::Index>(),
            flip in 1..=255u8,
            cut in any::<prop::sample::Index>(),
        ) {
            let plain = bytes(length);
            let sealed = seal(1, &plain, usize::MAX);
            let mut flipped = sealed.clone();
            flipped[at.index(sealed.len())] ^= flip;
            assert_noticed(&plain, &flipped, "flip");
            assert_noticed(&plain, &sealed[..cut.index(sealed.len())], "cut");
        }
    }
}
