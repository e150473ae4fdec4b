//! Which tests run: rule files and expectation files, and all that these name.

use std::path::{Path, PathBuf};
use std::sync::atomic::AtomicBool;

use moneytrail::engine;
use moneytrail::ingest;
use moneytrail::lang::{self, ExpectationFile, Source, TypologySet};
use moneytrail::workbench::test::{self, Outcome};

use crate::failure::{Failure, USAGE};
use crate::library;

/// The files whose tests run.
pub(super) struct Chosen {
    /// Rule files; with `None` the shipped rules.
    rules: Option<Vec<PathBuf>>,
    /// Expectation files.
    pub(super) expectations: Vec<PathBuf>,
}

impl Chosen {
    pub(super) fn at(paths: &[PathBuf]) -> Result<Self, Failure> {
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

    pub(super) fn rule_count(&self) -> Result<usize, Failure> {
        Ok(self.sources()?.len())
    }

    /// Every file and folder that the tests read, as far as their files name them.
    pub(super) fn read(&self) -> Vec<PathBuf> {
        let rules = self.rules.iter().flatten().cloned();
        let named = self.expectations.iter().flat_map(|path| named(path));
        rules.chain(self.expectations.iter().cloned()).chain(named).collect()
    }

    fn sources(&self) -> Result<Vec<Source>, Failure> {
        match &self.rules {
            None => library::sources(&[]),
            Some(rules) => rules.iter().map(|path| library::read(path)).collect(),
        }
    }

    /// Runs all tests, first those of rules, then expectation files, each in path order.
    pub(super) fn run(&self, filter: Option<&str>) -> Result<Vec<Outcome>, Failure> {
        let own = self.sources()?;
        let mut outcomes = if own.is_empty() { Vec::new() } else { test::run(&carried(&own, filter)?) };
        for path in &self.expectations {
            outcomes.extend(hold(path, filter)?);
        }
        Ok(outcomes)
    }
}

/// The files that an expectation file names; none where it cannot be read, which running it says.
fn named(path: &Path) -> Vec<PathBuf> {
    let read = library::read(path).ok().and_then(|source| lang::expectations(&source, None).ok());
    let Some(file) = read else { return Vec::new() };
    let tables = [&file.accounts, &file.rates, &file.mapping].into_iter().flatten();
    let texts = file.ledgers.iter().chain(&file.rules).chain(file.lists.values()).chain(tables);
    let mut paths: Vec<PathBuf> = texts.map(|text| at(path, text)).collect();
    paths.extend(neighbour(path));
    paths
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
    library::sources(&neighbour(path).into_iter().collect::<Vec<_>>())
}

/// The rule file of an expectation file: in the same folder, with its name.
fn neighbour(path: &Path) -> Option<PathBuf> {
    let stem = path.file_name()?.to_str()?.split(".expect.").next()?;
    Some(at(path, &format!("{stem}.yaml"))).filter(|path| path.is_file())
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
