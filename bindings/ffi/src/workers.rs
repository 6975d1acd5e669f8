//! The threads of the core.

use std::future::Future;
use std::sync::Arc;

use tokio::runtime::{Builder, Runtime};

use crate::SoKhoeError;

/// Enough for a phone: one for a long exchange, one for all else.
const WORKERS: usize = 2;
/// Reads of the book beside each other; SQLite gains nothing from more.
const READERS: usize = 4;

/// A runtime of our own. Work that was begun holds on to it and comes to its end, whether anybody
/// still waits for the answer or not.
#[derive(Clone, Debug)]
pub struct Workers(Arc<Own>);

#[derive(Debug)]
struct Own(Option<Runtime>);

impl Workers {
    pub fn start() -> Result<Self, SoKhoeError> {
        Builder::new_multi_thread()
            .worker_threads(WORKERS)
            .max_blocking_threads(READERS)
            .thread_name("sokhoe")
            .enable_all()
            .build()
            .map(|runtime| Self(Arc::new(Own(Some(runtime)))))
            .map_err(|_| SoKhoeError::internal("no-threads"))
    }

    /// Runs `work` to its end; dropping what is returned only stops waiting for it.
    pub async fn run<T: Send + 'static>(
        &self,
        work: impl Future<Output = Result<T, SoKhoeError>> + Send + 'static,
    ) -> Result<T, SoKhoeError> {
        let kept = self.clone();
        let task = self.runtime()?.spawn(async move {
            let result = work.await;
            drop(kept);
            result
        });
        task.await
            .unwrap_or_else(|_| Err(SoKhoeError::internal("fault")))
    }

    /// Runs `work`, which waits for a disk, where no screen and no exchange waits for it.
    pub async fn read<T: Send + 'static>(
        &self,
        work: impl FnOnce() -> Result<T, SoKhoeError> + Send + 'static,
    ) -> Result<T, SoKhoeError> {
        let kept = self.clone();
        let task = self.runtime()?.spawn_blocking(move || {
            let result = work();
            drop(kept);
            result
        });
        task.await
            .unwrap_or_else(|_| Err(SoKhoeError::internal("fault")))
    }

    /// Runs `work` here, with this runtime for what it starts.
    pub fn enter<T>(
        &self,
        work: impl FnOnce() -> Result<T, SoKhoeError>,
    ) -> Result<T, SoKhoeError> {
        let _entered = self.runtime()?.enter();
        work()
    }

    fn runtime(&self) -> Result<&Runtime, SoKhoeError> {
        self.0.0.as_ref().ok_or(SoKhoeError::internal("no-threads"))
    }
}

impl Drop for Own {
    fn drop(&mut self) {
        // The last to hold it may be a task of its own, where waiting for the threads is forbidden.
        if let Some(runtime) = self.0.take() {
            runtime.shutdown_background();
        }
    }
}
