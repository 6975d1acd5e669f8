//! Ids that are made here.

use sokhoe_domain::ports::Rng;
use uuid::Uuid;

/// A version 4 UUID.
pub(crate) fn random_id(rng: &dyn Rng) -> String {
    let mut bytes = [0; 16];
    rng.fill(&mut bytes);
    uuid::Builder::from_random_bytes(bytes)
        .into_uuid()
        .hyphenated()
        .encode_lower(&mut Uuid::encode_buffer())
        .to_owned()
}
