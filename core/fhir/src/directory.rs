//! What a clinic offers: services, practitioners, their roles, places, schedules.

use sokhoe_domain::{Timestamp, VisitMode, Vnd};

use crate::appointment::ESTIMATED_PRICE;
use crate::common::{Coded, Ref};
use crate::insurance::INSURED_TARIFF;
use crate::json::{Node, Object};
use crate::patient::human_name;
use crate::{FhirError, read, visit};

/// Extension on a HealthcareService: coming bookings of it that one person may have (`valuePositiveInt`).
pub const BOOKINGS_AHEAD: &str = "https://sokhoe.vn/fhir/StructureDefinition/bookings-ahead";
/// Extension on a HealthcareService: how many minutes before it begins a visit can last be moved or called off by the person
/// (`valuePositiveInt`).
pub const CHANGE_NOTICE: &str = "https://sokhoe.vn/fhir/StructureDefinition/change-notice";

/// A HealthcareService: what one can book.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct ServiceView {
    /// The logical id.
    pub id: String,
    /// The name.
    pub name: String,
    /// The first specialty.
    pub specialty: Option<Coded>,
    /// The first location.
    pub location: Option<Ref>,
    /// The usual price (extension [`ESTIMATED_PRICE`]).
    pub price: Option<Vnd>,
    /// What the insurance counts with (extension [`INSURED_TARIFF`]); unset when that is not told, or it is not covered.
    pub insured_tariff: Option<Vnd>,
    /// What to know before coming (`comment`); may be empty.
    pub comment: String,
    /// What is spoken, as codes of BCP 47; none when that is not told.
    pub languages: Vec<String>,
    /// Whether one gets there without a step; unset when that is not told.
    pub step_free: Option<bool>,
    /// Where doctor and patient meet; unset when that is not told.
    pub mode: Option<VisitMode>,
    /// Coming bookings of it that one person may have, beside those of other services (extension [`BOOKINGS_AHEAD`]); unset where
    /// it is as with most.
    pub bookings_ahead: Option<u32>,
    /// Minutes before it begins in which the person can change nothing of a visit by themselves (extension [`CHANGE_NOTICE`]);
    /// unset where they can until it begins.
    pub change_notice: Option<u32>,
    /// Not switched off.
    pub active: bool,
}

/// A Practitioner.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct PractitionerView {
    /// The logical id.
    pub id: String,
    /// The name with its title, e.g. `BS.CKII Trần Thị Mai`.
    pub name: String,
    /// The first qualification; may be empty.
    pub qualification: String,
    /// What they speak, as codes of BCP 47; none when that is not told.
    pub languages: Vec<String>,
    /// Not switched off.
    pub active: bool,
}

/// A PractitionerRole: who works where, at what.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct PractitionerRoleView {
    /// The logical id.
    pub id: String,
    /// Who.
    pub practitioner: Option<Ref>,
    /// At which services.
    pub services: Vec<Ref>,
    /// Where.
    pub locations: Vec<Ref>,
    /// The first specialty.
    pub specialty: Option<Coded>,
    /// Not switched off.
    pub active: bool,
}

/// A Location: a room, a department, a house.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct LocationView {
    /// The logical id.
    pub id: String,
    /// The name.
    pub name: String,
    /// How to find it (`description`); may be empty.
    pub description: String,
    /// The address as text; may be empty.
    pub address: String,
    /// What it is a part of.
    pub part_of: Option<Ref>,
    /// Whether one gets there without a step; unset when that is not told.
    pub step_free: Option<bool>,
    /// Whether its `status` is not `inactive`.
    pub active: bool,
}

/// A Schedule: what its times are for.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct ScheduleView {
    /// The logical id.
    pub id: String,
    /// The first service type.
    pub service: Option<Coded>,
    /// The specialty.
    pub specialty: Option<Coded>,
    /// The practitioner among the actors.
    pub practitioner: Option<Ref>,
    /// The location among the actors.
    pub location: Option<Ref>,
    /// The HealthcareService among the actors.
    pub healthcare_service: Option<Ref>,
    /// From when.
    pub start: Option<Timestamp>,
    /// Until when.
    pub end: Option<Timestamp>,
    /// Not switched off.
    pub active: bool,
}

impl ServiceView {
    /// Reads a HealthcareService.
    ///
    /// # Errors
    /// When it is of another type or has no id.
    pub fn from_json(json: &str) -> Result<Self, FhirError> {
        let document = read::resource(json, "HealthcareService")?;
        let root = document.root();
        Ok(Self {
            id: read::id(root)?,
            name: read::string(root, "name"),
            specialty: read::coded(root.get("specialty")),
            location: read::reference(root.get("location").first(), "Location"),
            price: read::extension(root, ESTIMATED_PRICE)
                .and_then(|e| read::vnd(e.get("valueMoney"))),
            insured_tariff: read::extension(root, INSURED_TARIFF)
                .and_then(|e| read::vnd(e.get("valueMoney"))),
            comment: read::string(root, "comment"),
            languages: visit::languages(root),
            step_free: visit::step_free(root),
            mode: visit::mode(root, &["characteristic", "type"]),
            bookings_ahead: positive(root, BOOKINGS_AHEAD),
            change_notice: positive(root, CHANGE_NOTICE),
            active: active(root),
        })
    }

    /// Writes it as FHIR R4.
    #[must_use]
    pub fn to_json(&self) -> String {
        let money = |url, amount: Option<Vnd>| {
            let money = read::write_vnd(amount?).finish();
            Some(read::write_extension(url, "valueMoney", &money))
        };
        let money = [
            money(ESTIMATED_PRICE, self.price),
            money(INSURED_TARIFF, self.insured_tariff),
        ];
        let positive = |url, number: Option<u32>| {
            let number = number?.to_string();
            Some(read::write_extension(url, "valuePositiveInt", &number))
        };
        let rules = [
            positive(BOOKINGS_AHEAD, self.bookings_ahead),
            positive(CHANGE_NOTICE, self.change_notice),
        ];
        Object::resource("HealthcareService")
            .text("id", &self.id)
            .list(
                "extension",
                money
                    .into_iter()
                    .flatten()
                    .chain(visit::write_step_free(self.step_free))
                    .chain(rules.into_iter().flatten()),
            )
            .raw("active", flag(self.active))
            .list("specialty", self.specialty.as_ref().map(read::write_coded))
            .list("location", references("Location", self.location.as_slice()))
            .text("name", &self.name)
            .text("comment", &self.comment)
            .list("characteristic", visit::write_mode(self.mode))
            .list("communication", visit::write_languages(&self.languages))
            .finish()
    }
}

impl PractitionerView {
    /// Reads a Practitioner.
    ///
    /// # Errors
    /// When it is of another type or has no id.
    pub fn from_json(json: &str) -> Result<Self, FhirError> {
        let document = read::resource(json, "Practitioner")?;
        let root = document.root();
        let qualification = root.get("qualification").first().get("code");
        Ok(Self {
            id: read::id(root)?,
            name: human_name(root.get("name")),
            qualification: read::coded(qualification)
                .map(|coded| coded.name)
                .unwrap_or_default(),
            languages: visit::languages(root),
            active: active(root),
        })
    }

    /// Writes it as FHIR R4.
    #[must_use]
    pub fn to_json(&self) -> String {
        let code = Object::new().text("text", &self.qualification);
        Object::resource("Practitioner")
            .text("id", &self.id)
            .raw("active", flag(self.active))
            .list("name", [Object::new().text("text", &self.name)])
            .list("qualification", [Object::new().object("code", code)])
            .list("communication", visit::write_languages(&self.languages))
            .finish()
    }
}

impl PractitionerRoleView {
    /// Reads a PractitionerRole.
    ///
    /// # Errors
    /// When it is of another type or has no id.
    pub fn from_json(json: &str) -> Result<Self, FhirError> {
        let document = read::resource(json, "PractitionerRole")?;
        let root = document.root();
        let all = |field: &str, kind: &str| {
            root.get(field)
                .items()
                .filter_map(|item| read::reference(item, kind))
                .collect()
        };
        Ok(Self {
            id: read::id(root)?,
            practitioner: read::reference(root.get("practitioner"), "Practitioner"),
            services: all("healthcareService", "HealthcareService"),
            locations: all("location", "Location"),
            specialty: read::coded(root.get("specialty")),
            active: active(root),
        })
    }

    /// Writes it as FHIR R4.
    #[must_use]
    pub fn to_json(&self) -> String {
        Object::resource("PractitionerRole")
            .text("id", &self.id)
            .raw("active", flag(self.active))
            .object(
                "practitioner",
                reference("Practitioner", self.practitioner.as_ref()),
            )
            .list("specialty", self.specialty.as_ref().map(read::write_coded))
            .list("location", references("Location", &self.locations))
            .list(
                "healthcareService",
                references("HealthcareService", &self.services),
            )
            .finish()
    }
}

impl LocationView {
    /// Reads a Location.
    ///
    /// # Errors
    /// When it is of another type or has no id.
    pub fn from_json(json: &str) -> Result<Self, FhirError> {
        let document = read::resource(json, "Location")?;
        let root = document.root();
        Ok(Self {
            id: read::id(root)?,
            name: read::string(root, "name"),
            description: read::string(root, "description"),
            address: address(root.get("address")),
            part_of: read::reference(root.get("partOf"), "Location"),
            step_free: visit::step_free(root),
            active: !root.get("status").is_text("inactive"),
        })
    }

    /// Writes it as FHIR R4.
    #[must_use]
    pub fn to_json(&self) -> String {
        let status = if self.active { "active" } else { "inactive" };
        Object::resource("Location")
            .text("id", &self.id)
            .list("extension", visit::write_step_free_place(self.step_free))
            .text("status", status)
            .text("name", &self.name)
            .text("description", &self.description)
            .object("address", Object::new().text("text", &self.address))
            .object("partOf", reference("Location", self.part_of.as_ref()))
            .finish()
    }
}

impl ScheduleView {
    /// Reads a Schedule.
    ///
    /// # Errors
    /// When it is of another type or has no id.
    pub fn from_json(json: &str) -> Result<Self, FhirError> {
        let document = read::resource(json, "Schedule")?;
        let root = document.root();
        let actor = |kind| {
            root.get("actor")
                .items()
                .find_map(|actor| read::reference(actor, kind))
        };
        let horizon = root.get("planningHorizon");
        Ok(Self {
            id: read::id(root)?,
            service: read::coded(root.get("serviceType")),
            specialty: read::coded(root.get("specialty")),
            practitioner: actor("Practitioner"),
            location: actor("Location"),
            healthcare_service: actor("HealthcareService"),
            start: read::timestamp(horizon.get("start")),
            end: read::timestamp(horizon.get("end")),
            active: active(root),
        })
    }

    /// Writes it as FHIR R4.
    #[must_use]
    pub fn to_json(&self) -> String {
        let actors = [
            ("Practitioner", &self.practitioner),
            ("Location", &self.location),
            ("HealthcareService", &self.healthcare_service),
        ];
        let (start, end) = (
            self.start.map(Timestamp::to_fhir),
            self.end.map(Timestamp::to_fhir),
        );
        let horizon = Object::new()
            .maybe("start", start.as_deref())
            .maybe("end", end.as_deref());
        Object::resource("Schedule")
            .text("id", &self.id)
            .raw("active", flag(self.active))
            .list("serviceType", self.service.as_ref().map(read::write_coded))
            .list("specialty", self.specialty.as_ref().map(read::write_coded))
            .list(
                "actor",
                actors.map(|(kind, actor)| reference(kind, actor.as_ref())),
            )
            .object("planningHorizon", horizon)
            .finish()
    }
}

fn active(root: Node<'_>) -> bool {
    root.get("active").bool() != Some(false)
}

const fn flag(value: bool) -> &'static str {
    if value { "true" } else { "false" }
}

fn reference(kind: &str, to: Option<&Ref>) -> Object {
    to.map_or_else(Object::new, |to| read::write_reference(kind, to))
}

/// A whole number above zero.
fn positive(root: Node<'_>, url: &str) -> Option<u32> {
    let number = read::extension(root, url)?.get("valuePositiveInt").u64()?;
    u32::try_from(number).ok().filter(|number| *number > 0)
}

fn references<'r>(
    kind: &'static str,
    to: impl IntoIterator<Item = &'r Ref>,
) -> impl Iterator<Item = Object> {
    to.into_iter()
        .map(move |to| read::write_reference(kind, to))
}

/// The text of an Address, else its lines and units put together.
fn address(address: Node<'_>) -> String {
    if let Some(text) = address.str("text") {
        return text.into();
    }
    let mut whole = String::new();
    let parts = ["line", "district", "city", "state"]
        .into_iter()
        .flat_map(|part| address.get(part).items())
        .filter_map(Node::text);
    for part in parts {
        if !whole.is_empty() {
            whole.push_str(", ");
        }
        whole.push_str(part.trim());
    }
    whole
}

#[cfg(test)]
mod tests {
    use super::*;

    fn cardiology() -> Coded {
        Coded {
            system: "http://snomed.info/sct".to_owned(),
            code: "394579002".to_owned(),
            name: "Tim mạch".to_owned(),
        }
    }

    #[test]
    fn all_are_written_as_fhir_wants_them_and_come_back() {
        let service = ServiceView {
            id: "kham-tim".to_owned(),
            name: "Khám tim mạch".to_owned(),
            specialty: Some(cardiology()),
            location: Some(Ref::new("p12", "Phòng 12")),
            price: Some(Vnd::new(150_000)),
            insured_tariff: Some(Vnd::new(45_000)),
            comment: "Nhịn ăn sáng".to_owned(),
            languages: vec!["vi".to_owned()],
            step_free: Some(false),
            mode: Some(VisitMode::InPerson),
            bookings_ahead: Some(40),
            change_notice: Some(1440),
            active: true,
        };
        let practitioner = PractitionerView {
            id: "bs1".to_owned(),
            name: "BS.CKII Trần Thị Mai".to_owned(),
            qualification: "Bác sĩ chuyên khoa II".to_owned(),
            languages: vec!["vi".to_owned(), "hmn".to_owned()],
            active: false,
        };
        let role = PractitionerRoleView {
            id: "r1".to_owned(),
            practitioner: Some(Ref::new("bs1", "BS.CKII Trần Thị Mai")),
            services: vec![Ref::new("kham-tim", ""), Ref::new("sieu-am-tim", "")],
            locations: vec![Ref::new("p12", "Phòng 12")],
            specialty: Some(cardiology()),
            active: true,
        };
        let location = LocationView {
            id: "p12".to_owned(),
            name: "Phòng 12".to_owned(),
            description: "Nhà B, tầng 2".to_owned(),
            address: "7 Lê Lợi, Thái Nguyên".to_owned(),
            part_of: Some(Ref::new("nha-b", "Nhà B")),
            step_free: Some(true),
            active: true,
        };
        let schedule = ScheduleView {
            id: "s1".to_owned(),
            service: Some(Coded {
                name: "Khám tim mạch".to_owned(),
                ..Coded::default()
            }),
            specialty: Some(cardiology()),
            practitioner: Some(Ref::new("bs1", "BS.CKII Trần Thị Mai")),
            location: Some(Ref::new("p12", "Phòng 12")),
            healthcare_service: Some(Ref::new("kham-tim", "Khám tim mạch")),
            start: Timestamp::parse_fhir("2026-11-23T00:00:00+07:00"),
            end: Timestamp::parse_fhir("2026-11-30T00:00:00+07:00"),
            active: true,
        };
        let jsons = [
            service.to_json(),
            practitioner.to_json(),
            role.to_json(),
            location.to_json(),
            schedule.to_json(),
        ];
        insta::assert_snapshot!(jsons.join("\n"));
        assert_eq!(ServiceView::from_json(&jsons[0]), Ok(service));
        assert_eq!(PractitionerView::from_json(&jsons[1]), Ok(practitioner));
        assert_eq!(PractitionerRoleView::from_json(&jsons[2]), Ok(role));
        assert_eq!(LocationView::from_json(&jsons[3]), Ok(location));
        assert_eq!(ScheduleView::from_json(&jsons[4]), Ok(schedule));
        assert!(ServiceView::from_json(&jsons[1]).is_err());
    }

    #[test]
    fn nothing_but_an_id_is_enough() {
        let bare = |kind: &str| format!(r#"{{"resourceType":"{kind}","id":"1"}}"#);
        assert!(ServiceView::from_json(&bare("HealthcareService")).is_ok_and(|v| v.active));
        assert!(PractitionerView::from_json(&bare("Practitioner")).is_ok_and(|v| v.active));
        assert!(PractitionerRoleView::from_json(&bare("PractitionerRole")).is_ok_and(|v| v.active));
        assert!(LocationView::from_json(&bare("Location")).is_ok_and(|v| v.active));
        assert!(ScheduleView::from_json(&bare("Schedule")).is_ok_and(|v| v.active));
    }

    #[test]
    fn an_address_is_put_together() {
        let json = r#"{"resourceType":"Location","id":"1","address":
            {"line":["7 Lê Lợi"],"city":"Phường Phan Đình Phùng","state":"Thái Nguyên"}}"#;
        assert_eq!(
            LocationView::from_json(json).map(|l| l.address),
            Ok("7 Lê Lợi, Phường Phan Đình Phùng, Thái Nguyên".to_owned())
        );
    }
}
