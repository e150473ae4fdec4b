//! Puts the keys of mappings into the order of the language. A key takes along what is its own: its value, the comment
//! behind it, and the comments right above it.

use std::ops::Range;

use yaml_parser::{SyntaxKind, SyntaxNode};

use super::tree::{key, parse, place, range};
use crate::lang::Holds;

/// A piece of a text and what shall stand there.
type Edit = (Range<usize>, String);

/// More mappings than any rule file has.
const MOST: usize = 20_000;

/// The text with its keys in order; it is laid out already, each key of a block at the beginning of its line.
pub(super) fn sort(mut text: String) -> String {
    // One mapping after the other, since each move shifts the places of the rest.
    for _ in 0..MOST {
        let Some(tree) = parse(&text) else { return text };
        // What an alias stands for must stand before it.
        if tree.descendants().any(|node| node.kind() == SyntaxKind::ALIAS) {
            return text;
        }
        let Some((place, sorted)) = tree.descendants().find_map(|node| rearranged(&node, &text)) else { return text };
        text.replace_range(place, &sorted);
    }
    text
}

fn rearranged(map: &SyntaxNode, text: &str) -> Option<Edit> {
    let of = match map.kind() {
        SyntaxKind::BLOCK_MAP => SyntaxKind::BLOCK_MAP_ENTRY,
        SyntaxKind::FLOW_MAP_ENTRIES => SyntaxKind::FLOW_MAP_ENTRY,
        _ => return None,
    };
    let Holds::Keys(keys) = place(map) else { return None };
    let entries: Vec<SyntaxNode> = map.children().filter(|child| child.kind() == of).collect();
    let rank = |entry: &SyntaxNode| key(entry).and_then(|key| keys.iter().position(|known| *known == key));
    let ranks: Vec<Option<usize>> = entries.iter().map(rank).collect();
    if ranks.is_sorted() {
        return None;
    }
    let mut sorted: Vec<usize> = (0..entries.len()).collect();
    sorted.sort_by_key(|&position| ranks[position]);
    match of {
        SyntaxKind::BLOCK_MAP_ENTRY => Some(block(&entries, &sorted, text)),
        _ => flow(map, &entries, &sorted),
    }
}

/// A mapping in braces; one with comments inside stays as it is.
fn flow(map: &SyntaxNode, entries: &[SyntaxNode], sorted: &[usize]) -> Option<Edit> {
    if map.descendants_with_tokens().any(|part| part.kind() == SyntaxKind::COMMENT) {
        return None;
    }
    let texts: Vec<String> = sorted.iter().map(|&position| entries[position].text().to_string()).collect();
    Some((range(map), texts.join(", ")))
}

/// One key of a block with what is its own, in whole lines but for the beginning of the first one.
struct Piece<'t> {
    above: &'t str,
    body: String,
}

fn block(entries: &[SyntaxNode], sorted: &[usize], text: &str) -> Edit {
    let starts: Vec<usize> = entries.iter().map(|entry| range(entry).start).collect();
    let line_of = |at: usize| text[..at].rfind('\n').map_or(0, |newline| newline + 1);
    let top = line_of(starts[0]);
    let prefix = &text[top..starts[0]];
    let mut pieces: Vec<Piece<'_>> = Vec::new();
    let mut end = top;
    for (entry, &start) in entries.iter().zip(&starts) {
        let mut above = if pieces.is_empty() { "" } else { &text[end..line_of(start)] };
        if let Some(before) = pieces.last_mut() {
            let (deeper, rest) = above.split_at(deeper(above, prefix.chars().count()));
            before.body += deeper;
            above = rest;
        }
        let last = start + entry.text().to_string().trim_end().len();
        end = text[last..].find('\n').map_or(text.len(), |newline| last + newline + 1);
        pieces.push(Piece { above, body: text[start..end].to_owned() });
    }
    let indent = " ".repeat(prefix.chars().count());
    let mut rearranged = String::new();
    for (position, piece) in sorted.iter().map(|&position| &pieces[position]).enumerate() {
        if position == 0 {
            // Comments of what comes first stand above the dash of an item.
            let dash = &prefix[..prefix.len() - prefix.trim_start().len()];
            let lines = piece.above.lines().filter(|line| !line.trim().is_empty());
            rearranged.extend(lines.map(|line| format!("{dash}{}\n", line.trim_start())));
            rearranged += prefix;
        } else {
            rearranged += piece.above;
            rearranged += &indent;
        }
        rearranged += &piece.body;
        if !rearranged.ends_with('\n') {
            rearranged.push('\n');
        }
    }
    (top..end, rearranged)
}

/// How much of the lines between two keys is comments that are indented deeper than the keys, and so belong to the upper
/// one's value.
fn deeper(lines: &str, column: usize) -> usize {
    let mut taken = 0;
    let mut at = 0;
    for line in lines.split_inclusive('\n') {
        at += line.len();
        if line.trim().is_empty() {
            continue;
        }
        if line.len() - line.trim_start().len() <= column {
            break;
        }
        taken = at;
    }
    taken
}
