//! Reading: opening, lists, searches, trends, single resources.

use serde_json::Value;

use super::book::Side;
use super::jobs::RUNS;
use super::stage::Stage;
use crate::process::{job, number, text};
use crate::report::{Figure, percentile};

pub const NAMES: &[&str] = &[
    "open_first_list",
    "open_first_list_p50",
    "open_rss",
    "open_rss_peak",
    "list_p50",
    "list_p95",
    "list_cpu",
    "search_p50",
    "search_p95",
    "search_cpu",
    "trend_p50",
    "trend_p95",
    "trend_cpu",
    "get_p50",
    "get_p95",
    "get_cpu",
];

pub const SESSION: &[&str] = &["cipher_read_cost"];

pub const AGAINST_JVM: &[&str] = &[
    "open_first_list_vs_jvm",
    "open_rss_vs_jvm",
    "list_vs_jvm",
    "list_p95_vs_jvm",
    "search_text_vs_jvm",
    "search_text_p95_vs_jvm",
    "search_code_vs_jvm",
    "search_code_p95_vs_jvm",
    "search_cpu_vs_jvm",
    "trend_vs_jvm",
    "trend_p95_vs_jvm",
    "get_vs_jvm",
    "get_p95_vs_jvm",
];

/// Processes that open the book.
const OPENS: usize = 20;
/// Sessions on each side.
const SESSIONS: usize = 15;

/// What our processes say of opening: milliseconds, resident and highest megabytes.
struct Opened {
    millis: Vec<f64>,
    resident: Vec<f64>,
    peak: Vec<f64>,
}

impl Opened {
    fn measure(stage: &Stage<'_>) -> Self {
        let book = stage.book(Side::Encrypted);
        let said: Vec<Value> = (0..OPENS)
            .map(|_| job("open", &[Side::Encrypted.name(), text(&book)]))
            .collect();
        let all = |name: &str| said.iter().map(|said| number(said, name)).collect();
        Self {
            millis: all("ms"),
            resident: all("rss_mb"),
            peak: all("peak_mb"),
        }
    }
}

fn read(stage: &Stage<'_>) -> Value {
    let book = stage.book(Side::Encrypted);
    let corpus = text(stage.corpus());
    job("read", &[Side::Encrypted.name(), corpus, text(&book)])
}

pub fn measure(stage: &Stage<'_>) -> Vec<Figure> {
    let mut opened = Opened::measure(stage);
    let opening = |name: &str, value, unit| Figure::new(stage.name(name), value, unit, OPENS);
    let mut figures = vec![
        opening("open_first_list", percentile(&mut opened.millis, 95), "ms"),
        opening(
            "open_first_list_p50",
            percentile(&mut opened.millis, 50),
            "ms",
        ),
        opening("open_rss", percentile(&mut opened.resident, 50), "MB"),
        opening("open_rss_peak", percentile(&mut opened.peak, 50), "MB"),
    ];
    let read = read(stage);
    for what in ["list", "search", "trend", "get"] {
        for (ours, theirs) in [("p50", "p50"), ("p95", "p95"), ("cpu", "cpu_ms")] {
            let value = number(&read, &format!("{what}.{theirs}"));
            figures.push(Figure::new(
                stage.name(&format!("{what}_{ours}")),
                value,
                "ms",
                RUNS,
            ));
        }
    }
    figures
}

/// A person's session on both sides in turn, each in a new process.
pub fn session(stage: &Stage<'_>) -> Vec<Figure> {
    let corpus = text(stage.corpus());
    let mut millis = Side::BOTH.map(|side| (side, stage.book(side), Vec::new()));
    for _ in 0..SESSIONS {
        for (side, book, millis) in &mut millis {
            let said = job("session", &[side.name(), corpus, text(book)]);
            millis.push(number(&said, "ms"));
        }
    }
    let [encrypted, plain] = millis.map(|(_, _, mut millis)| percentile(&mut millis, 50));
    vec![
        Figure::new(stage.name("cipher_read_cost"), encrypted, "ms", SESSIONS)
            .against("the same vault unencrypted", plain),
    ]
}

/// The nearest thing that the Android FHIR SDK does, on the JVM.
pub fn against_jvm(stage: &Stage<'_>) -> Vec<Figure> {
    let (Some(jvm), Some(jvm_opened)) = (stage.read_by_jvm(), stage.opened_by_jvm()) else {
        return Vec::new();
    };
    let mut opened = Opened::measure(stage);
    let read = read(stage);
    let figure =
        |name: &str, value, unit, samples| Figure::new(stage.name(name), value, unit, samples);
    let mut figures = vec![
        figure(
            "open_first_list_vs_jvm",
            percentile(&mut opened.millis, 50),
            "ms",
            OPENS,
        )
        .faster_than("from main() to a sorted list", number(&jvm_opened, "ms")),
        figure(
            "open_rss_vs_jvm",
            percentile(&mut opened.resident, 50),
            "MB",
            OPENS,
        )
        .faster_than("the JVM after the same", number(&jvm_opened, "rss_mb")),
    ];
    for (name, ours, theirs, what) in [
        ("list", "list", "list", "newest 50 of a type"),
        (
            "search_text",
            "search",
            "search_text",
            "text contained in Observation.value",
        ),
        (
            "search_code",
            "search",
            "search_code",
            "patient, code and date",
        ),
        ("trend", "trend", "trend", "newest 50 of a code"),
        ("get", "get", "get", "by type and id"),
    ] {
        for (ending, percent) in [("", "p50"), ("_p95", "p95")] {
            figures.push(
                figure(
                    &format!("{name}{ending}_vs_jvm"),
                    number(&read, &format!("{ours}.{percent}")),
                    "ms",
                    RUNS,
                )
                .faster_than(what, number(jvm, &format!("{theirs}.{percent}"))),
            );
        }
    }
    figures.push(
        figure(
            "search_cpu_vs_jvm",
            number(&read, "search.cpu_ms"),
            "ms",
            RUNS,
        )
        .faster_than("patient, code and date", number(jvm, "search_code.cpu_ms")),
    );
    figures
}
