//! What a person looks for first, ahead of everything else: appointments to come, medicines, allergies,
//! the newest results. The first sync brings all of it again; on a slow network it brings it late, and where
//! networks cost by the byte it waits, also half way, and this does not.

use std::time::Duration;

use sokhoe_client::{ClientError, PageBody, ServerQuery};
use sokhoe_domain::{Timestamp, Wire};
use sokhoe_fhir::bundle::Change;
use sokhoe_vault::Page;
use tokio::task::JoinSet;

use crate::error::SyncError;
use crate::lane::{Engine, Lane};
use crate::pace::Fetch;

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
    /// Brings what is wanted first: when nothing of the clinic was ever taken in, or, where the rest is to
    /// wait (`alone`), whenever not everything is here. Whatever does not come, the sync that follows brings:
    /// only a clinic that cannot be reached is an error.
    pub(super) async fn pull_ahead(&self, lane: &Lane, alone: bool) -> Result<(), SyncError> {
        let after = self.vault.cursor(&lane.clinic)?;
        if after.is_some() && !alone || self.vault.caught_up(&lane.clinic)? {
            return Ok(());
        }
        let after = after.as_deref();
        let mut queries = wanted(lane, self.clock.now()).into_iter();
        // The first alone: a clinic that cannot be reached costs one try.
        if let Some(query) = queries.next() {
            match lane.client.query(&query, ENOUGH).await {
                Ok(body) => self.take_ahead(lane, &body, after)?,
                Err(
                    error @ (ClientError::Unreachable
                    | ClientError::NoAnswer
                    | ClientError::Key(_)
                    | ClientError::Busy { .. }
                    | ClientError::Unauthorized),
                ) => return Err(error.into()),
                Err(_) => {}
            }
        }
        // What the first cost may have been the last that was allowed.
        if self.bounds.allowance().fetch == Fetch::Nothing {
            return Ok(());
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
            self.take_ahead(lane, &body, after)?;
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

    fn take_ahead(
        &self,
        lane: &Lane,
        body: &PageBody,
        after: Option<&str>,
    ) -> Result<(), SyncError> {
        let Ok(page) = body.read() else {
            return Ok(());
        };
        let mut changes = Vec::new();
        for change in page.changes {
            if let Some(change) = ahead(lane, change)
                && (after.is_none() || self.will_come(lane, &change)?)
            {
                changes.push(change);
            }
        }
        if changes.is_empty() {
            return Ok(());
        }
        let (bookings, events) = self.consequences(lane, &changes, false)?;
        let page = Page {
            clinic: &lane.clinic,
            changes: &changes,
            cursor: "",
            received: self.clock.now(),
            bookings: &bookings,
            events: &events,
        };
        self.vault.apply_ahead(&page, after)?;
        Ok(())
    }

    /// Whether the rest of a feed that was begun will bring this, with the version that counts: what is here
    /// from it and says the same is not brought again. What people write in themselves shows their words, so
    /// that nothing follows from its being other.
    fn will_come(&self, lane: &Lane, change: &Change<'_>) -> Result<bool, SyncError> {
        let (Wire::Clinic, Change::Put { key, json, .. }) = (lane.wire, change) else {
            return Ok(true);
        };
        let known = self.vault.resource(&lane.clinic, key)?;
        Ok(known.is_none_or(|known| key.kind != "Observation" && known.json != *json))
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
