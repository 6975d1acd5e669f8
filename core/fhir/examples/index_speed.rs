//! How many resources a second `index` and `ChangePage::parse` read, over the real ones of
//! `tests/data`: `cargo run --release -p sokhoe-fhir --example index_speed`.

#![expect(clippy::disallowed_methods, reason = "a stopwatch")]
#![expect(clippy::print_stdout, reason = "its whole purpose")]

use std::io::Read as _;
use std::path::PathBuf;
use std::time::Instant;

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

fn measure(name: &str, what: &str, lines: &[&str]) -> Result<(), Box<dyn std::error::Error>> {
    let bytes: usize = lines.iter().map(|line| line.len()).sum();
    let mut writer = ChangeBundleWriter::new("http://127.0.0.1/fhir");
    for line in lines {
        writer.push_put(&index(line)?.key, "1", Timestamp::default(), line);
    }
    let body = writer.finish("?cursor=x", None);
    let (mut best_index, mut best_page) = (f64::MAX, f64::MAX);
    for _ in 0..15 {
        let start = Instant::now();
        let mut entries = 0;
        for line in lines {
            entries += index(line)?.entries.len();
        }
        std::hint::black_box(entries);
        best_index = best_index.min(start.elapsed().as_secs_f64());
        let start = Instant::now();
        std::hint::black_box(ChangePage::parse(&body)?.changes.len());
        best_page = best_page.min(start.elapsed().as_secs_f64());
    }
    #[expect(clippy::cast_precision_loss)]
    let (count, bytes) = (lines.len() as f64, bytes as f64);
    println!(
        "{name}, {what}: {count} resources of {:.0} bytes: index {:.0}/s, {:.2} µs each, {:.0} MB/s; page {:.2} µs each",
        bytes / count,
        count / best_index,
        best_index / count * 1e6,
        bytes / best_index / 1e6,
        best_page / count * 1e6,
    );
    Ok(())
}
