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
use crate::emv::{FormatError, Object, Objects, Payload, TagPath};

pub(super) const NAPAS_GUID: &str = "A000000727";
pub(super) const NAPAS: u8 = 38;
pub(super) const VND: &str = "704";

/// Whether the code presents itself as one of NAPAS, well or badly.
pub(crate) fn has_napas_template(payload: &Payload) -> bool {
    payload.get(NAPAS).is_some()
}

pub(super) fn read(payload: Payload) -> Result<Reading, ReadError> {
    let mut notes = Notes::default();
    let root = Root::read(&payload, &mut notes.warnings);
    notes.form(&root);
    let payee = notes.payee(&payload, root.napas)?;
    let service = payee.service.as_ref();
    let initiation = notes.initiation(root.initiation, service);
    notes.currency_and_country(&root);
    let amount = notes.amount(root.amount, service, initiation);
    notes.fee(&root);
    let data = notes.additional(&payload, root.additional)?;
    notes.language(root.language);
    notes.service_needs(&payload, service, data);
    match (payee.bin, payee.account) {
        (Some(bin), Some(account)) if notes.problems.is_empty() => Ok(Reading {
            code: VietQr {
                bin,
                account,
                service: payee.service,
                initiation,
                amount,
                payload,
            },
            warnings: notes.warnings,
        }),
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

#[derive(Default)]
struct Notes {
    problems: Vec<Problem>,
    warnings: Vec<Warning>,
}

impl Notes {
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
    }

    /// Two values under one tag are a trap: which one a bank app takes is anyone's guess.
    fn once(&mut self, object: &Object<'_>, seen: &mut Seen, path: impl Fn(u8) -> TagPath) {
        if seen.again(object.id()) {
            self.problem(Problem::Duplicate(path(object.id())));
        }
        self.warn_if(object.value().is_empty(), Warning::Empty(path(object.id())));
    }

    fn payee(
        &mut self,
        payload: &Payload,
        napas: Option<Object<'_>>,
    ) -> Result<Payee, FormatError> {
        let Some(napas) = napas else {
            self.problem(Problem::NotNapas);
            return Ok(Payee::default());
        };
        let located = |error: FormatError| error.in_characters(payload.as_str());
        let (mut guid, mut beneficiary, mut service) = (None, None, None);
        let (mut template, mut seen) = (napas.inside(), Seen::default());
        while let Some(object) = template.step().map_err(located)? {
            self.once(&object, &mut seen, |id| TagPath::inside(NAPAS, id));
            let first = match object.id() {
                0 => &mut guid,
                1 => &mut beneficiary,
                2 => &mut service,
                _ => continue,
            };
            first.get_or_insert(object);
        }
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
        let (bin, account) = self.beneficiary(beneficiary.inside()).map_err(located)?;
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
        while let Some(object) = objects.step()? {
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
        payload: &'a Payload,
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
        while let Some(object) = rest
            .step()
            .map_err(|error| error.in_characters(payload.as_str()))?
        {
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
        Ok(AdditionalData::new(template.inside()))
    }

    fn language(&mut self, template: Option<Object<'_>>) {
        let odd = template
            .and_then(|template| template.children())
            .is_some_and(|objects| AlternateLanguage::read(objects).is_none());
        self.warn_if(odd, Warning::Unexpected(TagPath::root(language::TEMPLATE)));
    }

    fn service_needs(
        &mut self,
        payload: &Payload,
        service: Option<&Service>,
        data: AdditionalData<'_>,
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

/// Some of A (address), M (mobile) and E (e-mail), each once.
pub(super) fn is_consumer_request(text: &str) -> bool {
    let once = |letter| text.bytes().filter(|b| *b == letter).count() <= 1;
    !text.is_empty()
        && text.bytes().all(|b| b"AME".contains(&b))
        && b"AME".iter().copied().all(once)
}
