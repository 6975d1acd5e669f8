//! A server that no longer lets the phone in, and a patient who is no longer there.

use std::time::Duration;

use http::StatusCode;
use sokhoe_app::domain::ports::Clock as _;
use sokhoe_app::{AddServerRequest, AppError, BookRequest, BookingStatus, SyncState, SyncStatus};
use sokhoe_tests::foreign::Manners;

use crate::server::{BASE, PATIENT, Phone};
use crate::times::{all, clinic, row};

impl Phone {
    fn state(&self) -> SyncState {
        self.app.sync_state(&self.person).unwrap()[0].state
    }

    /// As often as a person who does not give up.
    async fn try_often(&self) {
        for _ in 0..12 {
            self.clock.pass(Duration::from_secs(3_600));
            let _ = self.app.sync(&self.person).await;
        }
    }

    async fn add_again(&self, token: &str) {
        for _ in 0..20 {
            let request = AddServerRequest {
                name: "FHIR".to_owned(),
                fhir_base_url: BASE.to_owned(),
                patient_id: PATIENT.to_owned(),
                token: Some(token.to_owned()),
                person_id: Some(self.person.clone()),
            };
            match self.app.add_server(request).await {
                Ok(_) => return,
                Err(AppError::Busy { .. }) => self.clock.pass(Duration::from_secs(30)),
                Err(error) => panic!("{error:?}"),
            }
        }
        panic!("always busy");
    }
}

#[tokio::test]
async fn who_is_no_longer_let_in_keeps_everything_and_is_let_in_again() {
    for (name, manners) in all() {
        for refusal in [StatusCode::UNAUTHORIZED, StatusCode::FORBIDDEN] {
            let what = format!("{name}, {refusal}");
            let (server, clock) = clinic(Manners {
                busy: 0,
                ..manners.clone()
            });
            let phone = Phone::knows(&server, &clock).await;
            phone.sync().await;
            let (early, mid) = (phone.find("early").await, phone.find("mid").await);
            let called_off = phone.books(early).await;
            phone.until(&called_off.id, BookingStatus::Confirmed).await;
            phone.sync().await;
            let book = phone.book();
            server.lets_in_only("new", refusal);
            let kept = phone.weighs(61.5).await;
            let request = BookRequest {
                person_id: phone.person.clone(),
                slot: mid,
                otherwise: None,
            };
            if let Err(error) = phone.app.book(request).await {
                assert_eq!(error, AppError::NotEnrolled, "{what}: it is kept");
            }
            let bookings = phone.app.bookings(&phone.person).unwrap();
            let booked = bookings.into_iter().find(|it| it.id != called_off.id);
            let booked = booked.unwrap();
            let cancelling = phone.app.cancel_booking(&phone.person, &called_off.id);
            if let Err(error) = cancelling.await {
                assert_eq!(error, AppError::NotEnrolled, "{what}: it is kept");
            }
            phone.try_often().await;
            assert_eq!(phone.state(), SyncState::NotEnrolled, "{what}");
            let view = phone.app.sync_state(&phone.person).unwrap().remove(0);
            assert_eq!(view.waiting, 3, "{what}");
            assert_eq!((view.parked, view.refused), (0, 0), "{what}");
            assert!(
                view.text.contains("Add the hospital again"),
                "{}",
                view.text
            );
            assert_eq!(
                kept.sync.map(|sync| sync.status),
                Some(SyncStatus::Waiting),
                "{what}"
            );
            assert_eq!(
                phone.booking(&booked.id).status,
                BookingStatus::WaitingForNetwork,
                "{what}"
            );
            assert_eq!(phone.app.parked(&phone.person).unwrap().len(), 0, "{what}");
            let here = phone.book();
            assert!(book.iter().all(|json| here.contains(json)), "{what}");
            assert_eq!(phone.told("access-ended"), 0, "{what}");

            phone.add_again("new").await;
            phone.until(&booked.id, BookingStatus::Confirmed).await;
            phone.until(&called_off.id, BookingStatus::Cancelled).await;
            phone.until_sent().await;
            phone.sync().await;
            assert_eq!(phone.state(), SyncState::UpToDate, "{what}");
            phone.expect_readings(&server, &[61.5], &what);
            assert_eq!(row(&server, &clock, "early").status, "free", "{what}");
            assert_eq!(row(&server, &clock, "mid").appointments.len(), 1, "{what}");
        }
    }
}

#[tokio::test]
async fn one_kind_that_is_not_for_this_phone_is_no_closed_door() {
    for (name, manners) in all() {
        let (server, clock) = clinic(Manners { busy: 0, ..manners });
        let phone = Phone::knows(&server, &clock).await;
        *phone.way.forbids.lock().unwrap() = Some("/Patient?_id=");
        phone.sync().await;
        clock.pass(Duration::from_secs(3_600));
        phone.sync().await;
        assert_eq!(phone.state(), SyncState::UpToDate, "{name}");
        assert!(phone.book().len() > 2, "{name}");
    }
}

#[tokio::test]
async fn a_patient_who_is_gone_by_the_servers_word_is_erased_here() {
    for (name, manners) in all() {
        let (server, clock) = clinic(manners);
        let phone = Phone::knows(&server, &clock).await;
        phone.sync().await;
        assert!(!phone.book().is_empty(), "{name}");
        clock.pass(Duration::from_secs(60));
        for key in server.contents(PATIENT, clock.now()).into_keys() {
            if key.kind != "Patient" {
                assert!(server.delete(&key.kind, &key.id, clock.now()));
            }
        }
        assert!(server.delete("Patient", PATIENT, clock.now()));
        // Who tells of no deletions is compared with after six hours.
        for _ in 0..20 {
            clock.pass(Duration::from_secs(7 * 3_600));
            let _ = phone.app.sync(&phone.person).await;
        }
        assert_eq!(phone.book(), Vec::<String>::new(), "{name}");
        assert_eq!(phone.told("access-ended"), 1, "{name}");
        assert!(phone.app.sync_state(&phone.person).unwrap().is_empty());
    }
}

#[tokio::test]
async fn a_patient_whom_the_server_does_not_find_is_not_erased_here() {
    for (name, manners) in all() {
        let (server, clock) = clinic(Manners { busy: 0, ..manners });
        let phone = Phone::knows(&server, &clock).await;
        phone.sync().await;
        let book = phone.book();
        assert!(server.expunge("Patient", PATIENT, clock.now()));
        phone.try_often().await;
        assert_eq!(phone.state(), SyncState::NotEnrolled, "{name}");
        assert_eq!(phone.book(), book, "{name}");
    }
}

#[tokio::test]
async fn a_clinic_is_forgotten_once_the_person_knows_what_is_lost() {
    let (server, clock) = clinic(Manners::hapi());
    let phone = Phone::knows(&server, &clock).await;
    phone.sync().await;
    let wanted = phone.find("early").await;
    server.lets_in_only("new", StatusCode::UNAUTHORIZED);
    phone.weighs(61.5).await;
    let request = BookRequest {
        person_id: phone.person.clone(),
        slot: wanted,
        otherwise: None,
    };
    assert!(phone.app.book(request).await.is_err());
    let forget = |unsent| {
        phone
            .app
            .forget_clinic(&phone.person, &phone.clinic, unsent)
    };
    for told_of in [0, 1] {
        let refused = forget(told_of).await;
        assert_eq!(refused, Err(AppError::Unsent { count: 2 }));
    }
    let book = phone.book();
    assert!(book.iter().any(|json| json.contains("29463-7")));
    forget(2).await.unwrap();
    assert_eq!(phone.book(), Vec::<String>::new());
    assert!(phone.app.bookings(&phone.person).unwrap().is_empty());
    assert!(phone.app.sync_state(&phone.person).unwrap().is_empty());
    assert_eq!(
        forget(2).await,
        Err(AppError::NotFound {
            what: "clinic".to_owned()
        })
    );
    // It can be added again, and everything comes.
    phone.add_again("new").await;
    phone.sync().await;
    assert!(phone.rows("can nang").is_empty());
    assert_eq!(phone.state(), SyncState::UpToDate);
}

#[tokio::test]
async fn whoever_loses_unsent_words_with_the_record_hears_of_it() {
    let (server, clock) = clinic(Manners::hapi());
    let phone = Phone::knows(&server, &clock).await;
    phone.sync().await;
    clock.pass(Duration::from_secs(60));
    for key in server.contents(PATIENT, clock.now()).into_keys() {
        if key.kind != "Patient" {
            assert!(server.delete(&key.kind, &key.id, clock.now()));
        }
    }
    assert!(server.delete("Patient", PATIENT, clock.now()));
    // The server takes nothing about who is not there.
    phone.weighs(61.5).await;
    for _ in 0..5 {
        clock.pass(Duration::from_secs(3_600));
        let _ = phone.app.sync(&phone.person).await;
    }
    assert_eq!(phone.told("access-ended"), 1);
    assert_eq!(phone.told("unsent-lost"), 1);
}
