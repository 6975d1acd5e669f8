//! How times are booked at a server, by what its CapabilityStatement says.

use std::collections::HashMap;
use std::fmt;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use serde::{Deserialize, Serialize};
use sokhoe_client::ClientError;
use sokhoe_domain::{ClinicId, Refusal, Timestamp};
use sokhoe_fhir::CapabilityView;

use crate::down::known_ways;
use crate::error::SyncError;
use crate::lane::{Engine, Lane};

/// What matters for booking of what a server can.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct BookingWays {
    /// Whether a time can be taken so that nobody else has it, too: by a transaction over versions.
    pub takes_bookings: bool,
    /// Whether an Appointment may have the intent's id; unset when the server does not say.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub client_ids: Option<bool>,
    /// Whether Schedules come along with their Slots.
    #[serde(default)]
    pub brings_schedules: bool,
    /// Whether doctors and rooms come along with Schedules.
    #[serde(default)]
    pub brings_actors: bool,
}

impl BookingWays {
    pub(crate) fn of(server: &CapabilityView) -> Self {
        let includes = |kind: &str, wanted: &str| {
            server.resource(kind).is_some_and(|resource| {
                let mut includes = resource.search_includes.iter();
                includes.any(|include| include == wanted || include == "*")
            })
        };
        let all = |kind: &str, interactions: &[&str]| {
            interactions
                .iter()
                .all(|interaction| server.can(kind, interaction))
        };
        let versions = |kind: &str| {
            server
                .resource(kind)
                .is_some_and(|resource| resource.versioning != "no-version")
        };
        let brings_schedules = includes("Slot", "Slot:schedule");
        Self {
            takes_bookings: server.can_as_system("transaction")
                && all("Slot", &["read", "search-type", "update"])
                && all("Appointment", &["read", "update"])
                && versions("Slot")
                && versions("Appointment"),
            client_ids: server
                .resource("Appointment")
                .and_then(|resource| resource.update_create),
            brings_schedules,
            brings_actors: brings_schedules && includes("Schedule", "Schedule:actor"),
        }
    }
}

/// What a server said of itself is believed for so long.
const A_DAY: Duration = Duration::from_secs(86_400);

/// What servers said of booking before the first sync of anybody kept it: a CapabilityStatement may have
/// hundreds of kilobytes, too much for every look for a time. In memory only, shared by all of a phone. Cheap
/// to clone; all clones are one.
#[derive(Clone, Default)]
pub struct HeardWays(Arc<Mutex<HashMap<ClinicId, (Timestamp, BookingWays)>>>);

impl fmt::Debug for HeardWays {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("HeardWays").finish_non_exhaustive()
    }
}

impl HeardWays {
    /// What a clinic's server said within a day.
    fn of(&self, clinic: &ClinicId, now: Timestamp) -> Option<BookingWays> {
        let heard = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        let (at, ways) = heard.get(clinic)?;
        (*at <= now && now.since(*at) < A_DAY).then_some(*ways)
    }

    fn note(&self, clinic: &ClinicId, now: Timestamp, ways: BookingWays) {
        let mut heard = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        heard.insert(clinic.clone(), (now, ways));
    }
}

/// The error of a server that takes no bookings: nothing can be done there but to call the clinic.
pub(super) fn takes_none() -> ClientError {
    ClientError::Refused {
        status: 501,
        code: Refusal::TAKES_NO_BOOKINGS.to_owned(),
        alternatives: Vec::new(),
    }
}

impl Engine {
    /// How times are booked at a lane's server: as the last sync heard it, else as it said within a day, else
    /// as it says now. A "no" is never an old one.
    pub(crate) async fn booking_ways(&self, lane: &Lane) -> Result<BookingWays, SyncError> {
        let now = self.clock.now();
        let known = known_ways(self.vault.cursor(&lane.clinic)?.as_deref());
        let known = known.or_else(|| self.heard.of(&lane.clinic, now));
        if let Some(ways) = known.filter(|ways| ways.takes_bookings) {
            return Ok(ways);
        }
        let ways = BookingWays::of(&lane.client.capabilities().await?);
        self.heard.note(&lane.clinic, now, ways);
        Ok(ways)
    }

    /// Whether a lane's server said that it takes no bookings, and says so still. Nothing is asked unless
    /// it said so before, and a server that cannot be reached now says nothing.
    ///
    /// # Errors
    /// [`SyncError::Vault`]
    pub async fn takes_no_bookings(&self, lane: &Lane) -> Result<bool, SyncError> {
        let known = known_ways(self.vault.cursor(&lane.clinic)?.as_deref());
        if known.is_none_or(|ways| ways.takes_bookings) {
            return Ok(false);
        }
        let asked = lane.client.capabilities().await;
        Ok(asked.is_ok_and(|server| !BookingWays::of(&server).takes_bookings))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const SLOT: &str = r#"{"type":"Slot","interaction":[{"code":"read"},{"code":"search-type"},{"code":"update"}],
        "searchInclude":["Slot:schedule"]}"#;
    const APPOINTMENT: &str = r#"{"type":"Appointment","interaction":[{"code":"read"},{"code":"update"}],"updateCreate":true}"#;
    const TRANSACTION: &str = r#""interaction":[{"code":"transaction"}],"#;

    fn ways(system: &str, resources: &[&str]) -> BookingWays {
        let json = format!(
            r#"{{"resourceType":"CapabilityStatement","fhirVersion":"4.0.1","rest":[{{"mode":"server",{system}
                "resource":[{}]}}]}}"#,
            resources.join(",")
        );
        BookingWays::of(&CapabilityView::from_json(&json).unwrap())
    }

    #[test]
    fn bookings_need_transactions_over_versions() {
        let all = ways(TRANSACTION, &[SLOT, APPOINTMENT]);
        assert_eq!(
            all,
            BookingWays {
                takes_bookings: true,
                client_ids: Some(true),
                brings_schedules: true,
                brings_actors: false,
            }
        );
        let unversioned = SLOT.replace("\"type\"", "\"versioning\":\"no-version\",\"type\"");
        let unwritable = SLOT.replace("update", "patch");
        for (system, resources) in [
            ("", [SLOT, APPOINTMENT]),
            (TRANSACTION, [unversioned.as_str(), APPOINTMENT]),
            (TRANSACTION, [unwritable.as_str(), APPOINTMENT]),
            (TRANSACTION, [SLOT, SLOT]),
        ] {
            assert!(!ways(system, &resources).takes_bookings, "{resources:?}");
        }
    }

    #[test]
    fn what_was_heard_is_believed_for_a_day() {
        let (heard, a) = (HeardWays::default(), ClinicId::from("a"));
        let at = |hours: i64| Timestamp::from_millis(hours * 3_600_000);
        let all = ways(TRANSACTION, &[SLOT, APPOINTMENT]);
        heard.note(&a, at(1), all);
        assert_eq!(heard.of(&a, at(24)), Some(all));
        assert_eq!(heard.of(&a, at(25)), None);
        assert_eq!(heard.of(&a, at(0)), None, "the clock was put back");
        assert_eq!(heard.of(&ClinicId::from("b"), at(2)), None);
    }

    #[test]
    fn are_kept_and_read_again() {
        let all = ways(TRANSACTION, &[SLOT, APPOINTMENT]);
        let kept = serde_json::to_string(&all).unwrap();
        assert_eq!(serde_json::from_str::<BookingWays>(&kept).unwrap(), all);
    }
}
