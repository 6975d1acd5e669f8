//! Onto a clinic's waiting list, and what becomes of a time that it offers.

use std::time::Duration;

use sokhoe_domain::ids::is_fhir_id;
use sokhoe_domain::{BookingState, ClinicId, GrantScope, IntentId, Refusal, Timestamp, Wire};
use sokhoe_fhir::FindRequest;
use sokhoe_sync::{OfferIntent, OfferOver, Offered, WaitIntent};
use sokhoe_vault::{IntentKind, NewIntent, StoredBooking, StoredIntent, VaultError};

use crate::bookings::Outbox;
use crate::error::AppError;
use crate::find_slots::wanted;
use crate::move_booking::drop_kept_back;
use crate::session::{Session, SoKhoe};
use crate::views::{BookingView, SlotCriteria};

/// An offer that ends sooner, or has ended by this phone's reckoning, is to be answered at once.
const SHORT: Duration = Duration::from_secs(2 * 60);

/// Wait until a time is freed.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct JoinWaitingListRequest {
    /// For whom.
    pub person_id: String,
    /// Where; a clinic of ours.
    pub clinic_id: String,
    /// Which service.
    pub service_id: String,
    /// Its name, as the person saw it.
    pub service: String,
    /// It begins at the earliest.
    pub from: Timestamp,
    /// It begins at the latest.
    pub to: Timestamp,
    /// What it must have; anything will do when unset.
    pub criteria: Option<SlotCriteria>,
}

/// A place on a waiting list, as far as it is one.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct WaitingView {
    /// Since when the person is on the list, by the clinic's clock; unset while the clinic does not have it so.
    pub since: Option<Timestamp>,
    /// Until when the clinic keeps the time of the booking for the person, by its clock; unset while nothing is offered.
    /// That this moment has passed on the phone says nothing: the clinic says when it is over.
    pub offered_until: Option<Timestamp>,
    /// Whether that is soon, or seems to have passed.
    pub is_short: bool,
    /// Whether the person's yes is on its way to the clinic.
    pub taking: bool,
    /// Whether the person's no is on its way to the clinic.
    pub declining: bool,
}

impl SoKhoe {
    /// Puts a person on a clinic's waiting list. Like a booking it is kept first and sent when it can be. What the clinic
    /// offers then is this booking's time, until it is taken ([`SoKhoe::take_offer`]) or not; the list is left by
    /// [`SoKhoe::cancel_booking`]. The clinic ends it when the period is over.
    ///
    /// # Errors
    /// [`AppError::Validation`], [`AppError::NotFound`], [`AppError::DiskFull`]; nothing is kept then.
    /// [`AppError::BadAnswer`] with [`Refusal::KEEPS_NO_WAITING_LIST`] at any other FHIR server; nothing is kept.
    /// [`AppError::NotEnrolled`]: it is kept and waits until this phone is enrolled again.
    pub async fn join_waiting_list(
        &self,
        request: JoinWaitingListRequest,
    ) -> Result<BookingView, AppError> {
        self.not_moved()?;
        if request.to < request.from {
            return Err(AppError::invalid("to", "must not lie before from"));
        }
        if !is_fhir_id(&request.service_id) {
            return Err(AppError::invalid("service_id", "must be a service's id"));
        }
        let criteria = request.criteria.as_ref().map(wanted).transpose()?;
        let session = &*self.inner;
        let book = session.book(&request.person_id)?;
        let clinic = ClinicId(request.clinic_id);
        session.granted(&book.person.id, &clinic, GrantScope::Book)?;
        let patient_id = session.patient_at(&book.person.id, &clinic)?;
        if session.clinic(clinic.as_str())?.wire == Wire::Server {
            return Err(AppError::BadAnswer {
                what: Refusal::KEEPS_NO_WAITING_LIST.to_owned(),
            });
        }
        let now = session.now();
        let id = IntentId::new(now, &*session.ports.rng);
        let find = FindRequest {
            start: request.from,
            end: request.to,
            service: Some(request.service_id),
            criteria: criteria.unwrap_or_default(),
            location: None,
            patient: Some(patient_id.clone()),
        };
        let place = StoredBooking {
            id,
            clinic: clinic.clone(),
            start: request.from,
            end: request.to,
            service: request.service,
            practitioner: String::new(),
            location: String::new(),
            state: BookingState::WaitingForNetwork,
            updated: now,
            asked: None,
            occurrence: None,
            changeable_until: None,
        };
        let intent = WaitIntent {
            patient_id,
            parameters: find.to_parameters(),
        };
        let intent = NewIntent {
            id,
            clinic,
            kind: IntentKind::Wait,
            thing: id.to_string(),
            body: serde_json::to_string(&intent).map_err(|_| AppError::internal("intent"))?,
            created: now,
        };
        book.vault.enqueue(&intent, &place)?;
        self.send(&request.person_id, &id.to_string()).await
    }

    /// Takes the time that a clinic offers. It is the person's when the clinic says so; when the answer comes too late the
    /// time has gone to the next, the person hears so, and is still on the list.
    ///
    /// # Errors
    /// [`AppError::NotFound`]; [`AppError::Validation`] when nothing is offered; [`AppError::DiskFull`]; nothing is kept
    /// then. [`AppError::NotEnrolled`]: it is kept and waits until this phone is enrolled again.
    pub async fn take_offer(
        &self,
        person_id: &str,
        booking_id: &str,
    ) -> Result<BookingView, AppError> {
        self.answer_offer(person_id, booking_id, IntentKind::Take)
            .await
    }

    /// Declines the time that a clinic offers: it goes to the next, and the person waits on.
    ///
    /// # Errors
    /// As [`SoKhoe::take_offer`].
    pub async fn decline_offer(
        &self,
        person_id: &str,
        booking_id: &str,
    ) -> Result<BookingView, AppError> {
        self.answer_offer(person_id, booking_id, IntentKind::Decline)
            .await
    }

    async fn answer_offer(
        &self,
        person_id: &str,
        booking_id: &str,
        kind: IntentKind,
    ) -> Result<BookingView, AppError> {
        self.not_moved()?;
        let session = &*self.inner;
        let book = session.book(person_id)?;
        let place = book.stored_booking(booking_id)?;
        session.granted(&book.person.id, &place.clinic, GrantScope::Book)?;
        let BookingState::Offered { until, .. } = place.state else {
            return Err(nothing_offered());
        };
        let is_of_it = |intent: &StoredIntent| {
            let answered = OfferIntent::read(&intent.body);
            let is_it = answered
                .is_some_and(|answered| (answered.start, answered.until) == (place.start, until));
            intent.thing == booking_id && is_it
        };
        let mut again = None;
        for intent in book.vault.waiting()? {
            if intent.thing == booking_id && intent.kind == IntentKind::Cancel {
                return Err(nothing_offered());
            }
            if !matches!(intent.kind, IntentKind::Take | IntentKind::Decline) || !is_of_it(&intent)
            {
                continue;
            }
            if intent.kind == kind {
                again = Some(intent.id);
            } else if !intent.sent {
                // They changed their mind before anybody heard of it.
                book.vault.drop_intent(intent.id, &[])?;
            }
        }
        match again {
            Some(again) => book.vault.unpark(again, session.now())?,
            None => {
                let now = session.now();
                let intent = OfferIntent {
                    appointment_id: booking_id.to_owned(),
                    patient_id: session.patient_at(&book.person.id, &place.clinic)?,
                    start: place.start,
                    until,
                };
                let intent = NewIntent {
                    id: IntentId::new(now, &*session.ports.rng),
                    clinic: place.clinic.clone(),
                    kind,
                    thing: booking_id.to_owned(),
                    body: serde_json::to_string(&intent)
                        .map_err(|_| AppError::internal("intent"))?,
                    created: now,
                };
                drop_kept_back(&book, booking_id)?;
                match book.vault.enqueue(&intent, &place) {
                    // The clinic offers it no longer.
                    Err(VaultError::BookingState { .. }) => return Err(nothing_offered()),
                    other => other?,
                }
            }
        }
        self.send(person_id, booking_id).await
    }
}

fn nothing_offered() -> AppError {
    AppError::invalid("booking", "is not offered")
}

/// How the places stand of which something is on its way.
#[derive(Default)]
pub(crate) struct OnTheWay(Vec<(String, IntentKind)>);

impl OnTheWay {
    /// By what waits in the outbox.
    pub(crate) fn of(waiting: Vec<StoredIntent>) -> Self {
        let of_places = waiting.into_iter().filter(|intent| {
            matches!(
                intent.kind,
                IntentKind::Wait | IntentKind::Take | IntentKind::Decline
            )
        });
        Self(
            of_places
                .map(|intent| (intent.thing, intent.kind))
                .collect(),
        )
    }

    /// What was decided last of a place.
    pub(crate) fn last(&self, place: &str) -> Option<IntentKind> {
        let mut of_it = self.0.iter().rev().filter(|(thing, _)| thing == place);
        of_it.next().map(|(_, kind)| *kind)
    }
}

impl Session {
    /// A booking that is a place on a waiting list, or is to be one.
    pub(crate) fn waiting_view(
        &self,
        place: &StoredBooking,
        outbox: &Outbox,
    ) -> Option<WaitingView> {
        let on_its_way = outbox.of_places.last(&place.id.to_string());
        let (since, offered_until) = match place.state {
            BookingState::OnWaitingList { since } => (Some(since), None),
            BookingState::Offered { since, until } => (Some(since), Some(until)),
            _ if on_its_way == Some(IntentKind::Wait) => (None, None),
            _ => return None,
        };
        Some(WaitingView {
            since,
            offered_until,
            is_short: offered_until.is_some_and(|until| self.is_short(&place.clinic, until)),
            taking: offered_until.is_some() && on_its_way == Some(IntentKind::Take),
            declining: offered_until.is_some() && on_its_way == Some(IntentKind::Decline),
        })
    }

    /// By the clinic's clock, as far as it is known how the phone's differs from it.
    fn is_short(&self, clinic: &ClinicId, until: Timestamp) -> bool {
        let ahead = self.phone_ahead(clinic);
        let now = self.now().as_millis().saturating_sub(ahead.unwrap_or(0));
        Timestamp::from_millis(now).plus(SHORT) > until
    }

    /// Within which days somebody waits.
    pub(crate) fn period_text(&self, place: &StoredBooking) -> String {
        let now = self.now();
        let (first, last) = (
            self.words.day(place.start, now),
            self.words.day(place.end, now),
        );
        match first == last {
            true => first,
            false => self
                .words
                .say_with("waiting-period", &[("first", first), ("last", last)]),
        }
    }

    /// How a place stands, saying what happens next.
    pub(crate) fn waiting_text(&self, place: &StoredBooking, waiting: &WaitingView) -> String {
        let now = self.now();
        let when = |at: Option<Timestamp>| match at {
            Some(at) => vec![("when", self.words.when(at, now))],
            None => Vec::new(),
        };
        match (&place.state, waiting.offered_until) {
            (BookingState::WaitingForNetwork, _) => self.words.say("waiting-for-network"),
            (BookingState::Sending, _) => self.words.say("waiting-sending"),
            (_, None) => self.words.say_with("waiting-since", &when(waiting.since)),
            (_, until @ Some(_)) => {
                let key = match waiting {
                    WaitingView { taking: true, .. } => "waiting-taking",
                    WaitingView {
                        declining: true, ..
                    } => "waiting-declining",
                    WaitingView { is_short: true, .. } => "waiting-offered-short",
                    _ => "waiting-offered",
                };
                self.words.say_with(key, &when(until))
            }
        }
    }

    /// That a time is offered.
    pub(crate) fn offered_text(&self, offered: &Offered) -> String {
        let now = self.now();
        let place = self.words.place(offered.start, &offered.practitioner, now);
        let until = self.words.when(offered.until, now);
        self.words
            .say_with("event-time-offered", &[("place", place), ("until", until)])
    }

    /// That a time is offered no longer.
    pub(crate) fn offer_over_text(&self, over: &OfferOver) -> String {
        let now = self.now();
        let when = ("when", self.words.when(over.start, now));
        match &over.refusal {
            None => self.words.say_with("event-offer-over", &[when]),
            Some(refusal) => {
                let refused = BookingState::Refused(refusal.clone());
                let why = ("why", self.words.booking(&refused, now));
                self.words.say_with("event-offer-refused", &[when, why])
            }
        }
    }
}

#[cfg(test)]
mod tests;
