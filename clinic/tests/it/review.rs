//! What a hostile reader of this crate found. Each of these failed once, but for the two that keep what was
//! right: the demonstration's whole book arrives, and a dropped server stops.

use std::time::Duration;

use serde_json::{Value, json};
use sokhoe_clinic::{Clinic, ClinicConfig, ClinicError, DataSource, ImportOptions, PaymentOutcome};
use sokhoe_domain::Vnd;

use crate::support::desk::DeskPage;
use crate::support::{
    Hospital, MOTHER, STRANGER, by_resource, hospital, id, key, link, parameters, refusal,
};

const UUID: &str = "7d1f0d3c-6a54-4f0e-9d5e-0a3c2b1d4e5f";

fn import(hospital: &Hospital, text: &str) -> sokhoe_clinic::ImportReport {
    hospital
        .clinic
        .import_reader("in.ndjson", &mut text.as_bytes(), &ImportOptions::default())
        .unwrap()
}

fn appointment_of(patient: &str) -> String {
    json!({
        "resourceType": "Appointment", "id": UUID, "status": "fulfilled",
        "participant": [{"actor": {"reference": format!("Patient/{patient}")}, "status": "accepted"}],
    })
    .to_string()
}

#[tokio::test]
async fn a_key_never_takes_over_an_appointment_that_was_imported() {
    let hospital = hospital().await;
    import(&hospital, &appointment_of(STRANGER));
    let mother = hospital.phone("device-one", &[MOTHER]).await;
    let stranger = hospital.phone("device-two", &[STRANGER]).await;
    let free = hospital.free(&mother, "kham-mat", 2).await;
    assert_eq!(mother.book(UUID, id(&free[0]), MOTHER).await.status, 422);
    assert_eq!(mother.hold(UUID, id(&free[0]), MOTHER).await.status, 422);
    let path = format!("/fhir/Appointment/{UUID}");
    assert_eq!(stranger.get(&path).await.json()["status"], "fulfilled");

    // Nor one that was deleted.
    let deletion = json!({"resourceType": "Bundle", "type": "transaction",
        "entry": [{"request": {"method": "DELETE", "url": format!("Appointment/{UUID}")}}]});
    import(&hospital, &deletion.to_string());
    assert_eq!(
        stranger.book(UUID, id(&free[1]), STRANGER).await.status,
        422
    );
    hospital.running.shutdown().await;
}

#[tokio::test]
async fn a_key_means_one_intent_of_one_person() {
    let hospital = hospital().await;
    let mother = hospital.phone("device-one", &[MOTHER]).await;
    let stranger = hospital.phone("device-two", &[STRANGER]).await;
    let free = hospital.free(&mother, "kham-tim-mach", 2).await;
    assert_eq!(
        stranger.book(&key(), id(&free[0]), STRANGER).await.status,
        200
    );
    let shared = key();
    let refused = mother.book(&shared, id(&free[0]), MOTHER).await;
    assert_eq!(refusal(&refused), "slot-taken");
    let other = stranger.book(&shared, id(&free[1]), STRANGER).await;
    assert_eq!(other.status, 200, "{}", other.body);
    assert_eq!(
        mother.book(&shared, id(&free[0]), MOTHER).await.body,
        refused.body
    );
    hospital.running.shutdown().await;
}

/// Free times of one doctor on one day.
async fn free_of_doctor(
    hospital: &Hospital,
    phone: &crate::support::Phone,
    day: &str,
) -> Vec<Value> {
    let instant = |time: &str| json!({"valueDateTime": format!("{day}T{time}+07:00")});
    let find = parameters(&[
        ("start", instant("00:00:00")),
        ("end", instant("23:59:00")),
        (
            "practitioner",
            json!({"valueReference": {"reference": "Practitioner/bs-cam-van-toan"}}),
        ),
    ]);
    let reply = phone.post("/fhir/Appointment/$find", None, &find).await;
    assert_eq!(reply.status, 200, "{} {}", reply.body, hospital.base());
    reply.resources("Appointment")
}

#[tokio::test]
async fn a_refused_move_keeps_a_time_that_is_no_longer_offered() {
    let hospital = hospital().await;
    let mother = hospital.phone("device-one", &[MOTHER]).await;
    let stranger = hospital.phone("device-two", &[STRANGER]).await;
    let first = free_of_doctor(&hospital, &mother, "2026-11-24")
        .await
        .remove(0);
    let second = free_of_doctor(&hospital, &mother, "2026-11-25")
        .await
        .remove(0);
    let booked = mother.book(&key(), id(&first), MOTHER).await;
    assert_eq!(booked.status, 200, "{}", booked.body);
    assert_eq!(
        stranger.book(&key(), id(&second), STRANGER).await.status,
        200
    );
    hospital
        .database
        .execute("INSERT INTO closed_day VALUES ('2026-11-24', 'test')")
        .unwrap();
    hospital.clinic.seed_hospital().unwrap();

    let mut appointment = booked.resources("Appointment").remove(0);
    appointment["start"] = second["start"].clone();
    let body = by_resource(&appointment, MOTHER);
    let moved = mother
        .post("/fhir/Appointment/$book", Some(&key()), &body)
        .await;
    assert_eq!(refusal(&moved), "slot-taken");
    let seats = hospital.database.number(&format!(
        "SELECT count(*) FROM busy b JOIN appointment a ON a.pk = b.appointment WHERE a.patient = '{MOTHER}'"
    ));
    assert!(seats > 0, "the booked time is still hers");
    hospital.running.shutdown().await;
}

fn large(id: &str, bytes: usize) -> String {
    json!({
        "resourceType": "DocumentReference", "id": id, "status": "current",
        "subject": {"reference": format!("Patient/{MOTHER}")},
        "description": "x".repeat(bytes),
    })
    .to_string()
}

#[tokio::test]
async fn a_resource_that_no_phone_could_take_is_left_out_by_name() {
    let hospital = hospital().await;
    let text = format!("{}\n{}\n", large("small", 10), large("huge", 8 << 20));
    let report = import(&hospital, &text);
    assert_eq!(report.stored, 1);
    assert_eq!(report.skipped.len(), 1);
    assert_eq!(
        (&*report.skipped[0].file, report.skipped[0].line),
        ("in.ndjson", 2)
    );
    hospital.running.shutdown().await;
}

#[cfg(unix)]
#[tokio::test]
async fn only_the_clinics_user_can_read_its_data() {
    use std::os::unix::fs::PermissionsExt as _;
    let hospital = hospital().await;
    let mode = |path: &std::path::Path| path.metadata().unwrap().permissions().mode() & 0o777;
    let data = hospital.folder.path().join("data");
    assert_eq!(mode(&data), 0o700);
    for entry in std::fs::read_dir(data).unwrap() {
        let path = entry.unwrap().path();
        assert_eq!(mode(&path), 0o600, "{}", path.display());
    }
    hospital.running.shutdown().await;
}

#[tokio::test]
async fn the_feed_hands_out_what_may_be_read_and_nothing_else() {
    let hospital = hospital().await;
    let phone = hospital.phone("device-one", &[MOTHER]).await;
    let (_, cursor) = phone.changes(MOTHER, None).await;
    let of_mother = |kind: &str, id: &str| {
        json!({"resourceType": kind, "id": id, "subject": {"reference": format!("Patient/{MOTHER}")}})
            .to_string()
    };
    import(&hospital, &of_mother("GuidanceResponse", "g"));
    let (entries, after) = phone.changes(MOTHER, Some(&cursor)).await;
    assert!(entries.is_empty(), "{entries:?}");
    assert_ne!(cursor, after, "what is left out is passed by");
    assert_eq!(phone.get("/fhir/GuidanceResponse/g").await.status, 404);
    let served = [
        "SupplyDelivery",
        "NutritionOrder",
        "Communication",
        "Flag",
        "Media",
    ];
    for kind in served {
        import(&hospital, &of_mother(kind, "x"));
    }
    let (entries, _) = phone.changes(MOTHER, Some(&after)).await;
    assert_eq!(entries.len(), served.len());
    for kind in served {
        assert_eq!(
            phone.get(&format!("/fhir/{kind}/x")).await.status,
            200,
            "{kind}"
        );
    }
    hospital.running.shutdown().await;
}

#[tokio::test]
async fn nothing_of_the_demonstrations_book_vanishes() {
    let hospital = hospital().await;
    let data =
        std::path::Path::new(env!("CARGO_MANIFEST_DIR")).join("../tests/data/hl7-book.ndjson.gz");
    let options = ImportOptions {
        adopt_into: Some(MOTHER.to_owned()),
    };
    hospital.clinic.import(&[data], &options).unwrap();
    let stored = hospital.database.number(&format!(
        "SELECT count(*) FROM resource WHERE patient = '{MOTHER}' AND json IS NOT NULL"
    ));
    let phone = hospital.phone("device-one", &[MOTHER]).await;
    let (entries, _) = phone.changes(MOTHER, None).await;
    assert_eq!(i64::try_from(entries.len()).unwrap(), stored);
    hospital.running.shutdown().await;
}

#[tokio::test]
async fn a_page_of_a_search_ends_by_its_bytes_too() {
    let hospital = hospital().await;
    let text: String = (0..8)
        .map(|n| format!("{}\n", large(&format!("d{n}"), 1 << 20)))
        .collect();
    assert_eq!(import(&hospital, &text).stored, 8);
    let phone = hospital.phone("device-one", &[MOTHER]).await;
    for query in [
        format!("patient={MOTHER}&_count=200"),
        "_count=200".to_owned(),
    ] {
        let mut path = format!("/fhir/DocumentReference?{query}");
        let mut all = Vec::new();
        loop {
            let page = phone.get(&path).await;
            assert!(page.body.len() < 6 << 20, "{}", page.body.len());
            let found = page.resources("DocumentReference");
            all.extend(found.iter().map(|found| id(found).to_owned()));
            match link(&page.json(), "next") {
                Some(next) => path = next[next.find("/fhir").unwrap()..].to_owned(),
                None => break,
            }
        }
        assert_eq!(all, ["d0", "d1", "d2", "d3", "d4", "d5", "d6", "d7"]);
    }
    hospital.running.shutdown().await;
}

async fn invoice(hospital: &Hospital, phone: &crate::support::Phone) -> (Value, String, i64) {
    let slot = hospital.free(phone, "kham-tim-mach", 1).await.remove(0);
    let booked = phone.book(&key(), id(&slot), MOTHER).await;
    let invoice = phone
        .get("/fhir/Invoice")
        .await
        .resources("Invoice")
        .remove(0);
    let reference = invoice["identifier"][0]["value"]
        .as_str()
        .unwrap()
        .to_owned();
    let amount = invoice["totalGross"]["value"].as_i64().unwrap();
    (booked.resources("Appointment").remove(0), reference, amount)
}

#[tokio::test]
async fn money_of_a_visit_that_is_called_off_waits_for_a_person() {
    let hospital = hospital().await;
    let phone = hospital.phone("device-one", &[MOTHER]).await;
    let (mut appointment, reference, amount) = invoice(&hospital, &phone).await;
    let pay = |amount: i64| {
        hospital
            .clinic
            .record_payment(&reference, Vnd::new(amount), "bank-1")
            .unwrap()
    };
    assert!(matches!(pay(amount), PaymentOutcome::Applied { .. }));
    // The same number with another amount is not the same payment.
    assert_eq!(pay(amount), PaymentOutcome::AlreadyCounted);
    assert_eq!(pay(amount + 1), PaymentOutcome::Conflict);

    appointment["status"] = json!("cancelled");
    let body = by_resource(&appointment, MOTHER);
    let path = "/fhir/Appointment/$book";
    assert_eq!(phone.post(path, Some(&key()), &body).await.status, 200);
    let payment = hospital.database.rows("SELECT state, reason FROM payment");
    assert_eq!(payment, [["to_settle", "visit-cancelled"]]);
    let desk = DeskPage::open(&hospital).await;
    let cookie = [("Cookie", &*desk.cookie)];
    let mut connection = hospital.connect().await;
    let page = connection.ask("GET", "/desk", &cookie, "").await;
    assert!(page.body.contains("Phải hoàn tiền"));
    hospital.running.shutdown().await;
}

#[tokio::test]
async fn the_desk_refuses_another_amount_and_keeps_nothing_of_it() {
    let hospital = hospital().await;
    let phone = hospital.phone("device-one", &[MOTHER]).await;
    let (_, reference, amount) = invoice(&hospital, &phone).await;
    let path = hospital
        .running
        .desk_url
        .strip_prefix(&hospital.base())
        .unwrap();
    let opened = hospital.connect().await.ask("GET", path, &[], "").await;
    let cookie = opened.header("set-cookie").unwrap();
    assert!(
        !cookie.contains("Secure"),
        "plain http would not send it back"
    );
    let cookie = cookie.split(';').next().unwrap().to_owned();
    let headers = [
        ("Cookie", &*cookie),
        ("Content-Type", "application/json"),
        ("Sokhoe-Desk", "1"),
    ];
    let pay = async |amount: i64| {
        let body = json!({"reference": reference, "amount": amount}).to_string();
        let mut connection = hospital.connect().await;
        connection
            .ask("POST", "/desk/payments", &headers, &body)
            .await
    };
    assert_eq!(pay(amount - 1).await.status, 422);
    assert_eq!(pay(amount).await.json()["outcome"], "applied");
    hospital.running.shutdown().await;
}

#[test]
fn a_clinic_without_its_keys_does_not_become_another() {
    let folder = tempfile::tempdir().unwrap();
    let open = || {
        let data = DataSource::Folder(folder.path().join("data"));
        Clinic::open(ClinicConfig::on_this_machine(data))
    };
    let first = open().unwrap().id().to_owned();
    assert_eq!(open().unwrap().id(), first);
    let file = folder.path().join("data").join("identity.key");
    let away = folder.path().join("away");
    std::fs::rename(&file, &away).unwrap();
    assert!(matches!(open(), Err(ClinicError::KeyFileMissing(path)) if path == file));
    assert!(!file.exists());
    std::fs::write(&file, [7; 32]).unwrap();
    assert!(matches!(open(), Err(ClinicError::OtherKey(path)) if path == file));
    std::fs::rename(&away, &file).unwrap();
    assert_eq!(open().unwrap().id(), first);
}

#[tokio::test]
async fn whatever_is_proposed_instead_can_be_booked() {
    let hospital = hospital().await;
    let mother = hospital.phone("device-one", &[MOTHER]).await;
    let stranger = hospital.phone("device-two", &[STRANGER]).await;
    // The last day on which one can book, and the day's only time that is left.
    let mut last = Vec::new();
    let mut day = chrono::NaiveDate::from_ymd_opt(2026, 11, 24).unwrap();
    for _ in 0..100 {
        let found = free_of_doctor(&hospital, &mother, &day.to_string()).await;
        if !found.is_empty() {
            last = found;
        }
        day = day.succ_opt().unwrap();
    }
    let slot = last.remove(0);
    assert_eq!(mother.book(&key(), id(&slot), MOTHER).await.status, 200);
    let cell = i64::from_str_radix(&id(&slot)[17..], 16).unwrap();
    hospital
        .database
        .execute(&format!(
            "WITH RECURSIVE c (cell) AS (SELECT {cell} - 288 UNION ALL SELECT cell + 1 FROM c WHERE cell < {cell} + 288),
                            t (seat) AS (SELECT 0 UNION ALL SELECT seat + 1 FROM t WHERE seat < 9)
             INSERT INTO busy SELECT s.pk, c.cell, t.seat, 1, NULL FROM schedule s, c, t WHERE t.seat < s.seats
             ON CONFLICT DO NOTHING",
        ))
        .unwrap();
    let refused = stranger.book(&key(), id(&slot), STRANGER).await;
    assert_eq!(refusal(&refused), "slot-taken");
    for other in refused.resources("Appointment") {
        let booked = stranger.book(&key(), id(&other), STRANGER).await;
        assert_eq!(booked.status, 200, "{other}");
    }
    hospital.running.shutdown().await;
}

#[tokio::test]
async fn a_path_that_cannot_be_read_is_an_outcome_and_metadata_promises_no_versions() {
    let hospital = hospital().await;
    let phone = hospital.phone("device-one", &[MOTHER]).await;
    let bad = phone.get("/fhir/Patient/%FF").await;
    assert_eq!(
        bad.json()["resourceType"],
        "OperationOutcome",
        "{}",
        bad.status
    );
    let statement = phone.get("/fhir/metadata").await.json();
    for resource in statement["rest"][0]["resource"].as_array().unwrap() {
        assert_eq!(resource["versioning"], "no-version");
    }
    hospital.running.shutdown().await;
}

#[tokio::test]
async fn a_dropped_server_stops() {
    let Hospital {
        running,
        clinic: _clinic,
        folder: _folder,
        ..
    } = hospital().await;
    let addr = running.addr;
    drop(running);
    for _ in 0..50 {
        if tokio::net::TcpStream::connect(addr).await.is_err() {
            return;
        }
        tokio::time::sleep(Duration::from_millis(50)).await;
    }
    panic!("it still listens");
}

#[tokio::test]
async fn a_phone_that_runs_wild_is_told_to_wait_and_its_intent_is_not_decided() {
    let hospital = hospital().await;
    let phone = hospital.phone("device-one", &[MOTHER]).await;
    let slot = hospital.free(&phone, "kham-mat", 1).await.remove(0);
    let mut connection = hospital.connect().await;
    let path = "/fhir/Appointment/$book";
    let wrong = crate::support::by_reference("nothing", MOTHER);
    let intent = key();
    for _ in 0..600 {
        let reply = phone
            .post_on(&mut connection, path, Some(UUID), &wrong)
            .await;
        assert_eq!(reply.status, 409);
    }
    let paced = phone.book(&intent, id(&slot), MOTHER).await;
    assert_eq!(
        (paced.status, paced.header("retry-after")),
        (429, Some("60"))
    );
    hospital.clock.advance(Duration::from_secs(60));
    assert_eq!(phone.book(&intent, id(&slot), MOTHER).await.status, 200);
    hospital.running.shutdown().await;
}

#[tokio::test]
async fn behind_https_the_desks_cookie_is_secure() {
    let hospital = hospital().await;
    let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await.unwrap();
    let base = "https://clinic.example";
    let running = hospital.clinic.serve(listener, base).await.unwrap();
    let path = running.desk_url.strip_prefix(base).unwrap();
    let mut connection = crate::support::http::Connection::open(&running.addr.to_string()).await;
    let opened = connection.ask("GET", path, &[], "").await;
    assert!(opened.header("set-cookie").unwrap().ends_with("; Secure"));
    running.shutdown().await;
    hospital.running.shutdown().await;
}
