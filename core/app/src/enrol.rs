//! A phone comes in: the clinic's QR, a token bound to this device, the people's vaults.

use sokhoe_client::{ClientError, ClinicClient, EnrolmentRequest, GarbledAnswer};
use sokhoe_domain::{ClinicId, IntentId, PersonId};
use sokhoe_fhir::PatientView;
use sokhoe_qr::signed::EnrolmentError;
use sokhoe_qr::{Enrolment, PublicKey};
use sokhoe_vault::{ClinicRecord, LinkedPerson, PersonRecord, Vault, VaultPorts};

use crate::error::{AppError, EnrolmentRefusal};
use crate::persons::{clinic_view, person_view};
use crate::session::{Session, SoKhoe};
use crate::views::EnrolmentView;

impl SoKhoe {
    /// Enrols this phone with the clinic whose QR was scanned. Safe to repeat: a clinic gives the same
    /// phone the same answer to the same code while the code is valid.
    ///
    /// # Errors
    /// [`AppError::Enrolment`] for a code that cannot be used, [`AppError::Offline`],
    /// [`AppError::BadAnswer`]; nothing is stored then.
    pub async fn enrol(&self, qr_text: &str) -> Result<EnrolmentView, AppError> {
        let session = &*self.inner;
        let code = Enrolment::read(qr_text.trim(), session.now()).map_err(refused)?;
        let client = ClinicClient::new(&code.clinic_url, None, session.ports.transport.clone())?;
        let request = EnrolmentRequest {
            code: code.code.clone(),
            device_id: session.account.device_id()?,
            device_name: session.config.device_name.clone(),
        };
        let answer = client.enrol(&request).await.map_err(answered)?;
        // The code was shown at the counter: only the holder of its key may answer for it.
        if answer.public_key.parse::<PublicKey>().ok() != Some(code.public_key) {
            return Err(AppError::Enrolment {
                reason: EnrolmentRefusal::OtherClinic,
            });
        }
        let clinic = ClinicRecord {
            id: ClinicId(answer.clinic_id),
            name: answer.clinic_name,
            base_url: code.clinic_url,
            public_key: *code.public_key.as_bytes(),
            token: answer.token.0.into(),
            enrolled: session.now(),
        };
        let persons = answer
            .patients
            .iter()
            .map(|patient| session.person_for(&clinic.id, patient))
            .collect::<Result<Vec<_>, _>>()?;
        session.account.add_enrolment(&clinic, &persons)?;
        let persons = persons
            .into_iter()
            .map(|linked| person_view(&session.account, linked.person))
            .collect::<Result<_, _>>()?;
        Ok(EnrolmentView {
            clinic: clinic_view(clinic),
            persons,
        })
    }
}

impl Session {
    /// The person that a clinic's patient is on this phone, with a vault. A vault made before the
    /// account knows of it is found again under the same name by the next try.
    fn person_for(
        &self,
        clinic: &ClinicId,
        patient: &PatientView,
    ) -> Result<LinkedPerson, AppError> {
        let known = self.account.person_of(clinic, &patient.id)?;
        let id = known.as_ref().map_or_else(
            || PersonId(IntentId::new(self.now(), &*self.ports.rng).to_string()),
            |person| person.id.clone(),
        );
        let vault_name = known.as_ref().map_or_else(
            || format!("person-{id}"),
            |person| person.vault_name.clone(),
        );
        if known.is_none() {
            Vault::create(&VaultPorts::from(&self.ports), &vault_name)?;
        }
        let person = PersonRecord {
            id,
            name: patient.name.clone(),
            birth_date: patient.birth_date.clone(),
            gender: patient.gender.clone(),
            vault_name,
        };
        Ok(LinkedPerson {
            person,
            patient_id: patient.id.clone(),
        })
    }
}

fn refused(error: EnrolmentError) -> AppError {
    AppError::Enrolment {
        reason: match error {
            EnrolmentError::NotOurs => EnrolmentRefusal::NotOurs,
            EnrolmentError::Altered | EnrolmentError::Malformed => EnrolmentRefusal::Altered,
            EnrolmentError::Expired => EnrolmentRefusal::Expired,
        },
    }
}

fn answered(error: ClientError) -> AppError {
    let reason = match &error {
        ClientError::Refused { code, .. } => match code.as_str() {
            "enrolment-unknown" => EnrolmentRefusal::Unknown,
            "enrolment-used" => EnrolmentRefusal::Used,
            "enrolment-expired" => EnrolmentRefusal::Expired,
            _ => return error.into(),
        },
        ClientError::Unauthorized => EnrolmentRefusal::Unknown,
        ClientError::NotFound => return ClientError::Garbled(GarbledAnswer::NotFhir).into(),
        _ => return error.into(),
    };
    AppError::Enrolment { reason }
}
