//! Down: the feed of changes.

use std::time::Duration;

use sokhoe_client::{ClientError, FeedPage, GarbledAnswer};
use sokhoe_domain::{BookingState, ClinicId, Timestamp};
use sokhoe_fhir::bundle::Change;
use sokhoe_fhir::{Appointment, AppointmentStatus, InvoiceView};
use sokhoe_vault::{NewEvent, Page, StoredBooking};

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
    /// that has nothing new may keep the first answer back for that long.
    ///
    /// # Errors
    /// [`SyncError`]; the pages before are stored.
    pub async fn pull(&self, lane: &Lane, wait: Option<Duration>) -> Result<Pulled, SyncError> {
        let mut pulled = Pulled::default();
        let mut cursor = self.vault.cursor(&lane.clinic)?;
        let mut first = match self.fetch(lane, cursor.as_deref(), wait).await {
            Err(ClientError::Gone) if cursor.is_some() => {
                self.vault.reset_cursor(&lane.clinic)?;
                cursor = None;
                self.fetch(lane, None, None).await?
            }
            other => other?,
        };
        loop {
            let page = first
                .read()
                .map_err(|_| ClientError::Garbled(GarbledAnswer::NotFhir))?;
            if page.more && Some(&page.cursor) == cursor.as_ref() {
                // More is promised, but the cursor stands still: asking again would never end.
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
            let (bookings, events) = self.consequences(lane, &page.changes, cursor.is_some())?;
            let applied = self.vault.apply(&Page {
                clinic: &lane.clinic,
                changes: &page.changes,
                cursor: &page.cursor,
                received: self.clock.now(),
                bookings: &bookings,
                events: &events,
            })?;
            pulled.stored += applied.stored;
            pulled.deleted += applied.deleted;
            pulled.set_aside += applied.set_aside;
            cursor = Some(page.cursor);
            let Some(next) = next else {
                return Ok(pulled);
            };
            first = next.await.map_err(|_| ClientError::NoAnswer)??;
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

    /// What the changes mean for bookings, and which of them must not be missed. The first sync of a
    /// book is history: it makes no events.
    fn consequences(
        &self,
        lane: &Lane,
        changes: &[Change<'_>],
        known: bool,
    ) -> Result<(Vec<StoredBooking>, Vec<NewEvent>), SyncError> {
        let (mut bookings, mut events) = (Vec::new(), Vec::new());
        let now = self.clock.now();
        for change in changes {
            let Change::Put { key, json, .. } = change else {
                continue;
            };
            let event = match key.kind.as_str() {
                "Appointment" => {
                    let Some(booking) = self.booking_in_feed(lane, json, now)? else {
                        continue;
                    };
                    let event = match booking.state {
                        BookingState::Cancelled => "booking-cancelled",
                        _ => "booking-confirmed",
                    };
                    bookings.push(booking);
                    event
                }
                "Invoice" => match self.invoice_event(lane, key, json)? {
                    Some(event) => event,
                    None => continue,
                },
                _ => continue,
            };
            if known {
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

    /// The booking that an Appointment in the feed is, when it says something new.
    fn booking_in_feed(
        &self,
        lane: &Lane,
        json: &str,
        now: Timestamp,
    ) -> Result<Option<StoredBooking>, SyncError> {
        let Ok(appointment) = Appointment::from_json(json) else {
            return Ok(None);
        };
        let state = match appointment.status {
            AppointmentStatus::Proposed
            | AppointmentStatus::Pending
            | AppointmentStatus::Waitlist
            | AppointmentStatus::EnteredInError => return Ok(None),
            AppointmentStatus::Cancelled => BookingState::Cancelled,
            _ => BookingState::Confirmed,
        };
        let Some(booking) = booking_from(&lane.clinic, &appointment, state, now) else {
            return Ok(None);
        };
        Ok(match self.vault.booking(booking.id)? {
            Some(before) if before.state == booking.state && before.start == booking.start => None,
            Some(before) if !before.state.may_become(&booking.state) => None,
            _ => Some(booking),
        })
    }

    fn invoice_event(
        &self,
        lane: &Lane,
        key: &sokhoe_domain::ResourceKey,
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

/// An Appointment with an intent's id as the phone keeps it; nothing for one without a time or with
/// another kind of id.
pub(crate) fn booking_from(
    clinic: &ClinicId,
    appointment: &Appointment,
    state: BookingState,
    updated: Timestamp,
) -> Option<StoredBooking> {
    let name = |reference: &Option<sokhoe_fhir::Ref>| {
        reference
            .as_ref()
            .map(|r| r.name.clone())
            .unwrap_or_default()
    };
    Some(StoredBooking {
        id: appointment.id.as_deref()?.parse().ok()?,
        clinic: clinic.clone(),
        start: appointment.start?,
        end: appointment.end.or(appointment.start)?,
        service: name(&appointment.service),
        practitioner: name(&appointment.practitioner),
        location: name(&appointment.location),
        state,
        updated,
    })
}
