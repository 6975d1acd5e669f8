//! Names, numbers and diagnoses that must appear in no log, whatever people do and whatever goes wrong.
//!
//! Once they are watched for, this process ends at once where one of them is in an event of [`tracing`], of whatever level and of
//! whatever crate, or in the message of a panic of ours. Tests that do what people do call [`watch_for`] as they begin, and so look
//! at all of it. (Records of the `log` crate go nowhere: no program of ours takes them.)

use std::collections::HashSet;
use std::io::{self, Write};
use std::sync::{Once, PoisonError, RwLock};

use tracing_subscriber::fmt::MakeWriter;

/// The seeded hospital's patients with their cards, and whoever helps them.
pub const PEOPLE: [&str; 22] = [
    "Quàng Thị Mai",
    "011156000123",
    "HT3110112345678",
    "Quàng Văn Thịnh",
    "011084000456",
    "DN4110123456789",
    "Nguyễn Thị Ngọc Ánh",
    "011191000789",
    "0123456789",
    "Trần Minh Đức",
    "001078000321",
    "Đặng Gia Hân",
    "011321000654",
    "TE1110100000001",
    "Vàng A Páo",
    "011069000987",
    "DK2110198765432",
    "Lò Thị Hương",
    "011155000123",
    "DT2111120000123",
    "Lò Văn Giúp",
    "Bà Mai",
];

static WATCHED: RwLock<Option<HashSet<String>>> = RwLock::new(None);

/// From now on these must appear nowhere.
pub fn watch_for<S: Into<String>>(canaries: impl IntoIterator<Item = S>) {
    let mut watched = WATCHED.write().unwrap_or_else(PoisonError::into_inner);
    let canaries = canaries.into_iter().map(Into::into);
    watched.get_or_insert_default().extend(canaries);
    drop(watched);
    static WATCHING: Once = Once::new();
    WATCHING.call_once(|| {
        let subscriber = tracing_subscriber::fmt()
            .with_max_level(tracing::Level::TRACE)
            .with_ansi(false)
            .with_writer(Everything)
            .finish();
        tracing::subscriber::set_global_default(subscriber)
            .expect("nobody else takes the events of a test");
        let usual = std::panic::take_hook();
        std::panic::set_hook(Box::new(move |panic| {
            // What a test says as it fails is the test's.
            let is_ours = panic
                .location()
                .is_some_and(|at| at.file().contains("src/") && !at.file().contains("test"));
            if is_ours {
                let said = panic.payload_as_str().unwrap_or_default();
                end_if_found("a panic", said);
            }
            usual(panic);
        }));
    });
}

/// The first of the canaries that a text has.
#[must_use]
pub fn found_in(text: &str) -> Option<String> {
    let watched = WATCHED.read().unwrap_or_else(PoisonError::into_inner);
    let mut canaries = watched.iter().flatten();
    canaries.find(|canary| text.contains(*canary)).cloned()
}

/// # Panics
/// When an error says one of the canaries, as people read it or as a developer does.
pub fn assert_silent(error: &(impl std::error::Error + ?Sized)) {
    let mut said = format!("{error} {error:?}");
    let mut next = error.source();
    while let Some(source) = next {
        said.push_str(&format!(" {source} {source:?}"));
        next = source.source();
    }
    let found = found_in(&said);
    assert!(found.is_none(), "{found:?} is in {said}");
}

#[allow(
    clippy::print_stderr,
    reason = "it is the last thing this process says"
)]
fn end_if_found(whose: &str, text: &str) {
    if let Some(canary) = found_in(text) {
        eprintln!("{canary} is in {whose}: {text}");
        std::process::abort();
    }
}

/// Where all events go.
struct Everything;

impl Write for Everything {
    fn write(&mut self, event: &[u8]) -> io::Result<usize> {
        end_if_found("an event", &String::from_utf8_lossy(event));
        Ok(event.len())
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}

impl<'w> MakeWriter<'w> for Everything {
    type Writer = Self;

    fn make_writer(&'w self) -> Self {
        Self
    }
}
