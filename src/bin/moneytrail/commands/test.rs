//! `test`: the tests that rules carry, and expectation files over whole ledgers.

use std::io::{self, Write};
use std::path::{Path, PathBuf};
use std::sync::atomic::AtomicBool;

use moneytrail::engine;
use moneytrail::ingest;
use moneytrail::lang::{self, ExpectationFile, Source, TypologySet};
use moneytrail::workbench::test::{self, Line, Outcome, Sign};
use serde::Serialize;

use crate::args::{ReportForm, Test};
use crate::failure::{FOUND, Failure, USAGE};
use crate::{library, terminal};

pub(crate) fn run(arguments: &Test) -> Result<u8, Failure> {
    let chosen = Chosen::at(&arguments.paths)?;
    let outcomes = chosen.run(arguments.filter.as_deref())?;
    if let (Some(filter), true) = (&arguments.filter, outcomes.is_empty()) {
        return Err(Failure::usage(format!("no test has `{filter}` in its line; without --filter all are listed")));
    }
    match arguments.format {
        ReportForm::Text => text(&chosen, &outcomes)?,
        ReportForm::Json => json(&outcomes)?,
    }
    Ok(if outcomes.iter().any(|outcome| outcome.failure.is_some()) { FOUND } else { 0 })
}

/// The files whose tests run.
struct Chosen {
    /// Rule files; with `None` the shipped rules.
    rules: Option<Vec<PathBuf>>,
    expectations: Vec<PathBuf>,
}

impl Chosen {
    fn at(paths: &[PathBuf]) -> Result<Self, Failure> {
        if paths.is_empty() {
            return Ok(Self { rules: None, expectations: Vec::new() });
        }
        let all = library::files(paths, |path| library::is_rule_file(path) || library::is_expectation_file(path))?;
        let (mut expectations, rules): (Vec<PathBuf>, Vec<PathBuf>) =
            all.into_iter().partition(|path| library::is_expectation_file(path));
        expectations.extend(rules.iter().filter_map(|rule| beside(rule)));
        expectations.sort();
        expectations.dedup();
        if rules.is_empty() && expectations.is_empty() {
            return Err(Failure::usage("there is no rule file (`*.yaml`) and no expectation file at the paths given"));
        }
        Ok(Self { rules: Some(rules), expectations })
    }

    fn rule_count(&self) -> Result<usize, Failure> {
        Ok(self.sources()?.len())
    }

    fn sources(&self) -> Result<Vec<Source>, Failure> {
        match &self.rules {
            None => library::sources(&[]),
            Some(rules) => rules.iter().map(|path| library::read(path)).collect(),
        }
    }

    /// Runs all tests, first those of rules, then expectation files, each in path order.
    fn run(&self, filter: Option<&str>) -> Result<Vec<Outcome>, Failure> {
        let own = self.sources()?;
        let mut outcomes = if own.is_empty() { Vec::new() } else { test::run(&carried(&own, filter)?) };
        for path in &self.expectations {
            outcomes.extend(hold(path, filter)?);
        }
        Ok(outcomes)
    }
}

/// The expectation file of a rule file: in the same folder, with its name.
fn beside(rule: &Path) -> Option<PathBuf> {
    let path = rule.with_extension("expect.yaml");
    path.is_file().then_some(path)
}

/// The rules whose own tests run; those that they use carry none.
fn carried(own: &[Source], filter: Option<&str>) -> Result<TypologySet, Failure> {
    let mut set = library::compile(&library::with_used(own), &[])?;
    for rule in set.typologies.iter_mut().filter(|rule| !own.iter().any(|source| source.path == rule.path)) {
        rule.tests.clear();
    }
    if let Some(filter) = filter {
        test::filter(&mut set, filter);
    }
    Ok(set)
}

/// Runs the rules of an expectation file over its ledgers.
fn hold(path: &Path, filter: Option<&str>) -> Result<Vec<Outcome>, Failure> {
    let source = library::read(path)?;
    let mistakes = |found: Vec<lang::Diagnostic>| {
        library::show(&found, std::slice::from_ref(&source));
        Failure::quiet(USAGE)
    };
    let mut file = lang::expectations(&source, None).map_err(mistakes)?;
    let rules = library::with_used(&rules_of(&file, path)?);
    let set = library::compile(&rules, &file.set)?;
    lang::expectations(&source, Some(&set)).map_err(mistakes)?;
    if let Some(filter) = filter {
        test::filter_file(&mut file, filter);
    }
    if file.expect.is_empty() {
        return Ok(Vec::new());
    }
    let request = request(&file, path, rules);
    let analysis =
        engine::run(&request, &(), &AtomicBool::new(false)).map_err(|error| library::fail(error, &request))?;
    Ok(test::hold(&file, &analysis))
}

/// A path that an expectation file names, seen from the current folder.
fn at(file: &Path, named: &str) -> PathBuf {
    file.parent().map_or_else(|| PathBuf::from(named), |folder| folder.join(named))
}

fn rules_of(file: &ExpectationFile, path: &Path) -> Result<Vec<Source>, Failure> {
    if !file.rules.is_empty() {
        return library::sources(&file.rules.iter().map(|named| at(path, named)).collect::<Vec<_>>());
    }
    let stem = path.file_name().and_then(|name| name.to_str()).and_then(|name| name.split(".expect.").next());
    let neighbour = at(path, &format!("{}.yaml", stem.unwrap_or_default()));
    library::sources(&if neighbour.is_file() { vec![neighbour] } else { Vec::new() })
}

fn request(file: &ExpectationFile, path: &Path, sources: Vec<Source>) -> engine::Request {
    let is_preset = |name: &String| ingest::presets().iter().any(|preset| preset.name == name);
    let text = |named: &String| at(path, named).display().to_string();
    let place = |named: &Option<String>| named.as_ref().map(|named| at(path, named));
    let mut only: Vec<String> = file.expect.iter().map(|expected| expected.rule.clone()).collect();
    only.sort();
    only.dedup();
    engine::Request {
        sources,
        overrides: file.set.clone(),
        only,
        intake: ingest::Request {
            inputs: file.ledgers.iter().map(text).collect(),
            accounts: place(&file.accounts),
            rates: place(&file.rates),
            lists: file.lists.iter().map(|(name, named)| (name.clone(), at(path, named))).collect(),
            mapping: file.mapping.as_ref().map(|name| if is_preset(name) { name.clone() } else { text(name) }),
            base: file.base.clone(),
            ..ingest::Request::default()
        },
        ..engine::Request::default()
    }
}

fn text(chosen: &Chosen, outcomes: &[Outcome]) -> Result<(), Failure> {
    let mut out = io::stdout().lock();
    for outcome in outcomes {
        match (&outcome.failure, &outcome.todo) {
            (Some(failure), _) => {
                writeln!(out, "{} ... FAILED\n  {}:{}", outcome.label(), outcome.path, outcome.line)?;
                for line in failure.lines() {
                    writeln!(out, "  {}", coloured(&line))?;
                }
            }
            (None, Some(reason)) => writeln!(out, "{} ... todo: {reason}", outcome.label())?,
            (None, None) => writeln!(out, "{} ... ok", outcome.label())?,
        }
    }
    let [passed, failed, todo] = tally(outcomes);
    let (rules, files) = (chosen.rule_count()?, chosen.expectations.len());
    let parts = [(rules, "rule"), (files, "expectation file")].into_iter().filter(|(count, _)| *count > 0);
    let mut parts: Vec<String> = parts.map(|(count, noun)| terminal::counted(count, noun)).collect();
    parts.push(terminal::counted(outcomes.len(), "test"));
    let todo = if todo > 0 { format!(", {todo} todo") } else { String::new() };
    writeln!(out, "{}: {passed} passed, {failed} failed{todo}", parts.join(", "))?;
    Ok(())
}

/// How many tests passed, failed, and are known to fail.
fn tally(outcomes: &[Outcome]) -> [usize; 3] {
    let failed = outcomes.iter().filter(|outcome| outcome.failure.is_some()).count();
    let todo = outcomes.iter().filter(|outcome| outcome.todo.is_some()).count();
    [outcomes.len() - failed - todo, failed, todo]
}

fn coloured(line: &Line) -> String {
    match line.sign {
        Sign::Missing => terminal::signed('-', &line.text),
        Sign::Extra => terminal::signed('+', &line.text),
        Sign::Plain => line.text.clone(),
    }
}

/// One test in JSON.
#[derive(Serialize)]
struct Told<'a> {
    suite: &'a str,
    rule: &'a str,
    test: &'a str,
    path: &'a str,
    line: usize,
    verdict: &'static str,
    todo: Option<&'a str>,
    difference: Vec<String>,
}

fn json(outcomes: &[Outcome]) -> Result<(), Failure> {
    let tests: Vec<Told<'_>> = outcomes.iter().map(told).collect();
    let [passed, failed, todo] = tally(outcomes);
    let report = serde_json::json!({ "passed": passed, "failed": failed, "todo": todo, "tests": tests });
    writeln!(io::stdout(), "{report:#}")?;
    Ok(())
}

fn told(outcome: &Outcome) -> Told<'_> {
    let verdict = match (&outcome.failure, &outcome.todo) {
        (Some(_), _) => "failed",
        (None, Some(_)) => "todo",
        (None, None) => "passed",
    };
    let lines = outcome.failure.iter().flat_map(test::Failure::lines);
    let Outcome { suite, rule, test, path, line, todo, .. } = outcome;
    let difference = lines.map(|line| line.text).collect();
    Told { suite, rule, test, path, line: *line, verdict, todo: todo.as_deref(), difference }
}
