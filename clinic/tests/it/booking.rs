//! One intent, one answer; holds; rules.

use std::time::Duration;

use serde_json::json;
use sokhoe_clinic::PaymentOutcome;
use sokhoe_domain::Vnd;
use sokhoe_qr::PaymentOrder;

use crate::support::{
    MOTHER, SON, STRANGER, by_reference, by_resource, hospital, id, key, parameters, refusal,
};

#[tokio::test]
async fn a_lost_answer_is_given_again_byte_for_byte() {
    let hospital = hospital().await;
    let phone = hospital.phone("device-one", &[MOTHER]).await;
    let free = hospital.free(&phone, "kham-tim-mach", 2).await;
    let intent = key();
    let first = phone.book(&intent, id(&free[0]), MOTHER).await;
    assert_eq!(first.status, 200, "{}", first.body);
    let booked = &first.resources("Appointment")[0];
    assert_eq!(id(booked), intent);
    assert_eq!(booked["status"], "booked");

    hospital.clock.advance(Duration::from_secs(29 * 24 * 3600));
    let again = phone.book(&intent, id(&free[0]), MOTHER).await;
    assert_eq!((again.status, &again.body), (200, &first.body));

    let other_body = phone.book(&intent, id(&free[1]), MOTHER).await;
    assert_eq!(other_body.status, 422);

    // Another phone of the family retries the same intent.
    let sister = hospital.phone("device-two", &[MOTHER]).await;
    let body = by_reference(id(&free[0]), MOTHER);
    let same = sister
        .post("/fhir/Appointment/$book", Some(&intent), &body)
        .await;
    assert_eq!((same.status, &same.body), (200, &first.body));
    hospital.running.shutdown().await;
}

#[tokio::test]
async fn a_key_is_needed_and_must_be_a_uuid() {
    let hospital = hospital().await;
    let phone = hospital.phone("device-one", &[MOTHER]).await;
    let slot = hospital.free(&phone, "kham-mat", 1).await.remove(0);
    let body = by_reference(id(&slot), MOTHER);
    for operation in ["$book", "$hold"] {
        let path = format!("/fhir/Appointment/{operation}");
        assert_eq!(phone.post(&path, None, &body).await.status, 400);
        assert_eq!(phone.post(&path, Some("again"), &body).await.status, 400);
    }
    hospital.running.shutdown().await;
}

#[tokio::test]
async fn a_refused_key_stays_refused_after_the_time_is_free_again() {
    let hospital = hospital().await;
    let mother = hospital.phone("device-mother", &[MOTHER]).await;
    let other = hospital.phone("device-other", &[STRANGER]).await;
    let slot = hospital.free(&mother, "kham-tim-mach", 1).await.remove(0);
    let booked = mother.book(&key(), id(&slot), MOTHER).await;
    let refused_key = key();
    let refused = other.book(&refused_key, id(&slot), STRANGER).await;
    assert_eq!((refused.status, &*refusal(&refused)), (409, "slot-taken"));
    let kept = hospital
        .database
        .number("SELECT max(length(body)) FROM answer");
    assert!(refused.body.len() > 4_000 && kept < 1_000, "{kept} bytes");

    let mut appointment = booked.resources("Appointment").remove(0);
    appointment["status"] = json!("cancelled");
    let cancel = key();
    let body = by_resource(&appointment, MOTHER);
    let cancelled = mother
        .post("/fhir/Appointment/$book", Some(&cancel), &body)
        .await;
    assert_eq!(cancelled.status, 200, "{}", cancelled.body);
    assert_eq!(cancelled.resources("Appointment")[0]["status"], "cancelled");

    let again = other.book(&refused_key, id(&slot), STRANGER).await;
    assert_eq!((again.status, again.body), (409, refused.body));
    let new_intent = other.book(&key(), id(&slot), STRANGER).await;
    assert_eq!(new_intent.status, 200, "{}", new_intent.body);
    hospital.running.shutdown().await;
}

#[tokio::test]
async fn a_hold_keeps_the_time_until_it_ends_by_the_clinics_clock() {
    let hospital = hospital().await;
    let mother = hospital.phone("device-mother", &[MOTHER]).await;
    let other = hospital.phone("device-other", &[STRANGER]).await;
    let slot = hospital.free(&mother, "kham-mat", 1).await.remove(0);
    let hold_key = key();
    let held = mother.hold(&hold_key, id(&slot), MOTHER).await;
    assert_eq!(held.status, 200, "{}", held.body);
    let pending = &held.resources("Appointment")[0];
    assert_eq!(
        (id(pending), &pending["status"]),
        (&*hold_key, &json!("pending"))
    );
    assert!(held.body.contains("held-until"));

    let refused = other.book(&key(), id(&slot), STRANGER).await;
    assert_eq!(refusal(&refused), "slot-taken");
    let listed = hospital.free(&other, "kham-mat", 1).await;
    assert_ne!(id(&listed[0]), id(&slot));

    hospital.clock.advance(Duration::from_secs(5 * 60));
    let listed = hospital.free(&other, "kham-mat", 1).await;
    assert_eq!(
        id(&listed[0]),
        id(&slot),
        "free again without anybody's doing"
    );
    assert_eq!(other.book(&key(), id(&slot), STRANGER).await.status, 200);

    let late = mother.book(&key(), &hold_key, MOTHER).await;
    assert_eq!((late.status, &*refusal(&late)), (409, "slot-taken"));
    hospital.running.shutdown().await;
}

#[tokio::test]
async fn a_held_time_is_booked_by_the_same_person_only() {
    let hospital = hospital().await;
    let mother = hospital.phone("device-mother", &[MOTHER]).await;
    let other = hospital.phone("device-other", &[STRANGER]).await;
    let slot = hospital.free(&mother, "kham-thai", 1).await.remove(0);
    let hold_key = key();
    assert_eq!(mother.hold(&hold_key, id(&slot), MOTHER).await.status, 200);
    let stolen = other.book(&key(), &hold_key, STRANGER).await;
    assert_eq!((stolen.status, &*refusal(&stolen)), (409, "not-offered"));
    let absent = other.book(&key(), &key(), STRANGER).await;
    assert_eq!(
        stolen.body, absent.body,
        "not theirs and not there look the same"
    );
    // The key of the hold may be the key of the booking.
    let booked = mother.book(&hold_key, &hold_key, MOTHER).await;
    assert_eq!(booked.status, 200, "{}", booked.body);
    assert_eq!(id(&booked.resources("Appointment")[0]), hold_key);
    hospital.running.shutdown().await;
}

#[tokio::test]
async fn a_person_has_five_bookings_and_three_holds_at_most() {
    let hospital = hospital().await;
    let phone = hospital.phone("device-one", &[MOTHER, SON]).await;
    let free = hospital.free(&phone, "lay-mau", 9).await;
    for slot in &free[..3] {
        assert_eq!(phone.hold(&key(), id(slot), MOTHER).await.status, 200);
    }
    let fourth = phone.hold(&key(), id(&free[3]), MOTHER).await;
    assert_eq!(refusal(&fourth), "too-many");
    for slot in &free[..5] {
        assert_eq!(phone.book(&key(), id(slot), MOTHER).await.status, 200);
    }
    let sixth = phone.book(&key(), id(&free[5]), MOTHER).await;
    assert_eq!((sixth.status, &*refusal(&sixth)), (409, "too-many"));
    assert_eq!(phone.book(&key(), id(&free[5]), SON).await.status, 200);
    hospital.running.shutdown().await;
}

#[tokio::test]
async fn what_is_not_offered_is_refused() {
    let hospital = hospital().await;
    let phone = hospital.phone("device-one", &[MOTHER]).await;
    let slot = hospital.free(&phone, "kham-mat", 1).await.remove(0);
    let cell = i64::from_str_radix(&id(&slot)[17..], 16).unwrap();
    let shifted = |by: i64| format!("{}{:08x}", &id(&slot)[..17], cell + by);
    for other in [
        shifted(1),
        shifted(-12),
        shifted(-288 * 3),
        shifted(288 * 70),
        "p000000000000000000000000".to_owned(),
        "pzzzzzzzzzzzzzzzzzzzzzzzz".to_owned(),
        "nothing".to_owned(),
    ] {
        let refused = phone.book(&key(), &other, MOTHER).await;
        assert_eq!(
            (refused.status, &*refusal(&refused)),
            (409, "not-offered"),
            "{other}"
        );
    }
    // What was offered is not once its time has passed.
    hospital.clock.advance(Duration::from_secs(2 * 24 * 3600));
    let late = phone.book(&key(), id(&slot), MOTHER).await;
    assert_eq!(refusal(&late), "not-offered");
    hospital.running.shutdown().await;
}

#[tokio::test]
async fn four_sit_at_the_same_time_where_blood_is_taken() {
    let hospital = hospital().await;
    let phone = hospital
        .phone(
            "device-one",
            &[MOTHER, SON, STRANGER, "bn-000005", "bn-000006"],
        )
        .await;
    let slot = hospital.free(&phone, "lay-mau", 1).await.remove(0);
    for person in [MOTHER, SON, STRANGER, "bn-000005"] {
        assert_eq!(phone.book(&key(), id(&slot), person).await.status, 200);
    }
    let fifth = phone.book(&key(), id(&slot), "bn-000006").await;
    assert_eq!(refusal(&fifth), "slot-taken");
    hospital.running.shutdown().await;
}

#[tokio::test]
async fn a_booking_moves_to_another_free_time() {
    let hospital = hospital().await;
    let phone = hospital.phone("device-one", &[MOTHER]).await;
    let other = hospital.phone("device-other", &[STRANGER]).await;
    let find = parameters(&[
        (
            "start",
            json!({"valueDateTime": "2026-11-24T00:00:00+07:00"}),
        ),
        ("end", json!({"valueDateTime": "2026-11-25T00:00:00+07:00"})),
        (
            "practitioner",
            json!({"valueReference": {"reference": "Practitioner/bs-cam-van-toan"}}),
        ),
    ]);
    let free = phone
        .post("/fhir/Appointment/$find", None, &find)
        .await
        .resources("Appointment");
    let booked = phone.book(&key(), id(&free[0]), MOTHER).await;
    assert_eq!(other.book(&key(), id(&free[1]), STRANGER).await.status, 200);
    let mut appointment = booked.resources("Appointment").remove(0);

    appointment["start"] = free[1]["start"].clone();
    let taken = phone
        .post(
            "/fhir/Appointment/$book",
            Some(&key()),
            &by_resource(&appointment, MOTHER),
        )
        .await;
    assert_eq!(refusal(&taken), "slot-taken");
    let still = other.book(&key(), id(&free[0]), STRANGER).await;
    assert_eq!(
        refusal(&still),
        "slot-taken",
        "the old time is kept when the new one is taken"
    );

    appointment["start"] = free[2]["start"].clone();
    let moved = phone
        .post(
            "/fhir/Appointment/$book",
            Some(&key()),
            &by_resource(&appointment, MOTHER),
        )
        .await;
    assert_eq!(moved.status, 200, "{}", moved.body);
    assert_eq!(moved.resources("Appointment")[0]["start"], free[2]["start"]);
    assert_eq!(other.book(&key(), id(&free[0]), STRANGER).await.status, 200);
    hospital.running.shutdown().await;
}

#[tokio::test]
async fn a_booking_brings_an_invoice_that_is_paid_once() {
    let hospital = hospital().await;
    let phone = hospital.phone("device-one", &[MOTHER]).await;
    let slot = hospital.free(&phone, "kham-tim-mach", 1).await.remove(0);
    assert_eq!(phone.book(&key(), id(&slot), MOTHER).await.status, 200);
    let (_, cursor) = phone.changes(MOTHER, None).await;
    let invoices = || async {
        phone
            .get(&format!("/fhir/Invoice?patient={MOTHER}"))
            .await
            .resources("Invoice")
    };
    let invoice = invoices().await.remove(0);
    assert_eq!(invoice["status"], "issued");
    // 150.000 less all of 45.000, since a visit that costs so little is paid in full.
    assert_eq!(invoice["totalGross"]["value"], 105_000);
    let reference = invoice["identifier"][0]["value"]
        .as_str()
        .unwrap()
        .to_owned();
    assert!(
        reference.starts_with("SK") && reference.len() == 8,
        "{reference}"
    );
    let signed = invoice["extension"]
        .as_array()
        .unwrap()
        .iter()
        .find_map(|extension| extension["valueString"].as_str())
        .unwrap();
    let order = PaymentOrder::verify(signed, &hospital.clinic.public_key()).unwrap();
    assert_eq!(order.amount(), Vnd::new(105_000));
    assert_eq!(order.invoice(), id(&invoice));

    let pay = |amount: i64, id: &'static str| {
        hospital
            .clinic
            .record_payment(&reference, Vnd::new(amount), id)
            .unwrap()
    };
    assert!(matches!(
        pay(100_000, "bank-1"),
        PaymentOutcome::ToSettle(_)
    ));
    assert_eq!(invoices().await[0]["status"], "issued");
    assert!(matches!(
        pay(105_000, "bank-2"),
        PaymentOutcome::Applied { .. }
    ));
    assert_eq!(pay(105_000, "bank-2"), PaymentOutcome::AlreadyCounted);
    assert!(matches!(
        pay(105_000, "bank-3"),
        PaymentOutcome::ToSettle(_)
    ));
    assert_eq!(invoices().await[0]["status"], "balanced");
    let (changed, _) = phone.changes(MOTHER, Some(&cursor)).await;
    let kinds: Vec<_> = changed
        .iter()
        .map(|e| e["resource"]["resourceType"].clone())
        .collect();
    assert_eq!(kinds, ["Invoice", "PaymentNotice"]);
    hospital.running.shutdown().await;
}
