//! The course of a value.

use std::collections::HashMap;
use std::collections::hash_map::Entry;

use rusqlite::OptionalExtension as _;
use sokhoe_domain::{Point, ReferenceRange, Timestamp};

use crate::error::VaultError;
use crate::index;
use crate::vault::Vault;

impl Vault {
    /// The last `limit` values of a code (`system|code`) over all clinics, the oldest first.
    ///
    /// # Errors
    /// [`VaultError`]
    pub fn trend(&self, code: &str, limit: u32) -> Result<Vec<Point>, VaultError> {
        self.store().read(|tx, _| {
            let mut find = tx.prepare_cached(r#"SELECT "id" FROM "code" WHERE "name" = ?1"#)?;
            let Some(number) = find.query_row([code], |row| row.get(0)).optional()? else {
                return Ok(Vec::new());
            };
            let mut stored = Vec::new();
            index::each_point(tx, Some(number), &mut |_, _, point| stored.push(point))?;
            // Those of the same time stay in the order in which they came.
            stored.sort_by_key(|point| point.at);
            let limit = usize::try_from(limit).unwrap_or(usize::MAX);
            let last = stored.split_off(stored.len().saturating_sub(limit));
            let mut unit = tx.prepare_cached(r#"SELECT "name" FROM "unit" WHERE "id" = ?1"#)?;
            let mut units: HashMap<u32, String> = HashMap::new();
            let mut points = Vec::with_capacity(last.len());
            for point in last {
                let name = match units.entry(point.unit) {
                    Entry::Occupied(known) => known.into_mut(),
                    Entry::Vacant(unknown) => {
                        unknown.insert(unit.query_row([point.unit], |row| row.get(0))?)
                    }
                };
                points.push(Point {
                    code: code.to_owned(),
                    at: Timestamp::from_millis(point.at),
                    value: point.value,
                    unit: name.clone(),
                    range: ReferenceRange {
                        low: point.low,
                        high: point.high,
                    },
                });
            }
            Ok(points)
        })
    }
}
