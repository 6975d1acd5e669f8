//! A peer program: JSON lines in, JSON lines out.

use std::io::Write;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};

use serde_json::Value;

/// Where this folder is.
pub fn folder() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("peers")
}

/// A path that the test command prepared.
pub fn prepared(variable: &str) -> PathBuf {
    std::env::var_os(variable)
        .unwrap_or_else(|| panic!("{variable} is not set: run `cargo xtask test --only peers`"))
        .into()
}

/// Asks a program everything at once; one answer a question.
pub fn ask(command: &mut Command, questions: &[String]) -> Vec<Value> {
    let mut child = command
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .spawn()
        .expect("the peer starts");
    let mut stdin = child.stdin.take().expect("its input");
    let text = questions
        .iter()
        .fold(String::new(), |text, question| text + question + "\n");
    let writer = std::thread::spawn(move || stdin.write_all(text.as_bytes()));
    let output = child.wait_with_output().expect("the peer ends");
    writer
        .join()
        .expect("the writer")
        .expect("the peer reads its input");
    assert!(output.status.success(), "the peer failed");
    let answers: Vec<Value> = String::from_utf8(output.stdout)
        .expect("UTF-8")
        .lines()
        .map(|line| serde_json::from_str(line).expect("a JSON line"))
        .collect();
    assert_eq!(answers.len(), questions.len(), "one answer a question");
    answers
}
