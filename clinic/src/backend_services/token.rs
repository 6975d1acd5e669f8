//! Access tokens of systems: opaque, made by MAC, good for minutes. What they open stands in them; whether their system is
//! still registered every query asks.

use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;

use super::scopes::SystemScopes;
use crate::keys::{Keys, same};
use crate::oauth::decode;

/// Seconds for which one is good (SMART App Launch 2.2: not longer than 300).
pub(crate) const LASTS: i64 = 300;
const CODE: usize = 16;
const PURPOSE: &str = "system-token";

/// What a token says.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct SystemToken {
    /// The row of its system.
    pub client: i64,
    /// Seconds since 1970.
    pub expires: i64,
    pub scopes: SystemScopes,
}

impl SystemToken {
    /// The text.
    pub fn text(&self, keys: &Keys) -> String {
        let scopes = self.scopes.to_string();
        let (client, expires) = (self.client.to_be_bytes(), self.expires.to_be_bytes());
        let code = keys.mac(PURPOSE, &[&client, &expires, scopes.as_bytes()]);
        let bytes = [&client[..], &expires, &code[..CODE], scopes.as_bytes()].concat();
        URL_SAFE_NO_PAD.encode(bytes)
    }

    /// Reads one that this clinic made; nothing for any other, and once it is over.
    pub fn read(keys: &Keys, text: &str, now: i64) -> Option<Self> {
        let bytes = decode(text)?;
        let (client, rest) = bytes.split_first_chunk::<8>()?;
        let (expires, rest) = rest.split_first_chunk::<8>()?;
        let (code, scopes) = rest.split_first_chunk::<CODE>()?;
        let expected = keys.mac(PURPOSE, &[client, expires, scopes]);
        let token = Self {
            client: i64::from_be_bytes(*client),
            expires: i64::from_be_bytes(*expires),
            scopes: SystemScopes::read(std::str::from_utf8(scopes).ok()?).ok()?,
        };
        (same(code, &expected[..CODE]) && now < token.expires).then_some(token)
    }
}
