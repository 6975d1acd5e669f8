//! `GET /signed-in`: the provider sends the browser back here, and it goes on to the app with a code of the clinic's own.

use std::sync::Arc;

use axum::Extension;
use axum::extract::State;
use axum::response::Response;
use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use http::{HeaderMap, StatusCode};

use super::attempts::Origin;
use super::authorize::{error_of, is_same_browser, page, redirect, refuse};
use super::extract::Pairs;
use super::{Api, ApiError};
use crate::sign_in::{
    Found, Made, Provider, ProviderError, Returned, Vouched, Waiting, answer_url, find, give_code,
    refused, take,
};
use crate::store::Isolation;

/// Where the provider sends people back to: registered there, below the clinic's address.
pub(super) const PATH: &str = "/signed-in";
/// A provider's codes and states are shorter.
const LONGEST: usize = 2_048;

/// The same as an address.
pub(super) fn url(api: &Api) -> String {
    format!("{}{PATH}", api.root)
}

pub(super) async fn signed_in(
    State(api): State<Api>,
    origin: Option<Extension<Origin>>,
    headers: HeaderMap,
    Pairs(pairs): Pairs,
) -> Result<Response, ApiError> {
    let provider = api.inner.provider.as_ref().ok_or(ApiError::NotFound)?;
    let is_there_once = |name: &&str| pairs.iter().filter(|(it, _)| it == *name).count() <= 1;
    let is_sound = ["state", "code", "error", "iss"].iter().all(is_there_once);
    let Some(state) = one(&pairs, "state").filter(|_| is_sound) else {
        return Ok(page(StatusCode::BAD_REQUEST));
    };
    // Looked at before anything is taken: who only learned a state ends nobody's sign-in.
    if !is_same_browser(&api, &headers, state) {
        return Ok(page(StatusCode::BAD_REQUEST));
    }
    let taken = state.to_owned();
    let waiting = api
        .inner
        .store
        .write_async(Isolation::Serializable, move |tx| take(tx, &taken))
        .await?;
    let Some(waiting) = waiting else {
        return Ok(page(StatusCode::BAD_REQUEST));
    };
    if let Some(Extension(origin)) = origin {
        api.attempts.comes_back(origin);
    }
    let told = |error| refuse(&api, &waiting.redirect_uri, Some(&waiting.app_state), error);
    let vouched = match vouched(&api, provider, &pairs, state).await {
        Ok(Some(vouched)) => vouched,
        // The person, or the provider, said no.
        Ok(None) => return Ok(told("access_denied")),
        Err(error) => return Ok(told(error_of(error))),
    };
    match code_for(&api, provider, vouched, &waiting).await? {
        Some(code) => {
            let parts = [
                ("code", &*code),
                ("state", &waiting.app_state),
                ("iss", &api.root),
            ];
            Ok(redirect(&answer_url(&waiting.redirect_uri, &parts)))
        }
        // The same for whoever is not known here, and for whoever is and has to come.
        None => Ok(told(COME_TO_THE_COUNTER)),
    }
}

/// Whoever signed in is not let in by this door: somebody at the counter has to look. An error of this clinic's own (RFC 6749,
/// 8.5), so that an app can say so.
const COME_TO_THE_COUNTER: &str = "counter_required";

/// Whom the provider vouches for; nobody when it or the person said no.
async fn vouched(
    api: &Api,
    provider: &Provider,
    pairs: &[(String, String)],
    state: &str,
) -> Result<Option<Vouched>, ProviderError> {
    if !provider.is_from(one(pairs, "iss")).await? {
        return Err(ProviderError::Untrusted("iss of the answer"));
    }
    match one(pairs, "error") {
        None => {}
        Some("temporarily_unavailable") => {
            return Err(ProviderError::Unreachable("temporarily_unavailable"));
        }
        Some("unmet_authentication_requirements") => return Err(ProviderError::Unmet),
        Some("access_denied" | "consent_required" | "interaction_required" | "login_required") => {
            return Ok(None);
        }
        Some(_) => return Err(ProviderError::Refused),
    }
    let code = one(pairs, "code").ok_or(ProviderError::Refused)?;
    let keys = &api.inner.keys;
    let vouched = provider
        .vouch(&Returned {
            code,
            redirect_uri: &url(api),
            verifier: &Made::Verifier.of(keys, state),
            nonce: &Made::Nonce.of(keys, state),
        })
        .await?;
    Ok(Some(vouched))
}

/// A code that lets the app in for the patient who is vouched for; nothing when somebody has to look first.
async fn code_for(
    api: &Api,
    provider: &Provider,
    vouched: Vouched,
    waiting: &Waiting,
) -> Result<Option<String>, ApiError> {
    let mut random = [0; 32];
    api.inner.rng.fill(&mut random);
    let code = URL_SAFE_NO_PAD.encode(random);
    let system = provider.sign_in.provider.identifier_system.clone();
    let (given, waiting) = (code.clone(), waiting.clone());
    let store = Arc::clone(&api.inner.store);
    let is_let_in = store
        .write_async(Isolation::Serializable, move |tx| {
            match find(tx.sql(), &system, &vouched, tx.now())? {
                Found::Patient(patient) => {
                    give_code(tx, &waiting, &patient, &given)?;
                    Ok(true)
                }
                Found::Nobody(patients) => {
                    refused(tx, &patients);
                    Ok(false)
                }
            }
        })
        .await?;
    Ok(is_let_in.then_some(code))
}

/// The value of a parameter.
fn one<'a>(pairs: &'a [(String, String)], name: &str) -> Option<&'a str> {
    let (_, value) = pairs.iter().find(|(it, _)| it == name)?;
    (value.len() <= LONGEST).then_some(value)
}
