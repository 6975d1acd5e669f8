//! `swift`: XCTest and Swift Testing under Swift 6 on Linux, with a clinic started from `sokhoe`.

use std::{ffi::OsString, fs};

use super::{TEST_LIMIT, Tally, native};
use crate::{
    error::{Error, Result},
    process::Log,
    results::junit,
    tools::swift,
    workspace::Workspace,
};

/// The packages with tests that need no phone.
const PACKAGES: &[&str] = &["bindings/swift", "ios/SoKhoe"];

/// Where the package finds the library and `sokhoe`.
fn variables(workspace: &Workspace) -> [(&'static str, OsString); 3] {
    let built = workspace.built();
    [
        ("SOKHOE_LIBRARY_DIR", built.clone().into()),
        ("SOKHOE_CLI", built.join("sokhoe").into()),
        ("LD_LIBRARY_PATH", built.into()),
    ]
}

/// `cargo xtask swift`: the arguments as they are, with the environment of the tests.
pub fn by_hand(workspace: &Workspace, arguments: Vec<OsString>) -> Result<()> {
    let mut log = workspace.log("swift-by-hand")?;
    swift::run(workspace, arguments, &variables(workspace), &mut log)?.check(&mut log)?;
    Ok(())
}

pub(super) fn run(workspace: &Workspace, log: &mut Log) -> Result<Tally> {
    let packages: Vec<_> = PACKAGES
        .iter()
        .filter(|folder| workspace.root.join(folder).join("Package.swift").exists())
        .collect();
    if packages.is_empty() {
        return Err(Error::Missing(
            "there is no bindings/swift/Package.swift".to_owned(),
        ));
    }
    swift::ensure(workspace, log)?;
    native(workspace, log)?;
    let variables = variables(workspace);
    let mut tally = Tally::default();
    for package in packages {
        // Swift Testing writes its own report beside XCTest's, with a longer name.
        let reports = workspace.scratch().join(package.replace('/', "-"));
        if reports.exists() {
            fs::remove_dir_all(&reports).map_err(Error::file(&reports))?;
        }
        fs::create_dir_all(&reports).map_err(Error::file(&reports))?;
        let args: [OsString; 6] = [
            "test".into(),
            "--package-path".into(),
            (*package).into(),
            "--parallel".into(),
            "--xunit-output".into(),
            reports.join("tests.xml").into(),
        ];
        let output = swift::run(workspace, args, &variables, log)?
            .limit(TEST_LIMIT)
            .output(log)?;
        let count = junit::count_below(&reports, |path| {
            path.extension().is_some_and(|end| end == "xml")
        })?;
        tally.count += count.with_end(output.status.success());
    }
    Ok(tally)
}
