//! From objects to a payment, collecting problems and warnings on the way.

use sokhoe_domain::Vnd;

use super::account::Account;
use super::additional::{self, AdditionalData};
use super::amount::{TRANSFER_LIMIT, read_amount};
use super::error::{Problem, ReadError};
use super::fee::{Fee, FeeError};
use super::language::{self, AlternateLanguage};
use super::purpose::LONGEST_PURPOSE;
use super::root::{Root, Seen};
use super::service::{Initiation, Service};
use super::warning::Warning;
use super::{Reading, VietQr};
use crate::bank::Bin;
use crate::emv::{Form, FormatError, Object, Objects, Payload, Span, TagPath};

pub(super) const NAPAS_GUID: &str = "A000000727";
pub(super) const NAPAS: u8 = 38;
pub(super) const VND: &str = "704";

/// Whether the code presents itself as one of NAPAS, well or badly.
pub(crate) fn has_napas_template(payload: &Payload) -> bool {
    payload.get(NAPAS).is_some()
}

pub(super) fn read(text: &str) -> Result<Reading, ReadError> {
    let mut root = Root::default();
    let form = Form::check(text, |object| root.take(object))?;
    root.end(text, form);
    let (terms, warnings) = understand(text, root)?;
    Ok(reading(terms, form.of(text), warnings))
}

pub(super) fn of_payload(payload: Payload) -> Result<Reading, ReadError> {
    let (terms, warnings) = understand(payload.as_str(), Root::of(&payload))?;
    Ok(reading(terms, payload, warnings))
}

fn reading(terms: Terms, payload: Payload, warnings: Vec<Warning>) -> Reading {
    Reading {
        code: VietQr {
            payload,
            bin: terms.bin,
            account: terms.account,
            service: terms.service,
            initiation: terms.initiation,
            amount: terms.amount,
            additional: terms.additional,
        },
        warnings,
    }
}

/// What a payment is made of.
struct Terms {
    bin: Bin,
    account: Account,
    service: Option<Service>,
    initiation: Option<Initiation>,
    amount: Option<Vnd>,
    additional: Span,
}

fn understand(text: &str, root: Root<'_>) -> Result<(Terms, Vec<Warning>), ReadError> {
    let mut notes = Notes {
        text,
        problems: Vec::new(),
        warnings: Vec::new(),
    };
    notes.form(&root);
    let payee = notes.payee(root.napas)?;
    let service = payee.service.as_ref();
    let initiation = notes.initiation(root.initiation, service);
    notes.currency_and_country(&root);
    let amount = notes.amount(root.amount, service, initiation);
    notes.fee(&root);
    let data = notes.additional(root.additional)?;
    notes.language(root.language);
    notes.service_needs(&root, service, data);
    match (payee.bin, payee.account) {
        (Some(bin), Some(account)) if notes.problems.is_empty() => {
            let terms = Terms {
                bin,
                account,
                service: payee.service,
                initiation,
                amount,
                additional: root
                    .additional
                    .map_or_else(Span::default, |template| Span::of(template.value(), text)),
            };
            let mut warnings = root.warnings;
            warnings.append(&mut notes.warnings);
            Ok((terms, warnings))
        }
        _ => Err(ReadError::Problems(notes.problems)),
    }
}

/// What tag 38 says.
#[derive(Default)]
struct Payee {
    bin: Option<Bin>,
    account: Option<Account>,
    service: Option<Service>,
}

struct Notes<'a> {
    /// The whole code, to say where a template breaks.
    text: &'a str,
    problems: Vec<Problem>,
    warnings: Vec<Warning>,
}

impl Notes<'_> {
    fn problem(&mut self, problem: Problem) {
        self.problems.push(problem);
    }

    fn warn_if(&mut self, odd: bool, warning: Warning) {
        if odd {
            self.warnings.push(warning);
        }
    }

    fn form(&mut self, root: &Root<'_>) {
        if root.format != Some("01") {
            self.problem(Problem::UnknownFormat);
        }
        self.problems
            .extend(root.repeated.iter().copied().map(Problem::Duplicate));
        self.problems
            .extend(root.out_of_order.map(Problem::OutOfOrder));
        if root.is_invisible {
            self.problem(Problem::Invisible);
        }
    }

    /// Two values under one tag are a trap: which one a bank app takes is anyone's guess.
    fn once(&mut self, object: &Object<'_>, seen: &mut Seen, path: impl Fn(u8) -> TagPath) {
        if seen.again(object.id()) {
            self.problem(Problem::Duplicate(path(object.id())));
        }
        self.warn_if(object.value().is_empty(), Warning::Empty(path(object.id())));
    }

    fn payee(&mut self, napas: Option<Object<'_>>) -> Result<Payee, FormatError> {
        let Some(napas) = napas else {
            self.problem(Problem::NotNapas);
            return Ok(Payee::default());
        };
        let (mut guid, mut beneficiary, mut service) = (None, None, None);
        let (mut template, mut seen) = (napas.inside(), Seen::default());
        for object in template.by_ref() {
            self.once(&object, &mut seen, |id| TagPath::inside(NAPAS, id));
            let first = match object.id() {
                0 => &mut guid,
                1 => &mut beneficiary,
                2 => &mut service,
                _ => continue,
            };
            first.get_or_insert(object);
        }
        template.end(self.text)?;
        if guid.is_none_or(|guid| guid.value() != NAPAS_GUID) {
            self.problem(Problem::NotNapas);
        }
        let service = service.map(|service| Service::read(service.value()));
        self.warn_if(
            matches!(service, Some(Service::Other(_))),
            Warning::UnknownService,
        );
        let Some(beneficiary) = beneficiary else {
            self.problem(Problem::NoBeneficiary);
            return Ok(Payee {
                service,
                ..Payee::default()
            });
        };
        let (bin, account) = self.beneficiary(beneficiary.inside())?;
        Ok(Payee {
            bin,
            account,
            service,
        })
    }

    fn beneficiary(
        &mut self,
        mut objects: Objects<'_>,
    ) -> Result<(Option<Bin>, Option<Account>), FormatError> {
        let (mut bin, mut account, mut seen) = (None, None, Seen::default());
        for object in objects.by_ref() {
            self.once(&object, &mut seen, |_| TagPath::inside(NAPAS, 1));
            match object.id() {
                0 => bin = bin.or(Some(object.value())),
                1 => account = account.or(Some(object.value())),
                2 if object.value().starts_with("QR") => {
                    self.problem(Problem::ServiceInsideBeneficiary);
                }
                _ => {}
            }
        }
        objects.end(self.text)?;
        let bin = bin.and_then(|bin| bin.parse::<Bin>().ok());
        match bin {
            Some(bin) => self.warn_if(bin.bank().is_none(), Warning::UnknownBank(bin)),
            None => self.problem(Problem::BadBin),
        }
        let account = match account {
            None | Some("") => Err(Problem::NoAccount),
            Some(account) => account.parse().map_err(|_| Problem::BadAccount),
        };
        Ok((bin, account.map_err(|problem| self.problem(problem)).ok()))
    }

    fn initiation(&mut self, code: Option<&str>, service: Option<&Service>) -> Option<Initiation> {
        let Some(code) = code else {
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

    fn currency_and_country(&mut self, root: &Root<'_>) {
        match root.currency {
            Some(VND) => {}
            Some(_) => self.problem(Problem::NotVnd),
            None => self.problem(Problem::NoCurrency),
        }
        match root.country {
            Some(country) => self.warn_if(country != "VN", Warning::ForeignCountry),
            None => self.warnings.push(Warning::Missing(TagPath::root(58))),
        }
    }

    fn amount(
        &mut self,
        text: Option<&str>,
        service: Option<&Service>,
        initiation: Option<Initiation>,
    ) -> Option<Vnd> {
        let Some(text) = text else {
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

    fn fee(&mut self, root: &Root<'_>) {
        match Fee::read(root.fee_indicator, root.fixed_fee, root.percent_fee) {
            Ok(_) => {}
            Err(FeeError::BadIndicator) => self.problem(Problem::BadFeeIndicator),
            Err(FeeError::Mismatch) => self.warnings.push(Warning::FeeMismatch),
        }
    }

    fn additional<'a>(
        &mut self,
        template: Option<Object<'a>>,
    ) -> Result<AdditionalData<'a>, FormatError> {
        let Some(template) = template else {
            return Ok(AdditionalData::new(Objects::empty()));
        };
        if template.value().is_empty() {
            // A writer that counts beyond 99 writes "6200" before 100 characters, and the purpose is lost.
            self.problem(Problem::EmptyTemplate(TagPath::root(additional::TEMPLATE)));
        }
        let path = |tag| TagPath::inside(additional::TEMPLATE, tag);
        let (mut rest, mut seen) = (template.inside(), Seen::default());
        for object in rest.by_ref() {
            self.once(&object, &mut seen, path);
            let (id, value) = (object.id(), object.value());
            match id {
                0..additional::CONSUMER_REQUEST => self.warn_if(
                    value.len() > LONGEST_PURPOSE && value.chars().count() > LONGEST_PURPOSE,
                    Warning::TooLong(path(id)),
                ),
                additional::CONSUMER_REQUEST => {
                    self.warn_if(!is_consumer_request(value), Warning::Unexpected(path(id)))
                }
                50.. => self.warn_if(object.children().is_none(), Warning::NotTemplate(path(id))),
                _ => {}
            }
        }
        rest.end(self.text)?;
        Ok(AdditionalData::new(template.inside()))
    }

    fn language(&mut self, template: Option<Object<'_>>) {
        let Some(objects) = template.and_then(|template| template.children()) else {
            return;
        };
        let mut seen = Seen::default();
        for object in objects {
            self.once(&object, &mut seen, |tag| {
                TagPath::inside(language::TEMPLATE, tag)
            });
        }
        let odd = AlternateLanguage::read(objects).is_none();
        self.warn_if(odd, Warning::Unexpected(TagPath::root(language::TEMPLATE)));
    }

    fn service_needs(
        &mut self,
        root: &Root<'_>,
        service: Option<&Service>,
        data: AdditionalData<'_>,
    ) {
        let [category, name, city] =
            [(52, root.mcc), (59, root.name), (60, root.city)].map(|(tag, value)| {
                let warning = Warning::Missing(TagPath::root(tag));
                (value.is_none(), warning)
            });
        match service {
            None | Some(Service::Push) => {
                for (missing, warning) in [category, name, city] {
                    self.warn_if(missing, warning);
                }
            }
            Some(Service::Cash) => {
                let (missing, warning) = category;
                self.warn_if(missing, warning);
                for tag in [additional::REFERENCE, additional::TERMINAL] {
                    let warning = Warning::Missing(TagPath::inside(additional::TEMPLATE, tag));
                    self.warn_if(data.get(tag).is_none(), warning);
                }
                self.warn_if(
                    root.mcc.is_some_and(|mcc| mcc != "6011"),
                    Warning::Unexpected(TagPath::root(52)),
                );
            }
            Some(Service::ToAccount | Service::ToCard | Service::Other(_)) => {}
        }
    }
}

/// Some of A (address), M (mobile) and E (e-mail), each once.
pub(super) fn is_consumer_request(text: &str) -> bool {
    let once = |letter| text.bytes().filter(|b| *b == letter).count() <= 1;
    !text.is_empty()
        && text.bytes().all(|b| b"AME".contains(&b))
        && b"AME".iter().copied().all(once)
}
