use std::sync::LazyLock;
use std::time::Duration;

use ring::signature::Ed25519KeyPair;
use sokhoe_domain::Timestamp;
use sokhoe_qr::payee::compare_payee;
use sokhoe_qr::signed::{
    Enrolment, Invitation, Kind, MoveParcel, MoveRequest, PaymentOrder, PaymentOrderDetails,
    PublicKey, Refusal, ShareLink, Ticket, TicketGate, TicketSheet, Trust, Unproven,
    UnprovenTicket,
};
use sokhoe_qr::{Bin, VietQr};

use super::{assert_error_hides, assert_hidden, shown};

static KEY: LazyLock<Ed25519KeyPair> =
    LazyLock::new(|| Ed25519KeyPair::from_seed_unchecked(&[1; 32]).expect("32 bytes are a seed"));
static PUBLIC: LazyLock<PublicKey> =
    LazyLock::new(|| PublicKey::of(&KEY).expect("32 bytes are a key"));
/// Nobody has signed anything with it.
static STRANGER: LazyLock<PublicKey> = LazyLock::new(|| {
    let key = Ed25519KeyPair::from_seed_unchecked(&[0xEE; 32]).expect("32 bytes are a seed");
    PublicKey::of(&key).expect("32 bytes are a key")
});

const ANY_TIME: Timestamp = Timestamp::from_millis(i64::MIN);

/// The letter of a kind, then the bytes that stand behind it: CBOR and a signature.
pub fn signed(data: &[u8]) {
    let Some((letter, frame)) = data.split_first() else {
        return;
    };
    let letter = char::from(*letter);
    let text = format!("SK1{letter}:{}", base45::encode(frame));
    let inside = String::from_utf8_lossy(frame);
    match Kind::of(&text) {
        Ok(Kind::Enrolment) => enrolment(&text, &inside),
        Ok(Kind::Invitation) => invitation(&text, &inside),
        Ok(Kind::ShareLink) => share_link(&text, &inside),
        Ok(Kind::PaymentOrder) => order(&text, &inside),
        Ok(Kind::TicketSheet) => sheet(&text),
        Ok(Kind::MoveRequest) => move_request(&text, &inside),
        Ok(Kind::MoveParcel) => move_parcel(&text, &inside),
        Ok(other) => panic!("{other:?} has no check"),
        Err(refusal) => assert!(!letter.is_ascii_uppercase() || refusal == Refusal::NewerVersion),
    }
    super::scan(text.as_bytes());
}

/// Any text as a ticket, and the first 73 bytes as what a ticket holds.
pub fn ticket(data: &[u8]) {
    read_ticket(&String::from_utf8_lossy(data));
    if let Some(bytes) = data.first_chunk() {
        read_ticket(&format!("71{}", decimal(*bytes)));
    }
}

pub(super) fn of_enrolment(claims: &Enrolment) -> Vec<String> {
    vec![
        shown(&claims.clinic_url),
        shown(&claims.clinic_name),
        shown(&claims.public_key),
        shown(&claims.expires.as_millis()),
    ]
}

pub(super) fn of_invitation(claims: &Invitation) -> Vec<String> {
    vec![
        shown(&claims.clinic_url),
        shown(&claims.clinic_name),
        shown(&claims.public_key),
        shown(&claims.expires.as_millis()),
    ]
}

pub(super) fn of_share_link(claims: &ShareLink) -> Vec<String> {
    vec![shown(&claims.clinic_name), shown(&claims.public_key)]
}

pub(super) fn of_move_request(claims: &MoveRequest) -> Vec<String> {
    vec![
        shown(&claims.device_name),
        shown(&claims.public_key),
        shown(&claims.expires.as_millis()),
    ]
}

pub(super) fn of_move_parcel(claims: &MoveParcel) -> Vec<String> {
    vec![
        shown(&claims.part),
        shown(&claims.of),
        shown(&claims.public_key),
    ]
}

pub(super) fn of_order(claims: &PaymentOrderDetails) -> Vec<String> {
    let mut on_purpose = vec![
        shown(&claims.invoice),
        shown(&claims.clinic),
        shown(&claims.amount),
        shown(&claims.reference),
    ];
    on_purpose.extend(claims.bin.parse::<Bin>().map(|bin| shown(&bin)));
    on_purpose
}

fn enrolment(text: &str, inside: &str) {
    let Ok(code) = Unproven::<Enrolment>::read(text) else {
        return;
    };
    let mut claims = code.claims().clone();
    assert_hidden(inside, &shown(&code), &of_enrolment(&claims));
    assert_foreign(code.prove(ANY_TIME, Trust::Known(&[*STRANGER])));
    claims.public_key = *PUBLIC;
    let signed = claims.sign(&KEY).expect("what was read can be signed");
    assert_eq!(
        Enrolment::read(&signed, claims.expires),
        Err(Refusal::Expired)
    );
    assert_eq!(Enrolment::read(&signed, ANY_TIME), Ok(claims));
}

fn invitation(text: &str, inside: &str) {
    let Ok(code) = Unproven::<Invitation>::read(text) else {
        return;
    };
    let mut claims = code.claims().clone();
    assert_hidden(inside, &shown(&code), &of_invitation(&claims));
    assert_foreign(code.prove(ANY_TIME, Trust::Known(&[*STRANGER])));
    claims.public_key = *PUBLIC;
    let signed = claims.sign(&KEY).expect("what was read can be signed");
    assert_eq!(
        Invitation::read(&signed, claims.expires),
        Err(Refusal::Expired)
    );
    assert_eq!(Invitation::read(&signed, ANY_TIME), Ok(claims));
}

fn share_link(text: &str, inside: &str) {
    let Ok(code) = Unproven::<ShareLink>::read(text) else {
        return;
    };
    let mut claims = code.claims().clone();
    assert_hidden(inside, &shown(&code), &of_share_link(&claims));
    assert_foreign(code.prove(ANY_TIME, Trust::Known(&[*STRANGER])));
    claims.public_key = *PUBLIC;
    let signed = claims.sign(&KEY).expect("what was read can be signed");
    let read = ShareLink::read(&signed, ANY_TIME, Trust::Known(&[*PUBLIC]));
    assert_eq!(read, Ok(claims));
}

fn move_request(text: &str, inside: &str) {
    let Ok(code) = Unproven::<MoveRequest>::read(text) else {
        return;
    };
    let mut claims = code.claims().clone();
    assert_hidden(inside, &shown(&code), &of_move_request(&claims));
    assert_foreign(code.prove(ANY_TIME, Trust::Known(&[*STRANGER])));
    claims.public_key = *PUBLIC;
    let signed = claims.sign(&KEY).expect("what was read can be signed");
    assert_eq!(
        MoveRequest::read(&signed, claims.expires),
        Err(Refusal::Expired)
    );
    assert_eq!(
        MoveRequest::id_of(&signed),
        MoveRequest::id_of(&format!(" {signed}\n"))
    );
    assert_eq!(MoveRequest::read(&signed, ANY_TIME), Ok(claims));
}

fn move_parcel(text: &str, inside: &str) {
    let Ok(code) = Unproven::<MoveParcel>::read(text) else {
        return;
    };
    let mut claims = code.claims().clone();
    assert_hidden(inside, &shown(&code), &of_move_parcel(&claims));
    assert_foreign(code.prove(ANY_TIME, Trust::Known(&[*STRANGER])));
    claims.public_key = *PUBLIC;
    let signed = claims.sign(&KEY).expect("what was read can be signed");
    assert!(signed.len() <= 1_000, "{} characters", signed.len());
    assert_eq!(MoveParcel::read(&signed), Ok(claims));
}

fn order(text: &str, inside: &str) {
    let Ok(code) = Unproven::<PaymentOrderDetails>::read(text) else {
        return;
    };
    let claims = code.claims().clone();
    assert_hidden(inside, &shown(&code), &of_order(&claims));
    assert_foreign(code.clone().prove(ANY_TIME, Trust::Carried));
    assert_foreign(code.prove(ANY_TIME, Trust::Known(&[*STRANGER])));
    match PaymentOrder::new(claims) {
        Ok(order) => {
            let signed = order.sign(&KEY).expect("what was read can be signed");
            let code = order.to_vietqr();
            assert!(compare_payee(&code, &order).is_empty());
            let read = VietQr::read(code.as_str()).map(|reading| reading.code);
            assert_eq!(read, Ok(code));
            assert_eq!(PaymentOrder::verify(&signed, &PUBLIC), Ok(order));
        }
        Err(error) => assert_error_hides(inside, &error),
    }
}

fn sheet(text: &str) {
    let Ok(code) = Unproven::<TicketSheet>::read(text) else {
        return;
    };
    let claims = code.claims().clone();
    assert_foreign(code.prove(ANY_TIME, Trust::Known(&[*STRANGER])));
    let opens = claims.opens();
    let first = claims.at(opens).expect("a sheet has a first ticket");
    let first = UnprovenTicket::read(&first).expect("a sheet has whole tickets");
    let first = first.claims();
    assert_eq!(
        (first.number, first.start, first.valid_from()),
        (claims.number(), claims.start(), opens)
    );
    let end_of_time = Timestamp::from_millis(i64::MAX);
    assert_eq!(claims.at(ANY_TIME), Err(Refusal::NotYet { from: opens }));
    assert_eq!(claims.at(end_of_time), Err(Refusal::Expired));
    let signed = claims.sign(&KEY).expect("what was read can be signed");
    assert_eq!(TicketSheet::verify(&signed, &PUBLIC), Ok(claims));
}

fn read_ticket(text: &str) {
    let ticket = match UnprovenTicket::read(text) {
        Ok(ticket) => ticket,
        Err(refusal) => return assert_error_hides(text, &refusal),
    };
    let claims = *ticket.claims();
    assert_hidden(text, &shown(&ticket), &[shown(&claims.number)]);
    let stranger = TicketGate::new([*STRANGER]);
    assert_foreign(stranger.check(text, claims.valid_from()));
    let signed = claims.sign(&KEY).expect("what was read can be signed");
    assert_passes_once(&claims, &signed);
}

fn assert_passes_once(ticket: &Ticket, text: &str) {
    let mut gate = TicketGate::new([*STRANGER, *PUBLIC]);
    let from = ticket.valid_from();
    let day_before = Timestamp::from_millis(from.as_millis() - 24 * 3_600_000);
    let day_after = ticket.valid_until().plus(Duration::from_secs(24 * 3_600));
    assert_eq!(gate.check(text, day_before), Err(Refusal::NotYet { from }));
    assert_eq!(gate.check(text, day_after), Err(Refusal::Expired));
    assert_eq!(gate.admit(text, from), Ok(*ticket));
    assert_eq!(gate.admit(text, from), Err(Refusal::Replayed { at: from }));
}

fn assert_foreign<T>(proven: Result<T, Refusal>) {
    let refused = matches!(proven, Err(Refusal::Foreign | Refusal::Altered));
    assert!(refused, "a stranger's signature counts");
}

/// The bytes as a number of 176 decimal digits.
fn decimal(mut number: [u8; 73]) -> String {
    let mut digits = [0; 176];
    for digit in digits.iter_mut().rev() {
        let mut rest = 0;
        for byte in &mut number {
            let part = rest * 256 + u32::from(*byte);
            *byte = u8::try_from(part / 10).expect("a digit's share of a byte is a byte");
            rest = part % 10;
        }
        *digit = rest;
    }
    digits.iter().map(u32::to_string).collect()
}
