//! There is a quick way to read a table and a slow one. Random small tables, most of them with dirty cells, come out alike.
//!
//! Each table is written in several ways. What a way leaves to the quick readers, another keeps from them: a mapping that
//! could turn transfers around makes every row of a Parquet or Arrow file be read by itself, a quoted field at the beginning
//! makes a CSV file be read by the crate that knows quotes, and JSON Lines are always read line by line.

use std::fmt::Write as _;
use std::sync::Arc;

use arrow::array::{
    ArrayRef, DictionaryArray, Float64Array, Int64Array, RecordBatch, StringArray, TimestampMillisecondArray,
};
use arrow::datatypes::Int32Type;
use moneytrail::columns::RowId;
use moneytrail::ingest::{self, Intake, RejectLimit, Request};
use proptest::prelude::*;

/// A mapping of the columns below; every way of it means the same.
const MAPPING: &str = r#"
[columns]
tx_id = "id"
timestamp = TIME
sender = "from"
receiver = "to"
amount = "amount"
currency = "currency"
channel = "channel"
label = "label"
[values]
channel = { W = "wire", X = "" }
[reverse]
REVERSE
"#;

/// A cell that is missing, or its value.
type Column<T> = Vec<Option<T>>;

/// A table whose columns have types of their own.
#[derive(Clone, Debug)]
struct Typed {
    ids: Column<i64>,
    times: Column<i64>,
    from: Column<i64>,
    to: Column<String>,
    amounts: Column<f64>,
    currencies: Column<String>,
    channels: Column<String>,
    labels: Column<String>,
}

fn some<T: Clone + std::fmt::Debug + 'static>(
    clean: impl Strategy<Value = T> + 'static,
    dirty: Vec<Option<T>>,
) -> BoxedStrategy<Option<T>> {
    prop_oneof![30 => clean.prop_map(Some), 1 => proptest::sample::select(dirty)].boxed()
}

fn texts(clean: &'static [&'static str], dirty: &'static [&'static str]) -> BoxedStrategy<Option<String>> {
    let owned = |texts: &'static [&'static str]| texts.iter().map(|text| (*text).to_owned());
    let dirty = owned(dirty).map(Some).chain([None]).collect();
    some(proptest::sample::select(owned(clean).collect::<Vec<_>>()), dirty)
}

fn typed() -> impl Strategy<Value = Typed> {
    let id = some(0i64..400, vec![None, Some(-3), Some(i64::MAX)]);
    let time = some(1_600_000_000i64..1_600_100_000, vec![None, Some(-1), Some(i64::MIN), Some(99_999_999_999)]);
    let from = some(prop_oneof![0i64..9, 16_777_210i64..16_777_220], vec![None, Some(-5), Some(i64::MAX)]);
    let to = texts(&["7", "a", "b ", "16777216", "é"], &["", " ", "\u{0}x", "07"]);
    let amount = prop_oneof![(1u32..100_000).prop_map(|cents| f64::from(cents) / 100.0), 1e-4f64..1e5];
    let dirty = [0.0, -1.0, f64::NAN, f64::INFINITY, 1e300, 1e15, 0.004, 90_071_992_547_409.9, 0.1 + 0.2];
    let amount = some(amount, dirty.into_iter().map(Some).chain([None]).collect());
    let currency = texts(&["EUR", "USD", "KWD", "BTC"], &["", "no currency is called by such a long name"]);
    let channel = texts(&["W", "cash", "X", ""], &["\u{0}", " cash "]);
    let label = texts(&["0", "1"], &["yes"]);
    let row = (id, time, from, to, amount, currency, channel, label);
    proptest::collection::vec(row, 1..60).prop_map(|rows| Typed {
        ids: rows.iter().map(|row| row.0).collect(),
        times: rows.iter().map(|row| row.1).collect(),
        from: rows.iter().map(|row| row.2).collect(),
        to: rows.iter().map(|row| row.3.clone()).collect(),
        amounts: rows.iter().map(|row| row.4).collect(),
        currencies: rows.iter().map(|row| row.5.clone()).collect(),
        channels: rows.iter().map(|row| row.6.clone()).collect(),
        labels: rows.iter().map(|row| row.7.clone()).collect(),
    })
}

impl Typed {
    /// With times as numbers or as times, and words as they are or as codes.
    fn batch(&self, as_times: bool, coded: bool) -> RecordBatch {
        let words = |column: &Column<String>| -> ArrayRef {
            let texts = column.iter().map(|cell| cell.as_deref());
            if coded {
                Arc::new(texts.collect::<DictionaryArray<Int32Type>>())
            } else {
                Arc::new(texts.collect::<StringArray>())
            }
        };
        let times: ArrayRef = if as_times {
            let millis = self.times.iter().map(|time| time.and_then(|time| time.checked_mul(1000)));
            Arc::new(millis.collect::<TimestampMillisecondArray>())
        } else {
            Arc::new(Int64Array::from(self.times.clone()))
        };
        let columns: [(&str, ArrayRef); 8] = [
            ("id", Arc::new(Int64Array::from(self.ids.clone()))),
            ("time", times),
            ("from", Arc::new(Int64Array::from(self.from.clone()))),
            ("to", words(&self.to)),
            ("amount", Arc::new(Float64Array::from(self.amounts.clone()))),
            ("currency", words(&self.currencies)),
            ("channel", words(&self.channels)),
            ("label", words(&self.labels)),
        ];
        RecordBatch::try_from_iter_with_nullable(columns.map(|(name, column)| (name, column, true))).expect("a batch")
    }
}

fn parquet(batch: &RecordBatch) -> Vec<u8> {
    let mut bytes = Vec::new();
    let mut writer = parquet::arrow::ArrowWriter::try_new(&mut bytes, batch.schema(), None).expect("a writer");
    writer.write(batch).expect("written");
    writer.close().expect("closed");
    bytes
}

fn arrow_file(batch: &RecordBatch) -> Vec<u8> {
    let mut writer = arrow::ipc::writer::FileWriter::try_new(Vec::new(), &batch.schema()).expect("a writer");
    writer.write(batch).expect("written");
    writer.into_inner().expect("closed")
}

/// Reads a file with the mapping, in which times are written so, and which may reverse transfers of a channel that no row has.
fn read(name: &str, bytes: &[u8], time: &str, reverse: bool) -> Result<Intake, String> {
    let folder = tempfile::tempdir().expect("a folder");
    let at = |name: &str| folder.path().join(name).display().to_string();
    std::fs::write(at(name), bytes).expect("a file");
    let reverse = if reverse { "channel = [\"never\"]" } else { "" };
    std::fs::write(at("mapping.toml"), MAPPING.replace("TIME", time).replace("REVERSE", reverse)).expect("a mapping");
    let request = Request {
        inputs: vec![at(name)],
        mapping: Some(at("mapping.toml")),
        columns: ["channel"].map(str::to_owned).into(),
        max_rejects: Some(RejectLimit::Percent(100.0)),
        labels: true,
        ..Request::default()
    };
    let folder = folder.path().display().to_string();
    ingest::read(&request).map_err(|error| error.to_string().replace(&folder, ""))
}

/// All that reading gave, but for the names of files.
fn shown(intake: &Result<Intake, String>) -> String {
    let intake = match intake {
        Ok(intake) => intake,
        Err(error) => return error.clone(),
    };
    let mut text = String::new();
    let ledger = &intake.ledger;
    for row in ledger.rows() {
        let key = |account| ledger.accounts().key(account);
        let channel = ledger.column("channel").and_then(|channel| channel.text(row.index()));
        let currency = &ledger.currency_table()[ledger.currency(row).index()];
        let (from, to) = (key(ledger.sender(row)), key(ledger.receiver(row)));
        let source = ledger.source(row).record;
        let (id, time, amount) = (ledger.tx_id(row), ledger.time(row), ledger.amount(row));
        let _ = writeln!(text, "{id} {time} {from:?} {to:?} {amount:?} {currency:?} {channel:?} {source}");
    }
    for reject in &intake.rejects.rows {
        let _ = writeln!(text, "{} {} {:?} {}", reject.line, reject.column, reject.value, reject.reason);
    }
    let labels: &[(RowId, _, _)] = intake.labels.as_ref().map_or(&[], |labels| labels.rows.as_slice());
    let accounts: Vec<&str> = ledger.accounts().ids().map(|account| ledger.accounts().key(account)).collect();
    let _ = write!(text, "{labels:?} {accounts:?} {:?} {}", ledger.currency_table(), intake.read);
    let _ = write!(text, "{:?} {:?} {:?}", intake.notes, intake.rates, ledger.resolution());
    text
}

fn rejects(intake: &Result<Intake, String>) -> usize {
    intake.as_ref().map_or(0, |intake| intake.rejects.rows.len())
}

/// Text cells: those that a plain file can hold.
fn cells() -> impl Strategy<Value = Vec<[String; 8]>> {
    let owned = |clean: &'static [&'static str], dirty: &'static [&'static str]| {
        prop_oneof![30 => proptest::sample::select(clean), 1 => proptest::sample::select(dirty)].prop_map(str::to_owned)
    };
    let numbers = |most: u64| (0..most).prop_map(|number| number.to_string());
    let id = prop_oneof![9 => numbers(400), 1 => owned(&["t1", "007"], &["", "\u{0}"])];
    let clocks = &["2024-01-01T10:00:00Z", "2024-01-02", "2024/01/03 10:20", "2024-01-01 10:00:00.25"];
    let time = owned(clocks, &["", "2024-13-01", "1", "1234-01-01", "2024-01-01T10:00:00+0100 "]);
    let key = prop_oneof![5 => numbers(9), 1 => owned(&["16777216", "16777215", "é", "A07", "07"], &["", " "])];
    let amount = prop_oneof![
        (1u32..100_000, 0u32..100).prop_map(|(whole, cents)| format!("{whole}.{cents:02}")),
        numbers(1000),
        owned(&["1e3", "+5", "0.1", "1.005", ".5"], &["", "x", "-5", "0", "1,5", "1e999", "90071992547409.92"])
    ];
    let currency = owned(&["EUR", "USD", "KWD", ""], &["no currency is called by such a long name"]);
    let channel = owned(&["W", "cash", "X", ""], &["\u{0}", " cash "]);
    let label = owned(&["0", "1"], &["yes"]);
    proptest::collection::vec((id, time, key.clone(), key, amount, currency, channel, label), 1..60).prop_map(|rows| {
        let row = |row: (String, String, String, String, String, String, String, String)| {
            [row.0, row.1, row.2, row.3, row.4, row.5, row.6, row.7]
        };
        rows.into_iter().map(row).collect()
    })
}

const HEADER: [&str; 8] = ["id", "time", "from", "to", "amount", "currency", "channel", "label"];

/// A CSV file. Some rows lack a field, and some lines are empty: `odd` says after which row.
fn csv(rows: &[[String; 8]], delimiter: &str, end: &str, odd: &[usize], quoted: bool) -> String {
    let mut text = HEADER.join(delimiter);
    text.push_str(end);
    if quoted {
        // It sets aside one row, the same as a row without it.
        text.push_str("\"\"");
    } else {
        text.push(' ');
    }
    text.push_str(end);
    for (number, row) in rows.iter().enumerate() {
        let cell = |cell: &String| if cell.contains(delimiter) { cell.replace(delimiter, "_") } else { cell.clone() };
        text.push_str(&row.iter().map(cell).collect::<Vec<_>>().join(delimiter));
        if odd.contains(&number) {
            text.push_str(delimiter);
            text.push_str(end);
        }
        text.push_str(end);
    }
    text.truncate(text.len() - if odd.contains(&0) { end.len() } else { 0 });
    text
}

fn json_lines(rows: &[[String; 8]]) -> String {
    let mut text = String::new();
    for row in rows {
        let members: serde_json::Map<String, serde_json::Value> =
            HEADER.iter().map(|name| (*name).to_owned()).zip(row.iter().cloned().map(Into::into)).collect();
        let _ = writeln!(text, "{}", serde_json::Value::Object(members));
    }
    text
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 150, failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn columns_of_any_type_are_read_as_their_rows_are(table in typed(), as_times: bool, coded: bool) {
        let time = if as_times { "\"time\"" } else { "{ column = \"time\", unit = \"s\" }" };
        let batch = table.batch(as_times, coded);
        for (name, bytes) in [("parquet", parquet(&batch)), ("arrow", arrow_file(&batch))] {
            let (quick, slow) = (read("ledger", &bytes, time, false), read("ledger", &bytes, time, true));
            prop_assert_eq!(shown(&quick), shown(&slow), "{}", name);
        }
    }

    #[test]
    fn plain_text_is_read_as_any_text_is(
        rows in cells(),
        delimiter in proptest::sample::select(vec![",", ";", "\t", "|"]),
        end in proptest::sample::select(vec!["\n", "\r\n"]),
        odd in proptest::collection::vec(0usize..60, 0..4),
    ) {
        let text = |quoted| csv(&rows, delimiter, end, &odd, quoted).into_bytes();
        let (quick, slow) = (read("ledger", &text(false), "\"time\"", false), read("ledger", &text(true), "\"time\"", false));
        prop_assert_eq!(shown(&quick), shown(&slow));
    }

    #[test]
    fn text_means_the_same_in_every_format(rows in cells()) {
        let columns = HEADER.iter().enumerate().map(|(column, &name)| {
            (name, Arc::new(rows.iter().map(|row| Some(row[column].as_str())).collect::<StringArray>()) as ArrayRef)
        });
        let batch = RecordBatch::try_from_iter(columns).expect("a batch");
        let lines = read("ledger", json_lines(&rows).as_bytes(), "\"time\"", false);
        for (name, bytes) in [("parquet", parquet(&batch)), ("arrow", arrow_file(&batch))] {
            prop_assert_eq!(shown(&read("ledger", &bytes, "\"time\"", false)), shown(&lines), "{}", name);
        }
    }
}

/// The tables above are worth little if most are read well or not at all.
#[test]
fn the_random_tables_have_rows_of_both_kinds() {
    use proptest::strategy::ValueTree;
    use proptest::test_runner::{Config, TestRunner};
    let mut runner = TestRunner::new_with_rng(
        Config::default(),
        proptest::test_runner::TestRng::deterministic_rng(Config::default().rng_algorithm),
    );
    let (mut accepted, mut rejected) = (0, 0);
    for _ in 0..20 {
        let table = typed().new_tree(&mut runner).expect("a table").current();
        let intake = read("ledger", &parquet(&table.batch(false, true)), "{ column = \"time\", unit = \"s\" }", false);
        accepted += intake.as_ref().map_or(0, |intake| intake.ledger.len());
        rejected += rejects(&intake);
    }
    assert!(accepted > 300 && rejected > 30, "{accepted} rows were accepted and {rejected} set aside");
}
