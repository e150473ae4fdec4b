//! `plan`: how a rule is searched, and why.

use std::io::{self, Write};
use std::path::Path;

use moneytrail::columns::LedgerSummary;
use moneytrail::engine::{self, Explanation};
use moneytrail::plan;

use crate::args::{Plan, RuleChoice};
use crate::failure::Failure;
use crate::settings::{self, Settings};
use crate::{library, terminal};

pub(crate) fn run(arguments: Plan) -> Result<u8, Failure> {
    let mut choice = RuleChoice { rules: arguments.rules, only: vec![arguments.rule], set: arguments.set };
    if library::is_rule_file(Path::new(&choice.only[0])) {
        choice.rules = choice.only.drain(..).map(Into::into).collect();
    }
    let mut request = settings::request(arguments.reading, choice, &Settings::load()?)?;
    request.intake.inputs = arguments.ledger;
    if request.intake.inputs.is_empty() {
        let set = library::only(library::compile(&request.sources, &request.overrides)?, &request.only)?;
        for typology in set.typologies {
            write!(io::stdout(), "{}", plan::of_flow(&typology.id, typology.flow))?;
        }
        return Ok(0);
    }
    match engine::explain(&request) {
        Ok(explanation) => show(&explanation),
        Err(error) => Err(library::fail(error, &request)),
    }
}

fn show(explanation: &Explanation) -> Result<u8, Failure> {
    let Explanation { summary, rules } = explanation;
    let mut out = io::stdout().lock();
    for (rule, explained) in rules {
        match explained {
            Ok((plan, candidates)) => {
                write!(out, "{plan}")?;
                write_ledger(&mut out, summary)?;
                for (step, candidates) in (1..).zip(candidates) {
                    writeln!(out, "  step {step}  could use {} transfers", terminal::grouped(*candidates as u64))?;
                }
            }
            Err(missing) => writeln!(out, "plan {rule}\n  not evaluable: {missing}")?,
        }
    }
    Ok(0)
}

fn write_ledger(out: &mut impl Write, summary: &LedgerSummary) -> io::Result<()> {
    let [transfers, accounts, sender, receiver] =
        [summary.transfers, summary.accounts, summary.busiest_sender, summary.busiest_receiver]
            .map(|count| terminal::grouped(count as u64));
    writeln!(
        out,
        "  ledger  {transfers} transfers of {accounts} accounts; at most {sender} leave one account and {receiver} reach one"
    )
}
