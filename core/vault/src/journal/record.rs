//! What a frame says, as JSON. A kind that is not known here was written by a newer program and stays.

use std::fmt;

use serde::{Deserialize, Serialize};
use sokhoe_domain::{BookingState, ClinicId, IntentId, Occurrence, Timestamp};
use zeroize::Zeroizing;

use crate::bookings::StoredBooking;
use crate::error::VaultError;
use crate::outbox::{IntentKind, NewIntent};

/// A record as it is sealed; wiped from memory when it is dropped.
pub(crate) type RecordText = Zeroizing<String>;

/// One record. The names are stored: never changed once released.
#[derive(Serialize, Deserialize)]
#[serde(tag = "kind", rename_all = "kebab-case")]
pub(crate) enum Record {
    /// What `enqueue` was given.
    Intent(Box<WrittenIntent>),
    /// The transaction of the intent committed.
    Kept { id: IntentId },
    /// The transaction of the intent failed: it was never there.
    Aborted { id: IntentId },
    /// The clinic has answered, or the intent was taken back.
    Done { id: IntentId },
    /// A document that the person put in. These three have names of their own, so that a program of
    /// before keeps them all as they are.
    Document(Box<WrittenDocument>),
    /// The transaction of the document committed.
    DocumentKept { id: IntentId },
    /// The document was removed, a clinic has it, or its transaction failed.
    DocumentDone { id: IntentId },
    /// What the person wrote into what a clinic keeps. With names of their own as those of documents.
    Change(Box<WrittenChange>),
    /// The transaction of the change committed.
    ChangeKept { id: IntentId },
    /// The clinic has the change, it was taken back, or its transaction failed.
    ChangeDone { id: IntentId },
}

impl Record {
    pub(crate) fn parse(text: &RecordText) -> Option<Self> {
        serde_json::from_str(text).ok()
    }

    pub(crate) fn text(&self) -> Result<RecordText, VaultError> {
        serde_json::to_string(self)
            .map(Zeroizing::new)
            .map_err(|_| VaultError::Internal { code: 0 })
    }
}

/// A document of the person's own: what the book says of it, and what opens its sealed file.
#[derive(Clone, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct WrittenDocument {
    pub(crate) id: IntentId,
    /// The DocumentReference, byte for byte as it is stored.
    pub(crate) resource: String,
    /// When it was put in, in milliseconds since 1970.
    pub(crate) received: i64,
    pub(crate) blob: WrittenBlob,
}

impl fmt::Debug for WrittenDocument {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("WrittenDocument")
            .field("id", &self.id)
            .finish_non_exhaustive()
    }
}

/// A change as the person wrote it.
#[derive(Clone, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct WrittenChange {
    pub(crate) id: IntentId,
    pub(crate) clinic: ClinicId,
    pub(crate) resource_kind: String,
    pub(crate) resource: String,
    /// What they saw; `{}` for what they made.
    pub(crate) base: String,
    pub(crate) ours: String,
    /// When, in milliseconds since 1970.
    pub(crate) created: i64,
}

impl fmt::Debug for WrittenChange {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("WrittenChange")
            .field("id", &self.id)
            .field("clinic", &self.clinic)
            .finish_non_exhaustive()
    }
}

/// What finds and opens the bytes of a document.
#[derive(Clone, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct WrittenBlob {
    /// SHA-256 of the plain bytes.
    #[serde(with = "base64_bytes")]
    pub(crate) hash: [u8; 32],
    /// Plain bytes.
    pub(crate) length: u64,
    /// The random part of the file's name.
    #[serde(with = "base64_bytes")]
    pub(crate) file: [u8; 16],
    /// The key that the file alone is sealed with.
    #[serde(with = "base64_bytes")]
    pub(crate) key: Zeroizing<[u8; 32]>,
}

/// Bytes as text, a third of the length of a list of numbers.
mod base64_bytes {
    use base64::Engine as _;
    use base64::engine::general_purpose::STANDARD;
    use serde::de::Error as _;
    use serde::{Deserialize as _, Deserializer, Serializer};
    use zeroize::Zeroizing;

    /// What is stored so.
    pub(super) trait Bytes: Sized {
        fn bytes(&self) -> &[u8];
        fn of(bytes: &[u8]) -> Option<Self>;
    }

    impl<const N: usize> Bytes for [u8; N] {
        fn bytes(&self) -> &[u8] {
            self
        }

        fn of(bytes: &[u8]) -> Option<Self> {
            bytes.try_into().ok()
        }
    }

    impl<const N: usize> Bytes for Zeroizing<[u8; N]> {
        fn bytes(&self) -> &[u8] {
            self.as_slice()
        }

        fn of(bytes: &[u8]) -> Option<Self> {
            bytes.try_into().ok().map(Self::new)
        }
    }

    pub(super) fn serialize<T: Bytes, S: Serializer>(bytes: &T, to: S) -> Result<S::Ok, S::Error> {
        to.serialize_str(&Zeroizing::new(STANDARD.encode(bytes.bytes())))
    }

    pub(super) fn deserialize<'de, T: Bytes, D: Deserializer<'de>>(from: D) -> Result<T, D::Error> {
        let text = Zeroizing::new(String::deserialize(from)?);
        let bytes = STANDARD.decode(text.as_bytes()).map(Zeroizing::new);
        let bytes = bytes.map_err(|_| D::Error::custom("not base64"))?;
        T::of(&bytes).ok_or_else(|| D::Error::custom("of another length"))
    }
}

/// An intent and its booking as they were when the person decided.
#[derive(Clone, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct WrittenIntent {
    pub(crate) id: IntentId,
    pub(crate) clinic: ClinicId,
    pub(crate) asks: String,
    pub(crate) thing: String,
    pub(crate) body: String,
    pub(crate) created: i64,
    pub(crate) booking: WrittenBooking,
}

/// A booking.
#[derive(Clone, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct WrittenBooking {
    pub(crate) id: IntentId,
    pub(crate) clinic: ClinicId,
    pub(crate) start: i64,
    pub(crate) end: i64,
    pub(crate) service: String,
    pub(crate) practitioner: String,
    pub(crate) location: String,
    pub(crate) state: BookingState,
    pub(crate) updated: i64,
    /// Unset in what a program of before wrote.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(crate) asked: Option<i64>,
    /// As `asked`.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(crate) occurrence: Option<Occurrence>,
    /// As `asked`.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(crate) changeable_until: Option<i64>,
}

impl fmt::Debug for WrittenIntent {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("WrittenIntent")
            .field("id", &self.id)
            .field("clinic", &self.clinic)
            .field("asks", &self.asks)
            .finish_non_exhaustive()
    }
}

impl WrittenIntent {
    pub(crate) fn new(intent: &NewIntent, booking: &StoredBooking) -> Self {
        Self {
            id: intent.id,
            clinic: intent.clinic.clone(),
            asks: intent.kind.as_str().to_owned(),
            thing: intent.thing.clone(),
            body: intent.body.clone(),
            created: intent.created.as_millis(),
            booking: WrittenBooking {
                id: booking.id,
                clinic: booking.clinic.clone(),
                start: booking.start.as_millis(),
                end: booking.end.as_millis(),
                service: booking.service.clone(),
                practitioner: booking.practitioner.clone(),
                location: booking.location.clone(),
                state: booking.state.clone(),
                updated: booking.updated.as_millis(),
                asked: booking.asked.map(Timestamp::as_millis),
                occurrence: booking.occurrence,
                changeable_until: booking.changeable_until.map(Timestamp::as_millis),
            },
        }
    }

    /// The intent; nothing when a newer program wrote a kind that is not known here.
    pub(crate) fn intent(&self) -> Option<NewIntent> {
        Some(NewIntent {
            id: self.id,
            clinic: self.clinic.clone(),
            kind: IntentKind::parse(&self.asks)?,
            thing: self.thing.clone(),
            body: self.body.clone(),
            created: Timestamp::from_millis(self.created),
        })
    }

    pub(crate) fn booking(&self) -> StoredBooking {
        let booking = &self.booking;
        StoredBooking {
            id: booking.id,
            clinic: booking.clinic.clone(),
            start: Timestamp::from_millis(booking.start),
            end: Timestamp::from_millis(booking.end),
            service: booking.service.clone(),
            practitioner: booking.practitioner.clone(),
            location: booking.location.clone(),
            state: booking.state.clone(),
            updated: Timestamp::from_millis(booking.updated),
            asked: booking.asked.map(Timestamp::from_millis),
            occurrence: booking.occurrence,
            changeable_until: booking.changeable_until.map(Timestamp::from_millis),
        }
    }
}
