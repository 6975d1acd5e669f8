//! The documents of a book. The compiler checks that the fields here are those of [`sokhoe_app`]; the comments are
//! what app developers read.

use std::fmt;
use std::sync::{Arc, Mutex, PoisonError};

use sokhoe_app::{AttachmentState, AttachmentView, DocumentRefusal};

use crate::SoKhoeError;
use crate::workers::Workers;

/// A document that a row of the book carries or refers to.
#[uniffi::remote(Record)]
pub struct AttachmentView {
    /// Its place in the row's list.
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
#[uniffi::remote(Enum)]
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

/// Why a document cannot be fetched or opened.
#[uniffi::remote(Enum)]
pub enum DocumentRefusal {
    /// Its bytes are not on this phone: fetch it.
    NotHere,
    /// The clinic no longer has it, and this phone does not.
    Gone,
    /// It is at another server, which is not asked.
    Elsewhere,
    /// It is longer than documents on a phone may be.
    TooLarge,
    /// It does not fit in what documents may take on this phone, and nothing there may go.
    NoRoom,
    /// It was damaged on this phone, and no clinic has it.
    Damaged,
    /// What the clinic sent is not what the record speaks of; it was not kept.
    OtherContent,
    /// What stands in the record cannot be read.
    Unreadable,
    /// What metered networks may carry is used up.
    DataUsedUp,
}

/// Gives the bytes of a document chunk by chunk. It is sealed on this phone: hand the bytes to what shows them, and
/// write them to no file.
#[derive(uniffi::Object)]
pub struct AttachmentReader {
    inner: Arc<Mutex<sokhoe_app::AttachmentReader>>,
    title: String,
    content_type: String,
    length: u64,
    workers: Workers,
}

impl AttachmentReader {
    pub(crate) fn new(inner: sokhoe_app::AttachmentReader, workers: Workers) -> Self {
        Self {
            title: inner.title().to_owned(),
            content_type: inner.content_type().to_owned(),
            length: inner.length(),
            inner: Arc::new(Mutex::new(inner)),
            workers,
        }
    }
}

#[uniffi::export]
impl AttachmentReader {
    /// What it is called. Instant.
    pub fn title(&self) -> Result<String, SoKhoeError> {
        Ok(self.title.clone())
    }

    /// Its MIME type as the clinic says; empty when not told. Instant.
    pub fn content_type(&self) -> Result<String, SoKhoeError> {
        Ok(self.content_type.clone())
    }

    /// Bytes of the whole document. Instant.
    pub fn length(&self) -> Result<u64, SoKhoeError> {
        Ok(self.length)
    }

    /// The next bytes, at most 64 KiB; nothing at the end. When it throws, what came before is no whole document.
    pub async fn next_chunk(&self) -> Result<Option<Vec<u8>>, SoKhoeError> {
        let inner = Arc::clone(&self.inner);
        self.workers
            .read(move || {
                let mut reader = inner.lock().unwrap_or_else(PoisonError::into_inner);
                Ok(reader.next_chunk()?)
            })
            .await
    }
}

impl fmt::Debug for AttachmentReader {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("AttachmentReader").finish_non_exhaustive()
    }
}
