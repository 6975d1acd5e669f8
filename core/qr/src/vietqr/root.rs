//! The root of a code in one pass: the values that matter, and what is odd about the form.

use super::warning::Warning;
use crate::emv::{Object, Payload, TagPath};

/// The objects at the root by their meaning; of two with the same tag the first.
#[derive(Default)]
pub(crate) struct Root<'a> {
    pub(crate) format: Option<&'a str>,
    pub(crate) initiation: Option<&'a str>,
    pub(crate) napas: Option<Object<'a>>,
    pub(crate) mcc: Option<&'a str>,
    pub(crate) currency: Option<&'a str>,
    pub(crate) amount: Option<&'a str>,
    pub(crate) fee_indicator: Option<&'a str>,
    pub(crate) fixed_fee: Option<&'a str>,
    pub(crate) percent_fee: Option<&'a str>,
    pub(crate) country: Option<&'a str>,
    pub(crate) additional: Option<Object<'a>>,
    pub(crate) language: Option<Object<'a>>,
    /// Tags that stand twice.
    pub(crate) repeated: Vec<TagPath>,
}

impl<'a> Root<'a> {
    pub(crate) fn read(payload: &'a Payload, warnings: &mut Vec<Warning>) -> Self {
        let mut root = Self::default();
        let mut warn_if = |odd: bool, warning| {
            if odd {
                warnings.push(warning);
            }
        };
        warn_if(payload.has_lower_case_crc(), Warning::LowerCaseCrc);
        warn_if(!payload.is_ascii(), Warning::NotAscii);
        warn_if(payload.counts_bytes(), Warning::LengthsInBytes);
        let mut seen = Seen::default();
        for object in payload.objects() {
            let tag = TagPath::root(object.id());
            if seen.again(object.id()) {
                root.repeated.push(tag);
            } else {
                root.take(object);
            }
            warn_if(object.value().is_empty(), Warning::Empty(tag));
            let longest = match object.id() {
                59 => 25,
                60 => 15,
                61 => 10,
                _ => 99,
            };
            let too_long =
                object.value().len() > longest && object.value().chars().count() > longest;
            warn_if(too_long, Warning::TooLong(tag));
            let is_template = matches!(object.id(), 26..=37 | 39..=51 | 64 | 80..=99);
            warn_if(
                is_template && object.children().is_none(),
                Warning::NotTemplate(tag),
            );
        }
        let odd_mcc = root
            .mcc
            .is_some_and(|mcc| mcc.len() != 4 || !mcc.bytes().all(|b| b.is_ascii_digit()));
        warn_if(odd_mcc, Warning::Unexpected(TagPath::root(52)));
        root
    }

    fn take(&mut self, object: Object<'a>) {
        let value = Some(object.value());
        match object.id() {
            0 => self.format = value,
            1 => self.initiation = value,
            38 => self.napas = Some(object),
            52 => self.mcc = value,
            53 => self.currency = value,
            54 => self.amount = value,
            55 => self.fee_indicator = value,
            56 => self.fixed_fee = value,
            57 => self.percent_fee = value,
            58 => self.country = value,
            62 => self.additional = Some(object),
            64 => self.language = Some(object),
            _ => {}
        }
    }
}

/// Which tags have been met.
#[derive(Default)]
pub(super) struct Seen(u128);

impl Seen {
    /// Whether the tag was met before.
    pub(super) fn again(&mut self, id: u8) -> bool {
        let bit = 1_u128 << (id & 127);
        let again = self.0 & bit != 0;
        self.0 |= bit;
        again
    }
}
