//! Processes of their own, so that memory and processor time are those of one job.
//!
//! This program runs itself with `--job NAME ARGUMENTS…`; the job prints one line of JSON.

use std::path::Path;
use std::process::{Command, Stdio};

use serde_json::Value;

/// The argument that makes this program do a job.
pub const JOB: &str = "--job";

/// Runs a job of this program and gives what it says.
pub fn job(name: &str, arguments: &[&str]) -> Value {
    let program = std::env::current_exe().expect("this program");
    said(Command::new(program).args([JOB, name]).args(arguments))
}

/// Runs a program that says one line of JSON.
pub fn said(command: &mut Command) -> Value {
    let output = command
        .stderr(Stdio::inherit())
        .output()
        .expect("the program starts");
    assert!(output.status.success(), "{command:?}: {}", output.status);
    let text = String::from_utf8(output.stdout).expect("text");
    serde_json::from_str(&text).unwrap_or_else(|error| panic!("{command:?}: {error}: {text}"))
}

/// A path as an argument.
pub fn text(path: &Path) -> &str {
    path.to_str().expect("a path of text")
}

/// A number of a job's answer.
pub fn number(said: &Value, name: &str) -> f64 {
    said.pointer(&format!("/{}", name.replace('.', "/")))
        .and_then(Value::as_f64)
        .unwrap_or_else(|| panic!("no {name} in {said}"))
}

/// Seconds of processor that the threads of this process have used.
pub fn cpu_seconds() -> f64 {
    let tasks = std::fs::read_dir("/proc/self/task").expect("the threads of this process");
    let nanoseconds: f64 = tasks
        .filter_map(|task| std::fs::read_to_string(task.ok()?.path().join("schedstat")).ok())
        .filter_map(|stat| stat.split(' ').next()?.parse::<f64>().ok())
        .sum();
    nanoseconds / 1e9
}

/// Megabytes of this process: `VmRSS` now, `VmHWM` at most.
pub fn memory(line: &str) -> f64 {
    let status = std::fs::read_to_string("/proc/self/status").expect("the status of this process");
    status
        .lines()
        .find_map(|said| said.strip_prefix(line)?.strip_prefix(':'))
        .and_then(|said| said.trim().strip_suffix(" kB")?.parse::<f64>().ok())
        .map_or(f64::NAN, |kilobytes| kilobytes / 1024.0)
}
