//! One spelling of ranges and arrows, and tables and remarks in columns.

use std::collections::BTreeSet;
use std::ops::Range;

use yaml_parser::{SyntaxElement, SyntaxKind, SyntaxNode};

use super::tree::{parse, path, place};
use crate::lang::Holds;

/// A longer line does not push the comments of the others to the right.
const WIDEST: usize = 48;

/// The text with its values spelt in one way.
pub(super) fn spell(text: &str) -> String {
    let Some(tree) = parse(text) else { return text.to_owned() };
    let mut edits: Vec<(Range<usize>, String)> = tree.descendants().filter_map(|node| spelt(&node)).collect();
    edits.sort_by_key(|(range, _)| std::cmp::Reverse(range.start));
    let mut text = text.to_owned();
    for (range, spelling) in edits {
        text.replace_range(range, &spelling);
    }
    text
}

fn spelt(node: &SyntaxNode) -> Option<(Range<usize>, String)> {
    let (token, spelling) = match node.kind() {
        SyntaxKind::FLOW => {
            let mut children = node.children_with_tokens();
            let Some(SyntaxElement::Token(token)) = children.next() else { return None };
            let is_key = node
                .parent()
                .is_some_and(|above| matches!(above.kind(), SyntaxKind::BLOCK_MAP_KEY | SyntaxKind::FLOW_MAP_KEY));
            if is_key || children.next().is_some() {
                return None;
            }
            let spelling = scalar(node, token.kind(), token.text())?;
            (token, spelling)
        }
        SyntaxKind::BLOCK_SCALAR if place(node) == Holds::Table => {
            let mut tokens = node.children_with_tokens().filter_map(SyntaxElement::into_token);
            let parts: Vec<SyntaxKind> = node.children_with_tokens().map(|part| part.kind()).collect();
            if !parts.contains(&SyntaxKind::BAR) || parts.contains(&SyntaxKind::INDENT_INDICATOR) {
                return None;
            }
            let token = tokens.find(|token| token.kind() == SyntaxKind::BLOCK_SCALAR_TEXT)?;
            let spelling = table(token.text())?;
            (token, spelling)
        }
        _ => return None,
    };
    let range = usize::from(token.text_range().start())..usize::from(token.text_range().end());
    (spelling != token.text()).then_some((range, spelling))
}

/// A single value in its spelling, quotes and all.
fn scalar(node: &SyntaxNode, kind: SyntaxKind, written: &str) -> Option<String> {
    let quote = match kind {
        SyntaxKind::PLAIN_SCALAR => "",
        SyntaxKind::SINGLE_QUOTED_SCALAR => "'",
        SyntaxKind::DOUBLE_QUOTED_SCALAR => "\"",
        _ => return None,
    };
    let value = written.strip_prefix(quote)?.strip_suffix(quote)?;
    // Lines fold and escapes unfold, so those are left as they are.
    if value.contains(['\n', '\\', '\'', '"']) {
        return None;
    }
    let spelling = match (place(node), path(node).last()?.as_str()) {
        (Holds::Range, _) => range(value),
        (_, "step" | "transfer") => arrow(value),
        _ => return None,
    };
    Some(format!("{quote}{spelling}{quote}"))
}

/// Puts the comments behind values into one column, two blanks behind the longest line that has one.
pub(super) fn align_remarks(text: &str) -> String {
    let Some(tree) = parse(text) else { return text.to_owned() };
    let tokens = tree.descendants_with_tokens().filter_map(SyntaxElement::into_token);
    let starts: BTreeSet<usize> = tokens
        .filter(|token| token.kind() == SyntaxKind::COMMENT)
        .map(|token| token.text_range().start().into())
        .collect();
    let mut lines: Vec<(&str, &str)> = Vec::new();
    let mut start = 0;
    for line in text.split_inclusive('\n') {
        let behind = starts.range(start..start + line.len()).next().map(|at| line.split_at(at - start));
        // A comment alone behind a dash stands above the item's keys, not behind a value.
        let behind = behind.filter(|(value, _)| !matches!(value.trim(), "" | "-"));
        lines.push(behind.map_or((line, ""), |(value, remark)| (value.trim_end(), remark)));
        start += line.len();
    }
    let width = |value: &str| Some(value.chars().count()).filter(|&width| width <= WIDEST);
    let widths = lines.iter().filter(|(_, remark)| !remark.is_empty()).filter_map(|(value, _)| width(value));
    let column = widths.max().unwrap_or_default();
    let line = |(value, remark): (&str, &str)| match remark {
        "" => value.to_owned(),
        remark => format!("{value:column$}  {remark}"),
    };
    lines.into_iter().map(line).collect()
}

/// `lo..hi` without blanks around the dots.
fn range(written: &str) -> String {
    let ends: Vec<&str> = written.split("..").map(str::trim).collect();
    ends.join("..")
}

/// `a -> b[2..]`: one blank on each side of the arrow, none in brackets.
fn arrow(written: &str) -> String {
    let Some((sign, (left, right))) = ["->", "<-"].into_iter().find_map(|sign| Some((sign, written.split_once(sign)?)))
    else {
        return written.to_owned();
    };
    format!("{} {sign} {}", role(left), role(right))
}

fn role(written: &str) -> String {
    let written = written.trim();
    match written.split_once('[').and_then(|(name, rest)| Some((name, rest.strip_suffix(']')?))) {
        Some((name, members)) => format!("{}[{}]", name.trim_end(), range(members)),
        None => written.to_owned(),
    }
}

/// A table in columns: the header's `#` and first name are one cell, and two blanks stand between cells.
fn table(text: &str) -> Option<String> {
    let first = text.find(|c: char| !c.is_whitespace())?;
    let indent = &text[text[..first].rfind('\n').map_or(0, |newline| newline + 1)..first];
    let body = text[first..].trim_end();
    let rows: Vec<Vec<String>> = body.lines().enumerate().map(|(line, written)| cells(line, written)).collect();
    let mut widths = vec![0; rows.iter().map(Vec::len).max()?];
    for row in rows.iter().filter(|row| row.len() > 1) {
        for (width, cell) in widths.iter_mut().zip(row) {
            *width = cell.chars().count().max(*width);
        }
    }
    let line = |row: &Vec<String>| {
        let padded = row.iter().zip(&widths).map(|(cell, &width)| format!("{cell:width$}"));
        padded.collect::<Vec<_>>().join("  ").trim_end().to_owned()
    };
    let lines: Vec<String> = rows.iter().map(line).collect();
    Some(format!("{}{}{}", &text[..first], lines.join(&format!("\n{indent}")), &text[first + body.len()..]))
}

/// The cells of a line; a remark inside a table is one cell, and an empty line none.
fn cells(line: usize, written: &str) -> Vec<String> {
    let words = written.split_whitespace().map(str::to_owned);
    match written.trim().strip_prefix('#') {
        Some(names) if line == 0 => {
            let mut names = names.split_whitespace();
            let first = format!("# {}", names.next().unwrap_or_default());
            std::iter::once(first).chain(names.map(str::to_owned)).collect()
        }
        Some(_) => vec![written.trim().to_owned()],
        None => words.collect(),
    }
}
