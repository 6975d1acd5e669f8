//! VietQR against two libraries by different authors in different languages, both directions.

use std::process::Command;

use serde_json::{Value, json};
use sokhoe_app::domain::Vnd;
use sokhoe_app::domain::ports::Rng;
use sokhoe_qr::VietQr;
use sokhoe_testing::SeededRng;

use crate::filter::{ask, folder, prepared};

struct Case {
    bin: &'static str,
    account: String,
    amount: Option<i64>,
    purpose: Option<String>,
}

fn cases() -> Vec<Case> {
    let rng = SeededRng::new(4);
    let number = |below: u64| {
        let mut bytes = [0; 8];
        rng.fill(&mut bytes);
        u64::from_le_bytes(bytes) % below
    };
    let bins = [
        "970415", "970436", "970418", "970405", "970422", "971025", "546034",
    ];
    (0..300)
        .map(|n| {
            let digits = usize::try_from(6 + number(14)).unwrap();
            Case {
                bin: bins[n % bins.len()],
                account: (0..digits)
                    .map(|_| char::from(b'0' + u8::try_from(number(10)).unwrap()))
                    .collect(),
                amount: (n % 3 != 0).then(|| i64::try_from(1 + number(499_999_999)).unwrap()),
                purpose: (n % 2 == 0).then(|| format!("SK{:06}", number(1_000_000))),
            }
        })
        .collect()
}

fn ours(case: &Case) -> String {
    let mut builder = VietQr::transfer(case.bin, case.account.as_str());
    if let Some(amount) = case.amount {
        builder = builder.amount(Vnd::new(amount));
    }
    if let Some(purpose) = &case.purpose {
        builder = builder.reference(purpose);
    }
    builder.build().expect("a code").as_str()
}

fn peers() -> [(&'static str, Command); 2] {
    let mut node = Command::new("node");
    node.arg(folder().join("vietqr.mjs"));
    let mut python = Command::new(prepared("SOKHOE_PEERS_PYTHON"));
    python.arg(folder().join("vietqr.py"));
    [("vietnam-qr-pay", node), ("napas-qr-python", python)]
}

#[test]
fn others_read_what_we_write() {
    let cases = cases();
    let questions: Vec<String> = cases
        .iter()
        .map(|case| json!({"op": "decode", "text": ours(case)}).to_string())
        .collect();
    for (peer, mut command) in peers() {
        for (case, answer) in cases.iter().zip(ask(&mut command, &questions)) {
            assert_eq!(
                answer["ok"],
                true,
                "{peer} refuses {}: {answer}",
                ours(case)
            );
            let text = |name: &str| match &answer[name] {
                Value::String(text) => text.clone(),
                Value::Number(number) => number.to_string(),
                _ => String::new(),
            };
            assert_eq!(
                (text("bin").as_str(), text("account")),
                (case.bin, case.account.clone()),
                "{peer}"
            );
            assert_eq!(
                text("amount"),
                case.amount.map(|a| a.to_string()).unwrap_or_default(),
                "{peer}"
            );
            assert_eq!(
                text("purpose"),
                case.purpose.clone().unwrap_or_default(),
                "{peer}"
            );
        }
    }
}

#[test]
fn we_read_what_others_write() {
    let cases = cases();
    let questions: Vec<String> = cases
        .iter()
        .map(|case| {
            let mut question = json!({"op": "encode", "bin": case.bin, "account": case.account, "service": "QRIBFTTA"});
            if let Some(amount) = case.amount {
                question["amount"] = amount.to_string().into();
            }
            if let Some(purpose) = &case.purpose {
                question["purpose"] = purpose.clone().into();
            }
            question.to_string()
        })
        .collect();
    for (peer, mut command) in peers() {
        for (case, answer) in cases.iter().zip(ask(&mut command, &questions)) {
            let text = answer["text"]
                .as_str()
                .unwrap_or_else(|| panic!("{peer} refuses: {answer}"));
            let read = VietQr::read(text)
                .unwrap_or_else(|error| panic!("{peer} wrote {text}: {error}"))
                .code;
            assert_eq!(
                (read.bin().to_string().as_str(), read.account().as_str()),
                (case.bin, case.account.as_str()),
                "{peer}"
            );
            assert_eq!(read.amount(), case.amount.map(Vnd::new), "{peer}");
            assert_eq!(read.purpose(), case.purpose.as_deref(), "{peer}");
            assert_eq!(
                read.as_str(),
                text,
                "{peer}: read and written again it is the same text"
            );
        }
    }
}
