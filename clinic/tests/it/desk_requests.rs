//! What the desk does for somebody who calls, or stands there.

use serde_json::{Value, json};

use crate::support::desk::DeskPage;
use crate::support::{MOTHER, SON, hospital, id, key};

const ECHO: &str = "sieu-am-tim";

async fn times(desk: &DeskPage<'_>, by: &str) -> Vec<Value> {
    let free = desk
        .get(&format!("/desk/free?service={ECHO}&by={by}"))
        .await;
    free.as_array().unwrap().clone()
}

/// The status, and the refusal where there is one.
async fn ask(desk: &DeskPage<'_>, wish: &Value) -> (u16, String) {
    let reply = desk.post("/desk/requests", wish.clone()).await;
    let refusal = match reply.status {
        409 => reply.json()["refusal"].as_str().unwrap().to_owned(),
        _ => String::new(),
    };
    (reply.status, refusal)
}

fn done() -> (u16, String) {
    (200, String::new())
}

/// How the one booking of this id is listed.
async fn listed(desk: &DeskPage<'_>, booking: &str) -> Value {
    let bookings = desk.get("/desk/bookings").await;
    let bookings = bookings["bookings"].as_array().unwrap().clone();
    let mut of_it = bookings.into_iter().filter(|row| row["id"] == booking);
    let found = of_it.next().unwrap();
    assert!(of_it.next().is_none());
    found
}

#[tokio::test]
async fn a_caller_is_booked_moved_and_called_off() {
    let hospital = hospital().await;
    let desk = DeskPage::open(&hospital).await;
    let offers = desk.get("/desk/offers").await;
    let echo = offers.as_array().unwrap().iter();
    let mut echo = echo.filter(|offer| offer["service"] == ECHO);
    assert!(
        echo.next().unwrap()["practitioner"]
            .as_str()
            .unwrap()
            .starts_with("BS")
    );
    let free = times(&desk, "hotline").await;
    let booking = key();
    let book = |key: &str, time: &Value, by: &str| json!({"what": "book", "patient": MOTHER, "by": by, "key": key, "time": time["id"]});
    assert_eq!(
        ask(&desk, &book(&booking, &free[0], "hotline")).await,
        done()
    );
    // Pressed twice, or asked again since the answer was lost.
    assert_eq!(
        ask(&desk, &book(&booking, &free[0], "hotline")).await,
        done()
    );
    let row = listed(&desk, &booking).await;
    assert_eq!(row["start"], free[0]["start"]);
    assert_eq!(
        (&row["service_id"], &row["status"]),
        (&json!(ECHO), &json!("booked"))
    );
    let phone = hospital.phone("device-one", &[MOTHER]).await;
    let stands = phone.get(&format!("/fhir/Appointment/{booking}")).await;
    let marked = stands.json()["extension"].to_string();
    assert!(marked.contains("hotline"), "{marked}");
    assert_eq!(
        ask(&desk, &book(&key(), &free[0], "counter")).await,
        (409, "slot-taken".to_owned())
    );
    let to = times(&desk, "counter").await;
    let to = to
        .iter()
        .find(|time| time["start"] != free[0]["start"])
        .unwrap();
    let moves = json!({"what": "move", "patient": MOTHER, "by": "counter", "key": key(), "booking": booking, "time": to["id"]});
    assert_eq!(ask(&desk, &moves).await, done());
    assert_eq!(listed(&desk, &booking).await["start"], to["start"]);
    let cancel = |patient: &str| json!({"what": "cancel", "patient": patient, "by": "hotline", "key": key(), "booking": booking});
    assert_eq!(
        ask(&desk, &cancel(SON)).await,
        (409, "not-offered".to_owned()),
        "it is not the son's"
    );
    assert_eq!(ask(&desk, &cancel(MOTHER)).await, done());
    assert_eq!(listed(&desk, &booking).await["status"], "cancelled");
    let freed = times(&desk, "counter").await;
    assert!(freed.iter().any(|time| time["start"] == to["start"]));
    hospital.running.shutdown().await;
}

#[tokio::test]
async fn what_is_nonsense_or_not_from_the_desk_changes_nothing() {
    let hospital = hospital().await;
    let desk = DeskPage::open(&hospital).await;
    let time = times(&desk, "counter").await.remove(0);
    let good = json!({"what": "book", "patient": MOTHER, "by": "counter", "key": key(), "time": time["id"]});
    let with = |member: &str, value: Value| {
        let mut wish = good.clone();
        wish["key"] = json!(key());
        wish[member] = value;
        wish
    };
    for (wish, status) in [
        (with("patient", json!("nobody")), 422),
        (with("key", json!("once")), 422),
        (with("what", json!("steal")), 422),
        (with("by", json!("app")), 422),
        (with("time", json!("p0")), 409),
        (json!({}), 422),
    ] {
        assert_eq!(ask(&desk, &wish).await.0, status, "{wish}");
    }
    let headers = [("Content-Type", "application/json"), ("Sokhoe-Desk", "1")];
    for path in ["/desk/offers", "/desk/free?service=x&by=counter"] {
        let reply = hospital.connect().await.ask("GET", path, &[], "").await;
        assert_eq!(reply.status, 401);
    }
    let mut connection = hospital.connect().await;
    let forged = connection
        .ask("POST", "/desk/requests", &headers, &good.to_string())
        .await;
    assert_eq!(forged.status, 401);
    assert_eq!(desk.get("/desk/bookings").await["bookings"], json!([]));
    assert_eq!(ask(&desk, &good).await, done());
    assert_eq!(
        id(&listed(&desk, good["key"].as_str().unwrap()).await),
        good["key"]
    );
    hospital.running.shutdown().await;
}
