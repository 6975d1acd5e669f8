//! A document that a person puts in, piece by piece.

use std::fmt;
use std::sync::{Arc, Mutex, PoisonError};

use zeroize::Zeroizing;

use crate::SoKhoeError;
use crate::workers::Workers;

type Slot = Arc<Mutex<Option<sokhoe_app::DocumentWriter>>>;

/// A document that is being put in. Cancelled, or dropped without `finish`, it leaves nothing.
#[derive(uniffi::Object)]
pub struct DocumentWriter {
    /// Nothing once it is finished, cancelled, or failed.
    slot: Slot,
    workers: Workers,
}

impl DocumentWriter {
    pub(crate) fn new(writer: sokhoe_app::DocumentWriter, workers: Workers) -> Self {
        Self {
            slot: Arc::new(Mutex::new(Some(writer))),
            workers,
        }
    }
}

/// A writer that is no longer there.
fn ended() -> SoKhoeError {
    SoKhoeError::Validation {
        field: "document".to_owned(),
        rule: "must not be finished, cancelled or failed".to_owned(),
    }
}

#[uniffi::export]
impl DocumentWriter {
    /// Takes in the next bytes, some 64 KB at a time: they are sealed before they reach the disk. One call after the
    /// other. After an error nothing is kept, and the writer is of no more use.
    pub async fn write(&self, bytes: Vec<u8>) -> Result<(), SoKhoeError> {
        let slot = Arc::clone(&self.slot);
        let bytes = Zeroizing::new(bytes);
        self.workers
            .read(move || {
                let mut slot = slot.lock().unwrap_or_else(PoisonError::into_inner);
                let written = slot.as_mut().ok_or_else(ended)?.write(&bytes);
                if written.is_err() {
                    *slot = None;
                }
                Ok(written?)
            })
            .await
    }

    /// Keeps the document, on disk before the answer, and gives its row's id.
    pub async fn finish(&self) -> Result<i64, SoKhoeError> {
        let slot = Arc::clone(&self.slot);
        self.workers
            .read(move || {
                let writer = slot.lock().unwrap_or_else(PoisonError::into_inner).take();
                Ok(writer.ok_or_else(ended)?.finish()?)
            })
            .await
    }

    /// Leaves nothing of it. Does nothing once it is finished.
    pub async fn cancel(&self) -> Result<(), SoKhoeError> {
        let slot = Arc::clone(&self.slot);
        self.workers
            .read(move || {
                *slot.lock().unwrap_or_else(PoisonError::into_inner) = None;
                Ok(())
            })
            .await
    }
}

impl fmt::Debug for DocumentWriter {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("DocumentWriter").finish_non_exhaustive()
    }
}
