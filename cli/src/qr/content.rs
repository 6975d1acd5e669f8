//! From what the scanner read to fields; codes of our own are proven where that is possible.

use serde_json::json;
use sokhoe_domain::Timestamp;
use sokhoe_qr::citizen_card::{CitizenNumber, Reading as CitizenReading};
use sokhoe_qr::insurance_card::{Benefit, BirthDate, InsuranceNumber, Reading as InsuranceReading};
use sokhoe_qr::signed::{
    Enrolment, Invitation, PaymentOrderDetails, PublicKey, Refusal, Ticket, Trust, UnprovenTicket,
};
use sokhoe_qr::{HealthLink, Scanned, TicketGate};

use super::fields::{Field, Found, Odd, day, instant, money, number, scope, sex, text, word};
use super::payment;
use crate::words::Words;

/// What a reader knows beside the text.
pub(super) struct Context<'a> {
    pub now: Timestamp,
    /// The keys of the clinics that count; codes that carry their own key are only checked for being
    /// whole where there are none.
    pub keys: &'a [PublicKey],
    pub words: &'a Words,
}

/// Takes a text apart that [`sokhoe_qr::scan()`] knows.
pub(super) fn found(scanned: Scanned, context: &Context<'_>) -> Result<Found, Refusal> {
    let words = context.words;
    let trust = if context.keys.is_empty() {
        Trust::Carried
    } else {
        Trust::Known(context.keys)
    };
    Ok(match scanned {
        Scanned::VietQr(reading) => payment::vietqr(&reading, words),
        Scanned::OtherPayment(code) => payment::other(&code, words),
        Scanned::CitizenCard(reading) => citizen_card(&reading, words),
        Scanned::CitizenNumber(number) => citizen_number(&number, words),
        Scanned::InsuranceCard(reading) => insurance_card(&reading, words),
        Scanned::InsuranceNumber(number) => insurance_number(&number),
        Scanned::Enrolment(code) => enrolment(&code.prove(context.now, trust)?),
        Scanned::Invitation(code) => invitation(&code.prove(context.now, trust)?),
        Scanned::ShareLink(code) => {
            let share = code.prove(context.now, trust)?;
            let mut found = share_link(&share.link, Some((&share.clinic_name, share.public_key)));
            if context.keys.is_empty() {
                // Anybody can sign with a key of their own and call themselves a hospital.
                found.warnings.push(Odd::new("signer_unknown"));
            }
            found
        }
        Scanned::HealthLink(link) => share_link(&link, None),
        Scanned::Ticket(ticket) => ticket_of(*ticket, context)?,
        Scanned::PaymentOrder(code) if context.keys.is_empty() => {
            payment_order(code.claims(), false)
        }
        Scanned::PaymentOrder(code) => payment_order(&code.prove(context.now, trust)?, true),
        Scanned::Url(address) => Found {
            kind: "unknown",
            fields: vec![text("why", Some("url")), text("address", Some(address))],
            warnings: vec![Odd::new("not_opened")],
        },
        _ => Found {
            kind: "unknown",
            fields: vec![text("why", Some("unrecognised"))],
            warnings: Vec::new(),
        },
    })
}

fn citizen_card(reading: &CitizenReading, words: &Words) -> Found {
    let card = &reading.card;
    Found {
        kind: "cccd",
        fields: vec![
            text("number", Some(card.number.as_str())),
            text("old_number", card.old_number.as_deref()),
            text("name", Some(card.name.as_str())),
            day("birth_date", Some(card.birth_date)),
            sex(card.sex, words),
            text("residence", Some(card.residence.as_str())),
            day("issued", card.issued),
            province(&card.number),
        ],
        warnings: reading
            .warnings
            .iter()
            .map(|warning| Odd::new(warning.code()))
            .collect(),
    }
}

fn citizen_number(number: &CitizenNumber, words: &Words) -> Found {
    let warnings = match number.birth_province() {
        Some(_) => Vec::new(),
        None => vec![Odd::new("unknown_province")],
    };
    Found {
        kind: "cccd",
        fields: vec![
            text("number", Some(number.as_str())),
            sex(Some(number.sex()), words),
            text("birth_year", Some(number.birth_year().to_string())),
            province(number),
        ],
        warnings,
    }
}

fn province(number: &CitizenNumber) -> Field {
    text(
        "birth_province",
        number.birth_province().map(|province| province.name()),
    )
}

fn insurance_card(reading: &InsuranceReading, words: &Words) -> Found {
    let card = &reading.card;
    let birth_date = match card.birth_date {
        BirthDate::Day(date) => day("birth_date", Some(date)),
        BirthDate::Year(year) => text("birth_date", Some(year.to_string())),
    };
    let mut fields = vec![
        text("number", Some(card.number.as_str())),
        text("name", Some(card.name.as_str())),
        birth_date,
        sex(card.sex, words),
        text("address", card.address.as_deref()),
        text("facility", card.facility.as_deref()),
        day("valid_from", card.valid_from),
        day("valid_to", card.valid_to),
        day("issued", card.issued),
        day("five_years_from", card.five_years_from),
        text("parent", card.parent.as_deref()),
        text("area", card.area.as_deref()),
        text("issuing_place", card.issuing_place.as_deref()),
    ];
    fields.extend(benefit(card.benefit_level));
    Found {
        kind: "bhyt",
        fields,
        warnings: reading
            .warnings
            .iter()
            .map(|warning| Odd::new(warning.code()))
            .collect(),
    }
}

fn insurance_number(number: &InsuranceNumber) -> Found {
    let mut fields = vec![
        text("number", Some(number.as_str())),
        text("object", number.object()),
    ];
    fields.extend(benefit(number.benefit_level()));
    let warnings = if number.could_be_phone() {
        vec![Odd::new("could_be_phone")]
    } else {
        Vec::new()
    };
    Found {
        kind: "bhyt",
        fields,
        warnings,
    }
}

fn benefit(level: Option<u8>) -> [Field; 2] {
    let percent = level.and_then(Benefit::of_level);
    [
        number("benefit_level", level.map(Into::into)),
        number(
            "benefit_percent",
            percent.map(|benefit| benefit.percent.into()),
        ),
    ]
}

/// The secret inside is not shown.
fn enrolment(code: &Enrolment) -> Found {
    Found {
        kind: "enrolment",
        fields: vec![
            text("clinic", Some(code.clinic_name.as_str())),
            text("address", Some(code.clinic_url.as_str())),
            instant("expires", Some(code.expires)),
            text("key", Some(code.public_key.to_string())),
        ],
        warnings: Vec::new(),
    }
}

fn invitation(code: &Invitation) -> Found {
    let scopes: Vec<_> = code.scopes.iter().map(|of| scope(*of)).collect();
    Found {
        kind: "invite",
        fields: vec![
            text("person", Some(code.person.as_str())),
            Field {
                key: "scopes",
                text: scopes.join(", "),
                value: json!(scopes),
            },
            text("clinic", Some(code.clinic_name.as_str())),
            text("address", Some(code.clinic_url.as_str())),
            instant("expires", Some(code.expires)),
            text("key", Some(code.public_key.to_string())),
        ],
        warnings: Vec::new(),
    }
}

/// Neither address nor key are shown: both together are the document.
fn share_link(link: &HealthLink, signer: Option<(&str, PublicKey)>) -> Found {
    let warnings = match signer {
        Some(_) => Vec::new(),
        None => vec![Odd::new("not_signed")],
    };
    Found {
        kind: "share",
        fields: vec![
            text("label", link.label.as_deref()),
            text("clinic", signer.map(|(name, _)| name)),
            instant("expires", link.expires),
            Field {
                key: "passcode",
                text: String::new(),
                value: json!(link.passcode),
            },
            text("key", signer.map(|(_, key)| key.to_string())),
        ],
        warnings,
    }
}

fn ticket_of(code: UnprovenTicket, context: &Context<'_>) -> Result<Found, Refusal> {
    if context.keys.is_empty() {
        return Ok(ticket(code.claims(), false, context.words));
    }
    let ticket_read = TicketGate::new(context.keys).check_read(&code, context.now)?;
    Ok(ticket(&ticket_read, true, context.words))
}

fn ticket(ticket: &Ticket, is_verified: bool, words: &Words) -> Found {
    Found {
        kind: "ticket",
        fields: vec![
            number("number", Some(ticket.number)),
            instant("start", Some(ticket.start)),
            instant("valid_from", Some(ticket.valid_from())),
            instant("valid_until", Some(ticket.valid_until())),
            verified(is_verified, words),
        ],
        warnings: not_verified(is_verified),
    }
}

fn payment_order(order: &PaymentOrderDetails, is_verified: bool) -> Found {
    Found {
        kind: "payment_order",
        fields: vec![
            text("clinic", Some(order.clinic.as_str())),
            text("bin", Some(order.bin.as_str())),
            text("account", Some(order.account.as_str())),
            text("merchant_name", Some(order.payee_name.as_str())),
            money("amount", Some(order.amount)),
            text("reference", Some(order.reference.as_str())),
        ],
        warnings: not_verified(is_verified),
    }
}

fn verified(is_verified: bool, words: &Words) -> Field {
    let message = if is_verified { "qr-yes" } else { "qr-no" };
    word("verified", json!(is_verified), message, words)
}

fn not_verified(is_verified: bool) -> Vec<Odd> {
    if is_verified {
        Vec::new()
    } else {
        vec![Odd::new("not_verified")]
    }
}
