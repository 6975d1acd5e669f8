//! The parts of `cargo xtask test`, in the order in which they run. A new part is one more line of [`PARTS`].

mod access;
mod browser;
mod contention;
mod kotlin;
mod peers;
mod postgres;
mod power_cuts;
mod rust;
mod simulation;
mod style;
pub mod swift;

use std::time::Duration;

use crate::{bindings, error::Result, process::Log, results::Count, workspace::Workspace};

/// One part.
#[derive(Debug)]
pub struct Part {
    /// What `--only` calls it.
    pub name: &'static str,
    /// What it proves.
    pub about: &'static str,
    /// Runs it. [`Error::Missing`](crate::error::Error::Missing) says that it could not run.
    pub run: fn(&Workspace, &mut Log) -> Result<Tally>,
}

/// Every part.
pub const PARTS: &[Part] = &[
    Part {
        name: "style",
        about: "formatting, lints, documentation, layers, licences",
        run: style::run,
    },
    Part {
        name: "rust",
        about: "every crate's tests, the journeys and the documentation's examples",
        run: rust::run,
    },
    Part {
        name: "simulation",
        about: "lives of a family and its clinics on simulated time, network, disks and clocks, and planted bugs",
        run: simulation::run,
    },
    Part {
        name: "power_cuts",
        about: "twenty thousand power cuts under a vault, full disks, failing drives and damaged files",
        run: power_cuts::run,
    },
    Part {
        name: "access",
        about: "what is another's is neither given nor changed, nor told from what is not there",
        run: access::run,
    },
    Part {
        name: "contention",
        about: "a thousand clients for two hundred times at a clinic that is killed again and again",
        run: contention::run,
    },
    Part {
        name: "postgres",
        about: "the clinic's tests on PostgreSQL, and several clinic processes on one database",
        run: postgres::run,
    },
    Part {
        name: "browser",
        about: "the clinic's pages in Chromium, with axe-core, while phones book",
        run: browser::run,
    },
    Part {
        name: "kotlin",
        about: "the core from Kotlin on the JVM, against a real clinic",
        run: kotlin::run,
    },
    Part {
        name: "swift",
        about: "the core from Swift 6 on Linux, against a real clinic",
        run: swift::run,
    },
    Part {
        name: "peers",
        about: "what we write, read by programs of others, and the other way round",
        run: peers::run,
    },
];

/// How long a test run in another language may take: one that hangs must leave time for the other parts.
const TEST_LIMIT: Duration = Duration::from_mins(15);

/// What a part that ran did.
#[derive(Debug, Default)]
pub struct Tally {
    /// What its runners counted.
    pub count: Count,
    /// Pieces of it that could not run: each with its name and the reason.
    pub missing: Vec<(String, String)>,
}

impl From<Count> for Tally {
    fn from(count: Count) -> Self {
        Self {
            count,
            missing: Vec::new(),
        }
    }
}

/// Builds what a test in another language needs: the library, `sokhoe`, and the generated sources.
fn native(workspace: &Workspace, log: &mut Log) -> Result<()> {
    bindings::build_everything(workspace, log)?;
    bindings::generate(workspace, log)
}
