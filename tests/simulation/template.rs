//! What every life begins with: three clinics with patients, one with our program and two with servers of
//! others, and five phones that know them.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::sync::atomic::AtomicBool;

use bytes::Bytes;
use sokhoe_app::{AddServerRequest, AppConfig, Language, SoKhoe};
use sokhoe_domain::ports::{KeyStore, Ports, Transport};
use sokhoe_testing::PlainKeys;
use sokhoe_testing::disk::{Promise, SimDisk};
use sokhoe_tests::clinic_on;
use sokhoe_tests::foreign::{ForeignClinic as Server, Manners};
use sokhoe_vault::{AccountVault, VaultPorts};
use tempfile::TempDir;

use crate::check::Wrongs;
use crate::clinic::SimClinic;
use crate::dice::Dice;
use crate::foreign_clinic::ForeignClinic;
use crate::foreign_records::{server, statement};
use crate::network::{Answers, Clinics, Link, Weather};
use crate::our_clinic::OurClinic;
use crate::story::Story;
use crate::time::{DeviceClock, Time};

/// The clinics' hosts.
pub const HOSTS: [&str; 3] = ["hospital.example", "district.example", "commune.example"];

/// Which of them takes nobody else's ids.
pub const GIVES_ALL_IDS: usize = 2;

/// The mother, the son, the neighbour.
pub const PATIENTS: [&str; 3] = ["bn-000001", "bn-000002", "bn-000003"];

/// What they are called everywhere.
pub const NAMES: [&str; 3] = ["Quàng Thị Mai", "Quàng Văn Thịnh", "Nguyễn Thị Ngọc Ánh"];

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

/// The base of somebody else's FHIR server.
fn base_of(host: &str) -> String {
    format!("https://{host}/fhir")
}

/// What a server of others wants to see.
const TOKEN: &str = "a-token-of-the-clinic";

/// Whose server it is, clinic by clinic: ours, or with which manners.
fn manners() -> [Option<Manners>; 3] {
    // Busy it is when the dice say so, and not at the end.
    let sloppy = Manners {
        busy: 0,
        // Whoever creates nothing on a condition may make a reading twice when a request arrives again, long after
        // it was answered.
        conditional_create: true,
        ..Manners::sloppy()
    };
    [None, Some(Manners::hapi()), Some(sloppy)]
}

/// A clinic as every life finds it.
pub enum Begun {
    Ours {
        disk: SimDisk,
        keys: PathBuf,
    },
    Foreign {
        id: String,
        server: Box<Server>,
        statement: Bytes,
    },
}

impl Begun {
    pub fn start(
        &self,
        host: &str,
        time: &Arc<Time>,
        dice: Dice,
        story: &Story,
    ) -> Arc<dyn SimClinic> {
        match self {
            Self::Ours { disk, keys } => Arc::new(OurClinic::start(
                host,
                disk.copy(),
                keys.clone(),
                time,
                dice,
                story,
            )),
            Self::Foreign {
                id,
                server,
                statement,
            } => {
                let server = (&**server, statement);
                Arc::new(ForeignClinic::start(host, id, server, time, dice, story))
            }
        }
    }
}

/// Whether a phone has this patient at this clinic.
pub fn is_known(host: &str, patient: usize) -> bool {
    let mut all = PHONES.iter().flat_map(|enrolments| enrolments.iter());
    all.any(|(at, patients)| HOSTS[*at] == host && patients.contains(&patient))
}

/// Made once, lived often.
pub struct Template {
    /// In the order of [`HOSTS`].
    pub clinics: Vec<Begun>,
    pub phones: Vec<SimDisk>,
    /// By which clinics know them.
    pub devices: Vec<String>,
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
            let mut ours = BTreeMap::new();
            let mut foreign = BTreeMap::new();
            let mut reached = Clinics::new();
            for (at, (host, manners)) in HOSTS.iter().zip(manners()).enumerate() {
                let dice = Dice::new(1, 0);
                let clinic: Arc<dyn SimClinic> = if let Some(manners) = manners {
                    let patients: Vec<_> = PATIENTS.into_iter().zip(NAMES).collect();
                    let server = server(&base_of(host), manners, &patients, time.look());
                    let server = server.with_token(TOKEN);
                    let server = (&server, &statement(&server, time.look()));
                    let clinic = ForeignClinic::start(host, "", server, &time, dice, &story);
                    let clinic = Arc::new(clinic);
                    foreign.insert(at, Arc::clone(&clinic));
                    clinic
                } else {
                    let keys = keys.path().join(host);
                    let disk = seeded(&keys, at, &time);
                    let clinic = OurClinic::start(host, disk, keys.clone(), &time, dice, &story);
                    let clinic = Arc::new(clinic);
                    ours.insert(at, (Arc::clone(&clinic), keys));
                    clinic
                };
                reached.insert((*host).to_owned(), clinic);
            }
            let reached = Arc::new(reached);
            let mut ids = BTreeMap::new();
            let mut phones = Vec::new();
            let mut devices = Vec::new();
            for (n, enrolments) in PHONES.iter().enumerate() {
                let disk = SimDisk::new(Promise::PowersafeOverwrite);
                let dice = Dice::new(0, 200 + n as u64);
                let link = Link {
                    name: format!("phone {n}"),
                    device: None,
                    clinics: Arc::clone(&reached),
                    dice: dice.clone(),
                    weather: Arc::new(Weather::Calm.into()),
                    powered: Arc::new(AtomicBool::new(true)),
                    story: story.clone(),
                    answers: Arc::new(Answers::default()),
                    enrolments,
                    wrongs: Wrongs::default(),
                };
                let clock = DeviceClock::of_phone(&time);
                let ports = ports(&disk, clock, &dice, Arc::new(link));
                let vault_ports = VaultPorts::new(
                    Arc::clone(&ports.files),
                    Arc::clone(&ports.keys),
                    Arc::clone(&ports.rng),
                );
                let app = SoKhoe::open(config(&format!("phone {n}")), ports).expect("a core");
                for (at, patients) in *enrolments {
                    if let Some((clinic, _)) = ours.get(at) {
                        let patients: Vec<String> =
                            patients.iter().map(|p| PATIENTS[*p].to_owned()).collect();
                        app.enrol(&clinic.invite(&patients))
                            .await
                            .expect("enrolled");
                        continue;
                    }
                    for patient in *patients {
                        let added = app.add_server(known_at(&app, *at, *patient)).await;
                        ids.insert(*at, added.expect("a server").clinic.id);
                    }
                }
                for person in app.persons().expect("persons") {
                    app.sync(&person.id).await.expect("in step");
                }
                drop(app);
                let account = AccountVault::open_or_create(&vault_ports).expect("an account");
                devices.push(account.device_id().expect("a device id"));
                drop(account);
                phones.push(disk.copy());
            }
            let clinics = (0..HOSTS.len()).map(|at| match ours.get(&at) {
                Some((clinic, keys)) => Begun::Ours {
                    disk: clinic.stopped().copy(),
                    keys: keys.clone(),
                },
                None => Begun::Foreign {
                    id: ids[&at].clone(),
                    server: Box::new(foreign[&at].server().copy(1)),
                    statement: statement(foreign[&at].server(), time.look()),
                },
            });
            Self {
                clinics: clinics.collect(),
                phones,
                devices,
                _keys: keys,
            }
        })
    }
}

/// The disk of a clinic of ours with its patients.
fn seeded(keys: &Path, at: usize, time: &Arc<Time>) -> SimDisk {
    let disk = SimDisk::new(Promise::PowersafeOverwrite);
    let dice = Dice::new(0, 100 + at as u64);
    let clinic = clinic_on(&disk, keys, DeviceClock::of_clinic(time), dice.rng());
    clinic.seed_hospital().expect("a hospital");
    disk
}

/// A patient's record at somebody else's server, for the person of this name when the phone has them.
fn known_at(app: &SoKhoe, at: usize, patient: usize) -> AddServerRequest {
    let persons = app.persons().expect("persons");
    let person = persons
        .into_iter()
        .find(|person| person.name == NAMES[patient]);
    AddServerRequest {
        name: HOSTS[at].to_owned(),
        fhir_base_url: base_of(HOSTS[at]),
        patient_id: PATIENTS[patient].to_owned(),
        token: Some(TOKEN.to_owned()),
        person_id: person.map(|person| person.id),
    }
}
