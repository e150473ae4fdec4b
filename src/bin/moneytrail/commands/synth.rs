//! `synth`: a ledger with planted flows, from a seed.

use std::fs::{self, File};
use std::io::{self, BufWriter, Write};
use std::path::Path;

use moneytrail::workbench::synth::{self, Difficulty, Draft, Settings};

use crate::args::{self, Synth, Table};
use crate::failure::Failure;
use crate::terminal;

pub(crate) fn run(arguments: &Synth) -> Result<u8, Failure> {
    let out = &arguments.out;
    if fs::read_dir(out).is_ok_and(|mut entries| entries.next().is_some()) {
        return Err(Failure::output(format!("{} is not empty; name a new folder", out.display())));
    }
    let draft = synth::draft(&settings(arguments)?);
    // A folder of its own, since a run that reads labels would else read every label twice.
    let attempts = out.join("amlworld");
    fs::create_dir_all(&attempts).map_err(|error| at(&attempts, &error))?;
    let made = match arguments.format {
        Table::Csv => write(&out.join("transfers.csv"), |file| draft.write_transfers(file))?,
        Table::Parquet => write(&out.join("transfers.parquet"), |file| draft.write_parquet(file))?,
    };
    write(&out.join("accounts.csv"), |file| made.write_accounts(file))?;
    write(&out.join("labels.csv"), |file| made.write_labels(file))?;
    write(&attempts.join("planted_Patterns.txt"), |file| made.write_patterns(file))?;
    terminal::complain(&format!("{} transfers are in {}", terminal::grouped(made.transfers()), out.display()));
    report(&draft, arguments.days);
    Ok(0)
}

fn settings(arguments: &Synth) -> Result<Settings, Failure> {
    Ok(Settings {
        transfers: arguments.transfers,
        days: arguments.days,
        seed: arguments.seed,
        planted: arguments.planted,
        prevalence: arguments.prevalence.as_deref().map(prevalence).transpose()?,
        lookalikes: arguments.lookalikes,
        difficulty: match arguments.difficulty {
            args::Difficulty::Clean => Difficulty::Clean,
            args::Difficulty::Noisy => Difficulty::Noisy,
            args::Difficulty::Evasive => Difficulty::Evasive,
        },
    })
}

/// Reads `0.1%` as millionths: at most half of the transfers.
fn prevalence(text: &str) -> Result<u32, Failure> {
    let percent = text.strip_suffix('%').map_or("", str::trim);
    let (whole, part) = percent.split_once('.').unwrap_or((percent, ""));
    let digits = format!("{whole}{part:0<4}");
    let plain = !whole.is_empty() && part.len() <= 4 && digits.bytes().all(|digit| digit.is_ascii_digit());
    let millionths = digits.parse().ok().filter(|millionths| plain && *millionths <= 500_000);
    millionths.ok_or_else(|| {
        Failure::usage(format!("`{text}` is no prevalence: write a share of at most 50 %, such as `0.1%` or `0.0025%`"))
    })
}

/// Says what is planted, and what is not.
fn report(draft: &Draft, days: u32) {
    let (lookalikes, typologies): (Vec<_>, Vec<_>) = draft.planted().iter().partition(|planted| planted.lookalike);
    terminal::complain(&format!("planted: {} instances and {} lookalikes", typologies.len(), lookalikes.len()));
    let left_out: Vec<String> =
        draft.left_out().iter().map(|(typology, needed)| format!("{typology} ({needed} days)")).collect();
    if !left_out.is_empty() {
        let left_out = left_out.join(", ");
        terminal::complain(&format!("not planted, since a ledger of {days} days is too short: {left_out}"));
    }
}

fn write<T>(path: &Path, make: impl FnOnce(&mut BufWriter<File>) -> io::Result<T>) -> Result<T, Failure> {
    let file = File::create(path).map_err(|error| at(path, &error))?;
    let mut out = BufWriter::new(file);
    let made = make(&mut out).and_then(|made| out.flush().map(|()| made));
    made.map_err(|error| at(path, &error))
}

fn at(path: &Path, error: &io::Error) -> Failure {
    Failure::output(format!("{}: {error}", path.display()))
}

#[cfg(test)]
mod tests {
    use super::prevalence;

    #[test]
    fn a_prevalence_is_a_share_of_at_most_a_half_with_four_decimals() {
        let read: Vec<_> = ["0.1%", "50%", "0.0025 %", "2.5%"].map(|text| prevalence(text).ok()).into();
        assert_eq!(read, [Some(1_000), Some(500_000), Some(25), Some(25_000)]);
        for wrong in ["0.1", "51%", "-1%", "0.00001%", "%", "many%", ".5%"] {
            assert!(prevalence(wrong).is_err(), "{wrong}");
        }
    }
}
