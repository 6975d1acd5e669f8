//! Whether what is kept is whole.

use serde_json::{Value, json};
use sokhoe_clinic::{Clinic, Fault, Means, Settlement};
use sokhoe_domain::Vnd;

use crate::support::{Hospital, MOTHER, Phone, by_resource, hospital, id, key};

/// A day's work: booked, paid, underpaid, given back, called off after it was paid, and read.
async fn day(hospital: &Hospital) -> Phone {
    let phone = hospital.phone("device-one", &[MOTHER]).await;
    let mut references: Vec<(String, i64, Value)> = Vec::new();
    for service in ["kham-tim-mach", "kham-mat", "kham-noi-tiet"] {
        let slot = hospital.free(&phone, service, 1).await.remove(0);
        let booked = phone.book(&key(), id(&slot), MOTHER).await;
        assert_eq!(booked.status, 200, "{}", booked.body);
        let appointment = booked.resources("Appointment").remove(0);
        let query = "SELECT reference, amount FROM invoice ORDER BY created DESC, reference";
        let invoices = hospital.database.rows(query);
        let new: Vec<_> = invoices
            .into_iter()
            .filter(|row| references.iter().all(|(known, ..)| *known != row[0]))
            .map(|row| (row[0].clone(), row[1].parse::<i64>().unwrap()))
            .collect();
        let (reference, amount) = new.into_iter().next().unwrap();
        references.push((reference, amount, appointment));
    }
    let pay = |reference: &str, amount: i64, number: &str| {
        let paid = hospital
            .clinic
            .record_payment(reference, Vnd::new(amount), number);
        paid.unwrap();
    };
    let (reference, amount, _) = &references[0];
    pay(reference, *amount, "counter:1");
    let (reference, amount, appointment) = &references[1];
    pay(reference, *amount, "counter:2");
    let mut cancelled = appointment.clone();
    cancelled["status"] = json!("cancelled");
    let body = by_resource(&cancelled, MOTHER);
    let gone = phone
        .post("/fhir/Appointment/$book", Some(&key()), &body)
        .await;
    assert_eq!(gone.status, 200, "{}", gone.body);
    pay("SKNOBODY", 5_000, "counter:3");
    let receipt = "PC-1".to_owned();
    let means = Means::Cash;
    let refund = Settlement::Refund { receipt, means };
    hospital.clinic.settle_payment("counter:3", refund).unwrap();
    let (reference, amount, _) = &references[2];
    pay(reference, *amount - 1_000, "counter:4");
    hospital.clinic.tend_access_log().unwrap();
    phone
}

fn faults(clinic: &Clinic) -> Vec<(Fault, u64)> {
    clinic.check().unwrap().faults
}

#[tokio::test]
async fn what_people_did_fits_together_and_what_is_changed_behind_them_is_found() {
    let hospital = hospital().await;
    let _phone = day(&hospital).await;
    let report = hospital.clinic.check().unwrap();
    assert_eq!(report.faults, []);
    assert_eq!((report.bookings, report.invoices), (2, 3));
    assert!(report.log > 5 && report.resources > 50, "{report:?}");

    let damage = |text: &str, expected: &[(Fault, u64)]| {
        hospital.database.execute(text).unwrap();
        assert_eq!(faults(&hospital.clinic), expected, "{text}");
    };
    // Each is put right again, so that one is not taken for another.
    damage(
        "UPDATE payment SET state = 'settled' WHERE provider_id = 'counter:2'",
        &[(Fault::MoneyBook, 1), (Fault::PaymentState, 1)],
    );
    damage(
        "UPDATE payment SET state = 'to_settle' WHERE provider_id = 'counter:2'",
        &[],
    );
    damage(
        "UPDATE payment_entry SET amount = amount + 7 WHERE payment = 'counter:1'",
        &[
            (Fault::MoneyBook, 1),
            (Fault::PaymentState, 1),
            (Fault::PaymentOverspent, 1),
            (Fault::InvoiceOverpaid, 1),
        ],
    );
    damage(
        "UPDATE payment_entry SET amount = amount - 7 WHERE payment = 'counter:1'",
        &[],
    );
    damage(
        "UPDATE payment_entry SET payment = 'counter:9' WHERE payment = 'counter:3'",
        &[(Fault::PaymentState, 1), (Fault::EntryAlone, 1)],
    );
    damage(
        "UPDATE payment_entry SET payment = 'counter:3' WHERE payment = 'counter:9'",
        &[],
    );
    let unpaid = "UPDATE invoice SET state = 'STATE' WHERE reference =
                  (SELECT reference FROM payment WHERE provider_id = 'counter:4')";
    damage(
        &unpaid.replace("STATE", "balanced"),
        &[(Fault::InvoiceState, 1)],
    );
    damage(&unpaid.replace("STATE", "issued"), &[]);
    let of_another = "UPDATE invoice SET patient = 'PATIENT' WHERE reference =
                      (SELECT reference FROM payment WHERE provider_id = 'counter:1')";
    damage(
        &of_another.replace("PATIENT", "bn-000004"),
        &[(Fault::InvoiceOfBooking, 1)],
    );
    damage(&of_another.replace("PATIENT", MOTHER), &[]);
    damage(
        "UPDATE resource SET type = 'Lost' WHERE type = 'Invoice' AND id = (SELECT min(id) FROM invoice)",
        &[(Fault::InvoiceNotInBook, 1)],
    );
    damage(
        "UPDATE resource SET type = 'Invoice' WHERE type = 'Lost'",
        &[],
    );
    let one = "(SELECT min(id) FROM appointment WHERE state = 'booked')";
    damage(
        &format!("UPDATE resource SET type = 'Lost' WHERE type = 'Appointment' AND id = {one}"),
        &[(Fault::BookingNotInBook, 1)],
    );
    damage(
        "UPDATE resource SET type = 'Appointment' WHERE type = 'Lost'",
        &[],
    );
    damage(
        &format!("UPDATE busy SET seat = seat + 60 WHERE appointment = (SELECT pk FROM appointment WHERE id = {one})
                    AND cell = (SELECT min(b.cell) FROM busy b WHERE b.appointment = busy.appointment)"),
        &[(Fault::BookingWithoutTime, 1)],
    );
    damage("UPDATE busy SET seat = seat - 60 WHERE seat >= 60", &[]);
    damage(
        "UPDATE change SET version = version + 40 WHERE resource = (SELECT min(resource) FROM change)",
        &[(Fault::FeedAhead, 1)],
    );
    damage(
        "UPDATE change SET version = version - 40 WHERE version > 40",
        &[],
    );
    damage(
        "UPDATE access_log_entry SET entry = entry || ' ' WHERE place IN (1, 3)",
        &[(Fault::LogEntry, 2)],
    );
    // An erasure takes entries away.
    damage("DELETE FROM access_log_entry WHERE place IN (1, 3)", &[]);
    let cells = hospital
        .database
        .number(&format!("SELECT count(*) FROM busy WHERE appointment = (SELECT pk FROM appointment WHERE id = {one})"));
    damage(
        "UPDATE appointment SET state = 'cancelled' WHERE pk = (SELECT pk FROM appointment WHERE id =
                  (SELECT min(a.id) FROM appointment a JOIN invoice i ON i.appointment = a.pk
                   WHERE a.state = 'booked' AND i.state = 'issued'))",
        &[
            (Fault::InvoiceOfBooking, 1),
            (Fault::TimeWithoutBooking, cells.unsigned_abs()),
        ],
    );
    hospital.running.shutdown().await;
}
