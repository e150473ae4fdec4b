//! Every diagnostic: its code, how grave it is, and a long explanation for `moneytrail check --explain`.

use super::Level;

/// One kind of mistake.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Code {
    /// Stable name: `R` for errors, `R9` for what is not supported yet, `W` for warnings.
    pub name: &'static str,
    /// How grave it is.
    pub level: Level,
    /// What is wrong, in a phrase.
    pub title: &'static str,
    /// What it means, why it matters and how to mend it.
    pub explanation: &'static str,
}

macro_rules! codes {
    ($($constant:ident $level:ident $title:literal $explanation:literal;)*) => {
        $(pub(super) const $constant: Code = Code {
            name: stringify!($constant), level: Level::$level, title: $title, explanation: $explanation,
        };)*
        /// Every code, in order.
        pub const ALL: &[Code] = &[$($constant),*];
    };
}

codes! {
    R001 Error "the file is not YAML" "A rule is one YAML document of at most 20,000 values. The parser stopped at the place shown. Tabs, a missing blank behind a colon, an unclosed quote or a key given twice are the usual causes; a file that unfolds into more than a page (aliases of aliases) is refused too.";
    R002 Error "a value of the wrong form" "A key holds a single value, a list or a mapping, and this one holds another of the three. `references` is a list, `roles` and `parameters` are mappings, `within` is a single value.";
    R003 Error "an unknown key" "No rule has a key of this name at this place, so it would have no effect. A key is never ignored: correct its spelling or remove it.";
    R004 Error "a missing key" "A rule needs `typology`, `version`, `title`, `summary`, `stage`, `severity`, `within`, `flow` and `tests`; a parameter needs `default`; a test needs `name`, `transfers` and `matches`.";
    R005 Error "a value that cannot be read" "The value is not what its key takes: a whole number, a decimal (`0.8`), a duration (`90s`, `15m`, `48h`, `7d`, `2w`), or `true` or `false`. Numbers are decimals of at most 18 digits, taken exactly.";
    R006 Error "an id that is not kebab-case" "The id of a rule is made of lower-case letters, digits and single hyphens: `mule-chain`. It names the file, the matches and the rule in every report.";
    R007 Error "an id that differs from the file's name" "The rule `mule-chain` lives in `mule-chain.yaml`, so that a match leads to its rule without a search.";
    R008 Error "two rules with one id" "Two of the files given hold rules of the same id; their matches could not be told apart. Rename one, or give only one.";
    R009 Error "a word that is not in its list" "The key takes one of a few words: `stage` is placement, layering or integration; `severity` is low, medium, high or critical; `status` is stable, experimental or deprecated.";
    R010 Error "a version below one" "Versions count from 1 and rise whenever a rule changes what it finds.";
    R011 Error "a value outside its parameter's range" "A parameter's `range` says which values make sense, and the default, or the value that the run sets, lies outside it. Widen the range or choose another value.";
    R012 Error "a delay that is longer than the window" "No instance spans longer than `within`, so a longer delay can never be used up. Shorten the delay or raise `within`.";
    R013 Error "a range that is upside down" "The lower end of the range lies above its upper end, so nothing is inside.";
    R014 Error "an unknown parameter" "`$name` stands for a parameter of this rule, and it has none of that name. Add it under `parameters`, or correct the spelling.";
    R015 Error "a parameter that nothing uses" "A parameter that changes nothing misleads whoever moves it. Use it as `$name` or remove it.";
    R016 Error "a setting for what does not exist" "The run sets a parameter of a rule (`--set rule.parameter=value`), and there is no such rule or parameter.";
    R020 Error "a step that cannot be read" "A step is two roles and an arrow: `payers[5..] -> collector`, or `targets <- peers[2..]` where the money comes the other way. Role names are letters, digits and underscores; brackets make a role a set and say how many accounts it has.";
    R021 Error "roles that do not join" "A flow is a line: each step begins at the role at which the one before it ended.";
    R022 Error "a flow without a single role" "At least one role is one account, written without brackets; matches are found around it.";
    R023 Error "a role that is written in two ways" "A role is a set or a single account, once and for all. Brackets stand at its first naming only. Only a single role can be named again later in the line; a set is named again only where the next step begins.";
    R024 Error "an option that its step cannot have" "`hops` and `transfers` join two single accounts and exclude each other; `each` and `fan` stand between two sets; `via` goes with `hops`; `delay` and `pass_through` need a step before that feeds this one (or `hops`), so they stand neither on a first step without `hops` nor on a reverse step nor right after one.";
    R025 Error "a range that cannot be read" "A range is `lo..hi`, and either end may be left out: `5..`, `..10`, `0h..72h`, `(1 - $kept_max)..1.0`. Counts are whole numbers from 1 up.";
    R026 Error "hops without an upper end" "A path needs a longest length, at most 25 transfers, or the search would not end on a busy ledger. AMLworld's longest chains have 16.";
    R027 Error "a step from an account to itself" "A transfer from an account to itself is never part of a match. A round trip has `hops`: `origin -> origin` with `hops: 3..8`.";
    R028 Error "a name that is taken" "Two steps have one name, or a step is called like a role; `having` could not tell them apart.";
    R030 Error "a predicate that cannot be read" "Predicates are SQL conditions such as `amount >= 1000 AND channel <> 'card'`: one expression, text in single quotes, durations as `180d`, parameters as `$name`.";
    R031 Error "an unknown column" "The predicate reads a column that does not exist here. `where` sees the ledger's columns and `sender.X`, `receiver.X` for account columns; `roles` and `via` see account columns; `having` and `unless` see sums and counts of the instance, `R.X` of single roles, `R_count`, and `S_amount`, `S_transfers`, `S_min`, `S_max` of named steps.";
    R032 Error "an expression that predicates do not take" "Sub-selects, aggregates, window functions, aliases, wildcards and functions outside the list are refused: a predicate is asked of one transfer, one account or one instance at a time.";
    R033 Error "a predicate that is not a condition" "A predicate answers yes or no; this one gives another kind of value, or compares values of different kinds.";
    R034 Error "a predicate that can never hold" "No value meets the condition (such as `amount > 5 AND amount < 3`), so the rule would never match.";
    R035 Error "a predicate that always holds" "The condition excludes nothing (such as `amount > 0`: every amount is above zero), so it misleads whoever reads the rule. Remove it or say what was meant.";
    R036 Error "a rule that looks at labels" "Ground truth (`label`, `label_typology`, `label_instance`) is for evaluation alone and is never visible to rules.";
    R037 Error "a predicate for a role that does not exist" "A key under `roles` names no role of the flow.";
    R040 Error "a rule without a test" "Every rule carries at least one test: transfers, and the matches that must be found in them.";
    R041 Error "a rule without a test that must not match" "A rule that is only shown what it should find may find everything. Add a near miss or a legitimate lookalike with `matches: []`.";
    R042 Error "a test table that cannot be read" "A test table has a header behind `#`, one row a line and cells between blanks, `-` for nothing. Transfers need the columns when, from, to and amount; accounts need account. `when` is a duration since the test's start, or a time such as 2024-01-31T12:00:00Z.";
    R043 Error "an expected match that names no role" "A test expects accounts in a role that the flow does not have.";
    R901 Error "history columns: not supported yet" "`sender_idle`, `receiver_idle`, `sender_prior`, `receiver_prior`, `pair_prior`, `sender_mean`, `sender_sd`, `receiver_mean` and `receiver_sd` are part of the language and not yet part of the engine. A rule that names one is refused, never run without it.";
    R902 Error "`without`: not supported yet" "What must not be there is part of the language and not yet part of the engine.";
    R903 Error "`level`: not supported yet" "Matching between owners or institutions is part of the language and not yet part of the engine; `level: account` is what runs.";
    R904 Error "`repeats`: not supported yet" "Counting earlier matches of the same accounts is part of the language and not yet part of the engine.";
    R905 Error "reference lists: not supported yet" "`@list` and `@threshold` are part of the language and not yet part of the engine. Write the values out: `IN ('AA', 'BB')`.";
    R906 Error "composition: not supported yet" "A step that is another rule's match (`uses`), alternatives (`any_of`), expected payments (`expected`) and undone transfers (`undoes`) are part of the language and not yet part of the engine.";
    R907 Error "hops from or to a set: not supported yet" "Spreading trees are part of the language and not yet part of the engine: `hops` joins two single accounts.";
    W001 Warning "a flow that can explode" "On a busy ledger the number of candidates grows with every step that nothing limits. Give paths a `pass_through` or a `where`, keep hubs out with `payees <= 200`, and sets an upper end.";
    W002 Warning "a parameter without range or help" "Whoever moves a parameter needs to know what it means and how far it may go.";
    W003 Warning "a rule without references" "An analyst has to be able to say where a typology comes from.";
    W004 Warning "a rule without lookalikes" "Name the legitimate behaviour that looks alike under `false_positives`, and test one.";
}

/// The code of this name.
#[must_use]
pub fn find(name: &str) -> Option<&'static Code> {
    ALL.iter().find(|code| code.name.eq_ignore_ascii_case(name))
}
