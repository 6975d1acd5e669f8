//! What must not be missed.

use sokhoe_sync::{CONFIRMED_OTHERWISE, Elsewhere};
use sokhoe_vault::KeptEvent;

use crate::error::AppError;
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

impl Session {
    /// An event in words.
    fn event_text(&self, event: &KeptEvent) -> String {
        let there = match event.kind == CONFIRMED_OTHERWISE {
            true => serde_json::from_str::<Elsewhere>(&event.body).ok(),
            false => None,
        };
        match there {
            Some(there) => self.words.confirmed_elsewhere(&there, self.now()),
            None => self.words.event(&event.kind),
        }
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
