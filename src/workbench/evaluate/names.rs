//! Which rules a labelled typology is the business of: public data sets call the same flow by other names.

use std::collections::BTreeMap;

use serde::Serialize;

/// What a public data set calls a typology, and the rules that look for it.
struct Public {
    /// The name in its normal form.
    label: &'static str,
    /// The data sets that use it.
    sources: &'static str,
    /// Ids of the shipped rules; none where no rule has this shape.
    rules: &'static [&'static str],
}

const SHAPES: &str = "AMLSim, AMLGentex, AMLworld, SAML-D";

/// The names of public data sets. Where one differs from the rule's id, the data set means something else by it, or had its
/// name first; `docs/typologies.md` says what each rule looks for.
const PUBLIC: &[Public] = &[
    Public { label: "fan-in", sources: SHAPES, rules: &["fan-in"] },
    Public { label: "fan-out", sources: SHAPES, rules: &["fan-out"] },
    Public { label: "gather-scatter", sources: SHAPES, rules: &["gather-scatter"] },
    Public { label: "scatter-gather", sources: SHAPES, rules: &["scatter-gather"] },
    Public { label: "bipartite", sources: SHAPES, rules: &["bipartite-transfer"] },
    Public { label: "cycle", sources: SHAPES, rules: &["simple-cycle"] },
    Public { label: "random", sources: "AMLSim, AMLGentex, AMLworld", rules: &["random-walk-chain"] },
    Public { label: "stack", sources: "AMLSim, AMLGentex, AMLworld", rules: &["stacked-bipartite"] },
    Public { label: "behavioural-change-1", sources: "SAML-D", rules: &["counterparty-break"] },
    Public { label: "behavioural-change-2", sources: "SAML-D", rules: &["corridor-shift"] },
    Public { label: "cash-withdrawal", sources: "SAML-D", rules: &["mule-cash-out", "structured-withdrawal"] },
    Public { label: "deposit-send", sources: "SAML-D", rules: &["deposit-then-send"] },
    Public { label: "layered-fan-in", sources: "SAML-D", rules: &["layered-fan-in"] },
    Public { label: "layered-fan-out", sources: "SAML-D", rules: &["layered-fan-out"] },
    Public { label: "over-invoicing", sources: "SAML-D", rules: &[] },
    Public { label: "single-large", sources: "SAML-D", rules: &["single-large-outlier"] },
    Public { label: "smurfing", sources: "SAML-D", rules: &["cash-structuring", "smurfing"] },
    Public { label: "stacked-bipartite", sources: "SAML-D", rules: &["stacked-bipartite"] },
    Public { label: "structuring", sources: "SAML-D", rules: &["structured-fan-in"] },
    Public { label: "frontbusinessactivity", sources: "Tide", rules: &["deposit-then-send"] },
    Public { label: "rapidfundmovement", sources: "Tide", rules: &["mule-cash-out", "pass-through-account"] },
    Public {
        label: "repeatedoverseastransfers",
        sources: "Tide",
        rules: &["cash-structuring", "corridor-shift", "deposit-then-send"],
    },
    Public { label: "synchronisedtransactions", sources: "Tide", rules: &["layered-fan-in", "mule-herd"] },
    Public { label: "uturntransactions", sources: "Tide", rules: &["mule-chain", "random-walk-chain", "u-turn"] },
];

/// Whether public data sets have labels for a rule.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "kebab-case")]
pub enum PublicLabels {
    /// Some name its typology.
    Named,
    /// Some have columns or labels that it could be tried on, and no label that names it.
    InPart,
    /// None has anything.
    Nowhere,
}

impl PublicLabels {
    /// What public data sets have for a rule; of a rule that is not shipped nobody knows.
    #[must_use]
    pub fn of(rule: &str) -> Self {
        match () {
            () if WITHOUT_PUBLIC_LABELS.contains(&rule) => Self::Nowhere,
            () if PUBLIC.iter().any(|public| public.rules.contains(&rule)) => Self::Named,
            () => Self::InPart,
        }
    }

    /// The same in words.
    #[must_use]
    pub fn name(self) -> &'static str {
        match self {
            Self::Named => "in other data",
            Self::InPart => "in part",
            Self::Nowhere => "nowhere",
        }
    }
}

/// The shipped rules that no public data set has labels for.
pub const WITHOUT_PUBLIC_LABELS: [&str; 21] = [
    "bec-diversion",
    "card-fraud-monetisation",
    "chargeback-abuse",
    "crypto-ramp-layering",
    "cuckoo-smurfing",
    "ewallet-exchange-layering",
    "funnel-account",
    "gambling-pass-through",
    "merchant-load-balancing",
    "mule-remittance-exit",
    "multi-account-consolidation",
    "nested-processor",
    "ping-pong-transfers",
    "prepaid-load-and-cash-out",
    "processor-layering",
    "refund-laundering",
    "remittance-splitting",
    "shell-company-conduit",
    "transaction-laundering",
    "victim-collection-account",
    "virtual-iban-rotation",
];

/// Names of typologies that somebody added to the built-in ones, by their normal form.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Names {
    added: BTreeMap<String, Vec<String>>,
}

impl Names {
    /// Says that a label is the business of a rule, too.
    pub fn add(&mut self, label: &str, rule: &str) {
        let rules = self.added.entry(normal(label)).or_default();
        if !rules.iter().any(|known| known == rule) {
            rules.push(rule.to_owned());
        }
    }

    /// The rules that a label is the business of, in id order. A label that somebody added has only the rules that were
    /// added for it; else those of the built-in table; else the rule of its own name.
    #[must_use]
    pub fn rules(&self, label: &str) -> Vec<String> {
        let label = normal(label);
        let mut rules = match (self.added.get(&label), PUBLIC.iter().find(|public| public.label == label)) {
            (Some(added), _) => added.clone(),
            (None, Some(public)) => public.rules.iter().map(|&rule| rule.to_owned()).collect(),
            (None, None) => vec![label],
        };
        rules.sort();
        rules
    }
}

/// `fan_in`, `FAN-IN` and `Fan in` are one name: `fan-in`.
#[must_use]
pub fn normal(label: &str) -> String {
    label.trim().to_lowercase().replace(['_', ' '], "-")
}

/// The built-in names as a Markdown table: label, data sets, rules.
#[must_use]
pub fn table() -> String {
    let row = |Public { label, sources, rules }: &Public| {
        let rules = if rules.is_empty() { "none".to_owned() } else { format!("`{}`", rules.join("`, `")) };
        format!("| `{label}` | {sources} | {rules} |\n")
    };
    let rows: String = PUBLIC.iter().map(row).collect();
    format!("| label | used by | rules |\n|---|---|---|\n{rows}")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn one_name_has_many_spellings() {
        for spelling in ["fan_in", "FAN-IN", "Fan_In", " fan in "] {
            assert_eq!(normal(spelling), "fan-in");
        }
    }

    #[test]
    fn a_label_is_the_business_of_the_rules_of_the_table_or_of_its_own_name() {
        let names = Names::default();
        assert_eq!(names.rules("fan_in"), ["fan-in"]);
        assert_eq!(names.rules("stack"), ["stacked-bipartite"]);
        assert_eq!(names.rules("UTurnTransactions"), ["mule-chain", "random-walk-chain", "u-turn"]);
        assert_eq!(names.rules("Over-Invoicing"), Vec::<String>::new());
    }

    #[test]
    fn what_somebody_added_stands_in_place_of_the_table() {
        let mut names = Names::default();
        names.add("Cycle", "round-trip");
        names.add("cycle", "my-ring");
        names.add("cycle", "my-ring");
        assert_eq!(names.rules("CYCLE"), ["my-ring", "round-trip"]);
    }

    #[test]
    fn no_rule_has_public_labels_and_has_none() {
        let labelled: Vec<&str> = PUBLIC.iter().flat_map(|public| public.rules).copied().collect();
        for rule in WITHOUT_PUBLIC_LABELS {
            assert!(!labelled.contains(&rule), "{rule}");
        }
        let of = ["simple-cycle", "peel-chain", "funnel-account"].map(PublicLabels::of);
        assert_eq!(of, [PublicLabels::Named, PublicLabels::InPart, PublicLabels::Nowhere]);
    }
}
