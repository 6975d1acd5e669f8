//! Who is at the desk: whoever opened the address with the key of this run. The key becomes a cookie that
//! scripts cannot read and other sites cannot send.

use axum::extract::FromRequestParts;
use axum::response::{IntoResponse, Response};
use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use http::request::Parts;
use http::{HeaderMap, Method, StatusCode};

use super::Desk;
use crate::clinic::Inner;
use crate::cookies;
use crate::keys::same;

const COOKIE: &str = "sokhoe-desk";
/// A page of another site cannot set it without asking first, and is never allowed to.
const CSRF_HEADER: &str = "sokhoe-desk";

/// Proof that the request comes from the desk.
#[derive(Debug)]
pub(super) struct AtDesk;

pub(super) fn new_key(inner: &Inner) -> String {
    let mut key = [0; 18];
    inner.rng.fill(&mut key);
    URL_SAFE_NO_PAD.encode(key)
}

impl Desk {
    /// Whether a key given in an address is the desk's.
    pub(super) fn is_key(&self, key: &str) -> bool {
        same(key.as_bytes(), self.key.as_bytes())
    }

    /// The cookie's value: made from the key, so that the key itself is not kept in a browser.
    fn cookie_value(&self) -> String {
        URL_SAFE_NO_PAD.encode(self.inner.keys.mac("desk", &[self.key.as_bytes()]))
    }

    /// The header that sets the cookie.
    pub(super) fn set_cookie(&self) -> String {
        // Over plain http a browser would not send a secure cookie back.
        let secure = match self.base_url.starts_with("https://") {
            true => "; Secure",
            false => "",
        };
        format!(
            "{COOKIE}={}; Path=/desk; HttpOnly; SameSite=Strict{secure}",
            self.cookie_value()
        )
    }

    /// Whether the request carries the cookie.
    pub(super) fn knows(&self, headers: &HeaderMap) -> bool {
        cookies::carries(headers, &[COOKIE], &self.cookie_value())
    }
}

impl FromRequestParts<Desk> for AtDesk {
    type Rejection = Response;

    async fn from_request_parts(parts: &mut Parts, desk: &Desk) -> Result<Self, Response> {
        if !desk.knows(&parts.headers) {
            return Err(StatusCode::UNAUTHORIZED.into_response());
        }
        if parts.method != Method::GET && !parts.headers.contains_key(CSRF_HEADER) {
            return Err(StatusCode::FORBIDDEN.into_response());
        }
        Ok(Self)
    }
}
