//! What must not be missed.

use serde::de::DeserializeOwned;
use sokhoe_sync::{
    CANCELLATION_REFUSED, CONFIRMED_OTHERWISE, Called, CancellationRefused, Elsewhere,
    MOVE_REFUSED, MOVED, MoveRefused, Moved, OFFER_OVER, OfferOver, Offered, QUEUE_CALLED,
    QUEUE_MISSED, TIME_OFFERED,
};
use sokhoe_vault::KeptEvent;

use crate::error::AppError;
use crate::rights::{RECEIVED, receipt_text};
use crate::session::{OpenBook, Session, SoKhoe};
use crate::views::EventView;

impl SoKhoe {
    /// What a person has not yet been told, the oldest first: given again until acknowledged.
    ///
    /// # Errors
    /// [`AppError::NotFound`], what opening a book may give.
    pub fn events(&self, person_id: &str) -> Result<Vec<EventView>, AppError> {
        let book = self.inner.book(person_id)?;
        self.inner.event_views(&book)
    }

    /// The person has seen it. Acknowledging twice is no error.
    ///
    /// # Errors
    /// [`AppError::NotFound`], what opening a book may give.
    pub fn acknowledge(&self, person_id: &str, event_id: i64) -> Result<(), AppError> {
        Ok(self.inner.book(person_id)?.vault.acknowledge(event_id)?)
    }
}

/// What an event says; nothing when it cannot be read.
fn read<T: DeserializeOwned>(event: &KeptEvent) -> Option<T> {
    serde_json::from_str(&event.body).ok()
}

impl Session {
    /// An event in words.
    fn event_text(&self, event: &KeptEvent) -> String {
        let (words, now) = (&self.words, self.now());
        let said =
            match &*event.kind {
                CONFIRMED_OTHERWISE => {
                    read::<Elsewhere>(event).map(|there| words.confirmed_elsewhere(&there, now))
                }
                MOVED => read::<Moved>(event).map(|moved| words.moved(&moved, now)),
                MOVE_REFUSED => {
                    read::<MoveRefused>(event).map(|refused| words.move_refused(&refused, now))
                }
                CANCELLATION_REFUSED => read::<CancellationRefused>(event)
                    .map(|refused| words.cancellation_refused(&refused, now)),
                TIME_OFFERED => read::<Offered>(event).map(|offered| self.offered_text(&offered)),
                OFFER_OVER => read::<OfferOver>(event).map(|over| self.offer_over_text(&over)),
                QUEUE_CALLED => read::<Called>(event)
                    .map(|called| self.call_text("event-queue-called-to", &called)),
                QUEUE_MISSED => read::<Called>(event)
                    .map(|called| self.call_text("event-queue-missed-of", &called)),
                RECEIVED => read(event).map(|kept| receipt_text(words, &kept)),
                _ => None,
            };
        said.unwrap_or_else(|| words.event(&event.kind))
    }

    pub(crate) fn event_views(&self, book: &OpenBook) -> Result<Vec<EventView>, AppError> {
        let events = book.vault.events()?;
        Ok(events
            .into_iter()
            .map(|event| EventView {
                id: event.id,
                person_id: book.person.id.0.clone(),
                text: self.event_text(&event),
                kind: event.kind,
                subject: event.subject,
                at: event.at,
            })
            .collect())
    }
}
