//! What a payment code says.

use serde_json::{Value, json};
use sokhoe_qr::OtherPayment;
use sokhoe_qr::emv::{Object, Objects, Payload};
use sokhoe_qr::other_payment::Scheme;
use sokhoe_qr::vietqr::{
    AdditionalData, AlternateLanguage, Fee, Reading, Service, Wallet, Warning,
};

use super::fields::{Field, Found, Odd, hidden, money, text, word};
use crate::words::Words;

pub(super) fn vietqr(reading: &Reading, words: &Words) -> Found {
    let code = &reading.code;
    let kind = match code.wallet() {
        Some(Wallet::MoMo) => "momo",
        Some(Wallet::ZaloPay) => "zalopay",
        _ => "vietqr",
    };
    let wallet = match code.wallet() {
        Some(Wallet::MoMo) => Some("MoMo"),
        Some(Wallet::ZaloPay) => Some("ZaloPay"),
        Some(Wallet::ViettelMoney) => Some("Viettel Money"),
        Some(Wallet::VnptMoney) => Some("VNPT Money"),
        _ => None,
    };
    let bank = code.bin().bank();
    let service_words = match code.service() {
        Some(Service::ToAccount) => "qr-service-account",
        Some(Service::ToCard) => "qr-service-card",
        Some(Service::Cash) => "qr-service-cash",
        None | Some(Service::Push) => "qr-service-merchant",
        Some(_) => "qr-service-other",
    };
    let service = code.service().map(Service::as_code);
    let mut fields = vec![
        Field {
            key: "bank",
            text: bank
                .map(|bank| format!("{} ({})", bank.short_name, bank.name))
                .unwrap_or_default(),
            value: json!(bank.map(|bank| bank.short_name)),
        },
        text("bin", Some(code.bin().to_string())),
        text("wallet", wallet),
        text("account", Some(code.account().as_str())),
        word("service", json!(service), service_words, words),
        money("amount", code.amount()),
        currency(code.payload()),
        usage(code.is_static(), words),
    ];
    fields.extend(merchant(code.payload(), code.fee()));
    fields.extend(additional(code.additional()));
    fields.push(language(code.alternate_language()));
    fields.push(hidden("tags", tree(code.payload())));
    Found {
        kind,
        fields,
        warnings: odd(&reading.warnings),
    }
}

pub(super) fn other(code: &OtherPayment, words: &Words) -> Found {
    let (kind, scheme) = match code.scheme() {
        Scheme::VnPay => ("vnpay", Some("VNPAY-QR")),
        Scheme::ShopeePay => ("emv", Some("ShopeePay")),
        Scheme::Evn => ("emv", Some("EVN")),
        _ => ("emv", None),
    };
    let mut fields = vec![
        text("scheme", scheme),
        text("merchant", code.merchant_id()),
        text("bank", None::<String>),
        text("bin", None::<String>),
        text("account", None::<String>),
        text("service", None::<String>),
        money("amount", code.amount()),
        currency(code.payload()),
        usage(code.is_static(), words),
    ];
    fields.extend(merchant(code.payload(), code.fee()));
    fields.extend(additional(code.additional()));
    fields.push(hidden("tags", tree(code.payload())));
    let mut warnings = odd(code.warnings());
    warnings.push(Odd::new("payee_not_checked"));
    Found {
        kind,
        fields,
        warnings,
    }
}

fn currency(payload: &Payload) -> Field {
    let currency = payload.get(53);
    Field {
        key: "currency",
        text: String::new(),
        value: json!(currency),
    }
}

fn usage(is_static: bool, words: &Words) -> Field {
    let message = if is_static {
        "qr-usage-many"
    } else {
        "qr-usage-once"
    };
    word("static", json!(is_static), message, words)
}

fn merchant(payload: &Payload, fee: Option<Fee>) -> [Field; 6] {
    [
        text("merchant_name", payload.get(59)),
        text("city", payload.get(60)),
        text("postal_code", payload.get(61)),
        text("country", payload.get(58)),
        text("mcc", payload.get(52)),
        fee_field(fee),
    ]
}

fn fee_field(fee: Option<Fee>) -> Field {
    let (text, value) = match fee {
        None => (String::new(), Value::Null),
        Some(Fee::Asked) => ("?".to_owned(), json!({"asked": true})),
        Some(Fee::Fixed(fee)) => (fee.to_string(), json!({"fixed": fee.dong()})),
        Some(Fee::Percent(fee)) => {
            let percent = format!("{}.{:02}", fee / 100, fee % 100);
            (format!("{percent} %"), json!({"percent": percent}))
        }
    };
    Field {
        key: "fee",
        text,
        value,
    }
}

fn additional(data: AdditionalData<'_>) -> [Field; 9] {
    [
        text("purpose", data.purpose()),
        text("bill", data.bill()),
        text("reference", data.reference()),
        text("store", data.store()),
        text("terminal", data.terminal()),
        text("mobile", data.mobile()),
        text("loyalty", data.loyalty()),
        text("customer", data.customer()),
        text("consumer_request", data.consumer_request()),
    ]
}

fn language(language: Option<AlternateLanguage<'_>>) -> Field {
    let value = language.map(|language| {
        json!({"language": language.language, "name": language.name, "city": language.city})
    });
    Field {
        key: "alternate_language",
        text: language
            .map(|language| format!("{} ({})", language.name, language.language))
            .unwrap_or_default(),
        value: json!(value),
    }
}

fn odd(warnings: &[Warning]) -> Vec<Odd> {
    warnings
        .iter()
        .map(|warning| Odd {
            code: warning.code(),
            tag: warning.tag().map(|tag| tag.to_string()),
        })
        .collect()
}

/// Every object of the code in its order, checksum included.
fn tree(payload: &Payload) -> Value {
    let mut objects = branch(
        payload.objects(),
        |object| matches!(object.id(), 26..=51 | 62 | 64 | 80..=99),
    );
    let crc = payload.as_str().get(payload.as_str().len() - 4..);
    objects.push(json!({"tag": "63", "value": crc}));
    Value::Array(objects)
}

fn branch(objects: Objects<'_>, is_template: fn(&Object<'_>) -> bool) -> Vec<Value> {
    objects
        .map(|object| {
            let mut node = json!({"tag": format!("{:02}", object.id()), "value": object.value()});
            let children = object.children().filter(|_| is_template(&object));
            if let Some(children) = children {
                node["children"] = Value::Array(branch(children, is_inner_template));
            }
            node
        })
        .collect()
}

/// 38.01, and payment systems' templates in 62.
fn is_inner_template(object: &Object<'_>) -> bool {
    object.value().starts_with("00") && matches!(object.id(), 1 | 50..=99)
}
