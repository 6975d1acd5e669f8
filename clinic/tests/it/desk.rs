//! The counter's page.

use std::time::Duration;

use serde_json::json;

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
