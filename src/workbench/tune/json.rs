//! What a tuning says, as JSON for programs: one object; docs/tune.md says what its parts mean.

use serde_json::{Value as Json, json};

use super::{Block, Judged, Tuning, Whole};

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
            "figures": setting.figures,
            "front": setting.front,
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
        json!({
            "id": seen.id, "started": seen.started.to_string(), "transfers": seen.transfers,
            "finds": seen.finds, "wrong": seen.is_wrong, "held": held,
        })
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
        "labels": tuning.judged.as_ref().map(labels),
    });
    format!("{all:#}\n")
}

fn labels(judged: &Judged) -> Json {
    let suggestion = judged.suggestion.as_ref().map(|suggestion| {
        let block = |block: &Block| {
            json!({
                "from": block.from.to_string(), "instances": block.instances, "setting": block.chosen,
                "held_out": block.held_out,
            })
        };
        let blocks: Vec<Json> = suggestion.blocks.iter().map(block).collect();
        json!({ "setting": suggestion.setting, "held_out": suggestion.held_out, "blocks": blocks })
    });
    json!({
        "instances": judged.instances,
        "objective": judged.objective.to_string(),
        "needed": judged.suggestion.as_ref().err().map(|few| few.needed),
        "suggestion": suggestion.ok(),
    })
}
