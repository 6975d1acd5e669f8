use std::fmt;

use minicbor::{Decode, Encode};
use ring::signature::Ed25519KeyPair;
use sokhoe_domain::{Timestamp, Vnd};
use thiserror::Error;

use super::fields::is_name;
use super::key::PublicKey;
use super::refusal::{Refusal, SignError};
use super::unproven::{Code, Trust, Unproven};
use super::wire::{Kind, Unverified, sign};
use crate::bank::Bin;
use crate::text::{Hidden, LastFour};
use crate::vietqr::{Account, BuildError, SAFE_PURPOSE, VietQr, bank_safe_reference};

/// A clinic's word on where the money for an invoice goes. The payment code is built from this and
/// from nothing else.
#[derive(Clone, PartialEq, Eq)]
pub struct PaymentOrder {
    details: PaymentOrderDetails,
    code: VietQr,
}

/// What a payment order says. [`PaymentOrder::new`] checks it.
#[derive(Clone, PartialEq, Eq)]
pub struct PaymentOrderDetails {
    /// The id of the FHIR Invoice.
    pub invoice: String,
    /// The id of the clinic.
    pub clinic: String,
    /// The bank of the payee, six digits.
    pub bin: String,
    /// The account of the payee.
    pub account: String,
    /// The name on the account, as the bank app will show it.
    pub payee_name: String,
    /// What to pay.
    pub amount: Vnd,
    /// What the transfer text begins with: `[A-Z0-9]`, at most 19.
    pub reference: String,
    /// When the clinic signed.
    pub issued: Timestamp,
}

/// Why an order cannot be made or trusted.
#[derive(Clone, Debug, PartialEq, Eq, Error)]
#[non_exhaustive]
pub enum PaymentOrderError {
    /// The text is not a payment order of this key.
    #[error(transparent)]
    Refused(#[from] Refusal),
    /// The clinic, invoice or payee is empty, longer than 200 characters or not to be seen.
    #[error("a field of the payment order is empty or cannot be shown")]
    Field,
    /// The reference is not `[A-Z0-9]` of at most 19 characters.
    #[error("the reference is not safe for banks")]
    Reference,
    /// No payment code can be made of it.
    #[error(transparent)]
    Code(#[from] BuildError),
}

#[derive(Encode, Decode)]
#[cbor(array)]
struct Wire<'a> {
    #[n(0)]
    invoice: &'a str,
    #[n(1)]
    clinic: &'a str,
    #[n(2)]
    bin: &'a str,
    #[n(3)]
    account: &'a str,
    #[n(4)]
    payee: &'a str,
    #[n(5)]
    dong: i64,
    #[n(6)]
    reference: &'a str,
    #[n(7)]
    issued_millis: i64,
}

impl PaymentOrder {
    /// Checks that a payment code can be made of the details.
    pub fn new(details: PaymentOrderDetails) -> Result<Self, PaymentOrderError> {
        if [&details.invoice, &details.clinic, &details.payee_name]
            .iter()
            .any(|text| !is_name(text))
        {
            return Err(PaymentOrderError::Field);
        }
        let safe = bank_safe_reference(&details.reference) == details.reference;
        if !safe || !(1..=SAFE_PURPOSE).contains(&details.reference.len()) {
            return Err(PaymentOrderError::Reference);
        }
        let code = VietQr::transfer(details.bin.as_str(), details.account.as_str())
            .amount(details.amount)
            .reference(&details.reference)
            .build()?;
        Ok(Self { details, code })
    }

    /// The text for the invoice.
    pub fn sign(&self, key: &Ed25519KeyPair) -> Result<String, SignError> {
        let details = &self.details;
        let wire = Wire {
            invoice: &details.invoice,
            clinic: &details.clinic,
            bin: &details.bin,
            account: &details.account,
            payee: &details.payee_name,
            dong: details.amount.dong(),
            reference: &details.reference,
            issued_millis: details.issued.as_millis(),
        };
        sign(Kind::PaymentOrder, &wire, key)
    }

    /// Reads a text that the clinic of `key` signed. Whether it is the order of the invoice at
    /// hand is for the caller to compare: [`invoice`](Self::invoice) and [`amount`](Self::amount).
    ///
    /// # Errors
    /// [`PaymentOrderError`]
    pub fn verify(text: &str, key: &PublicKey) -> Result<Self, PaymentOrderError> {
        // An order ends with its invoice, not by itself.
        let any_time = Timestamp::from_millis(0);
        let details = Unproven::<PaymentOrderDetails>::read(text)?;
        Self::new(details.prove(any_time, Trust::Known(&[*key]))?)
    }

    /// The payment code: the account, the amount, and the reference as the transfer text.
    pub fn to_vietqr(&self) -> VietQr {
        self.code.clone()
    }

    /// All it says.
    pub fn details(&self) -> &PaymentOrderDetails {
        &self.details
    }

    /// The id of the FHIR Invoice.
    pub fn invoice(&self) -> &str {
        &self.details.invoice
    }

    /// The id of the clinic.
    pub fn clinic(&self) -> &str {
        &self.details.clinic
    }

    /// The bank of the payee.
    pub fn bin(&self) -> Bin {
        self.code.bin()
    }

    /// The account of the payee.
    pub fn account(&self) -> &Account {
        self.code.account()
    }

    /// The name on the account.
    pub fn payee_name(&self) -> &str {
        &self.details.payee_name
    }

    /// What to pay.
    pub fn amount(&self) -> Vnd {
        self.details.amount
    }

    /// What the transfer text begins with.
    pub fn reference(&self) -> &str {
        &self.details.reference
    }

    /// When the clinic signed.
    pub fn issued(&self) -> Timestamp {
        self.details.issued
    }
}

impl Code for PaymentOrderDetails {
    const KIND: Kind = Kind::PaymentOrder;

    fn decode(unverified: &Unverified) -> Result<Self, Refusal> {
        let wire: Wire<'_> = unverified.says()?;
        Ok(Self {
            invoice: wire.invoice.to_owned(),
            clinic: wire.clinic.to_owned(),
            bin: wire.bin.to_owned(),
            account: wire.account.to_owned(),
            payee_name: wire.payee.to_owned(),
            amount: Vnd::new(wire.dong),
            reference: wire.reference.to_owned(),
            issued: Timestamp::from_millis(wire.issued_millis),
        })
    }

    /// [`PaymentOrder::new`] judges it, once it is proven.
    fn is_sound(&self) -> bool {
        true
    }

    fn carried_key(&self) -> Option<PublicKey> {
        None
    }

    fn expires(&self) -> Option<Timestamp> {
        None
    }
}

impl fmt::Debug for PaymentOrder {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_tuple("PaymentOrder").field(&self.details).finish()
    }
}

impl fmt::Debug for PaymentOrderDetails {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("PaymentOrderDetails")
            .field("invoice", &self.invoice)
            .field("clinic", &self.clinic)
            .field("bin", &self.bin.parse::<Bin>().ok())
            .field("account", &LastFour(&self.account))
            .field("payee_name", &Hidden)
            .field("amount", &self.amount)
            .field("reference", &self.reference)
            .finish_non_exhaustive()
    }
}
