//! What changes that came down mean for bookings and invoices, and which of them must not be missed.

use sokhoe_domain::{BookingState, IntentId, ResourceKey, Timestamp, Wire};
use sokhoe_fhir::InvoiceView;
use sokhoe_fhir::bundle::Change;
use sokhoe_fhir::slot_booking::intent_of;
use sokhoe_vault::{IntentKind, NewEvent, StoredBooking};

use crate::appointment::{
    self, booking_from, decided, is_another_slot, moved_as_wanted, news_of, of_another_time,
    with_asked, with_names_of,
};
use crate::error::SyncError;
use crate::intent::{BookIntent, MoveIntent};
use crate::lane::{Engine, Lane};
use crate::queue;
use crate::waiting_list::{self, OFFER_OVER};

impl Engine {
    /// What the changes mean for bookings, and, when they are news, which of them must not be missed. What becomes of a
    /// booking that is known here is always news.
    pub(super) fn consequences(
        &self,
        lane: &Lane,
        changes: &[Change<'_>],
        news: bool,
    ) -> Result<(Vec<StoredBooking>, Vec<NewEvent>), SyncError> {
        let (mut bookings, mut events) = (Vec::new(), Vec::new());
        let now = self.clock.now();
        for change in changes {
            let mut is_news = news;
            let event = match change {
                Change::Put { key, json, .. } if key.kind == "Appointment" => {
                    // A call waits for nobody, and changes nothing of the booking.
                    events.extend(self.call_in_feed(lane, key, json, now)?);
                    let Some((before, booking)) = self.booking_in_feed(lane, json, now)? else {
                        continue;
                    };
                    let said = news_of(before.as_ref(), &booking, now);
                    // Whatever else is history: an offer waits for an answer.
                    let is_offered = matches!(booking.state, BookingState::Offered { .. });
                    is_news |= before.is_some() || is_offered;
                    let is_over = said.as_ref().is_some_and(|said| said.kind == OFFER_OVER);
                    is_news &= !is_over || !self.is_declined(booking.id)?;
                    bookings.push(booking);
                    said
                }
                Change::Delete { key } if key.kind == "Appointment" => {
                    let Some(booking) = self.deleted_booking(lane, key, now)? else {
                        continue;
                    };
                    let said = news_of(None, &booking, now);
                    is_news = true;
                    bookings.push(booking);
                    said
                }
                Change::Put { key, json, .. } if key.kind == "Invoice" => {
                    let Some(kind) = self.invoice_event(lane, key, json)? else {
                        continue;
                    };
                    Some(NewEvent {
                        kind: kind.to_owned(),
                        subject: key.id.clone(),
                        at: now,
                        body: String::new(),
                    })
                }
                Change::Put { .. } | Change::Delete { .. } | Change::Broken { .. } => continue,
            };
            events.extend(event.filter(|_| is_news));
        }
        Ok((bookings, events))
    }

    /// The booking that an Appointment in the feed is, after what it was before, once the clinic has decided and when
    /// it says something new.
    fn booking_in_feed(
        &self,
        lane: &Lane,
        json: &str,
        now: Timestamp,
    ) -> Result<Option<(Option<StoredBooking>, StoredBooking)>, SyncError> {
        let Ok(appointment) = appointment::read(lane.wire, json) else {
            return Ok(None);
        };
        let state = match lane.wire {
            Wire::Clinic => waiting_list::state_of(&appointment, now),
            Wire::Server => decided(appointment.status),
        };
        let Some(state) = state else {
            return Ok(None);
        };
        let Some(booking) = booking_from(&lane.clinic, &appointment, state, now) else {
            return Ok(None);
        };
        Ok(match self.vault.booking(booking.id)? {
            // A server of somebody else's says nothing of a booking at another clinic.
            Some(before) if before.clinic != lane.clinic && lane.wire == Wire::Server => None,
            Some(before) => {
                let intent = match before.state.is_settled() {
                    true => None,
                    false => self.book_intent(booking.id)?,
                };
                let booking = match lane.wire {
                    Wire::Clinic => booking,
                    Wire::Server if is_another_slot(&appointment, intent.as_ref()) => {
                        with_names_of(booking, &of_another_time(&before))
                    }
                    Wire::Server if before.state.is_settled() && booking.start != before.start => {
                        let names = match self.wanted_move(&booking)? {
                            Some(wanted) => moved_as_wanted(&before, &wanted),
                            None => of_another_time(&before),
                        };
                        with_names_of(booking, &names)
                    }
                    Wire::Server => with_names_of(booking, &before),
                };
                let booking = with_asked(booking, &before, &appointment, intent.as_ref());
                let same = StoredBooking {
                    updated: before.updated,
                    ..booking.clone()
                };
                let is_new = before != same && before.state.may_become(&booking.state);
                is_new.then_some((Some(before), booking))
            }
            None => Some((None, booking)),
        })
    }

    /// What the person hears of a call that an Appointment in the feed tells, by what is here of it.
    fn call_in_feed(
        &self,
        lane: &Lane,
        key: &ResourceKey,
        json: &str,
        now: Timestamp,
    ) -> Result<Option<NewEvent>, SyncError> {
        let appointment = appointment::read(lane.wire, json).ok();
        let Some(appointment) = appointment.filter(|it| it.called.is_some()) else {
            return Ok(None);
        };
        let Some(booking) = appointment.id.as_deref().and_then(|id| id.parse().ok()) else {
            return Ok(None);
        };
        let before = self.vault.resource(&lane.clinic, key)?;
        let before = before.and_then(|stored| appointment::read(lane.wire, &stored.json).ok());
        Ok(queue::news(before.as_ref(), &appointment, booking, now))
    }

    /// Whether the person said that they do not want what was offered: then that it goes on is no news.
    fn is_declined(&self, place: IntentId) -> Result<bool, SyncError> {
        let thing = place.to_string();
        let mut waiting = self.vault.waiting()?.into_iter();
        Ok(waiting.any(|intent| intent.kind == IntentKind::Decline && intent.thing == thing))
    }

    /// What was decided of a booking that waits.
    fn book_intent(&self, id: IntentId) -> Result<Option<BookIntent>, SyncError> {
        let waiting = self.vault.waiting()?;
        let intent = waiting.into_iter().find(|intent| intent.id == id);
        Ok(intent.and_then(|intent| BookIntent::read(&intent.body)))
    }

    /// The waiting wish to have a booking just where it is now.
    fn wanted_move(&self, booking: &StoredBooking) -> Result<Option<MoveIntent>, SyncError> {
        let waiting = self.vault.waiting()?;
        let of_it = waiting.iter().filter(|intent| {
            intent.kind == IntentKind::Move && intent.thing == booking.id.to_string()
        });
        let mut wanted = of_it.filter_map(|intent| MoveIntent::read(&intent.body));
        Ok(wanted.find(|wanted| wanted.start == booking.start))
    }

    /// A known booking whose Appointment the clinic took away.
    fn deleted_booking(
        &self,
        lane: &Lane,
        key: &ResourceKey,
        now: Timestamp,
    ) -> Result<Option<StoredBooking>, SyncError> {
        let stored = match lane.wire {
            Wire::Clinic => None,
            Wire::Server => self.vault.resource(&lane.clinic, key)?,
        };
        let intent = stored.and_then(|stored| intent_of(&stored.json));
        let Some(id) = intent.or_else(|| key.id.parse().ok()) else {
            return Ok(None);
        };
        let known = self.vault.booking(id)?;
        Ok(known
            .filter(|before| before.state.stands() || before.state.is_waiting_list())
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
