//! Bookings of several people: one request for all, whoever's lane sends it.

use sokhoe_client::ClientError;
use sokhoe_domain::{ProposedTrip, ProposedVisit, Refusal, ResourceKey};
use sokhoe_fhir::{Appointment, Ref, TogetherAnswer, TogetherRefusal};
use sokhoe_vault::{StoredBooking, StoredIntent};

use super::{Outcome, Pushed, UNCLEAR_ANSWERS, refusal_of};
use crate::appointment;
use crate::lane::{Engine, Lane};
use crate::pace::Permit;
use crate::trip::Trip;

impl Engine {
    /// Sends the whole trip for one of it, and takes that one's part of the answer.
    pub(super) async fn send_together(
        &self,
        lane: &Lane,
        intent: &StoredIntent,
        booking: StoredBooking,
        trip: &Trip,
        permit: Permit,
        pushed: &mut Pushed,
    ) -> Outcome {
        match lane.client.book_together(&trip.request(), trip.id).await {
            Ok(TogetherAnswer::Booked(booked)) => {
                permit.succeeded();
                let is_theirs = |it: &&Appointment| it.id.as_deref() == Some(&*intent.thing);
                match booked.iter().find(is_theirs) {
                    Some(theirs) => {
                        let names = booking.clone();
                        self.answered(intent, booking, &names, theirs)
                    }
                    None => Outcome::Unclear {
                        too_many: UNCLEAR_ANSWERS,
                    },
                }
            }
            Ok(TogetherAnswer::Refused(refusal)) => {
                permit.succeeded();
                self.refused(intent, booking, what_it_means(refusal))
            }
            // One of the ids is an Appointment's by now, whose answer the clinic no longer keeps: the feed has it.
            Err(error @ ClientError::Refused { status: 422, .. }) => {
                permit.failed(&error);
                Outcome::Unclear {
                    too_many: UNCLEAR_ANSWERS,
                }
            }
            // The clinic lets this phone no longer see one of them. What another lane sent before may be booked all the same.
            Err(error @ (ClientError::NotFound | ClientError::Gone)) => {
                permit.failed(&error);
                self.as_it_stands(lane, intent, booking, pushed).await
            }
            Err(error) => {
                permit.failed(&error);
                self.failed(lane, intent, booking, error, pushed)
            }
        }
    }

    /// What became of one's own part, where the clinic says nothing of the whole.
    async fn as_it_stands(
        &self,
        lane: &Lane,
        intent: &StoredIntent,
        booking: StoredBooking,
        pushed: &mut Pushed,
    ) -> Outcome {
        let key = ResourceKey::new("Appointment", intent.thing.as_str());
        let stands = match lane.client.versioned(&key).await {
            // Never booked, and whatever is still on its way is answered the same; or nothing of this person is shown any more,
            // which the feed says.
            Err(ClientError::NotFound) => {
                return self.refused(intent, booking, Refusal::NotOffered);
            }
            Err(error) => return self.failed(lane, intent, booking, error, pushed),
            Ok(versioned) => appointment::read(lane.wire, &versioned.json),
        };
        match stands {
            Ok(appointment) => {
                let names = booking.clone();
                self.answered(intent, booking, &names, &appointment)
            }
            Err(_) => Outcome::Unclear {
                too_many: UNCLEAR_ANSWERS,
            },
        }
    }
}

fn what_it_means(refusal: TogetherRefusal) -> Refusal {
    match refusal_of(&refusal.code, Vec::new()) {
        Refusal::SlotTaken { .. } => Refusal::TripTaken {
            taken: refusal.because_of,
            others: refusal.others.into_iter().filter_map(proposed).collect(),
        },
        other => other,
    }
}

/// Times for all of which nothing is missing that booking them needs.
fn proposed(times: Vec<Appointment>) -> Option<ProposedTrip> {
    let name = |reference: Option<Ref>| reference.map(|it| it.name).unwrap_or_default();
    let visits = times.into_iter().map(|time| {
        Some(ProposedVisit {
            slot_id: time.id?,
            start: time.start?,
            end: time.end.or(time.start)?,
            service: name(time.service),
            practitioner: name(time.practitioner),
            location: name(time.location),
        })
    });
    let visits = visits.collect::<Option<Vec<_>>>()?;
    Some(ProposedTrip { visits })
}
