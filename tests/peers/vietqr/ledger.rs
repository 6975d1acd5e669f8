//! Differences between a peer and us: those that are known are counted, any other fails.

use std::fmt::Write as _;
use std::io::Write as _;

use serde_json::Value;

use super::case::Case;

/// One difference.
pub struct Finding<'a> {
    /// The payment that the peer was asked to write.
    pub asked: Option<&'a Case>,
    /// The code.
    pub text: &'a str,
    /// What differs: a field by its name, `code` for the whole of it, `accepts` for whether it is taken at all.
    pub what: &'a str,
    /// Ours: a value, or the stable name of our error.
    pub ours: Value,
    /// Theirs: a value, or their error.
    pub theirs: Value,
}

/// A difference that is known.
pub struct Known {
    /// What it is and who is right, in a line.
    pub is: &'static str,
    /// Whether a finding is of this kind. The first that says so counts it.
    pub explains: fn(&Finding<'_>) -> bool,
}

/// The differences of one comparison.
pub struct Ledger {
    title: String,
    known: &'static [Known],
    counts: Vec<usize>,
    unknown: Vec<String>,
}

impl Ledger {
    pub fn new(title: String, known: &'static [Known]) -> Self {
        Self {
            title,
            known,
            counts: vec![0; known.len()],
            unknown: Vec::new(),
        }
    }

    pub fn note(&mut self, finding: &Finding<'_>) {
        match self
            .known
            .iter()
            .position(|known| (known.explains)(finding))
        {
            Some(index) => self.counts[index] += 1,
            None => self.unknown.push(format!(
                "{}: ours {}, theirs {}: {}",
                finding.what, finding.ours, finding.theirs, finding.text
            )),
        }
    }

    /// Tells all differences; fails for one that is not known and for a known one that is no more.
    pub fn close(self, compared: usize) {
        let Self {
            title,
            known,
            counts,
            unknown,
        } = self;
        let mut told = format!("\n{title}: {compared} compared\n");
        for (known, count) in known.iter().zip(&counts) {
            let _ = writeln!(told, "{count:>7}  {}", known.is);
        }
        // Past the test runner, which would keep it to itself while the test passes.
        let _ = std::io::stderr().write_all(told.as_bytes());
        assert!(
            unknown.is_empty(),
            "{title}: {} unknown differences, such as\n{}",
            unknown.len(),
            unknown[..unknown.len().min(40)].join("\n")
        );
        let gone: Vec<&str> = known
            .iter()
            .zip(&counts)
            .filter(|(_, count)| **count == 0)
            .map(|(known, _)| known.is)
            .collect();
        assert!(
            gone.is_empty(),
            "{title}: differences that are no more: {gone:?}"
        );
    }
}
