//! Where each person's entries are in the log.
//!
//! Entries lie in the order of the log, many on a page. An index by person takes each to another page of a large table, which
//! costs more than all else that the log does. So the newest are in a small table (`access_log_newest`), and go from there in
//! the order of the people, a piece at a time, to blocks of places (`access_log_places`): a day's people come to the same pages.

use std::collections::HashMap;
use std::fmt;

use super::insert::{ROWS, insert};
use crate::store::{Sql, StoreError, Value, params};

/// Entries that stay in the small table.
const NEWEST: i64 = 16_384;
/// Entries that leave it at a time: more than come at a time, so that it stays small.
const LEAVING: usize = 2_048;
/// Places of a block, and the bytes of each.
const BLOCK: i64 = 64;
const BYTES: usize = 8;

/// An entry of somebody's: its number, counted for each person from 1, and its place in the log.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Numbered {
    pub number: i64,
    pub place: i64,
}

/// The index while the log grows.
pub(super) struct Places<'a> {
    sql: Sql<'a>,
    /// The last number of each person.
    numbers: HashMap<String, i64>,
    rows: Vec<(String, Numbered)>,
    added: i64,
}

impl fmt::Debug for Places<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Places").finish_non_exhaustive()
    }
}

impl<'a> Places<'a> {
    pub fn new(sql: Sql<'a>) -> Self {
        Self {
            sql,
            numbers: HashMap::new(),
            rows: Vec::with_capacity(ROWS),
            added: 0,
        }
    }

    /// Gives the entry at a place its number.
    pub fn add(&mut self, patient: &str, place: i64) -> Result<i64, StoreError> {
        let last = match self.numbers.get(patient) {
            Some(last) => *last,
            None => last_number(self.sql, patient)?,
        };
        let number = last.saturating_add(1);
        self.numbers.insert(patient.to_owned(), number);
        self.rows
            .push((patient.to_owned(), Numbered { number, place }));
        self.added += 1;
        if self.rows.len() == ROWS {
            self.write_rows()?;
        }
        Ok(number)
    }

    /// Writes what was added, and lets some of the newest leave their table when they are many.
    pub fn finish(mut self) -> Result<(), StoreError> {
        self.write_rows()?;
        let (newest, went_to): (i64, String) = self.sql.one(
            "SELECT newest, went_to FROM access_log WHERE one = 1",
            &[],
            |row| Ok((row.get(0)?, row.get(1)?)),
        )?;
        let newest = newest + self.added;
        let (left, went_to) = match newest > NEWEST {
            true => leave(self.sql, went_to)?,
            false => (0, went_to),
        };
        self.sql.execute(
            "UPDATE access_log SET newest = ?1, went_to = ?2 WHERE one = 1",
            params![newest - left, went_to],
        )?;
        Ok(())
    }

    fn write_rows(&mut self) -> Result<(), StoreError> {
        let values: Vec<_> = self
            .rows
            .iter()
            .flat_map(|(patient, of)| {
                [
                    Value::Text(patient),
                    Value::Integer(of.number),
                    Value::Integer(of.place),
                ]
            })
            .collect();
        let table = "access_log_newest (patient, number, place)";
        insert(self.sql, table, 3, &values)?;
        self.rows.clear();
        Ok(())
    }
}

fn last_number(sql: Sql<'_>, patient: &str) -> Result<i64, StoreError> {
    let (newest, block, places): (Option<i64>, Option<i64>, Option<Vec<u8>>) = sql.one(
        "SELECT (SELECT max(number) FROM access_log_newest WHERE patient = ?1),
                (SELECT max(block) FROM access_log_places WHERE patient = ?1),
                (SELECT places FROM access_log_places WHERE patient = ?1 ORDER BY block DESC LIMIT 1)",
        params![patient],
        |row| Ok((row.get(0)?, row.get(1)?, row.get(2)?)),
    )?;
    Ok(match (newest, block, places) {
        (Some(newest), _, _) => newest,
        (None, Some(block), Some(places)) => first_of(block) - 1 + count(&places),
        (None, _, _) => 0,
    })
}

/// The first number of a block.
fn first_of(block: i64) -> i64 {
    block.saturating_mul(BLOCK).saturating_add(1)
}

fn count(places: &[u8]) -> i64 {
    i64::try_from(places.len() / BYTES).unwrap_or(i64::MAX)
}

/// Lets some go from the small table to the blocks, of the people after whom the last ones went. How many, and up to whom.
fn leave(sql: Sql<'_>, went_to: String) -> Result<(i64, String), StoreError> {
    let of_them = |from: &str| -> Result<Vec<(String, Numbered)>, StoreError> {
        sql.rows(
            &format!(
                "SELECT patient, number, place FROM access_log_newest
                 WHERE patient >= ?1 ORDER BY patient, number LIMIT {LEAVING}"
            ),
            params![from],
            |row| {
                let (number, place) = (row.get(1)?, row.get(2)?);
                Ok((row.get(0)?, Numbered { number, place }))
            },
        )
    };
    let mut from = went_to;
    let mut leaving = of_them(&from)?;
    if leaving.is_empty() {
        from.clear();
        leaving = of_them(&from)?;
    }
    let Some((last, of_last)) = leaving.last() else {
        return Ok((0, String::new()));
    };
    for of_one in leaving.chunk_by(|(one, _), (next, _)| one == next) {
        put_into_blocks(sql, of_one)?;
    }
    sql.execute(
        "DELETE FROM access_log_newest WHERE patient >= ?1 AND patient < ?2",
        params![from, last],
    )?;
    sql.execute(
        "DELETE FROM access_log_newest WHERE patient = ?1 AND number <= ?2",
        params![last, of_last.number],
    )?;
    // Of the last one there may be more.
    let is_round = leaving.len() < LEAVING;
    let went_to = if is_round { "" } else { last };
    let left = i64::try_from(leaving.len()).unwrap_or(i64::MAX);
    Ok((left, went_to.to_owned()))
}

/// Puts one person's into the blocks, in their order.
fn put_into_blocks(sql: Sql<'_>, of_one: &[(String, Numbered)]) -> Result<(), StoreError> {
    let before = |of: &Numbered| of.number.saturating_sub(1);
    let block_of = |of: &Numbered| before(of).div_euclid(BLOCK);
    for of_block in of_one.chunk_by(|(_, one), (_, next)| block_of(one) == block_of(next)) {
        let Some((patient, first)) = of_block.first() else {
            continue;
        };
        let block = block_of(first);
        let known: Option<Vec<u8>> = sql.first(
            "SELECT places FROM access_log_places WHERE patient = ?1 AND block = ?2",
            params![patient, block],
            |row| row.get(0),
        )?;
        let mut places = known.unwrap_or_default();
        for (_, of) in of_block {
            let in_block = usize::try_from(before(of).rem_euclid(BLOCK)).unwrap_or_default();
            // Where somebody took numbers away there is no place: whose they were notices.
            places.resize(BYTES * in_block, u8::MAX);
            places.extend_from_slice(&of.place.to_be_bytes());
        }
        sql.execute(
            "INSERT INTO access_log_places (patient, block, places) VALUES (?1, ?2, ?3)
             ON CONFLICT (patient, block) DO UPDATE SET places = excluded.places",
            params![patient, block, places],
        )?;
    }
    Ok(())
}

/// So many of a person's entries with numbers under `before`, the newest first.
pub(super) fn of_person(
    sql: Sql<'_>,
    patient: &str,
    before: i64,
    count: usize,
) -> Result<Vec<Numbered>, StoreError> {
    let mut found: Vec<Numbered> = sql.rows(
        &format!(
            "SELECT number, place FROM access_log_newest
             WHERE patient = ?1 AND number < ?2 ORDER BY number DESC LIMIT {count}"
        ),
        params![patient, before],
        |row| {
            Ok(Numbered {
                number: row.get(0)?,
                place: row.get(1)?,
            })
        },
    )?;
    if found.len() == count {
        return Ok(found);
    }
    // Those in the blocks are all older.
    let before = found.last().map_or(before, |oldest| oldest.number);
    sql.stream(
        "SELECT block, places FROM access_log_places WHERE patient = ?1 AND block <= ?2 ORDER BY block DESC",
        params![patient, before.saturating_sub(1).div_euclid(BLOCK)],
        |row| {
            let (block, places): (i64, Vec<u8>) = (row.get(0)?, row.get(1)?);
            let (places, _) = places.as_chunks::<BYTES>();
            let numbers = first_of(block)..;
            let of_block: Vec<_> = numbers.zip(places).collect();
            for (number, place) in of_block.into_iter().rev() {
                if number < before && found.len() < count {
                    let place = i64::from_be_bytes(*place);
                    found.push(Numbered { number, place });
                }
            }
            Ok(found.len() < count)
        },
    )?;
    Ok(found)
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeMap;

    use proptest::prelude::*;

    use super::*;
    use crate::store::InMemory;

    fn newest(database: &InMemory) -> i64 {
        let text = "SELECT newest, (SELECT count(*) FROM access_log_newest) FROM access_log";
        let counts = database
            .sql()
            .one(text, &[], |row| Ok((row.get(0)?, row.get(1)?)));
        let (told, there): (i64, i64) = counts.unwrap();
        assert_eq!(told, there);
        there
    }

    proptest! {
        #![proptest_config(ProptestConfig::with_cases(12))]

        #[test]
        fn everybodys_entries_are_found_in_their_order_wherever_they_are(
            batches in proptest::collection::vec((1_usize..1_024, 1_u64..300, any::<u64>()), 1..60),
        ) {
            let database = InMemory::new();
            let mut model: BTreeMap<String, Vec<i64>> = BTreeMap::new();
            let mut place = 0;
            for (size, people, seed) in batches {
                let mut places = Places::new(database.sql());
                for entry in 0..u64::try_from(size).unwrap() {
                    let who = seed.wrapping_mul(entry | 1).wrapping_mul(0x9e37_79b9) >> 16;
                    let patient = format!("p{}", who % people);
                    let number = places.add(&patient, place).unwrap();
                    let of = model.entry(patient).or_default();
                    of.push(place);
                    prop_assert_eq!(number, i64::try_from(of.len()).unwrap());
                    place += 1;
                }
                places.finish().unwrap();
                prop_assert!(newest(&database) <= NEWEST + 1_024);
            }
            for (patient, of) in &model {
                let mut expected: Vec<_> = (1..)
                    .zip(of)
                    .map(|(number, place)| Numbered { number, place: *place })
                    .collect();
                expected.reverse();
                let all = of_person(database.sql(), patient, i64::MAX, usize::MAX >> 1).unwrap();
                prop_assert_eq!(&all, &expected);
                for (before, count) in [(1, 5), (65, 3), (66, 70), (i64::MAX, 1)] {
                    let some = of_person(database.sql(), patient, before, count).unwrap();
                    let expected: Vec<_> = expected
                        .iter()
                        .filter(|of| of.number < before)
                        .take(count)
                        .copied()
                        .collect();
                    prop_assert_eq!(some, expected);
                }
            }
        }
    }

    #[test]
    fn the_newest_leave_their_table_and_those_of_today_are_on_few_pages() {
        let database = InMemory::new();
        let mut place = 0;
        for batch in 0..40_i64 {
            let mut places = Places::new(database.sql());
            for entry in 0..1_024 {
                let patient = format!("bn-{:06}", (batch * 7 + entry * 13) % 3_000);
                places.add(&patient, place).unwrap();
                place += 1;
            }
            places.finish().unwrap();
            assert!(newest(&database) <= NEWEST + 1_024);
        }
        let in_blocks: i64 = database
            .sql()
            .one(
                "SELECT sum(length(places)) / 8 FROM access_log_places",
                &[],
                |row| row.get(0),
            )
            .unwrap();
        assert_eq!(in_blocks + newest(&database), place);
        assert!(in_blocks > 20_000);
    }

    #[test]
    fn who_took_numbers_away_stops_nothing() {
        let database = InMemory::new();
        let add = |count| {
            let mut places = Places::new(database.sql());
            (0..count).for_each(|place| _ = places.add("p", place).unwrap());
            places.finish().unwrap();
        };
        add(10);
        let connection = database.connection();
        let cut = "DELETE FROM access_log_newest WHERE number BETWEEN 3 AND 5; UPDATE access_log SET newest = 100000";
        connection.execute_batch(cut).unwrap();
        add(1);
        let found = of_person(database.sql(), "p", i64::MAX, 20).unwrap();
        let places: Vec<_> = found.iter().map(|of| (of.number, of.place)).collect();
        assert_eq!(
            places[..6],
            [(11, 0), (10, 9), (9, 8), (8, 7), (7, 6), (6, 5)]
        );
        assert_eq!(places[6..], [(5, -1), (4, -1), (3, -1), (2, 1), (1, 0)]);
    }

    #[test]
    fn nothing_is_sorted_to_find_them() {
        let database = InMemory::new();
        for text in [
            "SELECT number, place FROM access_log_newest
             WHERE patient = ?1 AND number < ?2 ORDER BY number DESC LIMIT 50",
            "SELECT block, places FROM access_log_places WHERE patient = ?1 AND block <= ?2 ORDER BY block DESC",
        ] {
            let plan = format!("EXPLAIN QUERY PLAN {text}");
            let mut plan = database.connection().prepare(&plan).unwrap();
            let steps = plan.query_map(rusqlite::params!["p", 7], |row| row.get::<_, String>(3));
            let plan: Vec<String> = steps.unwrap().map(Result::unwrap).collect();
            let plan = plan.join("; ");
            assert!(plan.contains("USING PRIMARY KEY"), "{plan}");
            assert!(!plan.contains("TEMP B-TREE"), "{plan}");
        }
    }
}
