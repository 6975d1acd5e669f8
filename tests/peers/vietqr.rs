//! VietQR against two libraries by different authors in different languages, both directions.

mod case;
mod damage;
mod dice;
mod known;
mod ledger;

use std::process::Command;

use serde_json::{Map, Value, json};
use sokhoe_qr::VietQr;
use sokhoe_qr::vietqr::{Initiation, Service};

use crate::filter::{ask, folder, prepared};
use case::{Case, told_by};
use damage::damaged;
use dice::Dice;
use ledger::{Finding, Known, Ledger};

const CASES: usize = 10_000;

struct Peer {
    name: &'static str,
    command: fn() -> Command,
    /// Fields that it neither writes nor reads.
    lacks: &'static [&'static str],
    /// What it writes where nothing is given, if not what we do.
    defaults: fn(&mut Case),
}

static NODE: Peer = Peer {
    name: "vietnam-qr-pay",
    command: || {
        let mut node = Command::new("node");
        node.arg(folder().join("vietqr.mjs"));
        node
    },
    lacks: &["language", "language_name", "language_city"],
    defaults: |_| {},
};

static PYTHON: Peer = Peer {
    name: "napas-qr-python",
    command: || {
        let mut python = Command::new(prepared("SOKHOE_PEERS_PYTHON"));
        python.arg(folder().join("vietqr.py"));
        python
    },
    lacks: &[],
    defaults: |case| {
        case.service.get_or_insert(Service::ToAccount);
        case.initiation.get_or_insert(Initiation::Dynamic);
    },
};

impl Peer {
    fn ask(&self, questions: impl Iterator<Item = Value>) -> Vec<Value> {
        let questions: Vec<String> = questions.map(|question| question.to_string()).collect();
        ask(&mut (self.command)(), &questions)
    }

    fn read(&self, texts: &[String]) -> Vec<Result<Map<String, Value>, Value>> {
        self.ask(
            texts
                .iter()
                .map(|text| json!({"op": "decode", "text": text})),
        )
        .into_iter()
        .map(accepted)
        .collect()
    }

    /// Notes every field that the two readers tell differently.
    fn compare(
        &self,
        (asked, text): (Option<&Case>, &str),
        ours: &Map<String, Value>,
        theirs: &Map<String, Value>,
        ledger: &mut Ledger,
    ) {
        for (what, ours) in ours {
            if !self.lacks.contains(&what.as_str()) && theirs.get(what) != Some(ours) {
                ledger.note(&Finding {
                    asked,
                    text,
                    what,
                    ours: ours.clone(),
                    theirs: theirs.get(what).cloned().unwrap_or_default(),
                });
            }
        }
    }
}

/// An answer, or the peer's refusal.
fn accepted(answer: Value) -> Result<Map<String, Value>, Value> {
    match answer {
        Value::Object(answer) if answer["ok"] == true => Ok(answer),
        refusal => Err(refusal["error"].clone()),
    }
}

/// Payments that our builder makes, and their codes.
fn our_payments(seed: u64, wanted: impl Fn(&Case) -> bool) -> Vec<(Case, String)> {
    let dice = Dice::new(seed);
    std::iter::repeat_with(|| Case::random(&dice))
        .filter(wanted)
        .filter_map(|case| {
            let text = case.builder().build().ok()?.as_str().to_owned();
            Some((case, text))
        })
        .take(CASES)
        .collect()
}

fn reads_what_we_write(peer: &Peer, known: &'static [Known]) {
    let mut ledger = Ledger::new(format!("{} reads what we write", peer.name), known);
    let (cases, texts): (Vec<Case>, Vec<String>) = our_payments(1, |_| true).into_iter().unzip();
    for ((case, text), theirs) in cases.iter().zip(&texts).zip(peer.read(&texts)) {
        let ours = VietQr::read(text).expect("what we write").code;
        assert_typed(case, &ours);
        match theirs {
            Ok(theirs) => peer.compare((Some(case), text), &told_by(&ours), &theirs, &mut ledger),
            Err(theirs) => ledger.note(&Finding {
                asked: Some(case),
                text,
                what: "accepts",
                ours: true.into(),
                theirs,
            }),
        }
    }
    ledger.close(CASES);
}

fn writes_what_we_read(peer: &Peer, known: &'static [Known]) {
    let mut ledger = Ledger::new(format!("we read what {} writes", peer.name), known);
    let dice = Dice::new(2);
    let cases: Vec<Case> = (0..CASES)
        .map(|_| Case::random(&dice).without(peer.lacks))
        .collect();
    let answers = peer.ask(cases.iter().map(Case::question));
    for (case, answer) in cases.iter().zip(answers) {
        let theirs = accepted(answer).map(|answer| answer["text"].clone());
        let ours = our_code(case.clone(), peer);
        let same = match (&ours, &theirs) {
            (Ok(ours), Ok(theirs)) => ours == theirs,
            (Err(_), Err(_)) => true,
            (Ok(_), Err(_)) | (Err(_), Ok(_)) => false,
        };
        let text = theirs.as_ref().ok().and_then(Value::as_str);
        if !same {
            ledger.note(&Finding {
                asked: Some(case),
                text: text.unwrap_or(&case.question().to_string()),
                what: "code",
                ours: ours.unwrap_or_else(|error| error),
                theirs: theirs.clone().unwrap_or_else(|error| error),
            });
        }
        let Some(text) = text else { continue };
        match VietQr::read(text) {
            Ok(reading) => {
                let told = told_by(&reading.code);
                let asked = (Some(case), text);
                peer.compare(asked, &told, &case.told(), &mut ledger);
                assert_typed(case, &reading.code);
                assert_eq!(reading.code.as_str(), text, "read and written again");
            }
            Err(error) => ledger.note(&Finding {
                asked: Some(case),
                text,
                what: "accepts",
                ours: error.code().into(),
                theirs: true.into(),
            }),
        }
    }
    ledger.close(CASES);
}

/// The code that our builder makes of the same, or why it refuses.
fn our_code(mut case: Case, peer: &Peer) -> Result<Value, Value> {
    (peer.defaults)(&mut case);
    match case.builder().build() {
        Ok(code) => Ok(code.as_str().into()),
        Err(error) => Err(error.to_string().into()),
    }
}

/// What our reader makes of several fields together; the peers tell them one by one.
fn assert_typed(case: &Case, code: &VietQr) {
    assert_eq!(code.fee(), case.fee(), "{}", code.as_str());
    assert_eq!(
        code.alternate_language(),
        case.alternate_language(),
        "{}",
        code.as_str()
    );
}

fn reads_damaged_codes_as_we_do(peer: &Peer, known: &'static [Known]) {
    let mut ledger = Ledger::new(format!("{} and we read damaged codes", peer.name), known);
    let dice = Dice::new(3);
    let texts: Vec<String> = our_payments(4, Case::is_ascii)
        .iter()
        .map(|(_, text)| damaged(text, &dice))
        .collect();
    for (text, theirs) in texts.iter().zip(peer.read(&texts)) {
        let (ours, theirs) = match (VietQr::read(text), theirs) {
            (Ok(ours), Ok(theirs)) => {
                peer.compare((None, text), &told_by(&ours.code), &theirs, &mut ledger);
                continue;
            }
            (Err(_), Err(_)) => continue,
            (Ok(_), Err(theirs)) => (true.into(), theirs),
            (Err(ours), Ok(_)) => (ours.code().into(), true.into()),
        };
        ledger.note(&Finding {
            asked: None,
            text,
            what: "accepts",
            ours,
            theirs,
        });
    }
    ledger.close(CASES);
}

#[test]
fn vietnam_qr_pay_reads_what_we_write() {
    reads_what_we_write(&NODE, known::NODE_READS_OURS);
}

#[test]
fn napas_qr_python_reads_what_we_write() {
    reads_what_we_write(&PYTHON, known::PYTHON_READS_OURS);
}

#[test]
fn we_read_what_vietnam_qr_pay_writes() {
    writes_what_we_read(&NODE, known::NODE_WRITES);
}

#[test]
fn we_read_what_napas_qr_python_writes() {
    writes_what_we_read(&PYTHON, known::PYTHON_WRITES);
}

#[test]
fn vietnam_qr_pay_and_damaged_codes() {
    reads_damaged_codes_as_we_do(&NODE, known::NODE_READS_DAMAGED);
}

#[test]
fn napas_qr_python_and_damaged_codes() {
    reads_damaged_codes_as_we_do(&PYTHON, known::PYTHON_READS_DAMAGED);
}
