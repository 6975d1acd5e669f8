//! Java and Maven.

use std::path::Path;

use crate::{
    error::Result,
    process::{Log, Run, find_program},
    tools::debian,
};

/// The plugin that fetches artifacts; pinned, because without a version Maven takes an old one.
const DEPENDENCY_PLUGIN: &str = "org.apache.maven.plugins:maven-dependency-plugin:3.8.1";

/// Makes sure that a JDK of at least version 17 and Maven are there.
pub fn ensure(log: &mut Log) -> Result<()> {
    debian::need("a JDK 17", &["openjdk-17-jdk-headless"], log, has_jdk)?;
    debian::program("mvn", &["maven"], log)
}

/// Maven without questions and progress bars.
pub fn run() -> Run {
    Run::new("mvn").args(["--batch-mode", "--no-transfer-progress"])
}

/// Copies one artifact (`group:name:version[:type[:classifier]]`), without what it depends on.
pub fn copy(artifact: &str, to: &Path, log: &mut Log) -> Result<()> {
    run()
        .arg(format!("{DEPENDENCY_PLUGIN}:copy"))
        .arg(format!("-Dartifact={artifact}"))
        .arg(format!("-DoutputDirectory={}", to.display()))
        .dir(to)
        .quiet()
        .check(log)?;
    Ok(())
}

/// Copies everything that a project depends on.
pub fn copy_dependencies(project: &Path, to: &Path, log: &mut Log) -> Result<()> {
    run()
        .arg("--file")
        .arg(project)
        .arg(format!("{DEPENDENCY_PLUGIN}:copy-dependencies"))
        .arg(format!("-DoutputDirectory={}", to.display()))
        .quiet()
        .check(log)?;
    Ok(())
}

fn has_jdk() -> bool {
    if find_program("java").is_none() {
        return false;
    }
    std::process::Command::new("javac")
        .arg("-version")
        .output()
        .is_ok_and(|output| {
            let said = [output.stdout, output.stderr].concat();
            release(&String::from_utf8_lossy(&said)).is_some_and(|release| release >= 17)
        })
}

/// The release in `javac 17.0.15`.
fn release(said: &str) -> Option<u32> {
    said.split_once("javac ")?
        .1
        .split(['.', '-', '\n', ' '])
        .next()?
        .parse()
        .ok()
}

#[cfg(test)]
mod tests {
    use super::release;

    #[test]
    fn the_release_of_a_jdk() {
        assert_eq!(release("javac 17.0.15\n"), Some(17));
        assert_eq!(release("javac 1.8.0_402"), Some(1));
        assert_eq!(release("javac 25-ea"), Some(25));
        assert_eq!(release("not found"), None);
    }
}
