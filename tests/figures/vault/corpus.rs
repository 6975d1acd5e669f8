//! The resources: real ones, again and again under new ids and on other days.

use std::io::{Read, Write};
use std::path::Path;

use sokhoe_app::domain::ResourceKey;
use sokhoe_app::domain::ports::Rng;
use sokhoe_testing::SeededRng;

/// Too long, and nothing that a person would look at; or once for a whole book.
const LEFT_OUT: [&str; 4] = ["Claim", "ExplanationOfBenefit", "Provenance", "Patient"];

/// A resource as a clinic would send it.
pub struct Resource {
    pub key: ResourceKey,
    pub json: String,
}

/// Writes `count` resources of about 1 KB, one a line: Synthea's life of the demo patient and HL7's examples,
/// without the financial ones, until there are enough. Each has a UUID of its own; from the second time on the
/// days of all its dates are others.
pub fn write(file: &Path, count: usize) {
    let lines = real();
    let rng = SeededRng::new(20_261_101);
    let mut out = std::io::BufWriter::new(std::fs::File::create(file).expect("the corpus"));
    for n in 0..count {
        let line = &lines[n % lines.len()];
        let old = sokhoe_fhir::index(line).expect("a resource").key.id;
        let json = line.replacen(
            &format!("\"id\":\"{old}\""),
            &format!("\"id\":\"{}\"", uuid(&rng)),
            1,
        );
        let json = on_other_days(json, n / lines.len() * 3);
        out.write_all(json.as_bytes()).expect("the corpus");
        out.write_all(b"\n").expect("the corpus");
    }
    out.flush().expect("the corpus");
}

/// The first `count` resources of a corpus.
pub fn read(file: &Path, count: usize) -> Vec<Resource> {
    std::fs::read_to_string(file)
        .expect("the corpus")
        .lines()
        .take(count)
        .map(|json| Resource {
            key: sokhoe_fhir::index(json).expect("a resource").key,
            json: json.to_owned(),
        })
        .collect()
}

fn real() -> Vec<String> {
    let mut text = String::new();
    for name in ["synthea-patient.ndjson.gz", "hl7-book.ndjson.gz"] {
        let file = std::fs::File::open(sokhoe_tests::data(name)).expect("the data");
        flate2::read::GzDecoder::new(file)
            .read_to_string(&mut text)
            .expect("the data");
    }
    text.lines()
        .filter(|line| {
            let kind = line.split('"').nth(3).expect("a resource type");
            !LEFT_OUT.contains(&kind)
        })
        .map(ToOwned::to_owned)
        .collect()
}

fn uuid(rng: &SeededRng) -> String {
    let mut bytes = [0; 16];
    rng.fill(&mut bytes);
    bytes[6] = bytes[6] & 0x0f | 0x40;
    bytes[8] = bytes[8] & 0x3f | 0x80;
    let hex = |part: &[u8]| -> String { part.iter().map(|byte| format!("{byte:02x}")).collect() };
    let [a, b, c, d, e] = [0..4, 4..6, 6..8, 8..10, 10..16].map(|part| hex(&bytes[part]));
    format!("{a}-{b}-{c}-{d}-{e}")
}

/// The same resource with every date that begins a string some days later in the same month.
pub fn on_other_days(json: String, days: usize) -> String {
    if days == 0 {
        return json;
    }
    let mut bytes = json.into_bytes();
    for at in 0..bytes.len().saturating_sub(11) {
        if let Some(day) = day_of_date(&bytes[at..]) {
            let other = (day - 1 + days) % 28 + 1;
            bytes[at + 9] = b'0' + u8::try_from(other / 10).expect("a digit");
            bytes[at + 10] = b'0' + u8::try_from(other % 10).expect("a digit");
        }
    }
    String::from_utf8(bytes).expect("digits for digits")
}

/// The day in `"YYYY-MM-DD`.
fn day_of_date(text: &[u8]) -> Option<usize> {
    let date = text.get(..11)?;
    let shape = b"\"dddd-dd-dd";
    let fits = date.iter().zip(shape).all(|(byte, wanted)| match wanted {
        b'd' => byte.is_ascii_digit(),
        _ => byte == wanted,
    });
    fits.then(|| usize::from(date[9] - b'0') * 10 + usize::from(date[10] - b'0'))
        .filter(|day| *day > 0)
}
