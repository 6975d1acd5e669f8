//! What happened, in words, in order.

use std::fmt;
use std::sync::{Arc, Mutex, PoisonError};

use crate::time::Time;

/// The story of one life. Ids and statuses only: nothing of the persons, who are invented anyway.
#[derive(Clone)]
pub struct Story {
    time: Arc<Time>,
    lines: Arc<Mutex<Vec<String>>>,
}

impl Story {
    pub fn begin(time: &Arc<Time>) -> Self {
        Self {
            time: Arc::clone(time),
            lines: Arc::default(),
        }
    }

    pub fn tell(&self, who: &str, what: impl fmt::Display) {
        self.time.look();
        let at = self.time.since_begin();
        let line = format!(
            "{:>3}:{:02}:{:06.3} {who}: {what}",
            at.as_secs() / 3600,
            at.as_secs() / 60 % 60,
            (at.as_millis() % 60_000) as f64 / 1e3,
        );
        self.lines
            .lock()
            .unwrap_or_else(PoisonError::into_inner)
            .push(line);
    }

    pub fn lines(&self) -> Vec<String> {
        self.lines
            .lock()
            .unwrap_or_else(PoisonError::into_inner)
            .clone()
    }
}

impl fmt::Display for Story {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        for line in self.lines() {
            writeln!(f, "{line}")?;
        }
        Ok(())
    }
}
