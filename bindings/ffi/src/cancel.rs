//! Stopping a long call from outside.

use std::future::Future;
use std::sync::Arc;

use tokio::sync::watch;

use crate::SoKhoeError;

/// Stops the long calls that it was given to. It stays cancelled: every call needs its own.
#[derive(Debug, uniffi::Object)]
pub struct CancelToken {
    cancelled: watch::Sender<bool>,
}

#[uniffi::export]
impl CancelToken {
    /// A token that stops nothing yet.
    #[uniffi::constructor]
    #[must_use]
    pub fn new() -> Self {
        Self {
            cancelled: watch::Sender::new(false),
        }
    }

    /// Makes the calls that hold this token answer `Cancelled` at once. What was kept stays kept.
    pub fn cancel(&self) {
        self.cancelled.send_replace(true);
    }
}

/// The result of `work`, or `Cancelled` and the end of `work` when there is a token and it comes first.
pub(crate) async fn unless_cancelled<T>(
    cancel: Option<Arc<CancelToken>>,
    work: impl Future<Output = Result<T, SoKhoeError>>,
) -> Result<T, SoKhoeError> {
    match cancel {
        Some(cancel) => cancel.stops(work).await,
        None => work.await,
    }
}

impl Default for CancelToken {
    fn default() -> Self {
        Self::new()
    }
}

impl CancelToken {
    /// The result of `work`, or `Cancelled` and the end of `work` when the token comes first.
    pub(crate) async fn stops<T>(
        &self,
        work: impl Future<Output = Result<T, SoKhoeError>>,
    ) -> Result<T, SoKhoeError> {
        let mut cancelled = self.cancelled.subscribe();
        tokio::select! {
            biased;
            // The sender is a field of `self`, so waiting cannot fail.
            _ = cancelled.wait_for(|yes| *yes) => Err(SoKhoeError::Cancelled),
            result = work => result,
        }
    }
}
