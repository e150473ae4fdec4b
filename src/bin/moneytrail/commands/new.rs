//! `new`: a rule file to begin with, which passes its check and its tests as it is.

use std::io::{ErrorKind, Write};

use crate::args::New;
use crate::failure::Failure;
use crate::terminal;

const TEMPLATE: &str = include_str!("new.yaml");

pub(crate) fn run(new: &New) -> Result<u8, Failure> {
    let id = new.rule.strip_suffix(".yaml").unwrap_or(&new.rule);
    let word = |word: &str| !word.is_empty() && word.bytes().all(|b| b.is_ascii_lowercase() || b.is_ascii_digit());
    if !id.split('-').all(word) {
        return Err(Failure::usage(format!("`{id}` is no id of a rule: write lower-case words such as `mule-chain`")));
    }
    let path = format!("{id}.yaml");
    let mut file = std::fs::OpenOptions::new().write(true).create_new(true).open(&path).map_err(|error| {
        let there = error.kind() == ErrorKind::AlreadyExists;
        Failure::output(if there {
            format!("{path} is there already, and stays as it is")
        } else {
            format!("{path}: {error}")
        })
    })?;
    file.write_all(TEMPLATE.replace("ID", id).as_bytes())?;
    terminal::complain(&format!("{path} is written; next: moneytrail check {path} && moneytrail test {path}"));
    Ok(0)
}
