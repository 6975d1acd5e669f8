//! Appointments: the one resource of booking that crosses the wire.

use sokhoe_domain::{Occurrence, QueueCall, Timestamp, VisitFacts, VisitMode, Vnd};

use crate::FhirError;
use crate::common::{Coded, Ref};
use crate::insurance::INSURED_TARIFF;
use crate::json::{Node, Object};
use crate::{occurrence, queue, read, visit};

/// Extension on an Appointment: what the visit is expected to cost (`valueMoney`, VND).
pub const ESTIMATED_PRICE: &str = "https://sokhoe.vn/fhir/StructureDefinition/estimated-price";
/// Extension on an Appointment: until when the clinic keeps the time (`valueInstant`).
pub const HELD_UNTIL: &str = "https://sokhoe.vn/fhir/StructureDefinition/held-until";
/// Extension on an Appointment: until when the person may move it or call it off by themselves (`valueInstant`); afterwards
/// only the clinic can.
pub const CHANGEABLE_UNTIL: &str = "https://sokhoe.vn/fhir/StructureDefinition/changeable-until";

/// Extension on an Appointment: who of the clinic wrote it down for the person (`valueCode`, [`BookedBy`]).
pub const BOOKED_BY: &str = "https://sokhoe.vn/fhir/StructureDefinition/booked-by";

/// Extension on an Appointment: who booked or changed it last for the person, by a grant (`valueString`, their name).
pub const HELPED_BY: &str = "https://sokhoe.vn/fhir/StructureDefinition/helped-by";

/// Codes of ours why an Appointment was called off.
pub const CANCELATION_REASON: &str = "https://sokhoe.vn/fhir/CodeSystem/cancelation-reason";
/// The code of a place on a waiting list that ended because its time is over.
pub const PERIOD_OVER: &str = "period-over";

/// What screens and rules need of a FHIR Appointment.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Appointment {
    /// The logical id; a proposed one has an opaque id for `$hold` and `$book`.
    pub id: Option<String>,
    /// `meta.versionId`.
    pub version: Option<String>,
    /// Where it stands.
    pub status: AppointmentStatus,
    /// When it begins.
    pub start: Option<Timestamp>,
    /// When it ends.
    pub end: Option<Timestamp>,
    /// `minutesDuration`.
    pub minutes: Option<u32>,
    /// The id of the first Slot that it takes, of those at the same server; ours has none.
    pub slot: Option<String>,
    /// The HealthcareService.
    pub service: Option<Ref>,
    /// The specialty.
    pub specialty: Option<Coded>,
    /// Who is seen.
    pub practitioner: Option<Ref>,
    /// Where.
    pub location: Option<Ref>,
    /// For whom.
    pub patient: Option<Ref>,
    /// Until when the clinic keeps a held time ([`HELD_UNTIL`]).
    pub held_until: Option<Timestamp>,
    /// Until when the person may change it by themselves ([`CHANGEABLE_UNTIL`]); unset where they may until it begins, or that
    /// is not told.
    pub changeable_until: Option<Timestamp>,
    /// The patient's own words (`comment`).
    pub comment: Option<String>,
    /// What it is expected to cost ([`ESTIMATED_PRICE`]).
    pub price: Option<Vnd>,
    /// What the insurance counts with ([`INSURED_TARIFF`]); unset when that is not told, or nothing is covered.
    pub insured_tariff: Option<Vnd>,
    /// What somebody there speaks, as codes of BCP 47; none when that is not told.
    pub languages: Vec<String>,
    /// Whether one gets there without a step; unset when that is not told.
    pub step_free: Option<bool>,
    /// Where doctor and patient meet; unset when that is not told.
    pub mode: Option<VisitMode>,
    /// Within which somebody on a waiting list wants it to begin (the first `requestedPeriod`).
    pub requested: Option<(Timestamp, Timestamp)>,
    /// Since when it is there (`created`), e.g. on a waiting list.
    pub created: Option<Timestamp>,
    /// Why it was called off (`cancelationReason`).
    pub cancelation_reason: Option<Coded>,
    /// Which visit of a series it is.
    pub occurrence: Option<Occurrence>,
    /// Who of the clinic wrote it down ([`BOOKED_BY`]); unset when the person did, by an app.
    pub booked_by: Option<BookedBy>,
    /// Who booked or changed it last for the person, by a grant ([`HELPED_BY`]); unset when the person did.
    pub helped_by: Option<String>,
    /// What kind of Appointment it is (`appointmentType`), e.g. [`queue::walk_in`].
    pub kind: Option<Coded>,
    /// The person's number of the day ([`queue::QUEUE_NUMBER`]).
    pub queue_number: Option<u32>,
    /// That the person is called ([`queue::CALLED`]).
    pub called: Option<QueueCall>,
}

/// Who of a clinic wrote an Appointment down for the person.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum BookedBy {
    /// The hotline, for a caller.
    Hotline,
    /// The counter, for somebody who stood there.
    Counter,
}

impl BookedBy {
    /// Its code on the wire.
    #[must_use]
    pub const fn code(self) -> &'static str {
        match self {
            Self::Hotline => "hotline",
            Self::Counter => "counter",
        }
    }

    fn from_code(code: &str) -> Option<Self> {
        let known = [Self::Hotline, Self::Counter];
        known.into_iter().find(|known| known.code() == code)
    }
}

/// `Appointment.status`.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Default)]
pub enum AppointmentStatus {
    /// Offered, not kept for anybody.
    #[default]
    Proposed,
    /// Held, or waiting for somebody's word.
    Pending,
    /// Confirmed by the clinic.
    Booked,
    /// The patient is there.
    Arrived,
    /// Over.
    Fulfilled,
    /// Called off.
    Cancelled,
    /// The patient did not come.
    Noshow,
    /// Never meant.
    EnteredInError,
    /// Checked in, e.g. at the kiosk.
    CheckedIn,
    /// On the waiting list.
    Waitlist,
}

impl AppointmentStatus {
    /// The FHIR code.
    #[must_use]
    pub const fn code(self) -> &'static str {
        match self {
            Self::Proposed => "proposed",
            Self::Pending => "pending",
            Self::Booked => "booked",
            Self::Arrived => "arrived",
            Self::Fulfilled => "fulfilled",
            Self::Cancelled => "cancelled",
            Self::Noshow => "noshow",
            Self::EnteredInError => "entered-in-error",
            Self::CheckedIn => "checked-in",
            Self::Waitlist => "waitlist",
        }
    }

    /// The status of a FHIR code.
    #[must_use]
    pub fn from_code(code: &str) -> Option<Self> {
        Some(match code {
            "proposed" => Self::Proposed,
            "pending" => Self::Pending,
            "booked" => Self::Booked,
            "arrived" => Self::Arrived,
            "fulfilled" => Self::Fulfilled,
            "cancelled" => Self::Cancelled,
            "noshow" => Self::Noshow,
            "entered-in-error" => Self::EnteredInError,
            "checked-in" => Self::CheckedIn,
            "waitlist" => Self::Waitlist,
            _ => return None,
        })
    }
}

impl Appointment {
    /// Reads an Appointment resource.
    ///
    /// # Errors
    /// When it is not one, or its status is none of FHIR's.
    pub fn from_json(json: &str) -> Result<Self, FhirError> {
        let document = read::resource(json, "Appointment")?;
        Self::from_node(document.root())
    }

    pub(crate) fn from_node(root: Node<'_>) -> Result<Self, FhirError> {
        let status = root
            .str("status")
            .and_then(|code| AppointmentStatus::from_code(&code))
            .ok_or(FhirError::Unexpected {
                expected: "an appointment's status",
            })?;
        let id = if root.get("id").exists() {
            Some(read::id(root)?)
        } else {
            None
        };
        let actor = |kind| {
            root.get("participant")
                .items()
                .find_map(|participant| read::reference(participant.get("actor"), kind))
        };
        let (languages, step_free, mode) = visit::of_appointment(root);
        Ok(Self {
            id,
            version: root.get("meta").str("versionId").map(Into::into),
            status,
            start: read::timestamp(root.get("start")),
            end: read::timestamp(root.get("end")),
            minutes: root
                .get("minutesDuration")
                .u64()
                .and_then(|minutes| minutes.try_into().ok()),
            slot: root
                .get("slot")
                .items()
                .find_map(|slot| read::reference(slot, "Slot"))
                .map(|slot| slot.id),
            service: actor("HealthcareService").map(|service| Ref {
                name: if service.name.is_empty() {
                    read::coded(root.get("serviceType"))
                        .map(|coded| coded.name)
                        .unwrap_or_default()
                } else {
                    service.name
                },
                ..service
            }),
            specialty: read::coded(root.get("specialty")),
            practitioner: actor("Practitioner"),
            location: actor("Location"),
            patient: actor("Patient"),
            held_until: read::extension(root, HELD_UNTIL)
                .and_then(|e| read::timestamp(e.get("valueInstant"))),
            changeable_until: read::extension(root, CHANGEABLE_UNTIL)
                .and_then(|e| read::timestamp(e.get("valueInstant"))),
            comment: root.str("comment").map(Into::into),
            price: read::extension(root, ESTIMATED_PRICE)
                .and_then(|e| read::vnd(e.get("valueMoney"))),
            insured_tariff: read::extension(root, INSURED_TARIFF)
                .and_then(|e| read::vnd(e.get("valueMoney"))),
            languages,
            step_free,
            mode,
            requested: root.get("requestedPeriod").items().find_map(|period| {
                let (start, end) = (period.get("start"), period.get("end"));
                Some((read::timestamp(start)?, read::timestamp(end)?))
            }),
            created: read::timestamp(root.get("created")),
            cancelation_reason: read::coded(root.get("cancelationReason")),
            occurrence: occurrence::of_appointment(root),
            helped_by: read::extension(root, HELPED_BY)
                .and_then(|extension| extension.str("valueString").map(Into::into)),
            booked_by: read::extension(root, BOOKED_BY)
                .and_then(|e| BookedBy::from_code(&e.str("valueCode")?)),
            kind: read::coded(root.get("appointmentType")),
            queue_number: queue::number_of(root),
            called: queue::call_of(root),
        })
    }

    /// What it tells of the visit.
    #[must_use]
    pub fn facts(&self) -> VisitFacts<'_> {
        let practitioner = self.practitioner.as_ref().map(|it| it.id.as_str());
        let specialty = self
            .specialty
            .as_ref()
            .map(|specialty| match specialty.code.is_empty() {
                true => specialty.name.as_str(),
                false => specialty.code.as_str(),
            });
        VisitFacts {
            practitioner: practitioner.filter(|id| !id.is_empty()),
            specialty,
            price: self.price,
            languages: self.languages.iter().map(String::as_str).collect(),
            step_free: self.step_free,
            mode: self.mode,
        }
    }

    /// Writes it as a FHIR R4 Appointment.
    #[must_use]
    pub fn to_json(&self) -> String {
        self.to_object().finish()
    }

    pub(crate) fn to_object(&self) -> Object {
        let instant = |url, at: Timestamp| {
            read::write_extension(url, "valueInstant", &read::quoted(&at.to_fhir()))
        };
        let extensions = [
            self.held_until.map(|until| instant(HELD_UNTIL, until)),
            self.changeable_until
                .map(|until| instant(CHANGEABLE_UNTIL, until)),
            self.price.map(|price| {
                let money = read::write_vnd(price).finish();
                read::write_extension(ESTIMATED_PRICE, "valueMoney", &money)
            }),
            self.insured_tariff.map(|tariff| {
                let money = read::write_vnd(tariff).finish();
                read::write_extension(INSURED_TARIFF, "valueMoney", &money)
            }),
            self.helped_by
                .as_deref()
                .map(|name| read::write_extension(HELPED_BY, "valueString", &read::quoted(name))),
            self.booked_by
                .map(|by| read::write_extension(BOOKED_BY, "valueCode", &read::quoted(by.code()))),
        ];
        let told = visit::write_for_appointment(&self.languages, self.step_free, self.mode);
        let series = occurrence::write_for_appointment(self.occurrence);
        let of_queue = queue::write_for_appointment(self.queue_number, self.called.as_ref());
        // The patient's own yes is there from the beginning; the clinic's comes with its word.
        let clinic = match self.status {
            AppointmentStatus::Proposed
            | AppointmentStatus::Pending
            | AppointmentStatus::Waitlist => "needs-action",
            AppointmentStatus::Booked
            | AppointmentStatus::Arrived
            | AppointmentStatus::Fulfilled
            | AppointmentStatus::Noshow
            | AppointmentStatus::CheckedIn => "accepted",
            AppointmentStatus::Cancelled | AppointmentStatus::EnteredInError => "declined",
        };
        let participants = [
            ("Patient", &self.patient, "accepted"),
            ("Practitioner", &self.practitioner, clinic),
            ("Location", &self.location, clinic),
            ("HealthcareService", &self.service, clinic),
        ]
        .into_iter()
        .filter_map(|(kind, actor, status)| {
            let actor = read::write_reference(kind, actor.as_ref()?);
            Some(Object::new().object("actor", actor).text("status", status))
        });
        let service = self
            .service
            .as_ref()
            .map(|service| Object::new().text("text", &service.name));
        let meta = Object::new().maybe("versionId", self.version.as_deref());
        let start = self.start.map(Timestamp::to_fhir);
        let end = self.end.map(Timestamp::to_fhir);
        let minutes = self.minutes.filter(|m| *m > 0).map(|m| m.to_string());
        let created = self.created.map(Timestamp::to_fhir);
        let period = self.requested.map(|(start, end)| {
            Object::new()
                .text("start", &start.to_fhir())
                .text("end", &end.to_fhir())
        });
        let reason = self.cancelation_reason.as_ref().map(read::write_coded);
        let kind = self.kind.as_ref().map(read::write_coded);
        let slot = self.slot.as_ref();
        let slot = slot.map(|id| read::write_reference("Slot", &Ref::new(id.as_str(), "")));
        Object::resource("Appointment")
            .maybe("id", self.id.as_deref())
            .object("meta", meta)
            .list(
                "extension",
                extensions
                    .into_iter()
                    .flatten()
                    .chain(told)
                    .chain(series)
                    .chain(of_queue),
            )
            .text("status", self.status.code())
            .object("cancelationReason", reason.unwrap_or_default())
            .list("serviceType", service)
            .list("specialty", self.specialty.as_ref().map(read::write_coded))
            .object("appointmentType", kind.unwrap_or_default())
            .maybe("start", start.as_deref())
            .maybe("end", end.as_deref())
            .raw("minutesDuration", minutes.as_deref().unwrap_or(""))
            .list("slot", slot)
            .maybe("created", created.as_deref())
            .maybe("comment", self.comment.as_deref())
            .list("participant", participants)
            .list("requestedPeriod", period)
    }
}

/// The same Appointment byte for byte with another status, for a change or a cancellation.
///
/// # Errors
/// When `json` is not an Appointment with a status.
pub fn with_status(json: &str, status: AppointmentStatus) -> Result<String, FhirError> {
    let expected = "an appointment's status";
    read::with_text(json, "Appointment", "status", expected, status.code())
}

#[cfg(test)]
pub(crate) mod tests {
    use proptest::option;
    use proptest::prelude::*;

    use super::*;
    use crate::occurrence::tests::arb_occurrence;

    pub(crate) fn arb_ref() -> impl Strategy<Value = Ref> {
        ("[A-Za-z0-9.-]{1,64}", "\\PC{0,10}").prop_map(|(id, name)| {
            // White space alone is no name.
            Ref::new(id, if name.trim().is_empty() { "" } else { &name })
        })
    }

    pub(crate) fn arb_text() -> impl Strategy<Value = String> {
        any::<String>().prop_filter("not blank", |text| !text.trim_ascii().is_empty())
    }

    pub(crate) fn arb_time() -> impl Strategy<Value = Timestamp> {
        (0..4_000_000_000_000_i64).prop_map(Timestamp::from_millis)
    }

    fn arb_coded() -> impl Strategy<Value = Coded> {
        ("[a-z:/.]{0,20}", "[A-Z0-9]{1,8}", arb_text()).prop_map(|(system, code, name)| Coded {
            system,
            code,
            name,
        })
    }

    fn arb_status() -> impl Strategy<Value = AppointmentStatus> {
        prop::sample::select(vec![
            AppointmentStatus::Proposed,
            AppointmentStatus::Pending,
            AppointmentStatus::Booked,
            AppointmentStatus::Arrived,
            AppointmentStatus::Fulfilled,
            AppointmentStatus::Cancelled,
            AppointmentStatus::Noshow,
            AppointmentStatus::EnteredInError,
            AppointmentStatus::CheckedIn,
            AppointmentStatus::Waitlist,
        ])
    }

    prop_compose! {
        pub(crate) fn arb_appointment()(
            id in option::of("[A-Za-z0-9.-]{1,64}"),
            version in option::of("[a-z0-9]{1,4}"),
            status in arb_status(),
            (start, end) in (option::of(arb_time()), option::of(arb_time())),
            (held_until, changeable_until) in (option::of(arb_time()), option::of(arb_time())),
            (minutes, slot) in (option::of(1..500_u32), option::of("[A-Za-z0-9.-]{1,64}")),
            (service, practitioner) in (option::of(arb_ref()), option::of(arb_ref())),
            (location, patient) in (option::of(arb_ref()), option::of(arb_ref())),
            specialty in option::of(arb_coded()),
            comment in option::of(arb_text()),
            (price, tariff) in any::<(Option<i64>, Option<i64>)>(),
            languages in proptest::collection::hash_set("[a-z]{2,3}(-[A-Z]{2})?", 0..3),
            (step_free, remote) in any::<(Option<bool>, Option<bool>)>(),
            (requested, created) in (option::of((arb_time(), arb_time())), option::of(arb_time())),
            (cancelation_reason, kind) in (option::of(arb_coded()), option::of(arb_coded())),
            (queue_number, called) in (option::of(1..u32::MAX), option::of(queue::tests::arb_call())),
            occurrence in option::of(arb_occurrence()),
            booked_by in option::of(prop::sample::select(vec![BookedBy::Hotline, BookedBy::Counter])),
            helped_by in option::of("[A-Za-zÀ-ỹ]{1,12}"),
        ) -> Appointment {
            let mode = remote.map(|remote| if remote { VisitMode::Remote } else { VisitMode::InPerson });
            Appointment {
                id, version, status, start, end, minutes, slot, service, specialty, practitioner,
                location, patient, held_until, changeable_until, comment, price: price.map(Vnd::new),
                insured_tariff: tariff.map(Vnd::new), languages: languages.into_iter().collect(), step_free, mode,
                requested, created, cancelation_reason, occurrence, booked_by, helped_by, kind, queue_number, called,
            }
        }
    }

    #[test]
    fn is_written_as_fhir_wants_it() {
        let appointment = Appointment {
            id: Some("0198".to_owned()),
            version: Some("2".to_owned()),
            status: AppointmentStatus::Booked,
            start: Timestamp::parse_fhir("2026-11-24T08:30:00+07:00"),
            end: Timestamp::parse_fhir("2026-11-24T08:45:00+07:00"),
            minutes: Some(15),
            slot: None,
            service: Some(Ref::new("kham-tim", "Khám tim mạch")),
            specialty: Some(Coded {
                system: "http://snomed.info/sct".to_owned(),
                code: "394579002".to_owned(),
                name: "Tim mạch".to_owned(),
            }),
            practitioner: Some(Ref::new("bs1", "BS. Trần Thị Mai")),
            location: Some(Ref::new("p12", "Phòng 12")),
            patient: Some(Ref::new("bn1", "Nguyễn Thị Hoa")),
            held_until: Timestamp::parse_fhir("2026-11-20T08:45:00+07:00"),
            changeable_until: Timestamp::parse_fhir("2026-11-23T08:30:00+07:00"),
            comment: Some("Mẹ tôi nghe kém".to_owned()),
            price: Some(Vnd::new(150_000)),
            insured_tariff: None,
            languages: vec!["vi".to_owned(), "hmn".to_owned()],
            step_free: Some(true),
            mode: Some(VisitMode::InPerson),
            requested: None,
            created: None,
            cancelation_reason: None,
            occurrence: Some(Occurrence {
                originating: "01930000-0000-7000-8000-000000000001".parse().unwrap(),
                number: 3,
            }),
            booked_by: Some(BookedBy::Hotline),
            helped_by: Some("Lò Văn Giúp".to_owned()),
            kind: Some(queue::walk_in()),
            queue_number: Some(12),
            called: Some(QueueCall {
                at: Timestamp::parse_fhir("2026-11-24T08:40:00+07:00").unwrap(),
                station: "Phòng 12".to_owned(),
                missed: None,
            }),
        };
        let json = appointment.to_json();
        insta::assert_snapshot!(json);
        assert_eq!(Appointment::from_json(&json).unwrap(), appointment);
    }

    #[test]
    fn a_place_on_a_waiting_list_needs_no_time() {
        let at = |text| Timestamp::parse_fhir(text).unwrap();
        let requested = (
            at("2026-11-24T00:00:00+07:00"),
            at("2026-12-04T00:00:00+07:00"),
        );
        let waits = Appointment {
            id: Some("0198".to_owned()),
            status: AppointmentStatus::Waitlist,
            service: Some(Ref::new("kham-tim", "Khám tim mạch")),
            patient: Some(Ref::new("bn1", "Nguyễn Thị Hoa")),
            requested: Some(requested),
            created: Some(at("2026-11-23T06:00:00+07:00")),
            ..Appointment::default()
        };
        let json = waits.to_json();
        assert!(json.contains(
            r#""requestedPeriod":[{"start":"2026-11-24T00:00:00+07:00","end":"2026-12-04T00:00:00+07:00"}]"#
        ));
        assert!(!json.contains("cancelationReason") && !json.contains("\"start\":\"2026-11-23"));
        assert_eq!(Appointment::from_json(&json).unwrap(), waits);
    }

    #[test]
    fn another_status_leaves_every_other_byte() {
        let json = "{ \"resourceType\":\"Appointment\", \"x\" : 4.50,\n\"status\" : \"booked\", \"participant\":[{\"status\":\"accepted\"}] }";
        assert_eq!(
            with_status(json, AppointmentStatus::Cancelled).unwrap(),
            json.replace("booked", "cancelled")
        );
        assert!(
            with_status(
                "{\"resourceType\":\"Appointment\"}",
                AppointmentStatus::Booked
            )
            .is_err()
        );
        assert!(with_status("{\"resourceType\":\"Slot\"}", AppointmentStatus::Booked).is_err());
    }

    #[test]
    fn an_unknown_status_or_another_type_is_refused() {
        for json in [
            "{\"resourceType\":\"Appointment\"}",
            "{\"resourceType\":\"Appointment\",\"status\":\"maybe\"}",
            "{\"resourceType\":\"Slot\",\"status\":\"booked\"}",
            "{\"resourceType\":\"Appointment\",\"status\":\"booked\",\"id\":\"a b\"}",
            "7",
        ] {
            assert!(Appointment::from_json(json).is_err(), "{json}");
        }
    }

    proptest! {
        #[test]
        fn comes_back_as_written(appointment in arb_appointment()) {
            let json = appointment.to_json();
            prop_assert!(serde_json::from_str::<serde_json::Value>(&json).is_ok());
            let mut back = Appointment::from_json(&json).unwrap();
            // A code without a name is shown by its service's words.
            if appointment.service.as_ref().is_some_and(|s| s.name.is_empty())
                && let Some(service) = &mut back.service
            {
                service.name.clear();
            }
            prop_assert_eq!(back, appointment);
        }
    }
}
