//! What resources tell of health insurance (BHYT): how a clinic stands to it, and what is known of a person's card.

use chrono::{Months, NaiveDate};
use sokhoe_domain::insurance::{FacilityLevel, InsuranceTerms, is_facility};

use crate::identifiers::IdentifierKind;
use crate::json::{Node, Object};
use crate::{FhirError, read};

/// Extension on an Appointment or a HealthcareService: the price that the insurance counts with (`valueMoney`, VND).
pub const INSURED_TARIFF: &str = "https://sokhoe.vn/fhir/StructureDefinition/insured-tariff";
/// Extension on a clinic's Organization: how it stands to the insurance. Its parts are `level` (`valueCode`),
/// `outside-route-percent` and `small-cost-percent` (`valueUnsignedInt`), and `base-salary` (`valueMoney`, VND); the
/// facility's code is an identifier of [`FACILITY`].
pub const INSURANCE_TERMS: &str = "https://sokhoe.vn/fhir/StructureDefinition/insurance-terms";
/// Codes of facilities, as the insurance gives them (MA_CSKCB).
pub const FACILITY: &str = "https://sokhoe.vn/fhir/NamingSystem/insurance-facility";

/// Extensions on a Coverage: where the person is first registered (`valueString`, a facility's code), the benefit level
/// (`valuePositiveInt`, 1 to 5), from when five years in a row count and since when no share of one's own is paid in
/// that year (`valueDate`).
const REGISTERED: &str = "https://sokhoe.vn/fhir/StructureDefinition/registered-facility";
const LEVEL: &str = "https://sokhoe.vn/fhir/StructureDefinition/benefit-level";
const FIVE_YEARS: &str = "https://sokhoe.vn/fhir/StructureDefinition/five-years-from";
const EXEMPT: &str = "https://sokhoe.vn/fhir/StructureDefinition/copayment-exempt-from";

/// A clinic as an Organization, with how it stands to the insurance.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct InsuranceOrganization {
    /// The logical id.
    pub id: String,
    /// The name.
    pub name: String,
    /// How it stands; unset when it does not tell.
    pub terms: Option<InsuranceTerms>,
}

impl InsuranceOrganization {
    /// Reads an Organization. Terms that are not whole, or cannot be, are none.
    ///
    /// # Errors
    /// When it is of another type or has no id.
    pub fn from_json(json: &str) -> Result<Self, FhirError> {
        let document = read::resource(json, "Organization")?;
        let root = document.root();
        Ok(Self {
            id: read::id(root)?,
            name: read::string(root, "name"),
            terms: terms(root),
        })
    }

    /// Writes it as FHIR R4.
    #[must_use]
    pub fn to_json(&self) -> String {
        let identifier = self.terms.as_ref().map(|terms| {
            Object::new()
                .text("system", FACILITY)
                .text("value", &terms.facility)
        });
        Object::resource("Organization")
            .text("id", &self.id)
            .list("extension", self.terms.as_ref().map(write_terms))
            .list("identifier", identifier)
            .raw("active", "true")
            .text("name", &self.name)
            .finish()
    }
}

fn terms(root: Node<'_>) -> Option<InsuranceTerms> {
    let told = read::extension(root, INSURANCE_TERMS)?;
    let part = |url| read::extension(told, url);
    let percent = |url| {
        let value = part(url)?.get("valueUnsignedInt").u64()?;
        u8::try_from(value).ok()
    };
    let facility = root
        .get("identifier")
        .items()
        .find(|identifier| identifier.get("system").is_text(FACILITY))?;
    let terms = InsuranceTerms {
        facility: facility.str("value")?.into_owned(),
        level: FacilityLevel::from_code(&part("level")?.str("valueCode")?)?,
        outside_route_percent: percent("outside-route-percent")?,
        base_salary: read::vnd(part("base-salary")?.get("valueMoney"))?,
        small_cost_percent: percent("small-cost-percent")?,
    };
    terms.checked().ok()
}

fn write_terms(terms: &InsuranceTerms) -> Object {
    let percent =
        |url, percent: u8| read::write_extension(url, "valueUnsignedInt", &percent.to_string());
    let level = read::quoted(terms.level.code());
    let salary = read::write_vnd(terms.base_salary).finish();
    let parts = [
        read::write_extension("level", "valueCode", &level),
        percent("outside-route-percent", terms.outside_route_percent),
        read::write_extension("base-salary", "valueMoney", &salary),
        percent("small-cost-percent", terms.small_cost_percent),
    ];
    Object::new()
        .list("extension", parts)
        .text("url", INSURANCE_TERMS)
}

/// What is known of a person's insurance card.
#[derive(Clone, PartialEq, Eq, Default)]
pub struct CoverageView {
    /// The number, in any of its three forms.
    pub number: Option<String>,
    /// The benefit level, 1 to 5.
    pub level: Option<u8>,
    /// The first day.
    pub from: Option<NaiveDate>,
    /// The last day.
    pub to: Option<NaiveDate>,
    /// Where the person is first registered: a facility's code.
    pub facility: Option<String>,
    /// From when on five years in a row count.
    pub five_years_from: Option<NaiveDate>,
    /// Since when the person pays no share of their own in that year.
    pub exempt_from: Option<NaiveDate>,
}

impl std::fmt::Debug for CoverageView {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("CoverageView").finish_non_exhaustive()
    }
}

impl CoverageView {
    /// Reads a Coverage; nothing when it is no health insurance's, or not in force.
    #[must_use]
    pub fn from_coverage(json: &str) -> Option<Self> {
        let document = read::resource(json, "Coverage").ok()?;
        let root = document.root();
        if !root.get("status").is_text("active") {
            return None;
        }
        let value = |url, key| read::extension(root, url).map(|extension| extension.get(key));
        let level = value(LEVEL, "valuePositiveInt")
            .and_then(Node::u64)
            .and_then(|level| u8::try_from(level).ok())
            .filter(|level| (1..=5).contains(level));
        let facility = value(REGISTERED, "valueString")
            .and_then(|facility| facility.text().map(|it| it.into_owned()))
            .filter(|facility| is_facility(facility));
        let is_ours = level.is_some() || facility.is_some();
        let subscriber = || root.str("subscriberId").map(|it| it.into_owned());
        let number = number_of(root)
            .or_else(|| subscriber().filter(|number| is_ours || shows_its_level(number)));
        if number.is_none() && !is_ours {
            return None;
        }
        let (from, to) = period(root.get("period"));
        Some(Self {
            number,
            level,
            from,
            to,
            facility,
            five_years_from: value(FIVE_YEARS, "valueDate").and_then(first_day),
            exempt_from: value(EXEMPT, "valueDate").and_then(first_day),
        })
    }

    /// What a Patient tells of it: the number, and when it is valid.
    #[must_use]
    pub fn from_patient(json: &str) -> Option<Self> {
        let document = read::resource(json, "Patient").ok()?;
        let identifier = identifier_of(document.root())?;
        let (from, to) = period(identifier.get("period"));
        Some(Self {
            number: Some(identifier.str("value")?.into_owned()),
            from,
            to,
            ..Self::default()
        })
    }

    /// As a Coverage of a person; `insurer` is who pays.
    #[must_use]
    pub fn to_coverage(&self, id: &str, patient: &str, insurer: &str) -> String {
        let date = |url, day: Option<NaiveDate>| {
            let day = read::quoted(&day?.to_string());
            Some(read::write_extension(url, "valueDate", &day))
        };
        let level = self
            .level
            .map(|level| read::write_extension(LEVEL, "valuePositiveInt", &level.to_string()));
        let facility = self.facility.as_deref().map(|facility| {
            read::write_extension(REGISTERED, "valueString", &read::quoted(facility))
        });
        let extensions = [
            facility,
            level,
            date(FIVE_YEARS, self.five_years_from),
            date(EXEMPT, self.exempt_from),
        ];
        let identifier = self.number.as_deref().map(|number| {
            Object::new()
                .text("system", IdentifierKind::Bhyt.system())
                .text("value", number)
        });
        let text = |day: Option<NaiveDate>| day.map(|day| day.to_string());
        let period = Object::new()
            .maybe("start", text(self.from).as_deref())
            .maybe("end", text(self.to).as_deref());
        let beneficiary = Object::new().text("reference", &format!("Patient/{patient}"));
        Object::resource("Coverage")
            .text("id", id)
            .list("extension", extensions.into_iter().flatten())
            .list("identifier", identifier)
            .text("status", "active")
            .maybe("subscriberId", self.number.as_deref())
            .object("beneficiary", beneficiary)
            .object("period", period)
            .list("payor", [Object::new().text("display", insurer)])
            .finish()
    }

    /// The same, where it says nothing as another of the same card says.
    #[must_use]
    pub fn or(self, other: Self) -> Self {
        Self {
            number: self.number.or(other.number),
            level: self.level.or(other.level),
            from: self.from.or(other.from),
            to: self.to.or(other.to),
            facility: self.facility.or(other.facility),
            five_years_from: self.five_years_from.or(other.five_years_from),
            exempt_from: self.exempt_from.or(other.exempt_from),
        }
    }

    /// Whether it is valid on a day, as far as it tells.
    #[must_use]
    pub fn is_valid_on(&self, day: NaiveDate) -> bool {
        self.from.is_none_or(|from| from <= day) && self.to.is_none_or(|to| to >= day)
    }
}

fn identifier_of(root: Node<'_>) -> Option<Node<'_>> {
    root.get("identifier").items().find(|identifier| {
        let system = identifier.str("system").unwrap_or_default();
        IdentifierKind::from_system(&system) == Some(IdentifierKind::Bhyt)
    })
}

fn number_of(root: Node<'_>) -> Option<String> {
    Some(identifier_of(root)?.str("value")?.into_owned())
}

/// The long form of a number, which no other insurance has: two letters, the level, twelve digits.
fn shows_its_level(number: &str) -> bool {
    let Some((object, digits)) = number.split_at_checked(2) else {
        return false;
    };
    number.len() == 15
        && object.bytes().all(|byte| byte.is_ascii_uppercase())
        && digits.bytes().all(|byte| byte.is_ascii_digit())
        && digits.starts_with(['1', '2', '3', '4', '5'])
}

/// The first day and the last; a month or a year is all of it.
fn period(period: Node<'_>) -> (Option<NaiveDate>, Option<NaiveDate>) {
    let end = period.get("end");
    let months = match end.text().map_or(0, |text| text.len()) {
        4 => 12,
        7 => 1,
        _ => 0,
    };
    let to = first_day(end).and_then(|day| match months {
        0 => Some(day),
        months => day.checked_add_months(Months::new(months))?.pred_opt(),
    });
    (first_day(period.get("start")), to)
}

fn first_day(node: Node<'_>) -> Option<NaiveDate> {
    Some(read::timestamp(node)?.vietnam_day())
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn day(text: &str) -> Option<NaiveDate> {
        Some(text.parse().unwrap())
    }

    fn terms() -> InsuranceTerms {
        InsuranceTerms {
            facility: "11001".to_owned(),
            level: FacilityLevel::Basic,
            outside_route_percent: 50,
            base_salary: InsuranceTerms::BASE_SALARY,
            small_cost_percent: InsuranceTerms::SMALL_COST_PERCENT,
        }
    }

    #[test]
    fn terms_come_back_and_are_all_or_none() {
        let clinic = |terms| InsuranceOrganization {
            id: "clinic-1".to_owned(),
            name: "Bệnh viện A".to_owned(),
            terms,
        };
        for clinic in [clinic(None), clinic(Some(terms()))] {
            let read = InsuranceOrganization::from_json(&clinic.to_json());
            assert_eq!(read, Ok(clinic));
        }
        let json = clinic(Some(terms())).to_json();
        insta::assert_snapshot!(json);
        for (told, bad) in [
            ("\"basic\"", "\"general\""),
            ("\"valueUnsignedInt\":50", "\"valueUnsignedInt\":101"),
            ("\"11001\"", "\"1100\""),
            ("\"VND\"", "\"USD\""),
            ("\"base-salary\"", "\"salary\""),
        ] {
            assert!(json.contains(told), "{told}");
            let read = InsuranceOrganization::from_json(&json.replace(told, bad)).unwrap();
            assert_eq!(read.terms, None, "{bad}");
        }
    }

    #[test]
    fn a_card_comes_back_as_a_coverage() {
        let card = CoverageView {
            number: Some("DN4110123456789".to_owned()),
            level: Some(4),
            from: day("2026-01-01"),
            to: day("2026-12-31"),
            facility: Some("11034".to_owned()),
            five_years_from: day("2025-05-01"),
            exempt_from: day("2026-09-01"),
        };
        let json = card.to_coverage("the-1", "bn-1", "BHXH Việt Nam");
        insta::assert_snapshot!(json);
        assert_eq!(CoverageView::from_coverage(&json).as_ref(), Some(&card));
        assert!(!format!("{card:?}").contains("0123"));
        let over = json.replace("\"active\"", "\"cancelled\"");
        assert_eq!(CoverageView::from_coverage(&over), None);
        let odd = json
            .replace("\"11034\"", "\"the one\"")
            .replace(":4}", ":9}");
        let odd = CoverageView::from_coverage(&odd).unwrap();
        assert_eq!((odd.level, odd.facility), (None, None));
    }

    #[test]
    fn whatever_other_servers_write_is_read_as_far_as_it_goes() {
        let coverage = |more: &str| {
            CoverageView::from_coverage(&format!(
                r#"{{"resourceType":"Coverage","status":"active",{more}}}"#
            ))
        };
        let known = coverage(
            r#""subscriberId":"DN4110123456789","period":{"start":"2026-01","end":"2026-02"}"#,
        );
        let known = known.unwrap();
        assert_eq!(
            (known.from, known.to),
            (day("2026-01-01"), day("2026-02-28"))
        );
        assert!(known.is_valid_on("2026-02-28".parse().unwrap()));
        assert!(!known.is_valid_on("2026-03-01".parse().unwrap()));
        let with_system = coverage(
            r#""identifier":[{"system":"http://fhir.ehealth.gov.vn/core/sid/insurance_number","value":"0123456789"}],"period":{"end":"2026"}"#,
        );
        assert_eq!(with_system.unwrap().to, day("2026-12-31"));
        for other in [
            r#""subscriberId":"0123456789""#,
            r#""subscriberId":"DN9110123456789""#,
            r#""subscriberId":"Đ411012345678""#,
            r#""period":{"end":"2026"}"#,
        ] {
            assert_eq!(coverage(other), None, "{other}");
        }
        let patient = r#"{"resourceType":"Patient","identifier":[{"value":"1"},{"system":"http://fhir.hl7.org.vn/core/sid/bhyt","value":"0123456789","period":{"end":"2026-06-30T23:59:59+07:00"}}]}"#;
        let told = CoverageView::from_patient(patient).unwrap();
        assert_eq!(told.number.as_deref(), Some("0123456789"));
        assert_eq!((told.from, told.to), (None, day("2026-06-30")));
        assert_eq!(CoverageView::from_coverage(patient), None);
    }

    proptest! {
        #[test]
        fn no_text_panics(text: String) {
            let _ = InsuranceOrganization::from_json(&text);
            let _ = CoverageView::from_coverage(&text);
            let _ = CoverageView::from_patient(&text);
            let _ = shows_its_level(&text);
        }
    }
}
