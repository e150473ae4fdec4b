//! Where rules come from: files and folders, or the library that is part of the program.

use std::path::{Path, PathBuf};

use moneytrail::engine::{Request, RunError};
use moneytrail::lang::{self, Diagnostic, Level, Override, Source, TypologySet};

use crate::failure::Failure;
use crate::terminal;

macro_rules! shipped {
    ($($family:ident: $($id:literal)*;)*) => {
        /// The shipped rules: path and text. One id a line; a test holds the list against the folders.
        const SHIPPED: &[(&str, &str)] = &[$($((
            concat!("typologies/", stringify!($family), "/", $id, ".yaml"),
            include_str!(concat!("../../../typologies/", stringify!($family), "/", $id, ".yaml")),
        ),)*)*];
    };
}

shipped! {
    shapes:
        "bipartite-transfer"
        "fan-in"
        "fan-out"
        "gather-scatter"
        "layered-fan-in"
        "layered-fan-out"
        "random-walk-chain"
        "scatter-gather"
        "simple-cycle"
        "stacked-bipartite";
    mules:
        "corridor-shift"
        "counterparty-break"
        "dormant-activation"
        "mule-cash-out"
        "mule-chain"
        "mule-herd"
        "mule-remittance-exit"
        "new-account-burst"
        "pass-through-account";
    placement:
        "cash-structuring"
        "cuckoo-smurfing"
        "deposit-then-send"
        "funnel-account"
        "multi-account-consolidation"
        "remittance-splitting"
        "smurfing"
        "structured-fan-in"
        "structured-withdrawal";
    layering:
        "cross-currency-layering"
        "ping-pong-transfers"
        "round-trip"
        "shell-company-conduit"
        "single-large-outlier"
        "u-turn";
    processors:
        "chargeback-abuse"
        "merchant-load-balancing"
        "nested-processor"
        "processor-layering"
        "refund-laundering"
        "transaction-laundering"
        "virtual-iban-rotation";
    fraud:
        "account-takeover-drain"
        "bec-diversion"
        "card-fraud-monetisation"
        "victim-collection-account";
    instruments:
        "crypto-ramp-layering"
        "ewallet-exchange-layering"
        "gambling-pass-through"
        "peel-chain"
        "prepaid-load-and-cash-out";
}

/// The rule texts at these paths, in path order; the shipped ones where no path is given.
pub(crate) fn sources(paths: &[PathBuf]) -> Result<Vec<Source>, Failure> {
    if paths.is_empty() {
        return Ok(SHIPPED
            .iter()
            .map(|&(path, text)| Source { path: path.to_owned(), text: text.to_owned() })
            .collect());
    }
    let files = files(paths, is_rule_file)?;
    if files.is_empty() {
        return Err(Failure::usage("there is no rule file (`*.yaml`) at the paths given"));
    }
    files.iter().map(|path| read(path)).collect()
}

/// The sources and the shipped rules that they use, at any remove.
pub(crate) fn with_used(own: &[Source]) -> Vec<Source> {
    let mut all = own.to_vec();
    loop {
        let lacking = lang::lacking(&all);
        let is_lacking = |path: &str| {
            let stem = path.rsplit('/').next().and_then(|name| name.strip_suffix(".yaml"));
            stem.is_some_and(|stem| lacking.iter().any(|id| id == stem))
        };
        let more = SHIPPED.iter().filter(|(path, _)| is_lacking(path));
        let before = all.len();
        all.extend(more.map(|&(path, text)| Source { path: path.to_owned(), text: text.to_owned() }));
        if all.len() == before {
            return all;
        }
    }
}

/// The files at these paths, those of folders if they have the right name; in path order, each once.
pub(crate) fn files(paths: &[PathBuf], wanted: fn(&Path) -> bool) -> Result<Vec<PathBuf>, Failure> {
    let mut files = Vec::new();
    for path in paths {
        if path.is_dir() {
            files.extend(files_in(path, wanted)?);
        } else {
            files.push(path.clone());
        }
    }
    files.sort();
    files.dedup();
    Ok(files)
}

fn files_in(folder: &Path, wanted: fn(&Path) -> bool) -> Result<Vec<PathBuf>, Failure> {
    let failed = |error| Failure::output(format!("{}: {error}", folder.display()));
    let mut files = Vec::new();
    for entry in std::fs::read_dir(folder).map_err(failed)? {
        let path = entry.map_err(failed)?.path();
        if path.is_dir() {
            files.extend(files_in(&path, wanted)?);
        } else if wanted(&path) {
            files.push(path);
        }
    }
    Ok(files)
}

/// What an expectation file is called: `NAME.expect.yaml`.
const EXPECTATIONS: [&str; 2] = [".expect.yaml", ".expect.yml"];

/// Whether a path has the name of a rule file.
pub(crate) fn is_rule_file(path: &Path) -> bool {
    let is_yaml = path.extension().is_some_and(|extension| extension == "yaml" || extension == "yml");
    is_yaml && !is_expectation_file(path)
}

/// The id of a rule that is named by its id or by its file; a file becomes the only one that rules are read from.
pub(crate) fn named(typed: &str, rules: &mut Vec<PathBuf>) -> String {
    let path = Path::new(typed);
    if !is_rule_file(path) {
        return typed.to_owned();
    }
    *rules = vec![path.to_owned()];
    path.file_stem().map_or_else(String::new, |stem| stem.to_string_lossy().into_owned())
}

/// Whether a path has the name of an expectation file.
pub(crate) fn is_expectation_file(path: &Path) -> bool {
    path.file_name()
        .and_then(|name| name.to_str())
        .is_some_and(|name| EXPECTATIONS.iter().any(|end| name.ends_with(end)))
}

/// The text at a path.
pub(crate) fn read(path: &Path) -> Result<Source, Failure> {
    let bytes = std::fs::read(path).map_err(|error| Failure::output(format!("{}: {error}", path.display())))?;
    let text = String::from_utf8(bytes).map_err(|error| {
        let at = error.utf8_error().valid_up_to();
        Failure::usage(format!("{}: the file is not UTF-8 text (byte {at})", path.display()))
    })?;
    Ok(Source { path: path.display().to_string(), text })
}

/// Compiles rule texts and shows every diagnostic; a failure where one is an error.
pub(crate) fn compile(sources: &[Source], overrides: &[Override]) -> Result<TypologySet, Failure> {
    let checked = lang::compile(sources, overrides);
    show(&checked.diagnostics, sources);
    checked.set.ok_or_else(|| Failure::quiet(2))
}

/// Says what is wrong with the rules of a run, where that is what ended it.
pub(crate) fn fail(error: RunError, request: &Request) -> Failure {
    if let RunError::Rules(diagnostics) = &error {
        show(diagnostics, &request.sources);
    }
    error.into()
}

/// Shows diagnostics on standard error; returns how many are errors and how many warnings.
pub(crate) fn show(diagnostics: &[Diagnostic], sources: &[Source]) -> (usize, usize) {
    let colour = terminal::is_coloured();
    for diagnostic in diagnostics {
        let source = sources.iter().find(|source| source.path == diagnostic.path).map(|source| source.text.as_str());
        let text = source.or_else(|| diagnostic.path.strip_prefix("--set ")).unwrap_or_default();
        terminal::complain(&format!("{}\n", diagnostic.render(text, colour)));
    }
    let errors = diagnostics.iter().filter(|diagnostic| diagnostic.level == Level::Error).count();
    (errors, diagnostics.len() - errors)
}

/// Reads `rule.parameter=value`.
pub(crate) fn overrides(set: &[String]) -> Result<Vec<Override>, Failure> {
    let read = |text: &String| {
        let parts = text
            .split_once('=')
            .and_then(|(name, value)| name.rsplit_once('.').map(|(rule, parameter)| (rule, parameter, value)));
        let (rule, parameter, value) =
            parts.ok_or_else(|| Failure::usage(format!("`--set {text}`: write `--set rule.parameter=value`")))?;
        Ok(Override { rule: rule.to_owned(), parameter: parameter.to_owned(), value: value.to_owned() })
    };
    set.iter().map(read).collect()
}

/// The rules of these ids; all of them where none is named.
pub(crate) fn only(mut set: TypologySet, ids: &[String]) -> Result<TypologySet, Failure> {
    if let Some(unknown) = ids.iter().find(|id| !set.typologies.iter().any(|typology| typology.id == **id)) {
        let known: Vec<&str> = set.typologies.iter().map(|typology| typology.id.as_str()).collect();
        return Err(Failure::usage(format!("there is no rule `{unknown}`; there are {}", known.join(", "))));
    }
    if !ids.is_empty() {
        set.typologies.retain(|typology| ids.contains(&typology.id));
    }
    Ok(set)
}
