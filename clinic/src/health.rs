//! Whether this process works: `GET /health` answers while it runs, `GET /health/ready` when its database takes what is
//! written, too. For monitors and proxies; they tell nothing else (draft-inadarei-api-health-check).

use std::sync::Arc;
use std::time::Duration;

use axum::Router;
use axum::extract::State;
use axum::response::{IntoResponse as _, Response};
use axum::routing::get;
use http::{StatusCode, header};

use crate::clinic::Inner;
use crate::store::Isolation;

/// What a database that works needs at most.
const SOON: Duration = Duration::from_secs(2);

pub(crate) fn router(inner: Arc<Inner>) -> Router {
    Router::new()
        .route("/health", get(async || answer(true)))
        .route("/health/ready", get(ready))
        .with_state(inner)
}

async fn ready(State(inner): State<Arc<Inner>>) -> Response {
    // A transaction without a change: it needs the writer, and costs the disk nothing.
    let written = inner.store.write_async(Isolation::LocksRows, |_| Ok(()));
    answer(matches!(
        tokio::time::timeout(SOON, written).await,
        Ok(Ok(()))
    ))
}

fn answer(passes: bool) -> Response {
    let (status, body) = match passes {
        true => (StatusCode::OK, r#"{"status":"pass"}"#),
        false => (StatusCode::SERVICE_UNAVAILABLE, r#"{"status":"fail"}"#),
    };
    let headers = [
        (header::CONTENT_TYPE, "application/health+json"),
        (header::CACHE_CONTROL, "no-store"),
    ];
    (status, headers, body).into_response()
}
