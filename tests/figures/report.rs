//! One figure, as text and as JSON.

use serde::Serialize;

/// A measured figure in the form of DESIGN.md.
#[derive(Debug, Clone, Serialize)]
pub struct Figure {
    /// The name in DESIGN.md's table.
    pub name: String,
    /// The measured value: the median of the samples, or the percentile that the name says.
    pub value: f64,
    /// Its unit.
    pub unit: &'static str,
    /// What it is compared with, in the same run.
    pub peer: Option<&'static str>,
    /// The peer's value.
    pub peer_value: Option<f64>,
    /// What DESIGN.md compares with its goal: `value / peer_value`, or the reverse for times.
    pub ratio: Option<f64>,
    /// How many measurements.
    pub samples: usize,
    /// Where.
    pub machine: String,
}

impl Figure {
    /// A figure without a peer.
    pub fn new(name: impl Into<String>, value: f64, unit: &'static str, samples: usize) -> Self {
        Self {
            name: name.into(),
            value,
            unit,
            peer: None,
            peer_value: None,
            ratio: None,
            samples,
            machine: machine(),
        }
    }

    /// With a peer measured in the same run.
    pub fn against(mut self, peer: &'static str, peer_value: f64) -> Self {
        self.peer = Some(peer);
        self.peer_value = Some(peer_value);
        self.ratio = (peer_value != 0.0).then(|| self.value / peer_value);
        self
    }

    /// With what a peer took (time, memory) in the same run: the ratio is how many times as much it is.
    pub fn faster_than(mut self, peer: &'static str, peer_value: f64) -> Self {
        self.peer = Some(peer);
        self.peer_value = Some(peer_value);
        self.ratio = (self.value != 0.0).then(|| peer_value / self.value);
        self
    }
}

fn machine() -> String {
    let cores = std::thread::available_parallelism().map_or(0, usize::from);
    let cpu = std::fs::read_to_string("/proc/cpuinfo").unwrap_or_default();
    let model = cpu
        .lines()
        .find_map(|line| line.strip_prefix("model name"))
        .and_then(|rest| rest.split(": ").nth(1))
        .unwrap_or("unknown");
    format!("{cores} x {model}")
}

/// The table on standard output.
pub fn print(figures: &[Figure]) {
    println!(
        "{:<30} {:>14} {:<14} {:>14} {:>8} {:>8}  peer",
        "name", "value", "unit", "peer value", "ratio", "samples"
    );
    for f in figures {
        let optional =
            |value: Option<f64>| value.map_or_else(|| "-".to_owned(), |v| format!("{v:.3}"));
        println!(
            "{:<30} {:>14.3} {:<14} {:>14} {:>8} {:>8}  {}",
            f.name,
            f.value,
            f.unit,
            optional(f.peer_value),
            optional(f.ratio),
            f.samples,
            f.peer.unwrap_or("-")
        );
    }
}

/// The list that `cargo xtask bench --json` writes.
pub fn to_json(figures: &[Figure]) -> String {
    serde_json::to_string_pretty(figures).expect("figures are plain values")
}

/// The value below which `percent` of the samples lie.
pub fn percentile(samples: &mut [f64], percent: usize) -> f64 {
    samples.sort_by(f64::total_cmp);
    let rank = (samples.len() * percent).div_ceil(100).saturating_sub(1);
    samples.get(rank).copied().unwrap_or(f64::NAN)
}
