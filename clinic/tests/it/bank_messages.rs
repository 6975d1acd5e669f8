//! What banks tell: believed only when it is theirs, counted once, and every đồng accounted for.

use std::collections::{BTreeMap, HashMap, HashSet};
use std::time::Duration;

use serde_json::json;
use sokhoe_clinic::{
    ClinicError, InvoiceLine, IssuedInvoice, Means, MoneyBook, NotSettled, Settlement,
};
use sokhoe_domain::Vnd;
use sokhoe_domain::ports::{Clock as _, Rng as _};
use sokhoe_testing::SeededRng;
use sokhoe_testing::bank::{BANK_KEY, BankMessage, BankProvider, BankTransfer};

use crate::support::desk::DeskPage;
use crate::support::http::{Connection, Reply};
use crate::support::{Hospital, MOTHER, hospital};

/// The account on the invoices.
const ACCOUNT: &str = "119000123456";

fn invoice(hospital: &Hospital, amount: i64) -> IssuedInvoice {
    let line = InvoiceLine {
        name: "Xét nghiệm".to_owned(),
        amount: Vnd::new(amount),
    };
    hospital.clinic.issue_invoice(MOTHER, vec![line]).unwrap()
}

fn transfer(id: u64, amount: i64, text: &str) -> BankTransfer {
    BankTransfer {
        id,
        bank_reference: format!("FT26326{id:06}"),
        account: ACCOUNT.to_owned(),
        amount,
        text: text.to_owned(),
    }
}

async fn send(hospital: &Hospital, message: &BankMessage) -> Reply {
    let mut connection = hospital.connect().await;
    send_on(&mut connection, message).await
}

async fn send_on(connection: &mut Connection, message: &BankMessage) -> Reply {
    let headers = message.headers();
    connection
        .ask("POST", &message.path, &headers, &message.body)
        .await
}

/// Told by a provider now, with its key.
async fn tell(hospital: &Hospital, provider: BankProvider, transfer: &BankTransfer) {
    let now = hospital.clock.now().as_millis();
    let reply = send(hospital, &transfer.told_by(provider, BANK_KEY, now)).await;
    assert_eq!(
        (reply.status, reply.body.as_str()),
        (200, r#"{"success":true}"#),
        "{provider:?}"
    );
}

fn book(hospital: &Hospital) -> MoneyBook {
    let book = hospital.clinic.money_book().unwrap();
    assert_eq!(
        book.arrived,
        book.applied + book.refunded + book.dismissed + book.open
    );
    book
}

fn state(hospital: &Hospital, invoice: &IssuedInvoice) -> String {
    let rows = format!("SELECT state FROM invoice WHERE id = '{}'", invoice.id);
    hospital.database.rows(&rows).concat().concat()
}

/// The reasons for which payments wait, by what they are called.
fn waiting(hospital: &Hospital) -> BTreeMap<String, String> {
    let open = hospital.clinic.payments_to_settle().unwrap();
    open.into_iter().map(|it| (it.id, it.reason)).collect()
}

#[tokio::test]
async fn a_transfer_pays_its_invoice_once_whoever_tells_of_it_how_often() {
    let hospital = hospital().await;
    let phone = hospital.phone("device-one", &[MOTHER]).await;
    let (_, cursor) = phone.changes(MOTHER, None).await;
    for (number, provider) in (1_u32..).zip(BankProvider::ALL) {
        let due = invoice(&hospital, 100_000 + i64::from(number));
        let text = format!("IBFT {} kham benh", due.reference.to_lowercase());
        let mut paid = transfer(u64::from(number), due.amount.dong(), &text);
        paid.account = if number == 1 { "VQRQ00021" } else { ACCOUNT }.to_owned();
        tell(&hospital, provider, &paid).await;
        assert_eq!(state(&hospital, &due), "balanced", "{provider:?}");
        // Again, also later, also by the others.
        hospital.clock.advance(Duration::from_secs(3_600));
        for again in BankProvider::ALL {
            tell(&hospital, again, &paid).await;
        }
    }
    assert_eq!(waiting(&hospital), BTreeMap::new());
    let book = book(&hospital);
    assert_eq!((book.arrived, book.applied), (300_006, 300_006));
    // The phone hears of it, with the bank's number.
    let (changed, _) = phone.changes(MOTHER, Some(&cursor)).await;
    let notices: Vec<_> = changed
        .iter()
        .map(|entry| &entry["resource"])
        .filter(|resource| resource["resourceType"] == "PaymentNotice")
        .collect();
    assert_eq!(notices.len(), 3);
    assert_eq!(notices[0]["identifier"][0]["value"], "FT26326000001");
    hospital.running.shutdown().await;
}

#[tokio::test]
async fn a_message_that_is_forged_old_or_altered_changes_nothing() {
    let hospital = hospital().await;
    let due = invoice(&hospital, 105_000);
    let paid = transfer(1, 105_000, &due.reference);
    let now = hospital.clock.now().as_millis();
    for provider in BankProvider::ALL {
        let sound = paid.told_by(provider, BANK_KEY, now);
        let mut bad = vec![paid.told_by(provider, "another-key-of-others", now)];
        if provider != BankProvider::Payos {
            bad.push(paid.told_by(provider, BANK_KEY, now - 301_000));
            bad.push(paid.told_by(provider, BANK_KEY, now + 301_000));
            bad.push(BankMessage {
                headers: Vec::new(),
                ..sound.clone()
            });
        }
        for (what, instead) in [
            ("105000", "905000"),
            (ACCOUNT, "119000123457"),
            ("FT26326", "FT26327"),
        ] {
            let body = sound.body.replace(what, instead);
            assert_ne!(body, sound.body);
            bad.push(BankMessage {
                body,
                ..sound.clone()
            });
        }
        bad.push(BankMessage {
            body: String::new(),
            ..sound.clone()
        });
        for message in bad {
            let reply = send(&hospital, &message).await;
            assert_eq!(
                (reply.status, reply.body.as_str()),
                (401, r#"{"success":false}"#),
                "{message:?}"
            );
        }
        // One provider's message is none of another.
        for other in BankProvider::ALL {
            if other != provider {
                let path = format!("/bank-messages/{}", other.name());
                let elsewhere = BankMessage {
                    path,
                    ..sound.clone()
                };
                assert_eq!(send(&hospital, &elsewhere).await.status, 401);
            }
        }
    }
    let unknown = BankMessage {
        path: "/bank-messages/momo".to_owned(),
        ..paid.told_by(BankProvider::Payos, BANK_KEY, now)
    };
    assert_eq!(send(&hospital, &unknown).await.status, 404);
    let long = BankMessage {
        body: " ".repeat(65 * 1024),
        ..paid.told_by(BankProvider::Sepay, BANK_KEY, now)
    };
    assert_eq!(send(&hospital, &long).await.status, 413);
    assert_eq!(hospital.database.number("SELECT count(*) FROM payment"), 0);
    assert_eq!(state(&hospital, &due), "issued");
    hospital.running.shutdown().await;
}

#[tokio::test]
async fn what_does_not_fit_waits_with_its_reason_and_a_person_settles_it() {
    let hospital = hospital().await;
    let sepay = BankProvider::Sepay;
    let [first, second, third] = [50_000, 60_000, 70_000].map(|due| invoice(&hospital, due));
    let both = format!("{} {}", first.reference, second.reference);
    let cases = [
        (1, 49_000, first.reference.clone(), "underpaid"),
        (2, 61_000, second.reference.clone(), "overpaid"),
        (3, 70_000, "kham benh".to_owned(), "unknown-reference"),
        (4, 70_000, "SK999999".to_owned(), "unknown-reference"),
        (5, 110_000, both, "several-references"),
    ];
    for (id, amount, text, reason) in &cases {
        tell(&hospital, sepay, &transfer(*id, *amount, text)).await;
        assert_eq!(waiting(&hospital)[&format!("sepay:{id}")], *reason);
    }
    tell(&hospital, sepay, &transfer(6, 70_000, &third.reference)).await;
    tell(&hospital, sepay, &transfer(7, 70_000, &third.reference)).await;
    let foreign = BankTransfer {
        account: "9990001".to_owned(),
        ..transfer(8, 50_000, &first.reference)
    };
    tell(&hospital, sepay, &foreign).await;
    // The same transfer under another number, and the same number with other words.
    let renumbered = BankTransfer {
        id: 9,
        ..transfer(6, 70_000, &third.reference)
    };
    tell(&hospital, sepay, &renumbered).await;
    let changed = BankTransfer {
        bank_reference: "FT-other".to_owned(),
        ..transfer(6, 71_000, &third.reference)
    };
    for _ in 0..3 {
        tell(&hospital, sepay, &changed).await;
    }
    let known = waiting(&hospital);
    assert_eq!(known["sepay:7"], "already-paid");
    assert_eq!(known["sepay:8"], "other-account");
    assert_eq!(known["sepay:9"], "same-transfer");
    let conflict = known
        .iter()
        .find(|(_, reason)| *reason == "conflict")
        .map(|(id, _)| id.clone());
    let conflict = conflict.expect("a conflict");
    assert_eq!(known.len(), 9, "{known:?}");
    let before = book(&hospital);
    assert_eq!(before.applied, 70_000);

    let settle = |id: &str, settlement: Settlement| hospital.clinic.settle_payment(id, settlement);
    let apply = |reference: &str| Settlement::Apply {
        reference: reference.to_owned(),
    };
    let refund = |receipt: &str| Settlement::Refund {
        receipt: receipt.to_owned(),
        means: Means::Transfer,
    };
    let refused = |said: Result<Vnd, ClinicError>| match said {
        Err(ClinicError::NotSettled(why)) => why,
        other => panic!("{other:?}"),
    };
    // What is too little pays its part; the rest is taken at the counter.
    assert_eq!(
        settle("sepay:1", apply(&first.reference)).unwrap(),
        Vnd::default()
    );
    assert_eq!(state(&hospital, &first), "issued");
    let desk = DeskPage::open(&hospital).await;
    for (amount, outcome) in [
        (50_000, None),
        (1_000, Some("applied")),
        (1_000, Some("already-counted")),
    ] {
        let payment = json!({"reference": first.reference, "amount": amount});
        let reply = desk.post("/desk/payments", payment).await;
        match outcome {
            None => assert_eq!(reply.status, 422),
            Some(outcome) => assert_eq!(reply.json()["outcome"], outcome),
        }
    }
    assert_eq!(state(&hospital, &first), "balanced");
    // What is too much pays, and what is left is given back, with a receipt.
    assert_eq!(
        settle("sepay:2", apply(&second.reference)).unwrap(),
        Vnd::new(1_000)
    );
    assert_eq!(state(&hospital, &second), "balanced");
    assert_eq!(
        refused(settle("sepay:2", refund(" "))),
        NotSettled::NoReceipt
    );
    assert_eq!(settle("sepay:2", refund("PC-17")).unwrap(), Vnd::default());
    assert_eq!(
        refused(settle("sepay:2", refund("PC-17"))),
        NotSettled::NoSuchPayment
    );
    for (id, reference, why) in [
        ("sepay:3", "SK999999", NotSettled::NoSuchInvoice),
        ("sepay:3", third.reference.as_str(), NotSettled::NothingDue),
        (
            "sepay:6",
            third.reference.as_str(),
            NotSettled::NoSuchPayment,
        ),
        (
            "nobody:1",
            third.reference.as_str(),
            NotSettled::NoSuchPayment,
        ),
    ] {
        assert_eq!(refused(settle(id, apply(reference))), why, "{id}");
    }
    let fourth = invoice(&hospital, 50_000);
    assert_eq!(
        refused(settle("sepay:8", apply(&fourth.reference))),
        NotSettled::NotOurs
    );
    assert_eq!(
        settle("sepay:3", apply(&fourth.reference)).unwrap(),
        Vnd::new(20_000)
    );
    for id in ["sepay:8", "sepay:9", conflict.as_str()] {
        assert_eq!(settle(id, Settlement::Dismiss).unwrap(), Vnd::default());
    }
    for id in ["sepay:3", "sepay:4", "sepay:5", "sepay:7"] {
        assert_eq!(settle(id, refund("PC-18")).unwrap(), Vnd::default());
    }
    assert_eq!(waiting(&hospital), BTreeMap::new());
    let after = book(&hospital);
    assert_eq!(after.arrived, before.arrived + 1_000);
    assert_eq!(after.applied, 50_000 + 60_000 + 70_000 + 50_000);
    assert_eq!(after.dismissed, 50_000 + 70_000 + 71_000);
    assert_eq!(after.open, 0);
    hospital.running.shutdown().await;
}

/// What is left to be paid after a part was applied is paid by a transfer of just that.
#[tokio::test]
async fn the_rest_of_an_invoice_is_paid_by_a_second_transfer() {
    let hospital = hospital().await;
    let due = invoice(&hospital, 80_000);
    tell(
        &hospital,
        BankProvider::Casso,
        &transfer(1, 30_000, &due.reference),
    )
    .await;
    let apply = Settlement::Apply {
        reference: due.reference.clone(),
    };
    hospital.clinic.settle_payment("casso:1", apply).unwrap();
    tell(
        &hospital,
        BankProvider::Casso,
        &transfer(2, 50_000, &due.reference),
    )
    .await;
    assert_eq!(state(&hospital, &due), "balanced");
    assert_eq!(waiting(&hospital), BTreeMap::new());
    hospital.running.shutdown().await;
}

/// What the clinic must have counted, by rules said in another way than the clinic's.
#[derive(Default)]
struct Model {
    /// Payments by provider and number: what was told under it.
    told: HashMap<(BankProvider, String), HashSet<(i64, String)>>,
    /// Who told of a transfer: by the bank's number, the account, the amount.
    tellers: HashMap<(String, String, i64), HashSet<BankProvider>>,
    arrived: i64,
}

impl Model {
    fn number(provider: BankProvider, transfer: &BankTransfer) -> String {
        match provider {
            BankProvider::Payos => transfer.bank_reference.clone(),
            _ => transfer.id.to_string(),
        }
    }

    fn hears(&mut self, provider: BankProvider, transfer: &BankTransfer) {
        let number = (provider, Self::number(provider, transfer));
        let said = (transfer.amount, transfer.text.clone());
        let of_bank = (
            transfer.bank_reference.clone(),
            transfer.account.clone(),
            transfer.amount,
        );
        let is_new_number = !self.told.contains_key(&number);
        let tellers = self.tellers.get(&of_bank);
        if is_new_number && tellers.is_some_and(|by| !by.contains(&provider)) {
            return;
        }
        if self.told.entry(number).or_default().insert(said) {
            self.arrived += transfer.amount;
            self.tellers.entry(of_bank).or_default().insert(provider);
        }
    }
}

/// So many messages; more are asked for with `SOKHOE_BANK_MESSAGES`.
fn how_many() -> u32 {
    let asked = std::env::var("SOKHOE_BANK_MESSAGES").ok();
    asked.and_then(|text| text.parse().ok()).unwrap_or(2_000)
}

/// Messages forged, repeated, reordered and altered: nothing forged is accepted, and the sum is always right.
#[tokio::test]
async fn whatever_arrives_in_whatever_order_the_sum_is_right() {
    let hospital = hospital().await;
    let rng = SeededRng::new(20_261_201);
    let random = |below: u64| {
        let mut bytes = [0; 8];
        rng.fill(&mut bytes);
        u64::from_le_bytes(bytes) % below
    };
    let pick = |below: usize| usize::try_from(random(below as u64)).unwrap();
    let mut model = Model::default();
    let mut invoices: Vec<IssuedInvoice> = Vec::new();
    let mut sent: Vec<(BankProvider, BankTransfer)> = Vec::new();
    let mut connection = hospital.connect().await;
    let (mut forged, mut settled, mut next) = (0, 0, 0);
    for step in 0..how_many() {
        if step % 8 == 0 {
            let amount = 10_000 + i64::try_from(random(50)).unwrap() * 1_000;
            invoices.push(invoice(&hospital, amount));
        }
        if random(50) == 0 {
            hospital.clock.advance(Duration::from_secs(random(7_200)));
        }
        if random(12) == 0
            && let Some(open) = hospital.clinic.payments_to_settle().unwrap().first()
        {
            let settlement = match random(3) {
                0 => Settlement::Refund {
                    receipt: format!("PC-{step}"),
                    means: Means::Cash,
                },
                1 => Settlement::Dismiss,
                _ => Settlement::Apply {
                    reference: invoices[pick(invoices.len())].reference.clone(),
                },
            };
            settled += u32::from(hospital.clinic.settle_payment(&open.id, settlement).is_ok());
        }
        let provider = BankProvider::ALL[pick(3)];
        let (provider, transfer) = match random(10) {
            // Told again, by the same or by another.
            0 | 1 if !sent.is_empty() => {
                let (by, transfer) = sent[pick(sent.len())].clone();
                (if random(2) == 0 { by } else { provider }, transfer)
            }
            // The same number with something else.
            2 if !sent.is_empty() => {
                let (by, mut transfer) = sent[pick(sent.len())].clone();
                if random(2) == 0 {
                    transfer.amount += 1_000;
                } else {
                    transfer.text.push('X');
                }
                (by, transfer)
            }
            // The same transfer under another number.
            3 if !sent.is_empty() => {
                let (by, transfer) = sent[pick(sent.len())].clone();
                next += 1;
                (
                    by,
                    BankTransfer {
                        id: next,
                        ..transfer
                    },
                )
            }
            kind => {
                next += 1;
                let of = &invoices[pick(invoices.len())];
                let amount = match random(4) {
                    0 => of.amount.dong() + 1_000 * i64::try_from(random(5)).unwrap() - 2_000,
                    _ => of.amount.dong(),
                };
                let text = match kind {
                    4 => "kham benh".to_owned(),
                    5 => format!("{}{}", of.reference, invoices[0].reference),
                    _ => format!("MBVCB.{next}.{}.CT tu 0011", of.reference),
                };
                let account = if random(20) == 0 { "0011" } else { ACCOUNT };
                let transfer = BankTransfer {
                    account: account.to_owned(),
                    ..transfer(next, amount, &text)
                };
                (provider, transfer)
            }
        };
        let now = hospital.clock.now().as_millis();
        let mut message = transfer.told_by(provider, BANK_KEY, now);
        let is_forged = random(4) == 0;
        if is_forged {
            forged += 1;
            match random(3) {
                0 => message = transfer.told_by(provider, "guessed-by-somebody", now),
                1 => {
                    let digit = char::from(b'1' + u8::try_from(random(8)).unwrap());
                    let amount = transfer.amount.to_string();
                    let other = format!("{amount}{digit}");
                    message.body = message.body.replacen(&amount, &other, 1);
                }
                _ if provider == BankProvider::Payos => {
                    message.body = message.body.replace("VND", "USD");
                }
                _ => message = transfer.told_by(provider, BANK_KEY, now - 301_000),
            }
        }
        let reply = send_on(&mut connection, &message).await;
        let expected = if is_forged { 401 } else { 200 };
        assert_eq!(reply.status, expected, "step {step}: {message:?}");
        if !is_forged {
            model.hears(provider, &transfer);
            sent.push((provider, transfer));
        }
        if step % (how_many() / 10).max(1) == 0 {
            assert_eq!(book(&hospital).arrived, model.arrived, "step {step}");
        }
    }
    let book = book(&hospital);
    assert_eq!(book.arrived, model.arrived);
    // No invoice is paid more than it is over, and exactly those are balanced that are paid.
    let wrong = hospital.database.number(
        "SELECT count(*) FROM invoice i WHERE
           (SELECT COALESCE(SUM(e.amount), 0) FROM payment_entry e WHERE e.invoice = i.reference) > i.amount
           OR (i.state = 'balanced') <>
              ((SELECT COALESCE(SUM(e.amount), 0) FROM payment_entry e WHERE e.invoice = i.reference) = i.amount)",
    );
    assert_eq!(wrong, 0);
    eprintln!(
        "{} messages, {forged} forged, {settled} settled: {book:?}",
        how_many()
    );
    assert!(book.applied > 0 && book.open > 0 && forged > 0 && settled > 0);
    hospital.running.shutdown().await;
}
