//! From what the scanner read to what a screen shows.

use sokhoe_domain::Vnd;
use sokhoe_qr::citizen_card::{CitizenNumber, Reading as CitizenReading};
use sokhoe_qr::insurance_card::{BirthDate, InsuranceNumber, Reading as InsuranceReading};
use sokhoe_qr::other_payment::Scheme;
use sokhoe_qr::scan::Why;
use sokhoe_qr::signed::Ticket;
use sokhoe_qr::vietqr::{Reading as VietQrReading, Wallet, Warning};
use sokhoe_qr::{Enrolment, HealthLink, Invitation, MoveParcel, MoveRequest, OtherPayment, Sex};

use super::views::{
    CitizenCardView, InsuranceCardView, PaymentScheme, ScanView, ScannedPaymentView, ScannedView,
};
use crate::words::Words;

fn view(content: ScannedView, key: &str, warnings: Vec<String>, words: &Words) -> ScanView {
    ScanView {
        content,
        text: words.say(key),
        warnings,
    }
}

pub(super) fn vietqr(reading: &VietQrReading, words: &Words) -> ScanView {
    let code = &reading.code;
    let scheme = match code.wallet() {
        Some(Wallet::MoMo) => PaymentScheme::MoMo,
        Some(Wallet::ZaloPay) => PaymentScheme::ZaloPay,
        Some(Wallet::ViettelMoney) => PaymentScheme::ViettelMoney,
        Some(Wallet::VnptMoney) => PaymentScheme::VnptMoney,
        _ => PaymentScheme::VietQr,
    };
    let payment = ScannedPaymentView {
        scheme,
        bank: Some(code.bin().short_name().into_owned()),
        account: Some(code.account().as_str().to_owned()),
        payee_name: code.merchant_name().map(str::to_owned),
        amount: code.amount(),
        amount_text: amount_text(code.amount()),
        purpose: code.purpose().map(str::to_owned),
        bill: code.additional().bill().map(str::to_owned),
        has_fee: code.payload().get(55).is_some(),
        is_static: code.is_static(),
    };
    let warnings = payment_warnings(&reading.warnings, words);
    view(
        ScannedView::Payment { payment },
        "scan-payment",
        warnings,
        words,
    )
}

pub(super) fn other_payment(code: &OtherPayment, words: &Words) -> ScanView {
    let scheme = match code.scheme() {
        Scheme::VnPay => PaymentScheme::VnPay,
        Scheme::ShopeePay => PaymentScheme::ShopeePay,
        Scheme::Evn => PaymentScheme::Evn,
        _ => PaymentScheme::Other,
    };
    let payment = ScannedPaymentView {
        scheme,
        bank: None,
        account: code.merchant_id().map(str::to_owned),
        payee_name: code.merchant_name().map(str::to_owned),
        amount: code.amount(),
        amount_text: amount_text(code.amount()),
        purpose: code.additional().purpose().map(str::to_owned),
        bill: code.additional().bill().map(str::to_owned),
        has_fee: code.payload().get(55).is_some(),
        is_static: code.is_static(),
    };
    let warnings = payment_warnings(code.warnings(), words);
    view(
        ScannedView::Payment { payment },
        "scan-other-payment",
        warnings,
        words,
    )
}

fn amount_text(amount: Option<Vnd>) -> String {
    amount.map(|amount| amount.to_string()).unwrap_or_default()
}

/// Of the oddities of a payment code only those that a person can do something about.
fn payment_warnings(warnings: &[Warning], words: &Words) -> Vec<String> {
    warnings
        .iter()
        .filter_map(|warning| match warning {
            Warning::UnknownBank(_) => Some("scan-warning-unknown-bank"),
            Warning::UnknownService => Some("scan-warning-unknown-service"),
            Warning::ForeignCountry => Some("scan-warning-foreign-country"),
            Warning::FeeMismatch => Some("scan-warning-fee"),
            Warning::Duplicate(_) | Warning::BadAmount | Warning::OutOfOrder(_) => {
                Some("scan-warning-contradictory")
            }
            Warning::NotAscii | Warning::Invisible => Some("scan-warning-letters"),
            _ => None,
        })
        .map(|key| words.say(key))
        .collect()
}

pub(super) fn citizen_card(reading: &CitizenReading, words: &Words) -> ScanView {
    let card = &reading.card;
    let shown = CitizenCardView {
        number: card.number.as_str().to_owned(),
        old_number: card.old_number.clone(),
        name: Some(card.name.clone()),
        birth_date: Some(card.birth_date.to_string()),
        gender: card.sex.map(gender),
        residence: Some(card.residence.clone()).filter(|text| !text.is_empty()),
        birth_province: province(&card.number),
    };
    let codes = reading.warnings.iter().map(|warning| warning.code());
    let warnings = card_warnings(codes, words);
    view(
        ScannedView::CitizenCard { card: shown },
        "scan-citizen-card",
        warnings,
        words,
    )
}

pub(super) fn citizen_number(number: &CitizenNumber, words: &Words) -> ScanView {
    let card = CitizenCardView {
        number: number.as_str().to_owned(),
        old_number: None,
        name: None,
        birth_date: None,
        gender: Some(gender(number.sex())),
        residence: None,
        birth_province: province(number),
    };
    view(
        ScannedView::CitizenCard { card },
        "scan-citizen-number",
        Vec::new(),
        words,
    )
}

/// What is odd about a card; every code has words.
fn card_warnings(codes: impl Iterator<Item = &'static str>, words: &Words) -> Vec<String> {
    codes
        .map(|code| words.say(&format!("scan-warning-{}", dashed(code))))
        .collect()
}

fn province(number: &CitizenNumber) -> Option<String> {
    number
        .birth_province()
        .map(|province| province.name().to_owned())
}

pub(super) fn insurance_card(reading: &InsuranceReading, words: &Words) -> ScanView {
    let card = &reading.card;
    let shown = InsuranceCardView {
        number: card.number.as_str().to_owned(),
        name: Some(card.name.clone()),
        birth_date: Some(match card.birth_date {
            BirthDate::Day(day) => day.to_string(),
            BirthDate::Year(year) => year.to_string(),
        }),
        gender: card.sex.map(gender),
        facility: card.facility.clone(),
        valid_from: card.valid_from.map(|day| day.to_string()),
        valid_to: card.valid_to.map(|day| day.to_string()),
        benefit_level: card.benefit_level,
        benefit_percent: card.benefit().map(|benefit| benefit.percent),
    };
    let codes = reading.warnings.iter().map(|warning| warning.code());
    let warnings = card_warnings(codes, words);
    view(
        ScannedView::InsuranceCard { card: shown },
        "scan-insurance-card",
        warnings,
        words,
    )
}

pub(super) fn insurance_number(number: &InsuranceNumber, words: &Words) -> ScanView {
    let level = number.benefit_level();
    let benefit = level.and_then(sokhoe_qr::insurance_card::Benefit::of_level);
    let card = InsuranceCardView {
        number: number.as_str().to_owned(),
        name: None,
        birth_date: None,
        gender: None,
        facility: None,
        valid_from: None,
        valid_to: None,
        benefit_level: level,
        benefit_percent: benefit.map(|benefit| benefit.percent),
    };
    let warnings = if number.could_be_phone() {
        vec![words.say("scan-warning-could-be-phone")]
    } else {
        Vec::new()
    };
    view(
        ScannedView::InsuranceCard { card },
        "scan-insurance-number",
        warnings,
        words,
    )
}

pub(super) fn enrolment(code: Enrolment, words: &Words) -> ScanView {
    let content = ScannedView::Enrolment {
        clinic_name: code.clinic_name,
        clinic_url: code.clinic_url,
        expires: code.expires,
    };
    view(content, "scan-enrolment", Vec::new(), words)
}

pub(super) fn invitation(code: Invitation, words: &Words) -> ScanView {
    let content = ScannedView::Invitation {
        person: code.person,
        clinic_name: code.clinic_name,
        scopes: code.scopes.into_iter().collect(),
        expires: code.expires,
    };
    view(content, "scan-invitation", Vec::new(), words)
}

pub(super) fn share(
    link: HealthLink,
    clinic_name: Option<String>,
    is_known: bool,
    words: &Words,
) -> ScanView {
    let warnings = match (&clinic_name, is_known) {
        (Some(_), true) => Vec::new(),
        (Some(_), false) => vec![words.say("scan-warning-signer-unknown")],
        (None, _) => vec![words.say("scan-warning-not-signed")],
    };
    let content = ScannedView::Share {
        clinic_name,
        is_known,
        label: link.label,
        passcode: link.passcode,
        expires: link.expires,
    };
    view(content, "scan-share", warnings, words)
}

pub(super) fn ticket(ticket: &Ticket, words: &Words) -> ScanView {
    let content = ScannedView::Ticket {
        number: ticket.number,
        start: ticket.start,
    };
    view(content, "scan-ticket", Vec::new(), words)
}

pub(super) fn move_request(request: MoveRequest, words: &Words) -> ScanView {
    let content = ScannedView::MoveRequest {
        device_name: request.device_name,
        expires: request.expires,
    };
    view(content, "scan-move-request", Vec::new(), words)
}

pub(super) fn move_parcel(parcel: &MoveParcel, words: &Words) -> ScanView {
    let content = ScannedView::MoveParcel {
        part: parcel.part,
        of: parcel.of,
    };
    view(content, "scan-move-parcel", Vec::new(), words)
}

pub(super) fn url(address: String, words: &Words) -> ScanView {
    view(ScannedView::Url { address }, "scan-url", Vec::new(), words)
}

pub(super) fn unknown(why: &Why, words: &Words) -> ScanView {
    let key = match why {
        Why::Payment(_) => "scan-unknown-payment".to_owned(),
        Why::CitizenCard(_) => "scan-unknown-citizen-card".to_owned(),
        Why::InsuranceCard(_) => "scan-unknown-insurance-card".to_owned(),
        other => format!("scan-unknown-{}", dashed(other.code())),
    };
    let content = ScannedView::Unknown {
        reason: why.code().to_owned(),
        position: why
            .position()
            .and_then(|position| u32::try_from(position).ok()),
    };
    let key = if words.has(&key) {
        &key
    } else {
        "scan-unknown-unrecognised"
    };
    view(content, key, Vec::new(), words)
}

/// FHIR's AdministrativeGender.
fn gender(sex: Sex) -> String {
    match sex {
        Sex::Male => "male",
        Sex::Female => "female",
    }
    .to_owned()
}

/// Message keys have dashes where codes have underscores.
fn dashed(code: &str) -> String {
    code.replace('_', "-")
}
