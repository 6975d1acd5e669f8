//! VietQR, the payment code of NAPAS: tag 38 with a bank, an account and a service.
//!
//! [`VietQr::read`] answers on three levels: a hard error with its position, semantic problems,
//! and warnings beside a value that can be used. [`VietQr::transfer`] begins a new code.

mod account;
mod additional;
mod amount;
mod builder;
mod error;
mod fee;
mod language;
mod purpose;
mod read;
mod root;
mod service;
mod wallet;
mod warning;

use std::fmt;

use sokhoe_domain::Vnd;

use crate::bank::Bin;
use crate::emv::{Payload, Span};
use crate::text::LastFour;

pub use account::{Account, AccountError};
pub use additional::AdditionalData;
pub use amount::TRANSFER_LIMIT;
pub use builder::{BuildError, VietQrBuilder};
pub use error::{Problem, ReadError};
pub use fee::Fee;
pub use language::AlternateLanguage;
pub use purpose::{LONGEST_PURPOSE, SAFE_PURPOSE, bank_safe_purpose, bank_safe_reference};
pub use service::{Initiation, Service};
pub use wallet::Wallet;
pub use warning::Warning;

pub(crate) use amount::read_amount;
pub(crate) use read::has_napas_template;
pub(crate) use root::Root;

/// A payment code whose payee, currency and amount are understood.
#[derive(Clone, PartialEq, Eq)]
pub struct VietQr {
    payload: Payload,
    bin: Bin,
    account: Account,
    service: Option<Service>,
    initiation: Option<Initiation>,
    amount: Option<Vnd>,
    /// Where the value of tag 62 stands.
    additional: Span,
}

/// A code that was read, and what is odd about it.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct Reading {
    /// The code.
    pub code: VietQr,
    /// Nothing here stops a payment; a screen may mention it.
    pub warnings: Vec<Warning>,
}

impl VietQr {
    /// Reads the text of a code.
    pub fn read(text: &str) -> Result<Reading, ReadError> {
        read::read(text)
    }

    /// Reads what the TLV layer has already taken apart.
    pub fn from_payload(payload: Payload) -> Result<Reading, ReadError> {
        read::of_payload(payload)
    }

    /// Begins a transfer to an account; [`VietQrBuilder::build`] checks everything.
    #[inline]
    pub fn transfer<'a>(bin: &'a str, account: &'a str) -> VietQrBuilder<'a> {
        VietQrBuilder::new(bin, account)
    }

    /// The text to draw; for a code that was read, byte for byte the one that came.
    pub fn as_str(&self) -> &str {
        self.payload.as_str()
    }

    /// The objects of the code, in their order.
    pub fn payload(&self) -> &Payload {
        &self.payload
    }

    /// The bank or wallet of the payee.
    pub fn bin(&self) -> Bin {
        self.bin
    }

    /// The account, card or merchant number of the payee.
    pub fn account(&self) -> &Account {
        &self.account
    }

    /// The service as the code names it; unset means [`Service::Push`].
    pub fn service(&self) -> Option<&Service> {
        self.service.as_ref()
    }

    /// For one payment or many, as the code says.
    pub fn initiation(&self) -> Option<Initiation> {
        self.initiation
    }

    /// Whether the code may be used many times. Some writers leave out or misuse the tag.
    pub fn is_static(&self) -> bool {
        self.initiation != Some(Initiation::Dynamic)
    }

    /// The amount; unset when the payer types it.
    pub fn amount(&self) -> Option<Vnd> {
        self.amount
    }

    /// Bill, reference, purpose and the rest of tag 62.
    pub fn additional(&self) -> AdditionalData<'_> {
        AdditionalData::new(self.payload.objects_in(self.additional))
    }

    /// The purpose, which becomes the text of the transfer.
    pub fn purpose(&self) -> Option<&str> {
        self.additional().purpose()
    }

    /// The payee's name, where the code carries one. Nothing checks it: banks show the true one.
    pub fn merchant_name(&self) -> Option<&str> {
        self.payload.get(59)
    }

    /// The payee's city, where the code carries one.
    pub fn merchant_city(&self) -> Option<&str> {
        self.payload.get(60)
    }

    /// The payee's postal code, where the code carries one.
    pub fn postal_code(&self) -> Option<&str> {
        self.payload.get(61)
    }

    /// The payee's name in another language, where the code carries one.
    pub fn alternate_language(&self) -> Option<AlternateLanguage<'_>> {
        self.payload
            .template(language::TEMPLATE)
            .ok()
            .and_then(AlternateLanguage::read)
    }

    /// The tip or fee on top of the amount; unset when there is none, or when its tags disagree.
    pub fn fee(&self) -> Option<Fee> {
        Fee::of(&self.payload)
    }

    /// The merchant category (ISO 18245): 8062 is a hospital.
    pub fn mcc(&self) -> Option<&str> {
        self.payload.get(52)
    }

    /// The wallet that the payee's number belongs to, if it is one.
    pub fn wallet(&self) -> Option<Wallet> {
        Wallet::of(self.bin, &self.account)
    }
}

impl fmt::Debug for VietQr {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("VietQr")
            .field("bin", &self.bin)
            .field("account", &LastFour(self.account.as_str()))
            .field("service", &self.service)
            .field("initiation", &self.initiation)
            .field("amount", &self.amount)
            .field("additional", &self.additional())
            .finish_non_exhaustive()
    }
}
