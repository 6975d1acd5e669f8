//! The parts of an answer, as the new phone's camera sees them.

use std::fmt;

use sokhoe_domain::Timestamp;
use sokhoe_domain::ports::Zeroizing;
use sokhoe_qr::{MoveParcel, MoveRequest, PublicKey};

use super::seal::Receiver;
use super::{MOST_PARTS, refused};
use crate::error::{AppError, MoveRefusal};
use crate::views::MoveProgressView;

/// A request that is shown, and what has come for it.
pub(crate) struct PendingMove {
    request: String,
    id: [u8; 16],
    expires: Timestamp,
    receiver: Receiver,
    /// The answer whose parts are gathered, and its parts.
    answer: Option<(PublicKey, Vec<Option<Vec<u8>>>)>,
}

impl fmt::Debug for PendingMove {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("PendingMove").finish_non_exhaustive()
    }
}

impl PendingMove {
    pub(super) fn new(request: String, expires: Timestamp, receiver: Receiver) -> Self {
        Self {
            id: MoveRequest::id_of(&request),
            request,
            expires,
            receiver,
            answer: None,
        }
    }

    pub(super) const fn expires(&self) -> Timestamp {
        self.expires
    }

    /// Keeps a part. The first part of another answer begins anew: the old phone was asked again.
    pub(super) fn take(&mut self, parcel: MoveParcel) -> Result<MoveProgressView, AppError> {
        if parcel.request != self.id {
            return Err(refused(MoveRefusal::OtherRequest));
        }
        let of = usize::from(parcel.of);
        if of > MOST_PARTS {
            return Err(refused(MoveRefusal::Altered));
        }
        let (key, parts) = self
            .answer
            .get_or_insert_with(|| (parcel.public_key, vec![None; of]));
        if *key != parcel.public_key {
            (*key, *parts) = (parcel.public_key, vec![None; of]);
        }
        // One key signs one answer: a part that contradicts the others is no honest phone's.
        let contradicts = || refused(MoveRefusal::Altered);
        if parts.len() != of {
            return Err(contradicts());
        }
        let place = usize::from(parcel.part)
            .checked_sub(1)
            .and_then(|index| parts.get_mut(index))
            .ok_or_else(contradicts)?;
        match place {
            Some(known) if *known != parcel.content => return Err(contradicts()),
            Some(_) => {}
            None => *place = Some(parcel.content),
        }
        let have = parts.iter().flatten().count();
        Ok(MoveProgressView {
            have: u32::try_from(have).unwrap_or(u32::MAX),
            of: u32::from(parcel.of),
            done: have == of,
        })
    }

    /// All parts one after the other, once they are all here.
    pub(super) fn whole(&self) -> Option<Vec<u8>> {
        let (_, parts) = self.answer.as_ref()?;
        let parts: Option<Vec<&[u8]>> = parts.iter().map(Option::as_deref).collect();
        Some(parts?.concat())
    }

    pub(super) fn open(&self, sealed: &[u8]) -> Result<Zeroizing<Vec<u8>>, AppError> {
        self.receiver.open(&self.request, sealed)
    }

    /// What was gathered is worth nothing; the old phone may answer again.
    pub(super) fn forget_parts(&mut self) {
        self.answer = None;
    }
}
