//! A document that the person puts in: a photo of a prescription, the PDF of a discharge letter.

#[cfg(test)]
mod tests;

use std::fmt;
use std::io::{self, Read};
use std::sync::Arc;

use sokhoe_domain::text::is_visible;
use sokhoe_domain::{IntentId, Timestamp};
use sokhoe_vault::{BlobWriter, NewDocument, VaultError};

use crate::error::AppError;
use crate::session::{OpenBook, Session, SoKhoe};

/// What phones make and show: pictures, PDF, plain text.
const CONTENT_TYPES: [&str; 5] = [
    "image/jpeg",
    "image/png",
    "image/heic",
    "application/pdf",
    "text/plain",
];

/// Characters of a title at most.
const LONGEST_TITLE: usize = 200;

/// Bytes of a piece that [`SoKhoe::add_document`] reads at once.
const PIECE: usize = 64 * 1024;

/// What a person says of a document to be put in.
#[derive(Clone, PartialEq, Eq)]
pub struct NewDocumentView {
    /// What the person calls it: 1 to 200 characters, without those that cannot be seen. Lists show it
    /// and searches find it.
    pub title: String,
    /// `image/jpeg`, `image/png`, `image/heic`, `application/pdf` or `text/plain`.
    pub content_type: String,
    /// When it was made, e.g. the day of the prescription; now when unset. Lists sort by it.
    pub created: Option<Timestamp>,
    /// Bytes, when they are known before: whether they fit is then said before any is taken in.
    pub size: Option<u64>,
}

impl fmt::Debug for NewDocumentView {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("NewDocumentView")
            .field("content_type", &self.content_type)
            .field("size", &self.size)
            .finish_non_exhaustive()
    }
}

/// A document that is being put in. Dropped without [`DocumentWriter::finish`] it leaves nothing.
pub struct DocumentWriter {
    session: Arc<Session>,
    book: Arc<OpenBook>,
    document: NewDocumentView,
    blob: BlobWriter,
    is_empty: bool,
}

impl fmt::Debug for DocumentWriter {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("DocumentWriter").finish_non_exhaustive()
    }
}

impl DocumentWriter {
    /// Takes in the next bytes; they are sealed before they reach the disk. After an error drop it.
    ///
    /// # Errors
    /// [`AppError::DocumentsFull`], [`AppError::DiskFull`], what writing to a book may give.
    pub fn write(&mut self, bytes: &[u8]) -> Result<(), AppError> {
        self.is_empty &= bytes.is_empty();
        self.blob.write(bytes).map_err(full)
    }

    /// Keeps the document, on disk before this returns, and gives its row's id.
    ///
    /// # Errors
    /// [`AppError::Validation`] when there is not a byte; [`AppError::DocumentsFull`],
    /// [`AppError::DiskFull`], what writing to a book may give. Nothing is kept then.
    pub fn finish(self) -> Result<i64, AppError> {
        if self.is_empty {
            return Err(AppError::invalid("document", "must not be empty"));
        }
        let now = self.session.now();
        let document = NewDocument {
            id: IntentId::new(now, &*self.session.ports.rng),
            title: self.document.title,
            content_type: self.document.content_type,
            created: self.document.created.unwrap_or(now),
            received: now,
            patient: self.book.person.name.clone(),
            blob: self.blob,
        };
        self.book.vault.add_document(document).map_err(full)
    }
}

impl SoKhoe {
    /// Begins to put a document of the person's own into a book. No network is needed and no clinic gets
    /// it: until one has it, it is kept whatever the budget, and comes back when the database is damaged.
    ///
    /// # Errors
    /// [`AppError::Validation`], [`AppError::NotFound`], [`AppError::DocumentsFull`],
    /// [`AppError::DiskFull`], what opening a book may give.
    pub fn begin_document(
        &self,
        person_id: &str,
        document: NewDocumentView,
    ) -> Result<DocumentWriter, AppError> {
        self.not_moved()?;
        let document = sound(document)?;
        let book = self.inner.book(person_id)?;
        let blob = book.vault.write_blob()?;
        if let Some(size) = document.size {
            blob.has_room_for(size).map_err(full)?;
        }
        Ok(DocumentWriter {
            session: Arc::clone(&self.inner),
            book,
            document,
            blob,
            is_empty: true,
        })
    }

    /// Puts a document of the person's own into a book, all that `from` gives, and gives its row's id.
    ///
    /// # Errors
    /// Those of [`SoKhoe::begin_document`] and [`DocumentWriter::finish`]; [`AppError::CannotRead`] when
    /// `from` fails. Nothing is kept then.
    pub fn add_document(
        &self,
        person_id: &str,
        document: NewDocumentView,
        from: &mut dyn Read,
    ) -> Result<i64, AppError> {
        let mut writer = self.begin_document(person_id, document)?;
        let mut piece = zeroize::Zeroizing::new(vec![0; PIECE]);
        loop {
            match from.read(&mut piece) {
                Ok(0) => return writer.finish(),
                Ok(read) => writer.write(piece.get(..read).unwrap_or_default())?,
                Err(error) if error.kind() == io::ErrorKind::Interrupted => {}
                Err(_) => return Err(AppError::CannotRead),
            }
        }
    }

    /// Takes a document of the person's own out of a book again, with its bytes.
    ///
    /// # Errors
    /// [`AppError::NotFound`] also for what a clinic gave; what writing to a book may give. It stays then.
    pub fn remove_document(&self, person_id: &str, entry_id: i64) -> Result<(), AppError> {
        self.not_moved()?;
        let book = self.inner.book(person_id)?;
        let row = book.vault.entry(entry_id)?.map(|(row, _)| row);
        let id = row
            .filter(|row| row.clinic.is_own())
            .and_then(|row| row.resource.id.parse().ok())
            .ok_or_else(|| AppError::not_found("document"))?;
        if book.vault.remove_document(id)? {
            Ok(())
        } else {
            Err(AppError::not_found("document"))
        }
    }
}

/// What is said of the document, when it can be so.
fn sound(document: NewDocumentView) -> Result<NewDocumentView, AppError> {
    if !CONTENT_TYPES.contains(&document.content_type.as_str()) {
        return Err(AppError::invalid(
            "content_type",
            "must be a picture, a PDF or text",
        ));
    }
    let words: Vec<String> = document
        .title
        .split_whitespace()
        .map(|word| word.chars().filter(|c| is_visible(*c)).collect())
        .filter(|word: &String| !word.is_empty())
        .collect();
    let title = words.join(" ");
    if !(1..=LONGEST_TITLE).contains(&title.chars().count()) {
        return Err(AppError::invalid("title", "must have 1 to 200 characters"));
    }
    Ok(NewDocumentView { title, ..document })
}

/// Says how much is missing when it does not fit.
fn full(error: VaultError) -> AppError {
    match error {
        VaultError::BlobsFull { needed, room } => AppError::DocumentsFull {
            missing: needed.saturating_sub(room),
        },
        other => other.into(),
    }
}
