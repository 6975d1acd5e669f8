//! `style`: what needs no test to be seen. Every check runs; one check counts as one test.

mod abuse;
mod licences;
mod text;

use std::time::Instant;

use super::Tally;
use crate::{
    error::{Error, Result},
    layers,
    process::Log,
    results::Count,
    tools::{ktlint, swift},
    workspace::Workspace,
};

type Check = fn(&Workspace, &mut Log) -> Result<()>;

/// The quick checks first, so that a slip is told before the compiler has warmed up.
const CHECKS: &[(&str, Check)] = &[
    ("cargo fmt", formatting),
    ("layers", layer_rule),
    ("generated code is not committed", text::nothing_generated),
    ("no paths or hosts of one machine", text::nothing_personal),
    (
        "no test that is left out in silence",
        text::nothing_left_out,
    ),
    (
        "every abuse case has its tests",
        abuse::every_case_has_a_test,
    ),
    ("clippy", clippy),
    ("cargo doc", documentation),
    (
        "cargo-deny licences, bans, sources",
        licences::without_network,
    ),
    ("cargo-deny advisories", licences::advisories),
    ("ktlint", kotlin),
    ("swift format", swift_format),
];

pub(super) fn run(workspace: &Workspace, log: &mut Log) -> Result<Tally> {
    let mut tally = Tally::default();
    let mut told = Vec::new();
    for (name, check) in CHECKS {
        log.say(&format!("-- style: {name}"));
        let started = Instant::now();
        let said = match check(workspace, log) {
            Ok(()) => {
                tally.count += Count::one(true);
                "ok".to_owned()
            }
            Err(Error::Unreachable(why)) => format!("left out, because {why}"),
            Err(Error::Missing(why)) => {
                tally.missing.push(((*name).to_owned(), why));
                continue;
            }
            Err(error) => {
                tally.count += Count::one(false);
                format!("FAILED: {error}")
            }
        };
        told.push(format!(
            "style: {name} ({:.1} s): {said}",
            started.elapsed().as_secs_f64()
        ));
    }
    for line in told {
        log.say(&line);
    }
    Ok(tally)
}

fn formatting(workspace: &Workspace, log: &mut Log) -> Result<()> {
    let fmt = workspace
        .cargo()
        .args(["fmt", "--all", "--check", "--", "--color", "never"]);
    fmt.check(log).map(drop)
}

fn layer_rule(workspace: &Workspace, log: &mut Log) -> Result<()> {
    let breaches = layers::breaches(&layers::members(&workspace.metadata));
    for breach in &breaches {
        log.say(&breach.to_string());
    }
    nothing(breaches.len(), "forbidden dependencies")
}

/// What is no target of a plain test.
const OPTIMISED: [&str; 5] = [
    "access",
    "contention",
    "damaged_files",
    "power_cuts",
    "simulation",
];

fn clippy(workspace: &Workspace, log: &mut Log) -> Result<()> {
    let optimised = OPTIMISED.iter().flat_map(|test| ["--test", test]);
    let clippy = workspace
        .cargo()
        .args(["clippy", "--workspace", "--all-targets", "--locked"])
        .args(optimised)
        .args(["--", "-D", "warnings"]);
    clippy.check(log).map(drop)
}

/// The crates whose documentation people read: the core and the bindings.
fn documentation(workspace: &Workspace, log: &mut Log) -> Result<()> {
    let packages = workspace
        .metadata
        .workspace_packages()
        .into_iter()
        .filter(|package| {
            package
                .manifest_path
                .strip_prefix(&workspace.metadata.workspace_root)
                .is_ok_and(|path| path.starts_with("core") || path.starts_with("bindings/ffi"))
        })
        .map(|package| format!("--package={}", package.name));
    let doc = workspace
        .cargo()
        .args(["doc", "--no-deps", "--locked"])
        .args(packages)
        .env("RUSTDOCFLAGS", "-D warnings");
    doc.check(log).map(drop)
}

fn kotlin(workspace: &Workspace, log: &mut Log) -> Result<()> {
    ktlint::run(workspace, &[], log)
}

fn swift_format(workspace: &Workspace, log: &mut Log) -> Result<()> {
    swift::format(workspace, &["lint", "--strict"], log)
}

/// Turns findings that were already shown into an error.
fn nothing(found: usize, of: &str) -> Result<()> {
    if found == 0 {
        return Ok(());
    }
    Err(Error::Wrong(format!("{found} {of}")))
}
