//! Opening a document: its bytes, chunk by chunk.

use std::fmt;
use std::io::Write;

use sokhoe_fhir::Base64Text;
use sokhoe_vault::{BlobReader, OpenedBlob};

use super::{AttachmentState, find};
use crate::error::{AppError, DocumentRefusal};
use crate::export::cannot_write;
use crate::session::SoKhoe;

/// Gives the bytes of a document, each proved before it is given. Goes on when the document is
/// evicted meanwhile.
pub struct AttachmentReader {
    title: String,
    content_type: String,
    length: u64,
    source: Source,
}

enum Source {
    Inline(Base64Text),
    Blob(Box<BlobReader>),
}

impl fmt::Debug for AttachmentReader {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("AttachmentReader").finish_non_exhaustive()
    }
}

impl AttachmentReader {
    /// What it is called.
    #[must_use]
    pub fn title(&self) -> &str {
        &self.title
    }

    /// Its MIME type as the clinic says; empty when not told.
    #[must_use]
    pub fn content_type(&self) -> &str {
        &self.content_type
    }

    /// Bytes of the whole document.
    #[must_use]
    pub const fn length(&self) -> u64 {
        self.length
    }

    /// The next bytes, at most 64 KiB; nothing at the end.
    ///
    /// # Errors
    /// [`AppError::Document`] when the rest is damaged or was never readable: what was given before is
    /// right, but no whole document.
    pub fn next_chunk(&mut self) -> Result<Option<Vec<u8>>, AppError> {
        match &mut self.source {
            Source::Inline(data) => data
                .next_piece()
                .map_err(|_| DocumentRefusal::Unreadable.into()),
            Source::Blob(reader) => Ok(reader.next_chunk()?.map(<[u8]>::to_vec)),
        }
    }
}

impl AttachmentReader {
    /// Writes the whole document, which is in the clear there, and gives its length.
    ///
    /// # Errors
    /// Those of [`AttachmentReader::next_chunk`]; [`AppError::CannotWrite`], [`AppError::DiskFull`]. A
    /// beginning may have been written.
    pub fn copy_to(mut self, out: &mut dyn Write) -> Result<u64, AppError> {
        while let Some(chunk) = self.next_chunk()? {
            out.write_all(&chunk).map_err(cannot_write)?;
        }
        out.flush().map_err(cannot_write)?;
        Ok(self.length)
    }
}

impl SoKhoe {
    /// Opens a document that is in the record or on this phone. Needs no network.
    ///
    /// # Errors
    /// [`AppError::Document`] with why: [`DocumentRefusal::NotHere`] when it must be fetched first;
    /// [`AppError::NotFound`], what opening a book may give.
    pub fn open_attachment(
        &self,
        person_id: &str,
        entry_id: i64,
        index: u32,
    ) -> Result<AttachmentReader, AppError> {
        let session = &*self.inner;
        let book = session.book(person_id)?;
        let (one, json) = find(session, &book, entry_id, index)?;
        let (length, source) = match (one.state, one.stored) {
            (AttachmentState::Inline, _) => {
                let data = sokhoe_fhir::inline_data(&json, index as usize)
                    .ok()
                    .flatten()
                    .ok_or_else(|| AppError::not_found("attachment"))?;
                (data.decoded_length(), Source::Inline(data))
            }
            (AttachmentState::Here, Some(stored)) => match book.vault.open_blob(&stored.hash)? {
                OpenedBlob::Here(reader) => (reader.length(), Source::Blob(reader)),
                OpenedBlob::AtClinic => return Err(DocumentRefusal::NotHere.into()),
            },
            (AttachmentState::Here | AttachmentState::AtClinic, _) => {
                return Err(DocumentRefusal::NotHere.into());
            }
            (AttachmentState::Gone, _) if one.clinic.is_own() => {
                return Err(DocumentRefusal::Damaged.into());
            }
            (AttachmentState::Gone, _) => return Err(DocumentRefusal::Gone.into()),
            (AttachmentState::Elsewhere, _) => return Err(DocumentRefusal::Elsewhere.into()),
        };
        let view = one.view(session);
        Ok(AttachmentReader {
            title: view.title,
            content_type: view.content_type,
            length,
            source,
        })
    }
}
