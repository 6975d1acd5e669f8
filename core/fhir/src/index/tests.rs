//! Readings of whole resources.

use proptest::prelude::*;
use sokhoe_domain::{EntryKind, Section};

use super::*;

fn read(json: &str) -> Indexed {
    index(json).unwrap()
}

/// The first entry as one line, for comparing at a glance.
fn line(json: &str) -> String {
    let indexed = read(json);
    let Some(e) = indexed.entries.first() else {
        return "nothing".to_owned();
    };
    let when = e.when.map_or_else(String::new, |at| format!("{at:?}"));
    format!(
        "{:?} | {} | {} | {when} | {} | {:?} | {} | {}",
        e.section,
        e.title,
        e.detail,
        e.status,
        e.kind,
        e.trend.as_deref().unwrap_or("-"),
        e.folded
    )
}

const GLUCOSE: &str = r#"{"resourceType":"Observation","id":"g1",
    "meta":{"versionId":"3","lastUpdated":"2026-11-24T10:00:00.000+07:00"},
    "status":"final",
    "category":[{"coding":[{"system":"http://terminology.hl7.org/CodeSystem/observation-category","code":"laboratory"}]}],
    "code":{"coding":[{"system":"http://benhvien.vn/xn","code":"GLU","display":"Đường huyết lúc đói"}]},
    "subject":{"reference":"Patient/bn1"},
    "effectiveDateTime":"2026-11-24T08:30:00+07:00",
    "performer":[{"display":"Khoa Xét nghiệm"}],
    "valueQuantity":{"value":7.50,"unit":"mmol/L","system":"http://unitsofmeasure.org","code":"mmol/L"},
    "referenceRange":[{"low":{"value":3.9,"unit":"mmol/L"},"high":{"value":6.4,"unit":"mmol/L"}}],
    "note":[{"text":"Nhịn ăn 8 giờ"}]}"#;

#[test]
fn a_result_is_read_whole() {
    let indexed = read(GLUCOSE);
    assert_eq!(indexed.key, ResourceKey::new("Observation", "g1"));
    assert_eq!(indexed.version_id.as_deref(), Some("3"));
    assert_eq!(
        indexed.last_updated,
        Timestamp::parse_fhir("2026-11-24T10:00:00+07:00")
    );
    assert_eq!(indexed.patient, Some(ResourceKey::new("Patient", "bn1")));
    insta::assert_snapshot!(line(GLUCOSE));
    insta::assert_debug_snapshot!(indexed.points);
}

#[test]
fn a_blood_pressure_is_one_row_and_two_trends() {
    let json = r#"{"resourceType":"Observation","id":"1","status":"final",
        "category":[{"coding":[{"code":"vital-signs"}]}],
        "code":{"coding":[{"system":"http://loinc.org","code":"85354-9"}]},
        "subject":{"reference":"Patient/1"},"effectiveDateTime":"2026-11-24",
        "component":[
            {"code":{"coding":[{"system":"http://loinc.org","code":"8480-6"}]},
             "valueQuantity":{"value":135,"unit":"mmHg"},"interpretation":[{"coding":[{"code":"H"}]}]},
            {"code":{"coding":[{"system":"http://loinc.org","code":"8462-4"}]},
             "valueQuantity":{"value":82,"unit":"mmHg"}}]}"#;
    let indexed = read(json);
    let entry = &indexed.entries[0];
    assert_eq!(entry.section, Section::Measurements);
    assert_eq!(entry.detail, "135/82 mmHg");
    assert_eq!(entry.kind, EntryKind::High);
    assert_eq!(entry.trend.as_deref(), Some("http://loinc.org|8480-6"));
    let codes: Vec<_> = indexed.points.iter().map(|p| p.code.as_str()).collect();
    assert_eq!(
        codes,
        ["http://loinc.org|8480-6", "http://loinc.org|8462-4"]
    );
}

#[test]
fn each_kind_of_resource_finds_its_section() {
    let lines: Vec<String> = [
        r#"{"resourceType":"DiagnosticReport","id":"1","status":"final","category":[{"coding":[{"code":"RAD"}]}],"code":{"text":"X-quang ngực thẳng"},"conclusion":"Tim phổi bình thường","issued":"2026-11-24T08:30:00Z"}"#,
        r#"{"resourceType":"DiagnosticReport","id":"1","status":"final","category":[{"coding":[{"code":"LAB"}]}],"code":{"text":"Công thức máu"},"performer":[{"display":"Khoa XN"}]}"#,
        r##"{"resourceType":"MedicationRequest","id":"1","status":"active","medicationReference":{"reference":"#m"},"contained":[{"resourceType":"Medication","id":"m","code":{"text":"Amlodipin 5 mg"}}],"authoredOn":"2026-11-24","dosageInstruction":[{"text":"Sáng 1 viên"}],"requester":{"display":"BS. Mai"}}"##,
        r#"{"resourceType":"MedicationStatement","id":"1","status":"active","medicationCodeableConcept":{"coding":[{"system":"http://www.nlm.nih.gov/research/umls/rxnorm","code":"x","display":"Metformin"}]},"effectivePeriod":{"start":"2025-03"}}"#,
        r#"{"resourceType":"Encounter","id":"1","status":"finished","class":{"code":"AMB"},"period":{"start":"2026-11-24T08:30:00+07:00"},"serviceProvider":{"display":"Bệnh viện tỉnh"},"reasonCode":[{"text":"Đau ngực"}]}"#,
        r#"{"resourceType":"ImagingStudy","id":"1","status":"available","started":"2026-11-24T08:30:00+07:00","description":"CT sọ não","modality":[{"code":"CT"}]}"#,
        r#"{"resourceType":"Immunization","id":"1","status":"completed","vaccineCode":{"text":"Cúm"},"occurrenceDateTime":"2026-10-01","protocolApplied":[{"doseNumberPositiveInt":2}],"lotNumber":"A7"}"#,
        r#"{"resourceType":"ImmunizationRecommendation","id":"1","date":"2026","recommendation":[{"vaccineCode":[{"text":"Uốn ván"}],"forecastStatus":{"coding":[{"code":"due"}]},"dateCriterion":[{"value":"2027-01-02"}]}]}"#,
        r#"{"resourceType":"AllergyIntolerance","id":"1","clinicalStatus":{"coding":[{"code":"active"}]},"code":{"text":"Penicillin"},"reaction":[{"manifestation":[{"text":"Nổi mề đay"}]}],"recordedDate":"2020-05"}"#,
        r#"{"resourceType":"Condition","id":"1","clinicalStatus":{"coding":[{"code":"active"}]},"code":{"coding":[{"system":"http://hl7.org/fhir/sid/icd-10","code":"I10","display":"Tăng huyết áp"}]},"onsetDateTime":"2018"}"#,
        r#"{"resourceType":"FamilyMemberHistory","id":"1","status":"completed","relationship":{"text":"Mẹ"},"condition":[{"code":{"text":"Đái tháo đường"}}]}"#,
        r#"{"resourceType":"Procedure","id":"1","status":"completed","code":{"text":"Mổ ruột thừa"},"performedPeriod":{"start":"2019-02-03"}}"#,
        r#"{"resourceType":"ServiceRequest","id":"1","status":"active","code":{"text":"Siêu âm tim"},"authoredOn":"2026-11-24"}"#,
        r#"{"resourceType":"Appointment","id":"1","status":"booked","start":"2026-11-24T08:30:00+07:00","serviceType":[{"text":"Khám tim mạch"}],"participant":[{"actor":{"reference":"Patient/7"}},{"actor":{"reference":"Practitioner/1","display":"BS. Mai"}},{"actor":{"reference":"Location/1","display":"Phòng 12"}}]}"#,
        r#"{"resourceType":"Invoice","id":"1","status":"issued","identifier":[{"value":"SK7"}],"totalGross":{"value":150000,"currency":"VND"},"lineItem":[{"chargeItemCodeableConcept":{"text":"Khám"}}],"date":"2026-11-24"}"#,
        r#"{"resourceType":"DocumentReference","id":"1","status":"current","type":{"text":"Giấy ra viện"},"date":"2026-11-24T08:30:00Z","description":"Khoa Tim mạch"}"#,
        r#"{"resourceType":"Composition","id":"1","status":"final","title":"Tóm tắt bệnh án","date":"2026-11-24"}"#,
        r#"{"resourceType":"QuestionnaireResponse","id":"1","status":"completed","item":[{"linkId":"1","text":"Có hút thuốc?","answer":[{"valueBoolean":false}]}],"authored":"2026-11-24"}"#,
        r#"{"resourceType":"CareTeam","id":"1","status":"active","name":"Nhóm tim mạch","participant":[{"member":{"display":"BS. Mai"}}]}"#,
        r#"{"resourceType":"Goal","id":"1","lifecycleStatus":"active","description":{"text":"Giảm cân"},"target":[{"detailQuantity":{"value":60,"unit":"kg"}}]}"#,
    ]
    .iter()
    .map(|json| line(json))
    .collect();
    insta::assert_snapshot!(lines.join("\n"));
}

#[test]
fn some_resources_are_kept_without_a_row() {
    for json in [
        r#"{"resourceType":"Patient","id":"1"}"#,
        r#"{"resourceType":"Claim","id":"1","status":"active"}"#,
        r#"{"resourceType":"SomethingNew","id":"1"}"#,
        r#"{"resourceType":"Observation","id":"1","status":"entered-in-error"}"#,
        r#"{"resourceType":"Condition","id":"1","verificationStatus":{"coding":[{"code":"entered-in-error"}]}}"#,
    ] {
        assert_eq!(line(json), "nothing", "{json}");
    }
    assert_eq!(
        read(r#"{"resourceType":"Patient","id":"1"}"#).patient,
        Some(ResourceKey::new("Patient", "1"))
    );
}

#[test]
fn whose_it_is_comes_from_relative_references_only() {
    for (fields, patient) in [
        (r#""subject":{"reference":"Patient/1"}"#, Some("1")),
        (
            r#""patient":{"reference":"Patient/1/_history/2"}"#,
            Some("1"),
        ),
        (r#""subject":{"reference":"Group/1"}"#, None),
        (r#""subject":{"reference":"http://other/Patient/1"}"#, None),
        (r#""subject":{"reference":"urn:uuid:1"}"#, None),
        (r#""subject":7"#, None),
        (
            r#""participant":[{"actor":{"reference":"Location/1"}},{"actor":{"reference":"Patient/2"}}]"#,
            Some("2"),
        ),
    ] {
        let json = format!(r#"{{"resourceType":"Basic","id":"1",{fields}}}"#);
        assert_eq!(
            read(&json).patient.map(|key| key.id).as_deref(),
            patient,
            "{fields}"
        );
    }
}

#[test]
fn how_a_value_stands_out() {
    let kind = |fields: &str| {
        let json = format!(
            r#"{{"resourceType":"Observation","id":"1","code":{{"text":"x"}},"valueQuantity":{{"value":7,"unit":"g"}},{fields}}}"#
        );
        read(&json).entries[0].kind
    };
    let range = r#""referenceRange":[{"high":{"value":5,"unit":"g"}}]"#;
    for (fields, expected) in [
        (range.to_owned(), EntryKind::High),
        (
            format!(r#""interpretation":[{{"coding":[{{"code":"N"}}]}}],{range}"#),
            EntryKind::Plain,
        ),
        (
            r#""interpretation":[{"coding":[{"code":"LL"}]}]"#.to_owned(),
            EntryKind::Low,
        ),
        (
            r#""interpretation":[{"coding":[{"code":"A"}]}]"#.to_owned(),
            EntryKind::Abnormal,
        ),
        (
            r#""interpretation":[{"coding":[{"code":"H"}]},{"coding":[{"code":"L"}]}]"#.to_owned(),
            EntryKind::Abnormal,
        ),
        (
            r#""referenceRange":[{"low":{"value":8}}]"#.to_owned(),
            EntryKind::Low,
        ),
        (
            r#""referenceRange":[{"high":{"value":5,"unit":"mg"}}]"#.to_owned(),
            EntryKind::Plain,
        ),
        (
            r#""referenceRange":[{"high":{"value":5}},{"high":{"value":9}}]"#.to_owned(),
            EntryKind::Plain,
        ),
        (
            r#""referenceRange":[{"text":"< 5,2"}]"#.to_owned(),
            EntryKind::High,
        ),
        (r#""referenceRange":7"#.to_owned(), EntryKind::Plain),
    ] {
        assert_eq!(kind(&fields), expected, "{fields}");
    }
}

#[test]
fn a_broken_field_costs_that_field_only() {
    let json = r#"{"resourceType":"Observation","id":"1","status":["final"],"category":"laboratory",
        "code":{"coding":"x","text":"Đường huyết"},"subject":"Patient/1","effectiveDateTime":20261124,
        "issued":"2026-11-24T08:30:00","valueQuantity":{"value":"7","unit":5},"component":{"code":3},
        "referenceRange":[null,4],"note":"x","performer":[[{"display":"y"}]],"meta":3}"#;
    let indexed = read(json);
    assert_eq!(indexed.entries[0].title, "Đường huyết");
    assert_eq!(
        indexed.entries[0].when,
        Timestamp::parse_fhir("2026-11-24"),
        "a time without its offset gives its day"
    );
    assert!(indexed.points.is_empty());
}

#[test]
fn no_resource_is_an_error() {
    for (json, code) in [
        ("", "not-json"),
        ("<html>", "not-json"),
        ("[]", "not-an-object"),
        ("null", "not-an-object"),
        ("{}", "missing-type"),
        (r#"{"resourceType":"x","id":"1"}"#, "missing-type"),
        (r#"{"resourceType":7,"id":"1"}"#, "missing-type"),
        (r#"{"resourceType":"Patient"}"#, "bad-id"),
        (r#"{"resourceType":"Patient","id":7}"#, "bad-id"),
        (r#"{"resourceType":"Patient","id":"a/b"}"#, "bad-id"),
    ] {
        assert_eq!(index(json).unwrap_err().code(), code, "{json}");
    }
    let deep = format!(
        r#"{{"resourceType":"Patient","id":"1","x":{}{}}}"#,
        "[".repeat(100_000),
        "]".repeat(100_000)
    );
    assert_eq!(index(&deep).unwrap_err().code(), "too-deep");
}

#[test]
fn search_words_are_kept_once_and_not_for_ever() {
    let long =
        "tim mạch ".repeat(10_000) + &(0..9_999).map(|n| format!("w{n} ")).collect::<String>();
    let json = format!(
        r#"{{"resourceType":"Condition","id":"1","code":{{"text":"{long}"}},"note":[{{"text":"{long}"}}]}}"#
    );
    let entry = &read(&json).entries[0];
    assert_eq!(entry.folded.matches("mach").count(), 1);
    assert!(entry.folded.len() <= 2_000);
    assert!(entry.title.chars().count() <= 301);
}

const KINDS: [&str; 41] = [
    "Observation",
    "DiagnosticReport",
    "MedicationRequest",
    "MedicationStatement",
    "MedicationDispense",
    "MedicationAdministration",
    "Encounter",
    "ImagingStudy",
    "Media",
    "Immunization",
    "ImmunizationRecommendation",
    "AllergyIntolerance",
    "Condition",
    "FamilyMemberHistory",
    "Flag",
    "DetectedIssue",
    "AdverseEvent",
    "Procedure",
    "ServiceRequest",
    "DeviceRequest",
    "Appointment",
    "Invoice",
    "DocumentReference",
    "DocumentManifest",
    "QuestionnaireResponse",
    "CareTeam",
    "Goal",
    "Composition",
    "CarePlan",
    "ClinicalImpression",
    "Communication",
    "Consent",
    "NutritionOrder",
    "RiskAssessment",
    "VisionPrescription",
    "Patient",
    "Practitioner",
    "Coverage",
    "Basic",
    "Schedule",
    "OperationOutcome",
];

const NAMES: [&str; 48] = [
    "status",
    "code",
    "coding",
    "system",
    "display",
    "text",
    "valueQuantity",
    "valueString",
    "value",
    "unit",
    "component",
    "referenceRange",
    "low",
    "high",
    "interpretation",
    "category",
    "effectiveDateTime",
    "period",
    "start",
    "end",
    "subject",
    "reference",
    "participant",
    "actor",
    "medicationReference",
    "contained",
    "id",
    "dosageInstruction",
    "timing",
    "repeat",
    "doseAndRate",
    "doseQuantity",
    "note",
    "performer",
    "item",
    "answer",
    "linkId",
    "content",
    "attachment",
    "title",
    "totalGross",
    "currency",
    "lineItem",
    "chargeItemCodeableConcept",
    "recommendation",
    "numerator",
    "denominator",
    "type",
];

fn arb_value() -> impl Strategy<Value = serde_json::Value> {
    use serde_json::Value;
    let leaf = prop_oneof![
        Just(Value::Null),
        any::<bool>().prop_map(Value::from),
        any::<i32>().prop_map(Value::from),
        any::<f64>().prop_map(Value::from),
        any::<String>().prop_map(Value::from),
        prop::sample::select(vec![
            "http://loinc.org",
            "8480-6",
            "8462-4",
            "2026-11-24",
            "#1",
            "1",
            "VND",
            "H",
            "Patient/1",
            "laboratory",
            "3 - 5",
            "normal",
            "Đường huyết",
        ])
        .prop_map(Value::from),
    ];
    leaf.prop_recursive(6, 60, 6, |inner| {
        prop_oneof![
            prop::collection::vec(inner.clone(), 0..4).prop_map(Value::from),
            prop::collection::vec((prop::sample::select(NAMES.to_vec()), inner), 0..6).prop_map(
                |members| {
                    Value::Object(
                        members
                            .into_iter()
                            .map(|(k, v)| (k.to_owned(), v))
                            .collect(),
                    )
                }
            ),
        ]
    })
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(2_000))]

    #[test]
    fn any_json_of_any_type_is_read(
        kind in prop::sample::select(KINDS.to_vec()),
        members in prop::collection::vec((prop::sample::select(NAMES.to_vec()), arb_value()), 0..8),
    ) {
        let mut object: serde_json::Map<_, _> =
            members.into_iter().map(|(k, v)| (k.to_owned(), v)).collect();
        object.insert("resourceType".to_owned(), kind.into());
        object.insert("id".to_owned(), "1".into());
        let json = serde_json::Value::Object(object).to_string();
        let indexed = index(&json).unwrap();
        prop_assert_eq!(&indexed.key.kind, kind);
        for entry in &indexed.entries {
            prop_assert!(!entry.title.is_empty());
            prop_assert_eq!(sokhoe_domain::text::fold(&entry.folded), entry.folded.clone());
        }
        prop_assert!(crate::detail::fields(&json).is_ok());
    }

    #[test]
    fn no_text_panics(text: String, near in r#"\{"resourceType":"Observation","id":"1"[ -~]{0,40}"#) {
        let _ = index(&text);
        let _ = index(&near);
        let _ = crate::detail::fields(&near);
        let _ = crate::limits::check_depth(text.as_bytes(), 3);
    }
}

#[test]
fn a_medicine_is_named_by_its_medication() {
    let request = |medication: &str| {
        read(&format!(
            r#"{{"resourceType":"MedicationRequest","id":"r","status":"active",{medication}}}"#
        ))
    };
    for reference in [
        "Medication/m1",
        "https://benhvien.vn/fhir/Medication/m1",
        "Medication/m1/_history/2",
    ] {
        let indexed = request(&format!(
            r#""medicationReference":{{"reference":"{reference}"}}"#
        ));
        assert_eq!(
            indexed.medication,
            Some(ResourceKey::new("Medication", "m1")),
            "{reference}"
        );
    }
    for named in [
        r#""medicationReference":{"reference":"Medication/m1","display":"Amlodipin 5 mg"}"#,
        r#""medicationCodeableConcept":{"text":"Amlodipin 5 mg"}"#,
        r##""contained":[{"resourceType":"Medication","id":"c","code":{"text":"Amlodipin 5 mg"}}],"medicationReference":{"reference":"#c"}"##,
    ] {
        let indexed = request(named);
        assert_eq!(indexed.medication, None);
        assert_eq!(indexed.entries[0].title, "Amlodipin 5 mg");
    }
    let mut indexed = request(r#""medicationReference":{"reference":"Medication/m1"}"#);
    assert_eq!(indexed.entries[0].title, "Thuốc");
    for nothing in ["{", r#"{"resourceType":"Medication","id":"m1"}"#] {
        indexed.name_medicine(nothing);
        assert_eq!(indexed.entries[0].title, "Thuốc");
    }
    indexed.name_medicine(
        r#"{"resourceType":"Medication","id":"m1","code":{"text":"Metformin 500 mg"}}"#,
    );
    assert_eq!(indexed.entries[0].title, "Metformin 500 mg");
    assert!(indexed.entries[0].folded.contains("metformin 500 mg"));
}
