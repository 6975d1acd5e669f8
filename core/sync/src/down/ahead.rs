//! What a person looks for first, ahead of everything else: appointments to come, medicines, allergies,
//! the newest results. The first sync brings all of it again; on a slow network it brings it late.

use std::time::Duration;

use sokhoe_client::{ClientError, PageBody, ServerQuery};
use sokhoe_domain::{Timestamp, Wire};
use sokhoe_fhir::bundle::Change;
use sokhoe_vault::Page;
use tokio::task::JoinSet;

use crate::error::SyncError;
use crate::lane::{Engine, Lane};

/// Resources of a kind that come ahead at most.
const ENOUGH: u32 = 40;
/// Results from this long ago are new enough to come ahead.
const RECENT: Duration = Duration::from_secs(400 * 86_400);
/// While the rest waits, it is not asked for again within this time.
const AGAIN: Duration = Duration::from_secs(6 * 3_600);
/// What is noted of a try ([`sokhoe_vault::Vault::note_sync`]) that brought what comes ahead alone; never
/// changed once released.
pub const ONLY_AHEAD: &str = "only-ahead";
/// What a resource of a clinic of ours has for a version until the feed brings the one that counts.
const AHEAD: &str = "ahead";

impl Engine {
    /// Brings what is wanted first, when nothing of the clinic was ever taken in. Whatever does not come,
    /// the sync that follows brings: only a clinic that cannot be reached is an error.
    pub(super) async fn pull_ahead(&self, lane: &Lane) -> Result<(), SyncError> {
        if self.vault.cursor(&lane.clinic)?.is_some() || self.vault.caught_up(&lane.clinic)? {
            return Ok(());
        }
        let mut queries = wanted(lane, self.clock.now()).into_iter();
        // The first alone: a clinic that cannot be reached costs one try.
        if let Some(query) = queries.next() {
            match lane.client.query(&query, ENOUGH).await {
                Ok(body) => self.take_ahead(lane, &body)?,
                Err(
                    error @ (ClientError::Unreachable
                    | ClientError::NoAnswer
                    | ClientError::Busy { .. }
                    | ClientError::Unauthorized),
                ) => return Err(error.into()),
                Err(_) => {}
            }
        }
        // Beside each other: on a slow network the way costs more than the answers.
        let mut asking = JoinSet::new();
        for query in queries {
            let client = lane.client.clone();
            asking.spawn(async move { client.query(&query, ENOUGH).await });
        }
        while let Some(answer) = asking.join_next().await {
            // Aborted with its runtime, or not for this phone.
            let Ok(Ok(body)) = answer else { continue };
            self.take_ahead(lane, &body)?;
        }
        Ok(())
    }

    /// Whether it came not long ago.
    pub(super) fn has_ahead(&self, lane: &Lane) -> Result<bool, SyncError> {
        let syncs = self.vault.clinic_syncs()?;
        let now = self.clock.now();
        Ok(syncs.iter().any(|sync| {
            let is_new = |at: Timestamp| at <= now && now.since(at) < AGAIN;
            let is_alone = sync.trouble.as_deref() == Some(ONLY_AHEAD);
            sync.clinic == lane.clinic && is_alone && sync.tried.is_some_and(is_new)
        }))
    }

    fn take_ahead(&self, lane: &Lane, body: &PageBody) -> Result<(), SyncError> {
        let Ok(page) = body.read() else {
            return Ok(());
        };
        let changes: Vec<Change<'_>> = page
            .changes
            .into_iter()
            .filter_map(|change| ahead(lane, change))
            .collect();
        if changes.is_empty() {
            return Ok(());
        }
        let (bookings, events) = self.consequences(lane, &changes, false)?;
        self.vault.apply_ahead(&Page {
            clinic: &lane.clinic,
            changes: &changes,
            cursor: "",
            received: self.clock.now(),
            bookings: &bookings,
            events: &events,
        })?;
        Ok(())
    }
}

fn wanted(lane: &Lane, now: Timestamp) -> Vec<ServerQuery> {
    let (yesterday, recently) = (now.minus(Duration::from_secs(86_400)), now.minus(RECENT));
    let search = |kind: &str, others: &[(&str, String)]| ServerQuery::Search {
        kind: kind.to_owned(),
        patient: ("patient".to_owned(), lane.patient_id.clone()),
        others: others
            .iter()
            .map(|(name, value)| ((*name).to_owned(), value.clone()))
            .collect(),
    };
    let since = |time: Timestamp| ("date", format!("ge{}", time.to_fhir()));
    let in_use = [("status", "active".to_owned())];
    let newest = ("_sort", "-date".to_owned());
    let mut results = vec![newest];
    if lane.wire == Wire::Server {
        // One that does not sort gives recent ones.
        results.push(since(recently));
    }
    vec![
        search("Appointment", &[since(yesterday)]),
        search("MedicationRequest", &in_use),
        search("MedicationStatement", &in_use),
        search("AllergyIntolerance", &[]),
        search("Observation", &results),
        search("DiagnosticReport", &results),
    ]
}

/// What may be taken in before its place in the feed is known: the versions that resources of a clinic of
/// ours carry are not those that its feed counts.
fn ahead<'a>(lane: &Lane, change: Change<'a>) -> Option<Change<'a>> {
    match (lane.wire, change) {
        (Wire::Clinic, Change::Put { key, json, .. }) => Some(Change::Put {
            key,
            version: Some(AHEAD.to_owned()),
            json,
        }),
        (Wire::Server, change @ Change::Put { .. }) => Some(change),
        (_, Change::Delete { .. } | Change::Broken { .. }) => None,
    }
}
