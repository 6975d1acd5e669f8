//! The peer on the JVM (../jvm): what the Android FHIR SDK does inside. docs/figures.md tells how it is fair.

use std::path::{Path, PathBuf};
use std::process::Command;

use serde_json::Value;
use tempfile::TempDir;

use crate::process::said;

/// Where `cargo xtask bench` has put HAPI and sqlite-jdbc.
const JARS: &str = "SOKHOE_FIGURES_JVM";
/// The largest heap that a large app on Android gets, and the collector that takes least.
const MACHINE: [&str; 2] = ["-Xmx512m", "-XX:+UseSerialGC"];

pub struct Jvm {
    classes: TempDir,
    jars: PathBuf,
}

impl Jvm {
    /// The peer, compiled; nothing where it was not brought.
    pub fn prepared() -> Option<Self> {
        let jars = PathBuf::from(std::env::var_os(JARS)?);
        let classes = TempDir::new().expect("a folder");
        let sources = std::fs::read_dir(Path::new(env!("CARGO_MANIFEST_DIR")).join("figures/jvm"))
            .expect("the sources")
            .map(|file| file.expect("a file").path())
            .filter(|path| path.extension().is_some_and(|end| end == "java"));
        let compiled = Command::new("javac")
            .arg("-cp")
            .arg(jars.join("*"))
            .arg("-d")
            .arg(classes.path())
            .args(sources)
            .status()
            .expect("a Java compiler");
        assert!(compiled.success(), "the peer on the JVM does not compile");
        Some(Self { classes, jars })
    }

    /// Runs one of its jobs in a process of its own.
    pub fn job(&self, arguments: &[&str]) -> Value {
        let mut path = self.classes.path().as_os_str().to_owned();
        path.push(":");
        path.push(self.jars.join("*"));
        said(
            Command::new("java")
                .args(MACHINE)
                .arg("-cp")
                .arg(path)
                .arg("Peer")
                .args(arguments),
        )
    }
}
