//! SQL predicates: text in, a checked polars expression out.
//!
//! The text is filled in, parsed, walked for what predicates must not hold, given flat column names, held against the
//! kinds of its columns, and at last tried on a table of one row.

use std::collections::BTreeMap;
use std::ops::Range;

use polars::prelude::{DataFrame, DataType, Expr, IntoColumn, IntoLazy, NamedFrom, Series, TimeUnit};
use sqlparser::ast::Expr as Sql;
use sqlparser::dialect::GenericDialect;
use sqlparser::parser::{Parser, ParserError};
use sqlparser::tokenizer::{Location, Token, Tokenizer};

use super::Predicate;
use super::fill::{Filled, fill};
use super::kinds::{self, Kind};
use super::number::Scope;
use super::walk;

/// Why a text is not a predicate, and which bytes of it are at fault; the whole where nothing closer is known.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Fault {
    pub(super) place: Option<Range<usize>>,
    pub(super) what: What,
}

/// What is wrong with a predicate.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum What {
    /// A parameter that does not exist.
    Parameter(String),
    /// Not SQL, in the parser's words.
    Syntax(String),
    /// An expression that predicates do not take.
    Refused(String),
    /// Values of kinds that do not go together.
    Kinds(String),
}

impl Fault {
    pub(super) fn at(place: Range<usize>, what: What) -> Self {
        Self { place: Some(place), what }
    }

    pub(super) fn whole(what: What) -> Self {
        Self { place: None, what }
    }
}

/// A predicate that has been read and not yet been placed.
#[derive(Debug)]
pub(super) struct Read {
    pub(super) tree: Sql,
    /// The columns it names.
    pub(super) columns: BTreeMap<String, Mention>,
    filled: Filled,
}

/// How a predicate first names a column.
#[derive(Clone, Debug)]
pub(super) struct Mention {
    /// Where in the text.
    pub(super) place: Option<Range<usize>>,
    /// Whether in double quotes: then the name is meant as it stands, however much it looks like another.
    pub(super) quoted: bool,
}

/// Signs and keywords in one predicate, at most. Each may be a level of the tree, and a tree is walked on the stack.
const MOST_SIGNS: usize = 1_000;

/// Reads a predicate.
pub(super) fn read(text: &str, scope: &Scope) -> Result<Read, Fault> {
    let filled = fill(text, scope)?;
    let dialect = GenericDialect {};
    let tokens = Tokenizer::new(&dialect, &filled.sql)
        .tokenize_with_location()
        .map_err(|error| Fault { place: filled.word(error.location), what: What::Syntax(error.message) })?;
    let plain = |token: &Token| {
        matches!(token, Token::Whitespace(_) | Token::Comma | Token::Number(..) | Token::SingleQuotedString(_))
    };
    if tokens.iter().filter(|token| !plain(&token.token)).count() > MOST_SIGNS {
        return Err(Fault::whole(What::Syntax(format!("a predicate has at most {MOST_SIGNS} names and signs"))));
    }
    let mut parser = Parser::new(&dialect).with_tokens_with_locations(tokens);
    let mut tree = parser.parse_expr().map_err(|error| malformed(&filled, &error))?;
    let next = parser.peek_token();
    if next.token != Token::EOF {
        let place = filled.place(next.span);
        return Err(match next.token {
            Token::Word(_) => Fault { place, what: What::Refused("a word behind the condition".to_owned()) },
            other => Fault { place, what: What::Syntax(format!("expected the end of the condition, found {other}")) },
        });
    }
    let columns = walk::walk(&mut tree, &filled)?;
    Ok(Read { tree, columns, filled })
}

fn malformed(filled: &Filled, error: &ParserError) -> Fault {
    let message = match error {
        ParserError::TokenizerError(message) | ParserError::ParserError(message) => message.as_str(),
        ParserError::RecursionLimitExceeded => "nested too deep",
    };
    let (message, place) = message.split_once(" at Line: ").unwrap_or((message, ""));
    let numbers = place.split_once(", Column: ").and_then(|(line, column)| line.parse().ok().zip(column.parse().ok()));
    let place = numbers.and_then(|(line, column)| filled.word(Location { line, column }));
    let message = message.replace("Expected: ", "expected ").replace("found: EOF", "found the end");
    Fault { place, what: What::Syntax(message.replace("found: ", "found ")) }
}

/// The finished predicate. `kind_of` gives the kind of a column, or `None` where the ledger will decide.
pub(super) fn place(read: Read, kind_of: &dyn Fn(&str) -> Option<Kind>) -> Result<Predicate, Fault> {
    let guessed = kinds::check(&read.tree, &read.filled, kind_of)?;
    let sql = read.tree.to_string();
    let refused = |error: &dyn std::fmt::Display| {
        let message = error.to_string();
        Fault::whole(What::Kinds(message.lines().next().unwrap_or_default().to_owned()))
    };
    let expr = polars::sql::sql_expr(&sql).map_err(|error| refused(&error))?;
    // A column that the ledger brings and that is compared with nothing may hold text, numbers or truth values.
    let mut first = None;
    for open in [Kind::Text, Kind::Number, Kind::Truth] {
        let kinds = read
            .columns
            .keys()
            .map(|name| (name.as_str(), kind_of(name).or_else(|| guessed.get(name).copied()).unwrap_or(open)));
        match try_on_one_row(&expr, kinds) {
            Ok(DataType::Boolean) => {
                return Ok(Predicate { expr, columns: read.columns.into_keys().collect(), sql });
            }
            Ok(kind) => drop(first.get_or_insert(format!("this gives a value of kind {kind}, not yes or no"))),
            Err(message) => drop(first.get_or_insert(message)),
        }
    }
    Err(refused(&first.expect("three kinds were tried")))
}

/// The type of the answer that an expression gives on one row of columns of these kinds.
fn try_on_one_row<'n>(expr: &Expr, columns: impl Iterator<Item = (&'n str, Kind)>) -> Result<DataType, String> {
    let columns = columns.map(|(name, kind)| example(name, kind).into_column()).collect();
    let short = |error: polars::error::PolarsError| error.to_string();
    let frame = DataFrame::new(1, columns).map_err(short)?;
    let answer = frame.lazy().select([expr.clone().alias("answer")]).collect().map_err(short)?;
    answer.column("answer").map(|column| column.dtype().clone()).map_err(short)
}

/// A column of one plausible value, of the type that `search` hands to the predicate.
fn example(name: &str, kind: Kind) -> Series {
    let name = name.into();
    match kind {
        Kind::Text => Series::new(name, ["text"]),
        Kind::Number => Series::new(name, [1.5f64]),
        Kind::Count => Series::new(name, [1i64]),
        Kind::Time => Series::new(name, [0i64]).into_datetime(TimeUnit::Microseconds, None),
        Kind::Duration => Series::new(name, [0i64]).into_duration(TimeUnit::Microseconds),
        Kind::Truth => Series::new(name, [true]),
    }
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeSet;

    use super::super::{Parameter, Value};
    use super::*;

    fn outcome(text: &str) -> Result<String, Fault> {
        let limit = Value::Number("10000".parse().expect("a number"));
        let gap = Value::Duration(crate::columns::Span::DAY);
        let parameters = [("limit", limit), ("gap", gap)].map(|(name, value)| Parameter {
            name: name.to_owned(),
            default: value.clone(),
            value,
            range: None,
            help: String::new(),
        });
        let kind = |name: &str| match name {
            "amount" => Some(Kind::Number),
            "transfers" | "hops" => Some(Kind::Count),
            "timestamp" | "sender.opened" => Some(Kind::Time),
            "duration" => Some(Kind::Duration),
            "kind" | "channel" | "sender.kind" => Some(Kind::Text),
            _ => None,
        };
        read(text, &Scope::new(&parameters, BTreeSet::new()))
            .and_then(|read| place(read, &kind))
            .map(|predicate| predicate.sql)
    }

    fn sql(text: &str) -> String {
        outcome(text).unwrap_or_else(|fault| {
            let piece = fault.place.map_or("the whole", |place| &text[place]);
            format!("`{piece}`: {:?}", fault.what)
        })
    }

    #[test]
    fn parameters_and_durations_are_filled_in_and_constants_folded_exactly() {
        assert_eq!(sql("amount BETWEEN 0.8*$limit AND (1 - 0.1) * $limit"), "amount BETWEEN 8000 AND 9000");
        assert_eq!(sql("amount > -$limit / 4"), "amount > -2500");
        assert_eq!(sql("amount > -(-5) AND amount > - -amount"), "amount > 5 AND amount > -(-amount)");
        assert_eq!(sql("amount > 3 - (2 - 4) * -1"), "amount > 1");
        assert_eq!(sql("kind IN (@high_risk)"), "\"kind IN @high_risk\"");
        assert_eq!(sql("sender.kind NOT IN (@licensed)"), "NOT \"sender.kind IN @licensed\"");
        assert_eq!(sql("amount < 0.8 * @threshold"), "amount < 0.8 * \"@threshold\"");
        assert_eq!(sql("duration > 36h"), "duration > INTERVAL '36 hours'");
        assert_eq!(sql("duration > 1.5 * $gap"), "duration > INTERVAL '36 hours'");
        assert_eq!(sql("duration > $gap / 7"), "duration > INTERVAL '12342857142 microseconds'");
        assert_eq!(sql("duration - 1d > 2d"), "duration - (INTERVAL '1 days') > INTERVAL '2 days'");
        assert_eq!(sql("kind = 'a 7d $limit @x'"), "kind = 'a 7d $limit @x'");
        assert_eq!(sql("sender.kind = 'person'"), "\"sender.kind\" = 'person'");
        assert_eq!(sql("amount IN (1, 2.5)"), "amount IN (1.0, 2.5)");
    }

    #[test]
    fn times_are_written_as_sql_writes_them_and_read_as_utc() {
        assert_eq!(sql("timestamp >= DATE '2024-02-01'"), "timestamp >= TIMESTAMP '2024-02-01 00:00:00'");
        let noon = "timestamp < TIMESTAMP '2024-02-01 12:00:00'";
        assert_eq!(sql(noon), noon);
        assert_eq!(sql("timestamp < TIMESTAMP '2024-02-01T14:00:00+02:00'"), noon);
        assert!(sql("timestamp < TIMESTAMP 'noon'").contains("a time of this form"));
        assert_eq!(
            sql("timestamp - sender.opened < 30d AND timestamp < sender.opened + 30d"),
            "timestamp - \"sender.opened\" < INTERVAL '30 days' AND timestamp < \"sender.opened\" + (INTERVAL '30 days')"
        );
    }

    #[test]
    fn every_function_in_the_list_runs() {
        let calls = [
            "abs(amount) > 1",
            "ceil(amount) > 1",
            "coalesce(kind, 'x') = 'x'",
            "date_part('hour', timestamp) = 3",
            "ends_with(kind, 'x')",
            "floor(amount) > 1",
            "greatest(amount, 2) > 1",
            "least(amount, 2) > 1",
            "left(kind, 2) = 'pe'",
            "length(kind) = 2",
            "lower(kind) = 'x'",
            "ltrim(kind) = 'x'",
            "mod(amount, 10) = 0",
            "nullif(kind, 'x') = 'y'",
            "replace(kind, 'a', 'b') = 'x'",
            "right(kind, 2) = 'pe'",
            "round(amount, 0) = 1",
            "rtrim(kind) = 'x'",
            "starts_with(kind, 'x')",
            "upper(kind) = 'X'",
        ];
        for (name, call) in walk::FUNCTIONS.iter().zip(calls) {
            assert!(call.starts_with(name), "{call} shows {name}");
            assert!(outcome(call).is_ok(), "{}", sql(call));
        }
        for call in [
            "EXTRACT(hour FROM timestamp) < 6",
            "SUBSTR(kind, 1, 2) = 'ab'",
            "SUBSTRING(kind FROM 1 FOR 2) = 'ab'",
            "TRIM(kind) = 'x'",
            "kind LIKE 'a%' OR kind ILIKE 'B_'",
            "kind ~ '^a|b$'",
            "kind || channel = 'ab'",
            "CASE WHEN kind = 'a' THEN amount > 5 ELSE amount > 10 END",
            "transfers / hops > 1.5 AND transfers % 2 = 0",
            "(kind = 'a') IS NOT TRUE",
            "hops IN (1, 2.5) OR kind IS NULL",
        ] {
            assert!(outcome(call).is_ok(), "{}", sql(call));
        }
    }

    #[test]
    fn a_column_of_the_input_gets_the_kind_that_it_is_used_as() {
        for text in ["flag", "NOT flag AND code = 'b' AND score > 3", "flag = other", "score + 1 > 3", "flag IS NULL"] {
            assert!(outcome(text).is_ok(), "{}", sql(text));
        }
        assert!(sql("code = 'b' AND code > 3").starts_with("`3`: Kinds"), "{}", sql("code = 'b' AND code > 3"));
    }

    #[test]
    fn what_predicates_do_not_take_is_refused_where_it_stands() {
        let refused = |text: &str, piece: &str, what: &str| {
            let shown = sql(text);
            assert!(shown.starts_with(&format!("`{piece}`: ")) && shown.contains(what), "{text}: {shown}");
        };
        refused("amount > (SELECT 1)", "SELECT 1", "a sub-select");
        refused("amount IN (SELECT 1)", "SELECT 1", "a sub-select");
        refused("amount > 1 OR sum(amount) > 1", "sum(amount)", "the function `sum`");
        refused(
            "abs(amount) FILTER (WHERE amount > 1) > 1",
            "abs(amount) FILTER (WHERE amount > 1)",
            "a function call of this form",
        );
        refused("length(*) > 1", "length", "a wildcard");
        refused("amount > 1 AS x", "AS", "a word behind the condition");
        refused("amount > $x", "$x", "Parameter(\"x\")");
        refused("amount >", "the whole", "Syntax");
        refused("amount > 180x", "x", "a word behind");
        refused("amount > 5 AND (kind = 'a'", "the whole", "expected )");
        refused("duration > INTERVAL 'abc'", "'abc'", "an interval");
        refused("amount > 1e400", "1e400", "18 digits");
        refused("amount & 3 = 1", "amount & 3", "the operator `&`");
        refused("amount >= :x", ":x", "a value of this form");
        refused("kind IN ('a', channel)", "channel", "literals");
        refused("EXTRACT(week FROM timestamp) NOT IN (NULL)", "NULL", "NULL in a list");
        refused("amount IN (1, -NULL)", "NULL", "NULL in a list");
        refused("\"^a.*$\" = 1", "\"^a.*$\"", "a pattern of names");
        refused("\"*\" = 1", "\"*\"", "a pattern of names");
        refused(
            "kind IS DISTINCT FROM channel AND amount > 1",
            "kind IS DISTINCT FROM channel AND amount > 1",
            "DISTINCT",
        );
        refused("kind ~ '['", "the whole", "regex");
        refused("amount + 1", "amount + 1", "a number");
    }

    #[test]
    fn values_of_two_kinds_are_not_compared() {
        let unfit = |text: &str, piece: &str| {
            let shown = sql(text);
            assert!(shown.starts_with(&format!("`{piece}`: Kinds")), "{text}: {shown}");
        };
        unfit("duration > 5", "5");
        unfit("kind > 5", "5");
        unfit("amount > '5'", "'5'");
        unfit("amount > 5d", "5d");
        unfit("timestamp > '2024-01-01'", "'2024-01-01'");
        unfit("kind", "kind");
        unfit("amount AND kind = 'a'", "amount");
        unfit("starts_with(kind, 5)", "5");
        unfit("duration > -3d", "3d");
        unfit("amount BETWEEN 1 AND 'b'", "'b'");
        unfit("duration > 40000d", "40000d");
    }

    #[test]
    fn a_predicate_as_long_as_a_book_is_refused_and_a_long_list_is_not() {
        assert!(sql(&"amount > 1 OR ".repeat(100_000)).contains("at most"));
        assert!(sql(&format!("{}amount > 1", "(".repeat(900))).contains("nested too deep"));
        let codes: Vec<String> = (0..5_000).map(|code| format!("'{code}'")).collect();
        assert!(outcome(&format!("kind IN ({})", codes.join(", "))).is_ok());
    }
}
