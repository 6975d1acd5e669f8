use chrono::{NaiveDate, NaiveDateTime};
use sokhoe_domain::Timestamp;
use sokhoe_qr::draw::Level;
use sokhoe_qr::signed::{
    Admission, PublicKey, Refusal, SignError, Ticket, TicketGate, TicketSheet, TicketWindow,
    UnprovenTicket,
};
use sokhoe_qr::{Matrix, Scanned, scan};

use crate::signed::key;

fn at(day: u32, hour: u32, minute: u32) -> Timestamp {
    let day = NaiveDate::from_ymd_opt(2026, 12, day).unwrap();
    Timestamp::from_vietnam(NaiveDateTime::new(
        day,
        chrono::NaiveTime::from_hms_opt(hour, minute, 0).unwrap(),
    ))
}

/// Tuesday 1 December 2026, 08:30.
fn start() -> Timestamp {
    at(1, 8, 30)
}

fn sheet() -> TicketSheet {
    TicketSheet::for_appointment(4_711, start(), &key(1)).unwrap()
}

fn gate() -> TicketGate {
    TicketGate::new([PublicKey::of(&key(1)).unwrap()])
}

#[test]
fn a_ticket_fits_a_cracked_screen() {
    let text = sheet().at(at(1, 8, 10)).unwrap();
    assert_eq!(text.len(), 178);
    let drawn = Matrix::encode(&text, Level::Quartile).unwrap();
    assert_eq!((drawn.size() - 17) / 4, 6);
}

#[test]
fn the_gate_admits_it_once() {
    let text = sheet().at(at(1, 8, 10)).unwrap();
    let mut gate = gate();
    let ticket = gate.admit(&text, at(1, 8, 11)).unwrap();
    assert_eq!((ticket.number, ticket.start), (4_711, start()));
    assert_eq!(ticket.window, TicketWindow::HalfHour(16));
    assert_eq!(
        gate.admit(&text, at(1, 8, 12)),
        Err(Refusal::Replayed { at: at(1, 8, 11) })
    );
    // So is the same booking's ticket of another half hour, and the one on paper.
    let later = sheet().at(at(1, 8, 40)).unwrap();
    assert!(matches!(
        gate.check(&later, at(1, 8, 41)),
        Err(Refusal::Replayed { .. })
    ));
    let paper = Ticket::new(4_711, start(), TicketWindow::Paper)
        .sign(&key(1))
        .unwrap();
    assert!(matches!(
        gate.check(&paper, at(1, 8, 41)),
        Err(Refusal::Replayed { .. })
    ));
}

#[test]
fn a_gate_that_was_told_or_started_again_refuses_too() {
    let text = sheet().at(at(1, 8, 10)).unwrap();
    let mut first = gate();
    first.admit(&text, at(1, 8, 11)).unwrap();
    let mut second = gate();
    for admission in first.admissions() {
        second.remember(admission);
    }
    let ticket = *UnprovenTicket::read(&text).unwrap().claims();
    second.remember(Admission::new(&ticket, at(1, 8, 20)));
    assert_eq!(
        second.check(&text, at(1, 8, 21)),
        Err(Refusal::Replayed { at: at(1, 8, 11) })
    );
    // A clock that is wrong for a moment brings nothing back; forgetting is asked for.
    let far = Ticket::new(5, at(30, 8, 0), TicketWindow::Paper);
    second.remember(Admission::new(&far, at(30, 8, 0)));
    assert!(second.check(&text, at(1, 8, 22)).is_err());
    second.forget_ended(at(3, 0, 0));
    assert_eq!(
        second.admissions().map(|a| a.number).collect::<Vec<_>>(),
        [5]
    );
}

#[test]
fn a_screenshot_of_before_is_refused() {
    let gate = gate();
    let text = sheet().at(at(1, 7, 5)).unwrap();
    for (now, refusal) in [
        (at(1, 6, 49), Some(Refusal::NotYet { from: at(1, 7, 0) })),
        (at(1, 6, 50), None),
        (at(1, 7, 39), None),
        (at(1, 7, 40), Some(Refusal::Expired)),
        (at(1, 8, 30), Some(Refusal::Expired)),
        (at(2, 7, 5), Some(Refusal::Expired)),
    ] {
        assert_eq!(gate.check(&text, now).err(), refusal, "{now:?}");
    }
}

#[test]
fn the_phone_shows_the_ticket_of_now() {
    let sheet = sheet();
    assert_eq!(sheet.opens(), at(1, 5, 30));
    assert_eq!(
        sheet.at(at(1, 5, 29)),
        Err(Refusal::NotYet { from: at(1, 5, 30) })
    );
    assert_eq!(sheet.at(at(30, 23, 0)), Err(Refusal::Expired));
    assert_eq!(
        sheet.at(Timestamp::from_millis(i64::MIN)),
        Err(Refusal::NotYet { from: at(1, 5, 30) })
    );
    assert_eq!(sheet.at(at(1, 15, 0)), Err(Refusal::Expired));
    for minutes in (330..900).step_by(7) {
        let now = Timestamp::from_millis(at(1, 0, 0).as_millis() + minutes * 60_000);
        let shown = sheet.at(now).unwrap();
        assert!(gate().check(&shown, now).is_ok(), "{minutes}");
    }
    // An appointment near midnight keeps to its day.
    let late = TicketSheet::for_appointment(1, at(1, 23, 0), &key(1)).unwrap();
    assert!(late.at(at(1, 23, 59)).is_ok());
    assert_eq!(late.at(at(2, 0, 0)), Err(Refusal::Expired));
}

#[test]
fn a_sheet_travels_from_clinic_to_phone() {
    let public = PublicKey::of(&key(1)).unwrap();
    let text = sheet().sign(&key(1)).unwrap();
    assert_eq!(TicketSheet::verify(&text, &public), Ok(sheet()));
    assert!(
        text.len() < 2_100,
        "{} characters on a slow network",
        text.len()
    );
    assert!(matches!(scan(&text), Scanned::TicketSheet(_)));
    let other = PublicKey::of(&key(2)).unwrap();
    assert_eq!(TicketSheet::verify(&text, &other), Err(Refusal::Altered));
    let whole_day = TicketSheet::for_half_hours(1, start(), 0..=47, &key(1)).unwrap();
    let text = whole_day.sign(&key(1)).unwrap();
    assert_eq!(TicketSheet::verify(&text, &public), Ok(whole_day));
}

#[test]
fn a_paper_ticket_is_good_all_day() {
    let text = Ticket::new(7, start(), TicketWindow::Paper)
        .sign(&key(1))
        .unwrap();
    let gate = gate();
    assert!(gate.check(&text, at(1, 0, 0)).is_ok() && gate.check(&text, at(1, 23, 59)).is_ok());
    assert_eq!(gate.check(&text, at(2, 7, 0)), Err(Refusal::Expired));
}

#[test]
fn another_clinic_is_foreign_and_a_changed_digit_is_altered() {
    let text = sheet().at(at(1, 8, 10)).unwrap();
    let now = at(1, 8, 10);
    let other = TicketGate::new([PublicKey::of(&key(2)).unwrap()]);
    assert_eq!(other.check(&text, now), Err(Refusal::Foreign));
    // A clinic that changed its key still takes the tickets of before.
    let both = TicketGate::new([2, 1].map(|seed| PublicKey::of(&key(seed)).unwrap()));
    assert!(both.check(&text, now).is_ok());

    for index in 0..text.len() {
        for digit in '0'..='9' {
            let mut changed = text.clone();
            changed.replace_range(index..=index, &digit.to_string());
            if changed != text {
                assert!(gate().check(&changed, now).is_err(), "{changed}");
            }
        }
        assert_eq!(gate().check(&text[..index], now), Err(Refusal::NotOurs));
    }
    let last = format!(
        "{}{}",
        &text[..177],
        if text.ends_with('0') { 1 } else { 0 }
    );
    assert_eq!(gate().check(&last, now), Err(Refusal::Altered));
    assert_eq!(
        gate().check(&text.replacen("71", "72", 1), now),
        Err(Refusal::NewerVersion)
    );
    assert_eq!(
        gate().check(&format!("71{}", "9".repeat(176)), now),
        Err(Refusal::Malformed)
    );
    let blank = TicketGate::new([]);
    assert_eq!(blank.check(&text, now), Err(Refusal::Foreign));
}

#[test]
fn what_a_ticket_cannot_say_is_not_signed() {
    for (start, window) in [
        (at(1, 8, 31), TicketWindow::Paper),
        (Timestamp::from_millis(0), TicketWindow::Paper),
        (Timestamp::from_millis(i64::MAX), TicketWindow::Paper),
        (Timestamp::from_millis(i64::MIN), TicketWindow::Paper),
        (start(), TicketWindow::HalfHour(48)),
    ] {
        assert_eq!(
            Ticket::new(1, start, window).sign(&key(1)),
            Err(SignError::Invalid)
        );
    }
    let (first, last) = (5, 4);
    for start in [i64::MIN, i64::MAX].map(Timestamp::from_millis) {
        let sheet = TicketSheet::for_appointment(1, start, &key(1));
        assert_eq!(sheet, Err(SignError::Invalid));
    }
    let nothing = TicketSheet::for_half_hours(1, start(), first..=last, &key(1));
    assert_eq!(nothing, Err(SignError::Invalid));
}
