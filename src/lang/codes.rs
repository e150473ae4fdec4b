//! Every diagnostic: its code, how grave it is, and a long explanation for `moneytrail check --explain`.
//!
//! The explanations are the sections of `docs/diagnostics.md`, so that they can be read as a page, too.

use super::Level;

const PAGE: &str = include_str!("../../docs/diagnostics.md");

/// One kind of mistake.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Code {
    /// Stable name: `R` for errors, `R9` for what is not supported yet, `W` for warnings.
    pub name: &'static str,
    /// How grave it is.
    pub level: Level,
    /// What is wrong, in a phrase.
    pub title: &'static str,
}

impl Code {
    /// What it means, why it matters, and an example of how to mend it, in Markdown.
    #[must_use]
    pub fn explanation(self) -> &'static str {
        let heading = format!("\n### {}: {}\n", self.name, self.title);
        let start = PAGE.find(&heading).expect("a test holds the page against the codes") + heading.len();
        let rest = &PAGE[start..];
        rest[..rest.find("\n##").unwrap_or(rest.len())].trim()
    }
}

macro_rules! codes {
    ($($constant:ident $level:ident $title:literal;)*) => {
        $(pub(super) const $constant: Code =
            Code { name: stringify!($constant), level: Level::$level, title: $title };)*
        /// Every code, in order.
        pub const ALL: &[Code] = &[$($constant),*];
    };
}

codes! {
    R001 Error "the file is not YAML";
    R002 Error "a value of the wrong form";
    R003 Error "an unknown key";
    R004 Error "a missing key";
    R005 Error "a value that cannot be read";
    R006 Error "an id or a family that is not kebab-case";
    R007 Error "an id that differs from the file's name";
    R008 Error "two rules with one id";
    R009 Error "a word that is not in its list";
    R010 Error "a version below one";
    R011 Error "a value outside its parameter's range";
    R012 Error "a delay that is longer than the window";
    R013 Error "a range that is upside down";
    R014 Error "an unknown parameter";
    R015 Error "a parameter that nothing uses";
    R016 Error "a setting for what does not exist";
    R020 Error "a step that cannot be read";
    R021 Error "roles that do not join";
    R022 Error "a flow without a single role";
    R023 Error "a role that is written in two ways";
    R024 Error "an option that its step cannot have";
    R025 Error "a range that cannot be read";
    R026 Error "hops without an upper end";
    R027 Error "a step from an account to itself";
    R028 Error "a name that is taken";
    R029 Error "a name that cannot be written";
    R030 Error "a predicate that cannot be read";
    R031 Error "an unknown column";
    R032 Error "an expression that predicates do not take";
    R033 Error "values that do not go together";
    R034 Error "a predicate that can never hold";
    R035 Error "a predicate that always holds";
    R036 Error "a rule that looks at labels";
    R037 Error "a predicate for a role that does not exist";
    R038 Error "a transfer between roles that do not exist";
    R040 Error "a rule without a test";
    R041 Error "a rule without a test that must not match";
    R042 Error "a test table that cannot be read";
    R043 Error "an expected match that does not fit the flow";
    R044 Error "an expected account that the test does not have";
    R045 Error "an expectation of a rule that is not there";
    R046 Error "counts that do not go together";
    R050 Error "a step that undoes what it cannot";
    R051 Error "rules that specialise each other in a circle";
    R052 Error "alternatives that are no choice";
    R053 Error "an option that stands twice";
    R054 Error "too many alternatives";
    R055 Error "a rule that is used and not there";
    R056 Error "a match that cannot stand in a step";
    R057 Error "rules that use each other in a circle";
    R060 Error "a key that the project asks for";
    R061 Error "a tag that the project does not have";
    R062 Error "a severity above the project's";
    R907 Error "hops between sets: not supported yet";
    W001 Warning "a flow that can explode";
    W002 Warning "a parameter without range or help";
    W003 Warning "a rule without references";
    W004 Warning "a rule without lookalikes";
    W005 Warning "a long path that little limits";
    W006 Warning "conditions that cannot hold together";
    W007 Warning "a condition that another one makes needless";
    W008 Warning "a rule that is another one but for names and numbers";
    W009 Warning "a lookalike without a test";
    W010 Warning "a rule whose tests come near no match";
    W011 Warning "a rule that stands on a deprecated one";
    W020 Warning "a warning that is allowed without a reason";
    W021 Warning "an allow that suppresses nothing";
    W022 Warning "an allow that cannot be read";
}

/// The code of this name.
#[must_use]
pub fn find(name: &str) -> Option<&'static Code> {
    ALL.iter().find(|code| code.name.eq_ignore_ascii_case(name))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_code_is_explained_and_every_explanation_has_a_code() {
        let headings: Vec<&str> = PAGE.lines().filter_map(|line| line.strip_prefix("### ")).collect();
        let expected: Vec<String> = ALL.iter().map(|code| format!("{}: {}", code.name, code.title)).collect();
        assert_eq!(headings, expected);
        let thin: Vec<&str> = ALL.iter().filter(|code| code.explanation().len() < 100).map(|code| code.name).collect();
        assert!(thin.is_empty(), "{thin:?}");
        assert_eq!(find("r012").map(|code| code.title), Some("a delay that is longer than the window"));
        assert_eq!(find("R999"), None);
    }
}
