//! What a tuning says, as text for people.

use std::fmt::Write as _;

use super::{Axis, Grain, Judged, Pass, Rate, Setting, Suggestion, TooFew, Tuning, Whole, characters};

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
    text += &table(tuning);
    let Some(judged) = &tuning.judged else {
        return text + "\nno labelled instance is the business of this rule: counts only\n";
    };
    text += "\n";
    text += &characters(tuning);
    text += "\n";
    text + &suggested(tuning, judged)
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
    let shared = if *searched < settings { format!(", in {searched} searches") } else { String::new() };
    match whole {
        Some(Whole::OneSearch) => {
            format!(
                "searched once: {instances}. The settings ask the same of instances, and differ in what they ask of matches.\n"
            )
        }
        None => format!(
            "searched once with the loosest form of each clause{without}: {instances} over {among} of {ledger} transfers.\n\
             Each of the {settings} settings was then run among these transfers{shared}; its matches are those of a run of \
             its own.\n"
        ),
        Some(Whole::Cut(budget)) => format!(
            "the search with the loosest form of each clause{without} was cut after {instances} by {budget}; so each setting was \
             searched in the whole ledger, which is slower. What a budget cuts there stands in its line.\n"
        ),
    }
}

/// The settings that are listed: all where they are few, else those that tell most.
fn listed(tuning: &Tuning) -> Vec<&Setting> {
    let all = tuning.settings.iter().enumerate();
    let few = tuning.settings.len() <= MOST;
    let judged = tuning.judged.is_some();
    let telling = |(at, setting): &(usize, &Setting)| {
        few || *at == 0 || tuning.suggested() == Some(*at) || if judged { setting.front } else { *at < MOST }
    };
    all.filter(telling).map(|(_, setting)| setting).collect()
}

fn table(tuning: &Tuning) -> String {
    let judged = tuning.judged.as_ref();
    let mut heading = vec!["", "setting", "matches", "cases"];
    if judged.is_some() {
        heading.extend(["found", "wrong", "precision", "recall", "f1"]);
    }
    let mut rows = vec![heading.into_iter().map(str::to_owned).collect::<Vec<String>>()];
    let listed = listed(tuning);
    for setting in &listed {
        let sign = if setting.front { "o" } else { "" };
        let mut row = vec![sign.to_owned(), moved(&tuning.axes, setting)];
        row.extend([setting.matches, setting.cases].map(|count| count.to_string()));
        if let Some(figures) = setting.figures {
            let Grain { tp, fp, precision, recall, f1, .. } = figures.instance;
            row.extend([tp, fp].map(|count| count.to_string()));
            row.extend([precision, recall, f1].map(share));
        }
        row.extend(setting.cut.map(|budget| format!("cut by {budget}")));
        rows.push(row);
    }
    let mut text = columns(&rows, &[2, 3, 4, 5]);
    if listed.len() < tuning.settings.len() {
        let more = counted(tuning.settings.len() - listed.len(), "more setting");
        writeln!(text, "{more}: --format json has all of them").expect("memory takes all");
    }
    if let Some(judged) = judged {
        let sought = counted(judged.instances, "labelled instance");
        let note = format!(
            "{sought} to be found. Precision is found / (found + wrong), recall found / all, each with its exact 95 % interval;\n\
             o: no setting has as much of both and as few matches. These figures chose themselves: they are not what a\n\
             setting is worth elsewhere.\n"
        );
        text += &note;
    }
    text
}

/// What is suggested, and what it is worth; or why nothing is.
fn suggested(tuning: &Tuning, judged: &Judged) -> String {
    let objective = judged.objective;
    let suggestion = match &judged.suggestion {
        Ok(suggestion) => suggestion,
        Err(TooFew { instances, needed }) if instances >= needed => {
            return "nothing is suggested: a budget cut every setting, or too many instances begin at one moment\n"
                .to_owned();
        }
        Err(TooFew { instances, needed }) => {
            return format!(
                "nothing is suggested: {} are too few to choose a setting by; {needed} are needed, at different times\n",
                counted(*instances, "labelled instance")
            );
        }
    };
    let Suggestion { setting, blocks, held_out } = suggestion;
    let best = &tuning.settings[*setting];
    let mut text = format!("suggested by {objective}: {}\n", moved(&tuning.axes, best));
    if best.figures.is_some_and(|figures| !objective.is_met(&figures.instance)) {
        text += "no setting meets the objective; this one is the nearest\n";
    }
    let told = |grain: &Grain| {
        let [precision, recall, f1] = [grain.precision, grain.recall, grain.f1].map(share);
        format!("precision {precision}, recall {recall}, f1 {f1}")
    };
    writeln!(text, "held out: {}", told(held_out)).expect("memory takes all");
    if let Some(own) = tuning.settings[0].figures {
        writeln!(text, "as it is: {}", told(&own.instance)).expect("memory takes all");
        if *setting != 0 && is_open(held_out, &own.instance) {
            text += "The intervals of f1 overlap: these labels do not tell the suggestion from the rule as it is.\n";
        }
    }
    let mut rows =
        vec![["block from", "instances", "best on the others", "found", "wrong", "recall"].map(str::to_owned).to_vec()];
    for block in blocks {
        rows.push(vec![
            block.from.to_string(),
            block.instances.to_string(),
            moved(&tuning.axes, &tuning.settings[block.chosen]),
            block.held_out.tp.to_string(),
            block.held_out.fp.to_string(),
            share(block.held_out.recall),
        ]);
    }
    text += "\n";
    text += &columns(&rows, &[1, 3, 4]);
    text + "Time is cut where as many labelled instances begin on each side. For each block the setting that is best on the others\n\
            is scored on it, and the held-out figures are the sums. An instance or match belongs to the block in which it begins;\n\
            nothing is left out at the cuts.\n"
}

/// Whether two intervals of F1 share a value.
fn is_open(a: &Grain, b: &Grain) -> bool {
    a.f1.zip(b.f1).is_none_or(|(a, b)| a.low <= b.high && b.low <= a.high)
}

/// A share with its interval, in percent.
fn share(rate: Option<Rate>) -> String {
    let percent = |share: f64| format!("{:.0}", share * 100.0);
    rate.map_or_else(
        || "-".to_owned(),
        |rate| format!("{} % ({}–{})", percent(rate.value), percent(rate.low), percent(rate.high)),
    )
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
