//! Node.js and the packages of a lock file.

use std::{
    fs,
    path::{Path, PathBuf},
};

use crate::{
    error::{Error, Result},
    process::{Log, Run},
    tools::{debian, installed::Installed},
};

/// Makes sure that `node_modules` beside a `package-lock.json` holds what it says, and tells its path.
pub fn modules(folder: &Path, log: &mut Log) -> Result<PathBuf> {
    debian::program("node", &["nodejs"], log)?;
    debian::program("npm", &["npm"], log)?;
    let lock = folder.join("package-lock.json");
    let key = fs::read_to_string(&lock).map_err(Error::file(&lock))?;
    Installed::new(folder.join("node_modules"), key).or_install("npm packages", log, |_, log| {
        Run::new("npm")
            .args(["ci", "--ignore-scripts", "--no-audit", "--no-fund"])
            .dir(folder)
            .quiet()
            .check(log)?;
        Ok(())
    })
}
