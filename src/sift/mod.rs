//! Overlapping instances in, distinct [`Matches`] out; matches that share accounts become [`Cases`].

use crate::columns::{AccountId, RowId, Time};
use crate::lang::StepId;

/// All matches of a run, in (rule, started, id) order.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Matches {
    /// The matches.
    pub list: Vec<Match>,
}

/// One match of one rule: the flow that is reported.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Match {
    /// Hash of rule id, binding and sorted transfer ids: the same on any machine, in any row order.
    pub id: String,
    /// Position of the rule in the run's set.
    pub rule: usize,
    /// Accounts of the single roles in role order, then the unnamed accounts in flow order.
    pub binding: Vec<AccountId>,
    /// The accounts of each role of the flow, in key order.
    pub roles: Vec<Vec<AccountId>>,
    /// The transfers, slot by slot.
    pub slots: Vec<Slot>,
    /// The distinct transfers, in row order.
    pub transfers: Vec<RowId>,
    /// How many instances it unites.
    pub instances: u64,
    /// Time of its first transfer.
    pub started: Time,
    /// Time of its last transfer.
    pub ended: Time,
    /// Length of its line: each step counts one, a step with `hops` its hops.
    pub hops: usize,
    /// Sum of the first step in minor units of the base currency, if every transfer can be weighed.
    pub amount_in: Option<i128>,
    /// Sum of the last step.
    pub amount_out: Option<i128>,
    /// Sum of all transfers, each once.
    pub amount_total: Option<i128>,
    /// Whether it begins within `within` of the ledger's first transfer.
    pub near_start: bool,
    /// Whether it ends within `within` of the ledger's last transfer.
    pub near_end: bool,
    /// Ids of matches of more specific rules that hold at least 60 % of its transfers.
    pub covered_by: Vec<String>,
    /// Position of its case in [`Cases::list`].
    pub case: usize,
}

/// The transfers at one place of the line.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Slot {
    /// Position of the step in the flow.
    pub step: StepId,
    /// Which hop of the step, from 0; 0 where the step has no `hops`.
    pub hop: usize,
    /// The transfers, in row order.
    pub rows: Vec<RowId>,
}

/// All cases of a run, the gravest first.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Cases {
    /// The cases, ranked.
    pub list: Vec<Case>,
}

/// Matches that share accounts, put together for an analyst.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Case {
    /// Hash of its match ids.
    pub id: String,
    /// Positions in [`Matches::list`], in order.
    pub matches: Vec<usize>,
    /// Distinct accounts, in key order.
    pub accounts: Vec<AccountId>,
    /// Distinct transfers, in row order.
    pub transfers: Vec<RowId>,
}
