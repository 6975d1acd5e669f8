//! What somebody else's server has of the patients.

use std::time::Duration;

use bytes::Bytes;
use http::Request;
use serde_json::{Value, json};
use sokhoe_domain::Timestamp;
use sokhoe_tests::foreign::{ForeignClinic, Manners};

/// The number at home of everybody.
pub const HOME: &str = "0212385123";
/// Results that a patient may have there.
pub const RESULTS: usize = 6;

/// A server with a record of every patient.
pub fn server(
    base: &str,
    manners: Manners,
    patients: &[(&str, &str)],
    now: Timestamp,
) -> ForeignClinic {
    let server = ForeignClinic::new(base, manners, 1);
    let put = |json: &str| server.put(json, now).expect("a resource");
    for (patient, name) in patients {
        put(&record_of(patient, name));
        put(&format!(
            r#"{{"resourceType":"Condition","id":"{patient}-c","subject":{{"reference":"Patient/{patient}"}},"code":{{"coding":[{{"system":"http://hl7.org/fhir/sid/icd-10","code":"E11.9"}}],"text":"Đái tháo đường típ 2"}}}}"#
        ));
        for number in 0..RESULTS / 2 {
            put(&result(patient, number, 100));
        }
    }
    put(&format!(
        r#"{{"resourceType":"Patient","id":"{STRANGER}"}}"#
    ));
    put(r#"{"resourceType":"Practitioner","id":"bs-lo","name":[{"text":"BS. Lò Văn Tim"}]}"#);
    put(r#"{"resourceType":"Schedule","id":"kham","actor":[{"reference":"Practitioner/bs-lo"}]}"#);
    for number in 0..TIMES {
        put(&time(number, "free", now));
    }
    server
}

/// Somebody of another family.
const STRANGER: &str = "bn-999999";

/// Their booking of the time of this number.
pub fn strangers_booking(number: usize) -> String {
    json!({
        "resourceType": "Appointment",
        "id": format!("stranger-{number}"),
        "status": "booked",
        "slot": [{"reference": format!("Slot/t{number}")}],
        "participant": [{"actor": {"reference": format!("Patient/{STRANGER}")}, "status": "accepted"}],
    })
    .to_string()
}

/// Times that can be booked, two hours apart.
pub const TIMES: usize = 12;

/// The time of this number, `free` or `busy`.
pub fn time(number: usize, status: &str, begin: Timestamp) -> String {
    let hours = Duration::from_secs(2 * 3_600) * u32::try_from(number + 1).expect("few");
    let start = begin.plus(hours);
    let end = start.plus(Duration::from_secs(1_800));
    json!({
        "resourceType": "Slot",
        "id": format!("t{number}"),
        "status": status,
        "schedule": {"reference": "Schedule/kham"},
        "start": start.to_fhir(),
        "end": end.to_fhir(),
    })
    .to_string()
}

/// The types that are there. Asking for what a server does not have takes time of another life.
const KINDS: [&str; 7] = [
    "Patient",
    "Condition",
    "Observation",
    "Appointment",
    "Slot",
    "Schedule",
    "Practitioner",
];

/// What a server says that it can, with no types but those that are there.
pub fn statement(server: &ForeignClinic, now: Timestamp) -> Bytes {
    let asked = Request::get(format!("{}/metadata", server.base()));
    let asked = asked.body(Bytes::new()).expect("a request");
    let answer = server.answer(asked, now);
    let mut statement: Value = serde_json::from_slice(answer.body()).expect("JSON");
    let types = statement["rest"][0]["resource"].as_array_mut();
    types
        .expect("types")
        .retain(|offered| KINDS.iter().any(|kind| offered["type"] == *kind));
    Bytes::from(statement.to_string())
}

fn record_of(patient: &str, name: &str) -> String {
    format!(
        r#"{{"resourceType":"Patient","id":"{patient}","name":[{{"text":"{name}"}}],"telecom":[{{"system":"phone","value":"{HOME}","use":"home"}},{{"system":"phone","value":"0912000111","use":"mobile"}}],"address":[{{"use":"home","text":"Mường Thanh, Điện Biên"}}]}}"#
    )
}

/// A result as a laboratory writes it.
pub fn result(patient: &str, number: usize, value: usize) -> String {
    format!(
        r#"{{"resourceType":"Observation","id":"{patient}-{number}","status":"final","subject":{{"reference":"Patient/{patient}"}},"code":{{"coding":[{{"system":"http://loinc.org","code":"2339-0","display":"Glucose"}}]}},"effectiveDateTime":"2026-11-01T08:00:00+07:00","valueQuantity":{{"value":{value},"unit":"mg/dL","system":"http://unitsofmeasure.org","code":"mg/dL"}}}}"#
    )
}

/// Results that are written together: all of them, or none.
pub fn together(results: &[(String, String)]) -> String {
    let entries: Vec<String> = results
        .iter()
        .map(|(id, json)| {
            format!(
                r#"{{"resource":{json},"request":{{"method":"PUT","url":"Observation/{id}"}}}}"#
            )
        })
        .collect();
    format!(
        r#"{{"resourceType":"Bundle","type":"transaction","entry":[{}]}}"#,
        entries.join(",")
    )
}

/// A Patient with this number for work, before all others, or for the mobile that is there.
pub fn corrected(patient: &str, is_work: bool, number: &str) -> String {
    let mut patient: Value = serde_json::from_str(patient).expect("a Patient");
    let points = patient["telecom"].as_array_mut().expect("numbers");
    let wanted = if is_work { "work" } else { "mobile" };
    match points.iter_mut().find(|point| point["use"] == wanted) {
        Some(point) => point["value"] = number.into(),
        None => {
            let point = json!({"system": "phone", "value": number, "use": wanted});
            points.insert(0, point);
        }
    }
    patient.to_string()
}
