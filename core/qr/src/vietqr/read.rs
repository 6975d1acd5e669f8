//! From objects to a payment, collecting problems and warnings on the way.

use sokhoe_domain::Vnd;

use super::account::Account;
use super::additional::{self, AdditionalData};
use super::amount::{TRANSFER_LIMIT, read_amount};
use super::error::{Problem, ReadError};
use super::service::{Initiation, Service};
use super::warning::Warning;
use super::{Reading, VietQr};
use crate::bank::Bin;
use crate::emv::{FormatError, Object, Payload, TagPath};

pub(super) const NAPAS_GUID: &str = "A000000727";
pub(super) const NAPAS: u8 = 38;
pub(super) const VND: &str = "704";

/// Longest values at the root, beside the templates.
const ROOT_LIMITS: [(u8, usize); 3] = [(59, 25), (60, 15), (61, 10)];

/// Whether the code presents itself as one of NAPAS, well or badly.
pub(crate) fn has_napas_template(payload: &Payload) -> bool {
    payload.get(NAPAS).is_some()
}

pub(super) fn read(payload: Payload) -> Result<Reading, ReadError> {
    let mut notes = Notes::default();
    notes.form(&payload);
    let (bin, account, service) = notes.payee(&payload)?;
    let initiation = notes.initiation(&payload, service.as_ref());
    notes.currency_and_country(&payload);
    let amount = notes.amount(&payload, service.as_ref(), initiation);
    notes.fee(&payload);
    let additional = notes.additional(&payload)?;
    notes.service_needs(&payload, service.as_ref(), &additional);
    match (bin, account) {
        (Some(bin), Some(account)) if notes.problems.is_empty() => Ok(Reading {
            code: VietQr {
                payload,
                bin,
                account,
                service,
                initiation,
                amount,
                additional,
            },
            warnings: notes.warnings,
        }),
        _ => Err(ReadError::Problems(notes.problems)),
    }
}

#[derive(Default)]
struct Notes {
    problems: Vec<Problem>,
    warnings: Vec<Warning>,
}

type Payee = (Option<Bin>, Option<Account>, Option<Service>);

impl Notes {
    fn problem(&mut self, problem: Problem) {
        self.problems.push(problem);
    }

    fn warn_if(&mut self, odd: bool, warning: Warning) {
        if odd {
            self.warnings.push(warning);
        }
    }

    fn form(&mut self, payload: &Payload) {
        if payload.get(0) != Some("01") {
            self.problem(Problem::UnknownFormat);
        }
        self.repeats(payload.objects(), TagPath::root);
        self.warn_if(payload.has_lower_case_crc(), Warning::LowerCaseCrc);
        self.warn_if(!payload.is_ascii(), Warning::NotAscii);
        self.warn_if(
            !payload.is_ascii() && payload.counts_bytes(),
            Warning::LengthsInBytes,
        );
        for (tag, longest) in ROOT_LIMITS {
            let length = payload.get(tag).map_or(0, |value| value.chars().count());
            self.warn_if(length > longest, Warning::TooLong(TagPath::root(tag)));
        }
        for object in payload.objects() {
            let is_template = matches!(object.id(), 26..=51 | 64 | 80..=99);
            let odd = is_template && object.id() != NAPAS && object.children().is_none();
            self.warn_if(odd, Warning::NotTemplate(TagPath::root(object.id())));
        }
    }

    /// Two values under one tag are a trap: which one a bank app takes is anyone's guess.
    fn repeats(&mut self, objects: &[Object], path: impl Fn(u8) -> TagPath) {
        for (index, object) in objects.iter().enumerate() {
            if objects
                .iter()
                .take(index)
                .any(|earlier| earlier.id() == object.id())
            {
                self.problem(Problem::Duplicate(path(object.id())));
            }
            self.warn_if(object.value().is_empty(), Warning::Empty(path(object.id())));
        }
    }

    fn payee(&mut self, payload: &Payload) -> Result<Payee, FormatError> {
        let Some(index) = payload
            .objects()
            .iter()
            .position(|object| object.id() == NAPAS)
        else {
            self.problem(Problem::NotNapas);
            return Ok((None, None, None));
        };
        let template = payload.template(NAPAS)?;
        self.repeats(&template, |tag| TagPath::inside(NAPAS, tag));
        if find(&template, 0) != Some(NAPAS_GUID) {
            self.problem(Problem::NotNapas);
        }
        let service = find(&template, 2).map(Service::read);
        self.warn_if(
            matches!(service, Some(Service::Other(_))),
            Warning::UnknownService,
        );
        let mut position = payload.position(index) + 4;
        for object in &template {
            if object.id() == 1 {
                let (bin, account) = self.beneficiary(&object.read_children(position + 4)?);
                return Ok((bin, account, service));
            }
            position += object.width();
        }
        self.problem(Problem::NoBeneficiary);
        Ok((None, None, service))
    }

    fn beneficiary(&mut self, objects: &[Object]) -> (Option<Bin>, Option<Account>) {
        self.repeats(objects, |_| TagPath::inside(NAPAS, 1));
        if find(objects, 2).is_some_and(|value| value.starts_with("QR")) {
            self.problem(Problem::ServiceInsideBeneficiary);
        }
        let bin = find(objects, 0).and_then(|bin| bin.parse::<Bin>().ok());
        match bin {
            Some(bin) => self.warn_if(bin.bank().is_none(), Warning::UnknownBank(bin)),
            None => self.problem(Problem::BadBin),
        }
        let account = match find(objects, 1) {
            None | Some("") => Err(Problem::NoAccount),
            Some(account) => account.parse().map_err(|_| Problem::BadAccount),
        };
        (bin, account.map_err(|problem| self.problem(problem)).ok())
    }

    fn initiation(&mut self, payload: &Payload, service: Option<&Service>) -> Option<Initiation> {
        let Some(code) = payload.get(1) else {
            let optional = matches!(service, None | Some(Service::Push));
            self.warn_if(!optional, Warning::Missing(TagPath::root(1)));
            return None;
        };
        let initiation = Initiation::read(code);
        if initiation.is_none() {
            self.problem(Problem::BadInitiation);
        }
        initiation
    }

    fn currency_and_country(&mut self, payload: &Payload) {
        match payload.get(53) {
            Some(VND) => {}
            Some(_) => self.problem(Problem::NotVnd),
            None => self.problem(Problem::NoCurrency),
        }
        match payload.get(58) {
            Some(country) => self.warn_if(country != "VN", Warning::ForeignCountry),
            None => self.warnings.push(Warning::Missing(TagPath::root(58))),
        }
    }

    fn amount(
        &mut self,
        payload: &Payload,
        service: Option<&Service>,
        initiation: Option<Initiation>,
    ) -> Option<Vnd> {
        let Some(text) = payload.get(54) else {
            let needed = initiation == Some(Initiation::Dynamic) && service != Some(&Service::Cash);
            self.warn_if(needed, Warning::DynamicWithoutAmount);
            return None;
        };
        self.warn_if(
            initiation == Some(Initiation::Static),
            Warning::StaticWithAmount,
        );
        let amount = read_amount(text).and_then(|amount| {
            let limited = service.is_some_and(Service::is_transfer);
            if limited && amount >= TRANSFER_LIMIT {
                Err(Problem::AmountTooLarge)
            } else {
                Ok(amount)
            }
        });
        amount.map_err(|problem| self.problem(problem)).ok()
    }

    fn fee(&mut self, payload: &Payload) {
        let (fixed, percent) = (payload.get(56).is_some(), payload.get(57).is_some());
        let expected = match payload.get(55) {
            None | Some("01") => (false, false),
            Some("02") => (true, false),
            Some("03") => (false, true),
            Some(_) => return self.problem(Problem::BadFeeIndicator),
        };
        self.warn_if((fixed, percent) != expected, Warning::FeeMismatch);
    }

    fn additional(&mut self, payload: &Payload) -> Result<AdditionalData, FormatError> {
        let data = AdditionalData::read(payload)?;
        let path = |tag| TagPath::inside(additional::TEMPLATE, tag);
        self.repeats(data.objects(), path);
        for object in data
            .objects()
            .iter()
            .filter(|object| object.id() < additional::CONSUMER_REQUEST)
        {
            self.warn_if(
                object.value().chars().count() > 25,
                Warning::TooLong(path(object.id())),
            );
        }
        if let Some(request) = data.consumer_request() {
            let known = request.len() <= 3 && request.bytes().all(|b| b"AME".contains(&b));
            self.warn_if(
                !known,
                Warning::Unexpected(path(additional::CONSUMER_REQUEST)),
            );
        }
        Ok(data)
    }

    fn service_needs(
        &mut self,
        payload: &Payload,
        service: Option<&Service>,
        data: &AdditionalData,
    ) {
        let needed: &[u8] = match service {
            None | Some(Service::Push) => &[52, 59, 60],
            Some(Service::Cash) => &[52],
            Some(Service::ToAccount | Service::ToCard | Service::Other(_)) => &[],
        };
        for &tag in needed {
            self.warn_if(
                payload.get(tag).is_none(),
                Warning::Missing(TagPath::root(tag)),
            );
        }
        if service == Some(&Service::Cash) {
            for tag in [additional::REFERENCE, additional::TERMINAL] {
                self.warn_if(
                    data.get(tag).is_none(),
                    Warning::Missing(TagPath::inside(additional::TEMPLATE, tag)),
                );
            }
            self.warn_if(
                payload.get(52).is_some_and(|mcc| mcc != "6011"),
                Warning::Unexpected(TagPath::root(52)),
            );
        }
    }
}

fn find(objects: &[Object], id: u8) -> Option<&str> {
    objects
        .iter()
        .find(|object| object.id() == id)
        .map(Object::value)
}
