//! The parameters of IHE ITI Scheduling: `$find` (ITI-115), `$hold` (ITI-116), `$book` (ITI-117); and of our `$wait`,
//! which are those of `$find`.

use sokhoe_domain::{Criteria, Occurrence, Otherwise, Timestamp};

use crate::common::Ref;
use crate::json::{Document, Node, Object};
use crate::{Appointment, FhirError, criteria, occurrence, otherwise, read};

/// The name of the parameter that says where an Appointment is to be from now on.
const MOVE_TO: &str = "move-to";

/// `Appointment/$find`; and `Appointment/$wait` (ours), which puts a person on the waiting list for what would be found.
/// That needs `service` and `patient`.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct FindRequest {
    /// Earliest begin.
    pub start: Timestamp,
    /// Latest begin.
    pub end: Timestamp,
    /// Id of a HealthcareService (`visit-type`).
    pub service: Option<String>,
    /// What it must have: `practitioner`, `specialty`, and the others as `criteria` (ours).
    pub criteria: Criteria,
    /// Id of a Location (`location-reference`).
    pub location: Option<String>,
    /// Id of the Patient (`patient-reference`).
    pub patient: Option<String>,
}

/// `Appointment/$hold`.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct HoldRequest {
    /// Id of a proposed Appointment (`appointment-reference`).
    pub appointment: String,
    /// Id of the Patient (`patient-reference`).
    pub patient: String,
}

/// `Appointment/$book`: exactly one of `appointment` and `resource` is set.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct BookRequest {
    /// Id of a proposed or held Appointment (`appointment-reference`).
    pub appointment: Option<String>,
    /// A changed or cancelled Appointment (`appointment-resource`).
    pub resource: Option<Appointment>,
    /// Id of the Patient (`patient-reference`).
    pub patient: String,
    /// The patient's own words.
    pub comment: Option<String>,
    /// What else would do, should the time of `appointment` be taken (`otherwise`, ours; not with `resource`).
    pub otherwise: Option<Otherwise>,
    /// Id of the proposed Appointment at which `resource` is to be from now on, which may be with another doctor
    /// (`move-to`, ours; only with `resource`).
    pub move_to: Option<String>,
    /// Which visit of a series it is (`occurrence`, ours; not with `resource`).
    pub occurrence: Option<Occurrence>,
}

impl FindRequest {
    /// As a Parameters resource.
    #[must_use]
    pub fn to_parameters(&self) -> String {
        parameters([
            Some(date_time("start", self.start)),
            Some(date_time("end", self.end)),
            self.criteria
                .specialty
                .as_ref()
                .map(|code| concept("specialty", code)),
            self.service.as_ref().map(|id| concept("visit-type", id)),
            self.criteria
                .practitioner
                .as_ref()
                .map(|id| reference("practitioner", "Practitioner", id)),
            self.location
                .as_ref()
                .map(|id| reference("location-reference", "Location", id)),
            self.patient
                .as_ref()
                .map(|id| reference("patient-reference", "Patient", id)),
            criteria::write(&self.criteria),
        ])
    }

    /// Reads a Parameters resource. Parameters of other names are passed over; of several of one
    /// name the first counts.
    ///
    /// # Errors
    /// When it is not one, or `start` or `end` is missing, or what is given is unreadable.
    pub fn from_parameters(json: &str) -> Result<Self, FhirError> {
        let given = Given::parse(json)?;
        let criteria = given
            .only(criteria::NAME)?
            .map(criteria::read)
            .transpose()?
            .unwrap_or_default();
        Ok(Self {
            start: given
                .date_time("start")
                .ok_or(FhirError::Unexpected { expected: "start" })?,
            end: given
                .date_time("end")
                .ok_or(FhirError::Unexpected { expected: "end" })?,
            service: given.code("visit-type")?,
            criteria: Criteria {
                practitioner: given.id("practitioner", "Practitioner")?,
                specialty: given.code("specialty")?,
                ..criteria
            },
            location: given.id("location-reference", "Location")?,
            patient: given.id("patient-reference", "Patient")?,
        })
    }
}

impl HoldRequest {
    /// As a Parameters resource.
    #[must_use]
    pub fn to_parameters(&self) -> String {
        parameters([
            Some(reference(
                "appointment-reference",
                "Appointment",
                &self.appointment,
            )),
            Some(reference("patient-reference", "Patient", &self.patient)),
        ])
    }

    /// Reads a Parameters resource.
    ///
    /// # Errors
    /// When it is not one, or a parameter is missing or unreadable.
    pub fn from_parameters(json: &str) -> Result<Self, FhirError> {
        let given = Given::parse(json)?;
        Ok(Self {
            appointment: given.id("appointment-reference", "Appointment")?.ok_or(
                FhirError::Unexpected {
                    expected: "appointment-reference",
                },
            )?,
            patient: given.patient()?,
        })
    }
}

impl BookRequest {
    /// As a Parameters resource.
    #[must_use]
    pub fn to_parameters(&self) -> String {
        parameters([
            self.appointment
                .as_ref()
                .map(|id| reference("appointment-reference", "Appointment", id)),
            self.resource.as_ref().map(|appointment| {
                Object::new()
                    .text("name", "appointment-resource")
                    .object("resource", appointment.to_object())
            }),
            Some(reference("patient-reference", "Patient", &self.patient)),
            self.comment.as_ref().map(|comment| {
                Object::new()
                    .text("name", "comment")
                    .text("valueString", comment)
            }),
            self.otherwise.as_ref().map(otherwise::write),
            self.move_to
                .as_ref()
                .map(|id| reference(MOVE_TO, "Appointment", id)),
            self.occurrence.map(occurrence::write),
        ])
    }

    /// Reads a Parameters resource.
    ///
    /// # Errors
    /// When it is not one, or a parameter is missing or unreadable, or not exactly one of
    /// `appointment-reference` and `appointment-resource` is given, or with the latter `otherwise` or
    /// `occurrence`.
    pub fn from_parameters(json: &str) -> Result<Self, FhirError> {
        let given = Given::parse(json)?;
        let appointment = given.id("appointment-reference", "Appointment")?;
        let resource = given
            .find("appointment-resource")
            .map(|parameter| {
                let resource = parameter.get("resource");
                if resource.get("resourceType").is_text("Appointment") {
                    Appointment::from_node(resource)
                } else {
                    Err(FhirError::Unexpected {
                        expected: "appointment-resource",
                    })
                }
            })
            .transpose()?;
        if appointment.is_some() == resource.is_some() {
            return Err(FhirError::Unexpected {
                expected: "one of appointment-reference and appointment-resource",
            });
        }
        let otherwise = given
            .only(otherwise::NAME)?
            .map(otherwise::read)
            .transpose()?;
        if resource.is_some() && otherwise.is_some() {
            return Err(FhirError::Unexpected {
                expected: otherwise::NAME,
            });
        }
        let occurrence = given
            .only(occurrence::NAME)?
            .map(occurrence::read)
            .transpose()?;
        if resource.is_some() && occurrence.is_some() {
            return Err(FhirError::Unexpected {
                expected: occurrence::NAME,
            });
        }
        let move_to = given
            .only(MOVE_TO)?
            .map(|_| given.id(MOVE_TO, "Appointment"))
            .transpose()?
            .flatten();
        if resource.is_none() && move_to.is_some() {
            return Err(FhirError::Unexpected { expected: MOVE_TO });
        }
        Ok(Self {
            appointment,
            resource,
            move_to,
            patient: given.patient()?,
            comment: given
                .find("comment")
                .and_then(|parameter| parameter.str("valueString"))
                .map(Into::into),
            otherwise,
            occurrence,
        })
    }
}

/// The parameters of a Parameters resource.
pub(crate) struct Given<'a>(Document<'a>);

impl<'a> Given<'a> {
    pub(crate) fn parse(json: &'a str) -> Result<Self, FhirError> {
        read::resource(json, "Parameters").map(Self)
    }

    /// All of them, in their order.
    pub(crate) fn all(&self) -> impl Iterator<Item = Node<'_>> {
        self.0.root().get("parameter").items()
    }

    fn find(&self, name: &str) -> Option<Node<'_>> {
        self.all()
            .find(|parameter| parameter.get("name").is_text(name))
    }

    /// A parameter that may be there once.
    fn only(&self, name: &'static str) -> Result<Option<Node<'_>>, FhirError> {
        let parameters = self.0.root().get("parameter").items();
        let mut named = parameters.filter(|parameter| parameter.get("name").is_text(name));
        match (named.next(), named.next()) {
            (_, Some(_)) => Err(FhirError::Unexpected { expected: name }),
            (found, None) => Ok(found),
        }
    }

    fn date_time(&self, name: &str) -> Option<Timestamp> {
        let parameter = self.find(name)?;
        ["valueDateTime", "valueInstant", "valueDate"]
            .into_iter()
            .find_map(|key| Timestamp::parse_fhir(&parameter.str(key)?))
    }

    /// The code of a CodeableConcept or what other clients send instead.
    fn code(&self, name: &'static str) -> Result<Option<String>, FhirError> {
        let Some(parameter) = self.find(name) else {
            return Ok(None);
        };
        let concept = parameter.get("valueCodeableConcept");
        concept
            .get("coding")
            .first()
            .str("code")
            .or_else(|| parameter.get("valueCoding").str("code"))
            .or_else(|| parameter.str("valueCode"))
            .or_else(|| parameter.str("valueString"))
            .or_else(|| concept.str("text"))
            .map(|code| Some(code.into()))
            .ok_or(FhirError::Unexpected { expected: name })
    }

    /// The id of a reference to a resource of this type.
    fn id(&self, name: &'static str, kind: &str) -> Result<Option<String>, FhirError> {
        let Some(parameter) = self.find(name) else {
            return Ok(None);
        };
        let key = read::key(parameter.get("valueReference")).or_else(|| {
            let text = parameter
                .str("valueUri")
                .or_else(|| parameter.str("valueString"))?;
            sokhoe_domain::ResourceKey::parse(&text)
        });
        key.filter(|key| key.kind == kind)
            .map(|key| Some(key.id))
            .ok_or(FhirError::Unexpected { expected: name })
    }

    fn patient(&self) -> Result<String, FhirError> {
        self.id("patient-reference", "Patient")?
            .ok_or(FhirError::Unexpected {
                expected: "patient-reference",
            })
    }
}

pub(crate) fn parameters(parameters: impl IntoIterator<Item = Option<Object>>) -> String {
    Object::resource("Parameters")
        .list("parameter", parameters.into_iter().flatten())
        .finish()
}

fn date_time(name: &str, at: Timestamp) -> Object {
    Object::new()
        .text("name", name)
        .text("valueDateTime", &at.to_fhir())
}

fn concept(name: &str, code: &str) -> Object {
    let coding = Object::new().text("code", code);
    Object::new().text("name", name).object(
        "valueCodeableConcept",
        Object::new().list("coding", [coding]),
    )
}

pub(crate) fn reference(name: &str, kind: &str, id: &str) -> Object {
    Object::new().text("name", name).object(
        "valueReference",
        read::write_reference(kind, &Ref::new(id, "")),
    )
}

#[cfg(test)]
mod tests {
    use chrono::Weekday;
    use proptest::option;
    use proptest::prelude::*;
    use sokhoe_domain::{TimesOfWeek, VisitMode, Vnd};

    use super::*;
    use crate::appointment::tests::{arb_appointment, arb_text, arb_time};
    use crate::criteria::tests::arb_criteria;
    use crate::occurrence::tests::arb_occurrence;
    use crate::otherwise::tests::arb_otherwise;

    const ID: &str = "[A-Za-z0-9.-]{1,64}";

    #[test]
    fn are_written_as_ihe_names_them() {
        let find = FindRequest {
            start: Timestamp::parse_fhir("2026-11-24T07:00:00+07:00").unwrap(),
            end: Timestamp::parse_fhir("2026-11-25T07:00:00+07:00").unwrap(),
            service: Some("kham-tim".to_owned()),
            criteria: Criteria {
                practitioner: Some("bs1".to_owned()),
                specialty: Some("394579002".to_owned()),
                times: TimesOfWeek::default()
                    .between(420, 660)
                    .unwrap()
                    .on_weekdays([Weekday::Sat]),
                max_price: Some(Vnd::new(200_000)),
                language: Some("hmn".to_owned()),
                step_free: true,
                mode: Some(VisitMode::InPerson),
                untold_too: true,
            },
            location: Some("p12".to_owned()),
            patient: Some("bn1".to_owned()),
        };
        let book = BookRequest {
            appointment: Some("proposed.1".to_owned()),
            resource: None,
            patient: "bn1".to_owned(),
            comment: Some("Xin khám \"sớm\"".to_owned()),
            otherwise: None,
            move_to: None,
            occurrence: None,
        };
        insta::assert_snapshot!([find.to_parameters(), book.to_parameters()].join("\n"));
    }

    #[test]
    fn what_is_missing_or_unreadable_is_refused() {
        let wrap =
            |inner: &str| format!(r#"{{"resourceType":"Parameters","parameter":[{inner}]}}"#);
        let patient = r#"{"name":"patient-reference","valueReference":{"reference":"Patient/1"}}"#;
        let bad_patient =
            r#"{"name":"patient-reference","valueReference":{"reference":"Device/1"}}"#;
        let proposed =
            r#"{"name":"appointment-reference","valueReference":{"reference":"Appointment/1"}}"#;
        let slot = r#"{"name":"appointment-resource","resource":{"resourceType":"Slot","status":"booked"}}"#;
        let resource = r#"{"name":"appointment-resource","resource":{"resourceType":"Appointment","status":"booked"}}"#;
        assert!(HoldRequest::from_parameters(&wrap(&format!("{patient},{proposed}"))).is_ok());
        assert!(BookRequest::from_parameters(&wrap(&format!("{patient},{resource}"))).is_ok());
        let wish = r#"{"name":"otherwise","part":[{"name":"first-day","valueDate":"2026-12-01"},{"name":"last-day","valueDate":"2026-12-01"}]}"#;
        let broken = wish.replace("last-day", "last");
        let wished = wrap(&format!("{patient},{proposed},{wish}"));
        assert!(
            BookRequest::from_parameters(&wished)
                .unwrap()
                .otherwise
                .is_some()
        );
        let occurrence = r#"{"name":"occurrence","part":[{"name":"originating","valueId":"01930000-0000-7000-8000-000000000001"},{"name":"number","valuePositiveInt":2}]}"#;
        let third = wrap(&format!("{patient},{proposed},{occurrence}"));
        let third = BookRequest::from_parameters(&third).unwrap();
        assert_eq!(third.occurrence.map(|it| it.number), Some(2));
        let move_to = proposed.replace("appointment-reference", MOVE_TO);
        let moving = wrap(&format!("{patient},{resource},{move_to}"));
        let moving = BookRequest::from_parameters(&moving).unwrap();
        assert_eq!(moving.move_to.as_deref(), Some("1"));
        for bad in [
            format!("{patient},{proposed},{broken}"),
            format!("{patient},{proposed},{wish},{wish}"),
            format!("{patient},{resource},{wish}"),
            String::new(),
            patient.to_owned(),
            proposed.to_owned(),
            format!("{bad_patient},{proposed}"),
            format!("{patient},{slot}"),
            format!("{patient},{proposed},{resource}"),
            format!("{patient},{proposed},{move_to}"),
            format!("{patient},{resource},{move_to},{move_to}"),
            format!("{patient},{resource},{occurrence}"),
            format!("{patient},{proposed},{occurrence},{occurrence}"),
        ] {
            assert!(BookRequest::from_parameters(&wrap(&bad)).is_err(), "{bad}");
            assert!(FindRequest::from_parameters(&wrap(&bad)).is_err(), "{bad}");
        }
        assert!(HoldRequest::from_parameters(r#"{"resourceType":"Bundle"}"#).is_err());
    }

    proptest! {
        #[test]
        fn find_comes_back(
            (start, end) in (arb_time(), arb_time()),
            (specialty, service) in (option::of("[a-z0-9]{1,9}"), option::of(ID)),
            (practitioner, location, patient) in (option::of(ID), option::of(ID), option::of(ID)),
            criteria in arb_criteria(),
        ) {
            let criteria = Criteria { specialty, practitioner, ..criteria };
            let request = FindRequest { start, end, service, criteria, location, patient };
            prop_assert_eq!(&FindRequest::from_parameters(&request.to_parameters()).unwrap(), &request);
        }

        #[test]
        fn hold_comes_back((appointment, patient) in (ID, ID)) {
            let request = HoldRequest { appointment, patient };
            prop_assert_eq!(&HoldRequest::from_parameters(&request.to_parameters()).unwrap(), &request);
        }

        #[test]
        fn book_comes_back(
            id in ID,
            resource in option::of(arb_appointment()),
            patient in ID,
            comment in option::of(arb_text()),
            otherwise in option::of(arb_otherwise()),
            move_to in option::of(ID),
            occurrence in option::of(arb_occurrence()),
        ) {
            let resource = resource.map(|mut a| { a.service = None; a });
            let appointment = resource.is_none().then_some(id);
            let otherwise = otherwise.filter(|_| appointment.is_some());
            let move_to = move_to.filter(|_| resource.is_some());
            let occurrence = occurrence.filter(|_| appointment.is_some());
            let request = BookRequest { appointment, resource, patient, comment, otherwise, move_to, occurrence };
            prop_assert_eq!(&BookRequest::from_parameters(&request.to_parameters()).unwrap(), &request);
        }

        #[test]
        fn no_text_panics(text: String) {
            let _ = FindRequest::from_parameters(&text);
            let _ = HoldRequest::from_parameters(&text);
            let _ = BookRequest::from_parameters(&text);
        }
    }
}
