//! A phone comes in: the clinic's QR, tokens bound to this phone's key there, the people's vaults.

use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use sokhoe_client::{
    ClientError, ClinicClient, CodeRequest, EnrolmentAnswer, EnrolmentRequest, GarbledAnswer,
    KnownBy, PersonAccess,
};
use sokhoe_domain::ports::{SigningPublicKey, Uptime};
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
        let request = EnrolmentRequest {
            code: code.code,
            device_id: account.device_id()?,
            device_name: session.config.device_name.clone(),
            word: code.word.map(|word| URL_SAFE_NO_PAD.encode(word)),
        };
        let entrance = session.entrance(code.clinic_url, code.public_key)?;
        let answer = session.ask_in(&entrance, Ask::Enrolment(&request)).await?;
        let answer = answer.map_err(answered)?;
        for access in answer.access.iter().filter(|it| it.grant.is_some()) {
            let clinic = ClinicId::from(&*answer.clinic_id);
            session.no_longer_own(&clinic, &access.patient).await?;
        }
        session.take_in(entrance, answer)
    }
}

/// A clinic's door, and the key with which this phone stands before it.
pub(crate) struct Entrance {
    clinic_url: String,
    /// The key that the clinic must have.
    public_key: PublicKey,
    device_key: SigningPublicKey,
    asked: Uptime,
}

/// What a phone comes in with.
#[derive(Clone, Copy)]
pub(crate) enum Ask<'a> {
    /// A code that was scanned.
    Enrolment(&'a EnrolmentRequest),
    /// A code that a browser came back with.
    SignIn(&'a CodeRequest<'a>),
}

impl Ask<'_> {
    async fn of(self, client: &ClinicClient) -> Result<EnrolmentAnswer, ClientError> {
        match self {
            Self::Enrolment(request) => client.enrol(request).await,
            Self::SignIn(request) => client.redeem(request).await,
        }
    }
}

impl Session {
    pub(crate) fn entrance(
        &self,
        clinic_url: String,
        public_key: PublicKey,
    ) -> Result<Entrance, AppError> {
        Ok(Entrance {
            device_key: self.signing_key(public_key.as_bytes())?,
            clinic_url,
            public_key,
            asked: self.uptime(),
        })
    }

    /// Asks the clinic to let this phone in.
    pub(crate) async fn ask_in(
        &self,
        entrance: &Entrance,
        ask: Ask<'_>,
    ) -> Result<Result<EnrolmentAnswer, ClientError>, AppError> {
        let Entrance {
            clinic_url,
            public_key,
            device_key,
            ..
        } = entrance;
        let clinic_key = public_key.as_bytes();
        let client = |known_by: KnownBy| {
            let transport = self.ports.transport.clone();
            ClinicClient::new(clinic_url, Some(known_by), transport)
        };
        let prover = self.prover(clinic_key, *device_key);
        let new_here = client(KnownBy {
            prover: prover.clone(),
            tokens: None,
        })?;
        // A phone has one session a clinic: the new one is for whom the old one is for, too. Only the address that the old
        // one was got from is shown its token, and only with the key that it is bound to.
        let account = self.account()?;
        let known = account.clinics()?.into_iter().find(|known| {
            known.wire == Wire::Clinic
                && known.base_url == *clinic_url
                && known.public_key == *clinic_key
        });
        let earlier = match known {
            Some(known) => account
                .clinic_session(&known.id)?
                .filter(|earlier| earlier.device_key == *device_key)
                .map(|_| client(self.known_by(&account, &known.id, prover)))
                .transpose()?,
            None => None,
        };
        Ok(match earlier {
            Some(earlier) => match ask.of(&earlier).await {
                Err(ClientError::Unauthorized) => ask.of(&new_here).await,
                other => other,
            },
            None => ask.of(&new_here).await,
        })
    }

    /// Keeps what a clinic gave this phone when it came in.
    pub(crate) fn take_in(
        &self,
        entrance: Entrance,
        answer: EnrolmentAnswer,
    ) -> Result<EnrolmentView, AppError> {
        // A slip at the clinic would leave a key that verifies nothing. Whether the key is that of a clinic
        // which is known already is for the account to say.
        if answer.public_key.parse::<PublicKey>().ok() != Some(entrance.public_key) {
            return Err(AppError::Enrolment {
                reason: EnrolmentRefusal::OtherClinic,
            });
        }
        let clinic = ClinicRecord {
            id: ClinicId(answer.clinic_id),
            name: answer.clinic_name,
            base_url: entrance.clinic_url,
            public_key: *entrance.public_key.as_bytes(),
            token: String::new().into(),
            enrolled: self.now(),
            wire: Wire::Clinic,
        };
        let known_by = session_of(entrance.device_key, &answer.tokens);
        let persons: Vec<_> = answer
            .patients
            .iter()
            .map(|patient| LinkedPerson {
                helping: helping(&clinic.id, &patient.id, &answer.access),
                ..self.linked(patient)
            })
            .collect();
        // Again: the exchange took its time, and the phone may have been locked meanwhile.
        let account = self.account()?;
        let kept = account.enrol(&clinic, Some(&known_by), &persons)?;
        self.leases.changed();
        for (linked, person) in persons.iter().zip(&kept) {
            let of_them = |access: &&PersonAccess| access.patient == linked.patient_id;
            if let Some(access) = answer.access.iter().find(of_them) {
                self.take_access(&clinic.id, &person.id, access, entrance.asked)?;
            }
        }
        let persons = kept
            .into_iter()
            .map(|person| self.person_view(person))
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
    /// What the phone that made it says to the clinic.
    word: Option<Vec<u8>>,
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
                    word: invitation.word,
                })
            }
            enrolment => enrolment.map(|enrolment| Self {
                clinic_url: enrolment.clinic_url,
                code: enrolment.code,
                public_key: enrolment.public_key,
                word: None,
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
