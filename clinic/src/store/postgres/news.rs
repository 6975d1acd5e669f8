//! What processes of one clinic tell each other. A process says what it committed by NOTIFY, some commits at a time and
//! outside of their transactions: inside, the server would let such commits through one at a time. One that is killed in
//! between says nothing, so every process also looks for changes itself, every few seconds.

use std::collections::{BTreeMap, BTreeSet};
use std::fmt;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::mpsc::{Receiver, Sender, channel};
use std::thread::JoinHandle;
use std::time::{Duration, Instant};

use postgres::fallible_iterator::FallibleIterator as _;
use serde::{Deserialize, Serialize};

use super::StoreError;
use super::connect::{Connection, Server};
use crate::store::calendar_version;
use crate::store::sql::Sql;
use crate::store::wakers::{DeskNews, News, Wakers};

const CHANNEL: &str = "sokhoe";
/// How long news are gathered.
const GATHER: Duration = Duration::from_millis(10);
/// Persons in one message: PostgreSQL takes less than 8000 bytes.
const PERSONS: usize = 80;
/// How often a process looks itself.
const LOOK: Duration = Duration::from_secs(3);
/// How far back it looks: longer than a transaction may take.
const BACK_MILLIS: i64 = 45_000;
/// A pause before connecting again.
const PAUSE: Duration = Duration::from_millis(500);

/// News as they travel.
#[derive(Debug, Serialize, Deserialize)]
struct Message {
    #[serde(default)]
    patients: BTreeSet<String>,
    #[serde(default)]
    bookings: bool,
    #[serde(default)]
    payments: bool,
    #[serde(default)]
    queue: bool,
    #[serde(default)]
    calendar: bool,
}

/// The threads that tell and are told.
pub(super) struct Exchange {
    outgoing: Option<Sender<News>>,
    stop: Arc<AtomicBool>,
    threads: Vec<JoinHandle<()>>,
}

impl fmt::Debug for Exchange {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Exchange").finish_non_exhaustive()
    }
}

impl Exchange {
    pub fn start(server: &Arc<Server>, wakers: Arc<Wakers>) -> Self {
        let (outgoing, news) = channel();
        let stop = Arc::new(AtomicBool::new(false));
        let (teller, listener) = (Arc::clone(server), Arc::clone(server));
        let stopped = Arc::clone(&stop);
        let thread = |name: &str, work: Box<dyn FnOnce() + Send>| {
            std::thread::Builder::new()
                .name(name.to_owned())
                .spawn(work)
                .map_err(|_| tracing::error!("no thread for the news"))
                .ok()
        };
        let threads = [
            thread("clinic-tells", Box::new(move || tell(&teller, &news))),
            thread(
                "clinic-listens",
                Box::new(move || listen(&listener, &wakers, &stopped)),
            ),
        ];
        Self {
            outgoing: Some(outgoing),
            stop,
            threads: threads.into_iter().flatten().collect(),
        }
    }

    /// Where news go.
    pub fn outgoing(&self) -> Sender<News> {
        self.outgoing.clone().unwrap_or_else(|| channel().0)
    }
}

impl Drop for Exchange {
    fn drop(&mut self) {
        self.outgoing = None;
        self.stop.store(true, Ordering::SeqCst);
        for thread in self.threads.drain(..) {
            if thread.thread().id() != std::thread::current().id() {
                let _it_ended = thread.join();
            }
        }
    }
}

/// Tells the others until there is nobody who would have news.
fn tell(server: &Server, news: &Receiver<News>) {
    let mut connection: Option<Connection> = None;
    while let Ok(mut gathered) = news.recv() {
        std::thread::sleep(GATHER);
        while let Ok(more) = news.try_recv() {
            gathered.append(more);
        }
        for message in messages(&gathered) {
            // What cannot be told is found by looking.
            if let Err(error) = send(server, &mut connection, &message) {
                tracing::warn!(%error, "news for other processes were lost");
                connection = None;
            }
        }
    }
}

fn send(
    server: &Server,
    connection: &mut Option<Connection>,
    message: &str,
) -> Result<(), StoreError> {
    let connection = match connection {
        Some(connection) => connection,
        none => none.insert(server.connect()?),
    };
    connection
        .client
        .execute("SELECT pg_notify($1, $2)", &[&CHANNEL, &message])?;
    Ok(())
}

fn messages(news: &News) -> Vec<String> {
    let patients: Vec<&String> = news.patients.iter().collect();
    let mut pieces: Vec<&[&String]> = patients.chunks(PERSONS).collect();
    if pieces.is_empty() {
        pieces.push(&[]);
    }
    pieces
        .into_iter()
        .map(|piece| Message {
            patients: piece.iter().map(|&patient| patient.clone()).collect(),
            bookings: news.desk.contains(&DeskNews::Bookings),
            payments: news.desk.contains(&DeskNews::Payments),
            queue: news.desk.contains(&DeskNews::Queue),
            calendar: news.calendar,
        })
        .filter_map(|message| serde_json::to_string(&message).ok())
        .collect()
}

fn read(text: &str) -> Option<News> {
    let message: Message = serde_json::from_str(text).ok()?;
    let desk = [
        message.bookings.then_some(DeskNews::Bookings),
        message.payments.then_some(DeskNews::Payments),
        message.queue.then_some(DeskNews::Queue),
    ];
    Some(News {
        patients: message.patients,
        desk: desk.into_iter().flatten().collect(),
        calendar: message.calendar,
        waiting_list: false,
    })
}

/// Listens until it is told to stop; connects again as often as it must.
fn listen(server: &Server, wakers: &Wakers, stop: &AtomicBool) {
    while !stop.load(Ordering::SeqCst) {
        if let Err(error) = listen_once(server, wakers, stop) {
            tracing::warn!(%error, "the news of other processes stop for a while");
            std::thread::sleep(PAUSE);
        }
    }
}

#[expect(
    clippy::disallowed_methods,
    reason = "how often to look is real time, also where a clinic's clock is not"
)]
fn listen_once(server: &Server, wakers: &Wakers, stop: &AtomicBool) -> Result<(), StoreError> {
    let mut connection = server.connect()?;
    connection
        .client
        .batch_execute(&format!("LISTEN {CHANNEL}"))?;
    let mut seen = Seen::default();
    look(&mut connection, &mut seen)?;
    // What was told before it listened it did not hear.
    wakers.wake_all();
    let mut looked = Instant::now();
    while !stop.load(Ordering::SeqCst) {
        let told = connection
            .client
            .notifications()
            .timeout_iter(Duration::from_millis(250))
            .next()?;
        if let Some(news) = told.and_then(|told| read(told.payload())) {
            wakers.wake(&news);
        }
        if connection.client.is_closed() {
            return Err(StoreError::Stopped);
        }
        if looked.elapsed() >= LOOK {
            let news = look(&mut connection, &mut seen)?;
            wakers.wake(&news);
            looked = Instant::now();
        }
    }
    Ok(())
}

/// What a look found.
#[derive(Default)]
struct Seen {
    feeds: BTreeMap<String, i64>,
    /// How often each line of the queue moved: by day and schedule.
    lines: BTreeMap<(String, i64), i64>,
    calendar: i64,
}

/// Whose feeds went on since the last look, who waits in lines that moved, and whether what is offered changed.
fn look(connection: &mut Connection, seen: &mut Seen) -> Result<News, StoreError> {
    let session = connection.begin_to_read()?;
    let calendar = calendar_version::read(Sql::new(&session))?;
    drop(session);
    let rows = connection.client.query(
        "SELECT patient, seq FROM feed
         WHERE written > CAST(extract(epoch FROM clock_timestamp()) * 1000 AS BIGINT) - $1",
        &[&BACK_MILLIS],
    )?;
    let mut now = BTreeMap::new();
    for row in rows {
        now.insert(row.try_get::<_, String>(0)?, row.try_get::<_, i64>(1)?);
    }
    let mut patients = now
        .iter()
        .filter(|(patient, seq)| seen.feeds.get(*patient) != Some(seq))
        .map(|(patient, _)| patient.clone())
        .collect::<BTreeSet<_>>();
    let lines = look_at_lines(connection)?;
    for ((day, schedule), moves) in &lines {
        if seen.lines.get(&(day.clone(), *schedule)) != Some(moves) {
            patients.extend(waiting_in(connection, day, *schedule)?);
        }
    }
    let is_other = calendar != seen.calendar;
    *seen = Seen {
        feeds: now,
        lines,
        calendar,
    };
    // Who changed a booking or an invoice, or was called, is in a feed, too.
    let desk = if patients.is_empty() {
        BTreeSet::new()
    } else {
        BTreeSet::from(DeskNews::ALL)
    };
    Ok(News {
        patients,
        desk,
        calendar: is_other,
        waiting_list: false,
    })
}

/// How often the lines moved that moved lately.
fn look_at_lines(connection: &mut Connection) -> Result<BTreeMap<(String, i64), i64>, StoreError> {
    let rows = connection.client.query(
        "SELECT day, schedule, moves FROM queue_line
         WHERE written > CAST(extract(epoch FROM clock_timestamp()) * 1000 AS BIGINT) - $1",
        &[&BACK_MILLIS],
    )?;
    let mut lines = BTreeMap::new();
    for row in rows {
        lines.insert((row.try_get(0)?, row.try_get(1)?), row.try_get(2)?);
    }
    Ok(lines)
}

fn waiting_in(
    connection: &mut Connection,
    day: &str,
    schedule: i64,
) -> Result<Vec<String>, StoreError> {
    let rows = connection.client.query(
        "SELECT a.patient FROM visit v JOIN appointment a ON a.pk = v.appointment
         WHERE v.day = $1 AND v.schedule = $2 AND v.state = 'waiting'",
        &[&day, &schedule],
    )?;
    rows.iter().map(|row| Ok(row.try_get(0)?)).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn news_travel_in_pieces_that_postgres_takes() {
        let news = News {
            patients: (0..200).map(|n| format!("{n:064}")).collect(),
            desk: BTreeSet::from([DeskNews::Bookings, DeskNews::Queue]),
            calendar: true,
            waiting_list: false,
        };
        let sent = messages(&news);
        assert!(sent.iter().all(|message| message.len() < 8000));
        let mut heard = News::default();
        for message in &sent {
            heard.append(read(message).unwrap());
        }
        assert_eq!(heard, news);
        assert_eq!(read("not ours"), None);
    }
}
