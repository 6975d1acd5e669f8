//! What could not be sent as it is: it is shown, and the person says what becomes of it.

use sokhoe_domain::{BookingState, IntentId, Refusal, Timestamp};
use sokhoe_sync::{MoveIntent, Urgency};
use sokhoe_vault::{IntentKind, ParkedIntent, ParkedWhy, StoredBooking, VaultError};

use crate::error::AppError;
use crate::session::{OpenBook, Session, SoKhoe};

/// The code of a booking that the person gave up before a clinic said anything of it.
pub(crate) const GIVEN_UP: &str = "given-up";

/// Something that was decided and is kept back, since it cannot succeed as it is.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ParkedView {
    /// What [`SoKhoe::retry_parked`] and [`SoKhoe::drop_parked`] take.
    pub id: String,
    /// The booking that it is about.
    pub booking_id: String,
    /// What it is, e.g. "Đặt lịch khám: …".
    pub what_text: String,
    /// Why, and what can be done.
    pub reason_text: String,
    /// Since when.
    pub since: Timestamp,
    /// Whether sending it again may help.
    pub can_mend: bool,
}

impl SoKhoe {
    /// What is kept back of a person, the oldest first.
    ///
    /// # Errors
    /// [`AppError::NotFound`], what opening a book may give.
    pub fn parked(&self, person_id: &str) -> Result<Vec<ParkedView>, AppError> {
        let book = self.inner.book(person_id)?;
        book.vault
            .parked()?
            .into_iter()
            .map(|parked| self.inner.parked_view(&book, &parked))
            .collect()
    }

    /// Sends again, under its id, what was kept back; a clinic that acted on it before says so now. Like a
    /// booking it is kept and sent when it can be.
    ///
    /// # Errors
    /// [`AppError::NotFound`] when nothing of this id is kept back; [`AppError::NotEnrolled`].
    pub async fn retry_parked(&self, person_id: &str, id: &str) -> Result<(), AppError> {
        self.not_moved()?;
        let session = &*self.inner;
        let book = session.book(person_id)?;
        let lanes = session.lanes(&book.person.id)?;
        let parked = find(&book, id)?;
        let pushed = {
            let _one_at_a_time = book.syncing.lock().await;
            match book.vault.unpark(parked.intent.id, session.now()) {
                // The feed answered it meanwhile.
                Err(VaultError::UnknownIntent) => return Ok(()),
                other => other?,
            }
            session
                .engine(&book)
                .push(&lanes, Urgency::Foreground, &session.paces)
                .await?
        };
        if pushed.unauthorized.contains(&parked.intent.clinic) {
            return Err(AppError::NotEnrolled);
        }
        Ok(())
    }

    /// Gives up what was kept back. A booking is refused then, together with what else was to happen to
    /// it; the booking of a cancellation, or one that was to be moved, stays as it is.
    ///
    /// # Errors
    /// [`AppError::NotFound`] when nothing of this id is kept back.
    pub async fn drop_parked(&self, person_id: &str, id: &str) -> Result<(), AppError> {
        self.not_moved()?;
        let session = &*self.inner;
        let book = session.book(person_id)?;
        let _not_while_it_is_sent = book.syncing.lock().await;
        let intent = find(&book, id)?.intent;
        let booking = match intent.kind {
            IntentKind::Book | IntentKind::Wait => book.vault.booking(intent.id)?,
            IntentKind::Cancel | IntentKind::Move | IntentKind::Take | IntentKind::Decline => None,
        };
        let Some(booking) = booking.filter(|booking| !booking.state.is_settled()) else {
            return Ok(book.vault.drop_intent(intent.id, &[])?);
        };
        let given_up = StoredBooking {
            state: BookingState::Refused(Refusal::Other {
                code: GIVEN_UP.to_owned(),
            }),
            updated: session.now(),
            ..booking
        };
        match book.vault.settle(intent.id, &given_up, &[]) {
            // The feed answered it meanwhile.
            Err(VaultError::UnknownIntent | VaultError::BookingState { .. }) => Ok(()),
            other => Ok(other?),
        }
    }
}

fn find(book: &OpenBook, id: &str) -> Result<ParkedIntent, AppError> {
    let not_found = || AppError::not_found("parked");
    let id: IntentId = id.parse().map_err(|_| not_found())?;
    let mut parked = book.vault.parked()?.into_iter();
    parked
        .find(|parked| parked.intent.id == id)
        .ok_or_else(not_found)
}

impl Session {
    fn parked_view(&self, book: &OpenBook, parked: &ParkedIntent) -> Result<ParkedView, AppError> {
        let intent = &parked.intent;
        let booking = match intent.thing.parse() {
            Ok(id) => book.vault.booking(id)?,
            Err(_) => None,
        };
        let wanted = (intent.kind == IntentKind::Move)
            .then(|| MoveIntent::read(&intent.body))
            .flatten();
        let (service, when) = booking.map_or_else(Default::default, |booking| {
            let start = wanted.map_or(booking.start, |wanted| wanted.start);
            (booking.service, self.words.when(start, self.now()))
        });
        let what = match intent.kind {
            IntentKind::Book => "parked-book",
            IntentKind::Cancel => "parked-cancel",
            IntentKind::Move => "parked-move",
            IntentKind::Wait => "parked-wait",
            IntentKind::Take => "parked-take",
            IntentKind::Decline => "parked-decline",
        };
        let reason_text = match &parked.why {
            ParkedWhy::Unreadable => self.words.say("parked-unreadable"),
            ParkedWhy::Invalid => self.words.say("parked-invalid"),
            ParkedWhy::Unclear => self.words.say("parked-unclear"),
            ParkedWhy::Refused { code } if code == Refusal::TAKES_NO_BOOKINGS => {
                self.words.say("parked-not-by-app")
            }
            ParkedWhy::Refused { code } => self
                .words
                .say_with("parked-refused", &[("code", code.clone())]),
        };
        Ok(ParkedView {
            id: intent.id.to_string(),
            booking_id: intent.thing.clone(),
            what_text: self
                .words
                .say_with(what, &[("service", service), ("when", when)]),
            reason_text,
            since: parked.since,
            can_mend: parked.why != ParkedWhy::Unreadable,
        })
    }
}

#[cfg(test)]
mod tests;
