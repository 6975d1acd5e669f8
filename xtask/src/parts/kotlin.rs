//! `kotlin`: JUnit on the JVM, with the library through JNA and a clinic started from `sokhoe`.

use std::{fs, path::Path};

use super::{TEST_LIMIT, Tally, native};
use crate::{
    error::{Error, Result},
    process::Log,
    results::junit,
    tools::maven,
    workspace::Workspace,
};

/// The projects with JUnit tests that need no phone.
const PROJECTS: &[&str] = &["bindings/kotlin", "android"];

pub(super) fn run(workspace: &Workspace, log: &mut Log) -> Result<Tally> {
    let projects: Vec<_> = PROJECTS
        .iter()
        .map(|folder| workspace.root.join(folder))
        .filter(|folder| folder.join("pom.xml").exists())
        .collect();
    if projects.is_empty() {
        return Err(Error::Missing(
            "there is no bindings/kotlin/pom.xml".to_owned(),
        ));
    }
    maven::ensure(log)?;
    native(workspace, log)?;
    let built = workspace.built();
    let mut tally = Tally::default();
    for project in &projects {
        let reports = project.join("target/surefire-reports");
        if reports.exists() {
            fs::remove_dir_all(&reports).map_err(Error::file(&reports))?;
        }
        let output = maven::run()
            .arg("--file")
            .arg(project.join("pom.xml"))
            .arg(format!("-Dsokhoe.library.path={}", built.display()))
            .arg(format!("-Dsokhoe.cli={}", built.join("sokhoe").display()))
            // The compiler's daemon would outlive Maven with almost a gigabyte.
            .arg("-Dkotlin.compiler.daemon=false")
            .arg("test")
            .dir(&workspace.root)
            .limit(TEST_LIMIT)
            .output(log)?;
        let count = junit::count_below(&reports, is_report)?;
        tally.count += count.with_end(output.status.success());
    }
    Ok(tally)
}

fn is_report(path: &Path) -> bool {
    let name = path.file_name().map(|name| name.to_string_lossy());
    name.is_some_and(|name| name.starts_with("TEST-") && name.ends_with(".xml"))
}
