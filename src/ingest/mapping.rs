//! A mapping says which column of a file is which canonical column; presets are mappings that come with the program.
//!
//! It is TOML. A key that means nothing is an error with its line, so that a typing mistake cannot pass as "absent".

use std::collections::BTreeMap;
use std::fmt;
use std::marker::PhantomData;
use std::str::FromStr;

use serde::de::value::{MapAccessDeserializer, SeqAccessDeserializer};
use serde::de::{Error as _, MapAccess, SeqAccess, Visitor};
use serde::{Deserialize, Deserializer};

use super::IngestError;
use super::moment;
use crate::columns::{Span, Time};

/// What a column's values are called in the ledger, by what the file calls them; mapped to `""`, a value is missing.
pub(super) type Values = BTreeMap<String, String>;

/// A mapping file.
#[derive(Clone, Debug, Default, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct Mapping {
    /// What it is for, in a phrase.
    #[serde(default)]
    pub(super) title: String,
    /// How its files are told from others.
    #[serde(default)]
    pub(super) recognise: Recognise,
    /// The columns of the transfers.
    pub(super) columns: TransferColumns,
    /// Further columns of the transfers by the name that they get.
    #[serde(default)]
    pub(super) other: BTreeMap<String, Text>,
    /// Values of the transfers' columns.
    #[serde(default)]
    pub(super) values: BTreeMap<String, Values>,
    /// Rows whose payer and payee stand the other way round: source column and the values that say so.
    #[serde(default)]
    pub(super) reverse: BTreeMap<String, Vec<String>>,
    /// Kinds of account by key, or by the beginning of a key (`"M*"`).
    #[serde(default)]
    pub(super) special: BTreeMap<String, String>,
    /// The columns of the account table.
    #[serde(default)]
    pub(super) accounts: Option<AccountColumns>,
    /// The columns of a table of labels.
    #[serde(default)]
    pub(super) labels: Option<LabelColumns>,
}

/// Columns that a file's header must and must not have.
#[derive(Clone, Debug, Default, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub(super) struct Recognise {
    pub(super) transfers: Vec<String>,
    pub(super) accounts: Vec<String>,
    pub(super) labels: Vec<String>,
    pub(super) not: Vec<String>,
}

/// The columns of a transfer.
#[derive(Clone, Debug, Default, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct TransferColumns {
    pub(super) tx_id: Option<Text>,
    pub(super) timestamp: When,
    pub(super) sender: Text,
    pub(super) receiver: Text,
    pub(super) amount: Amount,
    pub(super) currency: Option<Text>,
    pub(super) amount_received: Option<Amount>,
    pub(super) currency_received: Option<Text>,
    pub(super) channel: Option<Text>,
    pub(super) kind: Option<Text>,
    pub(super) refers_to: Option<Text>,
    pub(super) purpose: Option<Text>,
    pub(super) label: Option<Text>,
    pub(super) label_typology: Option<Text>,
    pub(super) label_instance: Option<Text>,
}

/// The columns of an account table.
#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct AccountColumns {
    pub(super) account: Text,
    pub(super) entity: Option<Text>,
    pub(super) bank: Option<Text>,
    pub(super) kind: Option<Text>,
    pub(super) country: Option<Text>,
    pub(super) opened: Option<When>,
    pub(super) closed: Option<When>,
    pub(super) turnover: Option<Text>,
    #[serde(default)]
    pub(super) other: BTreeMap<String, Text>,
    #[serde(default)]
    pub(super) values: BTreeMap<String, Values>,
}

/// The columns of a table of labels.
#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct LabelColumns {
    pub(super) tx_id: Text,
    pub(super) label: Option<Text>,
    pub(super) label_typology: Option<Text>,
    pub(super) label_instance: Option<Text>,
}

/// One column that is read as it is, or as one part of a key.
#[derive(Clone, Debug, PartialEq, Eq, Deserialize)]
#[serde(from = "Written<PartForm>")]
pub(super) struct Part {
    pub(super) column: String,
    /// Whether zeros at the beginning are dropped, so that `010` and `10` are one bank.
    pub(super) unpad: bool,
}

/// Where a text comes from.
#[derive(Clone, Debug, PartialEq, Eq, Deserialize)]
#[serde(try_from = "Written<TextForm>")]
pub(super) enum Text {
    /// Columns that are joined with `:`.
    Columns(Vec<Part>),
    /// The same text on every row.
    Value(String),
}

impl Default for Text {
    fn default() -> Self {
        Self::Value(String::new())
    }
}

/// Where an amount comes from and how it is written.
#[derive(Clone, Debug, PartialEq, Eq, Default, Deserialize)]
#[serde(try_from = "Written<AmountForm>")]
pub(super) struct Amount {
    pub(super) column: String,
    pub(super) notation: super::amount::Notation,
}

/// Where a time comes from and how it is written.
#[derive(Clone, Debug, PartialEq, Eq, Deserialize)]
#[serde(try_from = "Written<WhenForm>")]
pub(super) enum When {
    /// One of the usual written forms.
    Written(String),
    /// A strftime form.
    Formatted(String, String),
    /// Units since 1970-01-01.
    Epoch(String, Span),
    /// A date column and a time column, with a strftime form for both with a space between, or the usual forms.
    Joined { date: String, time: String, format: Option<String> },
    /// Steps after an origin.
    Steps { column: String, unit: Span, origin: Time },
}

impl Default for When {
    fn default() -> Self {
        Self::Written(String::new())
    }
}

/// A value written as a column's name, as a list of columns, or as a table with more to say.
#[derive(Clone, Debug)]
enum Written<F> {
    Name(String),
    List(Vec<Part>),
    Form(F),
}

#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
struct PartForm {
    column: String,
    #[serde(default)]
    unpad: bool,
}

#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
struct TextForm {
    column: Option<String>,
    #[serde(default)]
    unpad: bool,
    value: Option<String>,
}

#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
struct AmountForm {
    column: String,
    decimal: Option<char>,
    thousands: Option<char>,
    unit: Option<String>,
}

#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
struct WhenForm {
    column: Option<String>,
    format: Option<String>,
    unit: Option<String>,
    date: Option<String>,
    time: Option<String>,
    step: Option<String>,
    origin: Option<String>,
}

impl<'de, F: Deserialize<'de>> Deserialize<'de> for Written<F> {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        struct Forms<F>(PhantomData<F>);

        impl<'de, F: Deserialize<'de>> Visitor<'de> for Forms<F> {
            type Value = Written<F>;

            fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str("the name of a column, a list of names, or a table such as { column = \"…\" }")
            }

            fn visit_str<E: serde::de::Error>(self, name: &str) -> Result<Self::Value, E> {
                Ok(Written::Name(name.to_owned()))
            }

            fn visit_seq<A: SeqAccess<'de>>(self, seq: A) -> Result<Self::Value, A::Error> {
                let parts = Vec::<Part>::deserialize(SeqAccessDeserializer::new(seq))?;
                if parts.is_empty() {
                    Err(A::Error::custom("an empty list of columns"))
                } else {
                    Ok(Written::List(parts))
                }
            }

            fn visit_map<A: MapAccess<'de>>(self, map: A) -> Result<Self::Value, A::Error> {
                F::deserialize(MapAccessDeserializer::new(map)).map(Written::Form)
            }
        }
        deserializer.deserialize_any(Forms(PhantomData))
    }
}

impl From<Written<PartForm>> for Part {
    fn from(written: Written<PartForm>) -> Self {
        match written {
            Written::Name(column) => Self { column, unpad: false },
            Written::Form(form) => Self { column: form.column, unpad: form.unpad },
            Written::List(mut parts) => parts.swap_remove(0),
        }
    }
}

impl TryFrom<Written<TextForm>> for Text {
    type Error = &'static str;

    fn try_from(written: Written<TextForm>) -> Result<Self, Self::Error> {
        match written {
            Written::Name(column) => Ok(Self::column(&column)),
            Written::List(parts) => Ok(Self::Columns(parts)),
            Written::Form(TextForm { column: Some(column), unpad, value: None }) => {
                Ok(Self::Columns(vec![Part { column, unpad }]))
            }
            Written::Form(TextForm { column: None, unpad: false, value: Some(value) }) => Ok(Self::Value(value)),
            Written::Form(_) => Err("write either { column = \"…\" } or { value = \"…\" }"),
        }
    }
}

impl TryFrom<Written<AmountForm>> for Amount {
    type Error = String;

    fn try_from(written: Written<AmountForm>) -> Result<Self, Self::Error> {
        let form = match written {
            Written::Name(column) => return Ok(Self { column, ..Self::default() }),
            Written::List(_) => return Err("an amount comes from one column".to_owned()),
            Written::Form(form) => form,
        };
        let sign = |sign: char| match sign {
            '.' | ',' | '\'' | ' ' | '_' => Ok(u8::try_from(sign).expect("these signs are ASCII")),
            other => Err(format!("`{other}` does not stand in numbers: use one of . , ' _ or a space")),
        };
        let mut notation = super::amount::Notation::default();
        if let Some(decimal) = form.decimal {
            notation.decimal = sign(decimal)?;
        }
        notation.thousands = form.thousands.map(sign).transpose()?;
        if notation.thousands == Some(notation.decimal) {
            return Err("the decimal point and the sign between thousands are the same".to_owned());
        }
        notation.minor = match form.unit.as_deref() {
            None | Some("major") => false,
            Some("minor") => true,
            Some(other) => return Err(format!("`{other}` is no unit of amounts: write `major` or `minor`")),
        };
        Ok(Self { column: form.column, notation })
    }
}

impl TryFrom<Written<WhenForm>> for When {
    type Error = String;

    fn try_from(written: Written<WhenForm>) -> Result<Self, Self::Error> {
        let form = match written {
            Written::Name(column) => return Ok(Self::Written(column)),
            Written::List(_) => return Err("write { date = \"…\", time = \"…\" } for two columns".to_owned()),
            Written::Form(form) => form,
        };
        match form {
            WhenForm { column: Some(column), format, unit: None, date: None, time: None, step: None, origin: None } => {
                Ok(match format {
                    Some(format) => Self::Formatted(column, format),
                    None => Self::Written(column),
                })
            }
            WhenForm {
                column: Some(column),
                format: None,
                unit: Some(unit),
                date: None,
                time: None,
                step: None,
                origin: None,
            } => epoch_unit(&unit).map(|unit| Self::Epoch(column, unit)),
            WhenForm {
                column: None,
                format,
                unit: None,
                date: Some(date),
                time: Some(time),
                step: None,
                origin: None,
            } => Ok(Self::Joined { date, time, format }),
            WhenForm {
                column: None,
                format: None,
                unit: Some(unit),
                date: None,
                time: None,
                step: Some(column),
                origin: Some(origin),
            } => steps(column, &unit, &origin),
            _ => Err("write one of { column, format }, { column, unit = \"s\" }, { date, time, format } or \
                      { step, unit = \"1d\", origin = \"2024-01-01\" }"
                .to_owned()),
        }
    }
}

fn epoch_unit(unit: &str) -> Result<Span, String> {
    match unit {
        "s" => Ok(Span::SECOND),
        "ms" => Ok(Span(1_000)),
        "us" => Ok(Span(1)),
        other => Err(format!("`{other}` is no unit of epochs: write `s`, `ms` or `us`")),
    }
}

fn steps(column: String, unit: &str, origin: &str) -> Result<When, String> {
    let unit = Span::from_str(unit).map_err(|error| error.to_string())?;
    if unit <= Span::ZERO {
        return Err("a step must be longer than nothing".to_owned());
    }
    let origin =
        moment::written(origin.as_bytes()).map_err(|_| format!("`{origin}` is no time: write `2024-01-01`"))?;
    Ok(When::Steps { column, unit, origin })
}

impl Mapping {
    /// Reads a mapping.
    ///
    /// # Errors
    ///
    /// Where it is no TOML, or holds an unknown key or a value that means nothing.
    pub(super) fn parse(file: &str, text: &str) -> Result<Self, IngestError> {
        let wrong = |line, column, problem: String| IngestError::Mapping {
            file: file.to_owned(),
            line,
            column,
            problem,
            help: "`moneytrail presets --show NAME` prints an example; docs/data.md lists the keys".to_owned(),
        };
        let mapping: Self = toml::from_str(text).map_err(|error| {
            let (line, column) = error.span().map_or((0, 0), |span| place(text, span.start));
            wrong(line, column, error.message().to_owned())
        })?;
        mapping.check().map_err(|problem| wrong(0, 0, problem))?;
        Ok(mapping)
    }

    fn check(&self) -> Result<(), String> {
        for (name, text) in [("sender", &self.columns.sender), ("receiver", &self.columns.receiver)] {
            if matches!(text, Text::Value(value) if value.is_empty()) {
                return Err(format!("`{name}` needs a column, or a value that is not empty"));
            }
        }
        let mut columns = self.values.keys();
        let known = |name: &String| crate::columns::schema::transfer(name).is_some() || self.other.contains_key(name);
        if let Some(name) = columns.find(|name| !known(name)) {
            return Err(format!("[values.{name}] is for no column that [columns] or [other] can name"));
        }
        if let Some(name) = self.other.keys().find(|name| crate::columns::schema::transfer(name).is_some()) {
            return Err(format!("`{name}` belongs under [columns], not under [other]"));
        }
        Ok(())
    }

    /// The map of values for a transfer column; that of `currency` also serves `currency_received`.
    pub(super) fn values(&self, column: &str) -> Option<&Values> {
        let fallback = if column == "currency_received" { self.values.get("currency") } else { None };
        self.values.get(column).or(fallback)
    }
}

impl Text {
    /// One column as it is.
    pub(super) fn column(name: &str) -> Self {
        Self::Columns(vec![Part { column: name.to_owned(), unpad: false }])
    }

    /// The source columns that it names.
    pub(super) fn columns(&self) -> impl Iterator<Item = &str> {
        let parts = match self {
            Self::Columns(parts) => parts.as_slice(),
            Self::Value(_) => &[],
        };
        parts.iter().map(|part| part.column.as_str())
    }
}

impl When {
    /// The source columns that it names.
    pub(super) fn columns(&self) -> Vec<&str> {
        match self {
            Self::Written(column)
            | Self::Formatted(column, _)
            | Self::Epoch(column, _)
            | Self::Steps { column, .. } => {
                vec![column]
            }
            Self::Joined { date, time, .. } => vec![date, time],
        }
    }
}

/// The line and column, from 1, of a byte in a text.
fn place(text: &str, offset: usize) -> (u64, u64) {
    let before = text.get(..offset).unwrap_or(text);
    let line = before.matches('\n').count() as u64 + 1;
    let column = before.rsplit('\n').next().map_or(0, |line| line.chars().count()) as u64 + 1;
    (line, column)
}

#[cfg(test)]
mod tests {
    use super::*;

    const LEAST: &str = "[columns]\nsender = \"s\"\nreceiver = \"r\"\ntimestamp = \"t\"\namount = \"a\"\n";

    fn problem(text: &str) -> String {
        Mapping::parse("m.toml", text).expect_err("a wrong mapping").to_string()
    }

    #[test]
    fn every_written_form_of_a_column_is_read() {
        let text = "[columns]\nsender = [{ column = \"bank\", unpad = true }, \"acc\"]\nreceiver = \"r\"\n\
                    timestamp = { step = \"time\", unit = \"1d\", origin = \"2024-01-01\" }\n\
                    amount = { column = \"a\", decimal = \",\" }\ncurrency = { value = \"EUR\" }\n";
        let mapping = Mapping::parse("m.toml", text).expect("a mapping");
        let parts =
            vec![Part { column: "bank".to_owned(), unpad: true }, Part { column: "acc".to_owned(), unpad: false }];
        assert_eq!(mapping.columns.sender, Text::Columns(parts));
        assert_eq!(mapping.columns.currency, Some(Text::Value("EUR".to_owned())));
        assert_eq!(mapping.columns.amount.notation.decimal, b',');
        assert!(matches!(mapping.columns.timestamp, When::Steps { unit: Span::DAY, .. }));
    }

    #[test]
    fn an_unknown_key_is_named_with_its_line_and_the_known_ones() {
        let shown = problem(&format!("{LEAST}curency = \"c\"\n"));
        assert!(shown.starts_with("m.toml:6:1: unknown field `curency`, expected one of `tx_id`"), "{shown}");
    }

    #[test]
    fn a_table_that_means_nothing_is_refused_with_what_it_could_be() {
        let shown =
            problem("[columns]\nsender = \"s\"\nreceiver = \"r\"\namount = \"a\"\ntimestamp = { step = \"x\" }\n");
        assert!(shown.contains("m.toml:5:13: write one of { column, format }"), "{shown}");
        let shown = problem(&LEAST.replace("\"t\"", "{ column = \"t\", unit = \"d\" }"));
        assert!(shown.contains("`d` is no unit of epochs"), "{shown}");
    }

    #[test]
    fn a_missing_key_and_a_map_for_no_column_are_named() {
        assert!(problem("[columns]\nsender = \"s\"\n").contains("missing field"));
        let shown = problem(&format!("{LEAST}[values.colour]\nred = \"blue\"\n"));
        assert!(shown.contains("[values.colour] is for no column"), "{shown}");
    }
}
