//! The commands that CI and people share. `cargo xtask help` tells them.

mod bench;
mod bindings;
mod error;
mod format;
mod layers;
mod parts;
mod process;
mod results;
mod simulate;
mod test;
mod tools;
mod workspace;

use std::{ffi::OsString, path::PathBuf, process::ExitCode};

use clap::{Parser, Subcommand, builder::PossibleValuesParser};

use crate::{error::Result, workspace::Workspace};

/// The commands that CI and people share.
#[derive(Debug, Parser)]
#[command(name = "cargo xtask", bin_name = "cargo xtask")]
struct Arguments {
    #[command(subcommand)]
    task: Task,
}

#[derive(Debug, Subcommand)]
enum Task {
    /// Run every check and test, installing what they need; ends with `N passed, N failed`.
    ///
    /// Tools go into `.tools`, or into `$SOKHOE_TOOLS_DIR`; logs into `target/xtask`.
    Test {
        /// Only these parts (may be given more than once).
        #[arg(long, value_name = "PART", value_delimiter = ',',
              value_parser = PossibleValuesParser::new(parts::PARTS.iter().map(|part| part.name)))]
        only: Vec<String>,
        /// A part that cannot run here (no Java, not root, …) is told and not counted as a failure.
        #[arg(long)]
        allow_missing: bool,
    },
    /// Generate the Kotlin and Swift sources from the library.
    Bindings,
    /// Measure the figures of the design.
    Bench {
        /// Write them to this file, too, as a JSON list.
        #[arg(long, value_name = "FILE")]
        json: Option<PathBuf>,
        /// Measure one figure only.
        #[arg(long, value_name = "NAME")]
        only: Option<String>,
    },
    /// Live many lives of the simulation; stories of those that went wrong go into `target/xtask/simulation`.
    Simulate {
        /// How many; 50,000, or with `--minutes` as many as there is time for.
        #[arg(long, value_name = "N")]
        seeds: Option<u64>,
        /// The first seed.
        #[arg(long, value_name = "SEED", default_value_t = 1)]
        from: u64,
        /// No life begins any more after these minutes.
        #[arg(long, value_name = "M")]
        minutes: Option<u64>,
    },
    /// Format all hand-written Rust, Kotlin and Swift.
    Format,
    /// Run `swift` with these arguments in its own Debian, in the workspace's root.
    #[command(disable_help_flag = true)]
    Swift {
        /// What to pass on, as in `cargo xtask swift build --package-path bindings/swift`.
        #[arg(trailing_var_arg = true, allow_hyphen_values = true)]
        arguments: Vec<OsString>,
    },
}

fn main() -> ExitCode {
    match run(Arguments::parse().task) {
        Ok(true) => ExitCode::SUCCESS,
        Ok(false) => ExitCode::FAILURE,
        Err(error) => {
            eprintln!("error: {error}");
            ExitCode::FAILURE
        }
    }
}

/// Runs a task and says whether everything passed.
fn run(task: Task) -> Result<bool> {
    let workspace = Workspace::find()?;
    match task {
        Task::Test {
            only,
            allow_missing,
        } => return test::run(&workspace, &only, allow_missing),
        Task::Bindings => bindings::run(&workspace)?,
        Task::Bench { json, only } => bench::run(&workspace, json.as_deref(), only.as_deref())?,
        Task::Simulate {
            seeds,
            from,
            minutes,
        } => {
            let wanted = simulate::Wanted {
                seeds,
                from,
                minutes,
            };
            return simulate::run(&workspace, &wanted);
        }
        Task::Format => format::run(&workspace)?,
        Task::Swift { arguments } => parts::swift::by_hand(&workspace, arguments)?,
    }
    Ok(true)
}
