//! Processes of the binary.

use std::io::{BufRead as _, BufReader, Read as _, Write as _};
use std::net::TcpStream;
use std::process::{Child, Command, Stdio};

use serde_json::Value;
use tempfile::TempDir;

/// The binary, with nothing of the person who runs the tests.
pub fn sokhoe() -> Command {
    let mut command = Command::new(env!("CARGO_BIN_EXE_sokhoe"));
    for name in [
        "SOKHOE_LANG",
        "SOKHOE_PHONE",
        "SOKHOE_DATABASE_URL",
        "SOKHOE_LOG",
    ] {
        command.env_remove(name);
    }
    command.stdin(Stdio::null());
    command
}

/// What a run left.
#[derive(Debug)]
pub struct Ran {
    pub ok: bool,
    pub code: Option<i32>,
    pub stdout: String,
    pub stderr: String,
}

impl Ran {
    /// Its one JSON value.
    pub fn json(&self) -> Value {
        serde_json::from_str(&self.stdout).unwrap_or_else(|error| panic!("{error}: {self:?}"))
    }

    /// Its JSON values, one a line.
    pub fn json_lines(&self) -> Vec<Value> {
        self.stdout
            .lines()
            .map(|line| {
                serde_json::from_str(line).unwrap_or_else(|error| panic!("{error}: {line}"))
            })
            .collect()
    }
}

/// Runs to the end.
pub fn run(args: &[&str]) -> Ran {
    run_with_stdin(args, b"")
}

/// Runs to the end, with this on stdin.
pub fn run_with_stdin(args: &[&str], stdin: &[u8]) -> Ran {
    let mut command = sokhoe();
    command
        .args(args)
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .stderr(Stdio::piped());
    let mut child = command.spawn().expect("a process");
    child.stdin.take().expect("a stdin").write_all(stdin).ok();
    let output = child.wait_with_output().expect("an end");
    Ran {
        ok: output.status.success(),
        code: output.status.code(),
        stdout: String::from_utf8(output.stdout).expect("UTF-8"),
        stderr: String::from_utf8(output.stderr).expect("UTF-8"),
    }
}

/// A served clinic with the demo's data; gone with this value.
pub struct Clinic {
    child: Child,
    folder: TempDir,
    /// The first line it printed.
    pub first: Value,
}

impl Clinic {
    /// Starts one and waits until it answers.
    pub fn serve() -> Self {
        let folder = TempDir::new().expect("a folder");
        let mut child = sokhoe()
            .args([
                "clinic",
                "serve",
                "--listen",
                "127.0.0.1:0",
                "--demo-data",
                "--wait-stdin",
                "--json",
                "--data",
            ])
            .arg(folder.path().join("clinic"))
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .stderr(Stdio::null())
            .spawn()
            .expect("a process");
        let mut line = String::new();
        BufReader::new(child.stdout.take().expect("a stdout"))
            .read_line(&mut line)
            .expect("a line");
        let first = serde_json::from_str(&line).expect("JSON");
        Self {
            child,
            folder,
            first,
        }
    }

    /// Its folder.
    pub fn data(&self) -> String {
        self.folder.path().join("clinic").display().to_string()
    }

    /// What its desk does with the queue, and what it is answered.
    pub fn desk(&self, step: &str, body: &Value) -> Value {
        let text = |name: &str| self.first[name].as_str().expect("a text").to_owned();
        let (url, desk) = (text("url"), text("desk"));
        let host = url.strip_prefix("http://").expect("an address");
        let path = desk.strip_prefix(&url).expect("a path");
        let opened = ask(host, &format!("GET {path} HTTP/1.1\r\n"), "");
        let cookie = opened.lines().find_map(|line| {
            let (name, value) = line.split_once(": ")?;
            let is_it = name.eq_ignore_ascii_case("set-cookie");
            is_it.then(|| value.split(';').next())?
        });
        let head = format!(
            "POST /desk/queue/{step} HTTP/1.1\r\nCookie: {}\r\nSokhoe-Desk: 1\r\nContent-Type: application/json\r\n",
            cookie.expect("a cookie")
        );
        let answer = ask(host, &head, &body.to_string());
        assert!(answer.starts_with("HTTP/1.1 200"), "{step}: {answer}");
        let (_, said) = answer.split_once("\r\n\r\n").expect("a body");
        serde_json::from_str(said).expect("JSON")
    }

    /// The process.
    pub fn id(&self) -> u32 {
        self.child.id()
    }

    /// As if the program that started it had ended.
    pub fn close_stdin(&mut self) {
        drop(self.child.stdin.take());
    }

    /// Its exit code, once it ends. Its stdin stays as it is.
    pub fn wait(&mut self) -> Option<i32> {
        let stdin = self.child.stdin.take();
        let status = self.child.wait().expect("an end");
        drop(stdin);
        status.code()
    }
}

impl Drop for Clinic {
    fn drop(&mut self) {
        self.close_stdin();
        self.child.wait().ok();
    }
}

/// A whole answer over a connection of its own.
fn ask(host: &str, head: &str, body: &str) -> String {
    let mut stream = TcpStream::connect(host).expect("a connection");
    let more = format!(
        "Host: {host}\r\nConnection: close\r\nContent-Length: {}\r\n\r\n{body}",
        body.len()
    );
    stream
        .write_all(format!("{head}{more}").as_bytes())
        .expect("a request");
    let mut answer = String::new();
    stream.read_to_string(&mut answer).expect("an answer");
    answer
}

/// A phone in its own folder, in English.
pub struct Phone(TempDir);

impl Phone {
    /// A new one.
    pub fn new() -> Self {
        Self(TempDir::new().expect("a folder"))
    }

    /// Runs a command of it.
    pub fn run(&self, args: &[&str]) -> Ran {
        let folder = self.0.path().join("phone").display().to_string();
        let whole: Vec<&str> = ["--lang", "en", "phone", "--folder", &folder]
            .into_iter()
            .chain(args.iter().copied())
            .collect();
        run(&whole)
    }

    /// Starts a command of it, whose lines can be read as they come.
    pub fn start(&self, args: &[&str]) -> (Child, impl Iterator<Item = Value> + use<>) {
        let folder = self.0.path().join("phone").display().to_string();
        let mut child = sokhoe()
            .args(["--lang", "en", "phone", "--folder", &folder])
            .args(args)
            .arg("--json")
            .stdout(Stdio::piped())
            .spawn()
            .expect("a process");
        let lines = BufReader::new(child.stdout.take().expect("a stdout")).lines();
        let values = lines.map(|line| serde_json::from_str(&line.expect("a line")).expect("JSON"));
        (child, values)
    }

    /// Runs a command that must work, and gives its JSON.
    pub fn json(&self, args: &[&str]) -> Value {
        let whole: Vec<&str> = args.iter().copied().chain(["--json"]).collect();
        let ran = self.run(&whole);
        assert!(ran.ok, "{args:?}: {}", ran.stderr);
        ran.json()
    }
}
