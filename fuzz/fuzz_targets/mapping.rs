//! Any bytes as a mapping file for small tables that have the columns of every preset, so that each preset fits.

#![no_main]

use std::collections::BTreeSet;
use std::path::PathBuf;
use std::sync::LazyLock;

use moneytrail::ingest::{self, RejectLimit, Request};
use moneytrail_fuzz::{Folder, forgive_decoders};

/// A column each: name and three values.
const TRANSFERS: &[[&str; 4]] = &[
    ["tx_id", "t1", "t2", "t3"],
    ["timestamp", "2024-01-01T00:00:00Z", "2024-01-01 10:30:00", "2024-02-29"],
    ["Timestamp", "2022/09/01 00:20", "2022/09/01 00:26", "2022/09/02 10:00"],
    ["Date", "2022-10-07", "2022-10-07", "2022-10-08"],
    ["Time", "10:35:19", "00:00:00", "23:59:59"],
    ["step", "1", "2", "743"],
    ["epoch", "1704067200", "1704067200000", "-1.5"],
    ["sender", "a", "b", "M1"],
    ["receiver", "b", "c", "a"],
    ["From Bank", "010", "0", "11"],
    ["Account", "8000EBD30", "8000F4580", "8000F4670"],
    ["To Bank", "10", "003208", "11"],
    ["Account.1", "8000EBD31", "8000F5340", "8000F4670"],
    ["amount", "10.10", "1e3", "0.005"],
    ["Amount", "1,459.15", "6.019,64", "14 328.44"],
    ["Amount Received", "3697.34", "0.01", ""],
    ["currency", "EUR", "USD", "JPY"],
    ["Payment Currency", "US Dollar", "Euro", "Bitcoin"],
    ["channel", "cash", "wire", ""],
    ["type", "CASH_IN", "TRANSFER", "PAYMENT"],
    ["refers_to", "", "t1", "t2"],
    ["label", "0", "1", "true"],
    ["label_typology", "", "fan-in", "cycle"],
    ["label_instance", "", "7", "8"],
];

const ACCOUNTS: &str = "account,Bank ID,entity,kind,country,opened,closed,turnover,AGE
a,010,e1,person,GB,2020-01-01,,1000,33
b,3,e2,I,FR,2022/09/01 00:20,2024-05-05,x,
c,,,,,10,20,-1,4
";

static FILES: LazyLock<(Folder, [PathBuf; 2])> = LazyLock::new(|| {
    let line = |row: usize| {
        let cells: Vec<String> = TRANSFERS.iter().map(|column| format!("\"{}\"", column[row])).collect();
        cells.join(",") + "\n"
    };
    let transfers: String = (0..4).map(line).collect();
    let folder = Folder::new();
    let files = [folder.file("transfers.csv", transfers.as_bytes()), folder.file("accounts.csv", ACCOUNTS.as_bytes())];
    (folder, files)
});

libfuzzer_sys::fuzz_target!(init: forgive_decoders(), |data: &[u8]| {
    let (folder, [transfers, accounts]) = &*FILES;
    let mapping = folder.file("mapping.toml", data);
    let names = |names: &[&str]| -> BTreeSet<String> { names.iter().map(|name| (*name).to_owned()).collect() };
    let request = Request {
        inputs: vec![transfers.display().to_string()],
        accounts: data.len().is_multiple_of(2).then(|| accounts.clone()),
        mapping: Some(mapping.display().to_string()),
        max_rejects: Some(RejectLimit::Percent(100.0)),
        columns: names(&["channel", "kind", "refers_to", "purpose", "sender_country"]),
        account_columns: names(&["entity", "bank", "kind", "country", "opened", "closed", "turnover", "age"]),
        labels: true,
        identifiable: true,
        ..Request::default()
    };
    if let Err(error) = ingest::read(&request) {
        drop(error.to_string());
    }
});
