//! `cargo xtask test`: every part, a line for each, one sum.

use std::time::{Duration, Instant};

use crate::{
    error::{Error, Result},
    parts::{PARTS, Part, Tally},
    process::Log,
    results::Count,
    workspace::Workspace,
};

/// How one part ended.
#[derive(Debug, PartialEq, Eq)]
enum Verdict {
    Ran(Count),
    NotRun(String),
}

/// A part with what it came to.
#[derive(Debug)]
struct Row {
    part: &'static str,
    verdict: Verdict,
    took: Duration,
}

/// Runs the parts that `only` names, or all; says whether everything passed.
pub fn run(workspace: &Workspace, only: &[String], allow_missing: bool) -> Result<bool> {
    let mut rows = Vec::new();
    for part in PARTS {
        if only.is_empty() || only.iter().any(|name| name == part.name) {
            rows.push(run_part(workspace, part, allow_missing)?);
        }
    }
    println!();
    let (lines, passed) = summary(&rows, allow_missing);
    for line in lines {
        println!("{line}");
    }
    Ok(passed)
}

fn run_part(workspace: &Workspace, part: &Part, allow_missing: bool) -> Result<Row> {
    let mut log = workspace.log(part.name)?;
    log.say(&format!("== {}: {}", part.name, part.about));
    let started = Instant::now();
    let result = (part.run)(workspace, &mut log);
    let verdict = judge(part.name, result, allow_missing, &mut log);
    log.say(&closing_line(part.name, &verdict, allow_missing));
    Ok(Row {
        part: part.name,
        verdict,
        took: started.elapsed(),
    })
}

/// Turns what a part returned into a count, or into the reason why there is none.
fn judge(part: &str, result: Result<Tally>, allow_missing: bool, log: &mut Log) -> Verdict {
    match result {
        Ok(Tally { mut count, missing }) => {
            for (piece, why) in &missing {
                log.say(&format!("{part}: {piece}: not run, because {why}"));
                count.failed += u64::from(!allow_missing);
            }
            if count.executed() == 0 {
                log.say(&format!("{part}: no test was executed"));
                count.failed = 1;
            }
            Verdict::Ran(count)
        }
        Err(Error::Missing(why)) => Verdict::NotRun(why),
        Err(error) => {
            log.say(&format!("{part}: {error}"));
            Verdict::Ran(Count::one(false))
        }
    }
}

fn closing_line(part: &str, verdict: &Verdict, allow_missing: bool) -> String {
    match verdict {
        Verdict::Ran(count) => format!("{part}: {} passed, {} failed", count.passed, count.failed),
        Verdict::NotRun(why) if allow_missing => format!("{part}: not run, because {why}"),
        Verdict::NotRun(why) => {
            format!("{part}: not run, because {why}\n{part}: 0 passed, 1 failed")
        }
    }
}

/// The table, the sum on its last line, and whether everything passed.
fn summary(rows: &[Row], allow_missing: bool) -> (Vec<String>, bool) {
    let mut sum = Count::default();
    let mut lines = vec![format!(
        "{:<12} {:>8} {:>8} {:>8} {:>9}",
        "part", "passed", "failed", "skipped", "seconds"
    )];
    for Row {
        part,
        verdict,
        took,
    } in rows
    {
        let took = took.as_secs_f64();
        match verdict {
            Verdict::Ran(count) => {
                sum += *count;
                lines.push(format!(
                    "{part:<12} {:>8} {:>8} {:>8} {took:>9.1}",
                    count.passed, count.failed, count.skipped
                ));
            }
            Verdict::NotRun(why) => {
                sum.failed += u64::from(!allow_missing);
                lines.push(format!("{part:<12} {:>26} {took:>9.1}   {why}", "not run"));
            }
        }
    }
    lines.push(format!("{} passed, {} failed", sum.passed, sum.failed));
    (lines, sum.failed == 0 && sum.executed() > 0)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn judged(result: Result<Tally>, allow_missing: bool) -> Verdict {
        let folder = tempfile::tempdir().expect("a temporary folder");
        let mut log = Log::create(&folder.path().join("log")).expect("a log");
        judge("part", result, allow_missing, &mut log)
    }

    fn ran(passed: u64, failed: u64) -> Verdict {
        Verdict::Ran(Count {
            passed,
            failed,
            skipped: 0,
        })
    }

    fn rows(verdicts: [Verdict; 2]) -> Vec<Row> {
        verdicts
            .into_iter()
            .map(|verdict| Row {
                part: "part",
                verdict,
                took: Duration::from_secs(1),
            })
            .collect()
    }

    #[test]
    fn a_part_without_tests_fails() {
        assert_eq!(judged(Ok(Tally::default()), true), ran(0, 1));
    }

    #[test]
    fn a_part_that_broke_fails() {
        let broke = Err(Error::Wrong("broke".to_owned()));
        assert_eq!(judged(broke, true), ran(0, 1));
    }

    #[test]
    fn a_missing_piece_fails_unless_it_may_be_missing() {
        let tally = || Tally {
            count: Count::one(true),
            missing: vec![("piece".to_owned(), "no Swift".to_owned())],
        };
        assert_eq!(judged(Ok(tally()), false), ran(1, 1));
        assert_eq!(judged(Ok(tally()), true), ran(1, 0));
    }

    #[test]
    fn a_part_that_could_not_run_is_never_a_pass() {
        let not_run = || judged(Err(Error::Missing("no Java".to_owned())), true);
        assert_eq!(
            closing_line("part", &not_run(), true),
            "part: not run, because no Java"
        );
        assert!(closing_line("part", &not_run(), false).ends_with("\npart: 0 passed, 1 failed"));

        let (lines, passed) = summary(&rows([not_run(), ran(3, 0)]), true);
        assert_eq!(lines.last().map(String::as_str), Some("3 passed, 0 failed"));
        assert!(passed);
        let (lines, passed) = summary(&rows([not_run(), ran(3, 0)]), false);
        assert_eq!(lines.last().map(String::as_str), Some("3 passed, 1 failed"));
        assert!(!passed);
        let (_, passed) = summary(&rows([not_run(), not_run()]), true);
        assert!(!passed, "nothing ran at all");
    }
}
