//! Python environments.

use std::path::Path;

use crate::{
    error::Result,
    process::{Log, Run},
    tools::debian,
};

/// Makes a virtual environment in a folder and installs a requirements file into it.
pub fn environment(folder: &Path, requirements: &Path, log: &mut Log) -> Result<()> {
    debian::need(
        "Python 3 with venv",
        &["python3", "python3-venv"],
        log,
        || {
            std::process::Command::new("python3")
                .args(["-c", "import ensurepip, venv"])
                .output()
                .is_ok_and(|output| output.status.success())
        },
    )?;
    Run::new("python3")
        .args(["-m", "venv"])
        .arg(folder)
        .quiet()
        .check(log)?;
    Run::new(folder.join("bin/python"))
        .args(["-m", "pip", "install", "--disable-pip-version-check"])
        .args(["--no-input", "--requirement"])
        .arg(requirements)
        .quiet()
        .check(log)?;
    Ok(())
}
