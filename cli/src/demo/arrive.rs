//! The clinic opens, and a phone comes in.

use std::path::Path;
use std::time::Duration;

use serde_json::json;
use sokhoe_clinic::{Clinic, ClinicConfig, ClinicError, DataSource};

use super::bank::Bank;
use super::report::Told;
use super::stage::{NewPhone, OpenClinic, Phone, Stage};
use crate::clinic::{fill_demo, off_thread};
use crate::data::PATIENT;
use crate::failure::Failure;
use crate::phone::json;
use crate::text::{Numbers, draw};
use crate::words::Words;

const ENROLMENT: Duration = Duration::from_secs(15 * 60);

/// Makes the hospital, with the patient's records in it, and lets it answer.
pub(super) async fn open_clinic(stage: &mut Stage, words: &Words) -> Result<((), Told), Failure> {
    let folder = stage.folder.join("clinic");
    let (bank, messages) = Bank::new()?;
    let (clinic, seeded, imported) = off_thread(move || {
        let clinic = Clinic::open(ClinicConfig {
            bank_messages: Some(messages),
            ..ClinicConfig::on_this_machine(DataSource::Folder(folder))
        })?;
        let (seeded, imported) = fill_demo(&clinic)?;
        Ok::<_, ClinicError>((clinic, seeded, imported))
    })
    .await?;
    if let Some(skipped) = imported.skipped.first() {
        let place = format!("{}:{}: {}", skipped.file, skipped.line, skipped.reason);
        return Err(Failure::Said("demo-bad-data", vec![("place", place)]));
    }
    let open = stage.serve(clinic, bank).await?;
    let numbers = Numbers::of(words);
    let count = |count: usize| numbers.whole(u64::try_from(count).unwrap_or(u64::MAX));
    let values = [
        ("departments", count(seeded.departments)),
        ("doctors", count(seeded.doctors)),
        ("services", count(seeded.services.len())),
        ("records", count(imported.stored)),
    ];
    let told = Told {
        data: json!({
            "clinic": open.clinic.name(),
            "url": open.url,
            "desk": open.desk_url(),
            "departments": seeded.departments,
            "doctors": seeded.doctors,
            "services": seeded.services.len(),
            "records": imported.stored,
        }),
        lines: vec![
            open.clinic.name().to_owned(),
            words.say_with("demo-clinic-filled", &values),
            words.say_with("demo-clinic-desk", &[("url", open.desk_url().to_owned())]),
        ],
        drawing: Vec::new(),
    };
    Ok(((), told))
}

/// The counter shows a code; the phone scans it.
pub(super) async fn enrol(
    open: &OpenClinic,
    folder: &Path,
    words: &Words,
    colours: bool,
) -> Result<(Phone, Told), Failure> {
    let (clinic, url) = (open.clinic.clone(), open.url.clone());
    let code =
        off_thread(move || clinic.issue_enrolment(&[PATIENT.to_owned()], ENROLMENT, &url)).await?;
    let phone = NewPhone::open(folder, words)?;
    let enrolled = phone.app().enrol(&code.text).await?;
    let person = enrolled
        .persons
        .first()
        .cloned()
        .ok_or_else(|| Failure::said("demo-nobody"))?;
    let born = born(person.birth_date.as_deref().unwrap_or_default());
    let told = Told {
        data: json!({"clinic": json::clinic(&enrolled.clinic), "persons": json::list(&enrolled.persons, json::person)}),
        lines: vec![
            words.say_with(
                "demo-enrolled",
                &[("name", person.name.clone()), ("born", born)],
            ),
            words.say("demo-enrolled-vault"),
        ],
        drawing: draw(&code.matrix()?, colours),
    };
    Ok((phone.show(person, enrolled.clinic.id)?, told))
}

/// A date as people write it: `02/05/1955`, `1955`.
fn born(date: &str) -> String {
    date.rsplit('-').collect::<Vec<_>>().join("/")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_date_of_birth_may_be_a_year() {
        assert_eq!(
            (born("1955-05-02"), born("1955")),
            ("02/05/1955".to_owned(), "1955".to_owned())
        );
    }
}
