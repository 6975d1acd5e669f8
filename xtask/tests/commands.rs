//! The commands as a person meets them.
//!
//! `bindings::build_everything` names this target, too, so that cargo chooses the features of a test build.

use std::process::{Command, Output};

fn xtask(arguments: &[&str]) -> Output {
    Command::new(env!("CARGO_BIN_EXE_xtask"))
        .args(arguments)
        .output()
        .expect("xtask starts")
}

#[test]
fn help_names_every_command() {
    let output = xtask(&["help"]);
    let said = String::from_utf8_lossy(&output.stdout);
    assert!(output.status.success());
    for command in ["test", "simulate", "bindings", "bench", "format", "swift"] {
        assert!(said.contains(&format!("\n  {command} ")), "{said}");
    }
}

#[test]
fn a_part_that_does_not_exist_is_told_with_those_that_do() {
    let output = xtask(&["test", "--only", "kotlni"]);
    let said = String::from_utf8_lossy(&output.stderr);
    assert!(!output.status.success());
    assert!(
        said.contains(
            "style, rust, simulation, power_cuts, access, contention, postgres, browser, kotlin, swift, peers"
        ),
        "{said}"
    );
}
