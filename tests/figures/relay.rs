//! What lies between a phone and our clinic in a measurement: it counts what passes, and can be as slow as a
//! network on a mountain road.

use std::net::SocketAddr;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use tokio::io::{AsyncRead, AsyncReadExt as _, AsyncWrite, AsyncWriteExt as _};
use tokio::net::{TcpListener, TcpStream};
use tokio::sync::mpsc;
use tokio::time::Instant;

/// How quick it is.
#[derive(Clone, Copy)]
pub enum Pace {
    /// As quick as the machine.
    Loopback,
    /// A link that all connections share: bits a second in each direction, and the time there and back.
    /// A connection that begins costs two of those: TCP's handshake and that of TLS 1.3.
    Slow {
        bits_per_second: u32,
        round_trip: Duration,
    },
}

/// Bytes that TCP has on the way at most, in this relay.
const PIECES_ON_THE_WAY: usize = 16;
/// Bytes that are passed at once.
const PIECE: usize = 4 << 10;

/// What went through.
#[derive(Clone, Copy)]
pub struct Counted {
    pub up: f64,
    pub down: f64,
    pub trips: f64,
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
    is_up: AtomicBool,
}

pub struct Relay {
    address: SocketAddr,
    counters: Arc<Counters>,
}

impl Relay {
    pub async fn start(to: &str, pace: Pace) -> Self {
        let to = to
            .strip_prefix("http://")
            .expect("loopback is plain")
            .to_owned();
        let listener = TcpListener::bind("127.0.0.1:0").await.expect("a port");
        let address = listener.local_addr().expect("an address");
        let counters = Arc::new(Counters::default());
        let counting = Arc::clone(&counters);
        let (up, down) = (Arc::new(Way::new(pace)), Arc::new(Way::new(pace)));
        tokio::spawn(async move {
            while let Ok((phone, _)) = listener.accept().await {
                let Ok(clinic) = TcpStream::connect(&to).await else {
                    continue;
                };
                let _quick = (phone.set_nodelay(true), clinic.set_nodelay(true));
                let (from_phone, to_phone) = phone.into_split();
                let (from_clinic, to_clinic) = clinic.into_split();
                let (to, from) = (Arc::clone(&up), Arc::clone(&down));
                tokio::spawn(pass(from_phone, to_clinic, to, Arc::clone(&counting), true));
                tokio::spawn(pass(
                    from_clinic,
                    to_phone,
                    from,
                    Arc::clone(&counting),
                    false,
                ));
            }
        });
        Self { address, counters }
    }

    pub fn url(&self) -> String {
        format!("http://{}", self.address)
    }

    pub fn counted(&self) -> Counted {
        let of = |counter: &AtomicU64| counter.load(Ordering::SeqCst) as f64;
        Counted {
            up: of(&self.counters.up),
            down: of(&self.counters.down),
            trips: of(&self.counters.trips),
        }
    }
}

/// One direction of the link.
struct Way {
    pace: Pace,
    /// When what was given to it so far has left.
    free: Mutex<Instant>,
}

impl Way {
    fn new(pace: Pace) -> Self {
        Self {
            pace,
            free: Mutex::new(Instant::now()),
        }
    }

    /// When so many bytes arrive that are given to it now.
    fn arrival(&self, bytes: usize) -> Instant {
        let now = Instant::now();
        let Pace::Slow {
            bits_per_second,
            round_trip,
        } = self.pace
        else {
            return now;
        };
        let takes = Duration::from_secs_f64(bytes as f64 * 8.0 / f64::from(bits_per_second));
        let mut free = self.free.lock().unwrap_or_else(PoisonError::into_inner);
        *free = (*free).max(now) + takes;
        *free + round_trip / 2
    }

    /// Until a connection stands.
    async fn connect(&self) {
        if let Pace::Slow { round_trip, .. } = self.pace {
            tokio::time::sleep(2 * round_trip).await;
        }
    }
}

async fn pass(
    mut from: impl AsyncRead + Unpin,
    mut to: impl AsyncWrite + Unpin + Send + 'static,
    way: Arc<Way>,
    counters: Arc<Counters>,
    is_up: bool,
) {
    if is_up {
        way.connect().await;
    }
    let (on_the_way, mut arriving) = mpsc::channel::<(Instant, Vec<u8>)>(PIECES_ON_THE_WAY);
    tokio::spawn(async move {
        while let Some((at, piece)) = arriving.recv().await {
            tokio::time::sleep_until(at).await;
            if to.write_all(&piece).await.is_err() {
                return;
            }
        }
        let _closed = to.shutdown().await;
    });
    let mut piece = vec![0; PIECE];
    while let Ok(read @ 1..) = from.read(&mut piece).await {
        let counter = if is_up { &counters.up } else { &counters.down };
        counter.fetch_add(read as u64, Ordering::SeqCst);
        if counters.is_up.swap(is_up, Ordering::SeqCst) && !is_up {
            counters.trips.fetch_add(1, Ordering::SeqCst);
        }
        let passed = (way.arrival(read), piece[..read].to_vec());
        if on_the_way.send(passed).await.is_err() {
            return;
        }
    }
}
