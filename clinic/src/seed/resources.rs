//! The hospital as FHIR resources.

use chrono::NaiveDate;
use serde_json::json;
use sokhoe_domain::Vnd;
use sokhoe_fhir::patient::Identifier;
use sokhoe_fhir::{
    Coded, CoverageView, IdentifierKind, LocationView, PatientView, PractitionerRoleView,
    PractitionerView, Ref, ScheduleView, ServiceView,
};

use super::HOSPITAL_NAME;
use super::departments::{DEPARTMENTS, Department, services};
use super::doctors::{DOCTORS, Doctor};
use super::patients::PATIENTS;
use crate::schedule::SPECIALTY;
use crate::store::{StoreError, Tx, params, resources::put};

const HOSPITAL: &str = "bv-muong-thanh";
const INSURER: &str = "Bảo hiểm xã hội Việt Nam";
const ADDRESS: &str = "Số 1, đường Lòng Chảo, phường Mường Thanh Mẫu, tỉnh Mường Thanh";

/// Writes what changed of it.
pub(super) fn write(tx: &mut Tx<'_>) -> Result<(), StoreError> {
    let hospital = json!({
        "resourceType": "Organization",
        "id": HOSPITAL,
        "active": true,
        "name": HOSPITAL_NAME,
        "address": [{"text": ADDRESS, "country": "VN"}],
    });
    put(tx, "Organization", HOSPITAL, None, &hospital.to_string())?;
    let house = LocationView {
        id: HOSPITAL.to_owned(),
        name: HOSPITAL_NAME.to_owned(),
        address: ADDRESS.to_owned(),
        active: true,
        ..LocationView::default()
    };
    put(tx, "Location", HOSPITAL, None, &house.to_json())?;
    for department in DEPARTMENTS {
        let organization = json!({
            "resourceType": "Organization",
            "id": format!("khoa-{}", department.code),
            "active": true,
            "name": department.name,
            "partOf": {"reference": format!("Organization/{HOSPITAL}"), "display": HOSPITAL_NAME},
        });
        let id = format!("khoa-{}", department.code);
        put(tx, "Organization", &id, None, &organization.to_string())?;
        let location = LocationView {
            id: id.clone(),
            name: department.name.to_owned(),
            description: department.place.to_owned(),
            part_of: Some(Ref::new(HOSPITAL, HOSPITAL_NAME)),
            active: true,
            ..LocationView::default()
        };
        put(tx, "Location", &id, None, &location.to_json())?;
    }
    for (department, service) in services() {
        // What somebody said since stays.
        let kept = tx.sql().first(
            "SELECT insured_price FROM service WHERE id = ?1",
            params![service.id],
            |row| row.get(0),
        )?;
        let tariff = kept.unwrap_or(service.insured_price);
        let view = ServiceView {
            id: service.id.to_owned(),
            name: service.name.to_owned(),
            specialty: Some(specialty(department)),
            location: Some(place(department)),
            price: Some(Vnd::new(service.price)),
            insured_tariff: (tariff > 0).then(|| Vnd::new(tariff)),
            comment: service.note.to_owned(),
            mode: Some(service.mode),
            bookings_ahead: service.bookings_ahead,
            change_notice: service.change_notice,
            active: true,
            ..ServiceView::default()
        };
        put(tx, "HealthcareService", service.id, None, &view.to_json())?;
    }
    for doctor in DOCTORS {
        write_doctor(tx, doctor)?;
    }
    for person in PATIENTS {
        let identifier = |kind: IdentifierKind, value: &str| {
            (!value.is_empty()).then(|| Identifier {
                system: kind.system().to_owned(),
                value: value.to_owned(),
            })
        };
        let view = PatientView {
            id: person.id.to_owned(),
            name: person.name.to_owned(),
            birth_date: Some(person.born.to_owned()),
            gender: Some(person.gender.to_owned()),
            phone: None,
            identifiers: [
                identifier(IdentifierKind::Cccd, person.citizen),
                identifier(IdentifierKind::Bhyt, person.insurance),
                identifier(IdentifierKind::RecordNumber, person.id),
            ]
            .into_iter()
            .flatten()
            .collect(),
        };
        put(tx, "Patient", person.id, Some(person.id), &view.to_json())?;
        if let Some(card) = &person.card {
            let coverage = CoverageView {
                number: Some(person.insurance.to_owned()),
                level: Some(card.level),
                from: day(card.from),
                to: day(card.to),
                facility: Some(card.facility.to_owned()),
                five_years_from: day(card.five_years_from),
                exempt_from: None,
            };
            let id = format!("the-{}", person.id);
            let json = coverage.to_coverage(&id, person.id, INSURER);
            put(tx, "Coverage", &id, Some(person.id), &json)?;
        }
    }
    Ok(())
}

fn day(text: &str) -> Option<NaiveDate> {
    text.parse().ok()
}

fn write_doctor(tx: &mut Tx<'_>, doctor: &Doctor) -> Result<(), StoreError> {
    let department = DEPARTMENTS.iter().find(|d| d.code == doctor.department);
    let who = Ref::new(doctor.id, doctor.name);
    let room = Ref::new(room_id(doctor), room_name(doctor));
    let title = doctor.name.split_once(". ").map_or("", |(title, _)| title);
    let practitioner = PractitionerView {
        id: doctor.id.to_owned(),
        name: doctor.name.to_owned(),
        qualification: title.to_owned(),
        languages: doctor.languages.iter().map(|&it| it.to_owned()).collect(),
        active: true,
    };
    put(tx, "Practitioner", doctor.id, None, &practitioner.to_json())?;
    let location = LocationView {
        id: room.id.clone(),
        name: room.name.clone(),
        description: department.map_or("", |d| d.place).to_owned(),
        part_of: department.map(place),
        step_free: department.and_then(step_free),
        active: true,
        ..LocationView::default()
    };
    put(tx, "Location", &room.id, None, &location.to_json())?;
    let offered: Vec<Ref> = services()
        .filter(|(_, service)| doctor.services.contains(&service.id))
        .map(|(_, service)| Ref::new(service.id, service.name))
        .collect();
    let role = PractitionerRoleView {
        id: format!("vai-tro-{}", doctor.id),
        practitioner: Some(who.clone()),
        services: offered.clone(),
        locations: vec![room.clone()],
        specialty: department.map(specialty),
        active: true,
    };
    put(tx, "PractitionerRole", &role.id, None, &role.to_json())?;
    let schedule = ScheduleView {
        id: schedule_id(doctor),
        service: None,
        specialty: department.map(specialty),
        practitioner: Some(who),
        location: Some(room),
        healthcare_service: offered.into_iter().next(),
        active: true,
        start: None,
        end: None,
    };
    put(tx, "Schedule", &schedule.id, None, &schedule.to_json())?;
    Ok(())
}

fn specialty(department: &Department) -> Coded {
    Coded {
        system: SPECIALTY.to_owned(),
        code: department.code.to_owned(),
        name: specialty_name(department),
    }
}

/// The department's name without the word.
pub(super) fn specialty_name(department: &Department) -> String {
    department
        .name
        .strip_prefix("Khoa ")
        .unwrap_or(department.name)
        .to_owned()
}

/// Of the ground floor one knows it; whether there is a lift the hospital has not told.
fn step_free(department: &Department) -> Option<bool> {
    department.place.starts_with("Tầng 1,").then_some(true)
}

fn place(department: &Department) -> Ref {
    Ref::new(format!("khoa-{}", department.code), department.name)
}

pub(super) fn room_id(doctor: &Doctor) -> String {
    format!(
        "phong-{}",
        doctor.room.trim_start_matches("P.").to_lowercase()
    )
}

pub(super) fn room_name(doctor: &Doctor) -> String {
    format!("Phòng {}", doctor.room.trim_start_matches("P."))
}

pub(super) fn schedule_id(doctor: &Doctor) -> String {
    format!("lich-{}", doctor.id)
}
