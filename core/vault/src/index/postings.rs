//! Which rows have which words.

use std::ops::Range;

use foldhash::HashMap;
use rusqlite::Transaction;

use crate::error::VaultError;
use crate::index::bits::{BLOCK, Bits, Block, pack, pack_places};
use crate::index::bytes::{Bytes, size};
use crate::index::runs::Runs;

/// A longer word is known by its beginning.
pub(crate) const LONGEST_WORD: usize = 64;

/// Beginnings up to so many letters have postings of their own: they fit too many words to be put
/// together for a query.
const BEGINNING: usize = 2;

/// The words of a folded text, as they are stored and asked for.
pub(crate) fn words(folded: &str) -> impl Iterator<Item = &str> {
    folded.split_ascii_whitespace().map(|word| {
        let mut end = word.len().min(LONGEST_WORD);
        while !word.is_char_boundary(end) {
            end -= 1;
        }
        &word[..end]
    })
}

/// The beginnings of a word that have postings of their own, as they are stored. '*' is in no word,
/// and no word is asked for by a range that could reach them.
fn beginnings(word: &str) -> impl Iterator<Item = &str> {
    word.char_indices()
        .skip(1)
        .map(|(at, _)| at)
        .chain([word.len()])
        .take(BEGINNING)
        .map(|end| &word[..end])
}

/// Postings of a block that is not full: those of one transaction, and runs of earlier ones.
#[derive(Debug, Default)]
struct Gathered {
    /// By word the places in the block, none twice.
    places: HashMap<Box<str>, Vec<u16>>,
}

impl Gathered {
    fn add(&mut self, place: u16, word: &str) {
        match self.places.get_mut(word) {
            Some(places) if places.last() == Some(&place) => {}
            Some(places) => places.push(place),
            None => {
                self.places.insert(word.into(), vec![place]);
            }
        }
    }

    fn add_run(&mut self, data: &[u8]) -> Result<(), VaultError> {
        let mut run = Run(Bytes(data));
        while let Some((word, places)) = run.next()? {
            let word = std::str::from_utf8(word).map_err(|_| VaultError::Corrupt)?;
            let places = places.iter().map(|place| u16::from_le_bytes(*place));
            match self.places.get_mut(word) {
                Some(known) => known.extend(places),
                None => {
                    self.places.insert(word.into(), places.collect());
                }
            }
        }
        Ok(())
    }

    /// Words in order, each with its places.
    fn to_run(&self) -> Vec<u8> {
        let mut words: Vec<_> = self.places.iter().collect();
        words.sort_unstable_by_key(|(word, _)| *word);
        let mut data = Vec::new();
        for (word, places) in words {
            data.push(u8::try_from(word.len()).unwrap_or(0));
            data.extend_from_slice(word.as_bytes());
            let count = u16::try_from(places.len()).unwrap_or(0);
            data.extend_from_slice(&count.to_le_bytes());
            for place in places {
                data.extend_from_slice(&place.to_le_bytes());
            }
        }
        data
    }

    /// Writes a full block, in the order of the table.
    fn write_block(&self, tx: &Transaction<'_>, block: i64) -> Result<(), VaultError> {
        let mut by_beginning: HashMap<&str, Block> = HashMap::default();
        for (word, places) in &self.places {
            for beginning in beginnings(word) {
                let all = by_beginning.entry(beginning).or_default();
                for place in places {
                    all.set(usize::from(*place));
                }
            }
        }
        let mut rows: Vec<(String, Vec<u8>)> = by_beginning
            .into_iter()
            .map(|(beginning, places)| (format!("{beginning}*"), pack(&places)))
            .collect();
        rows.extend(
            self.places
                .iter()
                .map(|(word, places)| (word.to_string(), pack_places(places))),
        );
        rows.sort_unstable();
        let mut add = tx.prepare_cached(
            r#"INSERT INTO "posting" ("block", "word", "docs") VALUES (?1, ?2, ?3)"#,
        )?;
        for (word, docs) in rows {
            add.execute((block, word, docs))?;
        }
        Ok(())
    }
}

/// A word's places, two bytes each.
type Places<'a> = &'a [[u8; 2]];

/// A run, read from its beginning.
struct Run<'a>(Bytes<'a>);

impl<'a> Run<'a> {
    /// The next word with its places.
    fn next(&mut self) -> Result<Option<(&'a [u8], Places<'a>)>, VaultError> {
        if self.0.is_empty() {
            return Ok(None);
        }
        let length = self.0.u8()?;
        let word = self.0.slice(usize::from(length))?;
        let count = self.0.u16()?;
        let (places, _) = self.0.slice(usize::from(count) * 2)?.as_chunks();
        Ok(Some((word, places)))
    }
}

/// Postings of one transaction, in memory until its end or until their block is full.
#[derive(Debug)]
pub(crate) struct NewPostings {
    block: i64,
    gathered: Gathered,
}

/// [`BLOCK`], as docs are counted.
pub(super) const DOCS: i64 = BLOCK as i64;

impl NewPostings {
    /// None so far; the next doc is `next_doc`.
    pub(crate) fn at(next_doc: i64) -> Self {
        Self {
            block: next_doc / DOCS,
            gathered: Gathered::default(),
        }
    }

    /// Adds a row with its folded text; docs come in ascending order.
    pub(crate) fn add(
        &mut self,
        tx: &Transaction<'_>,
        doc: i64,
        folded: &str,
    ) -> Result<(), VaultError> {
        self.go_to(tx, doc)?;
        let place = u16::try_from(doc % DOCS).map_err(|_| VaultError::Corrupt)?;
        for word in words(folded) {
            self.gathered.add(place, word);
        }
        Ok(())
    }

    /// Writes the block before that of `doc`, when it is full.
    fn go_to(&mut self, tx: &Transaction<'_>, doc: i64) -> Result<(), VaultError> {
        if doc / DOCS == self.block {
            return Ok(());
        }
        Runs::Postings.each(tx, |_, data| self.gathered.add_run(data))?;
        Runs::Postings.clear(tx)?;
        self.gathered.write_block(tx, self.block)?;
        self.gathered = Gathered::default();
        self.block = doc / DOCS;
        Ok(())
    }

    /// Writes what was gathered. Afterwards there are runs of the block of `next_doc` alone.
    pub(crate) fn finish(
        &mut self,
        tx: &Transaction<'_>,
        first_doc: i64,
        next_doc: i64,
    ) -> Result<(), VaultError> {
        self.go_to(tx, next_doc)?;
        if self.gathered.places.is_empty() {
            return Ok(());
        }
        let first = match Runs::Postings.last_short(tx)? {
            Some((first, data)) => {
                self.gathered.add_run(&data)?;
                first
            }
            None => first_doc.max(self.block * DOCS),
        };
        Runs::Postings.put(tx, first, &self.gathered.to_run())?;
        self.gathered = Gathered::default();
        Ok(())
    }
}

/// The docs below `bound` that have all the words; nothing when there are no words.
pub(crate) fn matching(
    tx: &Transaction<'_>,
    words: &[String],
    bound: usize,
) -> Result<Option<Bits>, VaultError> {
    let mut all: Option<Bits> = None;
    for word in words {
        let found = with_word(tx, word, bound)?;
        let any = match &mut all {
            Some(all) => all.keep(&found),
            None => {
                all = Some(found);
                true
            }
        };
        if !any {
            break;
        }
    }
    Ok(all)
}

/// The docs below `bound` that have a word which begins so.
fn with_word(tx: &Transaction<'_>, word: &str, bound: usize) -> Result<Bits, VaultError> {
    let mut found = Bits::none(bound);
    let range = range(word);
    let mut find = tx.prepare_cached(
        r#"SELECT "docs" FROM "posting" WHERE "block" = ?1 AND "word" >= ?2 AND "word" < ?3"#,
    )?;
    for block in 0..found.blocks() {
        let number = i64::try_from(block).unwrap_or(i64::MAX);
        let mut rows = find.query((number, &range.start, &range.end))?;
        while let Some(row) = rows.next()? {
            let packed = row.get_ref(0)?.as_blob().map_err(|_| VaultError::Corrupt)?;
            found.add(block, packed)?;
        }
    }
    Runs::Postings.each(tx, |first, data| {
        let start = size(first)? / BLOCK * BLOCK;
        let mut run = Run(Bytes(data));
        while let Some((stored, places)) = run.next()? {
            if stored.starts_with(word.as_bytes()) {
                for place in places {
                    found.set(start + usize::from(u16::from_le_bytes(*place)));
                }
            } else if stored > word.as_bytes() {
                break;
            }
        }
        Ok(())
    })?;
    Ok(found)
}

/// The stored words that begin with `word`.
fn range(word: &str) -> Range<String> {
    if word.chars().count() <= BEGINNING {
        let start = format!("{word}*");
        let end = format!("{start}\0");
        start..end
    } else {
        word.to_owned()..format!("{word}{}", char::MAX)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn short_beginnings_are_words_of_their_own() {
        let of = |word| beginnings(word).collect::<Vec<_>>();
        assert_eq!(of("duong"), ["d", "du"]);
        assert_eq!(of("d"), ["d"]);
        assert_eq!(of("ưở"), ["ư", "ưở"]);
        assert_eq!(range("du"), "du*".to_owned().."du*\0".to_owned());
        assert!(range("duo").contains(&"duong".to_owned()));
        assert!(!range("duo").contains(&"du*".to_owned()));
        assert!(!range("duo").contains(&"dup".to_owned()));
    }

    #[test]
    fn long_words_are_cut_between_letters() {
        let long = "ữ".repeat(100);
        let cut: Vec<&str> = words(&long).collect();
        assert_eq!(cut, ["ữ".repeat(LONGEST_WORD / "ữ".len())]);
    }

    #[test]
    fn a_run_comes_back_and_a_cut_one_is_damage() {
        let mut gathered = Gathered::default();
        for (place, word) in [
            (0, "duong"),
            (0, "huyet"),
            (1, "huyet"),
            (1, "huyet"),
            (2, "ap"),
        ] {
            gathered.add(place, word);
        }
        let data = gathered.to_run();
        let mut again = Gathered::default();
        again.add_run(&data).unwrap();
        assert_eq!(again.places, gathered.places);
        assert_eq!(again.to_run(), data);
        let cuts =
            (1..data.len()).filter(|end| Gathered::default().add_run(&data[..*end]).is_err());
        // A cut between two words cannot be seen here; the file's MAC sees it.
        assert_eq!(cuts.count(), data.len() - 1 - 2);
    }
}
