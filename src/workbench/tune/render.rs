//! What a tuning says: as text for people, and as JSON for programs.

use std::fmt::Write as _;

use serde_json::{Value as Json, json};

use super::{Axis, Pass, Setting, Tuning, Whole};

/// Settings that a text lists at most; all of them stand in the JSON.
const MOST: usize = 40;

/// The tuning as text.
#[must_use]
pub fn text(tuning: &Tuning) -> String {
    let Tuning { rule, axes, alone, settings, refused, pass, .. } = tuning;
    let manner = if *alone { ", each moved alone, since all combinations would be too many" } else { "" };
    let mut text = format!(
        "tune {rule}: {} of {}{manner}\n\n",
        counted(settings.len(), "setting"),
        counted(axes.len(), "parameter")
    );
    text += &parameters(tuning);
    text += &searched(pass, settings.len());
    if !refused.is_empty() {
        let (values, reason) = &refused[0];
        let named: Vec<String> =
            axes.iter().zip(values).map(|(axis, value)| format!("{}={value}", axis.name)).collect();
        let (count, example) = (counted(refused.len(), "combination"), named.join(" "));
        writeln!(text, "left out, being no rule: {count}, such as {example}: {reason}").expect("memory takes all");
    }
    text += "\n";
    text + &table(tuning)
}

fn parameters(tuning: &Tuning) -> String {
    let mut rows = vec![["parameter", "values", "looser", "meaning"].map(str::to_owned).to_vec()];
    for (axis, direction) in tuning.axes.iter().zip(&tuning.directions) {
        let value = |value: &_| if *value == axis.own { format!("[{value}]") } else { format!("{value}") };
        let looser = direction.map_or("-", super::Direction::name).to_owned();
        let values: Vec<String> = axis.values.iter().map(value).collect();
        let help = axis.help.split(';').next().unwrap_or_default().to_owned();
        rows.push(vec![axis.name.clone(), values.join(" "), looser, help]);
    }
    columns(&rows, &[]) + "\n"
}

/// How the ledger was searched, in sentences.
fn searched(pass: &Pass, settings: usize) -> String {
    let Pass { ledger, among, instances, lifted, searched, whole } = pass;
    let lifted: Vec<&str> = lifted.iter().map(String::as_str).collect();
    let without = if lifted.is_empty() { String::new() } else { format!(", without {}", lifted.join(" and ")) };
    let instances = format!("{instances} instances");
    match whole {
        Some(Whole::OneSearch) => {
            format!(
                "searched once: {instances}. The settings ask the same of instances, and differ in what they ask of matches.\n"
            )
        }
        None => format!(
            "searched once with the loosest form of each clause{without}: {instances} over {among} of {ledger} transfers.\n\
             Each of the {settings} settings was then run among these transfers, {searched} of them with a search of its own; \
             its matches are those of a run.\n"
        ),
        Some(Whole::Cut(budget)) => format!(
            "the search with the loosest form of each clause{without} was cut after {instances} by {budget}; so each setting was \
             searched in the whole ledger, which is slower and just as exact.\n"
        ),
    }
}

fn table(tuning: &Tuning) -> String {
    let mut rows = vec![["setting", "matches", "cases"].map(str::to_owned).to_vec()];
    for setting in tuning.settings.iter().take(MOST) {
        let cut = setting.cut.map_or_else(String::new, |budget| format!("cut by {budget}"));
        let mut row = vec![moved(&tuning.axes, setting), setting.matches.to_string(), setting.cases.to_string()];
        row.push(cut);
        rows.push(row);
    }
    let mut text = columns(&rows, &[1, 2]);
    if tuning.settings.len() > MOST {
        let more = counted(tuning.settings.len() - MOST, "more setting");
        writeln!(text, "{more}: --format json has all of them").expect("memory takes all");
    }
    text
}

/// The values of a setting that differ from the rule's own.
fn moved(axes: &[Axis], setting: &Setting) -> String {
    let differs = axes.iter().zip(&setting.values).filter(|(axis, value)| **value != axis.own);
    let named: Vec<String> = differs.map(|(axis, value)| format!("{}={value}", axis.name)).collect();
    if named.is_empty() { "the rule as it is".to_owned() } else { named.join(" ") }
}

/// Rows as columns of text; those at `numbers` are aligned to the right.
fn columns(rows: &[Vec<String>], numbers: &[usize]) -> String {
    let count = rows.iter().map(Vec::len).max().unwrap_or(0);
    let width =
        |at: usize| rows.iter().filter_map(|row| row.get(at)).map(|cell| cell.chars().count()).max().unwrap_or(0);
    let widths: Vec<usize> = (0..count).map(width).collect();
    let mut text = String::new();
    for row in rows {
        let cells = row.iter().enumerate().map(|(at, cell)| {
            let width = widths[at];
            if numbers.contains(&at) { format!("{cell:>width$}") } else { format!("{cell:<width$}") }
        });
        writeln!(text, "{}", cells.collect::<Vec<_>>().join("  ").trim_end()).expect("memory takes all");
    }
    text
}

fn counted(number: usize, what: &str) -> String {
    if number == 1 { format!("{number} {what}") } else { format!("{number} {what}s") }
}

/// The tuning as JSON, one object.
#[must_use]
pub fn json(tuning: &Tuning) -> String {
    let values = |values: &[crate::lang::Value]| -> Json {
        tuning.axes.iter().zip(values).map(|(axis, value)| (axis.name.clone(), json!(value.to_string()))).collect()
    };
    let parameters = tuning.axes.iter().zip(&tuning.directions).map(|(axis, looser)| {
        let values: Vec<String> = axis.values.iter().map(ToString::to_string).collect();
        json!({ "name": axis.name, "values": values, "own": axis.own.to_string(), "looser": looser })
    });
    let settings = tuning.settings.iter().map(|setting| {
        json!({
            "values": values(&setting.values),
            "matches": setting.matches,
            "cases": setting.cases,
            "cut": setting.cut,
            "found": setting.found,
        })
    });
    let matches = tuning.matches.iter().map(|seen| {
        let held: Json = tuning
            .axes
            .iter()
            .zip(&seen.held)
            .map(|(axis, held)| {
                let value = |at: usize| axis.values[at].to_string();
                (axis.name.clone(), json!(held.map(|(from, to)| [value(from), value(to)])))
            })
            .collect();
        json!({ "id": seen.id, "started": seen.started.to_string(), "transfers": seen.transfers, "held": held })
    });
    let refused = tuning.refused.iter().map(|(at, reason)| json!({ "values": values(at), "reason": reason }));
    let pass = &tuning.pass;
    let whole = pass.whole.as_ref().map(|whole| match whole {
        Whole::OneSearch => "one search".to_owned(),
        Whole::Cut(budget) => format!("cut by {budget}"),
    });
    let all = json!({
        "rule": tuning.rule,
        "parameters": parameters.collect::<Vec<_>>(),
        "each_alone": tuning.alone,
        "search": {
            "transfers": pass.ledger, "among": pass.among, "instances": pass.instances, "lifted": pass.lifted,
            "searches": pass.searched, "whole": whole,
        },
        "settings": settings.collect::<Vec<_>>(),
        "refused": refused.collect::<Vec<_>>(),
        "matches": matches.collect::<Vec<_>>(),
    });
    format!("{all:#}\n")
}
