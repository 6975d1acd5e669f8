//! Finds people as a receptionist asks for them: by words of the name without marks, or by a whole number. Kept beside the
//! resources, in their transactions.

use std::collections::BTreeSet;

use sokhoe_domain::text;
use sokhoe_fhir::PatientView;

use super::{Sql, StoreError, Value, params};

/// Bytes of a folded name: longer ones are nobody's.
const LONGEST: usize = 512;
/// Words of a name that are enough to ask for.
const WORDS: usize = 2;
/// Words that are looked at.
const MOST_WORDS: usize = 6;
/// Digits of the shortest number that is somebody's: a telephone number without its zero.
const DIGITS: usize = 9;

/// Notes what a Patient is found by.
pub(super) fn note(sql: Sql<'_>, kind: &str, id: &str, json: &str) -> Result<(), StoreError> {
    if kind != "Patient" {
        return Ok(());
    }
    forget(sql, kind, id)?;
    let Ok(patient) = PatientView::from_json(json) else {
        return Ok(());
    };
    let name = text::fold(&patient.name);
    let phone = patient.phone.as_deref().map(digits).unwrap_or_default();
    if name.len() > LONGEST || phone.len() > LONGEST {
        return Ok(());
    }
    sql.execute(
        "INSERT INTO patient_search (patient, name, phone) VALUES (?1, ?2, ?3)",
        params![id, name, phone],
    )?;
    Ok(())
}

/// Forgets what [`note`] noted.
pub(super) fn forget(sql: Sql<'_>, kind: &str, id: &str) -> Result<(), StoreError> {
    if kind == "Patient" {
        let text = "DELETE FROM patient_search WHERE patient = ?1";
        sql.execute(text, params![id])?;
    }
    Ok(())
}

/// Notes it for everybody who is there: once, when a database from before learns it.
pub(super) fn note_all(sql: Sql<'_>) -> Result<(), StoreError> {
    sql.stream(
        "SELECT id, json FROM resource WHERE type = 'Patient' AND json IS NOT NULL",
        &[],
        |row| {
            note(sql, "Patient", row.text(0)?, row.text(1)?)?;
            Ok(true)
        },
    )
}

/// A telephone number as it is compared: its last nine digits, so that `+84 912 345 678` is `0912345678`.
fn digits(written: &str) -> String {
    let digits: String = written.chars().filter(char::is_ascii_digit).collect();
    let extra = digits.len().saturating_sub(DIGITS);
    digits.get(extra..).unwrap_or_default().to_owned()
}

/// The ids of at most so many people. Nobody, where less is asked than tells somebody from others: a single word of a name, a
/// part of a number.
pub(crate) fn find(sql: Sql<'_>, query: &str, most: usize) -> Result<Vec<String>, StoreError> {
    let folded = text::fold(query);
    let words: BTreeSet<&str> = folded.split(' ').filter(|word| !word.is_empty()).collect();
    let number: String = query.split_whitespace().collect();
    if number.chars().filter(char::is_ascii_digit).count() >= DIGITS {
        return by_number(sql, &number, most);
    }
    if folded.split(' ').count() < WORDS || words.len() > MOST_WORDS {
        return Ok(Vec::new());
    }
    // Every word begins one of the name's, the spaces being counted in.
    let patterns: Vec<String> = words.iter().map(|word| format!("% {word}%")).collect();
    let conditions: Vec<String> = (1..=patterns.len())
        .map(|at| format!("' ' || name LIKE ?{at}"))
        .collect();
    let text = format!(
        "SELECT patient FROM patient_search WHERE {} ORDER BY name, patient LIMIT {most}",
        conditions.join(" AND ")
    );
    let patterns: Vec<Value<'_>> = patterns.iter().map(|it| Value::Text(it)).collect();
    sql.rows(&text, &patterns, |row| row.get(0))
}

fn by_number(sql: Sql<'_>, number: &str, most: usize) -> Result<Vec<String>, StoreError> {
    let text = format!(
        "SELECT patient FROM patient_identifier WHERE value = ?1
         UNION SELECT patient FROM patient_search WHERE phone = ?2
         ORDER BY 1 LIMIT {most}"
    );
    sql.rows(
        &text,
        params![number.to_uppercase(), digits(number)],
        |row| row.get(0),
    )
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::store::InMemory;

    fn patient(id: &str, name: &str, phone: &str) -> String {
        serde_json::json!({
            "resourceType": "Patient",
            "id": id,
            "name": [{"text": name}],
            "telecom": [{"system": "phone", "value": phone}],
        })
        .to_string()
    }

    #[test]
    fn people_are_found_as_a_receptionist_asks() {
        let database = InMemory::new();
        let sql = database.sql();
        for (id, name, phone) in [
            ("p", "Quàng Thị Mai", "+84 912 345 678"),
            ("q", "Đặng Thị Mai Hương", "0987 654 321"),
            ("r", "Nguyễn Văn Maiô", ""),
        ] {
            note(sql, "Patient", id, &patient(id, name, phone)).unwrap();
        }
        let found = |query: &str| find(sql, query, 20).unwrap();
        assert_eq!(found("mai quàng"), ["p"]);
        assert_eq!(found("thi mai"), ["q", "p"]);
        assert_eq!(found("dang thi mai huong"), ["q"]);
        assert_eq!(found("quang th"), ["p"], "while it is typed");
        assert_eq!(found("0912345678"), ["p"]);
        assert_eq!(found("0912 345 678"), ["p"]);
        for little in ["", "mai", "thi ", "% %", "_ _", "12345678", "an uang"] {
            assert_eq!(found(little), [""; 0], "{little}");
        }
        assert_eq!(find(sql, "thi mai", 1).unwrap(), ["q"]);
        note(sql, "Patient", "p", &patient("p", "Lò Thị Mai", "")).unwrap();
        assert_eq!(found("quang mai"), [""; 0]);
        assert_eq!(found("0912345678"), [""; 0]);
        forget(sql, "Patient", "q").unwrap();
        assert_eq!(found("thi mai"), ["p"]);
    }
}
