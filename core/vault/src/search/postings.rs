//! Which rows have which words.

use std::borrow::Cow;
use std::collections::HashMap;
use std::ops::Range;

use rusqlite::{OptionalExtension as _, Transaction};

use crate::error::VaultError;
use crate::search::bits::{BLOCK, Bits, append};
use crate::search::words;

/// Beginnings up to so many letters have postings of their own: they fit too many words to be put
/// together for a query.
const BEGINNING: usize = 2;

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

/// Postings of one transaction, in memory until its end: a page of 500 resources has each of its
/// some hundred words many times.
#[derive(Debug, Default)]
pub(crate) struct NewPostings {
    /// Ascending docs, none twice.
    docs: HashMap<Box<str>, Vec<i64>>,
}

impl NewPostings {
    /// A row with its folded text; docs come in ascending order.
    pub(crate) fn add(&mut self, doc: i64, folded: &str) {
        for word in words(folded) {
            match self.docs.get_mut(word) {
                Some(docs) if docs.last() == Some(&doc) => {}
                Some(docs) => docs.push(doc),
                None => {
                    self.docs.insert(word.into(), vec![doc]);
                }
            }
        }
    }

    /// Writes all of them, in the order of the table.
    pub(crate) fn write(&mut self, tx: &Transaction<'_>) -> Result<(), VaultError> {
        let mut beginning: HashMap<&str, Vec<i64>> = HashMap::new();
        for (word, docs) in &self.docs {
            for start in beginnings(word) {
                beginning.entry(start).or_default().extend(docs);
            }
        }
        let mut all: Vec<(Cow<'_, str>, Cow<'_, [i64]>)> = Vec::new();
        for (start, mut docs) in beginning {
            docs.sort_unstable();
            docs.dedup();
            all.push((format!("{start}*").into(), docs.into()));
        }
        all.extend(
            self.docs
                .iter()
                .map(|(word, docs)| (Cow::from(&**word), Cow::from(docs))),
        );
        all.sort_unstable_by(|a, b| a.0.cmp(&b.0));
        let size = i64::try_from(BLOCK).unwrap_or(i64::MAX);
        let mut find = tx
            .prepare_cached(r#"SELECT "docs" FROM "posting" WHERE "block" = ?1 AND "word" = ?2"#)?;
        let mut store =
            tx.prepare_cached(r#"INSERT OR REPLACE INTO "posting" VALUES (?1, ?2, ?3)"#)?;
        for (word, docs) in &all {
            for docs in docs.chunk_by(|a, b| a / size == b / size) {
                let block = docs.first().map_or(0, |doc| doc / size);
                let places: Vec<u16> = docs
                    .iter()
                    .map(|doc| u16::try_from(doc % size).unwrap_or(0))
                    .collect();
                let before: Option<Vec<u8>> =
                    find.query_row((block, word), |row| row.get(0)).optional()?;
                let packed = append(before.as_deref().unwrap_or_default(), &places)?;
                store.execute((block, word, packed))?;
            }
        }
        drop(all);
        self.docs.clear();
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
}
