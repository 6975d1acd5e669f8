use std::fmt;

use sokhoe_domain::Vnd;
use thiserror::Error;

use super::account::AccountError;
use super::additional;
use super::amount::write_amount;
use super::error::ReadError;
use super::purpose::{LONGEST_PURPOSE, SAFE_PURPOSE, bank_safe_purpose, bank_safe_reference};
use super::read::{NAPAS, NAPAS_GUID, VND};
use super::service::{Initiation, Service};
use super::{Account, VietQr};
use crate::bank::{Bin, BinError};
use crate::emv::{Object, ObjectError, Payload};
use crate::text::{LastFour, cut, fold_ascii};

/// Collects what a code shall say; [`build`](Self::build) checks it and makes the code.
#[derive(Clone)]
#[must_use]
pub struct VietQrBuilder {
    bin: String,
    account: String,
    service: Service,
    initiation: Option<Initiation>,
    amount: Option<Vnd>,
    reference: String,
    purpose: String,
    purpose_limit: usize,
    verbatim_purpose: Option<String>,
    labels: Vec<(u8, String)>,
    mcc: Option<String>,
    merchant_name: Option<String>,
    merchant_city: Option<String>,
}

/// Why a code cannot be made.
#[derive(Clone, Debug, PartialEq, Eq, Error)]
#[non_exhaustive]
pub enum BuildError {
    /// The bank is not six digits.
    #[error(transparent)]
    Bin(#[from] BinError),
    /// The account is malformed.
    #[error(transparent)]
    Account(#[from] AccountError),
    /// The amount is not between 1 and 13 digits.
    #[error("the amount cannot be written")]
    Amount,
    /// The reference is empty once made safe, does not fit, or is not in the verbatim purpose.
    #[error("the reference does not fit into the purpose")]
    Reference,
    /// The limit of the purpose is above what NAPAS allows.
    #[error("a purpose has at most 25 characters")]
    PurposeLimit,
    /// A field has characters outside printable ASCII, is empty or is too long.
    #[error("field {0} is empty, too long or not printable ASCII")]
    Field(&'static str),
    /// The fields together are longer than their template.
    #[error("the additional data are longer than 99 characters")]
    TooMuch,
    /// What was made would be refused by the reader.
    #[error("the code would be refused: {0}")]
    Refused(#[from] ReadError),
    /// A field that this service needs is missing.
    #[error("this service needs {0}")]
    Missing(&'static str),
}

impl VietQrBuilder {
    pub(super) fn new(bin: String, account: String) -> Self {
        Self {
            bin,
            account,
            service: Service::ToAccount,
            initiation: None,
            amount: None,
            reference: String::new(),
            purpose: String::new(),
            purpose_limit: SAFE_PURPOSE,
            verbatim_purpose: None,
            labels: Vec::new(),
            mcc: None,
            merchant_name: None,
            merchant_city: None,
        }
    }

    /// Another service than a transfer to an account.
    pub fn service(mut self, service: Service) -> Self {
        self.service = service;
        self
    }

    /// The amount. A code with an amount is for one payment, unless [`initiation`](Self::initiation) says more.
    pub fn amount(mut self, amount: Vnd) -> Self {
        self.amount = Some(amount);
        self
    }

    /// One payment or many, where the amount does not say it.
    pub fn initiation(mut self, initiation: Initiation) -> Self {
        self.initiation = Some(initiation);
        self
    }

    /// The reference by which the payment is found again; it comes first in the purpose.
    pub fn reference(mut self, reference: &str) -> Self {
        reference.clone_into(&mut self.reference);
        self
    }

    /// Words after the reference, made safe for banks and cut to what fits.
    pub fn purpose(mut self, purpose: &str) -> Self {
        purpose.clone_into(&mut self.purpose);
        self
    }

    /// Another limit than [`SAFE_PURPOSE`], up to [`LONGEST_PURPOSE`].
    pub fn purpose_limit(mut self, limit: usize) -> Self {
        self.purpose_limit = limit;
        self
    }

    /// The purpose as it is, in place of reference and words: printable ASCII, at most 25. A
    /// reference that is set must be in it.
    pub fn verbatim_purpose(mut self, purpose: &str) -> Self {
        self.verbatim_purpose = Some(purpose.to_owned());
        self
    }

    /// The number of the bill (62.01).
    pub fn bill(self, bill: &str) -> Self {
        self.label(additional::BILL, bill)
    }

    /// The store (62.03).
    pub fn store(self, store: &str) -> Self {
        self.label(additional::STORE, store)
    }

    /// The reference label (62.05), which few banks show.
    pub fn reference_label(self, label: &str) -> Self {
        self.label(additional::REFERENCE, label)
    }

    /// The terminal (62.07).
    pub fn terminal(self, terminal: &str) -> Self {
        self.label(additional::TERMINAL, terminal)
    }

    /// The merchant category (tag 52), four digits.
    pub fn mcc(mut self, mcc: &str) -> Self {
        self.mcc = Some(mcc.to_owned());
        self
    }

    /// The payee's name (tag 59), without marks and cut to 25 characters.
    pub fn merchant_name(mut self, name: &str) -> Self {
        self.merchant_name = Some(cut(&fold_ascii(name), 25));
        self
    }

    /// The payee's city (tag 60), without marks and cut to 15 characters.
    pub fn merchant_city(mut self, city: &str) -> Self {
        self.merchant_city = Some(cut(&fold_ascii(city), 15));
        self
    }

    /// Makes the code.
    pub fn build(self) -> Result<VietQr, BuildError> {
        let bin: Bin = self.bin.parse()?;
        let account: Account = self.account.parse()?;
        self.check_service_needs()?;
        let amount = self
            .amount
            .map(|amount| write_amount(amount).ok_or(BuildError::Amount))
            .transpose()?;
        let of_amount = if amount.is_some() {
            Initiation::Dynamic
        } else {
            Initiation::Static
        };
        let initiation = self.initiation.unwrap_or(of_amount);
        let mcc = self.mcc.as_deref().map(check_mcc).transpose()?;

        let mut objects = vec![
            object(0, "01")?,
            object(1, initiation.as_code())?,
            napas(bin, &account, &self.service)?,
        ];
        push(&mut objects, 52, mcc, "mcc")?;
        objects.push(object(53, VND)?);
        push(&mut objects, 54, amount.as_deref(), "amount")?;
        objects.push(object(58, "VN")?);
        push(
            &mut objects,
            59,
            self.merchant_name.as_deref(),
            "merchant name",
        )?;
        push(
            &mut objects,
            60,
            self.merchant_city.as_deref(),
            "merchant city",
        )?;
        objects.extend(self.additional()?);
        Ok(VietQr::from_payload(Payload::from_objects(objects))?.code)
    }

    fn label(mut self, id: u8, text: &str) -> Self {
        self.labels.retain(|(other, _)| *other != id);
        self.labels.push((id, text.to_owned()));
        self
    }

    fn check_service_needs(&self) -> Result<(), BuildError> {
        let label = |id| self.labels.iter().any(|(other, _)| *other == id);
        let needs: &[(bool, &'static str)] = match self.service {
            Service::Push => &[
                (self.mcc.is_some(), "a merchant category"),
                (self.merchant_name.is_some(), "a merchant name"),
                (self.merchant_city.is_some(), "a merchant city"),
            ],
            Service::Cash => &[
                (
                    self.mcc.as_deref() == Some("6011"),
                    "the merchant category 6011",
                ),
                (label(additional::REFERENCE), "a reference label"),
                (label(additional::TERMINAL), "a terminal"),
            ],
            Service::ToAccount | Service::ToCard | Service::Other(_) => &[],
        };
        match needs.iter().find(|(given, _)| !given) {
            Some((_, name)) => Err(BuildError::Missing(name)),
            None => Ok(()),
        }
    }

    fn additional(&self) -> Result<Option<Object>, BuildError> {
        let mut fields = Vec::new();
        let mut labels: Vec<_> = self.labels.iter().collect();
        labels.sort_by_key(|(id, _)| *id);
        for (id, text) in labels {
            fields.push(short(*id, text, "additional data")?);
        }
        if let Some(purpose) = self.whole_purpose()? {
            fields.push(short(additional::PURPOSE, &purpose, "purpose")?);
        }
        if fields.is_empty() {
            return Ok(None);
        }
        Object::template(additional::TEMPLATE, &fields)
            .map(Some)
            .map_err(|ObjectError| BuildError::TooMuch)
    }

    fn whole_purpose(&self) -> Result<Option<String>, BuildError> {
        let reference = bank_safe_reference(&self.reference);
        if let Some(purpose) = &self.verbatim_purpose {
            let names_it = bank_safe_reference(purpose).contains(&reference);
            return if names_it {
                Ok(Some(purpose.clone()))
            } else {
                Err(BuildError::Reference)
            };
        }
        if self.purpose_limit > LONGEST_PURPOSE {
            return Err(BuildError::PurposeLimit);
        }
        if !self.reference.is_empty() && reference.is_empty() {
            return Err(BuildError::Reference);
        }
        let purpose = bank_safe_purpose(&self.reference, &self.purpose, self.purpose_limit)
            .ok_or(BuildError::Reference)?;
        Ok(Some(purpose).filter(|purpose| !purpose.is_empty()))
    }
}

impl fmt::Debug for VietQrBuilder {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("VietQrBuilder")
            .field("bin", &self.bin)
            .field("account", &LastFour(&self.account))
            .field("service", &self.service)
            .field("amount", &self.amount)
            .finish_non_exhaustive()
    }
}

fn napas(bin: Bin, account: &Account, service: &Service) -> Result<Object, BuildError> {
    let payee = [object(0, &bin.to_string())?, object(1, account.as_str())?];
    let template = |id, objects: &[Object]| {
        Object::template(id, objects).map_err(|ObjectError| BuildError::Field("payee"))
    };
    template(
        NAPAS,
        &[
            object(0, NAPAS_GUID)?,
            template(1, &payee)?,
            short(2, service.as_code(), "service")?,
        ],
    )
}

fn check_mcc(mcc: &str) -> Result<&str, BuildError> {
    let four_digits = mcc.len() == 4 && mcc.bytes().all(|b| b.is_ascii_digit());
    if four_digits {
        Ok(mcc)
    } else {
        Err(BuildError::Field("mcc"))
    }
}

fn push(
    objects: &mut Vec<Object>,
    id: u8,
    value: Option<&str>,
    name: &'static str,
) -> Result<(), BuildError> {
    if let Some(value) = value {
        objects.push(short(id, value, name)?);
    }
    Ok(())
}

/// An object of at most 25 characters of printable ASCII.
fn short(id: u8, value: &str, name: &'static str) -> Result<Object, BuildError> {
    let printable = value.bytes().all(|b| b == b' ' || b.is_ascii_graphic());
    if !printable || value.len() > LONGEST_PURPOSE {
        return Err(BuildError::Field(name));
    }
    Object::new(id, value).map_err(|ObjectError| BuildError::Field(name))
}

fn object(id: u8, value: &str) -> Result<Object, BuildError> {
    short(id, value, "value")
}
