//! The course of a value.

use sokhoe_domain::{Point, ReferenceRange, Timestamp};

use crate::error::VaultError;
use crate::vault::Vault;

impl Vault {
    /// The last `limit` values of a code (`system|code`) over all clinics, the oldest first.
    ///
    /// # Errors
    /// [`VaultError`]
    pub fn trend(&self, code: &str, limit: u32) -> Result<Vec<Point>, VaultError> {
        self.store().read(|tx, _| {
            let mut find = tx.prepare_cached(
                r#"SELECT "at", "value", "unit", "low", "high" FROM "point"
                   WHERE "code" = (SELECT "id" FROM "code" WHERE "name" = ?1)
                   ORDER BY "at" DESC, "id" DESC LIMIT ?2"#,
            )?;
            let mut rows = find.query((code, limit))?;
            let mut points = Vec::new();
            while let Some(row) = rows.next()? {
                points.push(Point {
                    code: code.to_owned(),
                    at: Timestamp::from_millis(row.get(0)?),
                    value: row.get(1)?,
                    unit: row.get(2)?,
                    range: ReferenceRange {
                        low: row.get(3)?,
                        high: row.get(4)?,
                    },
                });
            }
            points.reverse();
            Ok(points)
        })
    }
}
