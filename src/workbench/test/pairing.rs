//! Pairs what is expected with what is found, one to one, so that as many as possible have a partner.

/// For each of `wanted` expected things, its partner among `found` ones.
///
/// Kuhn, H. W. (1955). The Hungarian method for the assignment problem. *Naval Research Logistics Quarterly* 2, 83–97:
/// a new one may move earlier ones to other partners where that helps.
pub(super) fn pair(wanted: usize, found: usize, fits: &dyn Fn(usize, usize) -> bool) -> Vec<Option<usize>> {
    let mut owner: Vec<Option<usize>> = vec![None; found];
    for want in 0..wanted {
        assign(want, fits, &mut owner, &mut vec![false; found]);
    }
    let mut partner = vec![None; wanted];
    for (have, want) in owner.into_iter().enumerate() {
        if let Some(want) = want {
            partner[want] = Some(have);
        }
    }
    partner
}

/// Finds a partner for one, moving earlier ones where that helps.
fn assign(want: usize, fits: &dyn Fn(usize, usize) -> bool, owner: &mut [Option<usize>], seen: &mut [bool]) -> bool {
    for have in 0..owner.len() {
        if seen[have] || !fits(want, have) {
            continue;
        }
        seen[have] = true;
        let free = match owner[have] {
            None => true,
            Some(other) => assign(other, fits, owner, seen),
        };
        if free {
            owner[have] = Some(want);
            return true;
        }
    }
    false
}
