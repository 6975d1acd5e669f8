//! Sealing for the new phone alone: HPKE (RFC 9180) in base mode, DHKEM(X25519, HKDF-SHA256),
//! HKDF-SHA256, ChaCha20Poly1305. The whole request goes in as `info`: an answer opens for exactly the
//! request, key, name and expiry, that was shown.

use std::convert::Infallible;
use std::fmt;

use hpke::aead::ChaCha20Poly1305;
use hpke::kdf::HkdfSha256;
use hpke::kem::X25519HkdfSha256;
use hpke::rand_core::{TryCryptoRng, TryRng};
use hpke::{Deserializable, Kem, OpModeR, OpModeS, Serializable};
use sokhoe_domain::ports::{Rng, Zeroizing};

use super::refused;
use crate::error::{AppError, MoveRefusal};

/// Bytes of the sender's public key, which stands before the sealed bytes.
const ENCAPSULATED_KEY: usize = 32;

/// Says what the sealing is for: no other use of the scheme gives the same keys.
const PURPOSE: &str = "vn.sokhoe move to a new phone, version 1\0";

/// The key of one request; it never leaves the memory of the phone that made it.
pub(super) struct Receiver {
    private: <X25519HkdfSha256 as Kem>::PrivateKey,
    public: [u8; 32],
}

impl fmt::Debug for Receiver {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Receiver").finish_non_exhaustive()
    }
}

impl Receiver {
    pub(super) fn new(rng: &dyn Rng) -> Self {
        let mut seed = Zeroizing::new([0; 32]);
        rng.fill(&mut *seed);
        let (private, public) = X25519HkdfSha256::derive_keypair(&*seed);
        Self {
            private,
            public: public.to_bytes().into(),
        }
    }

    pub(super) const fn public_key(&self) -> [u8; 32] {
        self.public
    }

    pub(super) fn open(
        &self,
        request: &str,
        sealed: &[u8],
    ) -> Result<Zeroizing<Vec<u8>>, AppError> {
        let damaged = || refused(MoveRefusal::Damaged);
        let (key, sealed) = sealed
            .split_at_checked(ENCAPSULATED_KEY)
            .ok_or_else(damaged)?;
        let key = Deserializable::from_bytes(key).map_err(|_| damaged())?;
        hpke::single_shot_open::<ChaCha20Poly1305, HkdfSha256, X25519HkdfSha256>(
            &OpModeR::Base,
            &self.private,
            &key,
            info(request).as_bytes(),
            sealed,
            &[],
        )
        .map(Zeroizing::new)
        .map_err(|_| damaged())
    }
}

/// Seals for the key of a request.
pub(super) fn seal(
    sealing_key: &[u8; 32],
    request: &str,
    plain: &[u8],
    rng: &dyn Rng,
) -> Result<Vec<u8>, AppError> {
    let altered = |_| refused(MoveRefusal::Altered);
    let key = Deserializable::from_bytes(sealing_key).map_err(altered)?;
    let (encapsulated, sealed) =
        hpke::single_shot_seal_with_rng::<ChaCha20Poly1305, HkdfSha256, X25519HkdfSha256>(
            &OpModeS::Base,
            &key,
            info(request).as_bytes(),
            plain,
            &[],
            &mut PortRng(rng),
        )
        .map_err(altered)?;
    Ok([encapsulated.to_bytes().as_slice(), &sealed].concat())
}

fn info(request: &str) -> String {
    format!("{PURPOSE}{request}")
}

/// The port's random numbers as the crate wants them.
struct PortRng<'a>(&'a dyn Rng);

impl TryRng for PortRng<'_> {
    type Error = Infallible;

    fn try_next_u32(&mut self) -> Result<u32, Infallible> {
        let mut bytes = [0; 4];
        self.0.fill(&mut bytes);
        Ok(u32::from_le_bytes(bytes))
    }

    fn try_next_u64(&mut self) -> Result<u64, Infallible> {
        let mut bytes = [0; 8];
        self.0.fill(&mut bytes);
        Ok(u64::from_le_bytes(bytes))
    }

    fn try_fill_bytes(&mut self, bytes: &mut [u8]) -> Result<(), Infallible> {
        self.0.fill(bytes);
        Ok(())
    }
}

impl TryCryptoRng for PortRng<'_> {}

#[cfg(test)]
mod tests {
    use super::*;
    use sokhoe_testing::SeededRng;

    fn hex(text: &str) -> Vec<u8> {
        (0..text.len())
            .step_by(2)
            .map(|at| u8::from_str_radix(&text[at..at + 2], 16).unwrap())
            .collect()
    }

    /// RFC 9180, A.2.1: the suite is the one that the RFC means by its numbers.
    #[test]
    fn the_suite_is_that_of_the_rfc() {
        let (private, public) = X25519HkdfSha256::derive_keypair(&hex(
            "1ac01f181fdf9f352797655161c58b75c656a6cc2716dcb66372da835542e1df",
        ));
        assert_eq!(
            public.to_bytes().to_vec(),
            hex("4310ee97d88cc1f088a5576c77ab0cf5c3ac797f3d95139c6c84b5429c59662a")
        );
        let encapsulated = Deserializable::from_bytes(&hex(
            "1afa08d3dec047a643885163f1180476fa7ddb54c6a8029ea33f95796bf2ac4a",
        ))
        .unwrap();
        let plain = hpke::single_shot_open::<ChaCha20Poly1305, HkdfSha256, X25519HkdfSha256>(
            &OpModeR::Base,
            &private,
            &encapsulated,
            &hex("4f6465206f6e2061204772656369616e2055726e"),
            &hex("1c5250d8034ec2b784ba2cfd69dbdb8af406cfe3ff938e131f0def8c8b60b4db21993c62ce81883d2dd1b51a28"),
            &hex("436f756e742d30"),
        )
        .unwrap();
        assert_eq!(plain, b"Beauty is truth, truth beauty");
    }

    #[test]
    fn only_the_key_of_exactly_this_request_opens() {
        let rng = SeededRng::new(1);
        let (receiver, other) = (Receiver::new(&rng), Receiver::new(&rng));
        let sealed = seal(&receiver.public_key(), "request", b"all", &rng).unwrap();
        assert_eq!(*receiver.open("request", &sealed).unwrap(), b"all");
        let damaged = Err(refused(MoveRefusal::Damaged));
        assert_eq!(other.open("request", &sealed), damaged);
        assert_eq!(receiver.open("another", &sealed), damaged);
        for index in 0..sealed.len() {
            let mut changed = sealed.clone();
            changed[index] ^= 1;
            assert_eq!(receiver.open("request", &changed), damaged, "byte {index}");
            assert_eq!(receiver.open("request", &sealed[..index]), damaged);
        }
        let again = seal(&receiver.public_key(), "request", b"all", &rng).unwrap();
        assert_ne!(again, sealed);
    }
}
