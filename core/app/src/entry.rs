//! One row with everything behind it.

use crate::error::AppError;
use crate::session::SoKhoe;
use crate::views::{EntryDetailView, FieldView};

impl SoKhoe {
    /// A row of the book, its details to read, and the resource as the clinic sent it.
    ///
    /// # Errors
    /// [`AppError::NotFound`], what opening a book may give.
    pub fn entry(&self, person_id: &str, entry_id: i64) -> Result<EntryDetailView, AppError> {
        let session = &*self.inner;
        let book = session.book(person_id)?;
        let (row, stored) = book
            .vault
            .entry(entry_id)?
            .ok_or_else(|| AppError::not_found("entry"))?;
        let now = session.now();
        let fields = sokhoe_fhir::detail::fields(&stored.json).unwrap_or_default();
        let fields = fields
            .into_iter()
            .map(|field| FieldView {
                label: session.words.field(&field.label),
                value: match field.at {
                    Some(at) => session.words.when(at, now),
                    None => session.words.code(&field.label, field.value),
                },
            })
            .collect();
        Ok(EntryDetailView {
            entry: session.entry_view(row, &session.clinic_names()?, &session.sync_states(&book)?),
            fields,
            resource_json: stored.json,
        })
    }
}
