//! `POST /bank-messages/{sender}`.

use std::fmt;
use std::sync::Arc;

use axum::body::Bytes;
use axum::extract::{DefaultBodyLimit, Path, State};
use axum::middleware::from_fn_with_state;
use axum::response::{IntoResponse, Response};
use axum::routing::post;
use axum::{Json, Router};
use http::{HeaderMap, StatusCode};
use serde_json::json;
use sokhoe_domain::Timestamp;

use super::{NotBelieved, Said, Sender, casso, payos, sepay};
use crate::access_log::Who;
use crate::billing;
use crate::clinic::Inner;
use crate::fhir_api::{ApiError, Attempts, slow_down};
use crate::store::Isolation;

/// The longest message, in bytes; they have about 1,000.
const LONGEST: usize = 64 * 1024;

/// What the handler works with.
#[derive(Clone)]
pub(crate) struct BankApi {
    pub inner: Arc<Inner>,
    pub attempts: Arc<Attempts>,
}

impl fmt::Debug for BankApi {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("BankApi").finish_non_exhaustive()
    }
}

/// The route. Whoever tries keys is slowed.
pub(crate) fn router(api: BankApi) -> Router {
    let attempts = Arc::clone(&api.attempts);
    Router::new()
        .route("/bank-messages/{sender}", post(receive))
        .route_layer(DefaultBodyLimit::max(LONGEST))
        .route_layer(from_fn_with_state(attempts, slow_down))
        .with_state(api)
}

impl Sender {
    /// What a message says, if it is believed at this time.
    fn read(&self, headers: &HeaderMap, body: &[u8], now: Timestamp) -> Result<Said, NotBelieved> {
        match self {
            Self::Payos(key) => payos::read(key, body),
            Self::Sepay(keys) => sepay::read(keys, headers, body, now),
            Self::Casso(key) => casso::read(key, headers, body, now),
        }
    }
}

async fn receive(
    State(api): State<BankApi>,
    Path(name): Path<String>,
    headers: HeaderMap,
    body: Bytes,
) -> Result<Response, ApiError> {
    let inner = &api.inner;
    let sender = inner.bank_messages.as_ref();
    let sender = sender.and_then(|messages| messages.sender(&name));
    let sender = sender.ok_or(ApiError::NotFound)?;
    let said = match sender.read(&headers, &body, inner.clock.now()) {
        Ok(said) => said,
        Err(why) => {
            // Whoever runs the clinic is to see it: a key that was changed on one side alone, or somebody who tries.
            tracing::error!(sender = %name, %why, "a bank message was not believed");
            return Ok(answer(StatusCode::UNAUTHORIZED, false));
        }
    };
    let transfer = match said {
        Said::Arrived(transfer) => transfer,
        Said::Nothing => return Ok(answer(StatusCode::OK, true)),
        Said::Unreadable => {
            tracing::error!(sender = %name, "a bank message cannot be read");
            return Ok(answer(StatusCode::UNPROCESSABLE_ENTITY, false));
        }
    };
    let office = Arc::clone(inner);
    inner
        .store
        .write_async(Isolation::Serializable, move |tx| {
            tx.by(Who::Server);
            billing::receive(tx, &office, &transfer)
        })
        .await?;
    // Also for what a person must settle: it was received, and would not be otherwise another time.
    Ok(answer(StatusCode::OK, true))
}

/// As SePay asks for it; the others look at the status alone.
fn answer(status: StatusCode, success: bool) -> Response {
    (status, Json(json!({"success": success}))).into_response()
}
