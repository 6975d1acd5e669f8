//! The counter's page.

use std::time::Duration;

use serde_json::json;
use sokhoe_domain::Timestamp;
use sokhoe_domain::ports::Clock as _;

use crate::support::{Hospital, MOTHER, hospital, id, key};

async fn cookie(hospital: &Hospital) -> String {
    let path = hospital
        .running
        .desk_url
        .strip_prefix(&hospital.base())
        .unwrap()
        .to_owned();
    let reply = hospital.connect().await.ask("GET", &path, &[], "").await;
    assert_eq!(
        (reply.status, reply.header("location")),
        (303, Some("/desk"))
    );
    let cookie = reply.header("set-cookie").unwrap();
    assert!(cookie.contains("HttpOnly") && cookie.contains("SameSite=Strict"));
    let key = path.split_once("key=").unwrap().1;
    assert!(!cookie.contains(key));
    cookie.split(';').next().unwrap().to_owned()
}

#[tokio::test]
async fn the_desk_is_locked_without_its_key() {
    let hospital = hospital().await;
    for path in ["/desk", "/desk?key=wrong", "/desk?key="] {
        let reply = hospital.connect().await.ask("GET", path, &[], "").await;
        assert_eq!(reply.status, 401, "{path}");
    }
    for path in ["/desk/bookings", "/desk/events", "/desk/patients?q="] {
        let reply = hospital
            .connect()
            .await
            .ask("GET", path, &[("Cookie", "sokhoe-desk=x")], "")
            .await;
        assert_eq!(reply.status, 401, "{path}");
    }
    let cookie = cookie(&hospital).await;
    let page = hospital
        .connect()
        .await
        .ask("GET", "/desk", &[("Cookie", &cookie)], "")
        .await;
    assert_eq!(page.status, 200);
    let policy = page.header("content-security-policy").unwrap();
    assert!(policy.starts_with("default-src 'self'") && !policy.contains("unsafe"));
    assert!(!page.body.contains("<style") && !page.body.contains("onclick"));
    assert!(page.body.contains("Mường Thanh"));
    // A page of another site cannot pay.
    let body = json!({"reference": "SK122222", "amount": 1}).to_string();
    let headers = [("Cookie", &*cookie), ("Content-Type", "application/json")];
    let forged = hospital
        .connect()
        .await
        .ask("POST", "/desk/payments", &headers, &body)
        .await;
    assert_eq!(forged.status, 403);
    hospital.running.shutdown().await;
}

#[tokio::test]
async fn a_booking_appears_by_itself_and_is_paid_at_the_counter() {
    let hospital = hospital().await;
    let cookie = cookie(&hospital).await;
    let phone = hospital.phone("device-one", &[MOTHER]).await;
    let mut events = hospital.connect().await;
    events
        .send("GET", "/desk/events", &[("Cookie", &cookie)], "")
        .await;
    let (status, headers) = events.head().await;
    assert_eq!(status, 200);
    assert!(
        headers
            .iter()
            .any(|(_, value)| value.starts_with("text/event-stream"))
    );

    let slot = hospital.free(&phone, "kham-tim-mach", 1).await.remove(0);
    assert_eq!(phone.book(&key(), id(&slot), MOTHER).await.status, 200);
    let heard = tokio::time::timeout(Duration::from_secs(5), async {
        loop {
            let line = events.line().await.unwrap();
            if line.contains("event: bookings") {
                break;
            }
        }
    });
    heard.await.unwrap();

    let list = || async {
        let mut connection = hospital.connect().await;
        connection
            .ask("GET", "/desk/bookings", &[("Cookie", &cookie)], "")
            .await
            .json()["bookings"]
            .clone()
    };
    let booking = list().await[0].clone();
    assert_eq!(booking["patient_name"], "Quàng Thị Mai");
    assert_eq!(booking["invoice_status"], "issued");
    let headers = [
        ("Cookie", &*cookie),
        ("Content-Type", "application/json"),
        ("Sokhoe-Desk", "1"),
    ];
    let body = json!({"reference": booking["reference"], "amount": booking["amount"]}).to_string();
    for outcome in ["applied", "already-counted"] {
        let paid = hospital
            .connect()
            .await
            .ask("POST", "/desk/payments", &headers, &body)
            .await;
        assert_eq!(paid.json()["outcome"], outcome);
    }
    assert_eq!(list().await[0]["invoice_status"], "balanced");

    let found = hospital
        .connect()
        .await
        .ask(
            "GET",
            "/desk/patients?q=mai%20quang",
            &[("Cookie", &cookie)],
            "",
        )
        .await
        .json();
    assert_eq!(found[0]["id"], MOTHER);
    let body = json!({"patients": [MOTHER]}).to_string();
    let code = hospital
        .connect()
        .await
        .ask("POST", "/desk/enrolments", &headers, &body)
        .await
        .json();
    assert!(code["svg"].as_str().unwrap().starts_with("<svg"));
    let rows = hospital
        .clinic
        .bookings_of_day(chrono::NaiveDate::from_ymd_opt(2026, 11, 24).unwrap());
    assert_eq!(rows.unwrap().len(), 1);

    let begun = std::time::Instant::now();
    hospital.running.shutdown().await;
    assert!(
        begun.elapsed() < Duration::from_secs(5),
        "open events do not hold the server"
    );
}

#[tokio::test]
async fn a_busy_hospitals_later_days_are_listed_when_somebody_asks() {
    let hospital = hospital().await;
    let desk = crate::support::desk::DeskPage::open(&hospital).await;
    let today = Timestamp::start_of_day(hospital.clock.now().vietnam_day());
    let day = |after: i64| today.as_millis() + after * 86_400_000 + 8 * 3_600_000;
    // Today many, tomorrow a few, then so many that they are too many together, then a few.
    for (after, count) in [(0, 400), (1, 30), (2, 280), (3, 5)] {
        let starts = day(after);
        let mut rows: Vec<String> = Vec::new();
        for n in 0..count {
            rows.push(format!(
                "('a{after}-{n}', (SELECT min(pk) FROM schedule), (SELECT min(pk) FROM service), '{MOTHER}',
                  {starts} + {n} * 1000, {starts} + {n} * 1000 + 900000, 'booked', {starts})"
            ));
        }
        let text = format!(
            "INSERT INTO appointment (id, schedule, service, patient, starts, ends, state, created) VALUES {}",
            rows.join(", ")
        );
        hospital.database.execute(&text).unwrap();
    }
    let days = |listed: &serde_json::Value| {
        let later = listed["later"].as_array().unwrap().iter();
        let later: Vec<_> = later.map(|it| it["count"].as_u64().unwrap()).collect();
        (listed["bookings"].as_array().unwrap().len(), later)
    };
    let listed = desk.get("/desk/bookings").await;
    // Today is always whole; what follows is not, where it is too much.
    assert_eq!(days(&listed), (400, vec![30, 280, 5]));
    let second = listed["later"][1]["day"].as_str().unwrap().to_owned();
    let of_day = desk.get(&format!("/desk/bookings?day={second}")).await;
    assert_eq!(days(&of_day), (280, vec![]));
    hospital
        .database
        .execute("DELETE FROM appointment WHERE id LIKE 'a0-%'")
        .unwrap();
    let listed = desk.get("/desk/bookings").await;
    assert_eq!(days(&listed), (30, vec![280, 5]));
    hospital.running.shutdown().await;
}
