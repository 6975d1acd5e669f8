//! The demo's data, inside the binary so that it stands alone. What they are and under which licences:
//! `tests/data/README.md`.

/// The Patient whose health book is real input.
pub(crate) const PATIENT: &str = include_str!("../../tests/data/patient-id.txt");

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
