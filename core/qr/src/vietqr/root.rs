//! The root of a code in one pass: the values that matter, and what is odd about the form.

use sokhoe_domain::text::is_visible;

use super::warning::Warning;
use crate::emv::{Form, Object, Payload, TagPath, has_lower_case_crc};
use crate::text::is_digits;

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
    pub(crate) name: Option<&'a str>,
    pub(crate) city: Option<&'a str>,
    pub(crate) additional: Option<Object<'a>>,
    pub(crate) language: Option<Object<'a>>,
    /// A tag behind tag 62 that codes have before it.
    pub(crate) out_of_order: Option<TagPath>,
    /// Whether a value has characters that cannot be seen.
    pub(crate) is_invisible: bool,
    /// Tags that stand twice.
    pub(crate) repeated: Vec<TagPath>,
    /// What is odd about the form.
    pub(crate) warnings: Vec<Warning>,
    seen: Seen,
}

impl<'a> Root<'a> {
    /// The root of a whole code.
    pub(crate) fn of(payload: &'a Payload) -> Self {
        let mut root = Self::default();
        payload.objects().for_each(|object| root.take(object));
        root.end(payload.as_str(), payload.form());
        root
    }

    /// The next object.
    pub(crate) fn take(&mut self, object: Object<'a>) {
        let tag = TagPath::root(object.id());
        if self.seen.again(object.id()) {
            self.repeated.push(tag);
        } else {
            self.keep(object);
        }
        self.warn_if(object.value().is_empty(), Warning::Empty(tag));
        if self.additional.is_some() && matches!(object.id(), 2..=25) {
            self.out_of_order.get_or_insert(tag);
        }
        let longest = match object.id() {
            59 => 25,
            60 => 15,
            61 => 10,
            _ => return,
        };
        let too_long = object.value().len() > longest && object.value().chars().count() > longest;
        self.warn_if(too_long, Warning::TooLong(tag));
    }

    /// After the last object.
    pub(crate) fn end(&mut self, text: &str, form: Form) {
        self.is_invisible = if form.is_ascii() {
            // Without a way out early it takes sixteen bytes a step.
            text.bytes()
                .fold(false, |found, b| found | b.is_ascii_control())
        } else {
            !text.chars().all(is_visible)
        };
        self.warn_if(has_lower_case_crc(text), Warning::LowerCaseCrc);
        self.warn_if(!form.is_ascii(), Warning::NotAscii);
        self.warn_if(form.counts_otherwise(), Warning::OtherLengths);
        let odd_mcc = self.mcc.is_some_and(|mcc| !is_mcc(mcc));
        self.warn_if(odd_mcc, Warning::Unexpected(TagPath::root(52)));
    }

    fn warn_if(&mut self, odd: bool, warning: Warning) {
        if odd {
            self.warnings.push(warning);
        }
    }

    fn keep(&mut self, object: Object<'a>) {
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
            59 => self.name = value,
            60 => self.city = value,
            62 => self.additional = Some(object),
            64 => {
                self.template(object);
                self.language = Some(object);
            }
            26..=51 | 80..=99 => self.template(object),
            _ => {}
        }
    }

    fn template(&mut self, object: Object<'a>) {
        self.warn_if(
            object.children().is_none(),
            Warning::NotTemplate(TagPath::root(object.id())),
        );
    }
}

/// A merchant category (ISO 18245): four digits.
pub(super) fn is_mcc(text: &str) -> bool {
    text.len() == 4 && is_digits(text)
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
