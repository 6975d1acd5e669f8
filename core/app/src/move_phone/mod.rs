//! From an old phone to a new one, side by side, by QR alone: no network, no files.
//!
//! The new phone shows a request, the old one answers with parcels that only the new one can open: who
//! is who, with which clinics, what lets the new phone in there in the old one's place (docs/adr/0010: keys stay where they
//! are), and what was decided and not yet answered. The books themselves come from
//! the clinics again, into vaults with keys of the new phone's own: no key of a vault ever leaves a phone.
//! Documents of the person's own stay behind: a photo would fill a thousand codes. The export has them.

mod gather;
mod luggage;
mod seal;
#[cfg(test)]
mod tests;

use std::collections::HashSet;
use std::time::Duration;

use ring::signature::Ed25519KeyPair;
use sokhoe_domain::Timestamp;
use sokhoe_domain::ports::{Rng, Zeroizing};
use sokhoe_qr::signed::Refusal;
use sokhoe_qr::{MoveParcel, MoveRequest, PublicKey};
use sokhoe_vault::{Vault, VaultError};

use crate::error::{AppError, MoveRefusal};
use crate::session::SoKhoe;
use crate::views::{MoveProgressView, MoveRequestView};

pub(crate) use gather::PendingMove;
use luggage::Luggage;

/// How long a request is good for: two phones lie side by side.
const REQUEST_LIFE: Duration = Duration::from_secs(15 * 60);

/// Parts of one answer at most: nobody scans more codes. Hundreds of persons fit.
const MOST_PARTS: usize = 40;

impl SoKhoe {
    /// On the new phone: a request to be shown to the old one as a QR code. A new request takes the
    /// place of the last one; it is forgotten when the app ends.
    ///
    /// # Errors
    /// [`AppError::Move`] with [`MoveRefusal::NotEmpty`] when this phone has an account already.
    pub fn begin_move(&self) -> Result<MoveRequestView, AppError> {
        let session = &*self.inner;
        if !session.account()?.is_empty()? {
            return Err(refused(MoveRefusal::NotEmpty));
        }
        let rng = &*session.ports.rng;
        let seal = seal::Receiver::new(rng);
        let signer = signer(rng)?;
        // Codes hold whole seconds.
        let expires = session
            .now()
            .plus(REQUEST_LIFE)
            .as_millis()
            .div_euclid(1_000)
            * 1_000;
        let expires = Timestamp::from_millis(expires);
        let request = MoveRequest {
            device_name: device_name(&session.config.device_name),
            sealing_key: seal.public_key(),
            public_key: PublicKey::of(&signer).map_err(|_| AppError::internal("move-key"))?,
            expires,
        };
        let text = request
            .sign(&signer)
            .map_err(|_| AppError::internal("move-request"))?;
        *session.moving() = Some(PendingMove::new(text.clone(), expires, seal));
        Ok(MoveRequestView {
            qr_text: text,
            expires,
        })
    }

    /// On the old phone, once the person has said yes: the answer to a request, as texts to be shown as
    /// QR codes one after the other, in any order, as often as needed. Changes nothing on this phone.
    ///
    /// # Errors
    /// [`AppError::Move`] for a request that cannot be used, with [`MoveRefusal::Nothing`] when there is no
    /// account here, with [`MoveRefusal::TooLarge`] when it fits no reasonable number of codes. [`AppError::KeyStore`], which is
    /// asked anew, where the person does not show that they are there.
    pub fn answer_move(&self, request_text: &str) -> Result<Vec<String>, AppError> {
        let session = &*self.inner;
        let request = MoveRequest::read(request_text, session.now()).map_err(unreadable)?;
        if session.account()?.is_empty()? {
            return Err(refused(MoveRefusal::Nothing));
        }
        session.asks_person()?;
        let luggage = Luggage::pack(session)?.to_bytes()?;
        let rng = &*session.ports.rng;
        let sealed = seal::seal(&request.sealing_key, request_text.trim(), &luggage, rng)?;
        let signer = signer(rng)?;
        let public_key = PublicKey::of(&signer).map_err(|_| AppError::internal("move-key"))?;
        let parts: Vec<&[u8]> = sealed.chunks(MoveParcel::LONGEST_CONTENT).collect();
        let of = u8::try_from(parts.len())
            .ok()
            .filter(|_| parts.len() <= MOST_PARTS)
            .ok_or_else(|| refused(MoveRefusal::TooLarge))?;
        let id = MoveRequest::id_of(request_text);
        (1..=of)
            .zip(parts)
            .map(|(part, content)| {
                let parcel = MoveParcel {
                    request: id,
                    part,
                    of,
                    content: content.to_owned(),
                    public_key,
                };
                parcel
                    .sign(&signer)
                    .map_err(|_| AppError::internal("move-parcel"))
            })
            .collect()
    }

    /// On the new phone: takes in a scanned parcel, in any order; one that is here already changes
    /// nothing. With the last one the account is this phone's, and what waited to be sent waits here.
    ///
    /// # Errors
    /// [`AppError::Move`] for a parcel that cannot be used, with [`MoveRefusal::NoRequest`] when this phone
    /// shows no request, with [`MoveRefusal::Damaged`] when all are here and cannot be opened: show a new
    /// request then. Nothing is changed. [`AppError::KeyStore`], [`AppError::DiskFull`]: scan the last one
    /// again.
    pub fn take_parcel(&self, parcel_text: &str) -> Result<MoveProgressView, AppError> {
        let session = &*self.inner;
        let parcel = MoveParcel::read(parcel_text).map_err(unreadable)?;
        let mut moving = session.moving();
        let pending = moving
            .as_mut()
            .ok_or_else(|| refused(MoveRefusal::NoRequest))?;
        if session.now() >= pending.expires() {
            return Err(refused(MoveRefusal::Expired));
        }
        let progress = pending.take(parcel)?;
        let Some(sealed) = pending.whole() else {
            return Ok(progress);
        };
        let luggage = match pending.open(&sealed) {
            Ok(bytes) => Luggage::from_bytes(&bytes)?,
            Err(error) => {
                pending.forget_parts();
                return Err(error);
            }
        };
        if !session.account()?.is_empty()? {
            return Err(refused(MoveRefusal::NotEmpty));
        }
        // What was decided first: once the account is here, a synchronisation may begin.
        let ports = &session.vault_ports;
        for person in luggage.persons() {
            let vault = match Vault::open_under(ports, &person.vault_name, &session.switch) {
                Err(VaultError::NotFound) => {
                    Vault::create_under(ports, &person.vault_name, &session.switch)?
                }
                other => other?,
            };
            luggage.unpack_into(&vault, &person.id, session.now())?;
        }
        session
            .account()?
            .become_account(&luggage.account(session)?)?;
        *moving = None;
        Ok(progress)
    }

    /// On the old phone: the person says that the new one has everything (or that it has not). Such a
    /// phone books, cancels, enrols and synchronises no more; its books stay readable until the person
    /// erases them, which they should.
    ///
    /// # Errors
    /// [`AppError::KeyStore`], [`AppError::DiskFull`]
    pub fn set_moved(&self, moved: bool) -> Result<(), AppError> {
        let session = &*self.inner;
        let at = moved.then(|| session.now());
        Ok(session.account()?.set_moved(at)?)
    }

    /// When the person said that the account lives on another phone now.
    ///
    /// # Errors
    /// What opening the account may give.
    pub fn moved(&self) -> Result<Option<Timestamp>, AppError> {
        Ok(self.inner.account()?.moved()?)
    }

    /// What to tell a person on the old phone, while parcels are shown and after: that documents of the
    /// person's own stay behind, megabytes that no codes hold, and that the old phone should be erased.
    #[must_use]
    pub fn words_after_move(&self) -> String {
        let words = &self.inner.words;
        let stays = words.say("move-own-documents-stay");
        format!("{stays}\n{}", words.say("move-erase-old-phone"))
    }

    /// Refuses what only the phone may do that has the account.
    pub(crate) fn not_moved(&self) -> Result<(), AppError> {
        match self.inner.account()?.moved()? {
            Some(_) => Err(refused(MoveRefusal::Moved)),
            None => Ok(()),
        }
    }
}

fn refused(reason: MoveRefusal) -> AppError {
    AppError::Move { reason }
}

fn unreadable(refusal: Refusal) -> AppError {
    refused(match refusal {
        Refusal::NotOurs => MoveRefusal::NotOurs,
        Refusal::Expired => MoveRefusal::Expired,
        Refusal::NewerVersion => MoveRefusal::NewerVersion,
        _ => MoveRefusal::Altered,
    })
}

/// A key for one request or one answer, never kept.
/// A pair that is made for one code.
pub(crate) fn signer(rng: &dyn Rng) -> Result<Ed25519KeyPair, AppError> {
    let mut seed = Zeroizing::new([0; 32]);
    rng.fill(&mut *seed);
    Ed25519KeyPair::from_seed_unchecked(&*seed).map_err(|_| AppError::internal("move-key"))
}

/// A name that a code may carry.
fn device_name(configured: &str) -> String {
    let name: String = configured
        .chars()
        .filter(|c| sokhoe_domain::text::is_visible(*c))
        .take(60)
        .collect();
    if name.contains(char::is_alphanumeric) {
        name
    } else {
        "Sổ Khỏe".to_owned()
    }
}

/// Ids that appear twice would be dropped silently by a table; refuse them before anything is kept.
fn all_differ<'a>(ids: impl Iterator<Item = &'a str>) -> bool {
    let mut seen = HashSet::new();
    ids.into_iter().all(|id| seen.insert(id))
}
