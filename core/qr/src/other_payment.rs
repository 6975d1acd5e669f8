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
        Fee::of(&self.payload)
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
    let mut root = Root::of(payload);
    let mut warnings = std::mem::take(&mut root.warnings);
    warnings.extend(root.repeated.iter().copied().map(Warning::Duplicate));
    warnings.extend(root.out_of_order.map(Warning::OutOfOrder));
    warnings.extend(root.is_invisible.then_some(Warning::Invisible));
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

#[cfg(test)]
mod tests {
    use super::*;
    use crate::emv::{ObjectError, Writer};

    fn code(guid: &str, more: &[(u8, &str)]) -> OtherPayment {
        let mut writer = Writer::new();
        writer.object(1, "11").unwrap();
        writer
            .template(MERCHANT, |merchant| {
                merchant.object(0, guid)?;
                merchant.object(1, "1021547785")
            })
            .map_err(|ObjectError| ())
            .unwrap();
        for (tag, value) in more {
            writer.object(*tag, value).unwrap();
        }
        OtherPayment::from_payload(writer.finish())
    }

    #[test]
    fn schemes_are_known_by_their_guid() {
        for (guid, scheme) in [
            ("A000000775", Scheme::VnPay),
            ("vn.airpay.www", Scheme::ShopeePay),
            ("00", Scheme::Evn),
            ("com.example", Scheme::Unknown),
        ] {
            let code = code(guid, &[(53, "704"), (58, "VN")]);
            assert_eq!(
                (code.scheme(), code.warnings()),
                (scheme, [].as_slice()),
                "{guid}"
            );
            assert_eq!(code.merchant_id(), Some("1021547785"));
        }
    }

    #[test]
    fn what_is_odd_is_told_and_the_rest_is_read() {
        let evn = code(
            "00",
            &[
                (53, "704"),
                (54, "12.5"),
                (58, "VN"),
                (59, "CONG TY DIEN LUC THANH PHO MAU"),
            ],
        );
        assert_eq!(evn.amount(), None);
        assert_eq!(
            evn.warnings(),
            [
                Warning::TooLong(crate::emv::TagPath::root(59)),
                Warning::BadAmount,
                Warning::StaticWithAmount
            ]
        );
        let twice = code("A000000775", &[(54, "1"), (54, "2"), (58, "US")]);
        assert!(
            twice
                .warnings()
                .contains(&Warning::Duplicate(crate::emv::TagPath::root(54)))
        );
        assert!(twice.warnings().contains(&Warning::ForeignCountry));
    }
}
