//! The syntax tree of a file: where a piece of text stands, and what the language says of that place.

use std::collections::BTreeMap;
use std::ops::Range;

use yaml_parser::{SyntaxElement, SyntaxKind, SyntaxNode};

use crate::lang::{Holds, holds};

/// The tree of a text that is YAML.
pub(super) fn parse(text: &str) -> Option<SyntaxNode> {
    yaml_parser::parse(text).ok()
}

/// The bytes of a piece of the tree.
pub(super) fn range(node: &SyntaxNode) -> Range<usize> {
    node.text_range().start().into()..node.text_range().end().into()
}

/// The keys on the way from the top of the file to a piece.
pub(super) fn path(node: &SyntaxNode) -> Vec<String> {
    let mut path: Vec<String> = node.ancestors().filter_map(|above| key(&above)).collect();
    path.reverse();
    path
}

/// What the language says of the place of a piece.
pub(super) fn place(node: &SyntaxNode) -> Holds {
    let path = path(node);
    holds(&path.iter().map(String::as_str).collect::<Vec<_>>())
}

/// The key of an entry of a mapping.
pub(super) fn key(entry: &SyntaxNode) -> Option<String> {
    let is_key = |node: &SyntaxNode| matches!(node.kind(), SyntaxKind::BLOCK_MAP_KEY | SyntaxKind::FLOW_MAP_KEY);
    let key = entry.children().find(is_key)?;
    Some(key.text().to_string().trim().trim_matches(['"', '\'']).to_owned())
}

/// How often each comment stands in a text.
pub(super) fn comments(text: &str) -> BTreeMap<String, usize> {
    let mut found = BTreeMap::new();
    let tokens = parse(text).into_iter().flat_map(|tree| tree.descendants_with_tokens());
    for token in tokens.filter(|token| token.kind() == SyntaxKind::COMMENT) {
        *found.entry(token.to_string().trim_end().to_owned()).or_insert(0) += 1;
    }
    found
}

/// Whether every line of every block of text is indented at least as deep as its first one, by blanks or tabs: the layout
/// cuts that much off each line, and must not cut into words.
pub(super) fn blocks_are_even(text: &str) -> bool {
    let Some(tree) = parse(text) else { return false };
    let tokens = tree.descendants_with_tokens().filter_map(SyntaxElement::into_token);
    tokens.filter(|token| token.kind() == SyntaxKind::BLOCK_SCALAR_TEXT).all(|token| {
        let depth = |line: &str| line.len() - line.trim_start_matches(|c: char| c.is_ascii_whitespace()).len();
        let mut depths = token.text().lines().filter(|line| !line.trim().is_empty()).map(depth);
        let first = depths.next().unwrap_or_default();
        depths.all(|depth| depth >= first)
    })
}
