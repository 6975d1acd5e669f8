//! The demo's data, inside the binary so that it stands alone. What they are and under which licences:
//! `tests/data/README.md`.

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use serde_json::json;

/// The Patient whose health book is real input.
pub(crate) const PATIENT: &str = include_str!("../../tests/data/patient-id.txt");

/// A letter that her hospital gives as a Binary: the data above carry their documents inside.
const LETTER: &str = include_str!("../data/letter.txt");
/// Its SHA-1, as FHIR's Attachment has it.
const LETTER_HASH: &str = "dY+iE2R7c0oX7t2SHf5SBM8f8a4=";

/// Her letter and what refers to it, as ndjson.
pub(crate) fn letter() -> String {
    let patient = json!({"reference": format!("Patient/{PATIENT}")});
    let binary = json!({
        "resourceType": "Binary",
        "id": "demo-letter",
        "contentType": "text/plain; charset=utf-8",
        "securityContext": patient,
        "data": STANDARD.encode(LETTER),
    });
    let reference = json!({
        "resourceType": "DocumentReference",
        "id": "demo-letter",
        "status": "current",
        "type": {"text": "Giấy hẹn khám lại"},
        "description": "Khoa Nội tiết",
        "subject": patient,
        "date": "2026-11-20T10:30:00+07:00",
        "content": [{"attachment": {
            "contentType": "text/plain; charset=utf-8",
            "title": "Giấy hẹn khám lại",
            "url": "Binary/demo-letter",
            "size": LETTER.len(),
            "hash": LETTER_HASH,
            "creation": "2026-11-20",
        }}],
    });
    format!("{binary}\n{reference}\n")
}

/// The files of her book, by name.
pub(crate) const BOOK: [(&str, &[u8]); 2] = [
    (
        "synthea-patient.ndjson.gz",
        include_bytes!("../../tests/data/synthea-patient.ndjson.gz"),
    ),
    (
        "hl7-book.ndjson.gz",
        include_bytes!("../../tests/data/hl7-book.ndjson.gz"),
    ),
];
