//! Where the sync with a server stands. The vault keeps it as the clinic's cursor, with the data that it
//! stands for.

use std::collections::BTreeSet;

use serde::{Deserialize, Serialize};
use sokhoe_domain::Timestamp;
use sokhoe_domain::planted::{Bug, is_planted};

use super::WINDOW;
use super::plan::Plan;

/// The version of the form; another one begins anew.
const FORM: u8 = 1;

#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub(super) struct Standing {
    form: u8,
    /// Everything that the server showed at this time of its own is here; unset before the first round ended.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub complete: Option<i64>,
    /// The last time, by the phone's clock, that everything was compared.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub compared: Option<i64>,
    /// The comparison under way.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub comparing: Option<Comparing>,
    /// What the server could when it was last asked.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub plan: Option<Plan>,
    /// The round under way.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub round: Option<Round>,
}

/// A comparison with everything that the server lists: one type after the other.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub(super) struct Comparing {
    /// When it began, by the phone's clock.
    pub begun: i64,
    /// The types that are compared.
    pub done: BTreeSet<String>,
}

/// A round: every question once.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub(super) struct Round {
    /// When the server first looked, by its own word.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub looked: Option<i64>,
    /// The newest stamp of what came.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub newest: Option<i64>,
    /// The question under way, by its name.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub step: Option<String>,
    /// Its next page.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub next: Option<String>,
}

impl Standing {
    /// From the cursor; what cannot be read begins anew.
    pub(super) fn read(cursor: Option<&str>) -> Self {
        cursor
            .and_then(|text| serde_json::from_str(text).ok())
            .filter(|standing: &Self| standing.form == FORM)
            .unwrap_or(Self {
                form: FORM,
                ..Self::default()
            })
    }

    pub(super) fn write(&self) -> String {
        serde_json::to_string(self).unwrap_or_default()
    }

    /// Everything is compared at the next occasion, whatever was before.
    pub(super) fn compare_anew(&mut self) {
        self.compared = None;
        self.comparing = None;
    }

    /// From where on changes are asked for: `window` before what is complete, since what was written
    /// together becomes visible late, under the time of its beginning.
    pub(super) fn since(&self, window: std::time::Duration) -> Option<Timestamp> {
        let complete = Timestamp::from_millis(self.complete?);
        if is_planted(Bug::OnlyNewerThanSeen) {
            return Some(complete);
        }
        Some(complete.minus(window))
    }
}

impl Round {
    /// Whether the server looked long before what was complete already, by its own word.
    pub(super) fn is_long_before(&self, complete: Option<i64>) -> bool {
        let window = i64::try_from(WINDOW.as_millis()).unwrap_or(i64::MAX);
        self.looked
            .zip(complete)
            .is_some_and(|(looked, complete)| looked < complete.saturating_sub(window))
    }

    /// What is complete once this round is over.
    pub(super) fn complete(&self) -> Option<i64> {
        if is_planted(Bug::OnlyNewerThanSeen) {
            return self.newest;
        }
        // The server's own word, never a proxy's or the phone's clock. A word that is older than what it
        // sent would only ask for more than is needed.
        self.looked.or(self.newest)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_cursor_of_another_form_begins_anew() {
        let standing = Standing {
            complete: Some(5),
            ..Standing::read(None)
        };
        assert_eq!(Standing::read(Some(&standing.write())), standing);
        for other in ["", "{}", "opaque", r#"{"form":2,"complete":7}"#] {
            assert_eq!(Standing::read(Some(other)), Standing::read(None), "{other}");
        }
    }
}
