//! The feed of a clinic of ours: changes in the order of its commits.

use std::collections::HashSet;
use std::time::Duration;

use sokhoe_client::{ClientError, FeedPage, GarbledAnswer};
use sokhoe_domain::planted::{Bug, is_planted};
use sokhoe_vault::{Page, Place};
use tokio::task::JoinSet;

use super::Pulled;
use crate::error::SyncError;
use crate::lane::{Engine, Lane};

/// Resources asked for at once: large enough that a page costs one commit, small enough for a cheap phone.
const PAGE: u32 = 500;
/// Pages that are little: some 80 KB on the wire.
const LITTLE: usize = 1;

impl Engine {
    /// Each page is one transaction together with its cursor.
    pub(super) async fn pull_feed(
        &self,
        lane: &Lane,
        wait: Option<Duration>,
        pulled: &mut Pulled,
    ) -> Result<(), SyncError> {
        let mut pages = 0;
        let mut cursor = self.vault.cursor(&lane.clinic)?;
        let mut seen = HashSet::new();
        let mut body = match self.fetch(lane, cursor.as_deref(), wait).await {
            Err(ClientError::Gone) if cursor.is_some() => {
                self.vault.reset_cursor(&lane.clinic)?;
                cursor = None;
                self.fetch(lane, None, None).await?
            }
            other => other?,
        };
        loop {
            let page = body
                .read()
                .map_err(|_| ClientError::Garbled(GarbledAnswer::NotFhir))?;
            if page.more && !seen.insert(page.cursor.clone()) {
                // More is promised, but the feed goes in circles: asking again would never end.
                return Err(ClientError::Garbled(GarbledAnswer::NotFhir).into());
            }
            pages += 1;
            let stops = match page.more {
                true => self.bounds.stops(self.clock.now(), pages, LITTLE),
                false => None,
            };
            // The next page travels while this one is stored, and ends with whoever waits for it.
            let mut next = JoinSet::new();
            if page.more && stops.is_none() {
                let (client, patient, from) = (
                    lane.client.clone(),
                    lane.patient_id.clone(),
                    page.cursor.clone(),
                );
                next.spawn(async move { client.changes(&patient, Some(&from), PAGE, None).await });
            }
            if cursor.is_none()
                && let Some(total) = page.total
            {
                self.vault.expect(&lane.clinic, total)?;
            }
            let news = self.vault.caught_up(&lane.clinic)?;
            let (bookings, events) = self.consequences(lane, &page.changes, news)?;
            let place = Place {
                after: cursor.as_deref(),
                last: !page.more,
            };
            let taken_in = Page {
                clinic: &lane.clinic,
                changes: &page.changes,
                cursor: &page.cursor,
                received: self.clock.now(),
                bookings: &bookings,
                events: &events,
            };
            let applied = if is_planted(Bug::CursorBeforeData) {
                let nothing = Page {
                    changes: &[],
                    ..taken_in
                };
                self.vault.apply_at(&nothing, place)?;
                Some(self.vault.apply(&taken_in)?)
            } else {
                self.vault.apply_at(&taken_in, place)?
            };
            let Some(applied) = applied else {
                // Another pull was faster: go on from where it stands.
                cursor = self.vault.cursor(&lane.clinic)?;
                body = self.fetch(lane, cursor.as_deref(), None).await?;
                seen.clear();
                continue;
            };
            pulled.add(&applied);
            cursor = Some(page.cursor);
            let Some(next) = next.join_next().await else {
                pulled.held_back = stops;
                return Ok(());
            };
            body = next.map_err(|_| ClientError::NoAnswer)??;
        }
    }

    async fn fetch(
        &self,
        lane: &Lane,
        cursor: Option<&str>,
        wait: Option<Duration>,
    ) -> Result<FeedPage, ClientError> {
        lane.client
            .changes(&lane.patient_id, cursor, PAGE, wait)
            .await
    }
}
