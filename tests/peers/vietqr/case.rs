//! Random payments: as a question to a peer, as our builder makes them, as our reader tells them.

use std::collections::BTreeMap;

use serde_json::{Map, Value, json};
use sokhoe_app::domain::Vnd;
use sokhoe_qr::vietqr::{
    AlternateLanguage, Fee, Initiation, LONGEST_PURPOSE, Service, VietQrBuilder, bank_safe_purpose,
    bank_safe_reference,
};
use sokhoe_qr::{VietQr, bank};

use super::dice::Dice;

/// A field of text that a payment may have, beside payee, service, initiation and amount.
struct Field {
    /// Its name in questions and answers.
    name: &'static str,
    /// How our builder takes it; unset where it is part of a fee or of another language.
    write: Option<Setter>,
    read: fn(&VietQr) -> Option<&str>,
    random: fn(&Dice) -> String,
}

type Setter = for<'a> fn(VietQrBuilder<'a>, &'a str) -> VietQrBuilder<'a>;

macro_rules! fields {
    ($($name:literal, $write:expr, |$code:ident| $read:expr, |$dice:ident| $random:expr;)*) => {
        [$(Field {
            name: $name,
            write: $write,
            read: |$code| $read,
            random: |$dice| $random.to_string(),
        }),*]
    };
}

static FIELDS: [Field; 19] = fields! {
    "category", Some(|to, text| to.mcc(text)), |code| code.mcc(), |dice| dice.digits(4, 4);
    "fee_indicator", None, |code| code.payload().get(55), |dice| dice.pick(&["01", "02", "03"]);
    "fee_fixed", None, |code| code.payload().get(56), |dice| dice.below(1_000_000) + 1;
    "fee_percent", None, |code| code.payload().get(57), |dice| dice.percent();
    "merchant_name", Some(|to, text| to.merchant_name(text)), |code| code.merchant_name(), |dice| dice.name(25);
    "merchant_city", Some(|to, text| to.merchant_city(text)), |code| code.merchant_city(), |dice| dice.name(15);
    "postal_code", Some(|to, text| to.postal_code(text)), |code| code.postal_code(), |dice| dice.printable(10);
    "bill_number", Some(|to, text| to.bill(text)), |code| code.additional().bill(), |dice| dice.printable(25);
    "mobile_number", Some(|to, text| to.mobile(text)), |code| code.additional().mobile(), |dice| dice.digits(9, 11);
    "store_label", Some(|to, text| to.store(text)), |code| code.additional().store(), |dice| dice.printable(25);
    "loyalty_number", Some(|to, text| to.loyalty(text)), |code| code.additional().loyalty(), |dice| dice.printable(25);
    "reference", Some(|to, text| to.reference_label(text)), |code| code.additional().reference(), |dice| dice.printable(25);
    "customer_label", Some(|to, text| to.customer(text)), |code| code.additional().customer(), |dice| dice.printable(25);
    "terminal_label", Some(|to, text| to.terminal(text)), |code| code.additional().terminal(), |dice| dice.printable(25);
    "purpose", Some(write_purpose), |code| code.purpose(), |dice| dice.purpose(25);
    "consumer_request", Some(|to, text| to.consumer_request(text)), |code| code.additional().consumer_request(),
        |dice| dice.pick(&["A", "M", "E", "AM", "EA", "ME", "AME", "EMA"]);
    "language", None, |code| inside(code, 64, 0), |dice| dice.pick(&["vi", "en"]);
    "language_name", None, |code| inside(code, 64, 1), |dice| dice.name(25);
    "language_city", None, |code| inside(code, 64, 2), |dice| dice.name(15);
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

fn inside(code: &VietQr, template: u8, tag: u8) -> Option<&str> {
    code.payload().template(template).ok()?.get(tag)
}

fn write_purpose<'a>(builder: VietQrBuilder<'a>, purpose: &'a str) -> VietQrBuilder<'a> {
    if bank_safe_reference(purpose) == purpose {
        builder.purpose_limit(LONGEST_PURPOSE).reference(purpose)
    } else if bank_safe_purpose("", purpose, LONGEST_PURPOSE).as_deref() == Some(purpose) {
        builder.purpose_limit(LONGEST_PURPOSE).purpose(purpose)
    } else {
        builder.verbatim_purpose(purpose)
    }
}

/// One payment.
#[derive(Clone)]
pub struct Case {
    bin: String,
    account: String,
    pub service: Option<Service>,
    pub initiation: Option<Initiation>,
    amount: Option<u64>,
    fields: BTreeMap<&'static str, String>,
}

impl Case {
    /// Any payment that VietQR has a place for. Most have what their service needs.
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
        let indicator = case.fields.get("fee_indicator").cloned();
        case.have("fee_fixed", indicator.as_deref() == Some("02"), dice);
        case.have("fee_percent", indicator.as_deref() == Some("03"), dice);
        let has_language = case.fields.contains_key("language");
        let has_city = has_language && case.fields.contains_key("language_city");
        case.have("language_name", has_language, dice);
        case.have("language_city", has_city, dice);
        let needs: &[&str] = match case.service {
            None | Some(Service::Push) => &["category", "merchant_name", "merchant_city"],
            Some(Service::Cash) => &["category", "reference", "terminal_label"],
            _ => &[],
        };
        if !dice.one_in(8) {
            for field in needs {
                case.have(field, true, dice);
            }
            if case.service == Some(Service::Cash) {
                case.fields.insert("category", "6011".to_owned());
            }
        }
        case
    }

    fn have(&mut self, name: &str, wanted: bool, dice: &Dice) {
        for field in FIELDS.iter().filter(|field| field.name == name) {
            if wanted {
                let random = || (field.random)(dice);
                self.fields.entry(field.name).or_insert_with(random);
            } else {
                self.fields.remove(field.name);
            }
        }
    }

    /// The payment without these fields.
    pub fn without(mut self, fields: &[&str]) -> Self {
        self.fields.retain(|name, _| !fields.contains(name));
        self
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
        with_fields(told, |field| self.text(field.name))
    }

    /// Our builder with all of it. What it makes of a missing initiation is its own matter.
    pub fn builder(&self) -> VietQrBuilder<'_> {
        let mut builder = VietQr::transfer(&self.bin, &self.account);
        builder = match &self.service {
            Some(service) => builder.service(service.clone()),
            None => builder.without_service(),
        };
        if let Some(initiation) = self.initiation {
            builder = builder.initiation(initiation);
        }
        if let Some(amount) = self.amount {
            builder = builder.amount(dong(amount));
        }
        if let Some(fee) = self.fee() {
            builder = builder.fee(fee);
        }
        if let Some(language) = self.alternate_language() {
            builder = builder.alternate_language(language);
        }
        FIELDS
            .iter()
            .filter_map(|field| Some((field.write?, self.text(field.name)?)))
            .fold(builder, |builder, (write, text)| write(builder, text))
    }

    /// The fee that the three fields make.
    pub fn fee(&self) -> Option<Fee> {
        let number = |name| {
            let text = self.text(name).expect("the indicator announces it");
            text.replace('.', "").parse::<u64>().expect("a number")
        };
        Some(match self.text("fee_indicator")? {
            "02" => Fee::Fixed(dong(number("fee_fixed"))),
            "03" => Fee::Percent(u16::try_from(number("fee_percent")).expect("four digits")),
            _ => Fee::Asked,
        })
    }

    /// The name in another language that the three fields make.
    pub fn alternate_language(&self) -> Option<AlternateLanguage<'_>> {
        Some(AlternateLanguage {
            language: self.text("language")?,
            name: self.text("language_name")?,
            city: self.text("language_city"),
        })
    }

    fn text(&self, field: &str) -> Option<&str> {
        self.fields.get(field).map(String::as_str)
    }
}

fn dong(amount: u64) -> Vnd {
    Vnd::new(amount.try_into().expect("a small amount"))
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

fn with_fields<'a>(told: Value, value: impl Fn(&Field) -> Option<&'a str>) -> Map<String, Value> {
    let Value::Object(mut told) = told else {
        unreachable!("both callers write an object");
    };
    for field in &FIELDS {
        told.insert(field.name.to_owned(), value(field).into());
    }
    told
}
