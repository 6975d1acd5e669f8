//! What a scanned text says, field by field.

use chrono::NaiveDate;
use serde_json::{Map, Value, json};
use sokhoe_domain::{GrantScope, Timestamp, Vnd};
use sokhoe_qr::Sex;

use crate::words::Words;

/// What a text is.
#[derive(Debug)]
pub(super) struct Found {
    /// A stable name of what it is.
    pub kind: &'static str,
    /// What it says, absent things included.
    pub fields: Vec<Field>,
    /// What is odd.
    pub warnings: Vec<Odd>,
}

/// One thing that a code says.
#[derive(Debug)]
pub(super) struct Field {
    /// A stable name.
    pub key: &'static str,
    /// For people; empty when the code does not say it.
    pub text: String,
    /// For programs: dates are ISO 8601, money is whole đồng, what the code does not say is null.
    pub value: Value,
}

/// Something odd.
#[derive(Debug, PartialEq, Eq)]
pub(super) struct Odd {
    /// A stable name.
    pub code: &'static str,
    /// Where, in a payment code.
    pub tag: Option<String>,
}

impl Odd {
    pub fn new(code: &'static str) -> Self {
        Self { code, tag: None }
    }
}

impl Found {
    /// One object: the kind, every field, and the codes of what is odd.
    pub fn to_json(&self) -> Value {
        let mut object = Map::new();
        object.insert("kind".to_owned(), json!(self.kind));
        for field in &self.fields {
            object.insert(field.key.to_owned(), field.value.clone());
        }
        let codes: Vec<_> = self.warnings.iter().map(|odd| odd.code).collect();
        object.insert("warnings".to_owned(), json!(codes));
        let places: Vec<_> = self
            .warnings
            .iter()
            .filter_map(|odd| Some(json!({"code": odd.code, "tag": odd.tag.as_ref()?})))
            .collect();
        if !places.is_empty() {
            object.insert("warning_tags".to_owned(), json!(places));
        }
        Value::Object(object)
    }
}

/// A text of the code, the same for people and programs.
pub(super) fn text(key: &'static str, text: Option<impl Into<String>>) -> Field {
    let text: Option<String> = text.map(Into::into);
    Field {
        key,
        value: json!(text),
        text: text.unwrap_or_default(),
    }
}

pub(super) fn money(key: &'static str, amount: Option<Vnd>) -> Field {
    Field {
        key,
        text: amount.map(|amount| amount.to_string()).unwrap_or_default(),
        value: json!(amount.map(Vnd::dong)),
    }
}

pub(super) fn day(key: &'static str, date: Option<NaiveDate>) -> Field {
    Field {
        key,
        text: date
            .map(|date| date.format("%d/%m/%Y").to_string())
            .unwrap_or_default(),
        value: json!(date.map(|date| date.to_string())),
    }
}

pub(super) fn instant(key: &'static str, at: Option<Timestamp>) -> Field {
    Field {
        key,
        text: at
            .map(|at| at.in_vietnam().format("%d/%m/%Y %H:%M").to_string())
            .unwrap_or_default(),
        value: json!(at.map(Timestamp::to_fhir)),
    }
}

pub(super) fn number(key: &'static str, number: Option<u32>) -> Field {
    Field {
        key,
        text: number.map(|number| number.to_string()).unwrap_or_default(),
        value: json!(number),
    }
}

/// One of a few words: programs have its code, people the message.
pub(super) fn word(key: &'static str, code: Value, message: &str, words: &Words) -> Field {
    Field {
        key,
        text: words.say(message),
        value: code,
    }
}

/// What people do not read as a line: the whole tree of a code.
pub(super) fn hidden(key: &'static str, value: Value) -> Field {
    Field {
        key,
        text: String::new(),
        value,
    }
}

/// FHIR's AdministrativeGender.
pub(super) fn sex(sex: Option<Sex>, words: &Words) -> Field {
    match sex {
        Some(Sex::Male) => word("sex", json!("male"), "sex-male", words),
        Some(Sex::Female) => word("sex", json!("female"), "sex-female", words),
        None => text("sex", None::<String>),
    }
}

pub(super) fn scope(scope: GrantScope) -> &'static str {
    match scope {
        GrantScope::Book => "book",
        GrantScope::SeeSummary => "see-summary",
        GrantScope::SeeEverything => "see-everything",
        GrantScope::Pay => "pay",
    }
}
