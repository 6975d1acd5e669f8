//! `GET /authorize`: an app sends its person's browser here, and it goes on to the provider.

use axum::Extension;
use axum::extract::State;
use axum::response::{IntoResponse, Response};
use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use http::{HeaderMap, HeaderName, HeaderValue, StatusCode, header};

use super::attempts::Origin;
use super::extract::Pairs;
use super::{Api, ApiError, signed_in};
use crate::cookies;
use crate::sign_in::{
    AuthorizationRequest, Made, ProviderError, RequestRefused, SIGNING_IN, answer_url, begin,
};
use crate::store::Isolation;

/// What a browser shows that is sent nowhere. It says nothing of who asked what.
const PAGE: &str = include_str!("sign_in_page.html");
const POLICY: &str = "default-src 'none'; style-src 'unsafe-inline'; base-uri 'none'; form-action 'none'; frame-ancestors 'none'";

pub(super) async fn authorize(
    State(api): State<Api>,
    origin: Option<Extension<Origin>>,
    Pairs(pairs): Pairs,
) -> Result<Response, ApiError> {
    let provider = api.inner.provider.as_ref().ok_or(ApiError::NotFound)?;
    let request = match AuthorizationRequest::read(&pairs, &provider.sign_in, &api.base) {
        Ok(request) => request,
        // Never to an address that is not configured, whatever else it says.
        Err(RequestRefused::Unknown) => return Ok(page(StatusCode::BAD_REQUEST)),
        Err(RequestRefused::Told {
            redirect_uri,
            state,
            error,
        }) => return Ok(refuse(&api, &redirect_uri, state.as_deref(), error)),
    };
    let told = |error| refuse(&api, &request.redirect_uri, Some(&request.state), error);
    let mut random = [0; 32];
    api.inner.rng.fill(&mut random);
    let state = URL_SAFE_NO_PAD.encode(random);
    let keys = &api.inner.keys;
    let (nonce, verifier) = (
        Made::Nonce.of(keys, &state),
        Made::Verifier.of(keys, &state),
    );
    let back = signed_in::url(&api);
    let url = match provider
        .authorization_url(&back, &state, &nonce, &verifier)
        .await
    {
        Ok(url) => url,
        Err(error) => return Ok(told(error_of(error))),
    };
    if let Some(Extension(origin)) = origin
        && let Err(seconds) = api.attempts.leaves(origin)
    {
        return Ok(too_many(seconds));
    }
    let (kept, asked) = (state.clone(), request.clone());
    let has_room = api
        .inner
        .store
        .write_async(Isolation::LocksRows, move |tx| begin(tx, &kept, &asked))
        .await?;
    if !has_room {
        return Ok(told("temporarily_unavailable"));
    }
    let mut response = redirect(&url);
    let cookie = Made::Cookie.of(keys, &state);
    let seconds = SIGNING_IN / 1_000;
    let (name, secure) = match api.root.starts_with("https://") {
        true => (COOKIE, "; Secure"),
        false => (COOKIE_OF_HTTP, ""),
    };
    // Lax: the provider's site sends the browser back.
    let cookie =
        format!("{name}={cookie}; Path=/; Max-Age={seconds}; HttpOnly; SameSite=Lax{secure}");
    if let Ok(cookie) = HeaderValue::try_from(cookie) {
        response.headers_mut().insert(header::SET_COOKIE, cookie);
    }
    Ok(response)
}

/// A browser takes a cookie of such a name from this very host over TLS alone (RFC 6265bis, 4.1.3.2).
const COOKIE: &str = "__Host-sokhoe-sign-in";
const COOKIE_OF_HTTP: &str = "sokhoe-sign-in";

/// Whether the browser is the one that was sent to the provider with this state.
pub(super) fn is_same_browser(api: &Api, headers: &HeaderMap, state: &str) -> bool {
    let wanted = Made::Cookie.of(&api.inner.keys, state);
    cookies::carries(headers, &[COOKIE, COOKIE_OF_HTTP], &wanted)
}

/// What an app is told of a provider's failure (RFC 6749, 4.1.2.1; OpenID Connect Core Unmet Authentication Requirements 1.0).
pub(super) fn error_of(error: ProviderError) -> &'static str {
    match error {
        ProviderError::Unreachable(why) => {
            tracing::warn!(why, "the OpenID provider cannot be asked");
            "temporarily_unavailable"
        }
        ProviderError::Refused => {
            tracing::warn!("the OpenID provider does not take a code, or this clinic");
            "server_error"
        }
        ProviderError::Untrusted(what) => {
            tracing::warn!(what, "what the OpenID provider says is not believed");
            "server_error"
        }
        ProviderError::Unmet => "unmet_authentication_requirements",
    }
}

/// Sends the browser back to the app with an error. Whose answer it is is said with each (RFC 9207).
pub(super) fn refuse(api: &Api, redirect_uri: &str, state: Option<&str>, error: &str) -> Response {
    let mut parts = vec![("error", error)];
    parts.extend(state.map(|state| ("state", state)));
    parts.push(("iss", &api.root));
    redirect(&answer_url(redirect_uri, &parts))
}

/// Sends a browser on: as a GET, whatever it came with (RFC 9700, 4.12).
pub(super) fn redirect(url: &str) -> Response {
    let Ok(location) = HeaderValue::try_from(url) else {
        return page(StatusCode::BAD_REQUEST);
    };
    let headers = [(header::LOCATION, location), NO_STORE, NO_REFERRER];
    (StatusCode::SEE_OTHER, headers).into_response()
}

/// A page for a browser that nobody can be told about: go back to the app and begin again.
pub(super) fn page(status: StatusCode) -> Response {
    let html = HeaderValue::from_static("text/html; charset=utf-8");
    let headers = [
        (header::CONTENT_TYPE, html),
        (
            header::CONTENT_SECURITY_POLICY,
            HeaderValue::from_static(POLICY),
        ),
        NO_STORE,
        NO_REFERRER,
    ];
    (status, headers, PAGE).into_response()
}

/// Too many of this address are signing in: a page, since it is a browser that is told, for which there are seconds to wait.
fn too_many(seconds: i64) -> Response {
    let mut response = page(StatusCode::TOO_MANY_REQUESTS);
    let wait = HeaderValue::from(seconds);
    response.headers_mut().insert(header::RETRY_AFTER, wait);
    response
}

const NO_STORE: (HeaderName, HeaderValue) =
    (header::CACHE_CONTROL, HeaderValue::from_static("no-store"));
/// An address with a code in it is told to nobody.
const NO_REFERRER: (HeaderName, HeaderValue) = (
    header::REFERRER_POLICY,
    HeaderValue::from_static("no-referrer"),
);
