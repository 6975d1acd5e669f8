//! What every life begins with: three seeded clinics, and five phones that are enrolled there.

use std::sync::Arc;
use std::sync::atomic::AtomicBool;

use sokhoe_app::{AppConfig, Language, SoKhoe};
use sokhoe_domain::ports::{KeyStore, Ports, Transport};
use sokhoe_testing::PlainKeys;
use sokhoe_testing::disk::{Promise, SimDisk};
use tempfile::TempDir;

use crate::clinic::SimClinic;
use crate::dice::Dice;
use crate::network::{Answers, Clinics, Link, Weather};
use crate::our_clinic::{self, OurClinic};
use crate::story::Story;
use crate::time::{DeviceClock, Time};

/// The clinics' hosts.
pub const HOSTS: [&str; 3] = ["hospital.example", "district.example", "commune.example"];

/// The mother, the son, the neighbour.
pub const PATIENTS: [&str; 3] = ["bn-000001", "bn-000002", "bn-000003"];

/// A clinic, and whom a phone has there.
pub type Enrolment = (usize, &'static [usize]);

/// Whom each phone has, at which clinic: the son has everybody, the mother herself, and so on.
pub const PHONES: [&[Enrolment]; 5] = [
    &[(0, &[0, 1]), (1, &[0]), (2, &[1])],
    &[(0, &[0]), (1, &[0])],
    &[(0, &[1]), (2, &[1])],
    &[(0, &[0, 2])],
    &[(1, &[0]), (2, &[2])],
];

/// Made once, lived often.
pub struct Template {
    pub clinics: Vec<(String, SimDisk, std::path::PathBuf)>,
    pub phones: Vec<SimDisk>,
    _keys: TempDir,
}

pub fn runtime() -> tokio::runtime::Runtime {
    tokio::runtime::Builder::new_current_thread()
        .enable_time()
        .start_paused(true)
        .build()
        .expect("a runtime")
}

pub fn ports(
    disk: &SimDisk,
    clock: Arc<DeviceClock>,
    dice: &Dice,
    transport: Arc<dyn Transport>,
) -> Ports {
    Ports {
        clock,
        rng: dice.rng(),
        transport,
        keys: Arc::new(PlainKeys::default()) as Arc<dyn KeyStore>,
        files: Arc::new(disk.clone()),
    }
}

pub fn config(name: &str) -> AppConfig {
    AppConfig {
        language: Language::En,
        device_name: name.to_owned(),
    }
}

impl Template {
    pub fn make() -> Self {
        let keys = TempDir::new().expect("a folder");
        runtime().block_on(async {
            let time = Time::start();
            let story = Story::begin(&time);
            let mut clinics = Vec::new();
            for (n, host) in HOSTS.iter().enumerate() {
                let keys = keys.path().join(host);
                let disk = SimDisk::new(Promise::PowersafeOverwrite);
                let dice = Dice::new(0, 100 + n as u64);
                let clock = DeviceClock::of_clinic(&time);
                let clinic = our_clinic::open(&disk, &keys, clock, dice.rng());
                clinic.seed_hospital().expect("a hospital");
                drop(clinic);
                clinics.push(((*host).to_owned(), disk, keys));
            }
            let served: Vec<Arc<OurClinic>> = clinics
                .iter()
                .map(|(host, disk, keys)| {
                    let dice = Dice::new(1, 0);
                    let (disk, keys) = (disk.copy(), keys.clone());
                    Arc::new(OurClinic::start(host, disk, keys, &time, dice, &story))
                })
                .collect();
            let reached: Arc<Clinics> = Arc::new(
                served
                    .iter()
                    .map(|clinic| {
                        let clinic: Arc<dyn SimClinic> = Arc::clone(clinic) as _;
                        (clinic.host().to_owned(), clinic)
                    })
                    .collect(),
            );
            let mut phones = Vec::new();
            for (n, enrolments) in PHONES.iter().enumerate() {
                let disk = SimDisk::new(Promise::PowersafeOverwrite);
                let dice = Dice::new(0, 200 + n as u64);
                let link = Link {
                    name: format!("phone {n}"),
                    clinics: Arc::clone(&reached),
                    dice: dice.clone(),
                    weather: Arc::new(Weather::Calm.into()),
                    powered: Arc::new(AtomicBool::new(true)),
                    story: story.clone(),
                    answers: Arc::new(Answers::default()),
                };
                let clock = DeviceClock::of_phone(&time);
                let ports = ports(&disk, clock, &dice, Arc::new(link));
                let app = SoKhoe::open(config(&format!("phone {n}")), ports).expect("a core");
                for (host, patients) in *enrolments {
                    let patients: Vec<String> =
                        patients.iter().map(|p| PATIENTS[*p].to_owned()).collect();
                    let code = served[*host].invite(&patients);
                    app.enrol(&code).await.expect("enrolled");
                }
                for person in app.persons().expect("persons") {
                    app.sync(&person.id).await.expect("in step");
                }
                drop(app);
                phones.push(disk.copy());
            }
            for ((_, disk, _), clinic) in clinics.iter_mut().zip(&served) {
                *disk = clinic.stopped().copy();
            }
            Self {
                clinics,
                phones,
                _keys: keys,
            }
        })
    }
}
