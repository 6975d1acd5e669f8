//! The bytes of a file, of which copies share what neither of them wrote since.

use std::fmt;
use std::ops::Range;
use std::sync::Arc;

const PAGE: usize = 4_096;

type Page = [u8; PAGE];

/// The bytes of a file. A copy costs next to nothing, and so does a write to either: a simulation lives
/// thousands of lives that begin with the same files.
#[derive(Clone, Default)]
pub(super) struct Content {
    /// What was there when the file was made, as far as `base_length`.
    base: Arc<Vec<u8>>,
    base_length: usize,
    /// The pages that were written since. Beyond `length` they hold zeros.
    pages: Vec<Option<Arc<Page>>>,
    length: usize,
}

impl fmt::Debug for Content {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{} bytes", self.length)
    }
}

impl From<Vec<u8>> for Content {
    fn from(bytes: Vec<u8>) -> Self {
        Self {
            base_length: bytes.len(),
            length: bytes.len(),
            base: Arc::new(bytes),
            pages: Vec::new(),
        }
    }
}

/// What of a page lies in a range of the file: the page, and the part within it.
fn parts(range: Range<usize>) -> impl Iterator<Item = (usize, Range<usize>)> {
    (range.start / PAGE..range.end.div_ceil(PAGE)).map(move |page| {
        let begin = page * PAGE;
        let part = range.start.max(begin) - begin..range.end.min(begin + PAGE) - begin;
        (page, part)
    })
}

impl Content {
    pub(super) fn len(&self) -> usize {
        self.length
    }

    /// Reads from `offset` on; how many bytes there were.
    pub(super) fn read(&self, offset: usize, out: &mut [u8]) -> usize {
        let there = out.len().min(self.length.saturating_sub(offset));
        let mut rest = &mut out[..there];
        for (page, part) in parts(offset..offset + there) {
            let (now, later) = rest.split_at_mut(part.len());
            self.read_part(page, part, now);
            rest = later;
        }
        there
    }

    fn read_part(&self, page: usize, part: Range<usize>, out: &mut [u8]) {
        if let Some(Some(written)) = self.pages.get(page) {
            out.copy_from_slice(&written[part]);
            return;
        }
        let base = &self.base[..self.base_length];
        let from = base.get(page * PAGE + part.start..).unwrap_or_default();
        let from = &from[..from.len().min(out.len())];
        out[..from.len()].copy_from_slice(from);
        out[from.len()..].fill(0);
    }

    pub(super) fn to_vec(&self) -> Vec<u8> {
        let mut bytes = vec![0; self.length];
        self.read(0, &mut bytes);
        bytes
    }

    pub(super) fn write(&mut self, offset: usize, bytes: &[u8]) {
        let end = offset + bytes.len();
        self.length = self.length.max(end);
        let mut rest = bytes;
        for (page, part) in parts(offset..end) {
            let (now, later) = rest.split_at(part.len());
            self.page(page)[part].copy_from_slice(now);
            rest = later;
        }
    }

    /// A page to be written.
    fn page(&mut self, number: usize) -> &mut Page {
        if self.pages.len() <= number {
            self.pages.resize(number + 1, None);
        }
        if self.pages[number].is_none() {
            let mut page = [0; PAGE];
            self.read_part(number, 0..PAGE, &mut page);
            self.pages[number] = Some(Arc::new(page));
        }
        Arc::make_mut(self.pages[number].get_or_insert_with(|| Arc::new([0; PAGE])))
    }

    /// Cuts the end off, or adds zeros.
    pub(super) fn resize(&mut self, length: usize) {
        if length < self.length {
            self.base_length = self.base_length.min(length);
            self.pages.truncate(length.div_ceil(PAGE));
            let within = length % PAGE;
            if within > 0 && self.pages.get(length / PAGE).is_some_and(Option::is_some) {
                self.page(length / PAGE)[within..].fill(0);
            }
        }
        self.length = length;
    }

    /// Becomes as `other` in a range, where the two differ in nothing else but their ends.
    pub(super) fn take_over(&mut self, other: &Self, range: Range<usize>) {
        for (page, _) in parts(range) {
            if self.pages.len() <= page {
                self.pages.resize(page + 1, None);
            }
            self.pages[page] = other.pages.get(page).cloned().flatten();
        }
        self.length = other.length;
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::SeededRng;

    /// Random writes, cuts and copies, beside a plain vector.
    #[test]
    fn it_is_as_plain_bytes_are() {
        for seed in 0..200 {
            let rng = SeededRng::new(seed);
            let below = |bound: u64| usize::try_from(rng.next() % bound).unwrap();
            let mut plain = vec![99; below(20_000)];
            let mut content = Content::from(plain.clone());
            let mut kept = Vec::new();
            for step in 0..40 {
                match below(4) {
                    0 => {
                        let length = below(24_000);
                        plain.resize(length, 0);
                        content.resize(length);
                    }
                    1 => kept.push((plain.clone(), content.clone())),
                    _ => {
                        let (offset, bytes) = (below(20_000), vec![step; below(9_000)]);
                        let end = offset + bytes.len();
                        plain.resize(plain.len().max(end), 0);
                        plain[offset..end].copy_from_slice(&bytes);
                        content.write(offset, &bytes);
                    }
                }
                assert!(content.to_vec() == plain, "seed {seed}, step {step}");
                let mut out = vec![9; below(9_000)];
                let offset = below(24_000);
                let there = content.read(offset, &mut out);
                let expected = plain.get(offset..).unwrap_or_default();
                let expected = &expected[..expected.len().min(out.len())];
                assert!(out[..there] == *expected, "seed {seed}, step {step}");
            }
            for (plain, content) in kept {
                assert!(content.to_vec() == plain, "seed {seed}: a copy changed");
            }
        }
    }
}
