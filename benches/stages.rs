//! Benches of each stage and kernel, on a made ledger of 100,000 transfers (seed 7).
//!
//! `cargo bench` runs all; `cargo bench -- search/simple-cycle` one. `benches/README.md` records what was measured.
//! Stages: `ingest`, `lang`, `plan`, `lists` (transfers by account), `search` (one shipped rule each), `sift`, `stats`,
//! `write`. Kernels: `kernel`, each on the rule of `benches/compare` that it is made for, counting and listing. `anchor`: one
//! account at which all is found, searched by one thread and by two.

use std::fmt::Write;
use std::fs;
use std::hint::black_box;
use std::path::{Path, PathBuf};
use std::sync::atomic::AtomicBool;

use criterion::{Criterion, Throughput, criterion_group, criterion_main};
use moneytrail::columns::Time;
use moneytrail::engine::{self, Analysis};
use moneytrail::ingest::{self, Intake, Request};
use moneytrail::lang::{self, Source, TypologySet};
use moneytrail::plan::{self, Kernel, Plan};
use moneytrail::search::{Levels, Limits, Searcher};
use moneytrail::sift::{self, Found};
use moneytrail::stats::{self, Evidence, Whole};
use moneytrail::workbench::synth::{self, Settings};
use moneytrail::write::{self, Forms, Report, RunFacts};

const TRANSFERS: usize = 100_000;

/// Transfers of the ledger that the kernel which defines a match is asked about: it tries every set of them.
const FEW: usize = 1_000;

/// The rules of `benches/compare` that show what each kernel takes.
const OF_KERNELS: [&str; 6] = ["temporal-cycle", "chain", "two-paths", "fan-in", "scatter-gather", "gather-scatter"];

/// The made ledger as files, and the request that reads it.
fn ledger(folder: &Path, transfers: usize) -> Request {
    let draft = synth::draft(&Settings { transfers, seed: 7, planted: 5, ..Settings::default() });
    let file = |name: &str| fs::File::create(folder.join(name)).expect("a file");
    let made = draft.write_transfers(&mut file("transfers.csv")).expect("transfers");
    made.write_accounts(&mut file("accounts.csv")).expect("accounts");
    let names = |names: &[&str]| names.iter().map(|&name| name.to_owned()).collect();
    Request {
        inputs: vec![folder.display().to_string()],
        columns: names(&["channel", "purpose", "kind"]),
        account_columns: names(&["kind", "country", "entity", "opened", "turnover"]),
        ..Request::default()
    }
}

fn source(path: &Path) -> Source {
    Source { path: path.display().to_string(), text: fs::read_to_string(path).expect("a rule") }
}

fn rules() -> Vec<Source> {
    let families = PathBuf::from(concat!(env!("CARGO_MANIFEST_DIR"), "/typologies"));
    let list = |folder: &PathBuf| -> Vec<PathBuf> {
        fs::read_dir(folder).expect("rules").map(|entry| entry.expect("an entry").path()).collect()
    };
    let mut paths: Vec<PathBuf> = list(&families).iter().flat_map(list).collect();
    paths.sort();
    paths.iter().map(|path| source(path)).collect()
}

fn reading(criterion: &mut Criterion, request: &Request) {
    let mut group = criterion.benchmark_group("ingest");
    group.sample_size(10).throughput(Throughput::Elements(TRANSFERS as u64));
    group.bench_function("csv", |bencher| bencher.iter(|| ingest::read(black_box(request)).expect("a ledger")));
    group.finish();
}

fn compiling(criterion: &mut Criterion, sources: &[Source]) {
    criterion.bench_function("lang/compile", |bencher| bencher.iter(|| lang::compile(black_box(sources), &[])));
}

fn planning(criterion: &mut Criterion, intake: &Intake, set: &TypologySet) {
    let summary = intake.ledger.summary();
    criterion.bench_function("plan", |bencher| bencher.iter(|| plan::together(black_box(set), Some(&summary))));
}

fn listing(criterion: &mut Criterion, intake: &Intake) {
    let mut group = criterion.benchmark_group("lists");
    group.throughput(Throughput::Elements(TRANSFERS as u64));
    group.bench_function("by-account", |bencher| bencher.iter(|| Searcher::new(black_box(&intake.ledger)).listed()));
    group.finish();
}

fn plan_of(set: &TypologySet, id: &str, intake: &Intake) -> Plan {
    let typology = &set.typologies[set.position(id).expect("a rule of the set")];
    plan::build(typology, &intake.ledger.summary()).expect("the made ledger has every column").swap_remove(0)
}

fn levels(intake: &Intake, set: &TypologySet) -> Levels {
    Levels::new(&intake.ledger, set.typologies.iter().map(|typology| &typology.flow))
}

fn searching(criterion: &mut Criterion, intake: &Intake, set: &TypologySet) {
    let (levels, stop) = (levels(intake, set), AtomicBool::new(false));
    let searcher = Searcher::new(&intake.ledger).with_levels(&levels);
    let mut group = criterion.benchmark_group("search");
    group.sample_size(10).throughput(Throughput::Elements(TRANSFERS as u64));
    for typology in &set.typologies {
        let plan = plan_of(set, &typology.id, intake);
        let run = || searcher.run(&plan, &Limits::default(), &stop).expect("evaluable");
        group.bench_function(&typology.id, |bencher| bencher.iter(|| black_box(run())));
    }
    group.finish();
}

/// Each kernel, on the rule that it is made for.
fn kernels(criterion: &mut Criterion, intake: &Intake, few: &Intake) {
    let folder = PathBuf::from(concat!(env!("CARGO_MANIFEST_DIR"), "/benches/compare/rules"));
    let sources: Vec<Source> = OF_KERNELS.iter().map(|id| source(&folder.join(format!("{id}.yaml")))).collect();
    let set = lang::compile(&sources, &[]).set.expect("the rules of the comparison are right");
    let (searcher, stop) = (Searcher::new(&intake.ledger), AtomicBool::new(false));
    let mut group = criterion.benchmark_group("kernel");
    group.sample_size(10).throughput(Throughput::Elements(TRANSFERS as u64));
    for id in OF_KERNELS {
        let plan = plan_of(&set, id, intake);
        let name = |what: &str| format!("{:?}/{id}/{what}", plan.kernel).to_lowercase();
        let count = || searcher.count(&plan, &[], &stop).expect("evaluable");
        group.bench_function(name("count"), |bencher| bencher.iter(|| black_box(count())));
        let list = || searcher.run(&plan, &Limits::default(), &stop).expect("evaluable");
        group.bench_function(name("list"), |bencher| bencher.iter(|| black_box(list())));
    }
    let searcher = Searcher::new(&few.ledger);
    group.throughput(Throughput::Elements(FEW as u64));
    for id in ["temporal-cycle", "fan-in"] {
        let plan = Plan { kernel: Kernel::Exhaustive, ..plan_of(&set, id, few) };
        let list = || searcher.run_exhaustive(&plan).expect("evaluable");
        group.bench_function(format!("exhaustive/{id}/list"), |bencher| bencher.iter(|| black_box(list())));
    }
    group.finish();
}

/// Chains that all begin at one account: it pays a hundred, each of whom pays each of a hundred more, and so on to one.
fn one_anchor(criterion: &mut Criterion, folder: &Path) {
    let mut text = "tx_id,timestamp,sender,receiver,amount,currency\n".to_owned();
    let names = |(layer, accounts): (usize, usize)| (0..accounts).map(|name| format!("{layer}-{name}")).collect();
    let layers: Vec<Vec<String>> = [1, 100, 100, 30, 1].into_iter().enumerate().map(names).collect();
    let pairs = layers
        .windows(2)
        .enumerate()
        .flat_map(|(day, pair)| pair[0].iter().flat_map(move |from| pair[1].iter().map(move |to| (day + 1, from, to))));
    for (id, (day, from, to)) in pairs.enumerate() {
        writeln!(text, "{id},2026-01-{day:02}T00:00:00Z,{from},{to},100,EUR").expect("a string has room");
    }
    fs::write(folder.join("transfers.csv"), text).expect("a file");
    let request = Request { inputs: vec![folder.display().to_string()], ..Request::default() };
    let intake = ingest::read(&request).expect("a ledger");
    let rule = "typology: chain\nversion: 1\ntitle: Chain\nsummary: Chain.\nstage: layering\nseverity: low\n\
                references: [none]\nfalse_positives: [none]\nwithin: 10d\nflow:\n  - step: first -> last\n    hops: 4\n\
                tests:\n  - name: nothing\n    transfers: |\n      # when from to amount\n    matches: []\n";
    let source = Source { path: "chain.yaml".to_owned(), text: rule.to_owned() };
    let set = lang::compile(&[source], &[]).set.expect("the rule is right");
    let (plan, stop) = (plan_of(&set, "chain", &intake), AtomicBool::new(false));
    let searcher = Searcher::new(&intake.ledger);
    let mut group = criterion.benchmark_group("anchor");
    group.sample_size(10);
    for threads in [1, 2] {
        let pool = rayon::ThreadPoolBuilder::new().num_threads(threads).build().expect("threads");
        let list = || pool.install(|| searcher.run(&plan, &Limits::default(), &stop)).expect("evaluable");
        group.bench_function(format!("list/{threads}-threads"), |bencher| bencher.iter(|| black_box(list())));
    }
    group.finish();
}

fn sifting(criterion: &mut Criterion, intake: &Intake, set: &TypologySet) {
    let (levels, stop) = (levels(intake, set), AtomicBool::new(false));
    let searcher = Searcher::new(&intake.ledger).with_levels(&levels);
    let plans: Vec<_> = set.typologies.iter().map(|typology| plan_of(set, &typology.id, intake)).collect();
    let instances: Vec<_> =
        plans.iter().map(|plan| searcher.run(plan, &Limits::default(), &stop).expect("evaluable")).collect();
    criterion.bench_function("sift", |bencher| {
        bencher.iter(|| {
            let found = plans.iter().zip(&instances).enumerate();
            let found =
                found.map(|(rule, (plan, instances))| Found { rule, plan, instances: instances.clone() }).collect();
            sift::consolidate(found, &searcher, set).expect("not interrupted")
        });
    });
}

/// Statistics and files of a whole run.
fn telling(criterion: &mut Criterion, request: Request, sources: Vec<Source>, folder: &Path) {
    let request = engine::Request { sources, intake: request, ..engine::Request::default() };
    let analysis = engine::run(&request, &(), &AtomicBool::new(false)).expect("a run");
    let whole = Whole::of(&analysis.intake.ledger);
    let Analysis { set, plans, intake, sifted, statistics, .. } = &analysis;
    let evidence = Evidence { intake, set, sifted, whole: &whole };
    criterion.bench_function("stats", |bencher| bencher.iter(|| stats::assess(black_box(&evidence))));
    let facts = RunFacts {
        command: vec!["moneytrail".to_owned()],
        started: Time(0),
        finished: Time(0),
        identifiable: false,
        limits: Limits::default(),
        time_budget: None,
        overrides: Vec::new(),
    };
    let report = Report { intake, set, plans, sifted, statistics, slices: None, facts: &facts };
    let (out, forms) = (folder.join("out"), Forms { csv: true, jsonl: true });
    let mut group = criterion.benchmark_group("write");
    group.sample_size(20);
    group.bench_function("folder", |bencher| bencher.iter(|| write::folder(&report, &out, &forms).expect("a folder")));
    group.finish();
}

fn stages(criterion: &mut Criterion) {
    let [folder, small] = [(); 2].map(|()| tempfile::tempdir().expect("a folder"));
    let (request, sources) = (ledger(folder.path(), TRANSFERS), rules());
    // With the columns that the rules read.
    let load = |intake: Request| {
        let request = engine::Request { sources: sources.clone(), intake, ..engine::Request::default() };
        engine::load(&request).expect("a ledger and the shipped rules")
    };
    let (set, intake) = load(request.clone());
    let (_, few) = load(ledger(small.path(), FEW));
    reading(criterion, &request);
    compiling(criterion, &sources);
    planning(criterion, &intake, &set);
    listing(criterion, &intake);
    searching(criterion, &intake, &set);
    kernels(criterion, &intake, &few);
    one_anchor(criterion, tempfile::tempdir().expect("a folder").path());
    sifting(criterion, &intake, &set);
    telling(criterion, request, sources, small.path());
}

criterion_group!(benches, stages);
criterion_main!(benches);
