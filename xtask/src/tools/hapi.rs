//! HAPI: the FHIR reference implementation in Java, as a judge of what we write.

use std::{
    fs,
    path::{Path, PathBuf},
};

use crate::{
    error::{Error, Result},
    process::Log,
    tools::{installed::Installed, maven},
    workspace::Workspace,
};

/// Makes sure that the jars which a project names are there, and tells their folder.
pub fn ensure(workspace: &Workspace, project: &Path, log: &mut Log) -> Result<PathBuf> {
    maven::ensure(log)?;
    let key = fs::read_to_string(project).map_err(Error::file(project))?;
    Installed::new(workspace.tools.join("hapi"), key).or_install(
        "the HAPI validator",
        log,
        |folder, log| maven::copy_dependencies(project, folder, log),
    )
}
