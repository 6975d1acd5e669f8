//! How the clinic stands to the health insurance (BHYT), and what that counts with for each service.
//!
//! The terms are those of one Organization, which phones are given beside free times; a setting says which it is. What
//! insurance counts with for a service lies in the service's row, and in its HealthcareService for phones to read.

use serde_json::{Value, json};
use sokhoe_domain::Vnd;
use sokhoe_domain::insurance::InsuranceTerms;
use sokhoe_fhir::InsuranceOrganization;
use sokhoe_fhir::insurance::INSURED_TARIFF;

use crate::clinic::Inner;
use crate::store::{Sql, StoreError, Tx, params, resources, settings};

/// The setting that holds the Organization's id.
pub(crate) const SETTING: &str = "insurance";

/// How the clinic stands to the insurance.
#[derive(Debug)]
pub(crate) struct Insurance {
    pub terms: InsuranceTerms,
    /// The Organization's id, and its bytes.
    pub id: String,
    pub json: String,
}

/// How the clinic stands; nothing when it has not said so.
pub(crate) fn read(sql: Sql<'_>) -> Result<Option<Insurance>, StoreError> {
    let id = settings::get(sql, SETTING)?.filter(|id| !id.is_empty());
    let Some(id) = id else { return Ok(None) };
    let json = resources::json_of(sql, "Organization", &id)?;
    Ok(json.and_then(|json| {
        let terms = InsuranceOrganization::from_json(&json).ok()?.terms?;
        Some(Insurance { terms, id, json })
    }))
}

/// Whether the clinic ever said anything of it.
pub(crate) fn is_said(sql: Sql<'_>) -> Result<bool, StoreError> {
    Ok(settings::get(sql, SETTING)?.is_some())
}

/// Says how the clinic stands; nothing says that it does not tell.
pub(crate) fn set(
    tx: &mut Tx<'_>,
    inner: &Inner,
    terms: Option<&InsuranceTerms>,
) -> Result<(), StoreError> {
    let organization = InsuranceOrganization {
        id: inner.id.clone(),
        name: inner.name.clone(),
        terms: terms.cloned(),
    };
    let json = organization.to_json();
    resources::put(tx, "Organization", &inner.id, None, &json)?;
    let id = terms.map_or("", |_| inner.id.as_str());
    settings::set(tx.sql(), SETTING, id)?;
    tx.tell_calendar()
}

/// Says what the insurance counts with for a service; nothing says that it does not cover it. Whether there is such a
/// service.
pub(crate) fn set_tariff(
    tx: &mut Tx<'_>,
    service: &str,
    tariff: Option<Vnd>,
) -> Result<bool, StoreError> {
    let there = tx.sql().execute(
        "UPDATE service SET insured_price = ?2 WHERE id = ?1",
        params![service, tariff.unwrap_or_default().dong()],
    )?;
    if there == 0 {
        return Ok(false);
    }
    let told = resources::json_of(tx.sql(), "HealthcareService", service)?;
    if let Some(json) = told.and_then(|json| with_tariff(&json, tariff)) {
        resources::put(tx, "HealthcareService", service, None, &json)?;
    }
    tx.tell_calendar()?;
    Ok(true)
}

/// A HealthcareService with another tariff, and all else as it is.
fn with_tariff(json: &str, tariff: Option<Vnd>) -> Option<String> {
    let mut resource: Value = serde_json::from_str(json).ok()?;
    let members = resource.as_object_mut()?;
    let mut extensions = match members.remove("extension") {
        Some(Value::Array(extensions)) => extensions,
        _ => Vec::new(),
    };
    extensions.retain(|extension| extension.get("url") != Some(&json!(INSURED_TARIFF)));
    extensions.extend(tariff.map(|tariff| {
        json!({"url": INSURED_TARIFF, "valueMoney": {"value": tariff.dong(), "currency": "VND"}})
    }));
    if !extensions.is_empty() {
        members.insert("extension".to_owned(), Value::Array(extensions));
    }
    Some(resource.to_string())
}

#[cfg(test)]
mod tests {
    use sokhoe_fhir::ServiceView;

    use super::*;

    #[test]
    fn a_service_gets_another_tariff_and_keeps_the_rest() {
        let service = ServiceView {
            id: "kham-mat".to_owned(),
            name: "Khám mắt".to_owned(),
            price: Some(Vnd::new(150_000)),
            insured_tariff: Some(Vnd::new(45_000)),
            active: true,
            ..ServiceView::default()
        };
        for tariff in [Some(Vnd::new(50_600)), None] {
            let json = with_tariff(&service.to_json(), tariff).unwrap();
            let expected = ServiceView {
                insured_tariff: tariff,
                ..service.clone()
            };
            assert_eq!(ServiceView::from_json(&json), Ok(expected));
        }
        let bare = ServiceView {
            price: None,
            insured_tariff: None,
            ..service
        };
        let json = with_tariff(&bare.to_json(), None).unwrap();
        assert!(!json.contains("extension"), "{json}");
        assert_eq!(with_tariff("[]", None), None);
    }
}
