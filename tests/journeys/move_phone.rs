//! A new phone: everything moves by QR, without a network, and nothing is lost or sent twice.

use sokhoe_app::domain::Section;
use sokhoe_app::{AppError, BookingStatus, BrowseRequest, MoveRefusal, TicketState, VisitMode};
use sokhoe_testing::Cut;
use sokhoe_tests::{BOOK_PATIENT, EMPTY_PATIENT, TestClinic, TestPhone, now};

fn refused(reason: MoveRefusal) -> AppError {
    AppError::Move { reason }
}

fn booked(clinic: &TestClinic, patients: usize) -> usize {
    let rows: usize = (0..9)
        .map(|ahead| {
            let day = now()
                .plus(std::time::Duration::from_secs(ahead * 86_400))
                .vietnam_day();
            let rows = clinic.clinic.bookings_of_day(day).unwrap();
            rows.iter().filter(|row| row.status == "booked").count()
        })
        .sum();
    rows / patients
}

#[tokio::test(flavor = "multi_thread")]
async fn everything_moves_to_a_new_phone_and_an_intent_goes_out_once() {
    let clinic = TestClinic::with_book().await;
    let (old, person) = TestPhone::enrolled(&clinic, BOOK_PATIENT.trim()).await;
    let mut slots = old.free_times(&person, 100).await;
    slots.retain(|slot| slot.mode == Some(VisitMode::InPerson));
    slots.truncate(5);
    let confirmed = old.book(&person, slots.remove(0)).await.unwrap();
    assert_eq!(confirmed.status, BookingStatus::Confirmed);
    old.network.cut(Cut::NoNetwork);
    let waiting = old.book(&person, slots.pop().unwrap()).await.unwrap();
    assert_eq!(waiting.status, BookingStatus::WaitingForNetwork);

    let new = TestPhone::new();
    new.network.cut(Cut::NoNetwork);
    let request = new.app.begin_move().unwrap();
    let shown = old.app.scan(&request.qr_text);
    assert!(shown.text.contains("new phone"), "{shown:?}");
    let mut parcels = old.app.answer_move(&request.qr_text).unwrap();
    assert!(parcels.len() > 1, "{} parcels", parcels.len());
    // As an eye would look for them: none of it is in the clear.
    let all: String = parcels.concat();
    for secret in [&person, &waiting.id, &clinic.url] {
        assert!(!all.contains(secret.as_str()));
    }
    // In any order, some twice.
    parcels.reverse();
    let count = u32::try_from(parcels.len()).unwrap();
    for (have, parcel) in (1..).zip(&parcels) {
        assert!(parcel.len() <= 1_000);
        let progress = new.app.take_parcel(parcel).unwrap();
        assert_eq!((progress.have, progress.of), (have, count));
        assert_eq!(progress.done, have == count);
        if !progress.done {
            assert_eq!(new.app.take_parcel(parcel).unwrap(), progress);
            assert!(new.app.persons().unwrap().is_empty(), "all or nothing");
        }
    }
    assert_eq!(
        new.app.take_parcel(&parcels[0]).unwrap_err(),
        refused(MoveRefusal::NoRequest)
    );

    // Before any network: the intent is here, and survives a restart.
    let new = new.restarted();
    assert_eq!(new.app.persons().unwrap(), old.app.persons().unwrap());
    let kept = new.app.bookings(&person).unwrap();
    assert_eq!(kept.len(), 1);
    assert_eq!(kept[0].id, waiting.id);
    assert_eq!(kept[0].status, BookingStatus::WaitingForNetwork);

    new.network.cut(Cut::Whole);
    let synced = new.app.sync(&person).await.unwrap();
    assert_eq!((synced.settled, synced.waiting), (1, 0));
    assert!(synced.stored > 100, "the book came again: {synced:?}");
    let bookings = new.app.bookings(&person).unwrap();
    for id in [&confirmed.id, &waiting.id] {
        let booking = bookings.iter().find(|booking| booking.id == *id).unwrap();
        assert_eq!(booking.status, BookingStatus::Confirmed);
        let ticket = new.app.ticket(&person, id).unwrap();
        assert_ne!(ticket.state, TicketState::Absent, "{}", ticket.text);
    }
    assert_eq!(booked(&clinic, 1), 2);
    let page = new
        .app
        .browse(BrowseRequest {
            person_id: person.clone(),
            text: String::new(),
            section: Some(Section::Results),
            clinic_id: None,
            from: None,
            to: None,
            cursor: None,
            limit: 10,
        })
        .unwrap();
    assert_eq!(page.rows.len(), 10);

    // The old phone has the same intent still: the clinic knows it no longer, and the new one stays.
    old.network.cut(Cut::Whole);
    for _ in 0..2 {
        old.app.network_is_back();
        assert_eq!(old.app.sync(&person).await, Err(AppError::NotEnrolled));
    }
    assert_eq!(booked(&clinic, 1), 2);
    new.app.sync(&person).await.unwrap();
    // Until the person says that it is over there.
    old.app.set_moved(true).unwrap();
    assert_eq!(
        old.app.sync(&person).await.unwrap_err(),
        refused(MoveRefusal::Moved)
    );
    let old = old.restarted();
    assert!(old.app.moved().unwrap().is_some());
    assert!(
        !old.app.bookings(&person).unwrap().is_empty(),
        "still to be read"
    );
    // Whoever says that it was a mistake comes in again at the counter; nothing was lost.
    old.app.set_moved(false).unwrap();
    assert_eq!(old.app.sync(&person).await, Err(AppError::NotEnrolled));
    old.enrol(&clinic, BOOK_PATIENT.trim()).await;
    old.app.network_is_back();
    old.app.sync(&person).await.unwrap();
    assert_eq!(booked(&clinic, 1), 2, "sent twice, booked once");
}

#[tokio::test(flavor = "multi_thread")]
async fn what_may_have_reached_the_clinic_still_may_on_the_new_phone() {
    let clinic = TestClinic::start().await;
    let (old, person) = TestPhone::enrolled(&clinic, EMPTY_PATIENT).await;
    let mut slots = old.free_times(&person, 5).await;
    let to_cancel = old.book(&person, slots.remove(0)).await.unwrap();
    old.network.cut(Cut::AnswerLost);
    let sent = old.book(&person, slots.pop().unwrap()).await.unwrap();
    assert_eq!(sent.status, BookingStatus::Sending);
    old.network.cut(Cut::NoNetwork);
    let cancelled = old
        .app
        .cancel_booking(&person, &to_cancel.id)
        .await
        .unwrap();
    assert!(cancelled.cancelling);

    let new = TestPhone::new();
    let request = new.app.begin_move().unwrap().qr_text;
    for parcel in old.app.answer_move(&request).unwrap() {
        new.app.take_parcel(&parcel).unwrap();
    }
    let booking = |id: &str| new.app.booking(&person, id).unwrap();
    assert_eq!(booking(&sent.id).status, BookingStatus::Sending);
    assert!(booking(&to_cancel.id).cancelling);
    new.network.cut(Cut::NoNetwork);
    let _offline = new.app.sync(&person).await;
    assert_eq!(
        booking(&sent.id).status,
        BookingStatus::Sending,
        "not taken back"
    );
    new.network.cut(Cut::Whole);
    new.app.sync(&person).await.unwrap();
    assert_eq!(booking(&sent.id).status, BookingStatus::Confirmed);
    assert_eq!(booking(&to_cancel.id).status, BookingStatus::Cancelled);
    assert_eq!(booked(&clinic, 1), 1);
}

#[tokio::test(flavor = "multi_thread")]
async fn what_is_not_meant_for_this_move_is_refused_and_changes_nothing() {
    let clinic = TestClinic::start().await;
    let (old, _) = TestPhone::enrolled(&clinic, EMPTY_PATIENT).await;
    let new = TestPhone::new();
    let nothing_here = |phone: &TestPhone| assert!(phone.app.persons().unwrap().is_empty());
    assert_eq!(
        old.app.begin_move().unwrap_err(),
        refused(MoveRefusal::NotEmpty)
    );
    let enrolment = clinic.enrolment(&[EMPTY_PATIENT]);
    for other in [&*enrolment, "", "https://a.example"] {
        for error in [
            old.app.answer_move(other).unwrap_err(),
            new.app.take_parcel(other).unwrap_err(),
        ] {
            assert_eq!(error, refused(MoveRefusal::NotOurs), "{other}");
        }
    }
    let request = new.app.begin_move().unwrap().qr_text;
    assert_eq!(
        TestPhone::new().app.answer_move(&request).unwrap_err(),
        refused(MoveRefusal::Nothing)
    );
    let changed = request.replacen(
        &request[40..41],
        if &request[40..41] == "A" { "B" } else { "A" },
        1,
    );
    assert!(matches!(
        old.app.answer_move(&changed),
        Err(AppError::Move { .. })
    ));
    let parcels = old.app.answer_move(&request).unwrap();
    // Another phone's request, a newer request of this one.
    let other = TestPhone::new();
    assert_eq!(
        other.app.take_parcel(&parcels[0]).unwrap_err(),
        refused(MoveRefusal::NoRequest)
    );
    other.app.begin_move().unwrap();
    assert_eq!(
        other.app.take_parcel(&parcels[0]).unwrap_err(),
        refused(MoveRefusal::OtherRequest)
    );
    // A part that was changed.
    let parcel = &parcels[0];
    let at = parcel.len() / 2;
    let letter = if &parcel[at..=at] == "A" { "B" } else { "A" };
    let mut altered = parcel.clone();
    altered.replace_range(at..=at, letter);
    assert!(matches!(
        new.app.take_parcel(&altered),
        Err(AppError::Move {
            reason: MoveRefusal::Altered
        })
    ));
    nothing_here(&new);
    // Parts of two answers do not mix; those of the later one count.
    let later = old.app.answer_move(&request).unwrap();
    for parcel in &parcels[..parcels.len() - 1] {
        assert!(!new.app.take_parcel(parcel).unwrap().done);
    }
    let (last, first) = later.split_last().unwrap();
    for parcel in first {
        assert!(!new.app.take_parcel(parcel).unwrap().done);
    }
    nothing_here(&new);
    // Meanwhile the new phone got an account of its own.
    new.enrol(&clinic, sokhoe_tests::NEIGHBOUR).await;
    assert_eq!(
        new.app.take_parcel(last).unwrap_err(),
        refused(MoveRefusal::NotEmpty)
    );
    assert_eq!(new.app.persons().unwrap().len(), 1);
}
