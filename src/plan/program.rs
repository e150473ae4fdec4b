//! What is asked of transfers and accounts before a kernel walks, part by part: the object that the passes rewrite.

use crate::lang::{Direction, Flow, Predicate, Shape};

/// What is asked before and while a kernel walks.
#[derive(Clone, Debug, Default)]
pub struct Program {
    /// What each role asks of its account, by position of the role.
    pub roles: Vec<Guard>,
    /// What each step asks of its transfers.
    pub scans: Vec<Scan>,
    /// Whether the lists that are walked hold only what some rule can use.
    pub common: bool,
    /// Whether transfers that lead nowhere are dropped before the walk.
    pub reach: bool,
}

/// What a role (or the accounts between two hops) asks of an account.
#[derive(Clone, Debug, Default)]
pub struct Guard {
    /// Asked once of every account; a transfer whose account fails is never looked at.
    pub pushed: Vec<Predicate>,
    /// Asked at each try, since the answer depends on more than the account.
    pub tried: Vec<Predicate>,
}

/// What a step asks of its transfers.
#[derive(Clone, Debug, Default)]
pub struct Scan {
    /// Asked once of every transfer.
    pub pushed: Vec<Predicate>,
    /// Asked of a transfer at each try.
    pub tried: Vec<Predicate>,
    /// What the accounts between two hops meet, where the step has hops.
    pub via: Option<Guard>,
    /// How many transfers are probably left; unknown without a ledger.
    pub rows: Option<usize>,
}

impl Program {
    /// Everything asked where the rule says it, and nothing before it.
    pub(super) fn as_written(flow: &Flow) -> Self {
        let guard = |predicate: Option<&Predicate>| Guard {
            pushed: Vec::new(),
            tried: predicate.cloned().into_iter().collect(),
        };
        let scans = flow.steps.iter().map(|step| Scan {
            pushed: Vec::new(),
            tried: match step.uses {
                Some(_) => Vec::new(),
                None => flow.filter.iter().chain(&step.filter).cloned().collect(),
            },
            via: match &step.shape {
                Shape::Path { via, .. } | Shape::Tree { via, .. } => Some(guard(via.as_ref())),
                Shape::One | Shape::Set { .. } => None,
            },
            rows: None,
        });
        Self {
            roles: flow.roles.iter().map(|role| guard(role.predicate.as_ref())).collect(),
            scans: scans.collect(),
            common: false,
            reach: false,
        }
    }

    /// The program as lines of text.
    pub(super) fn describe(&self, flow: &Flow, anchor: &str) -> String {
        let mut lines = vec![format!("start   {anchor}")];
        for (position, (scan, step)) in self.scans.iter().zip(&flow.steps).enumerate() {
            let (left, right) = (&flow.roles[step.left].name, &flow.roles[step.right].name);
            let arrow = if step.direction == Direction::Forward { "->" } else { "<-" };
            let rows = scan.rows.map_or_else(String::new, |rows| format!(", about {rows} transfers"));
            lines.push(format!("scan {}  {left} {arrow} {right}{rows}", position + 1));
            lines.extend(ask("transfer", &scan.pushed, &scan.tried));
            for role in [step.payer(), step.payee()] {
                lines.extend(ask(&flow.roles[role].name, &self.roles[role].pushed, &self.roles[role].tried));
            }
            if let Some(via) = &scan.via {
                lines.extend(ask("between", &via.pushed, &via.tried));
            }
        }
        let lists = if self.common { "transfers that some rule can use" } else { "all transfers" };
        let walk = if self.reach { "only those that lead from end to end" } else { "whatever a scan lets through" };
        lines.extend([format!("lists   {lists}"), format!("walk    {walk}"), String::new()]);
        lines.join("\n")
    }
}

fn ask(of: &str, pushed: &[Predicate], tried: &[Predicate]) -> Vec<String> {
    let line = |when: &str, part: &Predicate| format!("        {of}, {when}: {}", part.sql);
    let once = pushed.iter().map(|part| line("once", part));
    once.chain(tried.iter().map(|part| line("at each try", part))).collect()
}
