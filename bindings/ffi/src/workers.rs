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

#[cfg(test)]
mod tests {
    use std::future::Future;
    use std::pin::pin;
    use std::sync::mpsc;
    use std::task::{Context, Waker};
    use std::time::Duration;

    use tokio::sync::oneshot;

    use super::*;
    use crate::CancelToken;

    const SOON: Duration = Duration::from_secs(10);

    #[test]
    fn work_comes_to_its_end_without_its_caller_and_without_the_core() {
        let workers = Workers::start().unwrap();
        let (go, gone) = oneshot::channel::<()>();
        let (done, is_done) = mpsc::channel();
        {
            let mut call = pin!(workers.run(async move {
                gone.await.ok();
                done.send(()).ok();
                Ok(())
            }));
            let begun = call.as_mut().poll(&mut Context::from_waker(Waker::noop()));
            assert!(begun.is_pending());
        }
        drop(workers);
        go.send(()).unwrap();
        is_done.recv_timeout(SOON).unwrap();
    }

    #[test]
    fn a_fault_is_an_error_and_the_next_call_works() {
        let workers = Workers::start().unwrap();
        let caller = Builder::new_current_thread().build().unwrap();
        let fault: Result<(), _> = caller.block_on(workers.read(|| panic!("a test's own")));
        assert_eq!(fault, Err(SoKhoeError::internal("fault")));
        assert_eq!(caller.block_on(workers.run(async { Ok(7) })), Ok(7));
    }

    #[test]
    fn a_cancelled_call_ends_at_once_and_its_token_stays_cancelled() {
        let workers = Workers::start().unwrap();
        let caller = Builder::new_current_thread().build().unwrap();
        let token = Arc::new(CancelToken::new());
        let (watched, other) = (Arc::clone(&token), Arc::clone(&token));
        let for_ever = workers
            .run(async move { watched.stops(std::future::pending::<Result<(), _>>()).await });
        let cancel = async move {
            tokio::task::yield_now().await;
            other.cancel();
        };
        let (ended, ()) = caller.block_on(async { tokio::join!(for_ever, cancel) });
        assert_eq!(ended, Err(SoKhoeError::Cancelled));
        assert_eq!(
            caller.block_on(token.stops(async { Ok(()) })),
            Err(SoKhoeError::Cancelled)
        );
    }
}
