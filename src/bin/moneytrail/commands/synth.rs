//! `synth`: a ledger with planted flows, from a seed.

use std::fs::{self, File};
use std::io::{self, BufWriter, Write};
use std::path::Path;

use moneytrail::workbench::synth::{self, Settings};

use crate::args::Synth;
use crate::failure::Failure;
use crate::terminal;

pub(crate) fn run(arguments: &Synth) -> Result<u8, Failure> {
    let out = &arguments.out;
    if fs::read_dir(out).is_ok_and(|mut entries| entries.next().is_some()) {
        return Err(Failure::output(format!("{} is not empty; name a new folder", out.display())));
    }
    let settings = Settings {
        transfers: arguments.transfers,
        days: arguments.days,
        seed: arguments.seed,
        planted: arguments.planted,
        lookalikes: arguments.lookalikes,
    };
    let made = synth::generate(&settings);
    fs::create_dir_all(out).map_err(|error| at(out, &error))?;
    write(&out.join("transfers.csv"), |file| made.write_transfers(file))?;
    write(&out.join("accounts.csv"), |file| made.write_accounts(file))?;
    write(&out.join("labels.csv"), |file| made.write_labels(file))?;
    terminal::complain(&format!("{} transfers are in {}", terminal::grouped(made.len() as u64), out.display()));
    Ok(0)
}

fn write(path: &Path, make: impl FnOnce(&mut BufWriter<File>) -> io::Result<()>) -> Result<(), Failure> {
    let file = File::create(path).map_err(|error| at(path, &error))?;
    let mut out = BufWriter::new(file);
    make(&mut out).and_then(|()| out.flush()).map_err(|error| at(path, &error))
}

fn at(path: &Path, error: &io::Error) -> Failure {
    Failure::output(format!("{}: {error}", path.display()))
}
