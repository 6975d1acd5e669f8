//! A phone comes in: the clinic's QR, tokens bound to this phone's key there, the people's vaults.

use sokhoe_client::{
    ClientError, ClinicClient, EnrolmentRequest, GarbledAnswer, KnownBy, PersonAccess,
};
use sokhoe_domain::{ClinicId, IntentId, PersonId, Timestamp, Wire};
use sokhoe_fhir::PatientView;
use sokhoe_qr::signed::Refusal;
use sokhoe_qr::{Enrolment, Invitation, PublicKey};
use sokhoe_vault::{ClinicRecord, Helping, LinkedPerson, PersonRecord};

use crate::device_keys::session_of;
use crate::error::{AppError, EnrolmentRefusal};
use crate::persons::clinic_view;
use crate::session::{Session, SoKhoe};
use crate::views::EnrolmentView;

impl SoKhoe {
    /// Enrols this phone with the clinic whose QR was scanned: for its own people, or to help somebody who invited it. Safe
    /// to repeat: a clinic gives the same phone the same answer to the same code while the code is valid.
    ///
    /// # Errors
    /// [`AppError::Enrolment`] for a code that cannot be used or that comes from somebody who says to be
    /// a clinic that is known with another key, [`AppError::Offline`],
    /// [`AppError::BadAnswer`]; nothing is stored then.
    pub async fn enrol(&self, qr_text: &str) -> Result<EnrolmentView, AppError> {
        self.not_moved()?;
        let session = &*self.inner;
        let code = EntryCode::read(qr_text.trim(), session.now()).map_err(refused)?;
        let account = session.account()?;
        let clinic_key = *code.public_key.as_bytes();
        let device_key = session.signing_key(&clinic_key)?;
        let client = |known_by: KnownBy| {
            let transport = session.ports.transport.clone();
            ClinicClient::new(&code.clinic_url, Some(known_by), transport)
        };
        let prover = session.prover(&clinic_key, device_key);
        let new_here = client(KnownBy {
            prover: prover.clone(),
            tokens: None,
        })?;
        let request = EnrolmentRequest {
            code: code.code.clone(),
            device_id: account.device_id()?,
            device_name: session.config.device_name.clone(),
        };
        let asked = session.uptime();
        // A phone has one session a clinic: the new one is for whom the old one is for, too. Only the address that the old
        // one was got from is shown its token, and only with the key that it is bound to.
        let known = account.clinics()?.into_iter().find(|known| {
            known.wire == Wire::Clinic
                && known.base_url == code.clinic_url
                && known.public_key == clinic_key
        });
        let earlier = match known {
            Some(known) => account
                .clinic_session(&known.id)?
                .filter(|earlier| earlier.device_key == device_key)
                .map(|_| client(session.known_by(&account, &known.id, prover)))
                .transpose()?,
            None => None,
        };
        let answer = match earlier {
            Some(earlier) => match earlier.enrol(&request).await {
                Err(ClientError::Unauthorized) => new_here.enrol(&request).await,
                other => other,
            },
            None => new_here.enrol(&request).await,
        };
        let answer = answer.map_err(answered)?;
        // A slip at the clinic would leave a key that verifies nothing. Whether the key is that of a clinic
        // which is known already is for the account to say.
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
            token: String::new().into(),
            enrolled: session.now(),
            wire: Wire::Clinic,
        };
        let known_by = session_of(device_key, &answer.tokens);
        let persons: Vec<_> = answer
            .patients
            .iter()
            .map(|patient| LinkedPerson {
                helping: helping(&clinic.id, &patient.id, &answer.access),
                ..session.linked(patient)
            })
            .collect();
        // Again: the exchange took its time, and the phone may have been locked meanwhile.
        let account = session.account()?;
        let kept = account.enrol(&clinic, Some(&known_by), &persons)?;
        session.leases.changed();
        for (linked, person) in persons.iter().zip(&kept) {
            let of_them = |access: &&PersonAccess| access.patient == linked.patient_id;
            if let Some(access) = answer.access.iter().find(of_them) {
                session.take_access(&clinic.id, &person.id, access, asked)?;
            }
        }
        let persons = kept
            .into_iter()
            .map(|person| session.person_view(person))
            .collect::<Result<_, _>>()?;
        Ok(EnrolmentView {
            clinic: clinic_view(clinic),
            persons,
        })
    }
}

/// What lets a phone in: a clinic's code for a person's own phone, or an invitation to help somebody.
struct EntryCode {
    clinic_url: String,
    code: String,
    public_key: PublicKey,
}

impl EntryCode {
    fn read(text: &str, now: Timestamp) -> Result<Self, Refusal> {
        match Enrolment::read(text, now) {
            Err(Refusal::NotOurs) => {
                let invitation = Invitation::read(text, now)?;
                Ok(Self {
                    public_key: invitation.key_of_clinic(),
                    clinic_url: invitation.clinic_url,
                    code: invitation.code,
                })
            }
            enrolment => enrolment.map(|enrolment| Self {
                clinic_url: enrolment.clinic_url,
                code: enrolment.code,
                public_key: enrolment.public_key,
            }),
        }
    }
}

impl Session {
    /// The person that a clinic's patient would be on this phone; the account keeps the one it knows.
    /// The vault is made when the book is first opened.
    pub(crate) fn linked(&self, patient: &PatientView) -> LinkedPerson {
        let id = PersonId(IntentId::new(self.now(), &*self.ports.rng).to_string());
        let vault_name = format!("person-{id}");
        LinkedPerson {
            person: PersonRecord {
                id,
                name: patient.name.clone(),
                birth_date: patient.birth_date.clone(),
                gender: patient.gender.clone(),
                vault_name,
            },
            patient_id: patient.id.clone(),
            helping: None,
        }
    }
}

/// What a clinic granted of a patient, without a lease: that begins once the book is under one.
fn helping(clinic: &ClinicId, patient: &str, access: &[PersonAccess]) -> Option<Helping> {
    let access = access.iter().find(|access| access.patient == patient)?;
    let grant = access.grant.as_ref()?;
    Some(Helping {
        clinic: clinic.clone(),
        patient_id: patient.to_owned(),
        scopes: grant.scopes,
        ends: grant.until,
        lease: None,
    })
}

fn refused(refusal: Refusal) -> AppError {
    AppError::Enrolment {
        reason: match refusal {
            Refusal::NotOurs => EnrolmentRefusal::NotOurs,
            Refusal::Expired => EnrolmentRefusal::Expired,
            Refusal::NewerVersion => EnrolmentRefusal::NewerVersion,
            _ => EnrolmentRefusal::Altered,
        },
    }
}

fn answered(error: ClientError) -> AppError {
    let reason = match &error {
        ClientError::Refused { code, .. } => match code.as_str() {
            "enrolment-unknown" => EnrolmentRefusal::Unknown,
            "enrolment-used" => EnrolmentRefusal::Used,
            "enrolment-expired" => EnrolmentRefusal::Expired,
            "enrolment-other-grant" => EnrolmentRefusal::OtherGrant,
            _ => return error.into(),
        },
        ClientError::Unauthorized => EnrolmentRefusal::Unknown,
        ClientError::NotFound => return ClientError::Garbled(GarbledAnswer::NotFhir).into(),
        _ => return error.into(),
    };
    AppError::Enrolment { reason }
}
