//! Tokens: opaque to whoever has them, made by MAC, kept nowhere.

use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;

use super::jws::decode;
use crate::keys::{Keys, same};

/// What tokens of one session have in common: random, and no secret.
pub(crate) type Family = [u8; 12];

/// Bytes of the code over family and generation.
const CODE: usize = 16;
const LEN: usize = 12 + 4 + CODE;
/// Seconds for which an access token is good, if its session is not ended before (docs/adr/0010: why not minutes).
pub(super) const ACCESS_LASTS: i64 = 86_400;

/// What a token is for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Kind {
    Access,
    Refresh,
}

impl Kind {
    fn purpose(self) -> &'static str {
        match self {
            Self::Access => "access-token",
            Self::Refresh => "refresh-token",
        }
    }
}

/// A token that this clinic made; whether it is still good its session says.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Token {
    pub family: Family,
    /// How often the family was renewed before it.
    pub generation: u32,
}

impl Token {
    /// The text.
    pub fn text(&self, keys: &Keys, kind: Kind) -> String {
        let generation = self.generation.to_be_bytes();
        let code = keys.mac(kind.purpose(), &[&self.family, &generation]);
        URL_SAFE_NO_PAD.encode([&self.family[..], &generation, &code[..CODE]].concat())
    }

    /// Reads one; nothing when this clinic did not make it for this.
    pub fn read(keys: &Keys, kind: Kind, text: &str) -> Option<Self> {
        let bytes: [u8; LEN] = decode(text)?.try_into().ok()?;
        let (family, rest) = bytes.split_first_chunk::<12>()?;
        let (generation, code) = rest.split_first_chunk::<4>()?;
        let expected = keys.mac(kind.purpose(), &[family, generation]);
        same(code, &expected[..CODE]).then(|| Self {
            family: *family,
            generation: u32::from_be_bytes(*generation),
        })
    }
}

/// Tokens as they are given.
pub(crate) struct Given {
    pub access: String,
    pub refresh: String,
    /// Seconds for which the access token is still good.
    pub expires_in: i64,
}

impl std::fmt::Debug for Given {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Given")
            .field("expires_in", &self.expires_in)
            .finish_non_exhaustive()
    }
}

impl Given {
    /// Those of a generation, given at `issued` and asked for at `now`, in milliseconds since 1970.
    pub fn of(keys: &Keys, token: &Token, issued: i64, now: i64) -> Self {
        let age = now.saturating_sub(issued).max(0) / 1_000;
        Self {
            access: token.text(keys, Kind::Access),
            refresh: token.text(keys, Kind::Refresh),
            expires_in: ACCESS_LASTS.saturating_sub(age).max(0),
        }
    }
}
