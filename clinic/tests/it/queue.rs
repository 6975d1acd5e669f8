//! The queue of the day.

use std::collections::BTreeSet;
use std::time::Duration;

use chrono::NaiveDate;
use ring::signature::Ed25519KeyPair;
use serde_json::{Value, json};
use sokhoe_clinic::{Arrival, CheckIn, Clinic, ClinicError, QueueRefusal};
use sokhoe_domain::Timestamp;
use sokhoe_domain::ports::Clock as _;
use sokhoe_qr::signed::{Ticket, TicketSheet, TicketWindow};

use crate::support::desk::DeskPage;
use crate::support::http::Connection;
use crate::support::{
    Hospital, MOTHER, Phone, SON, STRANGER, by_resource, hospital, id, key, refusal,
};

/// A doctor of the eyes, who sees people on Tuesday from seven o'clock on.
const LINE: &str = "lich-bs-pham-duc-long";
const SERVICE: &str = "kham-mat";
const STATION: &str = "Phòng 111";
const TUESDAY: &str = "2026-11-24";

fn at(time: &str) -> Timestamp {
    Timestamp::parse_fhir(&format!("{TUESDAY}T{time}:00+07:00")).unwrap()
}

fn tuesday() -> NaiveDate {
    NaiveDate::from_ymd_opt(2026, 11, 24).unwrap()
}

/// Lets the clinic's clock go on until a time of Tuesday.
fn go_to(hospital: &Hospital, time: &str) {
    hospital.advance_to(&format!("{TUESDAY}T{time}:00+07:00"), 0);
}

fn to_booking(appointment: &str) -> CheckIn {
    CheckIn {
        arrival: Arrival::Booking(appointment.to_owned()),
        goes_first: false,
    }
}

fn by_ticket(text: &str) -> CheckIn {
    CheckIn {
        arrival: Arrival::Ticket(text.to_owned()),
        goes_first: false,
    }
}

fn without_booking(patient: &str) -> CheckIn {
    CheckIn {
        arrival: Arrival::WalkIn {
            patient: patient.to_owned(),
            schedule: LINE.to_owned(),
            service: None,
        },
        goes_first: false,
    }
}

/// Why it was refused.
fn why<T: std::fmt::Debug>(done: Result<T, ClinicError>) -> QueueRefusal {
    match done {
        Err(ClinicError::Queue(refusal)) => refusal,
        other => panic!("not refused: {other:?}"),
    }
}

/// Books a time of Tuesday at the line's doctor.
async fn booked(hospital: &Hospital, phone: &Phone, patient: &str, time: &str) -> Value {
    let slots = hospital.free(phone, SERVICE, 200).await;
    let start = at(time).to_fhir();
    let is_it = |slot: &&Value| {
        slot["start"] == json!(start) && slot.to_string().contains("bs-pham-duc-long")
    };
    let slot = slots.iter().find(is_it).unwrap();
    let reply = phone.book(&key(), id(slot), patient).await;
    assert_eq!(reply.status, 200, "{}", reply.body);
    reply.resources("Appointment").remove(0)
}

async fn stands(phone: &Phone, appointment: &str) -> Value {
    let reply = phone.get(&format!("/fhir/Appointment/{appointment}")).await;
    assert_eq!(reply.status, 200, "{}", reply.body);
    reply.json()
}

fn extension(appointment: &Value, name: &str) -> Option<Value> {
    let url = format!("https://sokhoe.vn/fhir/StructureDefinition/{name}");
    let all = appointment["extension"].as_array()?;
    all.iter().find(|one| one["url"] == json!(url)).cloned()
}

/// What `$queue` says: a member of a parameter.
struct Said(Value);

impl Said {
    async fn to(phone: &Phone, appointment: &str) -> Self {
        let path = format!("/fhir/Appointment/{appointment}/$queue");
        let reply = phone.get(&path).await;
        assert_eq!(reply.status, 200, "{}", reply.body);
        assert_eq!(reply.header("cache-control"), Some("no-store"));
        Self(reply.json())
    }

    fn part(&self, name: &str, member: &str) -> Option<Value> {
        let parts = self.0["parameter"].as_array().unwrap();
        let part = parts.iter().find(|part| part["name"] == json!(name))?;
        Some(part[member].clone())
    }

    fn state(&self) -> String {
        let state = self.part("state", "valueCode").unwrap();
        state.as_str().unwrap().to_owned()
    }

    fn ahead(&self) -> Option<u64> {
        self.part("ahead", "valueUnsignedInt")?.as_u64()
    }

    fn expected(&self) -> Option<Timestamp> {
        let at = self.part("expected", "valueInstant")?;
        Timestamp::parse_fhir(at.as_str()?)
    }
}

/// The clinic's own keys, with which tickets are signed.
fn keys(hospital: &Hospital) -> Ed25519KeyPair {
    let seed = std::fs::read(hospital.folder.path().join("data/identity.key")).unwrap();
    Ed25519KeyPair::from_seed_unchecked(&seed).unwrap()
}

/// The number on a booking's ticket.
fn number_of(hospital: &Hospital, booking: &Value) -> u32 {
    let query = format!("SELECT pk FROM appointment WHERE id = '{}'", id(booking));
    u32::try_from(hospital.database.number(&query)).unwrap()
}

/// So many people, of whom one phone sees everybody.
fn people(hospital: &Hospital, count: usize) -> Vec<String> {
    let people: Vec<String> = (0..count).map(|n| format!("person-{n:03}")).collect();
    let lines: String = people
        .iter()
        .map(|id| {
            format!(
                "{}\n",
                json!({"resourceType": "Patient", "id": id, "birthDate": "1985-06-01"})
            )
        })
        .collect();
    let report = hospital
        .clinic
        .import_reader("people.ndjson", &mut lines.as_bytes(), &Default::default())
        .unwrap();
    assert_eq!(report.stored, count);
    people
}

fn numbers_waiting(clinic: &Clinic) -> Vec<u32> {
    let lines = clinic.lines_of_day(tuesday()).unwrap();
    let people = lines.into_iter().flat_map(|line| line.people);
    people
        .filter(|person| person.state == "waiting")
        .map(|person| person.number)
        .collect()
}

#[tokio::test]
async fn who_comes_gets_one_number_and_the_book_tells_it() {
    let hospital = hospital().await;
    let phone = hospital.phone("device-mother", &[MOTHER, SON]).await;
    let stranger = hospital.phone("device-stranger", &[STRANGER]).await;
    let clinic = &hospital.clinic;
    let booking = booked(&hospital, &phone, MOTHER, "08:30").await;
    let appointment = id(&booking);
    let path = format!("/fhir/Appointment/{appointment}/$queue");
    assert_eq!(phone.get(&path).await.status, 404, "not there yet");

    let too_early = clinic.check_in(to_booking(appointment));
    assert_eq!(why(too_early), QueueRefusal::AnotherDay(tuesday()));
    let unknown = clinic.check_in(to_booking(&key()));
    assert_eq!(why(unknown), QueueRefusal::Unknown);
    let mut other = booked(&hospital, &phone, SON, "09:00").await;
    other["status"] = json!("cancelled");
    let cancelled = phone
        .post(
            "/fhir/Appointment/$book",
            Some(&key()),
            &by_resource(&other, SON),
        )
        .await;
    assert_eq!(cancelled.status, 200, "{}", cancelled.body);
    go_to(&hospital, "07:50");
    assert_eq!(
        why(clinic.check_in(to_booking(id(&other)))),
        QueueRefusal::Cancelled
    );

    let (_, before) = phone.changes(MOTHER, None).await;
    let first = clinic.check_in(to_booking(appointment)).unwrap();
    assert_eq!(first, (appointment.to_owned(), 1));
    assert_eq!(clinic.check_in(to_booking(appointment)).unwrap(), first);
    let (fed, _) = phone.changes(MOTHER, Some(&before)).await;
    assert_eq!(fed.len(), 1);
    let now = stands(&phone, appointment).await;
    assert_eq!(now, fed[0]["resource"]);
    assert_eq!(now["status"], "checked-in");
    assert_eq!(
        extension(&now, "queue-number").unwrap()["valuePositiveInt"],
        1
    );

    let said = Said::to(&phone, appointment).await;
    assert_eq!((said.state().as_str(), said.ahead()), ("waiting", Some(0)));
    assert_eq!(said.part("number", "valuePositiveInt"), Some(json!(1)));
    // Not before the time of the booking itself.
    assert_eq!(said.expected(), Some(at("08:30")));
    assert_eq!(
        said.part("as-of", "valueInstant"),
        Some(json!(at("07:50").to_fhir()))
    );
    assert_eq!(stranger.get(&path).await.status, 404);
    assert_eq!(phone.get(&format!("{path}?a=1")).await.status, 400);

    // It is changed at the desk alone.
    let mut moved = now.clone();
    moved["status"] = json!("booked");
    moved["start"] = json!(at("10:00").to_fhir());
    let mut called_off = now.clone();
    called_off["status"] = json!("cancelled");
    for changed in [moved, called_off] {
        let body = by_resource(&changed, MOTHER);
        let refused = phone
            .post("/fhir/Appointment/$book", Some(&key()), &body)
            .await;
        assert_eq!((refused.status, &*refusal(&refused)), (409, "checked-in"));
    }
    assert_eq!(stands(&phone, appointment).await, now);
    let row = &clinic.bookings_of_day(tuesday()).unwrap();
    let row = row.iter().find(|row| row.id == appointment).unwrap();
    assert_eq!((&*row.status, row.number), ("checked-in", Some(1)));
    hospital.running.shutdown().await;
}

#[tokio::test]
async fn a_call_is_told_until_they_are_in_and_a_visit_is_served_once() {
    let hospital = hospital().await;
    let phone = hospital.phone("device-mother", &[MOTHER]).await;
    let clinic = &hospital.clinic;
    let booking = booked(&hospital, &phone, MOTHER, "08:30").await;
    let appointment = id(&booking);
    go_to(&hospital, "08:20");
    clinic.check_in(to_booking(appointment)).unwrap();
    assert_eq!(
        why(clinic.begin_visit(appointment)),
        QueueRefusal::StandsElsewhere,
        "nobody called"
    );
    let called = clinic.call_next(LINE, STATION).unwrap();
    assert_eq!(called, Some((appointment.to_owned(), 1)));
    assert_eq!(clinic.call_next(LINE, STATION).unwrap(), None);
    let unknown = clinic.call_next("lich-khong-co", STATION);
    assert_eq!(why(unknown), QueueRefusal::Unknown);
    let call = async || extension(&stands(&phone, appointment).await, "called");
    let told = call().await.unwrap().to_string();
    assert!(
        told.contains(STATION) && told.contains(&at("08:20").to_fhir()),
        "{told}"
    );
    let said = Said::to(&phone, appointment).await;
    assert_eq!(
        (said.state().as_str(), said.ahead(), said.expected()),
        ("called", None, None)
    );
    assert_eq!(said.part("station", "valueString"), Some(json!(STATION)));

    go_to(&hospital, "08:24");
    clinic.call_again(appointment, Some("Phòng 112")).unwrap();
    let told = call().await.unwrap().to_string();
    assert!(told.contains("Phòng 112") && told.contains(&at("08:24").to_fhir()));

    // They were not there; they come, and have their number.
    go_to(&hospital, "08:30");
    for _ in 0..2 {
        clinic.missed_call(appointment).unwrap();
    }
    let told = call().await.unwrap().to_string();
    assert!(told.contains("missed") && told.contains(&at("08:30").to_fhir()));
    assert_eq!(Said::to(&phone, appointment).await.state(), "missed");
    assert_eq!(
        why(clinic.begin_visit(appointment)),
        QueueRefusal::StandsElsewhere
    );
    assert_eq!(clinic.call_next(LINE, STATION).unwrap(), None);
    go_to(&hospital, "08:40");
    let back = clinic.check_in(to_booking(appointment)).unwrap();
    assert_eq!(back.1, 1);
    assert_eq!(call().await, None);
    assert_eq!(Said::to(&phone, appointment).await.state(), "waiting");

    clinic.call_next(LINE, STATION).unwrap().unwrap();
    for _ in 0..2 {
        clinic.begin_visit(appointment).unwrap();
    }
    assert_eq!(call().await, None);
    let said = Said::to(&phone, appointment).await;
    assert_eq!(said.state(), "in-room");
    assert_eq!(stands(&phone, appointment).await["status"], "checked-in");
    go_to(&hospital, "09:00");
    for _ in 0..2 {
        clinic.finish_visit(appointment).unwrap();
    }
    let over = stands(&phone, appointment).await;
    assert_eq!(over["status"], "fulfilled");
    assert_eq!(Said::to(&phone, appointment).await.state(), "done");
    assert_eq!(
        why(clinic.check_in(to_booking(appointment))),
        QueueRefusal::Over
    );
    for again in [
        clinic.begin_visit(appointment),
        clinic.missed_call(appointment),
        clinic.call_again(appointment, None),
    ] {
        assert_eq!(why(again), QueueRefusal::StandsElsewhere);
    }
    assert_eq!(stands(&phone, appointment).await, over);
    hospital.running.shutdown().await;
}

#[tokio::test]
async fn who_goes_first_and_who_is_late() {
    let hospital = hospital().await;
    let clinic = &hospital.clinic;
    people(&hospital, 8);
    let lines = [
        json!({"resourceType": "Patient", "id": "old", "birthDate": "1944-05-05"}),
        json!({"resourceType": "Patient", "id": "small", "birthDate": "2023-01-01"}),
    ];
    let lines: String = lines.iter().map(|line| format!("{line}\n")).collect();
    clinic
        .import_reader("more.ndjson", &mut lines.as_bytes(), &Default::default())
        .unwrap();
    let everybody: Vec<String> = (0..5).map(|n| format!("person-{n:03}")).collect();
    let everybody: Vec<&str> = everybody.iter().map(String::as_str).collect();
    let phone = hospital.phone("device-all", &everybody).await;
    let in_time = booked(&hospital, &phone, everybody[0], "09:00").await;
    let early = booked(&hospital, &phone, everybody[1], "08:00").await;
    let late = booked(&hospital, &phone, everybody[2], "07:15").await;

    go_to(&hospital, "07:29");
    let come = |coming: CheckIn| clinic.check_in(coming).unwrap().1;
    assert_eq!(come(to_booking(id(&in_time))), 1);
    // A quarter of an hour after their time would do; this is more.
    go_to(&hospital, "07:31");
    assert_eq!(come(to_booking(id(&late))), 2);
    hospital.clock.advance(Duration::from_secs(1));
    assert_eq!(come(to_booking(id(&early))), 3);
    assert_eq!(come(without_booking(everybody[3])), 4);
    // By when they came (2, 4), by their booking (3: 8 o'clock, 1: 9 o'clock).
    assert_eq!(numbers_waiting(clinic), [2, 4, 3, 1]);
    assert_eq!(come(without_booking("old")), 5);
    assert_eq!(come(without_booking("small")), 6);
    let seen = CheckIn {
        goes_first: true,
        ..without_booking(everybody[4])
    };
    assert_eq!(come(seen), 7);
    assert_eq!(numbers_waiting(clinic), [5, 6, 7, 2, 4, 3, 1]);
    // That somebody goes first may be seen later; they keep their number.
    let seen = CheckIn {
        goes_first: true,
        ..to_booking(id(&in_time))
    };
    assert_eq!(come(seen), 1);
    assert_eq!(numbers_waiting(clinic), [5, 6, 7, 1, 2, 4, 3]);
    // Those who go first are before the others, also in what is said to them.
    let ahead = async |appointment| Said::to(&phone, appointment).await.ahead();
    assert_eq!(ahead(id(&late)).await, Some(4));
    assert_eq!(ahead(id(&early)).await, Some(6));

    let mut called = Vec::new();
    while let Some((appointment, number)) = clinic.call_next(LINE, STATION).unwrap() {
        called.push(number);
        if number == 5 && called.len() == 1 {
            clinic.missed_call(&appointment).unwrap();
            hospital.clock.advance(Duration::from_secs(60));
            assert_eq!(come(to_booking(&appointment)), 5);
        }
    }
    assert_eq!(
        called,
        [5, 6, 7, 5, 1, 2, 4, 3],
        "back behind who goes first, too"
    );
    hospital.running.shutdown().await;
}

#[tokio::test]
async fn about_when_it_is_whose_turn() {
    let hospital = hospital().await;
    let clinic = &hospital.clinic;
    let people = people(&hospital, 6);
    let people: Vec<&str> = people.iter().map(String::as_str).collect();
    let phone = hospital.phone("device-all", &people).await;
    go_to(&hospital, "09:00");
    let came: Vec<String> = people
        .iter()
        .map(|person| clinic.check_in(without_booking(person)).unwrap().0)
        .collect();
    let expected = async |which: usize| Said::to(&phone, &came[which]).await.expected().unwrap();
    let slot = stands(&phone, &came[0]).await["minutesDuration"]
        .as_u64()
        .unwrap();
    let minutes = |minutes: u64| at("09:00").plus(Duration::from_secs(minutes * 60));
    assert_eq!(expected(0).await, minutes(0));
    assert_eq!(
        expected(5).await,
        minutes(5 * slot),
        "as long as one is meant to take"
    );
    for took in [4, 9, 5] {
        let (next, _) = clinic.call_next(LINE, STATION).unwrap().unwrap();
        clinic.begin_visit(&next).unwrap();
        hospital.clock.advance(Duration::from_secs(took * 60));
        clinic.finish_visit(&next).unwrap();
    }
    // It is 09:18, and half of the visits took no more than five minutes.
    assert_eq!(expected(3).await, minutes(18));
    assert_eq!(expected(5).await, minutes(18 + 2 * 5));
    let (next, _) = clinic.call_next(LINE, STATION).unwrap().unwrap();
    assert_eq!(expected(4).await, minutes(18 + 5));
    clinic.begin_visit(&next).unwrap();
    hospital.clock.advance(Duration::from_secs(2 * 60));
    assert_eq!(
        expected(5).await,
        minutes(18 + 5 + 5),
        "for the rest of a visit"
    );
    hospital.clock.advance(Duration::from_secs(20 * 60));
    assert_eq!(expected(4).await, hospital.clock.now(), "never before now");
    hospital.running.shutdown().await;
}

#[tokio::test]
async fn without_a_booking_one_gets_an_appointment_of_now() {
    let hospital = hospital().await;
    let clinic = &hospital.clinic;
    let phone = hospital.phone("device-both", &[MOTHER, SON]).await;
    let booking = booked(&hospital, &phone, SON, "10:00").await;
    go_to(&hospital, "08:00");
    let (appointment, number) = clinic.check_in(without_booking(MOTHER)).unwrap();
    assert_eq!(number, 1);
    assert_eq!(
        clinic.check_in(without_booking(MOTHER)).unwrap(),
        (appointment.clone(), 1),
        "the same number"
    );
    let now = stands(&phone, &appointment).await;
    assert_eq!(now["status"], "checked-in");
    let coding = &now["appointmentType"]["coding"][0];
    assert_eq!(coding["code"], "WALKIN");
    assert_eq!(
        coding["system"],
        "http://terminology.hl7.org/CodeSystem/v2-0276"
    );
    assert_eq!(now["start"], json!(at("08:00").to_fhir()));
    assert!(now.to_string().contains("Phạm Đức Long") && now.to_string().contains("Quàng"));
    let invoices = phone.get(&format!("/fhir/Invoice?patient={MOTHER}")).await;
    assert_eq!(invoices.resources("Invoice").len(), 1);
    // They take nobody's time.
    assert_eq!(
        hospital
            .database
            .number("SELECT count(DISTINCT appointment) FROM busy"),
        1
    );
    // Whoever forgot that they are booked comes to that.
    let (same, number) = clinic.check_in(without_booking(SON)).unwrap();
    assert_eq!((same.as_str(), number), (id(&booking), 2));
    let nobody = clinic.check_in(without_booking("nobody"));
    assert_eq!(why(nobody), QueueRefusal::Unknown);
    let elsewhere = CheckIn {
        arrival: Arrival::WalkIn {
            patient: MOTHER.to_owned(),
            schedule: LINE.to_owned(),
            service: Some("kham-tim-mach".to_owned()),
        },
        goes_first: false,
    };
    assert_eq!(why(clinic.check_in(elsewhere)), QueueRefusal::Unknown);
    // Through, they may come once more.
    clinic.call_next(LINE, STATION).unwrap().unwrap();
    clinic.begin_visit(&appointment).unwrap();
    clinic.finish_visit(&appointment).unwrap();
    let (another, number) = clinic.check_in(without_booking(MOTHER)).unwrap();
    assert!(another != appointment && number == 3);
    hospital.running.shutdown().await;
}

#[tokio::test]
async fn whoever_is_checked_in_by_mistake_is_taken_back_and_comes_again() {
    let hospital = hospital().await;
    let clinic = &hospital.clinic;
    let phone = hospital.phone("device-both", &[MOTHER, SON]).await;
    let booking = booked(&hospital, &phone, MOTHER, "10:00").await;
    go_to(&hospital, "09:40");
    let number = number_of(&hospital, &booking);
    let sheet = TicketSheet::for_appointment(number, at("10:00"), &keys(&hospital)).unwrap();
    let ticket = sheet.at(at("09:40")).unwrap();
    assert_eq!(clinic.check_in(by_ticket(&ticket)).unwrap().1, 1);
    let (walk_in, _) = clinic.check_in(without_booking(SON)).unwrap();
    let mut changed = booking.clone();
    changed["status"] = json!("cancelled");
    let body = by_resource(&changed, MOTHER);
    let kept = phone
        .post("/fhir/Appointment/$book", Some(&key()), &body)
        .await;
    assert_eq!(refusal(&kept), "checked-in");
    for _twice in 0..2 {
        clinic.take_back_check_in(id(&booking)).unwrap();
    }
    let now = stands(&phone, id(&booking)).await;
    assert_eq!(now["status"], "booked");
    assert_eq!(extension(&now, "queue-number"), None);
    assert_eq!(
        phone
            .get(&format!("/fhir/Appointment/{}/$queue", id(&booking)))
            .await
            .status,
        404
    );
    assert_eq!(numbers_waiting(clinic), [2]);
    // The same ticket, and another number: the first one is nobody's.
    assert_eq!(clinic.check_in(by_ticket(&ticket)).unwrap().1, 3);
    // Whoever goes home again owes nothing.
    clinic.take_back_check_in(&walk_in).unwrap();
    assert_eq!(stands(&phone, &walk_in).await["status"], "cancelled");
    let invoices = phone.get(&format!("/fhir/Invoice?patient={SON}")).await;
    assert_eq!(invoices.resources("Invoice")[0]["status"], "cancelled");
    // Called, or called in vain, one can go, too; from the doctor one cannot.
    let (called, _) = clinic.call_next(LINE, STATION).unwrap().unwrap();
    clinic.missed_call(&called).unwrap();
    clinic.take_back_check_in(&called).unwrap();
    assert_eq!(stands(&phone, &called).await["status"], "booked");
    assert_eq!(clinic.check_in(to_booking(&called)).unwrap().1, 4);
    clinic.call_next(LINE, STATION).unwrap().unwrap();
    clinic.begin_visit(&called).unwrap();
    assert_eq!(
        why(clinic.take_back_check_in(&called)),
        QueueRefusal::StandsElsewhere
    );
    assert_eq!(
        why(clinic.take_back_check_in("nobody")),
        QueueRefusal::Unknown
    );
    hospital.running.shutdown().await;
}

#[tokio::test]
async fn a_ticket_is_used_once_whichever_process_sees_it() {
    let hospital = hospital().await;
    let clinic = &hospital.clinic;
    let phone = hospital.phone("device-mother", &[MOTHER, SON]).await;
    let booking = booked(&hospital, &phone, MOTHER, "08:30").await;
    let keys = keys(&hospital);
    let number = number_of(&hospital, &booking);
    let sheet = TicketSheet::for_appointment(number, at("08:30"), &keys).unwrap();
    let ticket = sheet.at(at("08:00")).unwrap();
    assert_eq!(
        why(clinic.check_in(by_ticket(&ticket))),
        QueueRefusal::AnotherDay(tuesday())
    );
    go_to(&hospital, "08:05");
    let altered = ticket.replacen('3', "4", 1);
    for bad in [&*altered, "0903123456", ""] {
        let refused = why(clinic.check_in(by_ticket(bad)));
        assert!(matches!(refused, QueueRefusal::BadTicket(_)), "{refused:?}");
    }
    let later = sheet.at(at("11:00")).unwrap();
    let refused = why(clinic.check_in(by_ticket(&later)));
    assert!(matches!(refused, QueueRefusal::BadTicket(_)), "{refused:?}");
    let stranger = Ed25519KeyPair::from_seed_unchecked(&[9; 32]).unwrap();
    let forged = Ticket::new(number, at("08:30"), TicketWindow::Paper);
    let refused = why(clinic.check_in(by_ticket(&forged.sign(&stranger).unwrap())));
    assert!(matches!(refused, QueueRefusal::BadTicket(_)), "{refused:?}");
    let nobodys = Ticket::new(9_999, at("08:30"), TicketWindow::Paper);
    let refused = why(clinic.check_in(by_ticket(&nobodys.sign(&keys).unwrap())));
    assert_eq!(refused, QueueRefusal::Unknown);

    let (appointment, first) = clinic.check_in(by_ticket(&format!("{ticket}\n"))).unwrap();
    assert_eq!((appointment.as_str(), first), (id(&booking), 1));
    let used = QueueRefusal::TicketUsed {
        at: at("08:05"),
        number: Some(1),
    };
    hospital.clock.advance(Duration::from_secs(30));
    assert_eq!(why(clinic.check_in(by_ticket(&ticket))), used);
    let beside = hospital.beside();
    assert_eq!(why(beside.check_in(by_ticket(&ticket))), used);
    // At the desk they are known all the same, and who missed their call shows it once more.
    assert_eq!(clinic.check_in(to_booking(&appointment)).unwrap().1, 1);
    clinic.call_next(LINE, STATION).unwrap().unwrap();
    clinic.missed_call(&appointment).unwrap();
    assert_eq!(beside.check_in(by_ticket(&ticket)).unwrap().1, 1);
    assert_eq!(why(beside.check_in(by_ticket(&ticket))), used);

    // The ticket of a time from which the booking was moved.
    let mut booking = booked(&hospital, &phone, SON, "09:00").await;
    let old = Ticket::new(
        number_of(&hospital, &booking),
        at("09:00"),
        TicketWindow::Paper,
    );
    booking["start"] = json!(at("09:30").to_fhir());
    let moved = phone
        .post(
            "/fhir/Appointment/$book",
            Some(&key()),
            &by_resource(&booking, SON),
        )
        .await;
    assert_eq!(moved.status, 200, "{}", moved.body);
    let refused = why(clinic.check_in(by_ticket(&old.sign(&keys).unwrap())));
    assert_eq!(refused, QueueRefusal::TicketOutdated);
    let new = Ticket::new(
        number_of(&hospital, &booking),
        at("09:30"),
        TicketWindow::Paper,
    );
    assert_eq!(
        clinic
            .check_in(by_ticket(&new.sign(&keys).unwrap()))
            .unwrap()
            .1,
        2
    );
    hospital.running.shutdown().await;
}

/// The clinic, twice where two processes can share it.
fn processes(hospital: &Hospital) -> Vec<Clinic> {
    match hospital.database.is_postgres() {
        true => vec![hospital.clinic.clone(), hospital.beside()],
        false => vec![hospital.clinic.clone(); 2],
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn numbers_are_given_once_and_go_up_whoever_gives_them() {
    let hospital = hospital().await;
    let people = people(&hospital, 80);
    go_to(&hospital, "08:00");
    let processes = processes(&hospital);
    // Each desk hands them out one after the other; everybody comes to two desks at once.
    let desks: Vec<_> = (0..8)
        .map(|desk| {
            let clinic = processes[desk % processes.len()].clone();
            let mine: Vec<String> = people
                .iter()
                .skip(desk / 2 * 20)
                .take(20)
                .cloned()
                .collect();
            std::thread::spawn(move || {
                let come = |person: &String| clinic.check_in(without_booking(person)).unwrap();
                mine.iter().map(come).collect::<Vec<_>>()
            })
        })
        .collect();
    let given: Vec<Vec<(String, u32)>> =
        desks.into_iter().map(|desk| desk.join().unwrap()).collect();
    for desk in given.chunks(2) {
        assert_eq!(desk[0], desk[1], "everybody has one number");
    }
    let all: BTreeSet<u32> = given.iter().flatten().map(|(_, number)| *number).collect();
    assert_eq!(all, (1..=80).collect());
    // In the order in which they came, as far as that can be told.
    let rows = hospital
        .database
        .rows("SELECT number FROM visit ORDER BY number");
    assert_eq!(rows.len(), 80);
    let appointments = hospital.database.number("SELECT count(*) FROM appointment");
    assert_eq!(appointments, 80, "nobody came twice");
    hospital.running.shutdown().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_later_number_is_never_smaller() {
    let hospital = hospital().await;
    let people = people(&hospital, 60);
    go_to(&hospital, "08:00");
    let processes = processes(&hospital);
    let desks: Vec<_> = (0..4)
        .map(|desk| {
            let clinic = processes[desk % processes.len()].clone();
            let mine: Vec<String> = people.iter().skip(desk * 15).take(15).cloned().collect();
            std::thread::spawn(move || {
                let mut numbers = Vec::new();
                for person in &mine {
                    let asked = std::time::Instant::now();
                    let (_, number) = clinic.check_in(without_booking(person)).unwrap();
                    numbers.push((asked, std::time::Instant::now(), number));
                }
                numbers
            })
        })
        .collect();
    let mut given: Vec<_> = desks
        .into_iter()
        .flat_map(|desk| desk.join().unwrap())
        .collect();
    given.sort_by_key(|(_, answered, _)| *answered);
    for (place, (_, answered, number)) in given.iter().enumerate() {
        let later = given[place..]
            .iter()
            .filter(|(asked, _, _)| asked > answered);
        for (_, _, after) in later {
            assert!(after > number, "who came after {number} has {after}");
        }
    }
    hospital.running.shutdown().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn desks_that_call_at_once_call_everybody_once() {
    let hospital = hospital().await;
    let people = people(&hospital, 40);
    go_to(&hospital, "08:00");
    for person in &people {
        hospital.clinic.check_in(without_booking(person)).unwrap();
    }
    let processes = processes(&hospital);
    let desks: Vec<_> = (0..6)
        .map(|desk| {
            let clinic = processes[desk % processes.len()].clone();
            std::thread::spawn(move || {
                let mut called = Vec::new();
                let station = format!("Bàn {desk}");
                while let Some((appointment, number)) = clinic.call_next(LINE, &station).unwrap() {
                    clinic.begin_visit(&appointment).unwrap();
                    clinic.finish_visit(&appointment).unwrap();
                    called.push(number);
                }
                called
            })
        })
        .collect();
    let mut called = Vec::new();
    for desk in desks {
        let by_desk = desk.join().unwrap();
        assert!(by_desk.is_sorted(), "each calls in the order: {by_desk:?}");
        called.extend(by_desk);
    }
    called.sort_unstable();
    assert_eq!(called, (1..=40).collect::<Vec<u32>>());
    let done = "SELECT count(*) FROM visit WHERE state = 'done' AND begun IS NOT NULL";
    assert_eq!(hospital.database.number(done), 40);
    hospital.running.shutdown().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn somebody_who_moves_a_booking_while_its_person_is_checked_in_does_one_or_the_other() {
    let hospital = hospital().await;
    let phone = hospital.phone("device-mother", &[MOTHER]).await;
    let booking = booked(&hospital, &phone, MOTHER, "09:00").await;
    let appointment = id(&booking).to_owned();
    go_to(&hospital, "08:00");
    let mut moved = booking.clone();
    moved["start"] = json!(at("10:00").to_fhir());
    let clinic = hospital.clinic.clone();
    let body = by_resource(&moved, MOTHER);
    let coming = to_booking(&appointment);
    let (answer, number) = tokio::join!(
        async {
            phone
                .post("/fhir/Appointment/$book", Some(&key()), &body)
                .await
        },
        async {
            tokio::task::spawn_blocking(move || clinic.check_in(coming))
                .await
                .unwrap()
        }
    );
    assert_eq!(number.unwrap().1, 1, "it is today, whenever");
    let now = stands(&phone, &appointment).await;
    assert_eq!(now["status"], "checked-in");
    let is_moved = now["start"] == json!(at("10:00").to_fhir());
    assert_eq!(
        answer.status,
        if is_moved { 200 } else { 409 },
        "{}",
        answer.body
    );
    hospital.running.shutdown().await;
}

#[tokio::test]
async fn at_the_end_of_the_day_everybody_who_never_came_was_missed() {
    let hospital = hospital().await;
    let clinic = &hospital.clinic;
    let people = people(&hospital, 6);
    let people: Vec<&str> = people.iter().map(String::as_str).collect();
    let phone = hospital.phone("device-all", &people).await;
    let mut bookings = Vec::new();
    for (person, time) in people
        .iter()
        .zip(["08:00", "08:30", "09:00", "09:30", "10:00"])
    {
        bookings.push(booked(&hospital, &phone, person, time).await);
    }
    let tomorrow = {
        let slots = hospital.free(&phone, SERVICE, 200).await;
        let slot = slots
            .iter()
            .find(|slot| slot["start"].as_str().unwrap().starts_with("2026-11-25"));
        let reply = phone.book(&key(), id(slot.unwrap()), people[5]).await;
        reply.resources("Appointment").remove(0)
    };
    let status = async |booking: &Value| stands(&phone, id(booking)).await["status"].clone();
    go_to(&hospital, "07:50");
    for booking in &bookings[..4] {
        clinic.check_in(to_booking(id(booking))).unwrap();
    }
    // One is missed, one is called and never comes, one is in, one still waits; the last one never came.
    let called = |_| clinic.call_next(LINE, STATION).unwrap().unwrap().0;
    let called: Vec<String> = (0..3).map(called).collect();
    clinic.missed_call(&called[0]).unwrap();
    clinic.begin_visit(&called[2]).unwrap();
    go_to(&hospital, "23:59");
    clinic.tend_queue().unwrap();
    assert_eq!(status(&bookings[4]).await, "booked", "the day is not over");

    hospital.clock.advance(Duration::from_secs(60));
    let beside = hospital.beside();
    clinic.tend_queue().unwrap();
    beside.tend_queue().unwrap();
    let mut told = Vec::new();
    for booking in &bookings {
        told.push(status(booking).await.as_str().unwrap().to_owned());
    }
    assert_eq!(
        told,
        ["noshow", "noshow", "fulfilled", "fulfilled", "noshow"]
    );
    assert_eq!(
        extension(&stands(&phone, id(&bookings[0])).await, "called"),
        None
    );
    // Who never came has no number.
    assert_eq!(status(&tomorrow).await, "booked");
    let path = format!("/fhir/Appointment/{}/$queue", id(&bookings[4]));
    assert_eq!(phone.get(&path).await.status, 404);
    let versions = || {
        hospital
            .database
            .number("SELECT sum(version) FROM resource")
    };
    let before = versions();
    clinic.tend_queue().unwrap();
    assert_eq!(versions(), before, "nothing is done twice");

    // A day on which nobody was checked in says nothing of who came.
    hospital.clock.advance(Duration::from_secs(36 * 3_600));
    clinic.tend_queue().unwrap();
    assert_eq!(status(&tomorrow).await, "booked");
    hospital.running.shutdown().await;
}

#[tokio::test]
async fn nobody_need_come_to_a_visit_by_video() {
    let hospital = hospital().await;
    let phone = hospital.phone("device-mother", &[MOTHER]).await;
    let slot = hospital.free(&phone, "tu-van-tu-xa", 1).await.remove(0);
    let reply = phone.book(&key(), id(&slot), MOTHER).await;
    let remote = reply.resources("Appointment").remove(0);
    hospital.advance_to(slot["start"].as_str().unwrap(), 0);
    hospital.clinic.check_in(without_booking(SON)).unwrap();
    hospital.clock.advance(Duration::from_secs(24 * 3_600));
    hospital.clinic.tend_queue().unwrap();
    assert_eq!(stands(&phone, id(&remote)).await["status"], "booked");
    let open = "SELECT count(*) FROM queue_day WHERE closed = (1 = 0)";
    assert_eq!(hospital.database.number(open), 0);
    hospital.running.shutdown().await;
}

/// Follows a person's record live.
pub async fn follow(phone: &Phone, patient: &str) -> Connection {
    // A phone whose token is over renews it first.
    phone.get("/access").await;
    let mut live = Connection::open(&phone.addr).await;
    let path = format!("/live?patient={patient}");
    let credentials = phone.credentials("GET", &path);
    let mut headers: Vec<(&str, &str)> = credentials
        .iter()
        .map(|(name, value)| (&**name, &**value))
        .collect();
    headers.push(("Accept", "text/event-stream"));
    live.send("GET", &path, &headers, "").await;
    let (status, _) = live.head().await;
    assert_eq!(status, 200);
    until(&mut live, "event: ready").await;
    live
}

pub async fn until(live: &mut Connection, wanted: &str) {
    let heard = tokio::time::timeout(Duration::from_secs(10), async {
        loop {
            if live.line().await.unwrap().contains(wanted) {
                break;
            }
        }
    });
    heard.await.unwrap();
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn those_who_wait_hear_that_the_line_moves_and_nothing_of_theirs_is_written() {
    let hospital = hospital().await;
    let people = people(&hospital, 300);
    let last = people.last().unwrap().clone();
    let phone = hospital.phone("device-last", &[&last]).await;
    go_to(&hospital, "08:00");
    let came: Vec<String> = people
        .iter()
        .map(|person| hospital.clinic.check_in(without_booking(person)).unwrap().0)
        .collect();
    let mine = came.last().unwrap();
    assert_eq!(Said::to(&phone, mine).await.ahead(), Some(299));
    let mut live = follow(&phone, &last).await;
    let written = |what: &str| hospital.database.number(&format!("SELECT sum({what}"));
    let before = (
        written("version) FROM resource"),
        written("moves) FROM queue_line"),
        stands(&phone, mine).await,
    );
    // Where two processes share the database the other one calls.
    let desk = processes(&hospital).pop().unwrap();
    desk.call_next(LINE, STATION).unwrap().unwrap();
    until(&mut live, "event: changed").await;
    until(&mut live, &last).await;
    let said = Said::to(&phone, mine).await;
    assert_eq!(
        (said.state().as_str(), said.ahead()),
        ("waiting", Some(298))
    );
    let after = (
        written("version) FROM resource"),
        written("moves) FROM queue_line"),
        stands(&phone, mine).await,
    );
    assert_eq!(after, (before.0 + 1, before.1 + 1, before.2));
    drop(desk);
    hospital.running.shutdown().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn also_where_the_process_that_called_could_tell_nobody() {
    let hospital = hospital().await;
    if !hospital.database.is_postgres() {
        // There is no other process.
        hospital.running.shutdown().await;
        return;
    }
    let phone = hospital.phone("device-mother", &[MOTHER]).await;
    go_to(&hospital, "08:00");
    for person in [SON, MOTHER] {
        hospital.clinic.check_in(without_booking(person)).unwrap();
    }
    let mut live = follow(&phone, MOTHER).await;
    // As a process that was killed right after its commit.
    hospital
        .database
        .execute(
            "UPDATE queue_line SET moves = moves + 1,
                    written = CAST(extract(epoch FROM clock_timestamp()) * 1000 AS BIGINT)",
        )
        .unwrap();
    until(&mut live, MOTHER).await;
    hospital.running.shutdown().await;
}

#[tokio::test]
async fn the_desk_checks_in_and_calls() {
    let hospital = hospital().await;
    let phone = hospital.phone("device-mother", &[MOTHER]).await;
    let booking = booked(&hospital, &phone, MOTHER, "08:30").await;
    let desk = DeskPage::open(&hospital).await;
    let early = desk
        .post("/desk/queue/check-in", json!({"appointment": id(&booking)}))
        .await;
    assert_eq!(early.status, 409);
    assert_eq!(early.json()["refusal"], "another-day");
    assert_eq!(early.json()["day"], TUESDAY);
    go_to(&hospital, "08:00");
    let mut events = hospital.connect().await;
    events
        .send("GET", "/desk/events", &[("Cookie", &desk.cookie)], "")
        .await;
    assert_eq!(events.head().await.0, 200);
    let came = desk
        .post("/desk/queue/check-in", json!({"appointment": id(&booking)}))
        .await;
    assert_eq!(came.json()["number"], 1);
    until(&mut events, "event: queue").await;
    let walk_in = json!({"patient": SON, "schedule": LINE, "goes_first": true});
    assert_eq!(
        desk.post("/desk/queue/check-in", walk_in).await.json()["number"],
        2
    );
    for nonsense in [
        json!({}),
        json!({"appointment": "a", "ticket": "b"}),
        json!({"patient": SON}),
    ] {
        assert_eq!(
            desk.post("/desk/queue/check-in", nonsense).await.status,
            422
        );
    }
    let bad = desk
        .post("/desk/queue/check-in", json!({"ticket": "7"}))
        .await;
    assert_eq!(
        (bad.status, bad.json()["refusal"].clone()),
        (409, json!("bad-ticket"))
    );

    let listed = desk.get("/desk/queue").await;
    let line = &listed["lines"][0];
    assert_eq!(
        (&line["schedule"], &line["room"]),
        (&json!(LINE), &json!(STATION))
    );
    let numbers = |line: &Value| -> Vec<(u64, String)> {
        let people = line["people"].as_array().unwrap().iter();
        people
            .map(|one| {
                (
                    one["number"].as_u64().unwrap(),
                    one["state"].as_str().unwrap().to_owned(),
                )
            })
            .collect()
    };
    assert_eq!(
        numbers(line),
        [(2, "waiting".to_owned()), (1, "waiting".to_owned())]
    );
    assert_eq!(line["people"][1]["name"], "Quàng Thị Mai");

    let next = json!({"schedule": LINE, "station": STATION});
    let called = desk.post("/desk/queue/next", next.clone()).await.json();
    assert_eq!(called["number"], 2);
    let sons = json!({"appointment": called["appointment"]});
    for (step, state) in [("call-again", "called"), ("missed", "missed")] {
        let done = desk
            .post(&format!("/desk/queue/{step}"), sons.clone())
            .await;
        assert_eq!(done.status, 200, "{}", done.body);
        let listed = desk.get("/desk/queue").await;
        assert!(numbers(&listed["lines"][0]).contains(&(2, state.to_owned())));
    }
    desk.post("/desk/queue/next", next.clone()).await;
    let mine = json!({"appointment": id(&booking)});
    let refused = desk.post("/desk/queue/finish", mine.clone()).await;
    assert_eq!(
        (refused.status, refused.json()["refusal"].clone()),
        (409, json!("stands-elsewhere"))
    );
    for step in ["begin", "finish"] {
        assert_eq!(
            desk.post(&format!("/desk/queue/{step}"), mine.clone())
                .await
                .status,
            200
        );
    }
    assert_eq!(
        desk.post("/desk/queue/next", next).await.json(),
        Value::Null
    );
    assert_eq!(desk.post("/desk/queue/nonsense", mine).await.status, 404);
    let long = json!({"schedule": LINE, "station": "x".repeat(61)});
    assert_eq!(desk.post("/desk/queue/next", long).await.status, 422);
    let listed = desk.get("/desk/queue").await;
    assert_eq!(listed["lines"][0]["done"], 1);
    let bookings = desk.get("/desk/bookings").await;
    let bookings = bookings["bookings"].as_array().unwrap().clone();
    let row = bookings
        .iter()
        .find(|row| row["id"] == booking["id"])
        .unwrap();
    assert_eq!(
        (&row["status"], &row["number"]),
        (&json!("fulfilled"), &json!(1))
    );
    // Without the desk's key nobody is checked in.
    let forged = hospital
        .connect()
        .await
        .ask(
            "POST",
            "/desk/queue/check-in",
            &[("Content-Type", "application/json")],
            "{}",
        )
        .await;
    assert_eq!(forged.status, 401);
    hospital.running.shutdown().await;
}
