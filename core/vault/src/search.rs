//! Search: which rows have all the words, newest first.

use rusqlite::Transaction;
use sokhoe_domain::text::fold;

use crate::entries::{EntryPage, EntryQuery, PageCursor, by_ids};
use crate::error::VaultError;
use crate::index::{self, Cache, Columns};

/// Further words of a query are not looked at.
const MOST_WORDS: usize = 32;

/// What to look for: each word once, the longest, which are the rarest, first. A word that another
/// one begins with says nothing more.
pub(crate) fn words_of_query(text: &str) -> Vec<String> {
    let folded = fold(text);
    let mut all: Vec<&str> = index::words(&folded).collect();
    all.sort_by_key(|word| std::cmp::Reverse(word.len()));
    let mut kept: Vec<String> = Vec::new();
    for word in all {
        if !kept.iter().any(|longer| longer.starts_with(word)) {
            kept.push(word.to_owned());
        }
    }
    kept.truncate(MOST_WORDS);
    kept
}

/// A page of the rows that have all the words (every row when there are none), newest first.
pub(crate) fn page(
    tx: &Transaction<'_>,
    cache: &Cache<Columns>,
    words: &[String],
    query: &EntryQuery,
) -> Result<EntryPage, VaultError> {
    let columns = cache.current(tx)?;
    let clinic = match &query.clinic {
        None => None,
        Some(clinic) => {
            let mut find = tx.prepare_cached(r#"SELECT "id" FROM "clinic" WHERE "name" = ?1"#)?;
            let mut rows = find.query([clinic.as_str()])?;
            match rows.next()? {
                Some(row) => Some(row.get(0)?),
                None => return Ok(EntryPage::default()),
            }
        }
    };
    let matches = index::matching(tx, words, columns.docs())?;
    let limit = query.page_length();
    let mut places = columns.newest(matches.as_ref(), clinic, query, limit + 1);
    let more = places.len() > limit;
    places.truncate(limit);
    let next = places.last().filter(|_| more).map(|place| PageCursor {
        happened: place.happened,
        doc: place.doc,
    });
    let rows = by_ids(tx, places.iter().map(|place| place.entry))?;
    if rows.len() != places.len() {
        return Err(VaultError::Corrupt);
    }
    Ok(EntryPage { rows, next })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_query_is_words_and_nothing_else() {
        for (text, words) in [
            ("Đường huyết", vec!["duong", "huyet"]),
            ("huyết  ĐƯỜNG", vec!["duong", "huyet"]),
            (
                "\"a* OR b\" NEAR(c) -d:e",
                vec!["near", "or", "a", "b", "c", "d", "e"],
            ),
            ("hoà hòa ho", vec!["hoa"]),
            ("", vec![]),
            ("* ? %", vec![]),
        ] {
            let mut found = words_of_query(text);
            let by_word = |words: &mut Vec<String>| {
                words.sort_by(|a, b| b.len().cmp(&a.len()).then(a.cmp(b)))
            };
            by_word(&mut found);
            assert_eq!(found, words, "{text}");
        }
    }
}
