//! The page and its files, all from the program itself.

use axum::extract::State;
use axum::response::{IntoResponse, Response};
use http::{HeaderMap, HeaderName, HeaderValue, StatusCode, header};
use serde::Deserialize;

use super::Desk;
use axum::extract::Query;

const PAGE: &str = include_str!("page.html");
const LOCKED: &str = include_str!("locked.html");
const CSS: &str = include_str!("desk.css");
const JS: &str = include_str!("desk.js");
const REQUESTS_JS: &str = include_str!("requests.js");

const POLICY: &str = "default-src 'self'; img-src 'self' data:; base-uri 'none'; form-action 'none'; frame-ancestors 'none'";

#[derive(Deserialize)]
pub(super) struct Opening {
    key: Option<String>,
}

/// The page; with the key in the address, the cookie and the page's bare address.
pub(super) async fn page(
    State(desk): State<Desk>,
    Query(opening): Query<Opening>,
    headers: HeaderMap,
) -> Response {
    if opening.key.is_some_and(|key| desk.is_key(&key)) {
        let cookie = desk.set_cookie();
        return (
            StatusCode::SEE_OTHER,
            [(header::LOCATION, "/desk"), (header::SET_COOKIE, &cookie)],
        )
            .into_response();
    }
    if desk.knows(&headers) {
        let name = escape(&desk.inner.name);
        file(
            StatusCode::OK,
            "text/html; charset=utf-8",
            PAGE.replace("{{clinic}}", &name),
        )
    } else {
        file(
            StatusCode::UNAUTHORIZED,
            "text/html; charset=utf-8",
            LOCKED.to_owned(),
        )
    }
}

pub(super) async fn css() -> Response {
    file(StatusCode::OK, "text/css; charset=utf-8", CSS.to_owned())
}

pub(super) async fn js() -> Response {
    script(JS)
}

pub(super) async fn requests_js() -> Response {
    script(REQUESTS_JS)
}

fn script(text: &str) -> Response {
    let kind = "text/javascript; charset=utf-8";
    file(StatusCode::OK, kind, text.to_owned())
}

fn file(status: StatusCode, kind: &'static str, text: String) -> Response {
    const POLICY_HEADER: HeaderName = header::CONTENT_SECURITY_POLICY;
    let headers = [
        (header::CONTENT_TYPE, HeaderValue::from_static(kind)),
        (POLICY_HEADER, HeaderValue::from_static(POLICY)),
        (
            header::REFERRER_POLICY,
            HeaderValue::from_static("no-referrer"),
        ),
        (header::CACHE_CONTROL, HeaderValue::from_static("no-store")),
    ];
    (status, headers, text).into_response()
}

fn escape(text: &str) -> String {
    text.replace('&', "&amp;")
        .replace('<', "&lt;")
        .replace('>', "&gt;")
        .replace('"', "&quot;")
}
