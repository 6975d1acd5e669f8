//! OAuth 2.0: how phones prove themselves (DPoP, RFC 9449), and the tokens they are given (docs/adr/0010).
//!
//! A session is a key of a phone and a family of tokens that are bound to it. Tokens are made by MAC from the family and
//! its generation, and are kept nowhere: what is in the database opens nothing.

mod handover;
mod jwk;
mod jws;
mod nonce;
mod proof;
mod refresh;
mod seen_proofs;
mod session;
mod tokens;

use sokhoe_domain::ports::Clock;

pub(crate) use handover::take_over;
pub(crate) use jwk::Jwk;
pub(crate) use jws::{Thumbprint, decode, thumbprint_of_point};
pub(crate) use nonce::Nonces;
pub(crate) use proof::{DPOP_NONCE, Demand, Proof, ProofError};
pub(crate) use refresh::{Refreshed, end as end_session, refresh};
pub(crate) use seen_proofs::{Seen, SeenProofs};
pub(crate) use session::{Known, authenticate, first_use, forget_proofs, sessions_of_key};
pub(crate) use tokens::{Family, Given, Kind, Token};

/// What every check of a proof needs besides the request.
pub(crate) struct Proving {
    /// Nonces for phones whose clocks are wrong.
    pub nonces: Nonces,
    /// Proofs that this process saw.
    pub seen: SeenProofs,
    /// Since when nothing is forgotten of proofs: of earlier ones this process cannot say whether they came before.
    pub since_second: i64,
}

impl std::fmt::Debug for Proving {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Proving").finish_non_exhaustive()
    }
}

/// Whole seconds since 1970.
pub(crate) fn seconds(clock: &dyn Clock) -> i64 {
    clock.now().as_millis().div_euclid(1_000)
}
