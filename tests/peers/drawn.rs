//! What we draw is read by ZXing-C++, also turned, dimmed and with 15 % noise.

use std::fmt::Write as _;
use std::process::Command;

use serde_json::{Value, json};
use sokhoe_app::domain::Vnd;
use sokhoe_app::domain::ports::Rng;
use sokhoe_qr::draw::Level;
use sokhoe_qr::{Matrix, VietQr};
use sokhoe_testing::SeededRng;

use crate::filter::{ask, folder, prepared};

/// Texts of four kinds in turn, each with the level that it is drawn at.
fn texts() -> Vec<(String, Level)> {
    let rng = SeededRng::new(11);
    let below = |limit: u64| {
        let mut bytes = [0; 8];
        rng.fill(&mut bytes);
        u64::from_le_bytes(bytes) % limit
    };
    let digits = |count: u64| -> String {
        (0..count)
            .map(|_| char::from(b'0' + u8::try_from(below(10)).unwrap()))
            .collect()
    };
    (0..200)
        .map(|n| match n % 4 {
            0 => (transfer(&digits(6 + below(14)), "kham benh", below(1_000_000)), Level::Medium),
            1 => (transfer(&digits(19), "kham benh va xet nghiem", below(400_000_000)), Level::Medium),
            2 => {
                let card = format!(
                    "{}|{}|Nguyễn Thị Ánh Tuyết|15031987|Nữ|Số {}, Phố Mẫu, Phường Đống Đa, Hà Nội|10052021",
                    digits(12),
                    digits(9),
                    below(400),
                );
                (card, Level::Medium)
            }
            _ => (digits(178), Level::Quartile),
        })
        .collect()
}

fn transfer(account: &str, purpose: &str, amount: u64) -> String {
    let code = VietQr::transfer("970436", account)
        .amount(Vnd::new(1 + i64::try_from(amount).unwrap()))
        .reference("PK8F3K2")
        .purpose(purpose);
    code.build().expect("a code").as_str().to_owned()
}

fn question(text: &str, level: Level, scale: u8) -> Value {
    let png = Matrix::encode(text, level).expect("it fits").to_png(scale);
    let hex = png.iter().fold(String::new(), |mut hex, byte| {
        let _ = write!(hex, "{byte:02x}");
        hex
    });
    json!({"png": hex})
}

/// Asks for every text, drawn and then harmed as the keys say; each must be read as it is.
fn all_are_read(scale: u8, harm: impl Fn(usize) -> Value) {
    let texts = texts();
    let questions: Vec<String> = texts
        .iter()
        .enumerate()
        .map(|(n, (text, level))| {
            let mut question = question(text, *level, scale);
            if let (Value::Object(question), Value::Object(harm)) = (&mut question, harm(n)) {
                question.extend(harm);
            }
            question.to_string()
        })
        .collect();
    let mut python = Command::new(prepared("SOKHOE_PEERS_PYTHON"));
    python.arg(folder().join("drawn.py"));
    for (n, answer) in ask(&mut python, &questions).into_iter().enumerate() {
        let (text, _) = &texts[n];
        assert_eq!(
            answer,
            json!({"ok": true, "texts": [text]}),
            "{n}: {}",
            harm(n)
        );
    }
}

fn angle(n: usize) -> usize {
    n * 37 % 360
}

#[test]
fn as_drawn() {
    all_are_read(2, |_| json!({}));
    all_are_read(6, |_| json!({}));
}

#[test]
fn turned() {
    all_are_read(4, |n| json!({"turn": angle(n)}));
}

#[test]
fn dimmed() {
    all_are_read(4, |_| json!({"black": 40, "white": 90}));
}

#[test]
fn with_15_percent_noise() {
    all_are_read(6, |n| json!({"noise": "grain", "seed": n}));
    all_are_read(6, |n| json!({"noise": "pepper", "seed": n}));
}

#[test]
fn turned_and_dimmed_with_15_percent_noise() {
    all_are_read(
        6,
        |n| json!({"turn": angle(n), "black": 40, "white": 90, "noise": "grain", "seed": n}),
    );
    all_are_read(
        6,
        |n| json!({"turn": angle(n), "black": 40, "white": 90, "noise": "pepper", "seed": n}),
    );
}
