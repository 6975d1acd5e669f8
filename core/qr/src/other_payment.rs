//! Payment codes that are EMVCo, but not VietQR: recognised, read as far as they can be, never paid.

use std::fmt;

use sokhoe_domain::Vnd;

use crate::emv::{Object, Payload};
use crate::vietqr::{AdditionalData, read_amount};

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
    merchant_id: Option<String>,
    additional: AdditionalData,
}

const MERCHANT: u8 = 26;

impl OtherPayment {
    /// What the code says. Templates that cannot be read count as absent.
    pub fn from_payload(payload: Payload) -> Self {
        let merchant = payload.template(MERCHANT).unwrap_or_default();
        let find = |id| {
            merchant
                .iter()
                .find(|object| object.id() == id)
                .map(Object::value)
        };
        let scheme = match find(0) {
            Some("A000000775") => Scheme::VnPay,
            Some("vn.airpay.www") => Scheme::ShopeePay,
            Some("00") => Scheme::Evn,
            _ => Scheme::Unknown,
        };
        let merchant_id = find(1).map(str::to_owned);
        let additional = AdditionalData::read(&payload).unwrap_or_default();
        Self {
            scheme,
            payload,
            merchant_id,
            additional,
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

    /// The merchant's number in its scheme (26.01).
    pub fn merchant_id(&self) -> Option<&str> {
        self.merchant_id.as_deref()
    }

    /// The merchant's name; nothing checks it.
    pub fn merchant_name(&self) -> Option<&str> {
        self.payload.get(59)
    }

    /// The merchant category.
    pub fn mcc(&self) -> Option<&str> {
        self.payload.get(52)
    }

    /// The currency as ISO 4217 number: 704 is đồng.
    pub fn currency(&self) -> Option<&str> {
        self.payload.get(53)
    }

    /// The amount, when it is a whole number of đồng.
    pub fn amount(&self) -> Option<Vnd> {
        (self.currency() == Some("704"))
            .then(|| self.payload.get(54))
            .flatten()
            .and_then(|text| read_amount(text).ok())
    }

    /// Bill, reference, purpose and the rest of tag 62.
    pub fn additional(&self) -> &AdditionalData {
        &self.additional
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
