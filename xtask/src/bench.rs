//! `cargo xtask bench`: the figures of DESIGN.md, as a table and as JSON.
//!
//! The figures themselves are measured by the bench `figures` of `sokhoe-tests`; the size of the library is
//! measured here, on the library as phones get it.

use std::{
    fs,
    path::{Path, PathBuf},
};

use serde::{Deserialize, Serialize};

use crate::{
    error::{Error, Result},
    process::Log,
    tools::{hapi, node},
    workspace::Workspace,
};

const LIBRARY_BYTES: &str = "library_bytes";
/// The end of the names of figures that need node and the npm packages of the peers.
const AGAINST_NPM: &str = "_vs_npm";
/// What the names have of figures that need Java and HAPI; an ending tells the size.
const AGAINST_JVM: &str = "_vs_jvm";
/// The end of the names of figures that need HAPI's own server.
const AGAINST_HAPI: &str = "_vs_hapi";

/// One figure, beside that of a peer where there is one.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Figure {
    /// Its name in DESIGN.md.
    pub name: String,
    /// Ours.
    pub value: f64,
    /// The unit of both values.
    pub unit: String,
    /// Whom it is compared with.
    pub peer: Option<String>,
    /// Theirs.
    pub peer_value: Option<f64>,
    /// What DESIGN.md compares with its goal.
    pub ratio: Option<f64>,
    /// How many runs it stands on.
    pub samples: u64,
    /// What it was measured on.
    pub machine: String,
}

/// Measures everything, or the one figure that `only` names, and writes a JSON file if asked.
pub fn run(workspace: &Workspace, json: Option<&Path>, only: Option<&str>) -> Result<()> {
    let mut log = workspace.log("bench")?;
    let mut figures = Vec::new();
    if only != Some(LIBRARY_BYTES) {
        figures.extend(measured(workspace, only, &mut log)?);
    }
    if only.is_none_or(|name| name == LIBRARY_BYTES) {
        figures.push(library_bytes(workspace, &mut log)?);
    }
    if figures.is_empty() {
        return Err(Error::Wrong(format!(
            "there is no figure named {}",
            only.unwrap_or("anything")
        )));
    }
    println!();
    for line in table(&figures) {
        log.say(&line);
    }
    if let Some(path) = json {
        let text = serde_json::to_vec_pretty(&figures).map_err(|source| Error::Json {
            path: path.to_path_buf(),
            source,
        })?;
        fs::write(path, text).map_err(Error::file(path))?;
    }
    Ok(())
}

/// The figures of `sokhoe-tests`.
fn measured(workspace: &Workspace, only: Option<&str>, log: &mut Log) -> Result<Vec<Figure>> {
    let path = workspace.scratch().join("figures.json");
    if path.exists() {
        fs::remove_file(&path).map_err(Error::file(&path))?;
    }
    let mut figures = workspace
        .cargo()
        .args(["bench", "--locked", "--package", "sokhoe-tests"])
        .args(["--features", "figures"])
        .args(["--bench", "figures", "--", "--json"])
        .arg(&path)
        .args(only.map(|name| ["--only", name]).iter().flatten());
    if only.is_none_or(|name| name.ends_with(AGAINST_NPM)) {
        let packages = node::modules(&workspace.root.join("tests/peers"), log);
        if let Some(packages) = peer(AGAINST_NPM, packages, only, log)? {
            figures = figures.env("SOKHOE_PEERS_NODE", packages);
        }
    }
    if only.is_none_or(|name| name.contains(AGAINST_JVM)) {
        let project = workspace.root.join("tests/figures/jvm/pom.xml");
        let jars = hapi::for_figures(workspace, &project, log);
        if let Some(jars) = peer(AGAINST_JVM, jars, only, log)? {
            figures = figures.env("SOKHOE_FIGURES_JVM", jars);
        }
    }
    if only.is_none_or(|name| name.ends_with(AGAINST_HAPI)) {
        let project = workspace.root.join("tests/peers/hapi_server/pom.xml");
        let jars = hapi::server(workspace, &project, log);
        if let Some(jars) = peer(AGAINST_HAPI, jars, only, log)? {
            figures = figures.env("SOKHOE_FIGURES_HAPI_SERVER", jars);
        }
    }
    figures.check(log)?;
    let text = fs::read(&path).map_err(Error::file(&path))?;
    serde_json::from_slice(&text).map_err(|source| Error::Json { path, source })
}

/// A peer's folder. Without it its figures are left out: some of many; asked for by its name, it is an error.
fn peer(
    figures: &str,
    found: Result<PathBuf>,
    only: Option<&str>,
    log: &mut Log,
) -> Result<Option<PathBuf>> {
    match found {
        Err(Error::Missing(why)) if only.is_none() => {
            log.say(&format!("figures *{figures}* are left out: {why}"));
            Ok(None)
        }
        found => found.map(Some),
    }
}

/// The size of the library that goes into an app: the profile of phones, without symbols.
fn library_bytes(workspace: &Workspace, log: &mut Log) -> Result<Figure> {
    workspace
        .cargo()
        .args(["rustc", "--locked", "--package", "sokhoe-ffi", "--lib"])
        .args(["--crate-type", "cdylib", "--profile", "release-mobile"])
        .check(log)?;
    let name = format!(
        "{}sokhoe_ffi{}",
        std::env::consts::DLL_PREFIX,
        std::env::consts::DLL_SUFFIX
    );
    let built = workspace.target.join("release-mobile").join(&name);
    let shipped = workspace.scratch().join(&name);
    fs::copy(&built, &shipped).map_err(Error::file(&built))?;
    workspace.run("strip").arg(&shipped).check(log)?;
    let bytes = fs::metadata(&shipped).map_err(Error::file(&shipped))?.len();
    Ok(Figure {
        name: LIBRARY_BYTES.to_owned(),
        #[expect(
            clippy::cast_precision_loss,
            reason = "a library is smaller than 2^53 bytes"
        )]
        value: bytes as f64,
        unit: "bytes".to_owned(),
        peer: None,
        peer_value: None,
        ratio: None,
        samples: 1,
        machine: machine(),
    })
}

/// The processor and how many of it.
fn machine() -> String {
    let cores = std::thread::available_parallelism().map_or(1, usize::from);
    let described = fs::read_to_string("/proc/cpuinfo").unwrap_or_default();
    let processor = described
        .lines()
        .find_map(|line| line.strip_prefix("model name")?.split_once(": "))
        .map_or(std::env::consts::ARCH, |(_, name)| name);
    format!("{cores} x {processor}")
}

fn table(figures: &[Figure]) -> Vec<String> {
    let mut rows = vec![
        [
            "name", "value", "unit", "peer", "peer's", "ratio", "samples",
        ]
        .map(ToOwned::to_owned),
    ];
    rows.extend(figures.iter().map(|figure| {
        let optional = |value: Option<f64>| value.map_or_else(|| "-".to_owned(), number);
        [
            figure.name.clone(),
            number(figure.value),
            figure.unit.clone(),
            figure.peer.clone().unwrap_or_else(|| "-".to_owned()),
            optional(figure.peer_value),
            optional(figure.ratio),
            figure.samples.to_string(),
        ]
    }));
    let width = |column: usize| {
        rows.iter()
            .map(|row| row[column].chars().count())
            .max()
            .unwrap_or(0)
    };
    let widths: [usize; 7] = std::array::from_fn(width);
    rows.iter()
        .map(|row| {
            let cells: Vec<String> = row
                .iter()
                .zip(widths)
                .enumerate()
                .map(|(column, (cell, width))| match column {
                    1 | 4 | 5 | 6 => format!("{cell:>width$}"),
                    _ => format!("{cell:<width$}"),
                })
                .collect();
            cells.join("  ").trim_end().to_owned()
        })
        .collect()
}

/// A number with as many digits as a person wants.
fn number(value: f64) -> String {
    if value.abs() >= 100.0 {
        format!("{value:.0}")
    } else if value.abs() >= 1.0 {
        format!("{value:.2}")
    } else {
        format!("{value:.4}")
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn figures_have_the_names_of_the_design() {
        let text = r#"[{"name":"search_p95","value":1.25,"unit":"ms","peer":null,"peer_value":null,"ratio":null,"samples":200,"machine":"2 x any"}]"#;
        let figures: Vec<Figure> = serde_json::from_str(text).expect("a list of figures");
        assert_eq!(figures[0].value.to_bits(), 1.25_f64.to_bits());
        assert_eq!(serde_json::to_string(&figures).expect("JSON"), text);
    }

    #[test]
    fn the_table_is_aligned() {
        let figure = |name: &str, value| Figure {
            name: name.to_owned(),
            value,
            unit: "ms".to_owned(),
            peer: None,
            peer_value: None,
            ratio: Some(0.5),
            samples: 3,
            machine: "any".to_owned(),
        };
        let lines = table(&[figure("a", 12345.6), figure("search_p95", 0.01234)]);
        assert_eq!(
            lines[1],
            "a            12346  ms    -          -  0.5000        3"
        );
        assert_eq!(
            lines[2],
            "search_p95  0.0123  ms    -          -  0.5000        3"
        );
    }
}
