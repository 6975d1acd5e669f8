//! A clinic that answers what no clinic should: a typed error, nothing lost, no panic.

use std::sync::Arc;
use std::time::Duration;

use sokhoe_app::{AppError, BookingStatus};
use sokhoe_client::{ClientError, ClinicClient, GarbledAnswer, HttpTransport};
use sokhoe_testing::{MisbehavingClinic, Misbehaviour};
use sokhoe_tests::{EMPTY_PATIENT, TestClinic, TestPhone};

#[tokio::test(flavor = "multi_thread")]
async fn every_wrong_answer_is_a_typed_error() {
    for behaviour in Misbehaviour::ALL {
        let clinic = MisbehavingClinic::start(behaviour).await.unwrap();
        let client =
            ClinicClient::new(&clinic.url(), None, Arc::new(HttpTransport::new().unwrap()))
                .unwrap();
        let error = tokio::time::timeout(
            Duration::from_secs(30),
            client.changes("p1", None, 100, None),
        )
        .await
        .expect("in time");
        let error = match error {
            // A page is read by who stores it; what is not one must be found out then.
            Ok(page) => ClientError::Garbled(match page.read() {
                Err(_) => GarbledAnswer::NotFhir,
                Ok(page) => panic!("{behaviour:?} was taken for {} changes", page.changes.len()),
            }),
            Err(error) => error,
        };
        let expected = match behaviour {
            Misbehaviour::Html => ClientError::Garbled(GarbledAnswer::Html),
            Misbehaviour::ServerError => ClientError::Server { status: 500 },
            Misbehaviour::Busy => ClientError::Busy {
                retry_after: Some(Duration::from_secs(7)),
            },
            Misbehaviour::HalfABody | Misbehaviour::Silence => ClientError::NoAnswer,
            Misbehaviour::HundredMegabytes => ClientError::Garbled(GarbledAnswer::TooLarge),
            Misbehaviour::NestedToDeath => ClientError::Garbled(GarbledAnswer::TooDeep),
            Misbehaviour::NotFhir => ClientError::Garbled(GarbledAnswer::NotFhir),
            Misbehaviour::Redirect => ClientError::Garbled(GarbledAnswer::Status(302)),
            Misbehaviour::Says(..) => unreachable!("it is not one of all"),
        };
        assert_eq!(error, expected, "{behaviour:?}");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_booking_survives_every_wrong_answer() {
    let clinic = TestClinic::start().await;
    for behaviour in Misbehaviour::ALL {
        let (phone, person) = TestPhone::enrolled(&clinic, EMPTY_PATIENT).await;
        let slot = phone.free_times(&person, 1).await.remove(0);
        let wrong = MisbehavingClinic::start(behaviour).await.unwrap();
        phone.network.redirect_to(Some(wrong.url()));
        let booking = phone.book(&person, slot).await.unwrap();
        let honest = matches!(
            booking.status,
            BookingStatus::Sending | BookingStatus::WaitingForNetwork
        );
        assert!(honest, "{behaviour:?}: {booking:?}");
        assert!(phone.app.sync(&person).await.is_err(), "{behaviour:?}");
        phone.network.redirect_to(None);
        let phone = phone.restarted();
        phone.app.sync(&person).await.unwrap();
        let after = phone.app.booking(&person, &booking.id).unwrap();
        assert_eq!(
            after.status,
            BookingStatus::Confirmed,
            "{behaviour:?}: {after:?}"
        );
        phone
            .app
            .cancel_booking(&person, &booking.id)
            .await
            .unwrap();
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn errors_say_what_to_do_in_both_languages() {
    let wrong = MisbehavingClinic::start(Misbehaviour::Html).await.unwrap();
    let clinic = TestClinic::start().await;
    let (phone, person) = TestPhone::enrolled(&clinic, EMPTY_PATIENT).await;
    phone.network.redirect_to(Some(wrong.url()));
    let error = phone.app.sync(&person).await.unwrap_err();
    assert_eq!(
        error,
        AppError::BadAnswer {
            what: "html".to_owned()
        }
    );
    assert!(phone.app.words_for(&error).contains("book was not changed"));
}
