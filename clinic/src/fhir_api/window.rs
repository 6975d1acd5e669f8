//! Counts of what happened in the span of time that runs; forgotten with it.

use std::collections::HashMap;
use std::hash::Hash;
use std::sync::{Mutex, MutexGuard, PoisonError};

use sokhoe_domain::Timestamp;

/// Who did how much since the last full span, of `MILLIS` each since 1970.
#[derive(Debug)]
pub(super) struct Window<K, const MILLIS: i64>(Mutex<(i64, HashMap<K, u32>)>);

impl<K, const MILLIS: i64> Default for Window<K, MILLIS> {
    fn default() -> Self {
        Self(Mutex::default())
    }
}

impl<K: Eq + Hash, const MILLIS: i64> Window<K, MILLIS> {
    /// How much somebody did.
    pub fn count(&self, who: &K, now: Timestamp) -> u32 {
        self.at(now).1.get(who).copied().unwrap_or_default()
    }

    /// Counts so much more, unless so many others are remembered that there is no room. How much it is with it.
    pub fn add(&self, who: K, more: u32, most: usize, now: Timestamp) -> u32 {
        let mut window = self.at(now);
        let counts = &mut window.1;
        if counts.len() >= most && !counts.contains_key(&who) {
            return more;
        }
        let count = counts.entry(who).or_default();
        *count = count.saturating_add(more);
        *count
    }

    /// Counts so much less.
    pub fn take(&self, who: &K, less: u32, now: Timestamp) {
        if let Some(count) = self.at(now).1.get_mut(who) {
            *count = count.saturating_sub(less);
        }
    }

    /// Milliseconds until the span is over.
    pub fn left(now: Timestamp) -> i64 {
        MILLIS - now.as_millis().rem_euclid(MILLIS)
    }

    fn at(&self, now: Timestamp) -> MutexGuard<'_, (i64, HashMap<K, u32>)> {
        let span = now.as_millis().div_euclid(MILLIS);
        let mut window = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        if window.0 != span {
            *window = (span, HashMap::new());
        }
        window
    }
}
