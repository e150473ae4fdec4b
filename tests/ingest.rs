//! Files in, a ledger out: every format and preset, what is set aside, and what ends the reading.

use std::io::Write as _;
use std::path::Path;
use std::sync::Arc;

use moneytrail::columns::{Column, Ledger, Span};
use moneytrail::ingest::{self, Failure, IngestError, Intake, RejectLimit, Request};

const CSV: &str = "tx_id,timestamp,sender,receiver,amount,currency,channel,branch\n\
                   3,2024-01-01T10:00:00Z,a,b,10.10,EUR,cash,7\n\
                   1,2024-01-01T09:00:00Z,b,c,20,EUR,wire,8\n\
                   2,2024-01-01T10:00:00Z,c,a,0.07,USD,,\n";

/// Writes files into a fresh folder and reads them as one input each, or the whole folder where it is asked for.
fn read_with(files: &[(&str, &[u8])], request: Request) -> Result<Intake, IngestError> {
    let folder = tempfile::tempdir().expect("a folder");
    for (name, bytes) in files {
        std::fs::write(folder.path().join(name), bytes).expect("a file");
    }
    let at = |name: &str| folder.path().join(name).display().to_string();
    let inputs = match request.inputs.as_slice() {
        [] => files.iter().map(|(name, _)| at(name)).collect(),
        names => names.iter().map(|name| if name == "." { at("") } else { at(name) }).collect(),
    };
    let place = |path: Option<std::path::PathBuf>| path.map(|path| folder.path().join(path));
    let mapping = request.mapping.map(|name| if Path::new(&name).extension().is_some() { at(&name) } else { name });
    ingest::read(&Request {
        inputs,
        mapping,
        accounts: place(request.accounts),
        rates: place(request.rates),
        ..request
    })
}

fn read(name: &str, bytes: &[u8]) -> Result<Intake, IngestError> {
    let columns = ["channel", "branch"].map(str::to_owned).into();
    read_with(&[(name, bytes)], Request { columns, ..Request::default() })
}

/// Reads a file of `tests/data`.
fn data(name: &str, request: Request) -> Intake {
    let input = format!("{}/tests/data/{name}", env!("CARGO_MANIFEST_DIR"));
    ingest::read(&Request { inputs: vec![input], ..request }).unwrap_or_else(|error| panic!("{name}: {error}"))
}

fn asked(columns: &[&str], account_columns: &[&str]) -> Request {
    let set = |names: &[&str]| names.iter().map(|name| (*name).to_owned()).collect();
    Request { columns: set(columns), account_columns: set(account_columns), ..Request::default() }
}

/// Each transfer in a line: id, time, sender, receiver, amount in minor units, currency, and further columns.
fn lines(ledger: &Ledger) -> Vec<String> {
    let line = |row| {
        let key = |account| ledger.accounts().key(account);
        let mut line = format!(
            "{} {} {} {} {} {}",
            ledger.tx_id(row),
            ledger.time(row),
            key(ledger.sender(row)),
            key(ledger.receiver(row)),
            ledger.amount(row).0,
            ledger.currency_table()[ledger.currency(row).index()].code
        );
        for (name, column) in ledger.columns() {
            let value = column.text(row.index()).unwrap_or_else(|| "-".to_owned());
            line = line + " " + name + "=" + &value;
        }
        line
    };
    ledger.rows().map(line).collect()
}

/// What the account table says of one account.
fn fact(ledger: &Ledger, account: &str, column: &str) -> Option<String> {
    let account = ledger.accounts().find(account).unwrap_or_else(|| panic!("no account {account}"));
    ledger.accounts().column(column).unwrap_or_else(|| panic!("no column {column}")).text(account.index())
}

fn failure(result: Result<Intake, IngestError>) -> (Failure, String) {
    let error = result.expect_err("a failure");
    (error.failure(), error.to_string())
}

fn expected() -> Vec<&'static str> {
    vec![
        "1 2024-01-01T09:00:00Z b c 2000 EUR branch=8 channel=wire",
        "2 2024-01-01T10:00:00Z c a 7 USD branch=- channel=-",
        "3 2024-01-01T10:00:00Z a b 1010 EUR branch=7 channel=cash",
    ]
}

fn gzip(bytes: &[u8]) -> Vec<u8> {
    let mut encoder = flate2::write::GzEncoder::new(Vec::new(), flate2::Compression::default());
    encoder.write_all(bytes).expect("memory takes bytes");
    encoder.finish().expect("memory takes bytes")
}

/// The rows of [`CSV`] as Arrow columns: numbers and times in their own types.
fn batch(zone: Option<&str>) -> arrow::array::RecordBatch {
    use arrow::array::{ArrayRef, Float64Array, Int64Array, RecordBatch, StringArray, TimestampMicrosecondArray};
    let hour = |hour: i64| 1_704_067_200_000_000 + hour * 3_600_000_000;
    let times = TimestampMicrosecondArray::from(vec![hour(10), hour(9), hour(10)]).with_timezone_opt(zone);
    let columns: Vec<(&str, ArrayRef)> = vec![
        ("unused", Arc::new(StringArray::from(vec!["x", "y", "z"]))),
        ("timestamp", Arc::new(times)),
        ("tx_id", Arc::new(Int64Array::from(vec![3, 1, 2]))),
        ("sender", Arc::new(StringArray::from(vec!["a", "b", "c"]))),
        ("receiver", Arc::new(StringArray::from(vec!["b", "c", "a"]))),
        ("amount", Arc::new(Float64Array::from(vec![10.1, 20.0, 0.07]))),
        ("currency", Arc::new(StringArray::from(vec!["EUR", "EUR", "USD"]))),
        ("channel", Arc::new(StringArray::from(vec![Some("cash"), Some("wire"), None]))),
        ("branch", Arc::new(Int64Array::from(vec![Some(7), Some(8), None]))),
    ];
    RecordBatch::try_from_iter(columns).expect("columns of one length")
}

fn parquet(zone: Option<&str>) -> Vec<u8> {
    let batch = batch(zone);
    let mut writer =
        parquet::arrow::ArrowWriter::try_new(Vec::new(), batch.schema(), None).expect("a schema that can be written");
    writer.write(&batch).expect("memory takes bytes");
    writer.into_inner().expect("memory takes bytes")
}

fn arrow_file() -> Vec<u8> {
    let batch = batch(None);
    let mut writer =
        arrow::ipc::writer::FileWriter::try_new(Vec::new(), &batch.schema()).expect("a schema that can be written");
    writer.write(&batch).expect("memory takes bytes");
    writer.finish().expect("memory takes bytes");
    writer.into_inner().expect("memory takes bytes")
}

#[test]
fn one_ledger_in_any_format_is_the_same_ledger() {
    let jsonl = r#"{"tx_id": 3, "timestamp": "2024-01-01T10:00:00Z", "sender": "a", "receiver": "b", "amount": 10.10, "currency": "EUR", "channel": "cash", "branch": 7}
{"tx_id": 1, "timestamp": "2024-01-01T09:00:00Z", "sender": "b", "receiver": "c", "amount": "20", "currency": "EUR", "channel": "wire", "branch": 8}

{"receiver": "a", "tx_id": 2, "timestamp": "2024-01-01T10:00:00Z", "sender": "c", "amount": 7e-2, "currency": "USD", "channel": null}
"#;
    let windows = format!("\u{FEFF}{}", CSV.replace(',', ";").replace('\n', "\r\n"));
    let quoted = CSV.replace("cash", "\"cash\"").replace("a,b", " a ,\"b\"");
    let forms: Vec<(&str, Vec<u8>)> = vec![
        ("csv", CSV.into()),
        ("csv", windows.into_bytes()),
        ("csv", CSV.replace(',', "\t").into_bytes()),
        ("csv", CSV.replace(',', "|").into_bytes()),
        ("csv", quoted.into_bytes()),
        ("csv", CSV.trim_end().into()),
        ("csv.gz", gzip(CSV.as_bytes())),
        ("csv.gz", [gzip(&CSV.as_bytes()[..90]), gzip(&CSV.as_bytes()[90..])].concat()),
        ("csv.zst", zstd::encode_all(CSV.as_bytes(), 3).expect("memory takes bytes")),
        ("jsonl", jsonl.into()),
        ("jsonl.gz", gzip(jsonl.as_bytes())),
        ("parquet", parquet(None)),
        ("parquet", parquet(Some("UTC"))),
        ("parquet", parquet(Some("Europe/Vienna"))),
        ("arrow", arrow_file()),
        ("arrow.zst", zstd::encode_all(arrow_file().as_slice(), 3).expect("memory takes bytes")),
    ];
    for (format, bytes) in forms {
        let intake = read("ledger.bin", &bytes).unwrap_or_else(|error| panic!("{format}: {error}"));
        assert_eq!(lines(&intake.ledger), expected(), "{format}");
        assert_eq!(intake.ledger.resolution(), Span::HOUR, "{format}");
        assert_eq!((intake.read, intake.rejects.rows.len()), (3, 0), "{format}");
        let file = &intake.files[0];
        assert_eq!((file.format.as_str(), file.bytes, file.rows), (format, bytes.len() as u64, 3));
        assert_eq!(file.sha256, Some(sha256(&bytes)), "{format}");
        assert_eq!(intake.ledger.column("branch").map(|column| matches!(column, Column::Number(_))), Some(true));
        let without = Request { without_hashes: true, ..asked(&["channel", "branch"], &[]) };
        let unhashed = read_with(&[("ledger.bin", &bytes)], without).expect(format);
        assert_eq!(lines(&unhashed.ledger), expected(), "{format}");
        let path = unhashed.files[0].path.clone();
        assert_eq!(unhashed.files[0], ingest::InputFile { sha256: None, path, ..file.clone() }, "{format}");
    }
}

fn sha256(bytes: &[u8]) -> String {
    use sha2::Digest as _;
    use std::fmt::Write as _;
    let hex = |mut text: String, byte: &u8| {
        write!(text, "{byte:02x}").expect("a string takes any text");
        text
    };
    sha2::Sha256::digest(bytes).iter().fold(String::new(), hex)
}

#[test]
fn the_order_of_rows_and_of_files_changes_nothing() {
    let mut rows: Vec<&str> = CSV.lines().collect();
    let straight = read("a.csv", CSV.as_bytes()).expect("a ledger");
    rows[1..].reverse();
    let reversed = read("a.csv", rows.join("\n").as_bytes()).expect("a ledger");
    assert_eq!(lines(&straight.ledger), lines(&reversed.ledger));
    let (one, two) = (format!("{}\n{}\n", rows[0], rows[1]), format!("{}\n{}\n{}\n", rows[0], rows[2], rows[3]));
    let files: [(&str, &[u8]); 2] = [("x.csv", one.as_bytes()), ("y.csv", two.as_bytes())];
    let mut request = asked(&["channel", "branch"], &[]);
    for inputs in [vec!["x.csv", "y.csv"], vec!["y.csv", "x.csv", "./x.csv"], vec!["."], vec!["*.csv"]] {
        request.inputs = inputs.into_iter().map(str::to_owned).collect();
        let parts = read_with(&files, request.clone()).expect("a ledger");
        assert_eq!(lines(&straight.ledger), lines(&parts.ledger), "{:?}", request.inputs);
    }
}

#[test]
fn only_named_columns_are_carried_and_an_absent_one_stays_absent() {
    let request = asked(&["branch", "colour", "amount", "label"], &[]);
    let intake = read_with(&[("a.csv", CSV.replace("channel", "label").as_bytes())], request).expect("a ledger");
    let names: Vec<&str> = intake.ledger.columns().map(|(name, _)| name).collect();
    assert_eq!(names, ["branch"], "neither what nobody asked for, nor what is absent, nor ground truth");
}

#[test]
fn every_unusable_row_is_set_aside_with_its_line_and_reason() {
    let csv = b"timestamp,sender,receiver,amount,currency\r\n\
        2024-01-01,a,b,1,EUR\r\n\
        \r\n\
        2024-01-01,a,b\r\n\
        yesterday,a,b,1,EUR\r\n\
        0024-01-01,a,b,1,EUR\r\n\
        ,a,b,1,EUR\r\n\
        2024-01-01,,b,1,EUR\r\n\
        2024-01-01,a, ,1,EUR\r\n\
        2024-01-01,a,b,,EUR\r\n\
        2024-01-01,a,b,NaN,EUR\r\n\
        2024-01-01,a,b,1e400,EUR\r\n\
        2024-01-01,a,b,-1,EUR\r\n\
        2024-01-01,a,b,0.00,EUR\r\n\
        2024-01-01,a,b,0.001,EUR\r\n\
        2024-01-01,a\0,b,1,EUR\r\n\
        2024-01-01,a,\xFFb,1,EUR\r\n\
        2024-01-01,a,b,90071992547409.92,EUR\r\n";
    let request = Request { max_rejects: Some(RejectLimit::Rows(100)), ..Request::default() };
    let intake = read_with(&[("a.csv", csv)], request).expect("a ledger");
    let told: Vec<String> = intake
        .rejects
        .rows
        .iter()
        .map(|reject| format!("{} {} {:?} {}", reject.line, reject.column, reject.value, reject.reason))
        .collect();
    assert_eq!(
        told,
        [
            "4  \"3 instead of 5\" wrong number of fields",
            "5 timestamp \"yesterday\" not a time in the expected form",
            "6 timestamp \"0024-01-01\" the time lies outside the years 1900 to 2200",
            "7 timestamp \"\" no time",
            "8 sender \"\" no sender",
            "9 receiver \"\" no receiver",
            "10 amount \"\" no amount",
            "11 amount \"NaN\" the amount is not a number",
            "12 amount \"1e400\" the amount is too large (over 9007199254740991 minor units)",
            "13 amount \"-1\" the amount is negative",
            "14 amount \"0.00\" the amount is zero",
            "15 amount \"0.001\" the amount is smaller than a minor unit",
            "16 sender \"a\\0\" holds a NUL byte",
            "17 receiver \"\u{FFFD}b\" not UTF-8 text",
            "18 amount \"90071992547409.92\" the amount is too large (over 9007199254740991 minor units)",
        ]
    );
    assert_eq!((intake.read, intake.ledger.len()), (16, 1));
    assert_eq!(intake.ledger.accounts().len(), 2, "a row set aside leaves no account behind");
}

#[test]
fn a_field_of_ten_megabytes_is_a_reject_and_its_value_is_cut() {
    let mut csv = b"timestamp,sender,receiver,amount\n2024-01-01,a,b,1\n2024-01-01,a,".to_vec();
    csv.extend(std::iter::repeat_n(b'x', 10 << 20));
    csv.extend(b",1\n2024-01-02,a,b,1\n");
    let request = Request { max_rejects: Some(RejectLimit::Percent(50.0)), ..Request::default() };
    let intake = read_with(&[("a.csv", &csv)], request).expect("a ledger");
    let reject = &intake.rejects.rows[0];
    assert_eq!((reject.line, reject.reason.as_str(), reject.value.len()), (3, "longer than 1 MiB", 200));
    assert_eq!(intake.ledger.len(), 2);
}

#[test]
fn more_rejects_than_allowed_end_the_reading_with_the_reasons() {
    let csv = "timestamp,sender,receiver,amount\n2024-01-01,a,b,1\n2024-01-01,a,b,-1\n2024-01-01,a,b,-2\n,a,b,1\n";
    let (kind, message) = failure(read("a.csv", csv.as_bytes()));
    assert_eq!(kind, Failure::Data);
    assert!(message.contains("3 of 4 rows cannot be used, and 1 % are allowed"), "{message}");
    assert!(message.contains("2 x the amount is negative, such as"), "{message}");
    assert!(message.contains("a.csv:3, column `amount`: `-1`"), "{message}");
    let request = |limit| Request { max_rejects: Some(limit), ..Request::default() };
    for (limit, passes) in [
        (RejectLimit::Rows(2), false),
        (RejectLimit::Rows(3), true),
        (RejectLimit::Percent(74.9), false),
        (RejectLimit::Percent(75.0), true),
    ] {
        assert_eq!(read_with(&[("a.csv", csv.as_bytes())], request(limit)).is_ok(), passes, "{limit:?}");
    }
}

#[test]
fn a_file_that_is_no_ledger_says_so_and_the_way_out() {
    let header = "timestamp,sender,receiver,amount\n";
    for (bytes, says) in [
        (&b""[..], "the file is empty"),
        (header.as_bytes(), "there is a header and no row"),
        (b"a,b,c\n1,2,3\n", "no preset fits this header"),
        (b"\0\0\0\0\n\0\0\n", "a column name cannot be read: holds a NUL byte"),
        (b"\xFF\xFEa,b\n", "a column name cannot be read: not UTF-8 text"),
        (b"{\"a\": 1}\n", "no preset fits this header"),
        (b"{]\n", "the first lines are no JSON objects"),
        (b"PAR1 and nothing else", "the file is damaged"),
        (b"ARROW1 and nothing else", "the file is damaged"),
        (&gzip(header.as_bytes())[..20], "the compressed data is damaged or cut short"),
        (b"\x28\xB5\x2F\xFDxxxxxxxxxxxxxxxxxxxx", "the compressed data is damaged or cut short"),
    ] {
        let (kind, message) = failure(read("a.csv", bytes));
        assert_eq!(kind, Failure::Data, "{message}");
        assert!(message.contains(says) && message.contains("a.csv") && message.contains("help: "), "{message}");
    }
    let (kind, message) = failure(ingest::read(&Request { inputs: vec!["no/such/file".into()], ..Request::default() }));
    assert_eq!(kind, Failure::Io);
    assert!(message.contains("no/such/file"), "{message}");
}

#[test]
fn an_arrow_file_that_claims_more_than_memory_holds_is_damaged() {
    let input = format!("{}/tests/data/fuzz/unpacked-length.arrow", env!("CARGO_MANIFEST_DIR"));
    let (kind, message) = failure(ingest::read(&Request { inputs: vec![input], ..Request::default() }));
    assert_eq!(kind, Failure::Data, "{message}");
    let says = "says that it is 6052837899303387136 bytes long when it is unpacked";
    assert!(message.contains("the file is damaged") && message.contains(says), "{message}");
}

#[test]
fn an_arrow_file_whose_message_lies_outside_of_its_place_is_damaged() {
    let input = format!("{}/tests/data/fuzz/message-outside.arrow", env!("CARGO_MANIFEST_DIR"));
    let (kind, message) = failure(ingest::read(&Request { inputs: vec![input], ..Request::default() }));
    assert_eq!(kind, Failure::Data, "{message}");
    assert!(message.contains("the file is damaged"), "{message}");
}

#[test]
fn rows_that_end_with_a_bare_carriage_return_are_rows() {
    let intake = data("fuzz/bare-carriage-returns.csv", Request::default());
    assert_eq!(
        lines(&intake.ledger),
        [
            "1 2024-01-01T10:00:00Z a b 100 EUR",
            "2 2024-01-02T10:00:00Z b c 200 EUR",
            "3 2024-01-03T10:00:00Z c a 300 EUR",
        ]
    );
    let twice = b"tx_id,timestamp,sender,receiver,amount\r1,2024-01-01,a,b,1\r1,2024-01-01,a,b,2\r2,2024-01-01,a,b,1\r";
    let request = Request { max_rejects: Some(RejectLimit::Rows(1)), ..Request::default() };
    let intake = read_with(&[("a.csv", twice)], request).expect("one row may be set aside");
    let lines: Vec<u64> = intake.rejects.rows.iter().map(|reject| reject.line).collect();
    assert_eq!((intake.ledger.len(), lines), (2, vec![1]));
}

#[test]
fn a_quote_that_is_not_closed_swallows_no_rows_in_silence() {
    let head = "timestamp,sender,receiver,amount,purpose\n2024-01-01,a,b,1,x\n";
    for (rows, line) in [
        ("2024-01-02,a,\"b,1,x\n2024-01-03,a,b,1,x\n2024-01-04,a,b,1,x\n", ":3: a malformed row runs over"),
        ("2024-01-02,a,b,1,\"x\n2024-01-03,a,b,1,x\n2024-01-04,a,b,1,x\n", ":3: the file ends inside a quoted field"),
    ] {
        let request = Request { max_rejects: Some(RejectLimit::Percent(100.0)), ..Request::default() };
        let (kind, message) = failure(read_with(&[("a.csv", format!("{head}{rows}").as_bytes())], request));
        assert_eq!(kind, Failure::Data);
        assert!(message.contains(line), "{message}");
    }
    let whole = format!("{head}2024-01-02,a,b,1,\"two\nlines\"\n2024-01-03,a,b,-1,5\"\n2024-01-04,a,b,1,y\n");
    let request = Request { max_rejects: Some(RejectLimit::Rows(1)), ..asked(&["purpose"], &[]) };
    let intake = read_with(&[("a.csv", whole.as_bytes())], request).expect("quotes in their place do no harm");
    assert_eq!(intake.ledger.len(), 3);
    assert_eq!(intake.rejects.rows[0].line, 5, "a line break inside a field counts as a line");
}

#[test]
fn of_transfers_with_one_id_the_same_one_stays_whatever_the_order_of_rows() {
    let rows = [
        "7,2024-01-02,x,y,5,cash",
        "7,2024-01-01,p,q,9,wire",
        "7,2024-01-01,p,q,9,card",
        "8,2024-01-01,a,b,1,",
        "1,2024-01-03,a,b,2,",
    ];
    for order in [[0, 1, 2, 3, 4], [4, 2, 1, 0, 3], [1, 3, 0, 4, 2]] {
        let body: Vec<&str> = order.iter().map(|&row| rows[row]).collect();
        let csv = format!("tx_id,timestamp,sender,receiver,amount,channel\n{}\n", body.join("\n"));
        let request = Request { max_rejects: Some(RejectLimit::Rows(2)), ..asked(&["channel"], &[]) };
        let intake = read_with(&[("a.csv", csv.as_bytes())], request).expect("a ledger");
        assert_eq!(
            lines(&intake.ledger),
            [
                "7 2024-01-01T00:00:00Z p q 900 XXX channel=card",
                "8 2024-01-01T00:00:00Z a b 100 XXX channel=-",
                "1 2024-01-03T00:00:00Z a b 200 XXX channel=-",
            ]
        );
        assert_eq!(intake.ledger.accounts().find("x"), None, "an account that no transfer names is forgotten");
        let lines: Vec<u64> = intake.rejects.rows.iter().map(|reject| reject.line).collect();
        let dropped = |row: usize| order.iter().position(|&place| place == row).expect("every row is there") as u64 + 2;
        let mut expected = [dropped(0), dropped(1)];
        expected.sort_unstable();
        assert_eq!(lines, expected);
        assert!(intake.rejects.rows.iter().all(|reject| reject.reason == "another transfer has the same tx_id"));
    }
}

#[test]
fn rates_are_inferred_from_converting_transfers_and_each_missing_one_is_named() {
    let csv = "timestamp,sender,receiver,amount,currency,amount_received,currency_received\n\
        2024-01-01,a,b,100,USD,90,EUR\n\
        2024-01-02,a,b,100,USD,92,EUR\n\
        2024-01-03,a,b,46,EUR,50,USD\n\
        2024-01-04,a,b,0.05,USD,,\n\
        2024-01-05,a,b,10,EUR,,\n\
        2024-01-06,a,b,10,EUR,10,EUR\n\
        2024-01-07,a,b,7,CHF,,\n";
    let intake = read_with(&[("a.csv", csv.as_bytes())], Request { base: Some("EUR".into()), ..Request::default() })
        .expect("a ledger");
    let base: Vec<Option<i64>> = intake.ledger.base_amounts().iter().map(|base| base.get().map(|m| m.0)).collect();
    assert_eq!(base, [Some(9200), Some(9200), Some(4600), Some(5), Some(1000), Some(1000), None]);
    assert_eq!(intake.rates.len(), 1);
    assert_eq!(intake.rates[0].source, "inferred from 3 converting transfers");
    assert!((intake.rates[0].rate - 0.92).abs() < 1e-12);
    assert!(intake.notes.iter().any(|note| note.starts_with("CHF: no rate into EUR, so the amounts of 1 transfers")));
    let most = read_with(&[("a.csv", csv.as_bytes())], Request::default()).expect("a ledger");
    assert_eq!(most.ledger.base().code, "EUR", "of equally frequent currencies the first by code");
}

#[test]
fn what_is_paid_out_is_read_the_same_many_rows_at_a_time_and_one_by_one() {
    let paid_out = [",", ",", "10,EUR", "9.5,USD", "7.25,", "11,GBP", "8,usd ", ",GBP", " ,EUR", "x,USD", "0,USD"];
    for step in [1, 3, 7] {
        let row = |place: usize| {
            let currency = ["EUR", "USD", "EUR"][place % 3];
            let more = paid_out[place * step % if place < 200 { 3 } else { paid_out.len() }];
            let amount = if place % 50 == 49 { "none" } else { "10" };
            format!("2024-01-{:02},a{},b{},{amount},{currency},{more}\n", 1 + place / 25, place % 7, place % 5)
        };
        let rows: Vec<String> = (0..400).map(row).collect();
        let header = "timestamp,sender,receiver,amount,currency,amount_received,currency_received\n";
        let plain = [header.to_owned(), rows.concat()].concat();
        // A file with a quote is read one row after the other.
        let quoted = plain.replace(",a0,", ",\"a0\",");
        let read = |csv: &str| {
            let intake = read_with(
                &[("a.csv", csv.as_bytes())],
                Request { base: Some("EUR".into()), max_rejects: Some(RejectLimit::Rows(100)), ..Request::default() },
            )
            .expect("a ledger");
            let base = intake.ledger.base_amounts().to_vec();
            let rejects: Vec<(u64, String)> =
                intake.rejects.rows.into_iter().map(|reject| (reject.line, reject.reason)).collect();
            (lines(&intake.ledger), base, intake.rates, intake.notes, rejects)
        };
        let (many, each) = (read(&plain), read(&quoted));
        assert!(many == each, "{:?} {:?} {:?}\n{:?} {:?} {:?}", many.2, many.3, many.4, each.2, each.3, each.4);
        assert_eq!((many.2.len(), many.4.len()), (3, 8), "rates of GBP, USD and usd; rows without an amount");
        assert!(many.3.iter().any(|note| note.contains("amount received that cannot be used")), "{:?}", many.3);
    }
}

#[test]
fn given_rates_hold_from_their_day_on() {
    let csv = "timestamp,sender,receiver,amount,currency\n\
        2023-12-31,a,b,100,USD\n2024-01-05 23:59,a,b,100,USD\n2024-01-10,a,b,100,USD\n2024-01-10,a,b,1,GBP\n";
    let rates = "date,currency,rate\n2024-01-10,USD,0.5\n2024-01-01,USD,0.92345\n";
    let request = Request {
        base: Some("EUR".into()),
        rates: Some("rates.csv".into()),
        inputs: vec![".".into()],
        ..Request::default()
    };
    let files: [(&str, &[u8]); 2] = [("a.csv", csv.as_bytes()), ("rates.csv", rates.as_bytes())];
    let intake = read_with(&files, request.clone()).expect("a ledger");
    let base: Vec<Option<i64>> = intake.ledger.base_amounts().iter().map(|base| base.get().map(|m| m.0)).collect();
    assert_eq!(base, [Some(9234), Some(9234), Some(5000), None], "9234.5 is rounded to even");
    assert!(intake.notes.iter().any(|note| note.contains("1 transfers lie before the first rate")));
    assert!(intake.files.iter().any(|file| file.role == "rates" && file.rows == 2));
    for (wrong, says) in [("2024-01-10,USD,0\n", ":2: the rate"), ("x,USD,1\n", ":2: not a time"), ("", "")] {
        let rates = format!("date,currency,rate\n{wrong}");
        let files: [(&str, &[u8]); 2] = [("a.csv", csv.as_bytes()), ("rates.csv", rates.as_bytes())];
        match read_with(&files, request.clone()) {
            Ok(intake) => assert!(wrong.is_empty() && intake.rates.is_empty()),
            Err(error) => assert!(error.to_string().contains(says), "{error}"),
        }
    }
}

#[test]
fn identifying_accounts_are_refused_unless_somebody_says_so() {
    let csv = "timestamp,sender,receiver,amount\n2024-01-01,DE89370400440532013000,b,1\n2024-01-01,c,x@example.org,1\n";
    let (kind, message) = failure(read("a.csv", csv.as_bytes()));
    assert_eq!(kind, Failure::Privacy);
    assert!(message.contains("column `sender` holds 1 IBAN; column `receiver` holds 1 e-mail address"), "{message}");
    assert!(!message.contains("DE89") && !message.contains("x@"), "{message}");
    let request = Request { identifiable: true, ..Request::default() };
    assert!(read_with(&[("a.csv", csv.as_bytes())], request).is_ok());
}

#[test]
fn an_account_table_is_joined_by_key_and_its_oddities_are_told() {
    let accounts = "account,kind,country,opened,turnover,score\n\
        a,person,DE,2020-01-01,1000.5,1\nb,external,,never,x,2\nb,cash,,never,x,2\nzz,person,,,,9\n";
    let files: [(&str, &[u8]); 2] = [("t.csv", CSV.as_bytes()), ("accounts.csv", accounts.as_bytes())];
    let request = Request { inputs: vec![".".into()], ..asked(&[], &["opened", "turnover", "score", "entity"]) };
    let intake = read_with(&files, request).expect("a ledger");
    let ledger = &intake.ledger;
    assert_eq!(fact(ledger, "a", "opened"), Some("2020-01-01T00:00:00Z".into()));
    assert_eq!(fact(ledger, "a", "turnover"), Some("1000.5".into()));
    assert_eq!(fact(ledger, "a", "country"), Some("DE".into()), "always read");
    assert_eq!((fact(ledger, "b", "kind"), fact(ledger, "c", "kind")), (Some("cash".into()), None));
    assert!(matches!(ledger.accounts().column("score"), Some(Column::Number(_))));
    assert!(ledger.accounts().column("entity").is_none());
    assert_eq!(ledger.accounts().find("zz"), None);
    assert!(ledger.accounts().is_outside(ledger.accounts().find("b").expect("b")));
    for says in [
        "lacks 1 of the 3 accounts",
        "1 rows of the account table contradict",
        "2 values of `opened`",
        "2 values of `turnover`",
    ] {
        assert!(intake.notes.iter().any(|note| note.contains(says)), "{says}: {:?}", intake.notes);
    }
}

#[test]
fn labels_come_from_columns_or_from_a_table_and_never_enter_the_ledger() {
    let labels = "tx_id,label_typology,label_instance\n1,cycle,7\n9,cycle,8\n";
    let files: [(&str, &[u8]); 2] = [("t.csv", CSV.as_bytes()), ("labels.csv", labels.as_bytes())];
    let request = Request { inputs: vec![".".into()], labels: true, ..asked(&["label_typology"], &[]) };
    let intake = read_with(&files, request.clone()).expect("a ledger");
    let rows = intake.labels.expect("labels").rows;
    assert_eq!(rows.len(), 1);
    assert_eq!(
        (intake.ledger.tx_id(rows[0].0), rows[0].1.as_deref(), rows[0].2.as_deref()),
        ("1".into(), Some("cycle"), Some("7"))
    );
    assert_eq!(intake.ledger.columns().count(), 0);
    let silent = read_with(&files, Request { labels: false, ..request }).expect("a ledger");
    assert!(silent.labels.is_none() && silent.files.len() == 1);
}

#[test]
fn aml_world_accounts_are_known_by_bank_and_number_whatever_the_padding() {
    let request = Request { labels: true, ..asked(&["channel"], &["entity", "bank"]) };
    let intake = data("aml-world", request);
    assert_eq!(
        lines(&intake.ledger),
        [
            "1 2022-09-01T00:20:00Z 10:80AA0001 10:80AA0001 369734 USD channel=reinvestment",
            "2 2022-09-01T00:21:00Z 10:80AA0001 20:80AA0002 10000 USD channel=wire",
            "3 2022-09-01T00:22:00Z 20:80AA0002 3:80AA0001 5000 EUR channel=credit_transfer",
            "4 2022-09-02T08:00:00Z 3:80AA0001 10:80AA0001 12345 BTC channel=crypto",
        ]
    );
    assert_eq!(fact(&intake.ledger, "3:80AA0001", "entity"), Some("E3".into()));
    let labels = &intake.labels.as_ref().expect("labels").rows;
    assert_eq!(labels.len(), 1, "the label column and the file of attempts name the same transfer");
    assert_eq!((labels[0].1.as_deref(), labels[0].2.as_deref()), (Some("cycle"), Some("1")));
    assert_eq!(intake.ledger.summary().self_transfers, 1);
    assert!(intake.notes.iter().any(|note| note.starts_with("BTC: no rate into USD")), "{:?}", intake.notes);
    assert_eq!(intake.mapping, "preset aml-world, recognised by the header");
}

#[test]
fn amlsim_is_read_in_its_current_and_in_its_older_form() {
    for mapping in [None, Some("amlsim".to_owned())] {
        let request = Request { labels: true, mapping: mapping.clone(), ..asked(&["channel"], &["bank"]) };
        let current = data("amlsim", request);
        assert_eq!(lines(&current.ledger)[2], "3 2017-01-03T00:00:00Z 12 10 10000 XXX channel=cash");
        assert_eq!(fact(&current.ledger, "11", "kind"), Some("company".into()));
        let labels = current.labels.expect("labels").rows;
        assert_eq!(labels.len(), 1);
        assert_eq!((labels[0].1.as_deref(), labels[0].2.as_deref()), (Some("cycle"), Some("7")));
        let older = data("amlsim-older", Request { mapping, ..Request::default() });
        assert_eq!(
            lines(&older.ledger),
            ["1 2017-01-02T00:00:00Z 280 15349 14780 XXX", "2 2017-01-04T00:00:00Z 249 280 10406 XXX"]
        );
        assert_eq!(older.ledger.resolution(), Span::DAY);
    }
    assert_eq!(data("amlsim/transactions.csv", Request::default()).ledger.len(), 3);
}

#[test]
fn amlgentex_pseudo_accounts_are_outside() {
    let intake = data("amlgentex", Request { labels: true, ..asked(&["kind", "channel"], &["salary"]) });
    assert_eq!(
        lines(&intake.ledger),
        [
            "0 2024-01-01T00:00:00Z source:-2 bank_a:0 150050 XXX channel=- kind=load",
            "1 2024-01-03T00:00:00Z bank_a:0 bank_b:1 40613 XXX channel=credit_transfer kind=payment",
            "2 2024-01-04T00:00:00Z bank_b:1 sink:-1 6620 XXX channel=cash kind=payment",
        ]
    );
    let accounts = intake.ledger.accounts();
    let outside: Vec<&str> = accounts.ids().filter(|id| accounts.is_outside(*id)).map(|id| accounts.key(id)).collect();
    assert_eq!(outside, ["sink:-1", "source:-2"]);
    assert_eq!(fact(&intake.ledger, "bank_b:1", "salary"), Some("15424.62".into()));
    assert!(intake.notes.iter().any(|note| note.starts_with("1 amounts have finer decimals")));
    let labels = intake.labels.expect("labels").rows;
    assert_eq!((labels.len(), labels[0].1.as_deref(), labels[0].2.as_deref()), (1, Some("fan_in"), Some("9")));
}

#[test]
fn saml_d_joins_date_and_time_and_maps_names() {
    let intake =
        data("saml-d.csv", Request { labels: true, ..asked(&["channel", "sender_country", "receiver_country"], &[]) });
    assert_eq!(
        lines(&intake.ledger),
        [
            "1 2022-10-07T10:35:19Z 8724731955 2769355426 145915 GBP channel=cash receiver_country=GB sender_country=GB",
            "2 2022-10-07T10:35:20Z 1491989064 8401255335 601964 GBP channel=wire receiver_country=AE sender_country=GB",
        ]
    );
    assert_eq!(intake.labels.expect("labels").rows[0].1.as_deref(), Some("Structuring"));
}

#[test]
fn a_paysim_cash_in_flows_to_the_customer_who_writes_it() {
    let intake = data("paysim.csv", asked(&["channel"], &[]));
    assert_eq!(
        lines(&intake.ledger),
        [
            "1 2024-01-01T01:00:00Z C1231006815 M1979787155 983964 XXX channel=e_money",
            "2 2024-01-01T02:00:00Z C553264065 C1231006815 20000 XXX channel=cash",
            "3 2024-01-01T03:00:00Z C840083671 C553264065 18100 XXX channel=cash",
        ]
    );
    assert_eq!(fact(&intake.ledger, "M1979787155", "kind"), Some("merchant".into()));
}

#[test]
fn a_mapping_file_describes_a_ledger_that_no_preset_knows() {
    let mapping = format!("{}/tests/data/tide-mapping.toml", env!("CARGO_MANIFEST_DIR"));
    let request = Request { mapping: Some(mapping), labels: true, ..asked(&["channel", "is_fraudulent"], &["opened"]) };
    let intake = data("tide", request);
    assert_eq!(
        lines(&intake.ledger),
        [
            "0 2025-01-01T00:04:00Z account_1 account_2 24004 EUR channel=card",
            "1 2025-01-01T01:00:00.250001Z individual_7 account_2 900000 EUR channel=cash",
            "2 2025-01-02T00:00:00Z account_2 account_3 800000 JPY channel=credit_transfer",
        ],
        "a column that holds ground truth is not carried under its own name either"
    );
    assert_eq!(fact(&intake.ledger, "individual_7", "kind"), Some("cash".into()));
    assert_eq!(fact(&intake.ledger, "account_3", "kind"), Some("cash".into()));
    assert_eq!(fact(&intake.ledger, "account_2", "opened"), Some("2024-06-01T00:00:00Z".into()));
    assert!(intake.notes.iter().any(|note| note.contains("patterns.csv is left out")), "{:?}", intake.notes);
    assert_eq!(intake.labels.expect("labels").rows.len(), 2);
}

#[test]
fn a_wrong_mapping_is_data_that_says_what_is_known() {
    let files: [(&str, &[u8]); 2] = [("t.csv", CSV.as_bytes()), ("m.toml", b"[columns]\nsendr = \"a\"\n")];
    let request =
        |name: &str| Request { inputs: vec!["t.csv".into()], mapping: Some(name.into()), ..Request::default() };
    let (kind, message) = failure(read_with(&files, request("m.toml")));
    assert_eq!(kind, Failure::Data);
    assert!(message.contains("m.toml:2:1: unknown field `sendr`, expected one of"), "{message}");
    let (kind, message) = failure(read_with(&files, request("nonsense")));
    assert_eq!(kind, Failure::Data);
    assert!(message.contains("the presets are canonical, aml-world, amlsim"), "{message}");
    let (kind, message) = failure(read_with(&files, request("paysim")));
    assert_eq!(kind, Failure::Data);
    assert!(message.contains("mapping `paysim` needs the columns nameOrig, nameDest, step"), "{message}");
}

#[test]
fn a_folder_without_transfers_says_what_was_looked_at() {
    let request = Request { inputs: vec![".".into()], ..Request::default() };
    let files: [(&str, &[u8]); 2] = [("notes.txt", b"nothing here"), ("accounts.csv", b"account,kind\na,person\n")];
    let (kind, message) = failure(read_with(&files, request));
    assert_eq!(kind, Failure::Data);
    assert!(message.contains("holds transfers") && message.contains("--mapping"), "{message}");
}

#[test]
fn the_mapping_that_the_reference_shows_is_the_one_that_is_tested() {
    let read = |name: &str| {
        std::fs::read_to_string(Path::new(env!("CARGO_MANIFEST_DIR")).join(name)).expect("a file of the project")
    };
    let shown = format!("```toml\n{}```\n", read("tests/data/tide-mapping.toml"));
    assert!(read("docs/data.md").contains(&shown));
}
