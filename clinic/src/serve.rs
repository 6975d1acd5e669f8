//! The server: routes, limits, start and stop.

use std::fmt;
use std::future::IntoFuture as _;
use std::net::SocketAddr;
use std::sync::Arc;
use std::time::Duration;

use axum::ServiceExt as _;
use axum::body::{Body, Bytes};
use axum::extract::DefaultBodyLimit;
use axum::middleware::{Next, from_fn};
use axum::response::IntoResponse as _;
use axum::serve::ListenerExt as _;
use http::{HeaderValue, Request, Response, header};
use tokio::net::TcpListener;
use tokio::sync::watch;
use tokio::task::JoinHandle;
use tower::ServiceExt as _;
use tower_http::CompressionLevel;
use tower_http::compression::CompressionLayer;
use tower_http::set_header::SetResponseHeaderLayer;
use tower_http::timeout::RequestBodyTimeoutLayer;

use crate::ClinicError;
use crate::access_log;
use crate::admission::Door;
use crate::bank_messages::{self, BankApi};
use crate::clinic::Inner;
use crate::desk::{self, Desk};
use crate::fhir_api::{self, Api, ApiError, Attempts};
use crate::health;
use crate::oauth;
use crate::queue;
use crate::schedule;
use crate::sign_in;
use crate::staff;
use crate::store::Isolation;

/// The longest request body.
const MAX_BODY: usize = 1024 * 1024;
/// The longest that an answer may take; longer than the longest wait of a feed.
const ANSWER: Duration = Duration::from_secs(45);
/// The longest pause while a request's body arrives.
const BODY: Duration = Duration::from_secs(15);
/// How long running requests are waited for when stopping.
const STOP: Duration = Duration::from_secs(10);
const HOUSEKEEPING: Duration = Duration::from_secs(3600);
/// How often the waiting list is tended, and each how many times for everybody on it: times come free by themselves, too,
/// when a hold ends or a week's times are given out.
const TENDING: Duration = Duration::from_secs(5);
const TENDINGS_OF_WHOLE: u32 = 12;
/// How often it is looked whether a day of the queue is over.
const QUEUE_TENDING: Duration = Duration::from_secs(60);
/// How often proofs that are over are forgotten.
const PROOFS: Duration = Duration::from_secs(60);

/// How often what was done goes into the access log: until then it is on disk, but no head is over it.
const ACCESS_LOG_TENDING: Duration = Duration::from_secs(1);

/// A clinic that answers for as long as this is kept. Dropping it stops the server as [`Running::shutdown`]
/// does, only that nobody waits for the end.
#[must_use = "the server stops when this is dropped"]
pub struct Running {
    /// Where it listens.
    pub addr: SocketAddr,
    /// The desk; with the key that opens it, while nobody has an account.
    pub desk_url: String,
    stop: watch::Sender<bool>,
    server: JoinHandle<()>,
}

impl fmt::Debug for Running {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Running")
            .field("addr", &self.addr)
            .finish_non_exhaustive()
    }
}

impl Running {
    /// Stops taking requests, ends waiting feeds and the desk's events, finishes what runs.
    pub async fn shutdown(mut self) {
        self.stop.send_replace(true);
        if tokio::time::timeout(STOP, &mut self.server).await.is_err() {
            self.server.abort();
        }
    }
}

/// Starts to answer.
pub(crate) fn serve(
    inner: Arc<Inner>,
    listener: TcpListener,
    base_url: &str,
) -> Result<Running, ClinicError> {
    let addr = listener.local_addr().map_err(ClinicError::Serve)?;
    let base_url = base_url.trim_end_matches('/').to_owned();
    let key = desk::new_key(&inner);
    let desk_url = match inner.store.read(staff::are_there_any)? {
        true => format!("{base_url}/desk"),
        false => format!("{base_url}/desk?key={key}"),
    };
    let (stop, stopping) = watch::channel(false);
    let app = door(&inner, &base_url, &key, &stopping);
    let housekeeping = keep_house(Arc::clone(&inner), stopping.clone());
    let calendar = keep_calendar(Arc::clone(&inner));
    let waiting_list = keep_waiting_list(Arc::clone(&inner));
    let queue = keep_queue(Arc::clone(&inner));
    let access_log = keep_access_log(Arc::clone(&inner));
    let proofs = keep_proofs(Arc::clone(&inner));
    let server = tokio::spawn(async move {
        let housekeeping = tokio::spawn(housekeeping);
        let calendar = tokio::spawn(calendar);
        let waiting_list = tokio::spawn(waiting_list);
        let queue = tokio::spawn(queue);
        let access_log = tokio::spawn(access_log);
        let proofs = tokio::spawn(proofs);
        let mut stopping = stopping;
        let listener = listener.tap_io(|stream| {
            let _works_without = stream.set_nodelay(true);
        });
        let served = axum::serve(
            listener,
            app.into_make_service_with_connect_info::<SocketAddr>(),
        )
        .with_graceful_shutdown(async move {
            let _sender_gone = stopping.wait_for(|stopping| *stopping).await;
        })
        .into_future()
        .await;
        if let Err(error) = served {
            tracing::error!(kind = ?error.kind(), "the server ended");
        }
        housekeeping.abort();
        calendar.abort();
        waiting_list.abort();
        queue.abort();
        access_log.abort();
        proofs.abort();
    });
    Ok(Running {
        addr,
        desk_url,
        stop,
        server,
    })
}

/// A clinic that answers without a socket: for a program that has its clients within.
#[derive(Clone)]
pub struct InProcess {
    app: Door,
    /// Dropped, what waits would take it for the end.
    _stop: Arc<watch::Sender<bool>>,
}

impl fmt::Debug for InProcess {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("InProcess").finish_non_exhaustive()
    }
}

impl InProcess {
    pub(crate) fn new(inner: &Arc<Inner>, base_url: &str) -> Self {
        let (stop, stopping) = watch::channel(false);
        let base_url = base_url.trim_end_matches('/');
        let key = desk::new_key(inner);
        Self {
            app: door(inner, base_url, &key, &stopping),
            _stop: Arc::new(stop),
        }
    }

    /// The whole answer to a request, whose URL may be absolute. Needs a tokio runtime.
    pub async fn answer(&self, request: Request<Bytes>) -> Response<Bytes> {
        let response = match self.app.clone().oneshot(request.map(Body::from)).await {
            Ok(response) => response,
            Err(never) => match never {},
        };
        let (head, body) = response.into_parts();
        let body = axum::body::to_bytes(body, usize::MAX).await;
        Response::from_parts(head, body.unwrap_or_default())
    }
}

fn door(inner: &Arc<Inner>, base_url: &str, key: &str, stopping: &watch::Receiver<bool>) -> Door {
    let api = Api {
        inner: Arc::clone(inner),
        base: format!("{base_url}/fhir").into(),
        root: base_url.into(),
        pace: Arc::default(),
        attempts: Arc::new(Attempts::new(
            Arc::clone(&inner.clock),
            inner.proxies.clone(),
        )),
        stopping: stopping.clone(),
    };
    let desk = Desk {
        inner: Arc::clone(inner),
        base_url: base_url.into(),
        key: key.into(),
        attempts: Arc::clone(&api.attempts),
        stopping: stopping.clone(),
    };
    let bank = BankApi {
        inner: Arc::clone(inner),
        attempts: Arc::clone(&api.attempts),
    };
    let inside = fhir_api::router(api)
        .merge(desk::router(desk))
        .merge(bank_messages::router(bank))
        .merge(health::router(Arc::clone(inner)))
        .fallback(async || ApiError::NotFound)
        .method_not_allowed_fallback(async || ApiError::MethodNotAllowed)
        .layer(DefaultBodyLimit::max(MAX_BODY))
        .layer(RequestBodyTimeoutLayer::new(BODY))
        .layer(from_fn(|request: Request<Body>, next: Next| {
            in_time(ANSWER, next.run(request))
        }))
        .layer(CompressionLayer::new().quality(CompressionLevel::Fastest))
        .layer(SetResponseHeaderLayer::overriding(
            header::X_CONTENT_TYPE_OPTIONS,
            HeaderValue::from_static("nosniff"),
        ));
    Door::of(inside)
}

/// The answer, or an error like any other when it takes too long.
async fn in_time(
    longest: Duration,
    answer: impl Future<Output = Response<Body>>,
) -> Response<Body> {
    tokio::time::timeout(longest, answer)
        .await
        .unwrap_or_else(|_| ApiError::Timeout.into_response())
}

/// Forgets what is old, every hour.
async fn keep_house(inner: Arc<Inner>, mut stopping: watch::Receiver<bool>) {
    loop {
        tokio::select! {
            () = inner.clock.sleep(HOUSEKEEPING) => {}
            _ = stopping.wait_for(|stopping| *stopping) => return,
        }
        let forgotten = inner
            .store
            .write_async(Isolation::Serializable, |tx| {
                sign_in::forget(tx)?;
                staff::session::forget_old(tx)?;
                schedule::forget_old(tx)
            })
            .await;
        if let Err(error) = forgotten {
            tracing::warn!(%error, "old records stay for now");
        }
    }
}

/// Reads what is offered again whenever it changed, whichever process changed it.
async fn keep_calendar(inner: Arc<Inner>) {
    let mut changed = inner.store.wakers().calendar();
    while changed.changed().await.is_ok() {
        let inner = Arc::clone(&inner);
        let read = tokio::task::spawn_blocking(move || inner.reload_calendar()).await;
        if !matches!(read, Ok(Ok(()))) {
            tracing::warn!("what is offered could not be read again");
        }
    }
}

/// Offers what is freed to whoever waits, also what is freed by nobody's request.
async fn keep_waiting_list(inner: Arc<Inner>) {
    let wakers = inner.store.wakers();
    let (mut calendar, mut asked) = (wakers.calendar(), wakers.waiting_list());
    for turn in (0..TENDINGS_OF_WHOLE).cycle() {
        let is_news = tokio::select! {
            () = inner.clock.sleep(TENDING) => false,
            changed = calendar.changed() => changed.is_ok(),
            changed = asked.changed() => changed.is_ok(),
        };
        let (whole, tended) = (is_news || turn == 0, Arc::clone(&inner));
        let tended =
            tokio::task::spawn_blocking(move || schedule::waiting_list::tend(&tended, whole)).await;
        if !matches!(tended, Ok(Ok(()))) {
            tracing::warn!("the waiting list could not be tended");
        }
    }
}

/// Ends the days of the queue that are over.
async fn keep_queue(inner: Arc<Inner>) {
    loop {
        let tended = Arc::clone(&inner);
        let tended = tokio::task::spawn_blocking(move || queue::tend(&tended)).await;
        if !matches!(tended, Ok(Ok(()))) {
            tracing::warn!("the queue could not be tended");
        }
        inner.clock.sleep(QUEUE_TENDING).await;
    }
}

/// Puts what was done into the access log.
async fn keep_access_log(inner: Arc<Inner>) {
    loop {
        inner.clock.sleep(ACCESS_LOG_TENDING).await;
        if let Err(error) = access_log::up_to_date(&inner).await {
            tracing::warn!(%error, "the access log waits");
        }
    }
}

/// Forgets proofs that are over, where the database has them.
async fn keep_proofs(inner: Arc<Inner>) {
    while inner.store.is_shared() {
        inner.clock.sleep(PROOFS).await;
        let forgotten = inner
            .store
            .write_async(Isolation::LocksRows, oauth::forget_proofs)
            .await;
        if forgotten.is_err() {
            tracing::warn!("old proofs stay for now");
        }
    }
}

#[cfg(test)]
mod tests {
    use std::future::pending;

    use http::StatusCode;

    use super::*;

    #[tokio::test]
    async fn an_answer_that_takes_too_long_is_an_outcome() {
        let answer = in_time(Duration::from_millis(5), pending()).await;
        assert_eq!(answer.status(), StatusCode::SERVICE_UNAVAILABLE);
        assert_eq!(answer.headers()[header::CONTENT_TYPE], fhir_api::FHIR_JSON);
    }
}
