//! Payment codes that are EMVCo, but not VietQR: recognised, read as far as they can be, never paid.

use std::fmt;

use sokhoe_domain::Vnd;

use crate::emv::{Objects, Payload};
use crate::vietqr::{AdditionalData, Fee, Initiation, Root, Warning, read_amount};

/// Whose code it is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum Scheme {
    /// VNPAY-QR.
    VnPay,
    /// ShopeePay, formerly AirPay.
    ShopeePay,
    /// A bill of the electricity company EVN.
    Evn,
    /// Another scheme.
    Unknown,
}

/// A well-formed payment code of another scheme. Its payee cannot be checked.
#[derive(Clone, PartialEq, Eq)]
pub struct OtherPayment {
    scheme: Scheme,
    payload: Payload,
    warnings: Vec<Warning>,
}

const MERCHANT: u8 = 26;

impl OtherPayment {
    /// What the code says. Templates that cannot be read count as absent.
    pub fn from_payload(payload: Payload) -> Self {
        let (scheme, warnings) = survey(&payload);
        Self {
            scheme,
            payload,
            warnings,
        }
    }

    /// Whose code it is.
    pub fn scheme(&self) -> Scheme {
        self.scheme
    }

    /// The objects of the code, in their order.
    pub fn payload(&self) -> &Payload {
        &self.payload
    }

    /// What is odd about the code.
    pub fn warnings(&self) -> &[Warning] {
        &self.warnings
    }

    /// The merchant's number in its scheme (26.01).
    pub fn merchant_id(&self) -> Option<&str> {
        template(&self.payload, MERCHANT).get(1)
    }

    /// The merchant's name; nothing checks it.
    pub fn merchant_name(&self) -> Option<&str> {
        self.payload.get(59)
    }

    /// The merchant's city.
    pub fn merchant_city(&self) -> Option<&str> {
        self.payload.get(60)
    }

    /// The merchant category (ISO 18245).
    pub fn mcc(&self) -> Option<&str> {
        self.payload.get(52)
    }

    /// The currency as ISO 4217 number: 704 is đồng.
    pub fn currency(&self) -> Option<&str> {
        self.payload.get(53)
    }

    /// The country, two letters.
    pub fn country(&self) -> Option<&str> {
        self.payload.get(58)
    }

    /// For one payment or many, as the code says.
    pub fn initiation(&self) -> Option<Initiation> {
        self.payload.get(1).and_then(Initiation::read)
    }

    /// Whether the code may be used many times. VNPAY also writes `11` beside an amount.
    pub fn is_static(&self) -> bool {
        self.initiation() != Some(Initiation::Dynamic)
    }

    /// The amount, when it is a whole number of đồng.
    pub fn amount(&self) -> Option<Vnd> {
        (self.currency() == Some("704"))
            .then(|| self.payload.get(54))
            .flatten()
            .and_then(|text| read_amount(text).ok())
    }

    /// The tip or fee on top of the amount.
    pub fn fee(&self) -> Option<Fee> {
        let [indicator, fixed, percent] = [55, 56, 57].map(|tag| self.payload.get(tag));
        Fee::read(indicator, fixed, percent).ok().flatten()
    }

    /// Bill, reference, purpose and the rest of tag 62.
    pub fn additional(&self) -> AdditionalData<'_> {
        AdditionalData::new(template(&self.payload, 62))
    }
}

impl fmt::Debug for OtherPayment {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("OtherPayment")
            .field("scheme", &self.scheme)
            .field("payload", &self.payload)
            .finish_non_exhaustive()
    }
}

fn survey(payload: &Payload) -> (Scheme, Vec<Warning>) {
    let root = Root::of(payload);
    let mut warnings = root.warnings.clone();
    warnings.extend(root.repeated.iter().copied().map(Warning::Duplicate));
    let guid = template(payload, MERCHANT).get(0);
    let scheme = match guid {
        Some("A000000775") => Scheme::VnPay,
        Some("vn.airpay.www") => Scheme::ShopeePay,
        Some("00") => Scheme::Evn,
        _ => Scheme::Unknown,
    };
    let initiation = root.initiation.and_then(Initiation::read);
    let notes = [
        (
            root.country.is_some_and(|country| country != "VN"),
            Warning::ForeignCountry,
        ),
        (
            root.currency == Some("704")
                && root
                    .amount
                    .is_some_and(|amount| read_amount(amount).is_err()),
            Warning::BadAmount,
        ),
        (
            initiation == Some(Initiation::Static) && root.amount.is_some(),
            Warning::StaticWithAmount,
        ),
        (
            initiation == Some(Initiation::Dynamic) && root.amount.is_none(),
            Warning::DynamicWithoutAmount,
        ),
        (
            Fee::read(root.fee_indicator, root.fixed_fee, root.percent_fee).is_err(),
            Warning::FeeMismatch,
        ),
    ];
    warnings.extend(
        notes
            .into_iter()
            .filter(|(odd, _)| *odd)
            .map(|(_, warning)| warning),
    );
    (scheme, warnings)
}

fn template(payload: &Payload, id: u8) -> Objects<'_> {
    payload.template(id).unwrap_or_else(|_| Objects::empty())
}
