//! Benches of the stages and kernels, on a made ledger of 100,000 transfers (seed 7).
//!
//! `cargo bench` runs all; `cargo bench -- search/simple-cycle` one. `benches/README.md` records what was measured.

use std::fs;
use std::hint::black_box;
use std::path::{Path, PathBuf};
use std::sync::atomic::AtomicBool;

use criterion::{Criterion, Throughput, criterion_group, criterion_main};
use moneytrail::ingest::{self, Intake, Request};
use moneytrail::lang::{self, Source, TypologySet};
use moneytrail::plan;
use moneytrail::search::{Limits, Searcher};
use moneytrail::sift::{self, Found};
use moneytrail::workbench::synth::{self, Settings};

const TRANSFERS: usize = 100_000;

/// The made ledger as files, and the request that reads it.
fn ledger(folder: &Path) -> Request {
    let draft = synth::draft(&Settings { transfers: TRANSFERS, seed: 7, planted: 5, ..Settings::default() });
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

fn rules() -> Vec<Source> {
    let families = PathBuf::from(concat!(env!("CARGO_MANIFEST_DIR"), "/typologies"));
    let list = |folder: &PathBuf| -> Vec<PathBuf> {
        fs::read_dir(folder).expect("rules").map(|entry| entry.expect("an entry").path()).collect()
    };
    let mut paths: Vec<PathBuf> = list(&families).iter().flat_map(list).collect();
    paths.sort();
    let source =
        |path: &PathBuf| Source { path: path.display().to_string(), text: fs::read_to_string(path).expect("a rule") };
    paths.iter().map(source).collect()
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

fn searching(criterion: &mut Criterion, intake: &Intake, set: &TypologySet) {
    let (searcher, summary, stop) = (Searcher::new(&intake.ledger), intake.ledger.summary(), AtomicBool::new(false));
    let mut group = criterion.benchmark_group("search");
    group.sample_size(10).throughput(Throughput::Elements(TRANSFERS as u64));
    for typology in &set.typologies {
        let plan = plan::build(typology, &summary).expect("the made ledger has every column").swap_remove(0);
        let run = || searcher.run(&plan, &Limits::default(), &stop).expect("evaluable");
        group.bench_function(&typology.id, |bencher| bencher.iter(|| black_box(run())));
    }
    group.finish();
}

fn sifting(criterion: &mut Criterion, intake: &Intake, set: &TypologySet) {
    let (searcher, summary, stop) = (Searcher::new(&intake.ledger), intake.ledger.summary(), AtomicBool::new(false));
    let plans: Vec<_> = set
        .typologies
        .iter()
        .map(|typology| plan::build(typology, &summary).expect("evaluable").swap_remove(0))
        .collect();
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

fn stages(criterion: &mut Criterion) {
    let folder = tempfile::tempdir().expect("a folder");
    let (request, sources) = (ledger(folder.path()), rules());
    let set = lang::compile(&sources, &[]).set.expect("the shipped rules are right");
    let intake = ingest::read(&request).expect("a ledger");
    reading(criterion, &request);
    compiling(criterion, &sources);
    searching(criterion, &intake, &set);
    sifting(criterion, &intake, &set);
}

criterion_group!(benches, stages);
criterion_main!(benches);
