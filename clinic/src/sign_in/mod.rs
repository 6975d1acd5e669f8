//! The second door: people come in by an OpenID provider (VNeID's place) instead of by a code at the counter.
//!
//! The clinic stands in the middle. To the phone it is an OAuth authorization server (SMART App Launch 2, standalone; RFC 6749
//! with PKCE S256 alone, RFC 9449 with `dpop_jkt`, RFC 9207), to the provider a relying party (OpenID Connect Core, the code
//! flow with PKCE S256). What waits between the steps is a row that is short-lived; what must come back unguessed is made from
//! the provider's `state`, of which the database has the hash alone: it opens nothing. Who comes in so has the very session
//! that a code at the counter gives (docs/adr/0012).

mod authorize;
mod client_key;
mod config;
mod exchange;
mod id_token;
mod person;
mod provider;
mod provider_keys;
mod redeem;
mod waiting;

pub(crate) use authorize::{AuthorizationRequest, CHALLENGES, RequestRefused, SCOPES, answer_url};
pub use config::{BadSignIn, OpenIdProvider, PhoneApp, SignIn};
pub(crate) use id_token::Vouched;
pub(crate) use person::{Found, find, refused};
pub(crate) use provider::{Provider, ProviderError, Returned};
pub(crate) use redeem::{Brought, Redeemed, redeem};
pub(crate) use waiting::{SIGNING_IN, Waiting, begin, cancel, forget, give_code, take};

use crate::keys::Keys;

/// What is made from the `state` that the provider gives back.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Made {
    /// The nonce that stands in the ID token.
    Nonce,
    /// The verifier of the clinic's own PKCE (RFC 7636).
    Verifier,
    /// The cookie by which the browser that comes back is known to be the one that left.
    Cookie,
}

impl Made {
    fn purpose(self) -> &'static str {
        match self {
            Self::Nonce => "sign-in-nonce",
            Self::Verifier => "sign-in-verifier",
            Self::Cookie => "sign-in-cookie",
        }
    }

    /// Its text.
    pub(crate) fn of(self, keys: &Keys, state: &str) -> String {
        use base64::Engine as _;
        use base64::engine::general_purpose::URL_SAFE_NO_PAD;
        URL_SAFE_NO_PAD.encode(keys.mac(self.purpose(), &[state.as_bytes()]))
    }
}
