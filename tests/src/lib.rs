//! What the tests across boundaries share: a clinic and phones as people have them.

pub mod book;
pub mod browser;
pub mod canaries;
pub mod crowd;
pub mod foreign;
pub mod hapi_process;
pub mod hurried_clock;
pub mod numbered;
pub mod openid_provider;
pub mod plain_http;
pub mod ring;
pub mod shifted_clock;

use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::Duration;

use sokhoe_app::domain::ports::{Clock, KeyStore, Ports, Rng, Transport, VaultFiles as _};
use sokhoe_app::domain::{GrantScope, Timestamp};
use sokhoe_app::{
    AppConfig, BookRequest, BookingView, EnrolmentView, FindSlotsRequest, Language, SlotView,
    SoKhoe, SystemClock, system_ports,
};
use sokhoe_clinic::{
    BankMessages, Clinic, ClinicConfig, DataSource, Giver, GrantRequest, ImportOptions,
    OfferedGrant, Running, SepayKeys, Shown, SignIn, Work,
};
use sokhoe_testing::bank::BANK_KEY;
use sokhoe_testing::disk::SimDisk;
use sokhoe_testing::{CuttableTransport, MemoryKeys};
use tempfile::TempDir;
use tokio::net::TcpListener;

/// The Patient id of the demo patient, whose book is real input (tests/data/README.md).
pub const BOOK_PATIENT: &str = include_str!("../data/patient-id.txt");

/// A patient of the seeded hospital with an empty book.
pub const EMPTY_PATIENT: &str = "bn-000002";

/// Another one.
pub const NEIGHBOUR: &str = "bn-000003";

/// A file of `tests/data`.
#[must_use]
pub fn data(name: &str) -> PathBuf {
    PathBuf::from(env!("CARGO_MANIFEST_DIR"))
        .join("data")
        .join(name)
}

/// A served clinic in its own folder.
pub struct TestClinic {
    /// The clinic.
    pub clinic: Clinic,
    /// Where phones reach it.
    pub url: String,
    running: Option<Running>,
    folder: TempDir,
}

impl std::fmt::Debug for TestClinic {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("TestClinic")
            .field("url", &self.url)
            .finish_non_exhaustive()
    }
}

impl TestClinic {
    /// The seeded hospital.
    ///
    /// # Panics
    /// When it cannot be started.
    pub async fn start() -> Self {
        Self::start_at(Arc::new(SystemClock)).await
    }

    /// The same, by another clock.
    ///
    /// # Panics
    /// When it cannot be started.
    pub async fn start_at(clock: Arc<dyn Clock>) -> Self {
        Self::start_with(clock, None).await
    }

    /// The same, where people sign in, too.
    ///
    /// # Panics
    /// When it cannot be started.
    pub async fn start_with(clock: Arc<dyn Clock>, sign_in: Option<SignIn>) -> Self {
        canaries::watch();
        let folder = TempDir::new().expect("a folder");
        let data = DataSource::Folder(folder.path().join("clinic"));
        let config = ClinicConfig {
            clock,
            sign_in,
            bank_messages: Some(BankMessages {
                sepay: Some(SepayKeys {
                    secret: Some(BANK_KEY.to_owned()),
                    api_key: None,
                }),
                ..BankMessages::default()
            }),
            ..ClinicConfig::on_this_machine(data)
        };
        let clinic = Clinic::open(config).expect("a clinic");
        clinic.seed_hospital().expect("a hospital");
        let listener = TcpListener::bind("127.0.0.1:0").await.expect("a port");
        let url = format!("http://{}", listener.local_addr().expect("an address"));
        let running = clinic.serve(listener, &url).await.expect("a server");
        Self {
            clinic,
            url,
            running: Some(running),
            folder,
        }
    }

    /// The seeded hospital with the demo patient's book in it.
    ///
    /// # Panics
    /// When it cannot be started.
    pub async fn with_book() -> Self {
        let clinic = Self::start().await;
        let files = [
            data("synthea-patient.ndjson.gz"),
            data("hl7-book.ndjson.gz"),
        ];
        let report = clinic
            .clinic
            .import(&files, &ImportOptions::default())
            .expect("an import");
        assert!(report.skipped.is_empty(), "{:?}", report.skipped);
        clinic
    }

    /// The text of an enrolment QR for these patients.
    ///
    /// # Panics
    /// When there is no such patient.
    #[must_use]
    pub fn enrolment(&self, patients: &[&str]) -> String {
        let patients: Vec<String> = patients.iter().map(|p| (*p).to_owned()).collect();
        self.clinic
            .issue_enrolment(&patients, Duration::from_secs(600), &self.url)
            .expect("an enrolment")
            .text
    }

    /// An invitation to help this patient for a month.
    ///
    /// # Panics
    /// When there is no such patient.
    #[must_use]
    pub fn invites_a_helper(&self, patient: &str, scopes: &[GrantScope]) -> OfferedGrant {
        let request = months_grant(patient, scopes, now());
        let valid_for = Duration::from_secs(600);
        let offered = self.clinic.offer_grant(&request, valid_for, &self.url);
        offered.expect("an invitation")
    }

    /// The desk's address with the key of this run.
    ///
    /// # Panics
    /// When it was stopped.
    #[must_use]
    pub fn desk_url(&self) -> &str {
        &self.running.as_ref().expect("it runs").desk_url
    }

    /// The number on a patient's citizen card.
    ///
    /// # Panics
    /// When they have none.
    #[must_use]
    pub fn citizen_number(&self, patient: &str) -> String {
        let connection = rusqlite::Connection::open(self.database()).expect("a database");
        let text =
            "SELECT value FROM patient_identifier WHERE patient = ?1 AND system LIKE '%/cccd'";
        let number = connection.query_row(text, [patient], |row| row.get(0));
        number.expect("a card")
    }

    /// Its database, to break in.
    #[must_use]
    pub fn database(&self) -> PathBuf {
        self.folder.path().join("clinic").join("clinic.db")
    }

    /// Serves again where it was.
    ///
    /// # Panics
    /// When it cannot.
    pub async fn serve_again(&mut self) {
        let address = self.url.trim_start_matches("http://");
        let listener = TcpListener::bind(address).await.expect("its port");
        let running = self.clinic.serve(listener, &self.url).await;
        self.running = Some(running.expect("a server"));
    }

    /// Stops serving; the data stay.
    pub async fn stop(&mut self) {
        if let Some(running) = self.running.take() {
            running.shutdown().await;
        }
    }
}

/// A phone core as an app starts it, whose network and key store can be made to fail.
pub struct TestPhone {
    /// The core.
    pub app: SoKhoe,
    /// Its key store.
    pub keys: Arc<MemoryKeys>,
    /// Its network.
    pub network: CuttableTransport,
    /// Its folder.
    pub folder: TempDir,
    /// Its clock.
    pub clock: Arc<dyn Clock>,
}

impl std::fmt::Debug for TestPhone {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("TestPhone").finish_non_exhaustive()
    }
}

impl TestPhone {
    /// A new phone.
    ///
    /// # Panics
    /// When it cannot be started.
    #[must_use]
    pub fn new() -> Self {
        Self::new_at(Arc::new(SystemClock))
    }

    /// The same, by another clock.
    ///
    /// # Panics
    /// When it cannot be started.
    #[must_use]
    pub fn new_at(clock: Arc<dyn Clock>) -> Self {
        canaries::watch();
        let folder = TempDir::new().expect("a folder");
        let keys = Arc::new(MemoryKeys::default());
        let ports = real_ports(folder.path(), Arc::clone(&keys) as Arc<dyn KeyStore>);
        let network = CuttableTransport::new(Arc::clone(&ports.transport));
        let ports = Ports {
            clock: Arc::clone(&clock),
            transport: Arc::new(network.clone()) as Arc<dyn Transport>,
            ..ports
        };
        let app = SoKhoe::open(config(), ports).expect("a core");
        Self {
            app,
            keys,
            network,
            folder,
            clock,
        }
    }

    /// Opens the same phone again, as after a restart.
    ///
    /// # Panics
    /// When it cannot be started.
    #[must_use]
    pub fn restarted(self) -> Self {
        let clock = Arc::clone(&self.clock);
        self.restarted_under(clock)
    }

    /// The same, under another clock.
    ///
    /// # Panics
    /// When it cannot be started.
    #[must_use]
    pub fn restarted_under(self, clock: Arc<dyn Clock>) -> Self {
        let Self {
            app,
            keys,
            network,
            folder,
            clock: _,
        } = self;
        drop(app);
        let ports = real_ports(folder.path(), Arc::clone(&keys) as Arc<dyn KeyStore>);
        let ports = Ports {
            clock: Arc::clone(&clock),
            transport: Arc::new(network.clone()) as Arc<dyn Transport>,
            ..ports
        };
        let app = SoKhoe::open(config(), ports).expect("a core");
        Self {
            app,
            keys,
            network,
            folder,
            clock,
        }
    }

    /// A new phone that is enrolled for one patient.
    ///
    /// # Panics
    /// When the clinic does not let it in.
    pub async fn enrolled(clinic: &TestClinic, patient: &str) -> (Self, String) {
        let phone = Self::new();
        let enrolment = phone.enrol(clinic, patient).await;
        let person = enrolment.persons[0].id.clone();
        (phone, person)
    }

    /// Enrols for one patient.
    ///
    /// # Panics
    /// When the clinic does not let it in.
    pub async fn enrol(&self, clinic: &TestClinic, patient: &str) -> EnrolmentView {
        self.app
            .enrol(&clinic.enrolment(&[patient]))
            .await
            .expect("an enrolment")
    }

    /// Free times of the coming week at which one person fills the seat, one after the other: taking blood has four seats, and
    /// one doctor offers two things at the same time, of which a booking takes both. Which time comes first depends on the time
    /// of day.
    ///
    /// # Panics
    /// When the clinic gives none.
    pub async fn free_times(&self, person: &str, limit: u32) -> Vec<SlotView> {
        let clinic = self.app.clinics().expect("clinics")[0].id.clone();
        let from = SystemClock.now();
        let request = FindSlotsRequest {
            person_id: person.to_owned(),
            clinic_id: clinic,
            service_id: None,
            from,
            to: from.plus(Duration::from_secs(7 * 86_400)),
            limit: 100,
            criteria: None,
            has_referral: false,
        };
        let mut slots = self.app.find_slots(request).await.expect("free times");
        slots.retain(|slot| slot.practitioner != "KTV. Phòng lấy máu");
        let mut free_from = from;
        slots.retain(|slot| {
            let is_after = slot.start >= free_from;
            if is_after {
                free_from = slot.end;
            }
            is_after
        });
        slots.truncate(limit as usize);
        assert!(!slots.is_empty(), "a week without a free time");
        slots
    }

    /// Books a free time.
    ///
    /// # Errors
    /// What the core says.
    pub async fn book(
        &self,
        person: &str,
        slot: SlotView,
    ) -> Result<BookingView, sokhoe_app::AppError> {
        self.app
            .book(BookRequest {
                person_id: person.to_owned(),
                slot,
                otherwise: None,
            })
            .await
    }
}

impl Default for TestPhone {
    fn default() -> Self {
        Self::new()
    }
}

/// What a patient allows a helper for a month from this time on.
#[must_use]
pub fn months_grant(patient: &str, scopes: &[GrantScope], now: Timestamp) -> GrantRequest {
    GrantRequest {
        patient: patient.to_owned(),
        person: "Bà Mai".to_owned(),
        helper: "Lò Văn Giúp".to_owned(),
        scopes: scopes.iter().copied().collect(),
        until: now.plus(Duration::from_secs(30 * 86_400)),
        giver: Giver::Person,
        shown: Shown {
            text: "Tôi đồng ý.".to_owned(),
            language: "vi".to_owned(),
            version: "1".to_owned(),
        },
    }
}

/// Opens a clinic on a simulated disk; it works where it is called.
///
/// # Panics
/// When it cannot be opened.
#[must_use]
pub fn clinic_on(disk: &SimDisk, keys: &Path, clock: Arc<dyn Clock>, rng: Arc<dyn Rng>) -> Clinic {
    let data = DataSource::Vfs {
        vfs: disk.sqlite_vfs().expect("a VFS").to_owned(),
        database: disk.database_path("clinic.db"),
        keys: keys.to_owned(),
    };
    let config = ClinicConfig {
        work: Work::WhereCalled,
        ..ClinicConfig::new(data, clock, rng)
    };
    Clinic::open(config).expect("a clinic")
}

/// English texts, so that a failing test can be read by everyone.
#[must_use]
pub fn config() -> AppConfig {
    AppConfig {
        language: Language::En,
        device_name: "test phone".to_owned(),
    }
}

/// The ports of a real phone.
///
/// # Panics
/// When they cannot be made.
#[must_use]
pub fn real_ports(folder: &Path, keys: Arc<dyn KeyStore>) -> Ports {
    system_ports(folder, keys).expect("ports")
}

/// Now, by this machine's clock.
#[must_use]
pub fn now() -> Timestamp {
    SystemClock.now()
}
