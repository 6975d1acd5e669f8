//! A person's record at any FHIR R4 server, without an enrolment of ours.

use std::fmt::Write as _;
use std::sync::Arc;

use sokhoe_client::{ClientError, ClinicClient};
use sokhoe_domain::ids::is_fhir_id;
use sokhoe_domain::{ClinicId, PersonId, ResourceKey, Wire};
use sokhoe_fhir::PatientView;
use sokhoe_vault::{ClinicRecord, LinkedPerson, Secret};

use crate::error::AppError;
use crate::persons::clinic_view;
use crate::session::SoKhoe;
use crate::views::{AddServerRequest, EnrolmentView};

impl SoKhoe {
    /// Links a person with their Patient at a FHIR R4 server; without a person the Patient becomes one.
    /// The server is asked what it can and for the Patient; the first sync brings the rest. Safe to
    /// repeat: a new token takes the place of the old one.
    ///
    /// # Errors
    /// [`AppError::Validation`] for an address that is not https, an id that no Patient can have, or a
    /// server that is not FHIR R4;
    /// [`AppError::NotEnrolled`] when it does not take the token; [`AppError::NotFound`] for a Patient
    /// that it does not show; [`AppError::Offline`], [`AppError::BadAnswer`]. Nothing is kept then.
    pub async fn add_server(&self, request: AddServerRequest) -> Result<EnrolmentView, AppError> {
        self.not_moved()?;
        if !is_fhir_id(&request.patient_id) {
            return Err(AppError::invalid("patient_id", "must be a FHIR id"));
        }
        let session = &*self.inner;
        let token = Secret::from(request.token.unwrap_or_default());
        let client = ClinicClient::of_server(
            &request.fhir_base_url,
            (!token.expose().is_empty()).then(|| token.expose().to_owned().into()),
            Arc::clone(&session.ports.transport),
        )?;
        let server = client.capabilities().await?;
        if !server.fhir_version.starts_with("4.0") {
            return Err(AppError::invalid("server", "it does not speak FHIR R4"));
        }
        let key = ResourceKey::new("Patient", request.patient_id.as_str());
        let patient = match client.resource(&key).await {
            Err(ClientError::Gone) => return Err(AppError::not_found("patient")),
            other => PatientView::from_json(&other?).map_err(|_| AppError::BadAnswer {
                what: "not-fhir".to_owned(),
            })?,
        };
        let mut linked = LinkedPerson {
            patient_id: request.patient_id,
            ..session.linked(&patient)
        };
        // Again: the exchanges took their time, and the phone may have been locked meanwhile.
        let account = session.account()?;
        if let Some(id) = request.person_id {
            linked.person = account
                .person(&PersonId(id))?
                .ok_or_else(|| AppError::not_found("person"))?;
        }
        let clinic = ClinicRecord {
            id: server_id(client.fhir_base()),
            name: request.name,
            base_url: client.fhir_base().to_owned(),
            // It signs nothing: no key verifies with this one.
            public_key: [0; 32],
            token,
            enrolled: session.now(),
            wire: Wire::Server,
        };
        let persons = account
            .add_enrolment(&clinic, &[linked])?
            .into_iter()
            .map(|person| session.person_view(person))
            .collect::<Result<_, _>>()?;
        Ok(EnrolmentView {
            clinic: clinic_view(clinic),
            persons,
        })
    }
}

/// A server has no id of its own: its address is one.
fn server_id(fhir_base: &str) -> ClinicId {
    let hash = ring::digest::digest(&ring::digest::SHA256, fhir_base.as_bytes());
    let mut id = String::from("server-");
    for byte in hash.as_ref().iter().take(16) {
        let _infallible = write!(id, "{byte:02x}");
    }
    ClinicId(id)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::Language;
    use crate::test_phone::{NoNetwork, TestPhone};

    #[tokio::test]
    async fn an_id_that_no_patient_can_have_is_not_asked_for() {
        let phone = TestPhone::of(Language::Vi, &[], NoNetwork);
        for patient_id in ["", "../Patient", "a?b", "BN 7", &"7".repeat(65)] {
            let request = AddServerRequest {
                fhir_base_url: "https://fhir.example/r4".to_owned(),
                name: "Bệnh viện A".to_owned(),
                patient_id: patient_id.to_owned(),
                token: None,
                person_id: None,
            };
            // Anything but this would have looked for the server.
            let said = phone.app.add_server(request).await.unwrap_err();
            let expected = AppError::invalid("patient_id", "must be a FHIR id");
            assert_eq!(said, expected, "{patient_id}");
        }
    }
}
