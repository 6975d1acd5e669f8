//! Tokens are renewed on a bad network by a phone that dies at any moment: whoever did nothing wrong is never let out.
//!
//! The phone's client and the clinic are the real ones. Requests are lost, answers are lost, both come twice or hours late; the
//! phone's process ends before new tokens are kept and after; two of its processes ask at once; its clock and the clinic's
//! disagree; the clinic's power goes.

use std::sync::atomic::{AtomicI64, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use bytes::Bytes;
use http::{Request, Response};
use sokhoe_client::{
    ClientError, ClinicClient, DeviceKey, EnrolmentRequest, KnownBy, Prover, Renewal, ServerClocks,
    TokenStore, Tokens,
};
use sokhoe_clinic::{Clinic, InProcess};
use sokhoe_domain::Timestamp;
use sokhoe_domain::ports::{
    BoxFuture, Clock, KeyStore, KeyStoreError, Limits, Transport, TransportError,
};
use sokhoe_testing::disk::{CrashKind, Promise, SimDisk};
use sokhoe_testing::{FakeClock, MemoryKeys};
use sokhoe_tests::clinic_on;
use tempfile::TempDir;

use crate::dice::Dice;
use crate::network::at_once;
use crate::template::runtime;

/// Renewals that are lived through: where nothing is optimised, fewer.
const ROUNDS: usize = if cfg!(debug_assertions) {
    3_000
} else {
    100_000
};

const URL: &str = "https://hospital.example";
const PATIENT: &str = "bn-000001";
const ALIAS: &str = "device";

/// A clock that is wrong by as much as somebody set it.
struct WrongClock(Arc<FakeClock>, AtomicI64);

impl Clock for WrongClock {
    fn now(&self) -> Timestamp {
        let off = self.1.load(Ordering::SeqCst);
        Timestamp::from_millis(self.0.now().as_millis() + off)
    }

    fn sleep(&self, span: Duration) -> BoxFuture<'_, ()> {
        self.0.sleep(span)
    }
}

struct Running {
    disk: SimDisk,
    clinic: Clinic,
    answering: InProcess,
}

struct World {
    keys: TempDir,
    clock: Arc<FakeClock>,
    dice: Dice,
    running: Mutex<Running>,
    /// What is still on its way, and when it comes.
    late: Mutex<Vec<(Timestamp, Request<Bytes>)>>,
    /// Whether anything goes wrong on the way.
    bad: Mutex<bool>,
    renewals: AtomicI64,
}

fn held<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}

impl World {
    fn begin() -> Arc<Self> {
        let (keys, dice) = (TempDir::new().unwrap(), Dice::new(1, 1));
        let clock = Arc::new(FakeClock::at("2026-11-23T06:00:00+07:00"));
        let disk = SimDisk::new(Promise::PowersafeOverwrite);
        let running = open(disk, &keys, &clock, &dice);
        running.clinic.seed_hospital().unwrap();
        Arc::new(Self {
            keys,
            clock,
            dice,
            running: Mutex::new(running),
            late: Mutex::default(),
            bad: Mutex::new(false),
            renewals: AtomicI64::new(0),
        })
    }

    fn answer(&self, request: Request<Bytes>) -> Response<Bytes> {
        let answering = held(&self.running).answering.clone();
        let is_renewal = request.uri().path() == "/token";
        let answer = at_once(answering.answer(request));
        if is_renewal && answer.status() == 200 {
            self.renewals.fetch_add(1, Ordering::SeqCst);
        }
        answer
    }

    fn pass(&self, span: Duration) {
        self.clock.advance(span);
        let now = self.clock.now();
        let arrived: Vec<_> = held(&self.late)
            .extract_if(.., |(at, _)| *at <= now)
            .collect();
        for (_, request) in arrived {
            let _nobody_waits = self.answer(request);
        }
    }

    fn power_cut(&self) {
        let mut running = held(&self.running);
        let disk = running.disk.crash(CrashKind::Durable, self.dice.number());
        *running = open(disk, &self.keys, &self.clock, &self.dice);
    }

    fn between(&self, least: u64, most: u64) -> Duration {
        let seconds = Duration::from_secs;
        self.dice.between(seconds(least), seconds(most))
    }
}

fn open(disk: SimDisk, keys: &TempDir, clock: &Arc<FakeClock>, dice: &Dice) -> Running {
    let clock = Arc::clone(clock) as Arc<dyn Clock>;
    let clinic = clinic_on(&disk, keys.path(), clock, dice.rng());
    let answering = clinic.in_process(URL);
    Running {
        disk,
        clinic,
        answering,
    }
}

/// A process's way to the clinic.
struct Way(Arc<World>);

impl Transport for Way {
    fn send(
        &self,
        request: Request<Bytes>,
        limits: Limits,
    ) -> BoxFuture<'_, Result<Response<Bytes>, TransportError>> {
        let world = &self.0;
        Box::pin(async move {
            tokio::task::yield_now().await;
            let is_bad = *held(&world.bad);
            let fate = if is_bad { world.dice.below(10) } else { 9 };
            let later = |request| {
                let at = world.clock.now().plus(world.between(0, 1_200));
                held(&world.late).push((at, request));
            };
            match fate {
                0 => {
                    world.pass(limits.timeout);
                    Err(TransportError::Timeout)
                }
                1 => {
                    let _lost = world.answer(request);
                    Err(TransportError::Broken)
                }
                2 => {
                    let _lost = world.answer(request);
                    world.pass(limits.timeout);
                    Err(TransportError::Timeout)
                }
                3 => {
                    later(request.clone());
                    let answer = world.answer(request);
                    tokio::task::yield_now().await;
                    Ok(answer)
                }
                4 => {
                    later(request);
                    world.pass(limits.timeout);
                    Err(TransportError::Timeout)
                }
                5 => Err(TransportError::Unreachable),
                _ => {
                    let answer = world.answer(request);
                    tokio::task::yield_now().await;
                    Ok(answer)
                }
            }
        })
    }
}

/// What is on the phone's disk.
struct Disk(Mutex<Tokens>);

/// One process of the phone, as it sees that disk: it may die as it writes.
struct Process {
    disk: Arc<Disk>,
    world: Arc<World>,
    turn: Arc<tokio::sync::Mutex<()>>,
}

impl TokenStore for Process {
    fn tokens(&self) -> Result<Tokens, KeyStoreError> {
        Ok(held(&self.disk.0).clone())
    }

    fn keep(&self, tokens: &Tokens, instead_of: &Renewal) -> Result<(), KeyStoreError> {
        let dies = if *held(&self.world.bad) {
            self.world.dice.below(5)
        } else {
            9
        };
        if dies == 0 {
            return Err(KeyStoreError::Transient);
        }
        let mut kept = held(&self.disk.0);
        if kept.renewal == *instead_of {
            *kept = tokens.clone();
        }
        match dies {
            1 => Err(KeyStoreError::Transient),
            _ => Ok(()),
        }
    }

    fn turn(&self) -> Arc<tokio::sync::Mutex<()>> {
        Arc::clone(&self.turn)
    }
}

/// A phone of one key.
struct Phone {
    world: Arc<World>,
    keys: Arc<MemoryKeys>,
    clock: Arc<WrongClock>,
    disk: Arc<Disk>,
    let_in: Timestamp,
}

impl Phone {
    async fn enrolled(world: &Arc<World>) -> Self {
        *held(&world.bad) = false;
        let clinic = held(&world.running).clinic.clone();
        let valid_for = Duration::from_secs(600);
        let shown = clinic.issue_enrolment(&[PATIENT.to_owned()], valid_for, URL);
        let code = sokhoe_qr::Enrolment::read(&shown.unwrap().text, world.clock.now());
        let (keys, clock) = (
            Arc::<MemoryKeys>::default(),
            Arc::new(WrongClock(Arc::clone(&world.clock), AtomicI64::new(0))),
        );
        let client = client(world, &keys, &clock, None, ServerClocks::default());
        let request = EnrolmentRequest {
            code: code.unwrap().code,
            device_id: "device-of-the-phone".to_owned(),
            device_name: "phone".to_owned(),
            word: None,
        };
        let tokens = client.enrol(&request).await.unwrap().tokens;
        *held(&world.bad) = true;
        Self {
            world: Arc::clone(world),
            keys,
            clock,
            disk: Arc::new(Disk(Mutex::new(tokens))),
            let_in: world.clock.now(),
        }
    }

    /// What a process has that just began.
    fn process(&self, clocks: ServerClocks) -> ClinicClient {
        let process = Process {
            disk: Arc::clone(&self.disk),
            world: Arc::clone(&self.world),
            turn: Arc::default(),
        };
        let tokens: Option<Arc<dyn TokenStore>> = Some(Arc::new(process));
        client(&self.world, &self.keys, &self.clock, tokens, clocks)
    }
}

fn client(
    world: &Arc<World>,
    keys: &Arc<MemoryKeys>,
    clock: &Arc<WrongClock>,
    tokens: Option<Arc<dyn TokenStore>>,
    clocks: ServerClocks,
) -> ClinicClient {
    let public = keys.signing_key(ALIAS).unwrap();
    let prover = Prover {
        key: DeviceKey::new(Arc::clone(keys) as _, ALIAS.to_owned(), public),
        clock: Arc::clone(clock) as _,
        rng: world.dice.rng(),
        clocks,
    };
    let known_by = KnownBy { prover, tokens };
    ClinicClient::new(URL, Some(known_by), Arc::new(Way(Arc::clone(world)))).unwrap()
}

/// Whether a clinic let somebody out.
fn check(came: Result<String, ClientError>) -> bool {
    match came {
        Ok(_) => true,
        Err(ClientError::Unauthorized) => panic!("let out, and nobody did anything wrong"),
        Err(_) => false,
    }
}

#[test]
fn a_bad_network_and_a_dying_phone_never_let_it_out() {
    let key = sokhoe_domain::ResourceKey::new("Patient", PATIENT);
    runtime().block_on(async {
        let world = World::begin();
        let mut phone = Phone::enrolled(&world).await;
        let (mut answered, mut rounds) = (0, 0);
        while world.renewals.load(Ordering::SeqCst) < ROUNDS as i64 {
            rounds += 1;
            // Most days it asks once, or several times at once.
            world.pass(world.between(0, 40 * 3_600));
            if world.clock.now().since(phone.let_in) > Duration::from_secs(80 * 86_400) {
                phone = Phone::enrolled(&world).await;
            }
            if world.dice.percent(2) {
                let off = i64::try_from(world.dice.below(96 * 3_600)).unwrap() - 48 * 3_600;
                phone.clock.1.store(off * 1_000, Ordering::SeqCst);
            }
            if world.dice.percent(1) {
                world.power_cut();
            }
            let clocks = ServerClocks::default();
            let one = phone.process(clocks.clone());
            for _ in 0..1 + world.dice.below(4) {
                if world.dice.percent(30) {
                    // Another process of the same phone, at the same time.
                    let other = phone.process(clocks.clone());
                    let (a, b) = tokio::join!(one.resource(&key), other.resource(&key));
                    answered += usize::from(check(a)) + usize::from(check(b));
                } else {
                    answered += usize::from(check(one.resource(&key).await));
                }
                world.pass(world.between(0, 200));
            }
        }
        // Once the network is good it has what it asks for.
        *held(&world.bad) = false;
        world.pass(Duration::from_secs(1_300));
        assert!(check(
            phone.process(ServerClocks::default()).resource(&key).await
        ));
        println!("{ROUNDS} renewals in {rounds} rounds, {answered} answers");
        assert!(answered * 2 > rounds, "hardly anything was answered");
    });
}
