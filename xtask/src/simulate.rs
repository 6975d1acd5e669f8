//! `cargo xtask simulate`: more lives than the test command has time for.

use std::{fs, time::Duration};

use crate::{
    error::{Error, Result},
    process::{Log, Run},
    workspace::Workspace,
};

/// Seeds when nothing else is said.
const SEEDS: u64 = 50_000;

/// What is lived.
#[derive(Debug)]
pub struct Wanted {
    /// How many seeds.
    pub seeds: Option<u64>,
    /// The first of them.
    pub from: u64,
    /// After which no life begins any more.
    pub minutes: Option<u64>,
}

/// Lives them, and says whether all went well. Every seed that went wrong is told, with its story in a file.
pub fn run(workspace: &Workspace, wanted: &Wanted) -> Result<bool> {
    let mut log: Log = workspace.log("simulate")?;
    // Built first, so that a long build does not count as living.
    built(workspace, "simulation")
        .arg("--no-run")
        .check(&mut log)?;
    let seeds = wanted.seeds.unwrap_or(match wanted.minutes {
        Some(_) => u64::MAX,
        None => SEEDS,
    });
    let minutes = wanted.minutes.unwrap_or(24 * 60);
    let lived = in_lives(built(workspace, "simulation"), workspace)?
        .args(["lives::what_must_be_true", "--", "--nocapture"])
        .env("SOKHOE_SEED", wanted.from.to_string())
        .env("SOKHOE_LIVES", seeds.to_string())
        .env("SOKHOE_MINUTES", minutes.to_string())
        .limit(Duration::from_mins(minutes + 10))
        .output(&mut log)?;
    Ok(lived.status.success())
}

/// A test of the simulation, built so that its lives are quick.
///
/// Bugs can be planted in what is built here, and only the test `planted` does it: another build, without them, for
/// the rest would take minutes.
pub fn built(workspace: &Workspace, test: &str) -> Run {
    workspace
        .cargo()
        .args(["test", "--locked", "--profile", "simulated"])
        .args(["--package", "sokhoe-tests", "--test", test])
        .args(["--no-default-features", "--features", "planted"])
}

/// The stories of lives that go wrong are kept.
pub fn in_lives(run: Run, workspace: &Workspace) -> Result<Run> {
    let stories = workspace.scratch().join("simulation");
    fs::create_dir_all(&stories).map_err(Error::file(&stories))?;
    Ok(run.env("SOKHOE_STORIES", &stories))
}
