//! What a sync puts on the wire: bytes and round trips between a phone and our clinic over loopback.
//!
//! Counted by a relay between the two, so that heads and bodies count as they travel (HTTP/1.1, gzip). TLS is not in
//! it: it adds some 30 bytes a record, and a handshake where a connection is new.

use std::net::SocketAddr;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::Duration;

use sokhoe_tests::book::exported_resources;
use sokhoe_tests::{BOOK_PATIENT, TestClinic, TestPhone};
use tokio::io::{AsyncRead, AsyncReadExt as _, AsyncWrite, AsyncWriteExt as _};
use tokio::net::{TcpListener, TcpStream};

use crate::report::Figure;

pub const NAMES: [&str; 3] = ["wire_ratio", "idle_sync_bytes", "idle_sync_trips"];

pub async fn measure() -> Vec<Figure> {
    let clinic = TestClinic::with_book().await;
    let relay = Relay::start(&clinic.url).await;
    let phone = TestPhone::new();
    let code = clinic
        .clinic
        .issue_enrolment(
            &[BOOK_PATIENT.to_owned()],
            Duration::from_secs(600),
            &relay.url(),
        )
        .expect("an enrolment");
    let enrolled = phone.app.enrol(&code.text).await.expect("enrolled");
    let person = &enrolled.persons[0].id;

    let before = relay.counted();
    let synced = phone.app.sync(person).await.expect("a sync");
    let first = relay.counted() - before;
    let mut json = Vec::new();
    phone.app.export_fhir(person, &mut json).expect("the book");
    let json: usize = exported_resources(&json)
        .iter()
        .map(|json| json.len())
        .sum();

    let before = relay.counted();
    let nothing = phone.app.sync(person).await.expect("a sync");
    assert_eq!(nothing.stored, 0);
    let idle = relay.counted() - before;
    let samples = usize::try_from(synced.stored).unwrap_or(usize::MAX);
    vec![
        Figure::new(
            "wire_ratio",
            (first.up + first.down) / json as f64,
            "",
            samples,
        ),
        Figure::new("idle_sync_bytes", idle.up.max(idle.down), "bytes", 1),
        Figure::new("idle_sync_trips", idle.trips, "", 1),
    ]
}

/// What went through.
#[derive(Clone, Copy)]
struct Counted {
    up: f64,
    down: f64,
    trips: f64,
}

impl std::ops::Sub for Counted {
    type Output = Self;

    fn sub(self, before: Self) -> Self {
        Self {
            up: self.up - before.up,
            down: self.down - before.down,
            trips: self.trips - before.trips,
        }
    }
}

#[derive(Default)]
struct Counters {
    up: AtomicU64,
    down: AtomicU64,
    /// How often the direction turned to the phone.
    trips: AtomicU64,
    /// Whether the last bytes went up.
    is_up: std::sync::atomic::AtomicBool,
}

struct Relay {
    address: SocketAddr,
    counters: Arc<Counters>,
}

impl Relay {
    async fn start(to: &str) -> Self {
        let to = to
            .strip_prefix("http://")
            .expect("loopback is plain")
            .to_owned();
        let listener = TcpListener::bind("127.0.0.1:0").await.expect("a port");
        let address = listener.local_addr().expect("an address");
        let counters = Arc::new(Counters::default());
        let counting = Arc::clone(&counters);
        tokio::spawn(async move {
            while let Ok((phone, _)) = listener.accept().await {
                let Ok(clinic) = TcpStream::connect(&to).await else {
                    continue;
                };
                let _quick = (phone.set_nodelay(true), clinic.set_nodelay(true));
                let (from_phone, to_phone) = phone.into_split();
                let (from_clinic, to_clinic) = clinic.into_split();
                tokio::spawn(pass(from_phone, to_clinic, Arc::clone(&counting), true));
                tokio::spawn(pass(from_clinic, to_phone, Arc::clone(&counting), false));
            }
        });
        Self { address, counters }
    }

    fn url(&self) -> String {
        format!("http://{}", self.address)
    }

    fn counted(&self) -> Counted {
        let of = |counter: &AtomicU64| counter.load(Ordering::SeqCst) as f64;
        Counted {
            up: of(&self.counters.up),
            down: of(&self.counters.down),
            trips: of(&self.counters.trips),
        }
    }
}

async fn pass(
    mut from: impl AsyncRead + Unpin,
    mut to: impl AsyncWrite + Unpin,
    counters: Arc<Counters>,
    is_up: bool,
) {
    let mut piece = vec![0; 64 << 10];
    while let Ok(read @ 1..) = from.read(&mut piece).await {
        let counter = if is_up { &counters.up } else { &counters.down };
        counter.fetch_add(read as u64, Ordering::SeqCst);
        if counters.is_up.swap(is_up, Ordering::SeqCst) && !is_up {
            counters.trips.fetch_add(1, Ordering::SeqCst);
        }
        if to.write_all(&piece[..read]).await.is_err() {
            return;
        }
    }
    let _closed = to.shutdown().await;
}
