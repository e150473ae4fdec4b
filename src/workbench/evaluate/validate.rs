//! Whether a labelled instance is what its label says. Simulators and people err, and a rule cannot find a round trip
//! that did not happen.
//!
//! Only what every source agrees on is asked: who pays whom, and whether money could have gone that way in time. Sizes,
//! amounts and durations are the rules' affair. Two transfers at one moment may follow each other in either order.
//! Transfers of an account to itself are left out of the shape.

use std::collections::{BTreeMap, BTreeSet};

use crate::columns::{AccountId, Ledger, RowId, Time};

use super::names::normal;

/// A shape that a label can claim.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Claim {
    FanIn,
    FanOut,
    GatherScatter,
    ScatterGather,
    Cycle,
    Bipartite,
    Stack,
    Walk,
    /// One transfer may be all of it.
    Single,
    /// Nothing is known of its shape.
    Flow,
}

/// Why an instance is not what its label says; `None` where it is, or nothing is known of the label's shape.
pub(super) fn fault(typology: &str, rules: &[String], rows: &[RowId], ledger: &Ledger) -> Option<String> {
    let claim = claim(&normal(typology), rules);
    if rows.len() < 2 && claim != Claim::Single {
        return Some("it is one transfer, which is no flow".to_owned());
    }
    let shape = Shape::new(rows, ledger);
    match claim {
        Claim::FanIn => shape.fan(&shape.receivers(), "receivers", &shape.senders(), "sender"),
        Claim::FanOut => shape.fan(&shape.senders(), "senders", &shape.receivers(), "receiver"),
        Claim::GatherScatter => shape.gather_scatter(),
        Claim::ScatterGather => shape.scatter_gather(),
        Claim::Cycle => shape.cycle(),
        Claim::Bipartite => shape.bipartite(),
        Claim::Stack => shape.stack(),
        Claim::Walk => shape.walk(),
        Claim::Single | Claim::Flow => None,
    }
}

/// What a label claims: by its own name, else by the one rule that it stands for.
fn claim(label: &str, rules: &[String]) -> Claim {
    let by_name = |name: &str| match name {
        "fan-in" => Claim::FanIn,
        "fan-out" => Claim::FanOut,
        "gather-scatter" => Claim::GatherScatter,
        "scatter-gather" => Claim::ScatterGather,
        "cycle" | "simple-cycle" => Claim::Cycle,
        "bipartite" | "bipartite-transfer" => Claim::Bipartite,
        "stack" | "stacked-bipartite" => Claim::Stack,
        "random" | "random-walk-chain" => Claim::Walk,
        "single-large" | "single-large-outlier" => Claim::Single,
        _ => Claim::Flow,
    };
    match (by_name(label), rules) {
        (Claim::Flow, [rule]) => by_name(rule),
        (claim, _) => claim,
    }
}

/// The transfers of an instance, without those of an account to itself.
struct Shape<'l> {
    ledger: &'l Ledger,
    /// Sender, receiver and time of each, in row order.
    hops: Vec<(AccountId, AccountId, Time)>,
}

type Accounts = BTreeSet<AccountId>;

impl<'l> Shape<'l> {
    fn new(rows: &[RowId], ledger: &'l Ledger) -> Self {
        let hops = rows.iter().map(|&row| (ledger.sender(row), ledger.receiver(row), ledger.time(row)));
        Self { ledger, hops: hops.filter(|(from, to, _)| from != to).collect() }
    }

    fn senders(&self) -> Accounts {
        self.hops.iter().map(|hop| hop.0).collect()
    }

    fn receivers(&self) -> Accounts {
        self.hops.iter().map(|hop| hop.1).collect()
    }

    /// Accounts that pay and are paid.
    fn relays(&self) -> Accounts {
        self.senders().intersection(&self.receivers()).copied().collect()
    }

    /// Those relays that pay at or after the first payment to them.
    fn relays_in_time(&self) -> Accounts {
        let paid = |account| self.hops.iter().filter(|hop| hop.1 == account).map(|hop| hop.2).min();
        let pays = |account| self.hops.iter().filter(|hop| hop.0 == account).map(|hop| hop.2).max();
        self.relays().into_iter().filter(|&account| paid(account) <= pays(account)).collect()
    }

    /// Whom an account pays.
    fn payees(&self, account: AccountId) -> Accounts {
        self.hops.iter().filter(|hop| hop.0 == account).map(|hop| hop.1).collect()
    }

    /// Who pays an account.
    fn payers(&self, account: AccountId) -> Accounts {
        self.hops.iter().filter(|hop| hop.1 == account).map(|hop| hop.0).collect()
    }

    /// Up to three keys, for a sentence.
    fn keys(&self, accounts: &Accounts) -> String {
        let named: Vec<String> =
            accounts.iter().take(3).map(|&account| format!("`{}`", self.ledger.accounts().key(account))).collect();
        let more = if accounts.len() > named.len() { ", …" } else { "" };
        format!("{}{more}", named.join(", "))
    }

    fn fan(&self, hubs: &Accounts, plural: &str, others: &Accounts, other: &str) -> Option<String> {
        if hubs.len() > 1 {
            return Some(format!("it has {} {plural}: {}", hubs.len(), self.keys(hubs)));
        }
        (others.len() < 2).then(|| format!("it has {} {other}, which is no fan", others.len()))
    }

    fn gather_scatter(&self) -> Option<String> {
        if self.relays().is_empty() {
            return Some("no account is paid and pays".to_owned());
        }
        let hub = |&account: &AccountId| self.payers(account).len() > 1 && self.payees(account).len() > 1;
        let hubs: Accounts = self.relays().into_iter().filter(hub).collect();
        if hubs.is_empty() {
            return Some("no account gathers from two others and scatters to two others".to_owned());
        }
        let is_late = hubs.intersection(&self.relays_in_time()).next().is_none();
        is_late.then(|| format!("it runs backwards in time: {} pays before it is paid", self.keys(&hubs)))
    }

    fn scatter_gather(&self) -> Option<String> {
        let relays = self.relays();
        if relays.len() < 2 {
            return Some(few_relays(&relays));
        }
        let in_time = self.relays_in_time();
        if in_time.len() < 2 {
            return Some(format!(
                "it runs backwards in time: {} pay before they are paid",
                self.keys(&(&relays - &in_time))
            ));
        }
        let over_two = |ends: Accounts, others: &dyn Fn(AccountId) -> Accounts| {
            ends.into_iter().any(|end| others(end).intersection(&in_time).count() > 1)
        };
        if !over_two(self.senders(), &|account| self.payees(account)) {
            return Some("no account scatters to two of its relays".to_owned());
        }
        let gathers = over_two(self.receivers(), &|account| self.payers(account));
        (!gathers).then(|| "no account gathers from two of its relays".to_owned())
    }

    fn cycle(&self) -> Option<String> {
        let (senders, receivers) = (self.senders(), self.receivers());
        let never_paid: Accounts = &senders - &receivers;
        if !never_paid.is_empty() {
            return Some(format!("it does not close: {} pays and is never paid", self.keys(&never_paid)));
        }
        let never_pays: Accounts = &receivers - &senders;
        if !never_pays.is_empty() {
            return Some(format!("it does not close: {} is paid and never pays", self.keys(&never_pays)));
        }
        let returns = |origin: AccountId| {
            let arrivals = self.arrivals(origin);
            self.hops.iter().any(|(from, to, time)| {
                *to == origin && *from != origin && arrivals.get(from).is_some_and(|arrival| arrival <= time)
            })
        };
        let closes = senders.into_iter().any(returns);
        (!closes)
            .then(|| "it runs backwards in time: from no start do its hops lead back in the order of time".to_owned())
    }

    fn bipartite(&self) -> Option<String> {
        let relays = self.relays();
        if !relays.is_empty() {
            return Some(format!("it has more than two sides: {} is paid and pays", self.keys(&relays)));
        }
        let (payers, payees) = (self.senders().len(), self.receivers().len());
        (payers < 2 || payees < 2).then(|| format!("it joins {payers} to {payees}, and each side has two or more"))
    }

    fn stack(&self) -> Option<String> {
        let relays = self.relays();
        if relays.len() < 2 {
            return Some(few_relays(&relays).replace("relay", "account of a middle layer"));
        }
        let is_late = self.relays_in_time().is_empty();
        is_late.then(|| format!("it runs backwards in time: {} pay before they are paid", self.keys(&relays)))
    }

    fn walk(&self) -> Option<String> {
        let all: Accounts = &self.senders() | &self.receivers();
        let reaches_all = |&origin: &AccountId| {
            let arrivals = self.arrivals(origin);
            all.iter().all(|account| *account == origin || arrivals.contains_key(account))
        };
        if self.relays().is_empty() {
            return Some("no account passes money on".to_owned());
        }
        let is_walk = all.iter().any(reaches_all);
        (!is_walk).then(|| "from no account does money reach all others in the order of time".to_owned())
    }

    /// When money that leaves an account first reaches each other one, hop by hop in the order of time.
    fn arrivals(&self, origin: AccountId) -> BTreeMap<AccountId, Time> {
        let mut arrivals = BTreeMap::from([(origin, Time(i64::MIN))]);
        let mut is_new = true;
        while is_new {
            is_new = false;
            for &(from, to, time) in &self.hops {
                let leaves = arrivals.get(&from).is_some_and(|arrival| *arrival <= time);
                if leaves && arrivals.get(&to).is_none_or(|arrival| time < *arrival) {
                    arrivals.insert(to, time);
                    is_new = true;
                }
            }
        }
        arrivals
    }
}

fn few_relays(relays: &Accounts) -> String {
    if relays.is_empty() {
        "it has no relay".to_owned()
    } else {
        "it has one relay, and a chain is no layer".to_owned()
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::sift::fixture::ledger;

    /// What is wrong with transfers (hour, sender, receiver) under a label.
    fn fault_of(typology: &str, transfers: &[(i64, &str, &str)]) -> String {
        let ids: Vec<String> = (0..transfers.len()).map(|row| format!("t{row:02}")).collect();
        let rows: Vec<_> = ids.iter().zip(transfers).map(|(id, t)| (id.as_str(), t.0, t.1, t.2, 100)).collect();
        let ledger = ledger(&rows);
        let all: Vec<RowId> = ledger.rows().collect();
        fault(typology, &super::super::names::Names::default().rules(typology), &all, &ledger).unwrap_or_default()
    }

    #[test]
    fn a_cycle_that_does_not_close_is_none() {
        let open = [(0, "a", "b"), (1, "b", "c"), (2, "c", "d")];
        assert_eq!(fault_of("cycle", &open), "it does not close: `a` pays and is never paid");
        assert_eq!(
            fault_of("cycle", &[(0, "a", "b"), (1, "b", "a"), (2, "b", "c")]),
            "it does not close: `c` is paid and never pays"
        );
    }

    #[test]
    fn a_cycle_that_runs_backwards_in_time_is_none() {
        let backwards = [(2, "a", "b"), (1, "b", "c"), (0, "c", "a")];
        assert!(fault_of("cycle", &backwards).starts_with("it runs backwards in time"));
        let turned = [(5, "a", "b"), (6, "b", "c"), (4, "c", "a")];
        assert_eq!(fault_of("CYCLE", &turned), "", "it begins at c");
        let same_day = [(0, "c", "a"), (0, "a", "b"), (0, "b", "c")];
        assert_eq!(fault_of("simple-cycle", &same_day), "", "one moment has no order");
    }

    #[test]
    fn a_fan_in_with_two_receivers_is_none() {
        assert_eq!(fault_of("fan_in", &[(0, "a", "x"), (1, "b", "x")]), "");
        assert_eq!(fault_of("fan_in", &[(0, "a", "x"), (1, "b", "y")]), "it has 2 receivers: `x`, `y`");
        assert_eq!(fault_of("fan_in", &[(0, "a", "x"), (1, "a", "x")]), "it has 1 sender, which is no fan");
        assert_eq!(fault_of("fan_out", &[(0, "x", "a"), (1, "y", "b")]), "it has 2 senders: `x`, `y`");
    }

    #[test]
    fn a_scatter_gather_without_a_relay_is_none() {
        let good = [(0, "o", "m"), (0, "o", "n"), (1, "m", "t"), (1, "n", "t")];
        assert_eq!(fault_of("scatter_gather", &good), "");
        assert_eq!(fault_of("scatter_gather", &[(0, "o", "m"), (0, "o", "n")]), "it has no relay");
        assert_eq!(
            fault_of("scatter_gather", &[(0, "o", "m"), (1, "m", "t")]),
            "it has one relay, and a chain is no layer"
        );
        let late = [(1, "o", "m"), (1, "o", "n"), (0, "m", "t"), (0, "n", "t")];
        assert!(fault_of("scatter_gather", &late).starts_with("it runs backwards in time: `m`, `n`"));
        let apart = [(0, "o", "m"), (0, "p", "n"), (1, "m", "t"), (1, "n", "t")];
        assert_eq!(fault_of("scatter_gather", &apart), "no account scatters to two of its relays");
        let ends = [(0, "o", "m"), (0, "o", "n"), (1, "m", "t"), (1, "n", "u")];
        assert_eq!(fault_of("scatter_gather", &ends), "no account gathers from two of its relays");
    }

    #[test]
    fn a_gather_scatter_needs_a_hub_of_two_and_two() {
        let good = [(0, "a", "h"), (0, "b", "h"), (1, "h", "x"), (1, "h", "y")];
        assert_eq!(fault_of("gather-scatter", &good), "");
        let chains = [(0, "a", "h"), (1, "h", "x"), (0, "b", "i"), (1, "i", "y")];
        assert_eq!(
            fault_of("gather-scatter", &chains),
            "no account gathers from two others and scatters to two others"
        );
        assert_eq!(fault_of("gather-scatter", &[(0, "a", "h"), (0, "b", "h")]), "no account is paid and pays");
        let late = good.map(|(hour, from, to)| (9 - hour, from, to));
        assert_eq!(fault_of("gather-scatter", &late), "it runs backwards in time: `h` pays before it is paid");
    }

    #[test]
    fn a_bipartite_flow_has_two_sides_and_a_stack_a_middle() {
        let block = [(0, "a", "x"), (0, "a", "y"), (0, "b", "x"), (0, "b", "y")];
        assert_eq!(fault_of("bipartite", &block), "");
        assert_eq!(
            fault_of("bipartite", &[(0, "a", "x"), (0, "x", "y")]),
            "it has more than two sides: `x` is paid and pays"
        );
        assert_eq!(
            fault_of("bipartite", &[(0, "a", "x"), (0, "a", "y")]),
            "it joins 1 to 2, and each side has two or more"
        );
        assert_eq!(fault_of("stack", &block), "it has no account of a middle layer");
        let stacked = [(0, "a", "x"), (0, "a", "y"), (1, "x", "z"), (1, "y", "z")];
        assert_eq!(fault_of("stack", &stacked), "");
    }

    #[test]
    fn a_random_walk_goes_forward_in_time() {
        assert_eq!(fault_of("random", &[(0, "a", "b"), (1, "b", "c"), (2, "c", "d")]), "");
        assert_eq!(fault_of("random", &[(0, "a", "b"), (0, "c", "d")]), "no account passes money on");
        let back = fault_of("random", &[(2, "a", "b"), (1, "b", "c")]);
        assert_eq!(back, "from no account does money reach all others in the order of time");
    }

    #[test]
    fn an_instance_of_one_transfer_is_no_flow_but_where_one_is_all_that_is_claimed() {
        assert_eq!(fault_of("u-turn", &[(0, "a", "b")]), "it is one transfer, which is no flow");
        assert_eq!(fault_of("Single_large", &[(0, "a", "b")]), "");
        assert_eq!(fault_of("u-turn", &[(0, "a", "b"), (1, "x", "y")]), "", "nothing is known of its shape");
    }

    #[test]
    fn a_transfer_of_an_account_to_itself_is_no_part_of_a_shape() {
        assert_eq!(fault_of("fan_in", &[(0, "a", "x"), (1, "b", "x"), (2, "y", "y")]), "");
    }
}
