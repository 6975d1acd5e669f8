//! Debian packages, installed by `apt-get` when this runs as root.

use std::{
    fs,
    os::unix::fs::MetadataExt,
    path::Path,
    sync::atomic::{AtomicBool, Ordering},
};

use crate::{
    error::{Error, Result},
    process::{Log, Run, find_program},
    tools::installed::missing,
};

/// The package lists are brought up to date once per run, and only when something is to be installed.
static UPDATED: AtomicBool = AtomicBool::new(false);

/// Whether this process may install packages and mount.
pub fn is_root() -> bool {
    fs::metadata("/proc/self").is_ok_and(|own| own.uid() == 0)
}

/// Makes sure that a program is on `PATH`, from the packages that bring it.
pub fn program(name: &str, packages: &[&str], log: &mut Log) -> Result<()> {
    need(name, packages, log, || find_program(name).is_some())
}

/// Makes sure that `is_there` holds, by installing packages if it does not.
pub fn need(
    what: &str,
    packages: &[&str],
    log: &mut Log,
    is_there: impl Fn() -> bool,
) -> Result<()> {
    if is_there() {
        return Ok(());
    }
    let by_hand = format!("apt-get install {}", packages.join(" "));
    if find_program("apt-get").is_none() {
        return Err(Error::Missing(format!(
            "{what} is not installed and there is no apt-get here (Debian: `{by_hand}`)"
        )));
    }
    if !is_root() {
        return Err(Error::Missing(format!(
            "{what} is not installed; run `{by_hand}` as root"
        )));
    }
    log.say(&format!("installing {} for {what}", packages.join(" ")));
    install(packages, log).map_err(|error| missing(what, &error))?;
    if is_there() {
        return Ok(());
    }
    Err(Error::Missing(format!(
        "{what} is still not there after `{by_hand}`"
    )))
}

fn install(packages: &[&str], log: &mut Log) -> Result<()> {
    if !UPDATED.swap(true, Ordering::Relaxed) {
        apt_get().arg("update").check(log)?;
    }
    apt_get()
        .args(["install", "--yes", "--no-install-recommends"])
        .args(packages)
        .check(log)?;
    Ok(())
}

fn apt_get() -> Run {
    Run::new("apt-get")
        .args(["-q", "-o", "DPkg::Lock::Timeout=600"])
        .env("DEBIAN_FRONTEND", "noninteractive")
        .quiet()
}

/// The address of the Debian mirror that this machine installs from.
pub fn mirror(log: &mut Log) -> Result<String> {
    if find_program("apt-get").is_none() {
        return Err(Error::Missing(
            "there is no apt-get here to take a Debian mirror from".to_owned(),
        ));
    }
    let known = || -> Result<Option<String>> {
        let targets = Run::new("apt-get")
            .args(["indextargets", "--format", "$(LABEL)|$(REPO_URI)"])
            .arg("Identifier: Packages")
            .quiet()
            .output(&mut Log::create(Path::new("/dev/null"))?)?;
        Ok(targets
            .lines
            .iter()
            .find_map(|line| line.strip_prefix("Debian|").map(ToOwned::to_owned)))
    };
    if let Some(mirror) = known()? {
        return Ok(mirror);
    }
    // Labels are known only after the first update.
    if is_root() && !UPDATED.swap(true, Ordering::Relaxed) {
        apt_get().arg("update").check(log)?;
    }
    known()?.ok_or_else(|| {
        Error::Missing("apt-get knows no Debian mirror (`apt-get indextargets`)".to_owned())
    })
}
