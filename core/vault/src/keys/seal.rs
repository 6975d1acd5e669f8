//! AES-256-GCM and HKDF, leaving nothing of a key on the stack.

use ring::aead::{AES_256_GCM, Aad, LessSafeKey, NONCE_LEN, Nonce, UnboundKey};
use ring::hkdf::{HKDF_SHA256, KeyType, Salt};
use sokhoe_domain::ports::Rng;
use zeroize::{Zeroize as _, Zeroizing};

use crate::error::VaultError;

pub(super) const KEY_LEN: usize = 32;

/// Deeper than what `ring` uses below a call.
const STACK: usize = 16 * 1024;

/// Seals under a key that seals few things: nonces are random.
pub(super) fn seal(
    rng: &dyn Rng,
    key: &[u8],
    bound_to: &[u8],
    secret: &[u8],
) -> Result<Vec<u8>, VaultError> {
    let mut nonce = [0; NONCE_LEN];
    rng.fill(&mut nonce);
    // Sealed in place: once the tag is there, nothing of the secret is left in it.
    let mut sealed = Vec::with_capacity(NONCE_LEN + secret.len() + AES_256_GCM.tag_len());
    sealed.extend_from_slice(&nonce);
    sealed.extend_from_slice(secret);
    with_clean_stack(|| {
        let body = sealed.get_mut(NONCE_LEN..).unwrap_or_default();
        cipher(key)?
            .seal_in_place_separate_tag(
                Nonce::assume_unique_for_key(nonce),
                Aad::from(bound_to),
                body,
            )
            .ok()
    })
    .map(|tag| {
        sealed.extend_from_slice(tag.as_ref());
        sealed
    })
    .ok_or(VaultError::Internal { code: 0 })
}

/// Opens what [`seal`] gave; nothing when key, bytes or what they are bound to differ.
pub(super) fn open(key: &[u8], bound_to: &[u8], sealed: &[u8]) -> Option<Zeroizing<Vec<u8>>> {
    let (nonce, body) = sealed.split_first_chunk::<NONCE_LEN>()?;
    let mut body = Zeroizing::new(body.to_vec());
    let length = with_clean_stack(|| {
        let nonce = Nonce::assume_unique_for_key(*nonce);
        let opened = cipher(key)?.open_in_place(nonce, Aad::from(bound_to), &mut body);
        Some(opened.ok()?.len())
    })?;
    body.truncate(length);
    Some(body)
}

/// A key out of a secret that has the strength of one.
pub(super) fn derive(secret: &[u8], purpose: &[u8]) -> Result<Zeroizing<Vec<u8>>, VaultError> {
    struct Length;
    impl KeyType for Length {
        fn len(&self) -> usize {
            KEY_LEN
        }
    }
    let mut key = Zeroizing::new(vec![0; KEY_LEN]);
    with_clean_stack(|| {
        Salt::new(HKDF_SHA256, b"sokhoe")
            .extract(secret)
            .expand(&[purpose], Length)
            .and_then(|okm| okm.fill(&mut key))
    })
    .map_err(|_| VaultError::Internal { code: 0 })?;
    Ok(key)
}

fn cipher(key: &[u8]) -> Option<LessSafeKey> {
    UnboundKey::new(&AES_256_GCM, key)
        .ok()
        .map(LessSafeKey::new)
}

/// Runs `work`, then wipes the stack below it: `ring` leaves the schedules of its keys there.
#[inline(never)]
fn with_clean_stack<T>(work: impl FnOnce() -> T) -> T {
    #[inline(never)]
    fn apart<T>(work: impl FnOnce() -> T) -> T {
        work()
    }
    #[inline(never)]
    fn wipe() {
        let mut stack = [0_u8; STACK];
        stack.zeroize();
        std::hint::black_box(&stack);
    }
    let value = apart(work);
    wipe();
    value
}
