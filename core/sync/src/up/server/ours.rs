//! Our Appointment at a server that is not ours: whether it is there, and what it says.

use std::sync::atomic::Ordering;
use std::time::Duration;

use sokhoe_client::{ClientError, GarbledAnswer, ServerQuery, Versioned};
use sokhoe_domain::ids::is_fhir_id;
use sokhoe_domain::{Refusal, ResourceKey, Timestamp, Wire};
use sokhoe_fhir::bundle::Change;
use sokhoe_fhir::slot_booking::{BOOKING, intent_of, slots_of};
use sokhoe_fhir::transaction::Written;
use sokhoe_fhir::{Appointment, AppointmentStatus, ServerPage};
use sokhoe_vault::StoredBooking;

use super::{Attempt, Said};
use crate::appointment::read;

/// Appointments of one identifier, or of one time, that are looked at.
const OURS: u32 = 20;
/// So long a server may not find what it has: its index comes later than its answer. A time that became busy since is
/// nobody else's for sure.
const SEARCHED_LATER: Duration = Duration::from_secs(3_600);

/// Of one server, times that differ by less are the same: its answers may come from several machines.
const SAME_TIME: Duration = Duration::from_secs(60);

/// A resource of the server's, with the version that a write must name.
pub(super) struct Read {
    pub json: String,
    pub version: Option<String>,
}

impl Read {
    pub(super) fn of(versioned: Versioned, said: Option<String>) -> Self {
        Self {
            json: versioned.json,
            version: versioned.version.or(said),
        }
    }
}

/// Our Appointment, where there is one.
pub(super) enum Ours {
    None,
    There(Box<Appointment>, ResourceKey, Read),
    /// It was, and the clinic took it away.
    Gone(Box<Appointment>),
}

impl Attempt<'_> {
    /// What our Appointment says, when there is one; nothing is refused before it was asked for.
    pub(super) async fn settled(&self) -> Result<Option<Said>, ClientError> {
        Ok(match self.ours().await? {
            Ours::None => None,
            Ours::There(appointment, ..) | Ours::Gone(appointment) => {
                Some(Said::Appointment(appointment))
            }
        })
    }

    pub(super) async fn or_ours(&self, refusal: Refusal) -> Result<Said, ClientError> {
        let ours = self.settled().await?;
        Ok(ours.unwrap_or(Said::Refused(refusal)))
    }

    /// Looks for our Appointment: by the intent's id, and by its identifier where the server gives ids.
    pub(super) async fn ours(&self) -> Result<Ours, ClientError> {
        let key = ResourceKey::new("Appointment", self.id.to_string());
        match self.lane.client.versioned(&key).await {
            Ok(versioned) => return self.taken_for_ours(key, versioned),
            Err(ClientError::Gone) => {
                return Ok(Ours::Gone(Box::new(Appointment {
                    id: Some(self.id.to_string()),
                    status: AppointmentStatus::Cancelled,
                    ..Appointment::default()
                })));
            }
            Err(ClientError::NotFound) => {}
            // To a server that gives ids itself this may be none at all.
            Err(ClientError::Refused { status: 400, .. }) if self.ways.client_ids != Some(true) => {
            }
            Err(error) => return Err(error),
        }
        if self.ways.client_ids == Some(true) {
            return Ok(Ours::None);
        }
        let query = ServerQuery::Kind {
            kind: "Appointment".to_owned(),
            params: vec![("identifier".to_owned(), format!("{BOOKING}|{}", self.id))],
        };
        let body = match self.lane.client.query(&query, OURS).await {
            // It is not searched so, and the id was tried.
            Err(ClientError::NotFound | ClientError::Refused { .. })
                if self.ways.client_ids.is_none() =>
            {
                return Ok(Ours::None);
            }
            other => other?,
        };
        let page = body
            .read()
            .map_err(|_| ClientError::Garbled(GarbledAnswer::NotFhir))?;
        self.note_look(&page);
        for change in page.changes {
            if let Change::Put { key, version, json } = change
                && key.kind == "Appointment"
                && intent_of(json) == Some(self.id)
            {
                let json = json.to_owned();
                return self.taken_for_ours(key, Versioned { json, version });
            }
        }
        Ok(Ours::None)
    }

    /// Whether something of ours may be there that only a search finds. Before another time is taken, what this try
    /// itself sent counts, too: "overtaken" may be said to the second of two copies.
    pub(super) fn may_lag(&self) -> bool {
        let wrote = self.has_otherwise && self.wrote.load(Ordering::Relaxed);
        (self.sent || wrote) && self.ways.client_ids != Some(true)
    }

    /// Whether something that writes was sent.
    pub(super) fn has_sent(&self) -> bool {
        self.sent || self.wrote.load(Ordering::Relaxed)
    }

    /// The server's time where it told it, else this phone's, whose clock may be wrong.
    pub(super) fn now(&self) -> Timestamp {
        match self.looked.load(Ordering::Relaxed) {
            0 => self.engine.clock.now(),
            looked => Timestamp::from_millis(looked),
        }
    }

    /// Whether a booking was confirmed so lately that a search may not find it.
    pub(super) fn is_new(&self, booking: &StoredBooking) -> bool {
        let now = self.engine.clock.now();
        let may_lag = self.ways.client_ids != Some(true);
        may_lag && booking.updated <= now && now.since(booking.updated) < SEARCHED_LATER
    }

    /// What is said of a time that is not free while ours is not found: it may be our own Appointment that has it.
    /// Nothing when that is out of the question: another's is seen to have it, or it was busy for longer than any
    /// index takes. All times compared are the server's own.
    pub(super) async fn not_taken_for_sure(
        &self,
        slot_id: &str,
        slot: &str,
    ) -> Result<Option<Said>, ClientError> {
        let query = ServerQuery::Kind {
            kind: "Appointment".to_owned(),
            params: vec![("slot".to_owned(), format!("Slot/{slot_id}"))],
        };
        match self.lane.client.query(&query, OURS).await {
            Ok(body) => {
                let page = body
                    .read()
                    .map_err(|_| ClientError::Garbled(GarbledAnswer::NotFhir))?;
                self.note_look(&page);
                for change in page.changes {
                    let Change::Put { key, version, json } = change else {
                        continue;
                    };
                    if key.kind != "Appointment" || !slots_of(json).iter().any(|id| id == slot_id) {
                        continue;
                    }
                    if intent_of(json) == Some(self.id) {
                        let json = json.to_owned();
                        let ours = self.taken_for_ours(key, Versioned { json, version })?;
                        if let Ours::There(appointment, ..) = ours {
                            return Ok(Some(Said::Appointment(appointment)));
                        }
                    } else if has_its_time(self.lane.wire, json) {
                        return Ok(None);
                    }
                }
            }
            // It is not searched so, or others' are not for this phone.
            Err(ClientError::NotFound | ClientError::Gone | ClientError::Refused { .. }) => {}
            Err(error) => return Err(error),
        }
        let changed = sokhoe_fhir::index(slot).ok();
        let changed = changed.and_then(|indexed| indexed.last_updated);
        let looked = Some(self.looked.load(Ordering::Relaxed)).filter(|looked| *looked > 0);
        Ok(match (changed, looked.map(Timestamp::from_millis)) {
            (Some(changed), Some(looked)) if changed <= looked.plus(SAME_TIME) => {
                (looked.since(changed) < SEARCHED_LATER).then_some(Said::NotYet)
            }
            // It tells no times, or its clock was set back since, perhaps by days: so many answers without ours are
            // enough to ask the person.
            _ => Some(Said::Unclear),
        })
    }

    fn note_look(&self, page: &ServerPage<'_>) {
        if let Some(looked) = page.looked {
            self.looked.store(looked.as_millis(), Ordering::Relaxed);
        }
    }

    /// An Appointment under our id. One that is somebody else's is no answer.
    pub(super) fn taken_for_ours(
        &self,
        key: ResourceKey,
        found: Versioned,
    ) -> Result<Ours, ClientError> {
        let garbled = ClientError::Garbled(GarbledAnswer::NotFhir);
        let mut appointment = read(self.lane.wire, &found.json).map_err(|_| garbled.clone())?;
        let is_others = appointment
            .patient
            .as_ref()
            .is_some_and(|patient| patient.id != self.patient);
        if is_others {
            return Err(garbled);
        }
        appointment.id = Some(self.id.to_string());
        let version = appointment.version.clone();
        Ok(Ours::There(
            Box::new(appointment),
            key,
            Read::of(found, version),
        ))
    }

    /// What became of it, by the answer to the transaction, or as the server has it now.
    pub(super) async fn written(&self, answer: &str) -> Result<Said, ClientError> {
        let written = Written::in_answer(answer, "Appointment")
            .map_err(|_| ClientError::Garbled(GarbledAnswer::NotFhir))?;
        if let Some(json) = written.json
            && let Some(key) = key_of(json)
            && let Ok(Ours::There(appointment, ..)) = self.taken_for_ours(
                key,
                Versioned {
                    json: json.to_owned(),
                    version: None,
                },
            )
        {
            return Ok(Said::Appointment(appointment));
        }
        // Where it lies is surer than a search, whose index may come later.
        let read = match written.key.filter(|key| is_fhir_id(&key.id)) {
            Some(key) => {
                let versioned = self.lane.client.versioned(&key).await;
                versioned.and_then(|versioned| self.taken_for_ours(key, versioned))
            }
            None => self.ours().await,
        };
        match read {
            Ok(Ours::There(appointment, ..) | Ours::Gone(appointment)) => {
                Ok(Said::Appointment(appointment))
            }
            Ok(Ours::None) => Ok(Said::Unclear),
            Err(error) => Err(error),
        }
    }
}

/// Whether an Appointment has the time that it is for.
fn has_its_time(wire: Wire, json: &str) -> bool {
    read(wire, json).is_ok_and(|appointment| {
        !matches!(
            appointment.status,
            AppointmentStatus::Cancelled
                | AppointmentStatus::EnteredInError
                | AppointmentStatus::Noshow
        )
    })
}

fn key_of(json: &str) -> Option<ResourceKey> {
    sokhoe_fhir::index(json).ok().map(|indexed| indexed.key)
}
