//! JUnit's XML, as Maven's Surefire, `swift test --xunit-output` and JUnit's own console write it.

use std::{fs, path::Path};

use super::Count;
use crate::{
    error::{Error, Result},
    workspace::files_below,
};

/// Counts the test cases of one report.
pub fn count(xml: &str) -> Result<Count, roxmltree::Error> {
    let options = roxmltree::ParsingOptions {
        allow_dtd: true,
        ..roxmltree::ParsingOptions::default()
    };
    let document = roxmltree::Document::parse_with_options(xml, options)?;
    let mut sum = Count::default();
    for case in document
        .descendants()
        .filter(|node| node.has_tag_name("testcase"))
    {
        let has = |name: &str| case.children().any(|child| child.has_tag_name(name));
        if has("failure") || has("error") {
            sum.failed += 1;
        } else if has("skipped") {
            sum.skipped += 1;
        } else {
            sum.passed += 1;
        }
    }
    Ok(sum)
}

/// Counts the test cases of every report below a folder that `wanted` says is one.
pub fn count_below(folder: &Path, wanted: impl Fn(&Path) -> bool) -> Result<Count> {
    let mut sum = Count::default();
    for path in files_below(folder)? {
        if wanted(&path) {
            let xml = fs::read_to_string(&path).map_err(Error::file(&path))?;
            sum += count(&xml).map_err(|source| Error::Report { path, source })?;
        }
    }
    Ok(sum)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn surefire() {
        let xml = r#"<?xml version="1.0" encoding="UTF-8"?>
<testsuite xmlns:xsi="http://www.w3.org/2001/XMLSchema-instance" name="vn.sokhoe.JourneyTest" tests="4" errors="1" skipped="1" failures="1">
  <properties><property name="x" value="testcase"/></properties>
  <testcase name="books" classname="vn.sokhoe.JourneyTest" time="0.31"><system-out><![CDATA[<failure>]]></system-out></testcase>
  <testcase name="pays" classname="vn.sokhoe.JourneyTest" time="0.1"><failure message="expected" type="AssertionError">…</failure></testcase>
  <testcase name="syncs" classname="vn.sokhoe.JourneyTest" time="0.1"><error type="IOException"/></testcase>
  <testcase name="later" classname="vn.sokhoe.JourneyTest"><skipped/></testcase>
</testsuite>"#;
        let expected = Count {
            passed: 1,
            failed: 2,
            skipped: 1,
        };
        assert_eq!(count(xml), Ok(expected));
    }

    #[test]
    fn swift_xctest_and_swift_testing() {
        let xctest = r#"<?xml version="1.0" encoding="UTF-8"?>
<testsuites>
<testsuite name="TestResults" errors="0" tests="2" failures="1" skipped="0" time="0.2">
<testcase classname="SoKhoeTests.Journey" name="testBooks" time="0.1"></testcase>
<testcase classname="SoKhoeTests.Journey" name="testPays" time="0.1"><failure message="failed"></failure></testcase>
</testsuite>
</testsuites>"#;
        let none = r#"<testsuites><testsuite name="TestResults" errors="0" tests="0" failures="0" time="0.0"></testsuite></testsuites>"#;
        assert_eq!(count(xctest).map(|c| (c.passed, c.failed)), Ok((1, 1)));
        assert_eq!(count(none), Ok(Count::default()));
    }

    #[test]
    fn half_a_report_is_no_report() {
        assert!(count("<testsuite><testcase name=\"a\">").is_err());
    }

    #[test]
    fn only_the_wanted_files_of_a_folder_are_read() {
        let folder = tempfile::tempdir().expect("a temporary folder");
        let deep = folder.path().join("a/b");
        fs::create_dir_all(&deep).expect("folders");
        fs::write(
            deep.join("TEST-x.xml"),
            "<testsuite><testcase/></testsuite>",
        )
        .expect("a report");
        fs::write(deep.join("notes.txt"), "no XML").expect("a file");
        let is_report = |path: &Path| path.extension().is_some_and(|end| end == "xml");
        let count = count_below(folder.path(), is_report).expect("one report");
        assert_eq!(count.passed, 1);
        let nowhere = count_below(&folder.path().join("absent"), is_report).expect("no folder");
        assert_eq!(nowhere, Count::default());
    }
}
