//! The abuse cases of docs/abuse-cases.md: each names tests that are there, or says what is missing.

use std::fs;

use super::nothing;
use crate::{
    error::{Error, Result},
    process::Log,
    workspace::Workspace,
};

/// The table.
const TABLE: &str = "docs/abuse-cases.md";
/// The cases that it must have.
const CASES: usize = 34;

/// Every case has a row, and every test that a row names is there.
pub(super) fn every_case_has_a_test(workspace: &Workspace, log: &mut Log) -> Result<()> {
    let path = workspace.root.join(TABLE);
    let table = fs::read_to_string(&path).map_err(Error::file(&path))?;
    let mut found = 0;
    for number in 1..=CASES {
        let start = format!("| A{number} |");
        let Some(row) = table.lines().find(|line| line.starts_with(&start)) else {
            log.say(&format!("{TABLE}: there is no A{number}"));
            found += 1;
            continue;
        };
        let tests = tests(row);
        if tests.is_empty() {
            log.say(&format!("{TABLE}: A{number} names no test"));
            found += 1;
        }
        for (file, function) in tests {
            let text = fs::read_to_string(workspace.root.join(file)).unwrap_or_default();
            let is_there = match function {
                Some(function) => text.contains(&format!("fn {function}(")),
                None => !text.is_empty(),
            };
            if !is_there {
                log.say(&format!(
                    "{TABLE}: A{number}: {file} {} is not there",
                    function.unwrap_or_default()
                ));
                found += 1;
            }
        }
    }
    nothing(found, "abuse cases without their tests")
}

/// The files, and the functions in them, that a row names.
fn tests(row: &str) -> Vec<(&str, Option<&str>)> {
    let quoted = row.split('`').skip(1).step_by(2);
    let paths = quoted.filter(|text| text.contains('/'));
    paths
        .map(|text| match text.split_once("::") {
            Some((file, function)) => (file, Some(function)),
            None => (text, None),
        })
        .collect()
}

#[cfg(test)]
mod tests {
    #[test]
    fn a_row_names_files_and_functions() {
        let row = "| A1 | `_include` | `a/b.rs`, `a/c.rs::d` |";
        assert_eq!(super::tests(row), [("a/b.rs", None), ("a/c.rs", Some("d"))]);
    }
}
