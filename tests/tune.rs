//! Many settings of a rule from one search give what runs of their own give, on random ledgers and on the sample.

use std::collections::BTreeMap;
use std::fmt;
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};

use moneytrail::columns::{Ledger, Ratio, Span};
use moneytrail::engine::{self, Request};
use moneytrail::lang::{
    self, Absence, Count, During, Flow, Override, Party, Predicate, RatioRange, Shape, Source, Typology, TypologySet,
};
use moneytrail::plan;
use moneytrail::search::{Limits, Searcher};
use moneytrail::sift::{self, Found, Sifted};
use moneytrail::workbench::evaluate::{Aim, Names, Sought, Truth, score};
use moneytrail::workbench::synth;
use moneytrail::workbench::tune::{self, Asked, Direction, Ground, Pass, Tuning, Whole, each_setting};
use proptest::prelude::*;
use proptest::strategy::ValueTree;
use proptest::test_runner::{Config, TestRunner};

use crate::equality::{self, Case};

/// How one setting differs from the flow that was drawn: a number for each place where a parameter can stand.
#[derive(Clone, Debug)]
struct Change {
    within: i64,
    counts: [u32; 4],
    most: Option<u32>,
    share: usize,
    hops: (u32, u32),
    delay: (i64, i64),
    amount: i64,
    account: u32,
    having: usize,
    having_of: i64,
    unless: i64,
    without: i64,
}

/// Which places of the flow a parameter stands in, in the order of [`Change`]; elsewhere all settings are alike.
type Places = [bool; 11];

/// A numerator and a denominator, where the range has that end.
type End = Option<(i128, i128)>;

const SHARES: [(End, End); 5] = [
    (Some((4, 5)), Some((1, 1))),
    (Some((1, 2)), Some((5, 4))),
    (Some((1, 3)), Some((3, 1))),
    (Some((1, 1)), Some((2, 1))),
    (Some((1, 5)), Some((3, 5))),
];

/// Conditions on an instance that neither grow nor shrink with its transfers, among others.
const HAVINGS: [(&str, &str); 4] = [
    ("amount_total >= {}", "amount_total"),
    ("transfers <> {}", "transfers"),
    ("transfers <= {}", "transfers"),
    ("amount_in <= {} + amount_out", "amount_in amount_out"),
];

fn predicate(sql: &str, columns: &str) -> Predicate {
    let expr = polars::sql::sql_expr(sql).expect("a predicate");
    Predicate { expr, columns: columns.split_whitespace().map(str::to_owned).collect(), sql: sql.to_owned() }
}

/// The flow at one setting. `having` is 0 for flows without one.
fn at(flow: &Flow, change: &Change, having: Option<usize>, kind: usize) -> Flow {
    let mut flow = flow.clone();
    let hours = |hours: i64| Span(hours * Span::HOUR.0);
    flow.within = hours(change.within);
    flow.filter =
        Some(predicate(&format!("original_amount <> 9 AND amount >= {}", change.amount), "original_amount amount"));
    flow.having = having.map(|at| {
        let (sql, columns) = HAVINGS[at];
        predicate(&sql.replace("{}", &change.having_of.to_string()), columns)
    });
    for (role, least) in flow.roles.iter_mut().zip(change.counts.iter().cycle()) {
        if let Some(members) = &mut role.members {
            *members = Count { least: *least, most: change.most.map(|most| most.max(*least)) };
        }
        if role.predicate.is_some() {
            let (sql, columns) = match kind % 3 {
                0 => (format!("payees <= {}", change.account), "payees"),
                1 => (format!("age_days >= {} OR kind = 'person'", change.account), "age_days kind"),
                _ => (format!("NOT (payers > {} AND kind <> 'cash')", change.account), "payers kind"),
            };
            role.predicate = Some(predicate(&sql, columns));
        }
    }
    for step in &mut flow.steps {
        match &mut step.shape {
            Shape::One => {}
            Shape::Path { hops, .. } | Shape::Tree { hops, .. } => {
                *hops = Count { least: change.hops.0, most: Some(change.hops.0 + change.hops.1) };
            }
            Shape::Set { transfers, each, fan } => {
                *transfers = Count { least: change.counts[3], most: change.most.map(|most| most + 3) };
                if each.least > 1 || fan.least > 1 {
                    each.least = change.counts[1];
                    fan.least = change.counts[2];
                }
            }
        }
        if let Some(range) = &mut step.pass_through {
            let end = |end: End| end.map(|(part, whole)| Ratio::new(part, whole).expect("not zero"));
            let (least, most) = SHARES[change.share];
            *range = RatioRange { least: end(least), most: end(most) };
        }
        let fed = step.delay.least > Span::ZERO || step.delay.most < flow.within;
        let (least, most) = if fed { (change.delay.0, change.delay.0 + change.delay.1) } else { (0, change.within) };
        step.delay.most = hours(most.min(change.within));
        step.delay.least = hours(least).min(step.delay.most);
    }
    if kind.is_multiple_of(2) {
        flow.unless = Some(predicate(&format!("transfers > {} OR repeats < 1", change.unless), "transfers repeats"));
        flow.repeat_within = Some(hours(change.unless));
    }
    if kind.is_multiple_of(3) {
        let role = flow.roles.iter().position(moneytrail::lang::Role::is_single).expect("a single role");
        flow.without = vec![Absence {
            payer: Party::Role(role),
            payee: Party::Anyone,
            filter: Some(predicate(&format!("amount >= {}", change.without), "amount")),
            during: During::Before(hours(change.without)),
        }];
    }
    flow
}

/// Some settings of a flow over a ledger.
#[derive(Clone)]
struct Tried {
    case: Case,
    settings: Vec<Flow>,
}

impl fmt::Debug for Tried {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{:?}", self.case)?;
        for setting in &self.settings {
            write!(f, "\n{}", plan::of_flow("setting", setting.clone()))?;
        }
        Ok(())
    }
}

fn change() -> impl Strategy<Value = Change> {
    let few = || prop_oneof![8 => Just(1u32), 3 => Just(2), 1 => Just(3)];
    let first = (2i64..12, [few(), few(), few(), few()], prop::option::weighted(0.4, 1u32..5), 0..SHARES.len());
    let second = ((few(), 0u32..3), (0i64..3, 1i64..8), 1i64..4, 0u32..5, 0..HAVINGS.len());
    (first, second, (1i64..9, 1i64..9, 1i64..6)).prop_map(|(first, second, third)| Change {
        within: first.0,
        counts: first.1,
        most: first.2,
        share: first.3,
        hops: second.0,
        delay: second.1,
        amount: second.2,
        account: second.3,
        having: second.4,
        having_of: third.0,
        unless: third.1,
        without: third.2,
    })
}

fn places() -> impl Strategy<Value = Places> {
    prop::array::uniform11(prop::bool::weighted(0.3))
}

/// The other change where a parameter stands, the first one elsewhere.
fn moved(first: &Change, other: &Change, places: Places) -> Change {
    let or = |moved: bool| if moved { other } else { first };
    Change {
        within: or(places[0]).within,
        counts: or(places[1]).counts,
        most: or(places[2]).most,
        share: or(places[3]).share,
        hops: or(places[4]).hops,
        delay: or(places[5]).delay,
        amount: or(places[6]).amount,
        account: or(places[7]).account,
        having: first.having,
        having_of: or(places[8]).having_of,
        unless: or(places[9]).unless,
        without: or(places[10]).without,
    }
}

fn tried(case: impl Strategy<Value = Case>) -> impl Strategy<Value = Tried> {
    let changes = (change(), prop::collection::vec(change(), 2..5), places());
    (case, changes, any::<bool>(), 0usize..6).prop_map(|(case, (first, others, places), having, kind)| {
        let having = having.then_some(first.having);
        let all = std::iter::once(first.clone()).chain(others.iter().map(|other| moved(&first, other, places)));
        let settings = all.map(|change| at(&case.flow(), &change, having, kind)).collect();
        Tried { case, settings }
    })
}

/// A rule that has this flow.
fn rule(flow: Flow) -> Typology {
    let text = "typology: random\nversion: 1\ntitle: T\nsummary: S\nstage: layering\nseverity: low\nwithin: 1d\n\
                flow: [{ step: a -> b }]\ntests: [{ name: n, transfers: '# when from to amount', matches: [] }]\n";
    let source = Source { path: "random.yaml".to_owned(), text: text.to_owned() };
    let checked = lang::compile(&[source], &[]);
    let rule = checked.set.expect("a rule").typologies.swap_remove(0);
    Typology { flow, others: Vec::new(), ..rule }
}

/// What a search of its own gives for a setting.
fn alone(ledger: &Ledger, setting: &Typology) -> Sifted {
    let searcher = Searcher::new(ledger);
    let plans = plan::build(setting, &ledger.summary()).expect("evaluable");
    let found = plans.iter().map(|plan| {
        let instances = searcher.run(plan, &Limits::default(), &AtomicBool::new(false)).expect("evaluable");
        Found { rule: 0, plan, instances }
    });
    let set = TypologySet { typologies: vec![setting.clone()] };
    sift::consolidate(found.collect(), &searcher, &set).expect("nothing interrupts")
}

fn together(ledger: &Ledger, settings: &[Typology]) -> (BTreeMap<usize, Sifted>, Pass) {
    let (searcher, set) = (Searcher::new(ledger), TypologySet { typologies: vec![settings[0].clone()] });
    let (limits, stop) = (Limits::default(), AtomicBool::new(false));
    let ground = Ground { searcher: &searcher, set: &set, limits: &limits, stop: &stop };
    let mut all = BTreeMap::new();
    let settings: Vec<&Typology> = settings.iter().collect();
    let pass = each_setting(&ground, &settings, &mut |position, sifted| {
        all.insert(position, sifted);
    });
    (all, pass.expect("nothing interrupts"))
}

fn cases() -> u32 {
    std::env::var("MONEYTRAIL_CASES").ok().and_then(|text| text.parse().ok()).unwrap_or(600)
}

/// Holds settings that come from one search against searches of their own.
fn agree(case: impl Strategy<Value = Case>) {
    let (matched, narrowed, differ) = (AtomicUsize::new(0), AtomicUsize::new(0), AtomicUsize::new(0));
    let config = Config { cases: cases(), failure_persistence: None, ..Config::default() };
    let outcome = TestRunner::new(config).run(&tried(case), |tried| {
        let ledger = Ledger::new(tried.case.draft());
        let settings: Vec<Typology> = tried.settings.into_iter().map(rule).collect();
        let (found, pass) = together(&ledger, &settings);
        let mut counts = Vec::new();
        for (position, setting) in settings.iter().enumerate() {
            let (one, many) = (alone(&ledger, setting), &found[&position]);
            prop_assert_eq!(&one.matches, &many.matches, "matches of setting {}", position);
            prop_assert_eq!(&one.cases, &many.cases, "cases of setting {}", position);
            prop_assert_eq!(&one.tallies, &many.tallies, "tallies of setting {}", position);
            counts.push(one.matches.list.len());
        }
        matched.fetch_add(usize::from(counts.iter().any(|count| *count > 0)), Ordering::Relaxed);
        narrowed.fetch_add(usize::from(pass.whole.is_none() && pass.among < pass.ledger), Ordering::Relaxed);
        differ.fetch_add(usize::from(counts.windows(2).any(|pair| pair[0] != pair[1])), Ordering::Relaxed);
        Ok(())
    });
    if let Err(error) = outcome {
        panic!("{error}");
    }
    let (total, counts) = (cases() as usize, [matched, narrowed, differ].map(AtomicUsize::into_inner));
    assert!(counts[0] * 15 >= total, "{counts:?} of {total}: too few cases have a match");
    assert!(counts[1] * 2 >= total, "{counts:?} of {total}: too few searches leave something out");
    assert!(counts[2] * 25 >= total, "{counts:?} of {total}: too few settings differ");
}

#[test]
fn settings_of_paths_are_as_if_each_had_run_alone() {
    agree(equality::case(1..4, false));
}

#[test]
fn settings_of_one_set_are_as_if_each_had_run_alone() {
    agree(equality::case(1..2, true));
}

#[test]
fn settings_of_joined_sets_are_as_if_each_had_run_alone() {
    agree(equality::case(2..4, true));
}

#[test]
fn settings_of_trees_are_as_if_each_had_run_alone() {
    agree(equality::case(1..3, true).prop_map(equality::growing));
}

#[test]
fn settings_that_ask_the_same_of_instances_share_the_only_search() {
    let case = equality::case(1..2, true);
    let mut runner = TestRunner::deterministic();
    let case = case.new_tree(&mut runner).expect("a case").current();
    let settings: Vec<Typology> = [2u32, 3, 4]
        .into_iter()
        .map(|most| {
            let mut flow = case.flow();
            flow.unless = Some(predicate(&format!("transfers > {most}"), "transfers"));
            rule(flow)
        })
        .collect();
    let (_, pass) = together(&Ledger::new(case.draft()), &settings);
    assert_eq!((pass.searched, pass.whole), (1, Some(Whole::OneSearch)));
}

fn project(path: &str) -> std::path::PathBuf {
    std::path::Path::new(env!("CARGO_MANIFEST_DIR")).join(path)
}

fn shipped(path: &str) -> Source {
    let text = std::fs::read_to_string(project(path)).expect("a shipped rule");
    Source { path: path.to_owned(), text }
}

fn on_sample(sources: Vec<Source>) -> Request {
    let inputs = vec![project("sample_data").display().to_string()];
    let intake = moneytrail::ingest::Request { inputs, ..Default::default() };
    Request { sources, intake, ..Request::default() }
}

fn tuned(request: &Request, rule: &str, parameters: &[&str]) -> Tuning {
    let parameters = parameters.iter().map(|&text| text.to_owned()).collect();
    let asked = Asked { parameters, ..Asked::of(rule) };
    tune::run(request, &asked, &AtomicBool::new(false)).expect("a tuning")
}

/// Holds every setting of a tuning against a run of its own; says how many matches there are in all.
fn hold_against_runs(request: &Request, tuning: &Tuning) -> usize {
    for setting in &tuning.settings {
        let set = tuning.axes.iter().zip(&setting.values).map(|(axis, value)| Override {
            rule: tuning.rule.clone(),
            parameter: axis.name.clone(),
            value: value.to_string(),
        });
        let mut request = Request { overrides: set.collect(), only: vec![tuning.rule.clone()], ..request.clone() };
        request.intake.labels = true;
        let run = engine::run(&request, &(), &AtomicBool::new(false)).expect("a run");
        let alone: Vec<&str> = run.sifted.matches.list.iter().map(|found| found.id.as_str()).collect();
        let together: Vec<&str> = setting.found.iter().map(|&at| tuning.matches[at].id.as_str()).collect();
        assert_eq!(alone, together, "{}: {:?}", tuning.rule, request.overrides);
        assert_eq!(run.sifted.cases.list.len(), setting.cases, "{}: {:?}", tuning.rule, request.overrides);
        let labels = run.intake.labels.as_ref().expect("the sample is labelled");
        let truth = Truth::new(labels, &run.intake.ledger, &Names::default());
        let aim = Aim { sought: Sought::Rule(&tuning.rule), overlap: 0.5 };
        let figures = score(&truth, &run.intake.ledger, &run.sifted.matches.list, &aim);
        assert_eq!(setting.figures.is_some(), tuning.judged.is_some());
        if let Some(told) = setting.figures {
            assert_eq!(told, figures, "{}: {:?}", tuning.rule, request.overrides);
            let wrong = setting.found.iter().filter(|&&at| tuning.matches[at].is_wrong).count();
            assert_eq!(wrong, figures.instance.fp, "{}: {:?}", tuning.rule, request.overrides);
        }
    }
    tuning.settings.iter().map(|setting| setting.matches).sum()
}

#[test]
fn shipped_rules_at_many_settings_find_on_the_sample_what_runs_of_their_own_find() {
    for (path, parameters) in [
        ("shapes/fan-in", &["payers=3,5", "repeat=1.5,3", "cap=6,200"][..]),
        ("mules/mule-chain", &["fewest=1,2", "kept_max=0.05,0.3", "horizon=48h,10d"]),
        ("shapes/gather-scatter", &["kept_max=0.1,0.5", "payers=2,4", "min_value=5000,20000"]),
        ("shapes/simple-cycle", &["shortest=3,5", "longest=4,12", "added_max=0,0.1"]),
        ("shapes/stacked-bipartite", &["mids=2,3", "hold=48h,7d", "share_min=0.05,0.3"]),
        ("shapes/bipartite-transfer", &["targets=2,3", "hub=20,200"]),
    ] {
        let request = on_sample(vec![shipped(&format!("typologies/{path}.yaml"))]);
        let tuning = tuned(&request, path.rsplit('/').next().expect("a name"), parameters);
        assert!(tuning.pass.among < tuning.pass.ledger, "{path}: {:?}", tuning.pass);
        assert!(hold_against_runs(&request, &tuning) > 0, "{path} finds nothing");
    }
}

const HEAD: &str = "version: 1\ntitle: T\nsummary: S\nstage: layering\nseverity: low\nwithin: $span\nparameters:\n\
                    \x20 span: { default: 5d, range: 1h..30d, help: longest }\n\
                    \x20 least: { default: 1000, range: 0..1000000, help: least amount }\n";
const TESTS: &str = "tests: [{ name: n, transfers: '# when from to amount', matches: [] }]\n";

fn written(id: &str, body: &str) -> Source {
    Source { path: format!("{id}.yaml"), text: format!("typology: {id}\n{HEAD}{body}{TESTS}") }
}

#[test]
fn rules_between_owners_with_alternatives_and_of_other_rules_find_what_runs_find() {
    let owners = written(
        "owners",
        "level: entity\nwhere: amount >= $least\nflow:\n  - step: payers[3..] -> hub\n  - step: hub -> exits[2..]\n    pass_through: 0.5..1.5\n",
    );
    let ways = written(
        "ways",
        "where: amount >= $least\nflow:\n  - step: a -> b\n  - step: b -> c\n    any_of:\n      - { where: channel = 'cash', transfers: 2.., pass_through: 0.5..1.2 }\n      - { where: channel = 'instant', pass_through: 0.8..1.0 }\n",
    );
    let using = written(
        "using",
        "flow:\n  - step: source -> victim\n    where: amount >= $least\n  - step: victim -> exit\n    uses: mule-chain\n",
    );
    for (id, sources) in [
        ("owners", vec![owners]),
        ("ways", vec![ways]),
        ("using", vec![using, shipped("typologies/mules/mule-chain.yaml")]),
    ] {
        let request = on_sample(sources);
        let tuning = tuned(&request, id, &["span=1d,5d,20d", "least=100,1000"]);
        assert!(tuning.pass.whole.is_none() && tuning.settings.len() >= 6, "{id}: {:?}", tuning.pass);
        assert!(hold_against_runs(&request, &tuning) > 0, "{id} finds nothing");
    }
}

#[test]
fn where_a_budget_cuts_the_loosest_search_each_setting_is_searched_in_the_whole_ledger() {
    let mut request = on_sample(vec![shipped("typologies/shapes/fan-in.yaml")]);
    request.limits.matches_per_rule = 5;
    let tuning = tuned(&request, "fan-in", &["payers=2,8"]);
    assert_eq!(tuning.pass.whole, Some(Whole::Cut("--max-matches-per-rule")));
    assert_eq!(tuning.pass.among, tuning.pass.ledger);
    assert!(tuning.settings.iter().any(|setting| setting.cut.is_some()), "a cut of a setting is told with it");
    hold_against_runs(&request, &tuning);
}

#[test]
fn settings_that_are_no_rule_are_left_out_with_the_reason() {
    let request = on_sample(vec![shipped("typologies/shapes/simple-cycle.yaml")]);
    let tuning = tuned(&request, "simple-cycle", &["shortest=3,6", "longest=4,8"]);
    let [(values, reason)] = tuning.refused.as_slice() else { panic!("{:?}", tuning.refused) };
    assert_eq!(values.iter().map(ToString::to_string).collect::<Vec<_>>(), ["6", "4"]);
    assert!(reason.contains("upside down"), "{reason}");
    assert_eq!(tuning.settings.len(), 4, "three of the grid, and the rule as it is");
}

#[test]
fn each_parameter_says_which_way_it_loosens_the_rule() {
    let request = on_sample(vec![shipped("typologies/shapes/fan-in.yaml")]);
    let tuning = tuned(&request, "fan-in", &[]);
    let told: Vec<(&str, Option<Direction>)> =
        tuning.axes.iter().map(|axis| axis.name.as_str()).zip(tuning.directions.iter().copied()).collect();
    let (higher, lower) = (Some(Direction::Higher), Some(Direction::Lower));
    let wanted = [("payers", lower), ("cap", higher), ("hub", higher), ("horizon", higher), ("floor", lower)];
    assert_eq!(told[..5], wanted);
    assert_eq!(told[5..], [("min_value", lower), ("repeat", higher)]);
    assert!(tuning.alone && tuning.settings.len() == 15);
}

#[test]
fn a_match_says_between_which_values_it_is_found() {
    let request = on_sample(vec![shipped("typologies/shapes/fan-in.yaml")]);
    let tuning = tuned(&request, "fan-in", &["payers=3..8/1"]);
    for (at, seen) in tuning.matches.iter().enumerate() {
        let found = |value: usize| {
            let value = &tuning.axes[0].values[value];
            let setting = tuning.settings.iter().find(|setting| setting.values[0] == *value).expect("a setting");
            setting.found.contains(&at)
        };
        let (from, to) = seen.held[0].expect("the rule's own value is among them");
        assert!(found(from) && found(to));
        assert!((0..tuning.axes[0].values.len()).all(|value| (from..=to).contains(&value) || !found(value)));
    }
}

/// A ledger with many planted instances, as files.
fn planted() -> tempfile::TempDir {
    let settings = synth::Settings { transfers: 8_000, seed: 11, planted: 14, lookalikes: 3, ..Default::default() };
    let draft = synth::draft(&settings);
    let folder = tempfile::TempDir::new().expect("a folder");
    let file = |name: &str| std::fs::File::create(folder.path().join(name)).expect("a file");
    let made = draft.write_transfers(&mut file("transfers.csv")).expect("transfers");
    made.write_accounts(&mut file("accounts.csv")).expect("accounts");
    made.write_labels(&mut file("labels.csv")).expect("labels");
    folder
}

#[test]
fn a_suggestion_is_the_best_setting_and_is_told_with_figures_that_it_had_no_say_in() {
    let folder = planted();
    let mut request = on_sample(vec![shipped("typologies/shapes/gather-scatter.yaml")]);
    request.intake.inputs = vec![folder.path().display().to_string()];
    let tuning = tuned(&request, "gather-scatter", &["payers=2,3,4", "floor=250,1000"]);
    let judged = tuning.judged.as_ref().expect("labels");
    let suggestion = judged.suggestion.as_ref().expect("enough instances");
    let f1 =
        |setting: &tune::Setting| setting.figures.and_then(|figures| figures.instance.f1).map_or(0.0, |f1| f1.value);
    let best = tuning.settings.iter().map(f1).fold(0.0, f64::max);
    assert!((f1(&tuning.settings[suggestion.setting]) - best).abs() < 1e-12, "by F1 it is the best");
    assert_eq!(suggestion.blocks.iter().map(|block| block.instances).sum::<usize>(), judged.instances);
    let (tp, fp) = suggestion.blocks.iter().fold((0, 0), |sum, b| (sum.0 + b.held_out.tp, sum.1 + b.held_out.fp));
    assert_eq!((suggestion.held_out.tp, suggestion.held_out.fp), (tp, fp));
    assert_eq!(tp + suggestion.held_out.missed, judged.instances);
    for (at, setting) in tuning.settings.iter().enumerate().filter(|(_, setting)| setting.front) {
        let figures = |setting: &tune::Setting| {
            let grain = setting.figures.expect("labels").instance;
            (grain.recall.map_or(0.0, |rate| rate.value), grain.precision.map_or(0.0, |rate| rate.value))
        };
        let (recall, precision) = figures(setting);
        let beats = |other: &tune::Setting| {
            let (r, p) = figures(other);
            r >= recall && p >= precision && other.matches < setting.matches
        };
        assert!(!tuning.settings.iter().any(beats), "setting {at} is beaten");
    }
    let chart = tune::svg(&tuning).expect("labels");
    let drawn =
        tuning.settings.iter().filter(|setting| setting.figures.is_some_and(|f| f.instance.precision.is_some()));
    let kinds = chart.matches("<circle").count() - drawn.count();
    assert!(chart.starts_with("<svg") && (2..=4).contains(&kinds), "a circle a setting, and one a kind in the legend");
    assert!(tune::text(&tuning).contains("\nheld out: precision"));
}

#[test]
fn too_few_labelled_instances_suggest_nothing_and_no_labels_draw_nothing() {
    let request = on_sample(vec![shipped("typologies/shapes/fan-in.yaml")]);
    let mut tuning = tuned(&request, "fan-in", &["payers=3,6"]);
    let few = tuning.judged.as_ref().expect("labels").suggestion.as_ref().expect_err("too few");
    assert_eq!((few.instances, few.needed), (2, 12));
    assert!(tune::text(&tuning).contains("nothing is suggested: 2 labelled instances are too few"));
    tuning.judged = None;
    tuning.settings.iter_mut().for_each(|setting| setting.figures = None);
    assert!(tune::svg(&tuning).is_err_and(|error| error.contains("--labels")));
    assert!(tune::text(&tuning).contains("counts only"));
}

/// The commands of the page, each with the output below it.
fn shown_runs(page: &str) -> Vec<(&str, &str)> {
    let parts: Vec<&str> = page.split("```").collect();
    let blocks: Vec<&str> = parts.iter().skip(1).step_by(2).copied().collect();
    let pairs = blocks
        .windows(2)
        .filter_map(|pair| Some((pair[0].strip_prefix("sh\n")?.trim(), pair[1].strip_prefix("text\n")?)));
    pairs.collect()
}

#[test]
fn the_page_shows_what_the_program_says() {
    let page = std::fs::read_to_string(project("docs/tune.md")).expect("the page");
    let runs = shown_runs(&page);
    assert!(!runs.is_empty(), "the page shows no run");
    for (command, output) in runs {
        let words: Vec<&str> = command.split_whitespace().collect();
        let mut program = std::process::Command::new(env!("CARGO_BIN_EXE_moneytrail"));
        let ran = program.args(&words[1..]).current_dir(project(".")).output().expect("the program starts");
        assert!(ran.status.success(), "{command}: {}", String::from_utf8_lossy(&ran.stderr));
        assert_eq!(String::from_utf8_lossy(&ran.stdout), output, "{command}");
    }
}

#[test]
fn the_json_has_every_setting_and_every_match() {
    let request = on_sample(vec![shipped("typologies/shapes/fan-in.yaml")]);
    let tuning = tuned(&request, "fan-in", &["payers=3,6"]);
    let told: serde_json::Value = serde_json::from_str(&tune::json(&tuning)).expect("JSON");
    let length = |key: &str| told[key].as_array().map(Vec::len);
    assert_eq!((length("settings"), length("matches")), (Some(3), Some(tuning.matches.len())));
    assert_eq!(told["settings"][1]["values"]["payers"], "3");
    assert_eq!(told["settings"][1]["figures"]["instance"]["tp"], 2);
    assert_eq!(told["parameters"][0]["looser"], "lower");
    assert_eq!((&told["labels"]["instances"], &told["labels"]["needed"]), (&2.into(), &12.into()));
    assert!(told["matches"][0]["held"]["payers"].is_array() || told["matches"][0]["held"]["payers"].is_null());
}

#[test]
fn where_a_budget_cuts_every_setting_nothing_is_suggested_and_none_is_on_the_front() {
    let folder = planted();
    let mut request = on_sample(vec![shipped("typologies/shapes/gather-scatter.yaml")]);
    request.intake.inputs = vec![folder.path().display().to_string()];
    request.limits.matches_per_rule = 1;
    let tuning = tuned(&request, "gather-scatter", &["payers=2,3"]);
    assert!(tuning.settings.iter().all(|setting| setting.cut.is_some() && !setting.front));
    assert_eq!(tuning.suggested(), None);
    let text = tune::text(&tuning);
    assert!(text.contains("a budget cut every setting") && text.contains("cut by --max-matches-per-rule"), "{text}");
}

#[test]
fn one_fold_is_refused_since_it_would_judge_a_setting_by_what_chose_it() {
    let request = on_sample(vec![shipped("typologies/shapes/fan-in.yaml")]);
    let refused = tune::run(&request, &Asked { blocks: 1, ..Asked::of("fan-in") }, &AtomicBool::new(false));
    assert!(refused.is_err_and(|error| error.to_string().contains("--folds 2")));
}
