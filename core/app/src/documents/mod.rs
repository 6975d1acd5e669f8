//! The documents of a book: which there are, fetching them from their clinic, opening them without a
//! network.
//!
//! Bytes that were fetched are kept sealed in the vault and given chunk by chunk; none are ever in a
//! file in the clear. What fetching may take is [`SoKhoe::set_blob_budget`]'s.

mod fetch;
mod open;
#[cfg(test)]
mod tests;

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use sokhoe_client::ClinicClient;
use sokhoe_domain::{ClinicId, ResourceKey};
use sokhoe_fhir::Attachment;
use sokhoe_vault::{BlobState, StoredBlob};

use crate::error::AppError;
use crate::session::{OpenBook, Session, SoKhoe};

pub use fetch::MAX_DOCUMENT_BYTES;
pub use open::AttachmentReader;

/// A document that a row of the book carries or refers to.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct AttachmentView {
    /// Its place in the row's list; what to give to [`SoKhoe::open_attachment`].
    pub index: u32,
    /// What it is called.
    pub title: String,
    /// Its MIME type as the clinic says; empty when not told. Not proved: open it with care.
    pub content_type: String,
    /// Bytes, when known.
    pub size: Option<u64>,
    /// Where its bytes are.
    pub state: AttachmentState,
    /// The same in words that say what can be done.
    pub state_text: String,
}

/// Where the bytes of a document are.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum AttachmentState {
    /// In the record itself: they can be opened at any time.
    Inline,
    /// On this phone: they can be opened without a network.
    Here,
    /// At the clinic: to be fetched (again).
    AtClinic,
    /// The clinic no longer has them; of a document of the person's own, they are lost on this phone.
    Gone,
    /// At another server, which is not asked.
    Elsewhere,
}

impl AttachmentState {
    /// The key of its words.
    pub(crate) const fn key(self) -> &'static str {
        match self {
            Self::Inline => "attachment-inline",
            Self::Here => "attachment-here",
            Self::AtClinic => "attachment-at-clinic",
            Self::Gone => "attachment-gone",
            Self::Elsewhere => "attachment-elsewhere",
        }
    }
}

/// What a clinic said that it no longer has, and of which the vault, never having had it, keeps no note:
/// known until the app ends, then asked again.
pub(crate) type GoneDocuments = std::collections::HashSet<(ClinicId, ResourceKey, String)>;

/// An attachment and all that is known of it.
struct Found {
    clinic: ClinicId,
    resource: ResourceKey,
    attachment: Attachment,
    index: u32,
    state: AttachmentState,
    /// What the vault has, when it is what the attachment speaks of.
    stored: Option<StoredBlob>,
}

impl Found {
    /// The place under which the vault keeps the bytes: the url, and what the clinic says of the content
    /// there, so that other content under the same url is fetched anew.
    fn place(&self) -> String {
        place(&self.clinic, &self.attachment)
    }

    /// The key of the words for where it is.
    fn key(&self) -> &'static str {
        match self.state {
            AttachmentState::Gone if self.clinic.is_own() => "attachment-own-lost",
            state => state.key(),
        }
    }

    fn view(self, session: &Session) -> AttachmentView {
        let state_text = session.words.say(self.key());
        let title = match self.attachment.title {
            title if title.is_empty() => session.words.say("attachment-untitled"),
            title => title,
        };
        let size = match self.stored {
            Some(stored) => Some(stored.length),
            None => self.attachment.size,
        };
        AttachmentView {
            index: self.index,
            title,
            content_type: self.attachment.content_type,
            size,
            state: self.state,
            state_text,
        }
    }
}

fn place(clinic: &ClinicId, attachment: &Attachment) -> String {
    let url = attachment.url.as_deref().unwrap_or_default();
    match attachment.sha1 {
        // What the person put in never changes: the vault keeps it under its url.
        Some(sha1) if !clinic.is_own() => format!("{url}#{}", STANDARD.encode(sha1)),
        _ => url.to_owned(),
    }
}

impl SoKhoe {
    /// The documents of a row, in the clinic's order; none for most rows. Needs no network.
    ///
    /// # Errors
    /// [`AppError::NotFound`], what opening a book may give.
    pub fn attachments(
        &self,
        person_id: &str,
        entry_id: i64,
    ) -> Result<Vec<AttachmentView>, AppError> {
        let session = &*self.inner;
        let book = session.book(person_id)?;
        let found = find_all(session, &book, entry_id)?.0;
        Ok(found.into_iter().map(|one| one.view(session)).collect())
    }
}

/// The attachments of a row, and the resource that says so.
fn find_all(
    session: &Session,
    book: &OpenBook,
    entry_id: i64,
) -> Result<(Vec<Found>, String), AppError> {
    let (row, stored) = book
        .vault
        .entry(entry_id)?
        .ok_or_else(|| AppError::not_found("entry"))?;
    // What is stored was read when it came.
    let attachments = sokhoe_fhir::attachments(&stored.json).unwrap_or_default();
    let client = if attachments.is_empty() {
        None
    } else {
        client_for_addresses(session, &row.clinic)
    };
    let mut found = Vec::with_capacity(attachments.len());
    for (index, attachment) in (0..).zip(attachments) {
        let mut one = Found {
            clinic: row.clinic.clone(),
            resource: row.resource.clone(),
            attachment,
            index,
            state: AttachmentState::Inline,
            stored: None,
        };
        if !one.attachment.is_inline {
            (one.state, one.stored) = state_of(book, client.as_ref(), &one)?;
        }
        found.push(one);
    }
    Ok((found, stored.json))
}

fn find(
    session: &Session,
    book: &OpenBook,
    entry_id: i64,
    index: u32,
) -> Result<(Found, String), AppError> {
    let (found, json) = find_all(session, book, entry_id)?;
    found
        .into_iter()
        .find(|one| one.index == index)
        .map(|one| (one, json))
        .ok_or_else(|| AppError::not_found("attachment"))
}

/// Tells which addresses are the clinic's; nothing when the account no longer knows the clinic.
fn client_for_addresses(session: &Session, clinic: &ClinicId) -> Option<ClinicClient> {
    let clinic = session.clinic(clinic.as_str()).ok()?;
    session.client(&clinic).ok()
}

/// What the vault has of an attachment, when it is what the clinic now speaks of.
pub(crate) fn stored(
    book: &OpenBook,
    clinic: &ClinicId,
    resource: &ResourceKey,
    attachment: &Attachment,
) -> Result<Option<StoredBlob>, AppError> {
    let stored = book
        .vault
        .blob(clinic, resource, &place(clinic, attachment))?;
    // Without a hash the size is what tells that the clinic has put something else there.
    Ok(stored.filter(|stored| attachment.size.is_none_or(|size| size == stored.length)))
}

fn state_of(
    book: &OpenBook,
    client: Option<&ClinicClient>,
    one: &Found,
) -> Result<(AttachmentState, Option<StoredBlob>), AppError> {
    let stored = stored(book, &one.clinic, &one.resource, &one.attachment)?;
    let url = one.attachment.url.as_deref().unwrap_or_default();
    let is_ours = client.is_some_and(|client| client.attachment_url(url).is_some());
    let state = match stored.map(|stored| stored.state) {
        Some(BlobState::Here) => AttachmentState::Here,
        Some(BlobState::Lost) => AttachmentState::Gone,
        None if one.clinic.is_own() => AttachmentState::Gone,
        Some(BlobState::AtClinic) | None if !is_ours => AttachmentState::Elsewhere,
        Some(BlobState::AtClinic) | None => {
            let name = (one.clinic.clone(), one.resource.clone(), one.place());
            if book.gone_documents().contains(&name) {
                AttachmentState::Gone
            } else {
                AttachmentState::AtClinic
            }
        }
    };
    Ok((state, stored))
}
