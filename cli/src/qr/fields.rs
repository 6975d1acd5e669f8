//! What a scanned text says, field by field.

use chrono::NaiveDate;
use serde_json::{Value, json};
use sokhoe_app::{AppError, EnrolmentRefusal};
use sokhoe_domain::{Timestamp, Vnd};
use sokhoe_qr::citizen_card::{CitizenCardWarning, Reading as CitizenReading};
use sokhoe_qr::insurance_card::BirthDate;
use sokhoe_qr::other_payment::Scheme;
use sokhoe_qr::signed::{EnrolmentError, Kind};
use sokhoe_qr::vietqr::{Reading as VietQrReading, Service, Wallet};
use sokhoe_qr::{Enrolment, InsuranceCard, OtherPayment, Scanned, Sex};

use crate::failure::Failure;
use crate::words::Words;

/// What a text is.
#[derive(Debug)]
pub(super) struct Found {
    /// A stable name of what it is.
    pub kind: &'static str,
    /// What it says.
    pub fields: Vec<Field>,
    /// What is odd.
    pub warnings: Vec<Odd>,
}

/// One thing that a code says.
#[derive(Debug)]
pub(super) struct Field {
    /// A stable name.
    pub key: &'static str,
    /// For people.
    pub text: String,
    /// For programs: dates are ISO 8601, money is whole đồng.
    pub value: Value,
}

/// What a field says, for people and for programs.
type Said = Option<(String, Value)>;

/// Something odd.
#[derive(Debug, PartialEq, Eq)]
pub(super) struct Odd {
    /// A stable name.
    pub code: &'static str,
    /// Where, in a payment code.
    pub tag: Option<String>,
}

impl Odd {
    fn new(code: &'static str) -> Self {
        Self { code, tag: None }
    }
}

/// Takes a text apart that [`sokhoe_qr::scan()`] knows.
pub(super) fn found(
    scanned: &Scanned,
    text: &str,
    now: Timestamp,
    words: &Words,
) -> Result<Found, Failure> {
    Ok(match scanned {
        Scanned::VietQr(reading) => vietqr(reading, words),
        Scanned::OtherPayment(code) => other_payment(code),
        Scanned::CitizenCard(reading) => citizen_card(reading, words),
        Scanned::InsuranceCard(card) => insurance_card(card, words),
        Scanned::Ours(Kind::Enrolment) => enrolment(text, now)?,
        Scanned::Ours(_) => Found {
            kind: "payment_order",
            fields: Vec::new(),
            warnings: vec![Odd::new("not_verified")],
        },
        Scanned::Url(address) => Found {
            kind: "url",
            fields: said(vec![("address", own(Some(address.clone())))]),
            warnings: vec![Odd::new("not_opened")],
        },
        _ => return Err(Failure::Said("qr-unreadable", vec![("why", String::new())])),
    })
}

/// Fields that say nothing are left out.
fn said(fields: Vec<(&'static str, Said)>) -> Vec<Field> {
    fields
        .into_iter()
        .filter_map(|(key, said)| {
            let (text, value) = said.filter(|(text, _)| !text.is_empty())?;
            Some(Field { key, text, value })
        })
        .collect()
}

/// The same for both.
fn own(text: Option<impl Into<String>>) -> Said {
    let text: String = text?.into();
    let value = json!(text);
    Some((text, value))
}

fn money(amount: Option<Vnd>) -> Said {
    amount.map(|amount| (amount.to_string(), json!(amount.dong())))
}

fn day(date: Option<NaiveDate>) -> Said {
    date.map(|date| (date.format("%d/%m/%Y").to_string(), json!(date.to_string())))
}

/// One of a few words: programs have its key.
fn word(key: &'static str, words: &Words) -> Said {
    let code = key.rsplit('-').next().unwrap_or(key);
    Some((words.say(key), json!(code)))
}

fn vietqr(reading: &VietQrReading, words: &Words) -> Found {
    let code = &reading.code;
    let service = match code.service() {
        Some(Service::ToAccount) => "qr-service-account",
        Some(Service::ToCard) => "qr-service-card",
        Some(Service::Cash) => "qr-service-cash",
        None | Some(Service::Push) => "qr-service-merchant",
        Some(_) => "qr-service-other",
    };
    let usage = if code.is_static() {
        "qr-usage-many"
    } else {
        "qr-usage-once"
    };
    let bank = code.bin().bank();
    let bank = bank.map(|bank| {
        (
            format!("{} ({})", bank.short_name, bank.name),
            json!(bank.short_name),
        )
    });
    let warnings = reading.warnings.iter().map(|warning| Odd {
        code: warning.code(),
        tag: warning.tag().map(|tag| tag.to_string()),
    });
    Found {
        kind: "vietqr",
        fields: said(vec![
            ("bank", bank),
            ("bin", own(Some(code.bin().to_string()))),
            ("wallet", own(code.wallet().map(wallet))),
            ("account", own(Some(code.account().as_str()))),
            ("amount", money(code.amount())),
            ("purpose", own(code.purpose())),
            ("bill", own(code.additional().bill())),
            ("reference", own(code.additional().reference())),
            ("payee", own(code.merchant_name())),
            ("city", own(code.merchant_city())),
            ("service", word(service, words)),
            ("usage", word(usage, words)),
        ]),
        warnings: warnings.collect(),
    }
}

fn wallet(wallet: Wallet) -> String {
    match wallet {
        Wallet::MoMo => "MoMo",
        Wallet::ZaloPay => "ZaloPay",
        Wallet::ViettelMoney => "Viettel Money",
        Wallet::VnptMoney => "VNPT Money",
        _ => "",
    }
    .to_owned()
}

fn other_payment(code: &OtherPayment) -> Found {
    let scheme = match code.scheme() {
        Scheme::VnPay => Some("VNPAY-QR"),
        Scheme::ShopeePay => Some("ShopeePay"),
        Scheme::Evn => Some("EVN"),
        _ => None,
    };
    Found {
        kind: "other_payment",
        fields: said(vec![
            ("scheme", own(scheme)),
            ("merchant", own(code.merchant_id())),
            ("payee", own(code.merchant_name())),
            ("amount", money(code.amount())),
            ("bill", own(code.additional().bill())),
            ("purpose", own(code.additional().purpose())),
        ]),
        warnings: vec![Odd::new("payee_not_checked")],
    }
}

fn citizen_card(reading: &CitizenReading, words: &Words) -> Found {
    let card = &reading.card;
    let province = card
        .number
        .birth_province()
        .map(|province| province.name().to_owned());
    Found {
        kind: "citizen_card",
        fields: said(vec![
            ("number", own(Some(card.number.as_str().to_owned()))),
            ("old_number", own(card.old_number.clone())),
            ("name", own(Some(card.name.clone()))),
            ("birth_date", day(Some(card.birth_date))),
            ("sex", card.sex.and_then(|sex| sex_in(sex, words))),
            ("residence", own(Some(card.residence.clone()))),
            ("issued", day(card.issued)),
            ("birth_province", own(province)),
        ]),
        warnings: reading
            .warnings
            .iter()
            .map(|warning| Odd::new(citizen_warning(*warning)))
            .collect(),
    }
}

fn citizen_warning(warning: CitizenCardWarning) -> &'static str {
    match warning {
        CitizenCardWarning::UnknownProvince => "unknown_province",
        CitizenCardWarning::SexDiffers => "sex_differs",
        CitizenCardWarning::BirthYearDiffers => "birth_year_differs",
        CitizenCardWarning::UnknownSex => "unknown_sex",
        CitizenCardWarning::OddOldNumber => "odd_old_number",
        CitizenCardWarning::IssuedBeforeBirth => "issued_before_birth",
        CitizenCardWarning::OddFieldCount => "odd_field_count",
        _ => "odd",
    }
}

fn insurance_card(card: &InsuranceCard, words: &Words) -> Found {
    let birth_date = match card.birth_date {
        BirthDate::Day(date) => day(Some(date)),
        BirthDate::Year(year) => Some((year.to_string(), json!(year.to_string()))),
    };
    Found {
        kind: "insurance_card",
        fields: said(vec![
            ("number", own(Some(card.number.as_str().to_owned()))),
            ("name", own(Some(card.name.clone()))),
            ("birth_date", birth_date),
            ("sex", card.sex.and_then(|sex| sex_in(sex, words))),
            ("address", own(card.address.clone())),
            ("facility", own(card.facility.clone())),
            ("valid_from", day(card.valid_from)),
            ("valid_to", day(card.valid_to)),
            ("issued", day(card.issued)),
            (
                "benefit_level",
                card.benefit_level
                    .map(|level| (level.to_string(), json!(level))),
            ),
            ("five_years_from", day(card.five_years_from)),
            ("parent", own(card.parent.clone())),
            ("issuing_place", own(card.issuing_place.clone())),
        ]),
        warnings: Vec::new(),
    }
}

/// The secret inside is not shown.
fn enrolment(text: &str, now: Timestamp) -> Result<Found, Failure> {
    let code = Enrolment::read(text, now).map_err(|error| AppError::Enrolment {
        reason: match error {
            EnrolmentError::NotOurs => EnrolmentRefusal::NotOurs,
            EnrolmentError::Altered | EnrolmentError::Malformed => EnrolmentRefusal::Altered,
            EnrolmentError::Expired => EnrolmentRefusal::Expired,
        },
    })?;
    Ok(Found {
        kind: "enrolment",
        fields: said(vec![
            ("clinic", own(Some(code.clinic_name))),
            ("address", own(Some(code.clinic_url))),
            (
                "expires",
                Some((
                    code.expires
                        .in_vietnam()
                        .format("%d/%m/%Y %H:%M")
                        .to_string(),
                    json!(code.expires.to_fhir()),
                )),
            ),
            ("key", own(Some(code.public_key.to_string()))),
        ]),
        warnings: Vec::new(),
    })
}

fn sex_in(sex: Sex, words: &Words) -> Said {
    let key = match sex {
        Sex::Male => "sex-male",
        Sex::Female => "sex-female",
    };
    word(key, words)
}
