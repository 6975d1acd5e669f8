//! How the clinic stands to the health insurance, as phones are told.

use serde_json::Value;
use sokhoe_clinic::ClinicError;
use sokhoe_domain::Vnd;
use sokhoe_domain::insurance::{BadInsuranceTerms, FacilityLevel, InsuranceTerms};
use sokhoe_fhir::{InsuranceOrganization, ServiceView};

use crate::support::http::Reply;
use crate::support::{Hospital, MOTHER, Phone, hospital, id, key, parameters};

const TARIFF: &str = "https://sokhoe.vn/fhir/StructureDefinition/insured-tariff";

fn terms() -> InsuranceTerms {
    InsuranceTerms {
        facility: "11034".to_owned(),
        level: FacilityLevel::Commune,
        outside_route_percent: 100,
        base_salary: Vnd::new(2_530_000),
        small_cost_percent: 15,
    }
}

async fn find(phone: &Phone, service: &str) -> Reply {
    let body = parameters(&[
        (
            "start",
            serde_json::json!({"valueDateTime": "2026-11-23T07:00:00+07:00"}),
        ),
        (
            "end",
            serde_json::json!({"valueDateTime": "2026-11-30T17:00:00+07:00"}),
        ),
        ("visit-type", serde_json::json!({"valueString": service})),
    ]);
    phone
        .post("/fhir/Appointment/$find?_count=2", None, &body)
        .await
}

fn tariff(resource: &Value) -> Option<i64> {
    let extensions = resource["extension"].as_array()?;
    let told = extensions.iter().find(|it| it["url"] == TARIFF)?;
    assert_eq!(told["valueMoney"]["currency"], "VND");
    told["valueMoney"]["value"].as_i64()
}

fn told(reply: &Reply) -> Option<InsuranceTerms> {
    let mut organizations = reply.resources("Organization");
    assert!(organizations.len() <= 1, "once");
    let organization = organizations.pop()?.to_string();
    InsuranceOrganization::from_json(&organization)
        .unwrap()
        .terms
}

async fn total(hospital: &Hospital, phone: &Phone) -> i64 {
    let slot = hospital.free(phone, "kham-mat", 1).await.remove(0);
    assert_eq!(phone.book(&key(), id(&slot), MOTHER).await.status, 200);
    let invoices = phone.get(&format!("/fhir/Invoice?patient={MOTHER}")).await;
    let last = invoices.resources("Invoice").pop().unwrap();
    last["totalGross"]["value"].as_i64().unwrap()
}

#[tokio::test]
async fn times_tell_what_insurance_counts_with_and_once_how_the_clinic_stands() {
    let hospital = hospital().await;
    let phone = hospital.phone("device-mother", &[MOTHER]).await;
    let found = find(&phone, "kham-mat").await;
    let times = found.resources("Appointment");
    assert_eq!(times.len(), 2);
    assert!(times.iter().all(|time| tariff(time) == Some(45_000)));
    assert_eq!(found.json()["total"], 2, "what is beside them is no match");
    assert_eq!(told(&found).unwrap().level, FacilityLevel::Basic);
    let organization = &found.resources("Organization")[0];
    let path = format!("/fhir/Organization/{}", id(organization));
    assert_eq!(&phone.get(&path).await.json(), organization);
    let not_covered = find(&phone, "tu-van-tu-xa").await;
    assert_eq!(tariff(&not_covered.resources("Appointment")[0]), None);
    let service = phone.get("/fhir/HealthcareService/kham-mat").await.json();
    assert_eq!(tariff(&service), Some(45_000));
    // The book says what the visit costs, not what insurance thinks of it.
    let slot = &times[0];
    let booked = phone.book(&key(), id(slot), MOTHER).await;
    assert_eq!(tariff(&booked.resources("Appointment")[0]), None);

    hospital.clinic.set_insurance(Some(terms())).unwrap();
    assert_eq!(told(&find(&phone, "kham-mat").await), Some(terms()));
    assert_eq!(hospital.clinic.insurance().unwrap(), Some(terms()));
    // What was said stays, whoever fills the clinic again.
    hospital.clinic.seed_hospital().unwrap();
    assert_eq!(told(&find(&phone, "kham-mat").await), Some(terms()));
    hospital.clinic.set_insurance(None).unwrap();
    hospital.clinic.seed_hospital().unwrap();
    let silent = find(&phone, "kham-mat").await;
    assert_eq!(told(&silent), None);
    assert_eq!(silent.resources("Organization"), Vec::<Value>::new());
    hospital.running.shutdown().await;
}

#[tokio::test]
async fn a_tariff_changes_and_the_invoice_counts_by_the_same_rule() {
    let hospital = hospital().await;
    let phone = hospital.phone("device-mother", &[MOTHER]).await;
    // A level that pays 95 %, and a visit that costs so little that all is paid.
    assert_eq!(total(&hospital, &phone).await, 150_000 - 45_000);
    hospital.clinic.set_insurance(None).unwrap();
    assert_eq!(total(&hospital, &phone).await, 150_000 - 42_750);
    hospital.clinic.set_insurance(Some(terms())).unwrap();
    let set = |service: &str, tariff| hospital.clinic.set_insured_tariff(service, tariff);
    set("kham-mat", Some(Vnd::new(50_000))).unwrap();
    assert_eq!(total(&hospital, &phone).await, 150_000 - 50_000);
    let found = find(&phone, "kham-mat").await;
    assert_eq!(tariff(&found.resources("Appointment")[0]), Some(50_000));
    let json = phone.get("/fhir/HealthcareService/kham-mat").await.body;
    let service = ServiceView::from_json(&json).unwrap();
    assert_eq!(service.insured_tariff, Some(Vnd::new(50_000)));
    assert_eq!(service.price, Some(Vnd::new(150_000)));
    hospital.clinic.seed_hospital().unwrap();
    let again = phone.get("/fhir/HealthcareService/kham-mat").await.body;
    assert_eq!(ServiceView::from_json(&again).ok(), Some(service));
    set("kham-mat", None).unwrap();
    assert_eq!(total(&hospital, &phone).await, 150_000);

    assert!(matches!(
        set("nothing", None),
        Err(ClinicError::NoSuchService)
    ));
    let negative = set("kham-mat", Some(Vnd::new(-1)));
    assert!(matches!(negative, Err(ClinicError::BadTariff)));
    let bad = InsuranceTerms {
        facility: "1".to_owned(),
        ..terms()
    };
    assert!(matches!(
        hospital.clinic.set_insurance(Some(bad)),
        Err(ClinicError::BadInsuranceTerms(BadInsuranceTerms::Facility))
    ));
    hospital.running.shutdown().await;
}
