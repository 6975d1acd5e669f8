//! What is kept in memory of the index, by generation.

use std::sync::{Arc, Mutex, PoisonError};

use rusqlite::Transaction;

use crate::error::VaultError;

/// A part of the index that can be kept in memory.
pub(crate) trait Cached: Clone {
    /// What a commit changes of it.
    type Patch;

    /// Reads it as `tx` sees it.
    fn load(tx: &Transaction<'_>) -> Result<Self, VaultError>;

    /// Brings it up to a commit.
    fn apply(&mut self, patch: &Self::Patch);
}

/// One part, once it was needed, with the generation (`counter.generation`) it is of.
#[derive(Debug)]
pub(crate) struct Cache<T> {
    value: Mutex<Option<(i64, Arc<T>)>>,
}

impl<T> Default for Cache<T> {
    fn default() -> Self {
        Self {
            value: Mutex::new(None),
        }
    }
}

impl<T: Cached> Cache<T> {
    /// It, as `tx` sees it.
    pub(crate) fn current(&self, tx: &Transaction<'_>) -> Result<Arc<T>, VaultError> {
        let generation: i64 = tx
            .prepare_cached(r#"SELECT "generation" FROM "counter""#)?
            .query_row([], |row| row.get(0))?;
        let cached = self
            .value
            .lock()
            .unwrap_or_else(PoisonError::into_inner)
            .clone();
        if let Some((of, value)) = cached
            && of == generation
        {
            return Ok(value);
        }
        // The first use; or a commit between it and its patch; or another process's commit.
        let loaded = Arc::new(T::load(tx)?);
        let mut value = self.value.lock().unwrap_or_else(PoisonError::into_inner);
        if value.as_ref().is_none_or(|(of, _)| *of < generation) {
            *value = Some((generation, Arc::clone(&loaded)));
        }
        Ok(loaded)
    }

    /// Brings what is in memory from one generation to the next. When it is of another generation it
    /// is left, and the next use reads it anew.
    pub(crate) fn patch(&self, from: i64, to: i64, patch: &T::Patch) {
        let mut value = self.value.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some((of, value)) = value.as_mut()
            && *of == from
            && from != to
        {
            Arc::make_mut(value).apply(patch);
            *of = to;
        }
    }

    /// Forgets what is in memory.
    pub(crate) fn forget(&self) {
        *self.value.lock().unwrap_or_else(PoisonError::into_inner) = None;
    }
}
