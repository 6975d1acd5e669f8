//! When to stop: Ctrl-C, SIGTERM, or the end of stdin.

use std::io;

use tokio::sync::oneshot;

/// Listens from now on; the future completes when the person or the system asks to stop.
///
/// # Errors
/// When the system lets nobody listen.
#[cfg(unix)]
pub(crate) fn asked() -> io::Result<impl Future<Output = ()>> {
    use tokio::signal::unix::{SignalKind, signal};
    let (mut interrupt, mut terminate) = (
        signal(SignalKind::interrupt())?,
        signal(SignalKind::terminate())?,
    );
    Ok(async move {
        tokio::select! {
            _ = interrupt.recv() => {}
            _ = terminate.recv() => {}
        }
    })
}

/// Completes when the person asks to stop.
///
/// # Errors
/// None here.
#[cfg(not(unix))]
#[expect(clippy::unnecessary_wraps, reason = "as on Unix")]
pub(crate) fn asked() -> io::Result<impl Future<Output = ()>> {
    Ok(async {
        // A console that cannot be listened to never asks.
        if tokio::signal::ctrl_c().await.is_err() {
            std::future::pending::<()>().await;
        }
    })
}

/// Completes when stdin ends: whoever started us with a pipe has ended, however that came.
pub(crate) async fn stdin_closed() {
    let (ended, end) = oneshot::channel();
    // A thread of its own: the runtime does not wait for it when the program ends otherwise.
    std::thread::spawn(move || {
        // A stdin that cannot be read has nobody behind it either.
        let _ = io::copy(&mut io::stdin(), &mut io::sink());
        let _ = ended.send(());
    });
    let _ = end.await;
}
