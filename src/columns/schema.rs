//! The one table of canonical columns: their names, their kinds of value and who may see them.

/// The kind of value a canonical column holds.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Kind {
    /// Text.
    Text,
    /// A number.
    Number,
    /// A point in time.
    Time,
}

/// One canonical column.
#[derive(Clone, Copy, Debug)]
pub struct Canonical {
    /// Its name in mapping files, predicates and outputs.
    pub name: &'static str,
    /// What it holds.
    pub kind: Kind,
    /// Whether rules may read it; labels are for evaluation alone.
    pub visible: bool,
    /// What it means, in a phrase.
    pub meaning: &'static str,
}

const fn seen(name: &'static str, kind: Kind, meaning: &'static str) -> Canonical {
    Canonical { name, kind, visible: true, meaning }
}

const fn hidden(name: &'static str, meaning: &'static str) -> Canonical {
    Canonical { name, kind: Kind::Text, visible: false, meaning }
}

/// The columns of a transfer.
pub const TRANSFER: &[Canonical] = &[
    seen("tx_id", Kind::Text, "unique id of the transfer"),
    seen("timestamp", Kind::Time, "booking time, UTC"),
    seen("sender", Kind::Text, "key of the account that pays"),
    seen("receiver", Kind::Text, "key of the account that is paid"),
    seen("amount", Kind::Number, "amount sent, in the base currency inside predicates"),
    seen("currency", Kind::Text, "ISO 4217 code of the amount sent"),
    seen("amount_received", Kind::Number, "amount received, where a transfer converts"),
    seen("currency_received", Kind::Text, "ISO 4217 code of the amount received"),
    seen("channel", Kind::Text, "how it moved: cash, card, credit_transfer, wire, …"),
    seen("kind", Kind::Text, "payment, refund, return, recall, chargeback, reversal, fee, load, unload"),
    seen("refers_to", Kind::Text, "tx_id of the transfer that this one undoes"),
    seen("purpose", Kind::Text, "purpose code"),
    hidden("label", "ground truth: whether the transfer is part of a scheme"),
    hidden("label_typology", "ground truth: which typology"),
    hidden("label_instance", "ground truth: which planted instance"),
];

/// The columns of an account.
pub const ACCOUNT: &[Canonical] = &[
    seen("account", Kind::Text, "account key, as the transfers write it"),
    seen("entity", Kind::Text, "the owner"),
    seen("bank", Kind::Text, "the institution"),
    seen("kind", Kind::Text, "person, company, payment_processor, merchant, exchange, remitter, cash, …"),
    seen("country", Kind::Text, "ISO 3166 code"),
    seen("opened", Kind::Time, "when the account was opened"),
    seen("closed", Kind::Time, "when it was closed"),
    seen("turnover", Kind::Number, "declared turnover a month, in the base currency"),
];

/// The columns of a reference list.
pub const LIST: &[Canonical] = &[
    seen("value", Kind::Text, "a value on the list"),
    seen("amount", Kind::Number, "in a list of thresholds: the amount, major units"),
    seen("country", Kind::Text, "for a threshold: the country for which it holds"),
    seen("currency", Kind::Text, "for a threshold: the currency for which it holds"),
    seen("channel", Kind::Text, "for a threshold: the channel for which it holds"),
    seen("valid_from", Kind::Time, "the first moment on the list"),
    seen("valid_to", Kind::Time, "the last moment on the list"),
];

/// The canonical transfer column of this name.
#[must_use]
pub fn transfer(name: &str) -> Option<&'static Canonical> {
    TRANSFER.iter().find(|column| column.name == name)
}

/// The canonical account column of this name.
#[must_use]
pub fn account(name: &str) -> Option<&'static Canonical> {
    ACCOUNT.iter().find(|column| column.name == name)
}
