//! The result lines of `cargo test`, of test binaries and of documentation tests alike.

use super::Count;

/// Adds up every `test result:` line.
pub fn count<'a>(lines: impl IntoIterator<Item = &'a str>) -> Count {
    let mut sum = Count::default();
    for count in lines.into_iter().filter_map(result_line) {
        sum += count;
    }
    sum
}

/// Reads `test result: ok. 3 passed; 0 failed; 1 ignored; 0 measured; 0 filtered out; finished in 0.01s`.
/// Output of a test that does not end its line may stand before it.
fn result_line(line: &str) -> Option<Count> {
    let (_, rest) = line.split_once("test result: ")?;
    let (_, counts) = rest.split_once(". ")?;
    let field = |name: &str| {
        counts.split(';').find_map(|part| {
            part.trim()
                .strip_suffix(name)
                .and_then(|number| number.trim().parse().ok())
        })
    };
    Some(Count {
        passed: field("passed")?,
        failed: field("failed")?,
        skipped: field("ignored")?,
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    const OUTPUT: &str = "
     Running unittests src/lib.rs (target/debug/deps/sokhoe_qr-1)

running 3 tests
test crc ... ok
test result: ok. 3 passed; 0 failed; 1 ignored; 0 measured; 0 filtered out; finished in 0.01s

failures:
    a
progress 50 %test result: FAILED. 1 passed; 2 failed; 0 ignored; 0 measured; 5 filtered out; finished in 1.21s
error: test failed, to rerun pass `-p sokhoe-qr --lib`
   Doc-tests sokhoe_qr
test result: ok. 4 passed; 0 failed; 0 ignored; 0 measured; 0 filtered out; finished in 0.30s; merged doctests compilation took 0.2s
";

    #[test]
    fn every_binary_and_the_doc_tests_are_added_up() {
        let expected = Count {
            passed: 8,
            failed: 2,
            skipped: 1,
        };
        assert_eq!(count(OUTPUT.lines()), expected);
    }

    #[test]
    fn output_without_results_counts_nothing() {
        let lines = [
            "error: could not compile",
            "test result: gone",
            "running 3 tests",
        ];
        assert_eq!(count(lines), Count::default());
    }

    #[test]
    fn a_run_that_broke_before_its_tests_is_a_failure() {
        assert_eq!(count([]).with_end(false).failed, 1);
        assert_eq!(count(OUTPUT.lines()).with_end(false).failed, 2);
        assert_eq!(count([]).with_end(true).executed(), 0);
    }
}
