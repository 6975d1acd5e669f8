//! HAPI FHIR JPA, the server itself, in a process of its own.

use std::io::{BufRead as _, BufReader};
use std::path::Path;
use std::process::{Child, ChildStdin, Command, Stdio};

use tempfile::TempDir;

/// The server, over a database in memory. It ends when its input does, so that it outlives nobody.
#[derive(Debug)]
pub struct HapiProcess {
    process: Child,
    input: Option<ChildStdin>,
    base: String,
    _classes: TempDir,
}

impl HapiProcess {
    /// Compiles and starts it, with the jars of this folder and these options of the JVM.
    ///
    /// # Panics
    /// When it does not compile or start.
    #[must_use]
    pub fn start(jars: &Path, options: &[&str]) -> Self {
        let classes = TempDir::new().expect("a folder");
        let sources = Path::new(env!("CARGO_MANIFEST_DIR")).join("peers/hapi_server");
        let jars = format!("{}/*", jars.display());
        let compiled = Command::new("javac")
            .args(["-nowarn", "-proc:none", "-cp", &jars, "-d"])
            .arg(classes.path())
            .arg(sources.join("HapiServer.java"))
            .status();
        assert!(
            compiled.is_ok_and(|status| status.success()),
            "HapiServer.java compiles"
        );
        // Its folder has the settings of the log.
        let path = format!("{}:{}:{jars}", classes.path().display(), sources.display());
        let mut process = Command::new("java")
            .args(options)
            .args(["-cp", &path, "HapiServer"])
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .spawn()
            .expect("the server starts");
        let input = process.stdin.take();
        let output = process.stdout.take().expect("its output");
        let mut server = Self {
            process,
            input,
            base: String::new(),
            _classes: classes,
        };
        let mut line = String::new();
        BufReader::new(output).read_line(&mut line).expect("a line");
        let base = line.trim().strip_prefix("ready ");
        base.expect("the server is ready")
            .clone_into(&mut server.base);
        server
    }

    /// Its FHIR base.
    #[must_use]
    pub fn base(&self) -> &str {
        &self.base
    }
}

impl Drop for HapiProcess {
    fn drop(&mut self) {
        drop(self.input.take());
        let _ended = self.process.kill();
        let _reaped = self.process.wait();
    }
}
