//! What became of tests as JUnit XML, which every build server reads: a suite for each rule and expectation file.
//!
//! There is no time in it, so that the same tests give the same bytes.

use std::io;

use quick_xml::Writer;
use quick_xml::events::{BytesDecl, BytesText, Event};

use super::Outcome;

/// The outcomes as JUnit XML: known failures are skipped, and a failure holds the lines of its difference.
#[must_use]
pub fn junit(outcomes: &[Outcome]) -> String {
    let mut out = Writer::new_with_indent(Vec::new(), b' ', 2);
    write(&mut out, outcomes).expect("memory takes all");
    let mut text = String::from_utf8(out.into_inner()).expect("what is written is text");
    text.push('\n');
    text
}

type Out = Writer<Vec<u8>>;

fn write(out: &mut Out, outcomes: &[Outcome]) -> io::Result<()> {
    out.write_event(Event::Decl(BytesDecl::new("1.0", Some("UTF-8"), None)))?;
    let mut suites = outcomes.chunk_by(|a, b| a.suite == b.suite);
    let counts = counts(outcomes);
    let whole = out.create_element("testsuites").with_attribute(("name", "moneytrail"));
    let whole = whole.with_attributes(counts.iter().map(|(name, count)| (*name, count.as_str())));
    whole.write_inner_content(|out| suites.try_for_each(|suite| write_suite(out, suite)))?;
    Ok(())
}

/// The counts that a suite, or all suites together, carries.
fn counts(outcomes: &[Outcome]) -> [(&'static str, String); 4] {
    let failures = outcomes.iter().filter(|outcome| outcome.failure.is_some()).count();
    let skipped = outcomes.iter().filter(|outcome| outcome.todo.is_some()).count();
    [("tests", outcomes.len()), ("failures", failures), ("errors", 0), ("skipped", skipped)]
        .map(|(name, count)| (name, count.to_string()))
}

fn write_suite(out: &mut Out, outcomes: &[Outcome]) -> io::Result<()> {
    let first = outcomes.first().expect("a chunk holds something");
    let (name, file, counts) = (legal(&first.suite), legal(&first.path), counts(outcomes));
    let suite = out.create_element("testsuite");
    let suite = suite.with_attributes([("name", name.as_str()), ("file", file.as_str())]);
    let suite = suite.with_attributes(counts.iter().map(|(name, count)| (*name, count.as_str())));
    suite.write_inner_content(|out| outcomes.iter().try_for_each(|outcome| write_case(out, outcome)))?;
    Ok(())
}

fn write_case(out: &mut Out, outcome: &Outcome) -> io::Result<()> {
    let (class, file, line) = (legal(&outcome.rule), legal(&outcome.path), outcome.line.to_string());
    let name = legal(&outcome.test);
    let case = out.create_element("testcase").with_attributes([
        ("classname", class.as_str()),
        ("name", name.as_str()),
        ("file", file.as_str()),
        ("line", line.as_str()),
    ]);
    if let Some(failure) = &outcome.failure {
        let lines: Vec<String> = failure.lines().into_iter().map(|line| legal(&line.text)).collect();
        let message = lines.first().cloned().unwrap_or_default();
        case.write_inner_content(|out| {
            let failure = out.create_element("failure").with_attribute(("message", message.as_str()));
            failure.write_text_content(BytesText::new(&lines.join("\n"))).map(drop)
        })?;
    } else if let Some(reason) = &outcome.todo {
        let message = legal(reason);
        case.write_inner_content(|out| {
            out.create_element("skipped").with_attribute(("message", message.as_str())).write_empty().map(drop)
        })?;
    } else {
        case.write_empty()?;
    }
    Ok(())
}

/// A text without the signs that XML cannot hold (XML 1.0, section 2.2), even escaped.
fn legal(text: &str) -> String {
    let is_legal =
        |sign: char| sign >= ' ' && !matches!(sign, '\u{fffe}' | '\u{ffff}') || matches!(sign, '\t' | '\n' | '\r');
    text.chars().map(|sign| if is_legal(sign) { sign } else { '\u{fffd}' }).collect()
}

#[cfg(test)]
mod tests {
    use super::super::Failure;
    use super::*;

    #[test]
    fn a_suite_has_its_cases_and_no_sign_breaks_it() {
        let outcome = |suite: &str, test: &str, failure, todo: Option<&str>| Outcome {
            suite: suite.to_owned(),
            rule: "fan-in".to_owned(),
            test: test.to_owned(),
            path: "fan-in.yaml".to_owned(),
            line: 7,
            failure,
            todo: todo.map(str::to_owned),
        };
        let told = junit(&[
            outcome("fan-in", "passes", None, None),
            outcome("fan-in", "<\"&\u{1}>", Some(Failure::NotEvaluable("no `a < b`".to_owned())), None),
            outcome("x.expect.yaml", "later", None, Some("not yet")),
        ]);
        let wanted = r#"<?xml version="1.0" encoding="UTF-8"?>
<testsuites name="moneytrail" tests="3" failures="1" errors="0" skipped="1">
  <testsuite name="fan-in" file="fan-in.yaml" tests="2" failures="1" errors="0" skipped="0">
    <testcase classname="fan-in" name="passes" file="fan-in.yaml" line="7"/>
    <testcase classname="fan-in" name="&lt;&quot;&amp;�&gt;" file="fan-in.yaml" line="7">
      <failure message="not evaluable: no `a &lt; b`">not evaluable: no `a &lt; b`</failure>
    </testcase>
  </testsuite>
  <testsuite name="x.expect.yaml" file="fan-in.yaml" tests="1" failures="0" errors="0" skipped="1">
    <testcase classname="fan-in" name="later" file="fan-in.yaml" line="7">
      <skipped message="not yet"/>
    </testcase>
  </testsuite>
</testsuites>
"#;
        assert_eq!(told, wanted);
    }
}
