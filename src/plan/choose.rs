//! Picks the kernel that can answer a flow with the least work, and the role at which it starts.

use crate::columns::Span;
use crate::lang::{Direction, Flow, Role, RoleId, Shape, Step};

use super::Kernel;

pub(super) struct Choice {
    pub(super) kernel: Kernel,
    pub(super) anchor: RoleId,
    pub(super) reasons: Vec<String>,
}

pub(super) fn choose(flow: &Flow) -> Choice {
    let anchor = first_single(flow);
    let (kernel, why) = kernel(flow);
    let name = &flow.roles[anchor].name;
    let start = match kernel {
        Kernel::Cycle => {
            "starts at the busiest account of each round trip, so that no walk passes through a hub".to_owned()
        }
        Kernel::Path => {
            format!("starts at every transfer that `{name}` sends, since money is followed forward in time")
        }
        Kernel::Fan | Kernel::Layers => format!("starts at every account that can be `{name}`, the first single role"),
        Kernel::Exhaustive => format!("starts at `{name}` and tries everything"),
    };
    Choice { kernel, anchor, reasons: vec![why, start] }
}

fn kernel(flow: &Flow) -> (Kernel, String) {
    let single = |shape: &Shape| matches!(shape, Shape::One | Shape::Path { .. });
    let forward = flow.steps.iter().all(|step| step.direction == Direction::Forward && step.delay.least >= Span::ZERO);
    if let [Step { shape: Shape::Path { .. }, left, right, .. }] = flow.steps.as_slice()
        && left == right
        && forward
    {
        return (Kernel::Cycle, "one path comes back to where it began".to_owned());
    }
    if forward && flow.steps.iter().all(|step| single(&step.shape)) {
        return (Kernel::Path, "every step takes one transfer, or one a hop, and all go forward".to_owned());
    }
    let aged = |role: &Role| role.predicate.as_ref().is_some_and(|predicate| predicate.columns.contains("age_days"));
    let aged_set = flow.roles.iter().any(|role| !role.is_single() && aged(role));
    let tree = flow.steps.iter().any(|step| matches!(step.shape, Shape::Tree { .. }));
    let one_set = matches!(flow.steps.as_slice(), [Step { shape: Shape::Set { .. }, .. }]);
    if one_set && !aged_set {
        return (Kernel::Fan, "one set of transfers: a window is a run of the account's own list".to_owned());
    }
    let why = if tree {
        "a tree grows from its source in each window, and is shrunk to where the money rests"
    } else if one_set {
        "the members of a set depend on their age, so each window has members of its own"
    } else if flow.steps.iter().any(|step| single(&step.shape)) {
        "sets and single transfers are joined, so each window is shrunk to what is supported"
    } else {
        "several sets are joined, so each window is shrunk to what is supported"
    };
    (Kernel::Layers, why.to_owned())
}

/// The first single role along the line.
fn first_single(flow: &Flow) -> RoleId {
    let line = flow.steps.iter().flat_map(|step| [step.left, step.right]);
    line.into_iter().find(|&role| flow.roles[role].is_single()).expect("a checked flow has a single role")
}
