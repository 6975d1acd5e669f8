//! How many resources a second `index` and `ChangePage::parse` read, over the real ones of
//! `tests/data` (Linux): `cargo run --release -p sokhoe-fhir --example index_speed`.

#![expect(clippy::print_stdout, reason = "its whole purpose")]

use std::io::Read as _;
use std::path::PathBuf;

use sokhoe_domain::Timestamp;
use sokhoe_fhir::{ChangeBundleWriter, ChangePage, index};

fn main() -> Result<(), Box<dyn std::error::Error>> {
    for name in ["synthea-patient", "hl7-r4-examples"] {
        let path = PathBuf::from(env!("CARGO_MANIFEST_DIR"))
            .join(format!("../../tests/data/{name}.ndjson.gz"));
        let mut text = String::new();
        flate2::read::GzDecoder::new(std::fs::File::open(path)?).read_to_string(&mut text)?;
        let everything: Vec<&str> = text.lines().collect();
        let small: Vec<&str> = everything
            .iter()
            .copied()
            .filter(|line| (500..2_000).contains(&line.len()))
            .collect();
        let observations: Vec<&str> = everything
            .iter()
            .copied()
            .filter(|line| line.starts_with("{\"resourceType\":\"Observation\""))
            .collect();
        measure(name, "all", &everything)?;
        measure(name, "0.5 to 2 KB", &small)?;
        measure(name, "Observation", &observations)?;
    }
    Ok(())
}

/// What this thread has had of a processor: other programs on the machine count less than with a
/// clock.
fn cpu_seconds() -> f64 {
    let schedstat = std::fs::read_to_string("/proc/thread-self/schedstat").unwrap_or_default();
    let nanos: f64 = schedstat
        .split(' ')
        .next()
        .and_then(|text| text.parse().ok())
        .unwrap_or(f64::NAN);
    nanos / 1e9
}

fn measure(name: &str, what: &str, lines: &[&str]) -> Result<(), Box<dyn std::error::Error>> {
    let bytes: usize = lines.iter().map(|line| line.len()).sum();
    let mut writer = ChangeBundleWriter::new("http://127.0.0.1/fhir");
    for line in lines {
        writer.push_put(&index(line)?.key, "1", Timestamp::default(), line);
    }
    let body = writer.finish(None, "?cursor=x", None);
    // The clock of a thread moves in ticks: go round for long enough.
    let rounds = 100_000 / lines.len().max(1) + 1;
    let start = cpu_seconds();
    for _ in 0..rounds {
        for line in lines {
            std::hint::black_box(index(line)?);
        }
    }
    let indexing = cpu_seconds() - start;
    let start = cpu_seconds();
    for _ in 0..rounds {
        std::hint::black_box(ChangePage::parse(&body)?);
    }
    let cutting = cpu_seconds() - start;
    #[expect(clippy::cast_precision_loss)]
    let (count, bytes, rounds) = (lines.len() as f64, bytes as f64, rounds as f64);
    println!(
        "{name}, {what}: {count} resources of {:.0} bytes: index {:.0}/s, {:.2} µs each; cut from a page {:.2} µs each",
        bytes / count,
        count * rounds / indexing,
        indexing / count / rounds * 1e6,
        cutting / count / rounds * 1e6,
    );
    Ok(())
}
