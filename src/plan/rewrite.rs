//! The passes that rewrite a plan, each with a name: what they do is shown, and changes no result.

use std::collections::BTreeMap;

use crate::columns::LedgerSummary;
use crate::lang::{MatchLevel, Predicate, Shape};

use super::program::{Guard, Program};
use super::{Kernel, Plan, estimate};

/// One pass over a plan: what it moved, in a sentence each; nothing where it left the plan unchanged. The first is no
/// pass: it says what is asked as the rule is written.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Pass {
    /// Its name.
    pub name: &'static str,
    /// What it changed.
    pub changes: Vec<String>,
    /// What is asked, and when, after it.
    pub after: String,
}

/// A walk keeps what it knows of a transfer in 64 bits, one for each place of the line where the transfer may stand.
const MOST_PLACES: u32 = 64;

/// Runs the passes over the plans of one run.
pub(super) fn rewrite(plans: &mut [&mut Plan], summary: Option<&LedgerSummary>) {
    for plan in plans.iter_mut() {
        plan.program = Program::as_written(&plan.flow);
        plan.passes = Vec::new();
        record(plan, "as-written", summary, |_| Vec::new());
        record(plan, "push-where", summary, push_where);
    }
    let shared = share_masks(plans);
    for (plan, changes) in plans.iter_mut().zip(shared) {
        record(plan, "share-masks", summary, |_| changes);
    }
    let narrow: Vec<(MatchLevel, bool)> = plans.iter().map(|plan| (plan.flow.level, is_narrow(plan))).collect();
    for plan in plans.iter_mut() {
        let peers = || narrow.iter().filter(|(level, _)| *level == plan.flow.level);
        let rules = peers().all(|(_, narrow)| *narrow).then(|| peers().count());
        record(plan, "prune-rows", summary, |plan| prune_rows(plan, rules));
        record(plan, "choose-anchor", summary, |plan| choose_anchor(plan, summary));
        record(plan, "prune-unreachable", summary, prune_unreachable);
    }
}

fn record(
    plan: &mut Plan,
    name: &'static str,
    summary: Option<&LedgerSummary>,
    pass: impl FnOnce(&mut Plan) -> Vec<String>,
) {
    let changes = pass(plan);
    estimate::fill(&mut plan.program, &plan.flow, summary);
    let after = plan.program.describe(&plan.flow, &plan.flow.roles[plan.anchor].name);
    plan.passes.push(Pass { name, changes, after });
}

/// What depends on a transfer or an account alone is asked once, before anything is walked.
fn push_where(plan: &mut Plan) -> Vec<String> {
    let mut changes = Vec::new();
    for (position, scan) in plan.program.scans.iter_mut().enumerate() {
        let step = position + 1;
        changes.extend(scan.tried.iter().map(|part| format!("scan {step} asks once: {}", part.sql)));
        scan.pushed.append(&mut scan.tried);
        if let Some(via) = &mut scan.via {
            changes
                .extend(push(via).into_iter().map(|sql| format!("scan {step} asks once of accounts between: {sql}")));
        }
    }
    for (guard, role) in plan.program.roles.iter_mut().zip(&plan.flow.roles) {
        changes.extend(push(guard).into_iter().map(|sql| format!("`{}` is asked once: {sql}", role.name)));
    }
    changes
}

/// Pushes the parts of a guard that do not depend on when; says which.
fn push(guard: &mut Guard) -> Vec<String> {
    let aged = |part: &Predicate| part.columns.contains("age_days");
    let tried = std::mem::take(&mut guard.tried);
    // Without an age the predicate is pushed as it is written; with one, only its parts without.
    let parts = tried.into_iter().flat_map(|whole| if aged(&whole) { whole.conjuncts() } else { vec![whole] });
    let (tried, pushed): (Vec<_>, Vec<_>) = parts.partition(aged);
    let moved = pushed.iter().map(|part| part.sql.clone()).collect();
    guard.tried = tried;
    guard.pushed.extend(pushed);
    moved
}

/// Predicates come apart at their ANDs, so that a part which several steps or rules ask is answered once.
fn share_masks(plans: &mut [&mut Plan]) -> Vec<Vec<String>> {
    let mut askers = BTreeMap::<(MatchLevel, bool, String), Vec<String>>::new();
    let mut told: Vec<Vec<String>> = Vec::new();
    for plan in plans.iter_mut() {
        let mut changes = Vec::new();
        let (rule, level) = (plan.typology.clone(), plan.flow.level);
        each(&mut plan.program, &mut |parts, of_transfers| {
            let whole = std::mem::take(parts);
            for predicate in whole {
                let conjuncts = predicate.conjuncts();
                if conjuncts.len() > 1 {
                    changes.push(format!("comes apart in {}: {}", conjuncts.len(), predicate.sql));
                }
                parts.extend(conjuncts);
            }
            for part in parts {
                askers.entry((level, of_transfers, part.sql.clone())).or_default().push(rule.clone());
            }
        });
        changes.dedup();
        told.push(changes);
    }
    for (plan, changes) in plans.iter_mut().zip(&mut told) {
        let (rule, level) = (plan.typology.clone(), plan.flow.level);
        let mut seen = Vec::new();
        each(&mut plan.program, &mut |parts, of_transfers| {
            for part in parts.iter().filter(|part| !seen.contains(&part.sql)) {
                let askers = &askers[&(level, of_transfers, part.sql.clone())];
                let times = askers.len();
                let rules = others(askers, &rule);
                if times > 1 {
                    changes.push(format!("answered once for {times} places{rules}: {}", part.sql));
                }
            }
            seen.extend(parts.iter().map(|part| part.sql.clone()));
        });
    }
    told
}

/// Which other rules ask the same.
fn others(askers: &[String], rule: &str) -> String {
    let mut others: Vec<&str> = askers.iter().map(String::as_str).filter(|asker| *asker != rule).collect();
    others.dedup();
    match others.as_slice() {
        [] => String::new(),
        [one] => format!(", also of {one}"),
        [first, rest @ ..] => format!(", also of {first} and {} more", rest.len()),
    }
}

/// Visits every list of parts that is asked once, and whether it is asked of transfers.
fn each(program: &mut Program, visit: &mut dyn FnMut(&mut Vec<Predicate>, bool)) {
    for scan in &mut program.scans {
        visit(&mut scan.pushed, true);
        if let Some(via) = &mut scan.via {
            visit(&mut via.pushed, false);
        }
    }
    for guard in &mut program.roles {
        visit(&mut guard.pushed, false);
    }
}

/// Whether every scan of a plan leaves something out. Most transfers are on no round trip.
fn is_narrow(plan: &Plan) -> bool {
    let program = &plan.program;
    plan.kernel == Kernel::Cycle
        || program.scans.iter().zip(&plan.flow.steps).all(|(scan, part)| {
            let guarded = [part.payer(), part.payee()].iter().any(|&role| !program.roles[role].pushed.is_empty());
            !scan.pushed.is_empty() || scan.via.is_none() && guarded
        })
}

/// What no scan of any rule lets through is left out of the lists that all rules walk; one rule that can use every
/// transfer keeps them whole.
fn prune_rows(plan: &mut Plan, narrow: Option<usize>) -> Vec<String> {
    let Some(rules) = narrow else { return Vec::new() };
    plan.program.common = true;
    let of = if rules > 1 { format!("any step of {rules} rules") } else { "any step".to_owned() };
    vec![format!("lists hold only transfers that {of} can use")]
}

/// Where a kernel can start at either end, it starts where fewer accounts are.
fn choose_anchor(plan: &mut Plan, summary: Option<&LedgerSummary>) -> Vec<String> {
    let (Kernel::Fan, Some(summary)) = (plan.kernel, summary) else { return Vec::new() };
    let step = &plan.flow.steps[0];
    let ends = [step.left, step.right];
    if !ends.iter().all(|&role| plan.flow.roles[role].is_single()) {
        return Vec::new();
    }
    let [here, there] = if plan.anchor == step.left { ends } else { [step.right, step.left] };
    let accounts = [here, there].map(|role| estimate::accounts(&plan.program.roles[role], summary));
    if accounts[1] >= accounts[0] {
        return Vec::new();
    }
    plan.anchor = there;
    if let Some(reason) = plan.reasons.last_mut() {
        *reason =
            format!("starts at every account that can be `{}`, of which there are fewer", plan.flow.roles[there].name);
    }
    let names = [there, here].map(|role| plan.flow.roles[role].name.as_str());
    vec![format!(
        "starts at `{}`, about {} accounts, not at `{}`, about {}",
        names[0], accounts[1], names[1], accounts[0]
    )]
}

/// A transfer that nothing precedes, or that nothing can follow in time and amount, is dropped before the walk.
fn prune_unreachable(plan: &mut Plan) -> Vec<String> {
    let hops = |shape: &Shape| match shape {
        Shape::Path { hops, .. } => hops.most.unwrap_or(MOST_PLACES + 1),
        Shape::One | Shape::Set { .. } | Shape::Tree { .. } => 1,
    };
    let places: u32 = plan.flow.steps.iter().map(|step| hops(&step.shape)).sum();
    if plan.kernel != Kernel::Path || !(2..=MOST_PLACES).contains(&places) {
        return Vec::new();
    }
    plan.program.reach = true;
    vec![format!("walks only transfers that lead from end to end, over {places} places of the line")]
}
