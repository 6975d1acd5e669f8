//! `peers`: programs of others read what we write, and we read what they write.

use std::fs;

use super::Tally;
use crate::{
    error::{Error, Result},
    process::Log,
    results::cargo_test,
    tools::{hapi, installed::Installed, node, python},
    workspace::Workspace,
};

pub(super) fn run(workspace: &Workspace, log: &mut Log) -> Result<Tally> {
    let folder = workspace.root.join("tests/peers");
    let lists = ["package-lock.json", "requirements.txt", "pom.xml"].map(|name| folder.join(name));
    if !lists.iter().any(|list| list.exists()) {
        return Err(Error::Missing(
            "there are no peers in tests/peers".to_owned(),
        ));
    }
    let [lock, requirements, project] = lists;
    // Named for the whole workspace, so that features and therefore compiled crates are those of `rust`.
    let mut tests = workspace
        .cargo()
        .args(["test", "--locked", "--workspace", "--no-fail-fast"])
        .args(["--features", "sokhoe-tests/peers", "--test", "peers"]);
    if lock.exists() {
        tests = tests.env("SOKHOE_PEERS_NODE", node::modules(&folder, log)?);
    }
    if requirements.exists() {
        let key = fs::read_to_string(&requirements).map_err(Error::file(&requirements))?;
        let environment = Installed::new(workspace.tools.join("python"), key).or_install(
            "the Python packages of the peers",
            log,
            |folder, log| python::environment(folder, &requirements, log),
        )?;
        tests = tests.env("SOKHOE_PEERS_PYTHON", environment.join("bin/python"));
    }
    if project.exists() {
        tests = tests.env("SOKHOE_PEERS_HAPI", hapi::ensure(workspace, &project, log)?);
    }
    let server = folder.join("hapi_server/pom.xml");
    if server.exists() {
        let jars = hapi::server(workspace, &server, log)?;
        tests = tests.env("SOKHOE_PEERS_HAPI_SERVER", jars);
    }
    let output = tests.output(log)?;
    let count = cargo_test::count(output.lines.iter().map(String::as_str));
    Ok(count.with_end(output.status.success()).into())
}
