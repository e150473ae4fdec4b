//! Small ledgers and rules for the tests of this stage and the stages behind it.

use std::collections::BTreeMap;

use crate::columns::{Column, Currency, Draft, Ledger, Money, RowId, SourceRow, Span, TextColumn, Time, TxIds};
use crate::lang::{Count, Delay, Direction, Flow, Role, Severity, Shape, Step, Typology, TypologySet};
use crate::plan::{self, Plan};
use crate::search::Instances;

/// 2024-01-01T00:00:00Z.
pub(crate) const NEW_YEAR: Time = Time(1_704_067_200_000_000);

/// A ledger in cents: (transfer id, hour from new year, sender, receiver, cents).
pub(crate) fn ledger(transfers: &[(&str, i64, &str, &str, i64)]) -> Ledger {
    ledger_with(transfers, |_| {})
}

/// The same after changes to its draft.
pub(crate) fn ledger_with(transfers: &[(&str, i64, &str, &str, i64)], change: impl FnOnce(&mut Draft)) -> Ledger {
    let mut keys: Vec<String> = transfers.iter().flat_map(|t| [t.2.to_owned(), t.3.to_owned()]).collect();
    keys.sort();
    keys.dedup();
    let place = |key: &str| {
        let place = keys.iter().position(|known| known == key).expect("every key is known");
        u32::try_from(place).expect("few accounts")
    };
    let euro = Currency { code: "EUR".into(), digits: 2 };
    let mut draft = Draft {
        tx_ids: TxIds::Texts(transfers.iter().map(|t| t.0.to_owned()).collect()),
        times: transfers.iter().map(|t| NEW_YEAR + Span(t.1 * Span::HOUR.0)).collect(),
        senders: transfers.iter().map(|t| place(t.2)).collect(),
        receivers: transfers.iter().map(|t| place(t.3)).collect(),
        keys: keys.iter().collect(),
        amounts: transfers.iter().map(|t| Money(t.4)).collect(),
        currencies: vec![0; transfers.len()],
        currency_table: vec![euro.clone()],
        base_amounts: None,
        base: euro,
        columns: BTreeMap::new(),
        sources: vec![SourceRow { file: 0, record: 1 }; transfers.len()].into_iter().collect(),
        files: vec!["-".into()],
        account_columns: BTreeMap::new(),
        resolution: Span::HOUR,
    };
    change(&mut draft);
    Ledger::new(draft)
}

/// A text column.
pub(crate) fn texts(values: &[Option<&str>]) -> Column {
    Column::Text(TextColumn::from_texts(values.iter().copied()))
}

/// A single role, or with `members` a set.
pub(crate) fn role(name: &str, members: Option<Count>) -> Role {
    Role { name: name.into(), members, predicate: None }
}

/// A forward step with any delay up to ten days.
pub(crate) fn step(left: usize, right: usize, shape: Shape) -> Step {
    let delay = Delay { least: Span::ZERO, most: Span(10 * Span::DAY.0) };
    Step {
        name: None,
        left,
        right,
        direction: Direction::Forward,
        shape,
        filter: None,
        delay,
        pass_through: None,
        undoes: None,
        uses: None,
    }
}

/// A set step without upper ends.
pub(crate) const SET: Shape = Shape::Set { transfers: Count::ANY, each: Count::ANY, fan: Count::ANY };

/// A flow inside ten days.
pub(crate) fn flow(roles: Vec<Role>, steps: Vec<Step>) -> Flow {
    Flow::of(Span(10 * Span::DAY.0), roles, steps)
}

/// `a -> b -> c`, one transfer each.
pub(crate) fn chain() -> Flow {
    let roles = ["a", "b", "c"].map(|name| role(name, None)).to_vec();
    flow(roles, vec![step(0, 1, Shape::One), step(1, 2, Shape::One)])
}

/// `payers[2..most] -> hub`.
pub(crate) fn fan_in(most: Option<u32>) -> Flow {
    let roles = vec![role("payers", Some(Count { least: 2, most })), role("hub", None)];
    flow(roles, vec![step(0, 1, SET)])
}

/// `a -> b`, `b -> exits[2..most]` with `hops: 1..2`.
pub(crate) fn tree(most: Option<u32>) -> Flow {
    let roles = vec![role("a", None), role("b", None), role("exits", Some(Count { least: 2, most }))];
    let hops = Count { least: 1, most: Some(2) };
    flow(roles, vec![step(0, 1, Shape::One), step(1, 2, Shape::Tree { hops, via: None })])
}

/// A rule with a flow.
pub(crate) fn typology(id: &str, severity: Severity, flow: Flow) -> Typology {
    Typology { title: id.into(), summary: id.into(), severity, sha256: "00".repeat(32), ..Typology::of(id, flow) }
}

/// A set of rules and the plan of each.
pub(crate) fn rules(typologies: Vec<Typology>) -> (TypologySet, Vec<Plan>) {
    let plans = typologies.iter().map(|typology| plan::of_flow(&typology.id, typology.flow.clone())).collect();
    (TypologySet { typologies }, plans)
}

/// Instances from (binding keys, rows by slot); slot n belongs to step n.
pub(crate) fn instances(ledger: &Ledger, list: &[(&[&str], &[&[u32]])]) -> Instances {
    let mut instances = Instances::default();
    for (binding, slots) in list {
        let binding: Vec<_> = binding.iter().map(|key| ledger.accounts().find(key).expect("a known account")).collect();
        let slots: Vec<Vec<RowId>> = slots.iter().map(|rows| rows.iter().copied().map(RowId).collect()).collect();
        instances.push(&binding, slots.iter().map(Vec::as_slice).enumerate(), 1);
    }
    instances
}
