//! HAPI: the FHIR reference implementation in Java, as a judge of what we write and as a peer.

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

/// Makes sure that the jars of the validator, which a project names, are there, and tells their folder.
pub fn ensure(workspace: &Workspace, project: &Path, log: &mut Log) -> Result<PathBuf> {
    jars(workspace, project, "hapi", "the HAPI validator", log)
}

/// The same for the peer of the figures, which parses, indexes and stores with HAPI.
pub fn for_figures(workspace: &Workspace, project: &Path, log: &mut Log) -> Result<PathBuf> {
    jars(
        workspace,
        project,
        "figures-jvm",
        "HAPI and sqlite-jdbc",
        log,
    )
}

/// The same for HAPI's own server, whole.
pub fn server(workspace: &Workspace, project: &Path, log: &mut Log) -> Result<PathBuf> {
    jars(workspace, project, "hapi-server", "the HAPI server", log)
}

fn jars(
    workspace: &Workspace,
    project: &Path,
    folder: &str,
    what: &str,
    log: &mut Log,
) -> Result<PathBuf> {
    maven::ensure(log)?;
    let key = fs::read_to_string(project).map_err(Error::file(project))?;
    Installed::new(workspace.tools.join(folder), key).or_install(what, log, |folder, log| {
        maven::copy_dependencies(project, folder, log)
    })
}
