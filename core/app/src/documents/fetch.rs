//! Fetching a document from its clinic into the vault.

use sokhoe_client::{AttachmentError, ClientError};
use sokhoe_sync::{Cause, Fetch};
use sokhoe_vault::{BlobOrigin, BlobWriter, ExpectedContent, VaultError};

use super::{AttachmentState, AttachmentView, Found, find};
use crate::error::{AppError, DocumentRefusal};
use crate::session::{OpenBook, Session, SoKhoe};

/// The longest document that is fetched, in bytes.
pub const MAX_DOCUMENT_BYTES: usize = 64 << 20;

impl SoKhoe {
    /// Fetches a document from its clinic and keeps it, sealed, so that it can be opened without a
    /// network. One that is here is not asked for again; one that the clinic did not have is. Memory
    /// holds a chunk. Ends early without a trace when it is no longer waited for.
    ///
    /// # Errors
    /// [`AppError::Document`] with why; [`AppError::NotFound`], [`AppError::Offline`],
    /// [`AppError::Busy`], [`AppError::BadAnswer`], [`AppError::NotEnrolled`], [`AppError::DiskFull`],
    /// what opening a book may give. Nothing is kept then, and what was here stays.
    pub async fn fetch_attachment(
        &self,
        person_id: &str,
        entry_id: i64,
        index: u32,
    ) -> Result<AttachmentView, AppError> {
        self.not_moved()?;
        let session = &*self.inner;
        let book = session.book(person_id)?;
        let (one, _) = find(session, &book, entry_id, index)?;
        match one.state {
            AttachmentState::Inline | AttachmentState::Here => return Ok(one.view(session)),
            AttachmentState::Gone if one.clinic.is_own() => {
                return Err(DocumentRefusal::Damaged.into());
            }
            AttachmentState::Elsewhere => return Err(DocumentRefusal::Elsewhere.into()),
            AttachmentState::AtClinic | AttachmentState::Gone => {}
        }
        if session.allowance(Cause::Person).fetch == Fetch::Nothing {
            return Err(DocumentRefusal::DataUsedUp.into());
        }
        let fetched = fetch(session, &book, &one).await;
        session.store_data_use()?;
        note(&book, &one, &fetched)?;
        fetched?;
        let (one, _) = find(session, &book, entry_id, index)?;
        Ok(one.view(session))
    }
}

/// Why a document was not fetched.
enum FetchError {
    Client(AttachmentError),
    Other(AppError),
}

impl From<VaultError> for FetchError {
    fn from(error: VaultError) -> Self {
        Self::Other(error.into())
    }
}

impl From<AppError> for FetchError {
    fn from(error: AppError) -> Self {
        Self::Other(error)
    }
}

impl From<FetchError> for AppError {
    fn from(error: FetchError) -> Self {
        match error {
            FetchError::Other(error) => error,
            FetchError::Client(AttachmentError::Client(error)) => error.into(),
            FetchError::Client(AttachmentError::Elsewhere) => DocumentRefusal::Elsewhere.into(),
            FetchError::Client(AttachmentError::Gone) => DocumentRefusal::Gone.into(),
            FetchError::Client(AttachmentError::TooLarge { .. }) => {
                DocumentRefusal::TooLarge.into()
            }
        }
    }
}

async fn fetch(session: &Session, book: &OpenBook, one: &Found) -> Result<(), FetchError> {
    let expected = ExpectedContent {
        size: one.attachment.size,
        sha1: one.attachment.sha1,
    };
    let limit = limit(book, expected.size)?;
    let client = session.client(&session.clinic(one.clinic.as_str())?)?;
    let url = one.attachment.url.as_deref().unwrap_or_default();
    let writer = book.vault.write_blob()?;
    let writer = match receive(&client, url, &one.attachment.content_type, limit, writer).await {
        // More than was announced is something else.
        Err(FetchError::Client(AttachmentError::TooLarge { .. })) if expected.size.is_some() => {
            return Err(VaultError::OtherContent.into());
        }
        other => other?,
    };
    let (clinic, resource, place) = (&one.clinic, &one.resource, one.place());
    writer.finish(BlobOrigin::Clinic, clinic, resource, &place, expected)?;
    Ok(())
}

/// The most bytes that may arrive. What cannot be kept is not asked for.
fn limit(book: &OpenBook, announced: Option<u64>) -> Result<usize, FetchError> {
    let Some(announced) = announced else {
        return Ok(MAX_DOCUMENT_BYTES);
    };
    let limit = usize::try_from(announced)
        .ok()
        .filter(|size| *size <= MAX_DOCUMENT_BYTES)
        .ok_or_else(|| AppError::from(DocumentRefusal::TooLarge))?;
    let room = book.vault.blob_usage()?.room();
    if announced > room {
        let needed = announced;
        return Err(VaultError::BlobsFull { needed, room }.into());
    }
    Ok(limit)
}

async fn receive(
    client: &sokhoe_client::ClinicClient,
    url: &str,
    content_type: &str,
    limit: usize,
    mut writer: BlobWriter,
) -> Result<BlobWriter, FetchError> {
    let mut body = client
        .attachment(url, content_type, limit)
        .await
        .map_err(FetchError::Client)?;
    while let Some(chunk) = body.next_chunk().await.map_err(FetchError::Client)? {
        writer.write(&chunk)?;
    }
    Ok(writer)
}

/// Notes what the clinic's answer says of the document, and of this phone: what a clinic may no longer
/// give is not evicted.
fn note(book: &OpenBook, one: &Found, fetched: &Result<(), FetchError>) -> Result<(), AppError> {
    let name = || (one.clinic.clone(), one.resource.clone(), one.place());
    match fetched {
        Ok(()) => {
            book.gone_documents().remove(&name());
        }
        Err(FetchError::Client(AttachmentError::Gone)) => {
            book.vault
                .note_blob_gone(&one.clinic, &one.resource, &one.place())?;
            book.gone_documents().insert(name());
        }
        Err(FetchError::Client(AttachmentError::Client(ClientError::Unauthorized))) => {
            book.vault.set_blobs_fetchable(&one.clinic, false)?;
        }
        Err(_) => {}
    }
    Ok(())
}
