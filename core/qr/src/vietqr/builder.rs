use std::borrow::Cow;
use std::fmt;

use sokhoe_domain::Vnd;
use thiserror::Error;

use super::account::AccountError;
use super::additional;
use super::amount::{TRANSFER_LIMIT, can_be_written};
use super::fee::Fee;
use super::language::{self, AlternateLanguage};
use super::purpose::{LONGEST_PURPOSE, Purpose, SAFE_PURPOSE, bank_safe_reference, is_bank_safe};
use super::read::{NAPAS, NAPAS_GUID, VND, is_consumer_request};
use super::root::is_mcc;
use super::service::{Initiation, Service};
use super::{Account, VietQr};
use crate::bank::{Bin, BinError};
use crate::emv::{ObjectError, Payload, Span, Writer};
use crate::text::{LastFour, cut, fold_ascii};

/// Collects what a code shall say; [`build`](Self::build) checks it and makes the code.
#[derive(Clone)]
#[must_use]
pub struct VietQrBuilder<'a> {
    bin: &'a str,
    account: &'a str,
    service: Option<Service>,
    initiation: Option<Initiation>,
    amount: Option<Vnd>,
    fee: Option<Fee>,
    reference: &'a str,
    purpose: &'a str,
    purpose_limit: usize,
    verbatim_purpose: Option<&'a str>,
    /// 62.01 to 62.07.
    labels: [Option<&'a str>; 7],
    consumer_request: Option<&'a str>,
    mcc: Option<&'a str>,
    merchant_name: Option<Cow<'a, str>>,
    merchant_city: Option<Cow<'a, str>>,
    postal_code: Option<&'a str>,
    alternate_language: Option<AlternateLanguage<'a>>,
    other_objects: Vec<(u8, &'a str)>,
    other_additional: Vec<(u8, &'a str)>,
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
    /// A transfer must stay below [`TRANSFER_LIMIT`].
    #[error("the amount is above the limit of a transfer")]
    AmountTooLarge,
    /// The reference is empty once made safe, does not fit, or is not in the verbatim purpose.
    #[error("the reference does not fit into the purpose")]
    Reference,
    /// The limit of the purpose is above what NAPAS allows.
    #[error("a purpose has at most 25 characters")]
    PurposeLimit,
    /// A field has characters outside printable ASCII, is empty or is too long.
    #[error("{0} is empty, too long or not of the allowed characters")]
    Field(&'static str),
    /// The fields together are longer than their template.
    #[error("the additional data are longer than 99 characters")]
    TooMuch,
    /// A tag that has a method of its own, or that was given before.
    #[error("tag {0} has no place there")]
    Tag(u8),
    /// A field that this service needs is missing.
    #[error("this service needs {0}")]
    Missing(&'static str),
}

impl<'a> VietQrBuilder<'a> {
    #[inline]
    pub(super) fn new(bin: &'a str, account: &'a str) -> Self {
        Self {
            bin,
            account,
            service: Some(Service::ToAccount),
            initiation: None,
            amount: None,
            fee: None,
            reference: "",
            purpose: "",
            purpose_limit: SAFE_PURPOSE,
            verbatim_purpose: None,
            labels: [None; 7],
            consumer_request: None,
            mcc: None,
            merchant_name: None,
            merchant_city: None,
            postal_code: None,
            alternate_language: None,
            other_objects: Vec::new(),
            other_additional: Vec::new(),
        }
    }

    /// Another service than a transfer to an account.
    #[inline]
    pub fn service(mut self, service: Service) -> Self {
        // A known code that came as `Other` must not pass by what its service needs and limits.
        self.service = Some(Service::read(service.as_code()));
        self
    }

    /// A payment to a merchant whose code names no service: the same as [`Service::Push`].
    #[inline]
    pub fn without_service(mut self) -> Self {
        self.service = None;
        self
    }

    /// The amount. A code with an amount is for one payment, unless [`initiation`](Self::initiation) says more.
    #[inline]
    pub fn amount(mut self, amount: Vnd) -> Self {
        self.amount = Some(amount);
        self
    }

    /// A tip or fee on top of the amount (tags 55 to 57).
    #[inline]
    pub fn fee(mut self, fee: Fee) -> Self {
        self.fee = Some(fee);
        self
    }

    /// One payment or many, where the amount does not say it.
    #[inline]
    pub fn initiation(mut self, initiation: Initiation) -> Self {
        self.initiation = Some(initiation);
        self
    }

    /// The reference by which the payment is found again; it comes first in the purpose.
    #[inline]
    pub fn reference(mut self, reference: &'a str) -> Self {
        self.reference = reference;
        self
    }

    /// Words after the reference, made safe for banks and cut to what fits.
    #[inline]
    pub fn purpose(mut self, purpose: &'a str) -> Self {
        self.purpose = purpose;
        self
    }

    /// Another limit than [`SAFE_PURPOSE`], up to [`LONGEST_PURPOSE`].
    #[inline]
    pub fn purpose_limit(mut self, limit: usize) -> Self {
        self.purpose_limit = limit;
        self
    }

    /// The purpose as it is, in place of reference and words: printable ASCII, at most 25. A
    /// reference that is set must be in it.
    #[inline]
    pub fn verbatim_purpose(mut self, purpose: &'a str) -> Self {
        self.verbatim_purpose = Some(purpose);
        self
    }

    /// The number of the bill (62.01).
    pub fn bill(self, bill: &'a str) -> Self {
        self.label(additional::BILL, bill)
    }

    /// A mobile phone number (62.02).
    pub fn mobile(self, mobile: &'a str) -> Self {
        self.label(additional::MOBILE, mobile)
    }

    /// The store (62.03).
    pub fn store(self, store: &'a str) -> Self {
        self.label(additional::STORE, store)
    }

    /// A loyalty number (62.04).
    pub fn loyalty(self, loyalty: &'a str) -> Self {
        self.label(additional::LOYALTY, loyalty)
    }

    /// The reference label (62.05), which few banks show.
    pub fn reference_label(self, label: &'a str) -> Self {
        self.label(additional::REFERENCE, label)
    }

    /// The customer label (62.06).
    pub fn customer(self, customer: &'a str) -> Self {
        self.label(additional::CUSTOMER, customer)
    }

    /// The terminal (62.07).
    pub fn terminal(self, terminal: &'a str) -> Self {
        self.label(additional::TERMINAL, terminal)
    }

    /// What the payer is asked for (62.09): some of A (address), M (mobile), E (e-mail), each once.
    pub fn consumer_request(mut self, request: &'a str) -> Self {
        self.consumer_request = Some(request);
        self
    }

    /// A field of tag 62 from 10 to 99. From 50 on its value is a template that begins with a tag 00.
    pub fn additional_object(mut self, id: u8, value: &'a str) -> Self {
        self.other_additional.push((id, value));
        self
    }

    /// The merchant category (tag 52), four digits: 8062 is a hospital (ISO 18245).
    pub fn mcc(mut self, mcc: &'a str) -> Self {
        self.mcc = Some(mcc);
        self
    }

    /// The payee's name (tag 59), without marks and cut to 25 characters.
    pub fn merchant_name(mut self, name: &'a str) -> Self {
        self.merchant_name = Some(safe(name, 25));
        self
    }

    /// The payee's city (tag 60), without marks and cut to 15 characters.
    pub fn merchant_city(mut self, city: &'a str) -> Self {
        self.merchant_city = Some(safe(city, 15));
        self
    }

    /// The payee's postal code (tag 61), at most 10 characters.
    pub fn postal_code(mut self, code: &'a str) -> Self {
        self.postal_code = Some(code);
        self
    }

    /// The payee's name in another language (tag 64). Letters outside ASCII are written as they are;
    /// some bank apps refuse such codes, and a name that makes the code another one by bytes is refused here.
    pub fn alternate_language(mut self, language: AlternateLanguage<'a>) -> Self {
        self.alternate_language = Some(language);
        self
    }

    /// An object at the root that has no method here: other schemes' accounts (02 to 51 but 38) and
    /// templates from 65 on. From 26 to 51 and from 80 on its value is a template with a tag 00.
    pub fn object(mut self, id: u8, value: &'a str) -> Self {
        self.other_objects.push((id, value));
        self
    }

    /// Makes the code.
    ///
    /// # Errors
    /// [`BuildError`] says which field cannot be written, or is missing.
    pub fn build(self) -> Result<VietQr, BuildError> {
        let bin: Bin = self.bin.parse()?;
        let account: Account = self.account.parse()?;
        self.check_service_needs()?;
        self.check_others()?;
        let mut digits = itoa::Buffer::new();
        let amount = self
            .checked_amount()?
            .map(|amount| digits.format(amount.dong()));
        let of_amount = if self.amount.is_some() {
            Initiation::Dynamic
        } else {
            Initiation::Static
        };
        let initiation = self.initiation.unwrap_or(of_amount);

        let mut code = Writer::new();
        field(
            &mut code,
            1,
            Some(initiation.as_code()),
            2,
            "the point of initiation",
        )?;
        self.write_others(&mut code, 2..NAPAS)?;
        self.write_payee(&mut code, account)?;
        self.write_others(&mut code, NAPAS + 1..52)?;
        field(
            &mut code,
            52,
            self.checked_mcc()?,
            4,
            "the merchant category",
        )?;
        field(&mut code, 53, Some(VND), 3, "the currency")?;
        field(&mut code, 54, amount, 13, "the amount")?;
        self.write_fee(&mut code)?;
        field(&mut code, 58, Some("VN"), 2, "the country")?;
        let (name, city) = (self.merchant_name.as_deref(), self.merchant_city.as_deref());
        field(&mut code, 59, name, 25, "the merchant name")?;
        field(&mut code, 60, city, 15, "the merchant city")?;
        field(&mut code, 61, self.postal_code, 10, "the postal code")?;
        let start = code.len();
        self.write_additional(&mut code)?;
        let additional = Span::of_object(start, code.len());
        self.write_language(&mut code)?;
        self.write_others(&mut code, 65..100)?;
        let payload = code.finish();
        // Letters outside ASCII may by chance make it another code by bytes.
        if !payload.form().is_ascii() && Payload::read(payload.as_str()).is_err() {
            return Err(BuildError::Field("the other language"));
        }
        Ok(VietQr {
            payload,
            bin,
            account,
            service: self.service,
            initiation: Some(initiation),
            amount: self.amount,
            additional,
        })
    }

    fn label(mut self, id: u8, text: &'a str) -> Self {
        if let Some(label) = self.labels.get_mut(usize::from(id - 1)) {
            *label = Some(text);
        }
        self
    }

    fn has_label(&self, id: u8) -> bool {
        self.labels
            .get(usize::from(id - 1))
            .is_some_and(Option::is_some)
    }

    fn checked_amount(&self) -> Result<Option<Vnd>, BuildError> {
        let is_transfer = self.service.as_ref().is_some_and(Service::is_transfer);
        match self.amount {
            Some(amount) if is_transfer && amount >= TRANSFER_LIMIT => {
                Err(BuildError::AmountTooLarge)
            }
            Some(amount) if !can_be_written(amount) => Err(BuildError::Amount),
            amount => Ok(amount),
        }
    }

    fn checked_mcc(&self) -> Result<Option<&'a str>, BuildError> {
        match self.mcc {
            Some(mcc) if !is_mcc(mcc) => Err(BuildError::Field("the merchant category")),
            mcc => Ok(mcc),
        }
    }

    /// NAPAS, specification 1.5.2, the required sets of each service.
    fn check_service_needs(&self) -> Result<(), BuildError> {
        let needs: &[(bool, &'static str)] = match self.service {
            None | Some(Service::Push) => &[
                (self.mcc.is_some(), "a merchant category"),
                (self.merchant_name.is_some(), "a merchant name"),
                (self.merchant_city.is_some(), "a merchant city"),
            ],
            Some(Service::Cash) => &[
                (self.mcc == Some("6011"), "the merchant category 6011"),
                (self.has_label(additional::REFERENCE), "a reference label"),
                (self.has_label(additional::TERMINAL), "a terminal"),
            ],
            Some(Service::ToAccount | Service::ToCard | Service::Other(_)) => &[],
        };
        match needs.iter().find(|(given, _)| !given) {
            Some((_, name)) => Err(BuildError::Missing(name)),
            None => Ok(()),
        }
    }

    fn check_others(&self) -> Result<(), BuildError> {
        let at_root = |id| matches!(id, 2..=37 | 39..=51 | 65..=99);
        let in_additional = |id| matches!(id, 10..=99);
        check_tags(&self.other_objects, at_root)?;
        check_tags(&self.other_additional, in_additional)
    }

    fn write_others(&self, code: &mut Writer, ids: std::ops::Range<u8>) -> Result<(), BuildError> {
        in_order(&self.other_objects, ids)
            .into_iter()
            .try_for_each(|(id, value)| field(code, id, Some(value), 99, "an object"))
    }

    fn write_payee(&self, code: &mut Writer, account: Account) -> Result<(), BuildError> {
        let too_long = |ObjectError| BuildError::Field("the payee");
        code.template(NAPAS, |napas| {
            napas.ascii_object(0, NAPAS_GUID)?;
            napas.template(1, |payee| {
                payee.ascii_object(0, self.bin)?;
                payee.ascii_object(1, account.as_str())
            })?;
            match &self.service {
                Some(service) => napas.object(2, service.as_code()),
                None => Ok(()),
            }
        })
        .map_err(too_long)?;
        match &self.service {
            Some(Service::Other(name)) if !is_printable(name, 10) => {
                Err(BuildError::Field("the service"))
            }
            _ => Ok(()),
        }
    }

    fn write_fee(&self, code: &mut Writer) -> Result<(), BuildError> {
        let Some(fee) = self.fee else {
            return Ok(());
        };
        let (indicator, beside) = fee.write().ok_or(BuildError::Field("the fee"))?;
        field(code, 55, Some(indicator), 2, "the fee")?;
        match &beside {
            Some((tag, value)) => field(code, *tag, Some(value), 13, "the fee"),
            None => Ok(()),
        }
    }

    fn write_additional(&self, code: &mut Writer) -> Result<(), BuildError> {
        let purpose = self.whole_purpose()?;
        let is_empty = purpose.is_none()
            && self.consumer_request.is_none()
            && self.other_additional.is_empty()
            && self.labels.iter().all(Option::is_none);
        if is_empty {
            return Ok(());
        }
        if self
            .consumer_request
            .is_some_and(|request| !is_consumer_request(request))
        {
            return Err(BuildError::Field("the consumer request"));
        }
        code.template(additional::TEMPLATE, |data| {
            for (id, label) in (1..).zip(self.labels) {
                field(data, id, label, 25, "a field of the additional data")?;
            }
            field(
                data,
                additional::PURPOSE,
                purpose.as_deref(),
                LONGEST_PURPOSE,
                "the purpose",
            )?;
            field(
                data,
                additional::CONSUMER_REQUEST,
                self.consumer_request,
                3,
                "the consumer request",
            )?;
            in_order(&self.other_additional, 10..100)
                .into_iter()
                .try_for_each(|(id, value)| {
                    field(data, id, Some(value), 99, "a field of the additional data")
                })
        })
    }

    fn write_language(&self, code: &mut Writer) -> Result<(), BuildError> {
        let Some(language) = self.alternate_language else {
            return Ok(());
        };
        if !language.is_sound() {
            return Err(BuildError::Field("the other language"));
        }
        code.template(language::TEMPLATE, |template| {
            template.object(0, language.language)?;
            template.object(1, language.name)?;
            language
                .city
                .map_or(Ok(()), |city| template.object(2, city))
        })
        .map_err(|ObjectError| BuildError::Field("the other language"))
    }

    fn whole_purpose(&self) -> Result<Option<Cow<'a, str>>, BuildError> {
        if let Some(purpose) = self.verbatim_purpose {
            let names_it = self.reference.is_empty()
                || bank_safe_reference(purpose).contains(&bank_safe_reference(self.reference));
            return if names_it {
                Ok(Some(purpose.into()))
            } else {
                Err(BuildError::Reference)
            };
        }
        if self.purpose_limit > LONGEST_PURPOSE {
            return Err(BuildError::PurposeLimit);
        }
        if self.reference.is_empty() && self.purpose.is_empty() {
            return Ok(None);
        }
        if self.purpose.is_empty() && is_bank_safe(self.reference, self.purpose_limit) {
            return Ok(Some(self.reference.into()));
        }
        let purpose = Purpose::new(self.reference, self.purpose, self.purpose_limit)
            .filter(|purpose| purpose.names_reference || self.reference.is_empty())
            .ok_or(BuildError::Reference)?;
        Ok(Some(purpose.text.into()).filter(|text: &Cow<'_, str>| !text.is_empty()))
    }
}

impl fmt::Debug for VietQrBuilder<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("VietQrBuilder")
            .field("bin", &self.bin.parse::<Bin>().ok())
            .field("account", &LastFour(self.account))
            .field("service", &self.service)
            .field("amount", &self.amount)
            .finish_non_exhaustive()
    }
}

impl From<ObjectError> for BuildError {
    /// A template that is longer than 99 characters; single fields are checked before.
    fn from(ObjectError: ObjectError) -> Self {
        Self::TooMuch
    }
}

/// Without marks, and cut; unchanged where nothing has to be done.
fn safe(text: &str, longest: usize) -> Cow<'_, str> {
    let single_spaces = !text.contains("  ") && text.trim() == text;
    if is_printable(text, longest) && single_spaces {
        text.into()
    } else {
        cut(&fold_ascii(text), longest).into()
    }
}

fn is_printable(text: &str, longest: usize) -> bool {
    (1..=longest).contains(&text.len()) && text.bytes().all(|b| b == b' ' || b.is_ascii_graphic())
}

/// Writes an object of printable ASCII, if there is a value.
fn field(
    code: &mut Writer,
    id: u8,
    value: Option<&str>,
    longest: usize,
    name: &'static str,
) -> Result<(), BuildError> {
    match value {
        None => Ok(()),
        Some(value) if is_printable(value, longest) => code
            .ascii_object(id, value)
            .map_err(|ObjectError| BuildError::Field(name)),
        Some(_) => Err(BuildError::Field(name)),
    }
}

/// Each tag in its place, and once.
fn check_tags(objects: &[(u8, &str)], has_place: fn(u8) -> bool) -> Result<(), BuildError> {
    for (index, (id, _)) in objects.iter().enumerate() {
        let repeated = objects.iter().take(index).any(|(other, _)| other == id);
        if repeated || !has_place(*id) {
            return Err(BuildError::Tag(*id));
        }
    }
    Ok(())
}

fn in_order<'a>(objects: &[(u8, &'a str)], ids: std::ops::Range<u8>) -> Vec<(u8, &'a str)> {
    if objects.is_empty() {
        return Vec::new();
    }
    let mut inside: Vec<_> = objects
        .iter()
        .copied()
        .filter(|(id, _)| ids.contains(id))
        .collect();
    inside.sort_unstable_by_key(|(id, _)| *id);
    inside
}
