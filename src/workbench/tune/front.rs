//! The settings that no other setting beats: as much recall and precision, and as few matches to read.

/// What counts of a setting: recall, precision, and how many matches have to be read.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(super) struct Point {
    pub(super) recall: f64,
    pub(super) precision: f64,
    pub(super) matches: usize,
}

impl Point {
    /// Whether it is as good in everything and better in something.
    fn beats(&self, other: &Self) -> bool {
        let as_good = self.recall >= other.recall && self.precision >= other.precision && self.matches <= other.matches;
        as_good && self != other
    }
}

/// For each setting whether it is on the Pareto front. Of several with the same figures the one that moves fewest
/// parameters is, and of these the first; settings without figures are not. Each stands with how many it moves.
pub(super) fn front(points: &[(Option<Point>, usize)]) -> Vec<bool> {
    let on = |(position, (point, moved)): (usize, &(Option<Point>, usize))| {
        let Some(point) = point else { return false };
        let beaten = points.iter().any(|(other, _)| other.is_some_and(|other| other.beats(point)));
        let first = |(at, (other, others)): (usize, &(Option<Point>, usize))| {
            other.as_ref() == Some(point) && (*others, at) < (*moved, position)
        };
        !beaten && !points.iter().enumerate().any(first)
    };
    points.iter().enumerate().map(on).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_setting_stays_where_nothing_is_better_in_one_thing_and_as_good_in_the_others() {
        let point = |recall, precision, matches| (Some(Point { recall, precision, matches }), 1);
        let points = [
            point(0.5, 0.9, 10),
            point(0.9, 0.5, 20),
            point(0.9, 0.5, 21),
            point(0.5, 0.9, 10),
            (None, 0),
            point(0.4, 0.4, 9),
            point(0.4, 0.4, 10),
        ];
        assert_eq!(front(&points), [true, true, false, false, false, true, false]);
        let alike = [2, 1, 1].map(|moved| (point(0.5, 0.5, 5).0, moved));
        assert_eq!(front(&alike), [false, true, false]);
    }
}
