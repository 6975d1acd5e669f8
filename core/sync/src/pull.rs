//! Down: the feed of changes.

use std::collections::HashSet;
use std::time::Duration;

use sokhoe_client::{ClientError, FeedPage, GarbledAnswer};
use sokhoe_domain::planted::{Bug, is_planted};
use sokhoe_domain::{BookingState, ResourceKey, Timestamp};
use sokhoe_fhir::bundle::Change;
use sokhoe_fhir::{Appointment, InvoiceView};
use sokhoe_vault::{NewEvent, Page, Place, StoredBooking};

use crate::appointment::{booking_from, decided};
use crate::error::SyncError;
use crate::lane::{Engine, Lane};

/// Resources asked for at once: large enough that a page costs one commit, small enough for a cheap phone.
const PAGE: u32 = 500;

/// What came down.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Pulled {
    /// Resources stored or changed.
    pub stored: u64,
    /// Resources taken away.
    pub deleted: u64,
    /// Records set aside because they could not be read.
    pub set_aside: u64,
}

impl Engine {
    /// Takes in every change since the last time. Each page is one transaction together with its
    /// cursor: whatever happens, the next call goes on where this one stood. With `wait` a clinic
    /// that has nothing new may keep the first answer back for that long. Pulls of one clinic may
    /// run beside each other: only the page that the feed stands at is taken in.
    ///
    /// # Errors
    /// [`SyncError`]; the pages before are stored.
    pub async fn pull(&self, lane: &Lane, wait: Option<Duration>) -> Result<Pulled, SyncError> {
        let mut pulled = Pulled::default();
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
            // The next page travels while this one is stored.
            let next = page.more.then(|| {
                let (client, patient, from) = (
                    lane.client.clone(),
                    lane.patient_id.clone(),
                    page.cursor.clone(),
                );
                tokio::spawn(async move { client.changes(&patient, Some(&from), PAGE, None).await })
            });
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
            pulled.stored += applied.stored;
            pulled.deleted += applied.deleted;
            pulled.set_aside += applied.set_aside;
            cursor = Some(page.cursor);
            let Some(next) = next else {
                return Ok(pulled);
            };
            body = next.await.map_err(|_| ClientError::NoAnswer)??;
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

    /// What the changes mean for bookings, and, when they are news, which of them must not be missed.
    fn consequences(
        &self,
        lane: &Lane,
        changes: &[Change<'_>],
        news: bool,
    ) -> Result<(Vec<StoredBooking>, Vec<NewEvent>), SyncError> {
        let (mut bookings, mut events) = (Vec::new(), Vec::new());
        let now = self.clock.now();
        for change in changes {
            let (key, event) = match change {
                Change::Put { key, json, .. } if key.kind == "Appointment" => {
                    let Some(booking) = self.booking_in_feed(lane, json, now)? else {
                        continue;
                    };
                    let event = booking_event(&booking);
                    bookings.push(booking);
                    (key, event)
                }
                Change::Delete { key } if key.kind == "Appointment" => {
                    let Some(booking) = self.deleted_booking(key, now)? else {
                        continue;
                    };
                    let event = booking_event(&booking);
                    bookings.push(booking);
                    (key, event)
                }
                Change::Put { key, json, .. } if key.kind == "Invoice" => {
                    match self.invoice_event(lane, key, json)? {
                        Some(event) => (key, event),
                        None => continue,
                    }
                }
                Change::Put { .. } | Change::Delete { .. } | Change::Broken { .. } => continue,
            };
            if news {
                events.push(NewEvent {
                    kind: event.to_owned(),
                    subject: key.id.clone(),
                    at: now,
                    body: String::new(),
                });
            }
        }
        Ok((bookings, events))
    }

    /// The booking that an Appointment in the feed is, once the clinic has decided and when it says
    /// something new.
    fn booking_in_feed(
        &self,
        lane: &Lane,
        json: &str,
        now: Timestamp,
    ) -> Result<Option<StoredBooking>, SyncError> {
        let Ok(appointment) = Appointment::from_json(json) else {
            return Ok(None);
        };
        let Some(state) = decided(appointment.status) else {
            return Ok(None);
        };
        let Some(booking) = booking_from(&lane.clinic, &appointment, state, now) else {
            return Ok(None);
        };
        Ok(match self.vault.booking(booking.id)? {
            Some(before) => {
                let same = StoredBooking {
                    updated: before.updated,
                    ..booking.clone()
                };
                (before != same && before.state.may_become(&booking.state)).then_some(booking)
            }
            None => Some(booking),
        })
    }

    /// A known booking whose Appointment the clinic took away.
    fn deleted_booking(
        &self,
        key: &ResourceKey,
        now: Timestamp,
    ) -> Result<Option<StoredBooking>, SyncError> {
        let Ok(id) = key.id.parse() else {
            return Ok(None);
        };
        let known = self.vault.booking(id)?;
        Ok(known
            .filter(|before| before.state == BookingState::Confirmed)
            .map(|before| StoredBooking {
                state: BookingState::Cancelled,
                updated: now,
                ..before
            }))
    }

    fn invoice_event(
        &self,
        lane: &Lane,
        key: &ResourceKey,
        json: &str,
    ) -> Result<Option<&'static str>, SyncError> {
        let Ok(invoice) = InvoiceView::from_json(json) else {
            return Ok(None);
        };
        let before = self
            .vault
            .resource(&lane.clinic, key)?
            .and_then(|stored| InvoiceView::from_json(&stored.json).ok());
        if before.is_some_and(|before| before.status == invoice.status) {
            return Ok(None);
        }
        Ok(match invoice.status.as_str() {
            "balanced" => Some("invoice-paid"),
            "issued" => Some("invoice-issued"),
            _ => None,
        })
    }
}

fn booking_event(booking: &StoredBooking) -> &'static str {
    match booking.state {
        BookingState::Cancelled => "booking-cancelled",
        _ => "booking-confirmed",
    }
}
