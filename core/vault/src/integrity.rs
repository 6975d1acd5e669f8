//! Whether a file is whole.

use crate::error::VaultError;
use crate::vault::Vault;

impl Vault {
    /// Reads every page that is in use and compares what must agree: each page with its MAC, each
    /// index with its table, each reference with its row. Takes as long as reading the whole file.
    ///
    /// # Errors
    /// [`VaultError::Corrupt`]; nothing is touched.
    pub fn check(&self) -> Result<(), VaultError> {
        self.store().read(|tx, _| {
            let whole: String = tx.query_row("PRAGMA integrity_check", [], |row| row.get(0))?;
            let dangling = tx.prepare("PRAGMA foreign_key_check")?.exists([])?;
            if whole == "ok" && !dangling {
                Ok(())
            } else {
                Err(VaultError::Corrupt)
            }
        })
    }
}
