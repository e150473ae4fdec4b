//! Diagnostics in SARIF 2.1.0, the form in which code hosts and editors take findings (OASIS, 27 March 2020).
//!
//! Columns count Unicode characters, as everywhere in the program; `columnKind` says so.

use moneytrail::lang::codes::{self, Code};
use moneytrail::lang::{Checked, Diagnostic, Source};
use serde_json::{Value, json};

const SCHEMA: &str = "https://json.schemastore.org/sarif-2.1.0.json";

/// The report as text.
pub(super) fn report(checked: &Checked, sources: &[Source]) -> Result<String, serde_json::Error> {
    let found = checked.diagnostics.iter().map(result);
    let allowed = checked.allowed.iter().map(|allowed| {
        let mut result = result(&allowed.diagnostic);
        result["suppressions"] = json!([{ "kind": "inSource", "justification": allowed.reason }]);
        result
    });
    serde_json::to_string_pretty(&json!({
        "$schema": SCHEMA,
        "version": "2.1.0",
        "runs": [{
            "tool": { "driver": {
                "name": "moneytrail",
                "semanticVersion": env!("CARGO_PKG_VERSION"),
                "rules": codes::ALL.iter().map(rule).collect::<Vec<_>>(),
            }},
            "columnKind": "unicodeCodePoints",
            "artifacts": sources.iter().map(|source| json!({ "location": location(&source.path) })).collect::<Vec<_>>(),
            "results": found.chain(allowed).collect::<Vec<_>>(),
        }],
    }))
}

fn rule(code: &Code) -> Value {
    json!({
        "id": code.name,
        "shortDescription": { "text": code.title },
        "fullDescription": { "text": code.title },
        "help": { "text": code.explanation(), "markdown": code.explanation() },
        "defaultConfiguration": { "level": super::level(code.level) },
    })
}

fn result(diagnostic: &Diagnostic) -> Value {
    let place = json!({ "artifactLocation": location(&diagnostic.path), "region": region(diagnostic) });
    let mut result = json!({
        "ruleId": diagnostic.code,
        "ruleIndex": codes::ALL.iter().position(|code| code.name == diagnostic.code),
        "level": super::level(diagnostic.level),
        "message": { "text": format!("{}: {}; {}", diagnostic.message, diagnostic.label, diagnostic.help) },
        "locations": [{ "physicalLocation": place }],
    });
    if let Some(replacement) = &diagnostic.replacement {
        let change = json!({ "deletedRegion": region(diagnostic), "insertedContent": { "text": replacement } });
        result["fixes"] = json!([{
            "description": { "text": diagnostic.help },
            "artifactChanges": [{
                "artifactLocation": location(&diagnostic.path),
                "replacements": [change],
            }],
        }]);
    }
    result
}

fn region(diagnostic: &Diagnostic) -> Value {
    json!({
        "startLine": diagnostic.line,
        "startColumn": diagnostic.column,
        "endLine": diagnostic.end_line,
        "endColumn": diagnostic.end_column,
    })
}

/// A path as a URI: relative ones stay relative, and what a URI cannot hold is escaped byte by byte (RFC 3986).
fn location(path: &str) -> Value {
    let path = path.replace('\\', "/");
    let plain = |byte: u8| byte.is_ascii_alphanumeric() || b"-._~/@!$&'()*+,;=".contains(&byte);
    let escaped: String = path
        .bytes()
        .map(|byte| if plain(byte) { char::from(byte).to_string() } else { format!("%{byte:02X}") })
        .collect();
    json!({ "uri": if escaped.starts_with('/') { format!("file://{escaped}") } else { escaped } })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_path_becomes_a_uri() {
        for (path, uri) in [
            ("typologies/fan-in.yaml", "typologies/fan-in.yaml"),
            ("my rules/größe.yaml", "my%20rules/gr%C3%B6%C3%9Fe.yaml"),
            ("/tmp/a#b.yaml", "file:///tmp/a%23b.yaml"),
            ("rules\\a.yaml", "rules/a.yaml"),
        ] {
            assert_eq!(location(path), json!({ "uri": uri }));
        }
    }
}
