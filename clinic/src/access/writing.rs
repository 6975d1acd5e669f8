//! What a person may write: readings of their own, of their Patient the words that are theirs, who may help them, and what
//! they ask of what is kept of them. All else is denied.

use sokhoe_domain::GrantScope;
use sokhoe_fhir::consent::Grant;
use sokhoe_fhir::merge::{is_own_observation, keeps_the_clinics_facts, says_the_same};
use sokhoe_fhir::{OwnReadingView, RightsTask};

use super::Access;
use crate::grants::own;
use crate::rights;
use crate::store::{Sql, StoreError, params};

/// The types that a person may write into.
pub(crate) const WRITABLE: [&str; 4] = ["Consent", "Observation", "Patient", "Task"];

/// What becomes of a resource that a person wants to write.
#[derive(Debug)]
pub(crate) enum Writing {
    /// Not there, or not granted: nobody can tell which.
    NotThere,
    /// It was there, and the clinic took it away.
    Deleted,
    /// It says what is not the person's to say.
    NotTheirs(&'static str),
    /// There is one already: the version it began from must be named.
    VersionNeeded,
    /// There is another version than the one it began from.
    OtherVersion,
    /// It is there already, in these words.
    Same { version: i64, json: String },
    /// To be stored in this person's compartment.
    Write {
        patient: String,
        json: String,
        new: bool,
        effect: Effect,
    },
}

/// What a resource does that is stored.
#[derive(Debug)]
pub(crate) enum Effect {
    /// It is read.
    None,
    /// It changes who may do what.
    Grant(own::Change),
    /// It asks something of the clinic, which gives a receipt.
    Rights(Box<RightsTask>),
}

/// What is stored under an id, whoever it belongs to.
struct Before {
    version: i64,
    patient: Option<String>,
    json: Option<String>,
}

impl Access {
    /// Decides what becomes of `body`, written as `kind/id` over the version `expected`. Ask it in the transaction
    /// that stores it.
    pub fn write(
        &self,
        sql: Sql<'_>,
        kind: &str,
        id: &str,
        expected: Option<&str>,
        body: &str,
    ) -> Result<Writing, StoreError> {
        match kind {
            "Consent" => self.write_grant(sql, id, expected, body),
            "Observation" => self.write_reading(sql, id, expected, body),
            "Patient" => self.write_patient(sql, id, expected, body),
            "Task" => self.write_request(sql, id, expected, body),
            _ => Ok(Writing::NotThere),
        }
    }

    fn write_reading(
        &self,
        sql: Sql<'_>,
        id: &str,
        expected: Option<&str>,
        body: &str,
    ) -> Result<Writing, StoreError> {
        let read =
            OwnReadingView::from_json(body).map_err(|_| "This is not a reading of a person's own.");
        let reading = match read.and_then(|it| of_id(it, |it| &it.id, id)) {
            Ok(reading) => reading,
            Err(why) => return Ok(Writing::NotTheirs(why)),
        };
        let patient = reading.patient;
        if !self.may(sql, &patient, GrantScope::SeeEverything)? {
            return Ok(Writing::NotThere);
        }
        for performer in &reading.performers {
            let is_theirs = match performer.kind.as_str() {
                "Patient" => performer.id == patient,
                _ => before(sql, "RelatedPerson", &performer.id)?
                    .is_some_and(|r| r.json.is_some() && r.patient.as_deref() == Some(&patient)),
            };
            if !is_theirs {
                return Ok(Writing::NotTheirs("The performer must be the person."));
            }
        }
        let new = |json: &str| Writing::Write {
            patient: patient.clone(),
            json: json.to_owned(),
            new: true,
            effect: Effect::None,
        };
        let Some(before) = before(sql, "Observation", id)? else {
            return Ok(match expected {
                None => new(body),
                Some(_) => Writing::OtherVersion,
            });
        };
        if before.patient.as_deref() != Some(&patient) {
            return Ok(Writing::NotThere);
        }
        let Some(stored) = before.json else {
            return Ok(Writing::Deleted);
        };
        if !is_own_observation(&stored) {
            return Ok(Writing::NotTheirs(
                "This is not a reading of a person's own.",
            ));
        }
        if let Some(decided) = over(before.version, &stored, expected, body) {
            return Ok(decided);
        }
        Ok(Writing::Write {
            patient,
            json: body.to_owned(),
            new: false,
            effect: Effect::None,
        })
    }

    /// A person's own phone says who may help, and for how long; a helper's never does.
    fn write_grant(
        &self,
        sql: Sql<'_>,
        id: &str,
        expected: Option<&str>,
        body: &str,
    ) -> Result<Writing, StoreError> {
        let read = Grant::from_json(body).map_err(|_| "This is not a grant.");
        let wanted = match read.and_then(|it| of_id(it, |it| &it.id, id)) {
            Ok(wanted) => wanted,
            Err(why) => return Ok(Writing::NotTheirs(why)),
        };
        let patient = wanted.patient.clone();
        if !self.is_own(sql, &patient)? {
            return Ok(Writing::NotThere);
        }
        let now = self.clock.now();
        let (change, new) = match before(sql, "Consent", id)? {
            None if expected.is_some() => return Ok(Writing::OtherVersion),
            None => (own::made(sql, wanted, now)?, true),
            Some(before) => {
                if before.patient.as_deref() != Some(&patient) {
                    return Ok(Writing::NotThere);
                }
                let Some(stored) = before.json else {
                    return Ok(Writing::Deleted);
                };
                if let Some(decided) = over(before.version, &stored, expected, body) {
                    return Ok(decided);
                }
                let Ok(stored) = Grant::from_json(&stored) else {
                    return Ok(Writing::NotTheirs(
                        "This Consent is the clinic's to change.",
                    ));
                };
                (own::changed(sql, &stored, &wanted, now)?, false)
            }
        };
        Ok(match change {
            Err(why) => Writing::NotTheirs(why),
            Ok(change) => Writing::Write {
                patient,
                json: body.to_owned(),
                new,
                effect: Effect::Grant(change),
            },
        })
    }

    /// A person's own phone asks; what was asked stays so.
    fn write_request(
        &self,
        sql: Sql<'_>,
        id: &str,
        expected: Option<&str>,
        body: &str,
    ) -> Result<Writing, StoreError> {
        let read = RightsTask::from_json(body).map_err(|_| "This is not a request.");
        let wanted = match read.and_then(|it| of_id(it, |it| &it.id, id)) {
            Ok(wanted) => wanted,
            Err(why) => return Ok(Writing::NotTheirs(why)),
        };
        let patient = wanted.patient.clone();
        let before = before(sql, "Task", id)?;
        let is_own = self.is_own(sql, &patient)?;
        if !is_own && !rights::is_of_session(sql, id, self.session)? {
            return Ok(Writing::NotThere);
        }
        if let Some(before) = before {
            if before.patient.as_deref() != Some(&patient) {
                return Ok(Writing::NotThere);
            }
            let Some(stored) = before.json else {
                return Ok(Writing::Deleted);
            };
            // Asked again after a lost answer, maybe one that ended the access.
            let is_same = RightsTask::from_json(&stored).is_ok_and(|stored| {
                let receipt = wanted.receipt.clone();
                RightsTask { receipt, ..stored } == wanted
            });
            return Ok(match is_same {
                true => Writing::Same {
                    version: before.version,
                    json: stored,
                },
                false => Writing::NotTheirs("What was asked stays so: ask anew."),
            });
        }
        if !is_own {
            return Ok(Writing::NotThere);
        }
        if expected.is_some() {
            return Ok(Writing::OtherVersion);
        }
        Ok(match rights::unsound(sql, &wanted, self.clock.now())? {
            Some(why) => Writing::NotTheirs(why),
            None => Writing::Write {
                patient,
                json: body.to_owned(),
                new: true,
                effect: Effect::Rights(Box::new(wanted)),
            },
        })
    }

    fn write_patient(
        &self,
        sql: Sql<'_>,
        id: &str,
        expected: Option<&str>,
        body: &str,
    ) -> Result<Writing, StoreError> {
        let Some(stored) = self.read_to(sql, "Patient", id, GrantScope::SeeEverything)? else {
            return Ok(Writing::NotThere);
        };
        if let Some(decided) = over(stored.version, &stored.json, expected, body) {
            return Ok(decided);
        }
        // Kept as the clinic has it but for the person's words: no byte of a fact is taken from the request.
        let Some(json) = keeps_the_clinics_facts(&stored.json, body) else {
            return Ok(Writing::NotTheirs(
                "Only telephone numbers, addresses, contacts and languages are the person's to change.",
            ));
        };
        Ok(Writing::Write {
            patient: id.to_owned(),
            json,
            new: false,
            effect: Effect::None,
        })
    }
}

/// What a body says, where its id is the path's and such as a phone makes.
fn of_id<T>(body: T, id_of: impl Fn(&T) -> &str, id: &str) -> Result<T, &'static str> {
    if !is_intent(id) {
        Err("The id must be a UUIDv7.")
    } else if id_of(&body) != id {
        Err("The ids in path and body differ.")
    } else {
        Ok(body)
    }
}

/// The phone makes the id, so that asking twice makes one resource.
fn is_intent(id: &str) -> bool {
    uuid::Uuid::try_parse(id)
        .is_ok_and(|uuid| uuid.get_version_num() == 7 && uuid.hyphenated().to_string() == id)
}

/// What is decided by the version that is there alone.
fn over(version: i64, stored: &str, expected: Option<&str>, body: &str) -> Option<Writing> {
    // Asked again after a lost answer, or wanted by two phones: there is nothing to do.
    if says_the_same(stored, body).unwrap_or(false) {
        return Some(Writing::Same {
            version,
            json: stored.to_owned(),
        });
    }
    match expected {
        None => Some(Writing::VersionNeeded),
        Some(expected) if expected != version.to_string() => Some(Writing::OtherVersion),
        Some(_) => None,
    }
}

fn before(sql: Sql<'_>, kind: &str, id: &str) -> Result<Option<Before>, StoreError> {
    sql.first(
        "SELECT version, patient, json FROM resource WHERE type = ?1 AND id = ?2",
        params![kind, id],
        |row| {
            Ok(Before {
                version: row.get(0)?,
                patient: row.get(1)?,
                json: row.get(2)?,
            })
        },
    )
}
