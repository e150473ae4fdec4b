//! `any_of`: the ways in which a step may be done, and the choices of one way for each such step.

use super::codes;
use super::diagnostic::Span;
use super::keys;
use super::reader::{Reader, get};
use super::tree::{Entry, Kind, Node};

/// Each choice is a flow of its own that is searched; a dozen is more than an analyst can tell apart.
const MOST_FLOWS: usize = 12;

impl Reader<'_, '_> {
    /// The items of the flow with each choice of alternatives, the first step's choice changing last.
    pub(super) fn choices(&mut self, items: &[Node]) -> Vec<Vec<Node>> {
        let mut choices: Vec<Vec<Node>> = vec![Vec::new()];
        for item in items {
            let ways = self.ways(item);
            let place = alternatives(item).map(|(place, _)| place).filter(|_| choices.len() * ways.len() > MOST_FLOWS);
            if let Some(place) = place {
                let message = format!("the rule has more than {MOST_FLOWS} flows");
                let label = format!("{} flows up to here, times {} alternatives", choices.len(), ways.len());
                let help = "take alternatives out, or write two rules";
                self.error(codes::R054, place, message, label, help);
                for choice in &mut choices {
                    choice.push(ways[0].clone());
                }
                continue;
            }
            let with = |choice: &Vec<Node>, way: &Node| choice.iter().chain([way]).cloned().collect();
            choices = choices.iter().flat_map(|choice| ways.iter().map(move |way| with(choice, way))).collect();
        }
        choices
    }

    /// The item with the options of each of its alternatives; itself where it has none.
    fn ways(&mut self, item: &Node) -> Vec<Node> {
        let (Some((place, list)), Kind::Map(entries)) = (alternatives(item), &item.kind) else {
            return vec![item.clone()];
        };
        let own: Vec<Entry> = entries.iter().filter(|entry| entry.key != "any_of").cloned().collect();
        let alternatives = self.list(list, "any_of");
        if alternatives.len() < 2 && matches!(list.kind, Kind::List(_) | Kind::Nothing) {
            let help = "write two alternatives or more, or put the options onto the step itself";
            self.error(codes::R052, place, "`any_of` leaves no choice", "fewer than two alternatives", help);
        }
        let mut ways: Vec<Node> = alternatives.iter().map(|alternative| self.done(item, &own, alternative)).collect();
        if ways.is_empty() {
            ways.push(Node { kind: Kind::Map(own), span: item.span.clone() });
        }
        ways
    }

    /// The item with its own options and those of one alternative.
    fn done(&mut self, item: &Node, own: &[Entry], alternative: &Node) -> Node {
        let options = self.map(alternative, "an alternative");
        self.known_keys(options, keys::ALTERNATIVE, "an alternative");
        for option in options.iter().filter(|option| get(own, &option.key).is_some()) {
            self.error(
                codes::R053,
                &option.key_span,
                format!("`{}` stands twice", option.key),
                "the step itself has it, too",
                "leave it with the step, or write it in each alternative",
            );
        }
        let known = |option: &&Entry| keys::ALTERNATIVE.iter().any(|key| key.name == option.key);
        let new = |option: &&Entry| get(own, &option.key).is_none();
        let entries = own.iter().chain(options.iter().filter(known).filter(new)).cloned().collect();
        Node { kind: Kind::Map(entries), span: item.span.clone() }
    }
}

/// The list of alternatives of a step, and where it stands.
fn alternatives(item: &Node) -> Option<(&Span, &Node)> {
    let Kind::Map(entries) = &item.kind else { return None };
    entries.iter().find(|entry| entry.key == "any_of").map(|entry| (&entry.key_span, &entry.value))
}
