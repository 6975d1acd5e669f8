//! A clinic with two patients who are nothing to each other, and whoever asks there.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};
use std::sync::{Arc, LazyLock, Mutex};
use std::time::Duration;

use serde_json::{Value, json};
use sokhoe_app::domain::ports::Clock;
use sokhoe_app::domain::{GrantScope, IntentId, Timestamp};
use sokhoe_clinic::{Clinic, ImportOptions, InProcess};
use sokhoe_qr::{Enrolment, Invitation};
use sokhoe_testing::disk::{Promise, SimDisk};
use sokhoe_testing::{FakeClock, SeededRng, Signer};
use sokhoe_tests::{clinic_on, months_grant};
use tempfile::TempDir;

use crate::request::{Answered, Asked};

/// Who asks: the one patient.
pub const ONE: &str = "patient-one";
/// Who is nothing to them.
pub const OTHER: &str = "patient-two";
/// Who is not there at all, by a name of the same length.
pub const SOMEBODY_ELSE: &str = "patient-xyz";

/// What nobody but the other may ever read, in every one of their resources.
pub const CANARY: &str = "Hoàng Thị Chim Yến";

/// A reading that the other wrote themselves.
pub const OTHERS_READING: &str = "01a19b9d-3acf-76a3-9efa-7216ce7bb1e2";
/// The same id, which nobody has.
pub const NOBODYS_READING: &str = "01a19b9d-3acf-76a3-9efa-7216ce7bb1ff";

pub const URL: &str = "https://hospital.example";
pub const NOW: &str = "2026-11-23T06:00:00+07:00";

/// FHIR R4's types that the clinic keeps for itself or does not have.
pub const NOT_SERVED: &[&str] = &[
    "AuditEvent",
    "Basic",
    "Bundle",
    "Endpoint",
    "Group",
    "Library",
    "OperationDefinition",
    "Parameters",
    "Person",
    "Questionnaire",
    "Slot",
    "StructureDefinition",
    "Subscription",
    "ValueSet",
];

/// A device that came in.
#[derive(Debug, Clone)]
pub struct Phone {
    pub token: String,
    pub device: String,
    pub signer: Arc<Signer>,
}

/// A device's key: the same wherever it comes in.
fn signer_of(device: &str) -> Arc<Signer> {
    static KEYS: LazyLock<Mutex<BTreeMap<String, Arc<Signer>>>> = LazyLock::new(Mutex::default);
    let mut keys = KEYS.lock().expect("the keys");
    Arc::clone(keys.entry(device.to_owned()).or_default())
}

/// What a clinic begins with, to be opened as often as one likes.
pub struct Begun {
    disk: SimDisk,
    keys: PathBuf,
    pub one: Phone,
    /// Everybody's types, and whether people are in them.
    pub types: Vec<(String, bool)>,
    _folder: Arc<TempDir>,
}

/// A clinic that answers.
pub struct Ward {
    pub clinic: Clinic,
    pub clock: Arc<FakeClock>,
    answering: InProcess,
}

pub fn runtime() -> tokio::runtime::Runtime {
    tokio::runtime::Builder::new_current_thread()
        .enable_time()
        .start_paused(true)
        .build()
        .expect("a runtime")
}

impl Begun {
    /// With the one patient, who has something of every type.
    pub async fn with_one() -> Self {
        let folder = Arc::new(TempDir::new().expect("a folder"));
        let disk = SimDisk::new(Promise::PowersafeOverwrite);
        let keys = folder.path().join("keys");
        let ward = Ward::open(&disk, &keys, 1);
        ward.clinic.seed_hospital().expect("a hospital");
        let types = ward.types().await;
        ward.takes_in(ONE, "Lò Văn Một", &types);
        let one = ward.enrols("device-of-one", &[ONE]).await;
        drop(ward);
        Self {
            disk: disk.copy(),
            keys,
            one,
            types,
            _folder: folder,
        }
    }

    fn again(&self) -> Self {
        Self {
            disk: self.disk.copy(),
            keys: self.keys.clone(),
            one: self.one.clone(),
            types: self.types.clone(),
            _folder: Arc::clone(&self._folder),
        }
    }

    /// The same with the other besides, who has something of every type, too; and the other's phone.
    pub async fn and_the_other(&self) -> (Self, Phone) {
        let both = self.again();
        let ward = both.open(2);
        ward.takes_in(OTHER, CANARY, &both.types);
        let other = ward.enrols("device-of-two", &[OTHER]).await;
        (both, other)
    }

    /// The same with the other besides, who has something of these types alone, and with somebody who may do this for them.
    pub async fn and_a_helper(
        &self,
        has: impl Fn(&str) -> bool,
        may: &[GrantScope],
    ) -> (Self, Phone) {
        let both = self.again();
        let ward = both.open(2);
        let types: Vec<_> = both
            .types
            .iter()
            .filter(|(kind, _)| has(kind))
            .cloned()
            .collect();
        ward.takes_in(OTHER, CANARY, &types);
        let helper = ward.helps("device-of-helper", OTHER, may).await;
        (both, helper)
    }

    /// On this disk: what happens there stays. No chance comes twice there.
    pub fn open(&self, seed: u64) -> Ward {
        Ward::open(&self.disk, &self.keys, seed)
    }

    /// On a copy of it, by the same chance every time.
    pub fn copied(&self) -> Ward {
        Ward::open(&self.disk.copy(), &self.keys, 0)
    }
}

impl Ward {
    fn open(disk: &SimDisk, keys: &Path, seed: u64) -> Self {
        let clock = Arc::new(FakeClock::at(NOW));
        let rng = Arc::new(SeededRng::new(seed));
        let clinic = clinic_on(disk, keys, Arc::clone(&clock) as Arc<dyn Clock>, rng);
        let answering = clinic.in_process(URL);
        Self {
            clinic,
            clock,
            answering,
        }
    }

    pub async fn answers(&self, asked: &Asked, phone: Option<&Phone>) -> Answered {
        let second = self.clock.now().as_millis().div_euclid(1_000);
        Answered::of(self.answering.answer(asked.by(phone, second)).await)
    }

    /// The types that the clinic serves, and whether a person's are among them.
    async fn types(&self) -> Vec<(String, bool)> {
        let said = self.answers(&Asked::get("/fhir/metadata"), None).await;
        let said: Value = serde_json::from_str(&said.body).expect("a CapabilityStatement");
        let resources = said["rest"][0]["resource"].as_array().expect("resources");
        let directory = [
            "HealthcareService",
            "Location",
            "Medication",
            "Organization",
            "Practitioner",
            "PractitionerRole",
            "Schedule",
        ];
        let types: Vec<_> = resources
            .iter()
            .filter_map(|resource| resource["type"].as_str())
            // Of the log nothing is a resource that is there.
            .filter(|name| *name != "AuditEvent")
            .map(|name| (name.to_owned(), !directory.contains(&name)))
            .collect();
        assert!(types.len() > 60, "{types:?}");
        types
    }

    /// Something of every type in a person's compartment.
    fn takes_in(&self, patient: &str, name: &str, types: &[(String, bool)]) {
        for (kind, _) in types.iter().filter(|(_, is_personal)| *is_personal) {
            self.imports(&resource(kind, patient, name));
        }
        if patient == OTHER && types.iter().any(|(kind, _)| kind == "Observation") {
            self.imports(&reading(OTHERS_READING, patient, name));
        }
    }

    fn imports(&self, resource: &Value) {
        let text = resource.to_string();
        let said =
            self.clinic
                .import_reader("ward", &mut text.as_bytes(), &ImportOptions::default());
        let report = said.expect("an import");
        assert!(report.skipped.is_empty(), "{:?} of {text}", report.skipped);
    }

    /// A phone of somebody who may do this for a patient.
    async fn helps(&self, device: &str, patient: &str, may: &[GrantScope]) -> Phone {
        let request = months_grant(patient, may, self.clock.now());
        let valid_for = Duration::from_secs(600);
        let offered = self.clinic.offer_grant(&request, valid_for, URL);
        let text = offered.expect("an invitation").code.text;
        let read = Invitation::read(&text, self.clock.now()).expect("an invitation");
        self.comes_in(device, &read.code).await
    }

    /// A phone for these patients.
    pub async fn enrols(&self, device: &str, patients: &[&str]) -> Phone {
        let patients: Vec<String> = patients.iter().map(|&p| p.to_owned()).collect();
        let shown = self
            .clinic
            .issue_enrolment(&patients, Duration::from_secs(600), URL)
            .expect("an enrolment");
        let read = Enrolment::read(&shown.text, self.clock.now()).expect("an enrolment");
        self.comes_in(device, &read.code).await
    }

    async fn comes_in(&self, device: &str, code: &str) -> Phone {
        let body = json!({"code": code, "device_id": device, "device_name": "Máy"});
        let asked = Asked::new(http::Method::POST, "/enrolment").with_body(body.to_string());
        let phone = Phone {
            token: String::new(),
            device: device.to_owned(),
            signer: signer_of(device),
        };
        let said = self.answers(&asked, Some(&phone)).await;
        let said: Value = serde_json::from_str(&said.body).expect("JSON");
        Phone {
            token: said["access_token"].as_str().expect("a token").to_owned(),
            ..phone
        }
    }
}

/// The id of a patient's resource of a type.
pub fn id_of(kind: &str, patient: &str) -> String {
    match kind {
        "Patient" => patient.to_owned(),
        _ => format!("{}-of-{patient}", kind.to_ascii_lowercase()),
    }
}

/// A resource of any type that belongs to a patient, however the type says so, with their name in it.
pub fn resource(kind: &str, patient: &str, name: &str) -> Value {
    let whose = json!({"reference": format!("Patient/{patient}"), "display": name});
    let mut resource = json!({
        "resourceType": kind,
        "id": id_of(kind, patient),
        "text": {"status": "generated", "div": format!("<div xmlns=\"http://www.w3.org/1999/xhtml\">{name}</div>")},
        "identifier": [{"system": "http://hospital.example/ma", "value": name}],
        "code": {"coding": [{"system": "http://loinc.org", "code": "8310-5"}], "text": name},
        // Over, so that it takes nobody's time.
        "start": "2026-11-02T08:00:00+07:00",
        "end": "2026-11-02T08:15:00+07:00",
        "effectiveDateTime": "2026-11-02T08:00:00+07:00",
        "status": match kind {
            "Appointment" => "fulfilled",
            "Invoice" => "issued",
            _ => "active",
        },
    });
    match kind {
        "Patient" => {
            resource["name"] = json!([{"text": name}]);
            resource["telecom"] = json!([{"system": "phone", "value": name}]);
        }
        "Binary" => {
            resource = json!({
                "resourceType": "Binary",
                "id": id_of(kind, patient),
                "contentType": "text/plain",
                "securityContext": {"reference": format!("Patient/{patient}")},
                // "Hoàng Thị Chim Yến" would not be seen in base64: whoever gets this gets these letters.
                "data": "Q0hJTSBZRU4=",
            });
        }
        "Appointment" => {
            resource["participant"] = json!([{"actor": whose, "status": "accepted"}]);
        }
        "AppointmentResponse" => resource["actor"] = whose,
        "Coverage" => resource["beneficiary"] = whose,
        "Provenance" => resource["target"] = json!([whose]),
        "AllergyIntolerance"
        | "Claim"
        | "ClaimResponse"
        | "CoverageEligibilityRequest"
        | "CoverageEligibilityResponse"
        | "DetectedIssue"
        | "Device"
        | "EpisodeOfCare"
        | "ExplanationOfBenefit"
        | "FamilyMemberHistory"
        | "Immunization"
        | "ImmunizationEvaluation"
        | "ImmunizationRecommendation"
        | "MolecularSequence"
        | "NutritionOrder"
        | "RelatedPerson"
        | "SupplyDelivery"
        | "VisionPrescription"
        | "BodyStructure"
        | "Consent"
        | "DeviceUseStatement" => resource["patient"] = whose,
        _ => resource["subject"] = whose,
    }
    resource
}

/// A reading that the person took at home.
pub fn reading(id: &str, patient: &str, note: &str) -> Value {
    let body = sokhoe_fhir::OwnReading {
        id,
        patient,
        measure: sokhoe_fhir::Measure::Weight,
        values: &[51.5],
        at: Timestamp::parse_fhir("2026-11-22T05:30:00+07:00").expect("a time"),
        title: note,
    };
    serde_json::from_str(&body.to_json()).expect("an Observation")
}

/// Ids of intents, one after the other.
pub fn intent(number: u64) -> String {
    IntentId::new(
        Timestamp::parse_fhir(NOW).expect("a time"),
        &SeededRng::new(number),
    )
    .to_string()
}
