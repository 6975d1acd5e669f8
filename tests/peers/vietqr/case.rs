//! Random payments: as a question to a peer, as our builder makes them, as our reader tells them.

use std::collections::BTreeMap;

use serde_json::{Map, Value, json};
use sokhoe_app::domain::Vnd;
use sokhoe_qr::vietqr::{
    Initiation, LONGEST_PURPOSE, Service, VietQrBuilder, bank_safe_purpose, bank_safe_reference,
};
use sokhoe_qr::{VietQr, bank};

use super::dice::Dice;

/// A field of text that a payment may have, beside payee, service, initiation and amount.
struct Field {
    /// Its name in questions and answers.
    name: &'static str,
    /// How our builder takes it; unset while it does not.
    write: Option<fn(VietQrBuilder, &str) -> VietQrBuilder>,
    read: fn(&VietQr) -> Option<String>,
    random: fn(&Dice) -> String,
}

macro_rules! fields {
    ($($name:literal, $write:expr, |$code:ident| $read:expr, |$dice:ident| $random:expr;)*) => {
        [$(Field {
            name: $name,
            write: $write,
            read: |$code| $read.map(str::to_owned),
            random: |$dice| $random.to_string(),
        }),*]
    };
}

static FIELDS: [Field; 19] = fields! {
    "category", Some(VietQrBuilder::mcc), |code| code.mcc(), |dice| dice.digits(4, 4);
    "fee_indicator", None, |code| code.payload().get(55), |dice| dice.pick(&["01", "02", "03"]);
    "fee_fixed", None, |code| code.payload().get(56), |dice| dice.below(1_000_000) + 1;
    "fee_percent", None, |code| code.payload().get(57), |dice| dice.pick(&["00.01", "05.50", "99.99"]);
    "merchant_name", Some(VietQrBuilder::merchant_name), |code| code.merchant_name(), |dice| dice.name(25);
    "merchant_city", Some(VietQrBuilder::merchant_city), |code| code.merchant_city(), |dice| dice.name(15);
    "postal_code", None, |code| code.payload().get(61), |dice| dice.printable(10);
    "bill_number", Some(VietQrBuilder::bill), |code| code.additional().bill(), |dice| dice.printable(25);
    "mobile_number", None, |code| code.additional().mobile(), |dice| dice.digits(9, 11);
    "store_label", Some(VietQrBuilder::store), |code| code.additional().store(), |dice| dice.printable(25);
    "loyalty_number", None, |code| code.additional().loyalty(), |dice| dice.printable(25);
    "reference", Some(VietQrBuilder::reference_label), |code| code.additional().reference(), |dice| dice.printable(25);
    "customer_label", None, |code| code.additional().customer(), |dice| dice.printable(25);
    "terminal_label", Some(VietQrBuilder::terminal), |code| code.additional().terminal(), |dice| dice.printable(25);
    "purpose", Some(write_purpose), |code| code.purpose(), |dice| dice.purpose(25);
    "consumer_request", None, |code| code.additional().consumer_request(), |dice| dice.pick(&["A", "ME", "AME", "***"]);
    "language", None, |code| inside(code, 64, 0).as_deref(), |dice| dice.pick(&["vi", "en"]);
    "language_name", None, |code| inside(code, 64, 1).as_deref(), |dice| dice.name(25);
    "language_city", None, |code| inside(code, 64, 2).as_deref(), |dice| dice.name(15);
};

/// The fields of tag 62.
const ADDITIONAL: [&str; 9] = [
    "bill_number",
    "mobile_number",
    "store_label",
    "loyalty_number",
    "reference",
    "customer_label",
    "terminal_label",
    "purpose",
    "consumer_request",
];

fn inside(code: &VietQr, template: u8, tag: u8) -> Option<String> {
    let objects = code.payload().template(template).ok()?;
    let object = objects.iter().find(|object| object.id() == tag)?;
    Some(object.value().to_owned())
}

fn write_purpose(builder: VietQrBuilder, purpose: &str) -> VietQrBuilder {
    if bank_safe_reference(purpose) == purpose {
        builder.purpose_limit(LONGEST_PURPOSE).reference(purpose)
    } else if bank_safe_purpose("", purpose, LONGEST_PURPOSE).as_deref() == Some(purpose) {
        builder.purpose_limit(LONGEST_PURPOSE).purpose(purpose)
    } else {
        builder.verbatim_purpose(purpose)
    }
}

/// One payment.
pub struct Case {
    bin: String,
    account: String,
    service: Option<Service>,
    initiation: Option<Initiation>,
    amount: Option<u64>,
    fields: BTreeMap<&'static str, String>,
}

impl Case {
    /// Any payment that VietQR has a place for.
    pub fn random(dice: &Dice) -> Self {
        let services = [
            Service::ToAccount,
            Service::ToCard,
            Service::Push,
            Service::Cash,
        ];
        let mut case = Self {
            bin: dice.pick(bank::all()).bin.to_string(),
            account: dice.account(),
            service: (!dice.one_in(16)).then(|| dice.pick(&services).clone()),
            initiation: (!dice.one_in(16))
                .then(|| *dice.pick(&[Initiation::Static, Initiation::Dynamic])),
            amount: dice.one_in(2).then(|| dice.amount()),
            fields: FIELDS
                .iter()
                .filter(|_| dice.one_in(4))
                .map(|field| (field.name, (field.random)(dice)))
                .collect(),
        };
        match case.fields.get("fee_indicator").map(String::as_str) {
            Some("02") => case.complete(&["fee_fixed"], dice),
            Some("03") => case.complete(&["fee_percent"], dice),
            _ => {}
        }
        let needs: &[&str] = match case.service {
            Some(Service::Push) => &["category", "merchant_name", "merchant_city"],
            Some(Service::Cash) => &["category", "reference", "terminal_label"],
            _ => &[],
        };
        if !dice.one_in(8) {
            case.complete(needs, dice);
            if case.service == Some(Service::Cash) {
                case.fields.insert("category", "6011".to_owned());
            }
        }
        case
    }

    fn complete(&mut self, needs: &[&str], dice: &Dice) {
        for field in FIELDS.iter().filter(|field| needs.contains(&field.name)) {
            self.fields
                .entry(field.name)
                .or_insert_with(|| (field.random)(dice));
        }
    }

    /// The payment without these fields.
    pub fn without(mut self, fields: &[&str]) -> Self {
        self.fields.retain(|name, _| !fields.contains(name));
        self
    }

    /// The payment without what our builder has no place for.
    pub fn for_our_builder(mut self) -> Self {
        self.service.get_or_insert(Service::ToAccount);
        self.initiation.get_or_insert(Initiation::Static);
        let missing: Vec<&str> = FIELDS
            .iter()
            .filter(|field| field.write.is_none())
            .map(|field| field.name)
            .collect();
        self.without(&missing)
    }

    /// Whether every text is printable ASCII.
    pub fn is_ascii(&self) -> bool {
        self.fields.values().all(|text| text.is_ascii())
    }

    /// Whether a character takes two units of UTF-16.
    pub fn has_emoji(&self) -> bool {
        self.fields.values().any(|text| text.contains('🏥'))
    }

    /// Whether the additional data stay within the 99 characters of tag 62.
    pub fn fits(&self) -> bool {
        let additional = self
            .fields
            .iter()
            .filter(|(name, _)| ADDITIONAL.contains(name));
        additional
            .map(|(_, text)| 4 + text.encode_utf16().count())
            .sum::<usize>()
            <= 99
    }

    /// Whether a field is left out.
    pub fn lacks(&self, field: &str) -> bool {
        match field {
            "service" => self.service.is_none(),
            "init" => self.initiation.is_none(),
            name => !self.fields.contains_key(name),
        }
    }

    /// What a peer is asked to write.
    pub fn question(&self) -> Value {
        let mut question = self.told();
        question.retain(|name, value| {
            !value.is_null() && !["guid", "currency", "country"].contains(&name.as_str())
        });
        question.insert("op".to_owned(), "encode".into());
        question.into()
    }

    /// What a reader should tell.
    pub fn told(&self) -> Map<String, Value> {
        let told = json!({
            "guid": "A000000727",
            "currency": "704",
            "country": "VN",
            "bin": self.bin,
            "account": self.account,
            "service": self.service.as_ref().map(Service::as_code),
            "init": self.initiation.map(Initiation::as_code),
            "amount": self.amount.map(|amount| amount.to_string()),
        });
        with_fields(told, |field| self.fields.get(field.name).cloned())
    }

    /// Our builder with all of it; unset when it has no place for something.
    pub fn builder(&self) -> Option<VietQrBuilder> {
        let mut builder = VietQr::transfer(&*self.bin, &*self.account)
            .service(self.service.clone()?)
            .initiation(self.initiation?);
        if let Some(amount) = self.amount {
            builder = builder.amount(Vnd::new(amount.try_into().ok()?));
        }
        FIELDS
            .iter()
            .filter_map(|field| Some((field, self.fields.get(field.name)?)))
            .try_fold(builder, |builder, (field, value)| {
                Some((field.write?)(builder, value))
            })
    }
}

/// What our reader tells, by the names of the peers' answers.
pub fn told_by(code: &VietQr) -> Map<String, Value> {
    let payload = code.payload();
    let amount = code.amount().map(|amount| amount.dong().to_string());
    let told = json!({
        "guid": inside(code, 38, 0),
        "currency": payload.get(53),
        "country": payload.get(58),
        "bin": code.bin().to_string(),
        "account": code.account().as_str(),
        "service": code.service().map(Service::as_code),
        "init": code.initiation().map(Initiation::as_code),
        "amount": amount,
    });
    with_fields(told, |field| (field.read)(code))
}

fn with_fields(told: Value, value: impl Fn(&Field) -> Option<String>) -> Map<String, Value> {
    let Value::Object(mut told) = told else {
        unreachable!("both callers write an object");
    };
    for field in &FIELDS {
        told.insert(field.name.to_owned(), value(field).into());
    }
    told
}
