//! The values at which parameters are tried: as `--param` writes them, or a few around the values in force.

use crate::columns::{Ratio, Span};
use crate::lang::{Parameter, Value};

/// Values of a range that is written without a step.
const EVENLY: usize = 5;

/// A parameter and the values at which it is tried.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Axis {
    /// Its name.
    pub name: String,
    /// The values, in order, each once.
    pub values: Vec<Value>,
    /// The value in force: the default, or what the run sets.
    pub own: Value,
    /// What it means.
    pub help: String,
}

impl Axis {
    fn new(parameter: &Parameter, mut values: Vec<Value>) -> Self {
        values.sort_by(compare);
        values.dedup();
        let Parameter { name, value, help, .. } = parameter;
        Self { name: name.clone(), values, own: value.clone(), help: help.clone() }
    }
}

/// Reads `p=3..10`, `p=3..10/2`, `p=3..10/x4` or `p=3,5,8`.
///
/// # Errors
///
/// What is wrong with it, and the way out.
pub fn read(text: &str, parameters: &[Parameter]) -> Result<Axis, String> {
    let (name, values) = text.split_once('=').ok_or_else(|| format!("`{text}` names no values: write `p=3..10/2`"))?;
    let names = || parameters.iter().map(|parameter| format!("`{}`", parameter.name)).collect::<Vec<_>>().join(", ");
    let found = parameters.iter().find(|parameter| parameter.name == name.trim());
    let parameter = found.ok_or_else(|| format!("the rule has no parameter `{name}`; there are {}", names()))?;
    if matches!(parameter.default, Value::Text(_)) {
        return Err(format!("`{name}` is a text, and texts are not tuned; set it with `--set`"));
    }
    let all = listed(values, parameter).ok_or_else(|| {
        let example = &parameter.default;
        format!("`{values}` are no values of `{name}`: write `lo..hi`, `lo..hi/step`, `lo..hi/x5` or `{example},…`")
    })?;
    if let Some(outside) = all.iter().find(|value| !is_inside(value, parameter)) {
        let (low, high) = parameter.range.as_ref().expect("only a range leaves something outside");
        return Err(format!("`{name}={outside}` is outside its range; choose values from `{low}` to `{high}`"));
    }
    Ok(Axis::new(parameter, all))
}

fn listed(text: &str, parameter: &Parameter) -> Option<Vec<Value>> {
    let value = |text: &str| {
        let value = Value::read(text);
        let fits = std::mem::discriminant(&value) == std::mem::discriminant(&parameter.default);
        fits.then_some(value)
    };
    let Some((low, rest)) = text.split_once("..") else { return text.split(',').map(value).collect() };
    let (high, step) = rest.split_once('/').map_or((rest, None), |(high, step)| (high, Some(step.trim())));
    let (low, high) = (value(low)?, value(high)?);
    if compare(&low, &high).is_gt() {
        return None;
    }
    match step {
        None => Some(evenly(&low, &high, EVENLY, parameter)),
        Some(step) => match step.strip_prefix('x') {
            Some(count) => Some(evenly(&low, &high, count.parse().ok().filter(|count| *count > 0)?, parameter)),
            None => stepwise(&low, &high, &value(step)?),
        },
    }
}

/// A few values around the one in force, inside the parameter's range; nothing for texts and where there is no range.
#[must_use]
pub fn around(parameter: &Parameter) -> Option<Axis> {
    let (low, high) = parameter.range.as_ref()?;
    let own = &parameter.value;
    let two = Value::Number(Ratio::new(2, 1)?);
    let [half, double] = ['/', '*'].map(|sign| shaped(&own.combined(sign, &two)?, parameter));
    let near = [half?, own.clone(), double?];
    let clipped = near.into_iter().map(|value| {
        let value = if compare(&value, low).is_lt() { low.clone() } else { value };
        if compare(&value, high).is_gt() { high.clone() } else { value }
    });
    let axis = Axis::new(parameter, clipped.collect());
    (axis.values.len() > 1).then_some(axis)
}

fn is_inside(value: &Value, parameter: &Parameter) -> bool {
    parameter.range.as_ref().is_none_or(|(low, high)| compare(value, low).is_ge() && compare(value, high).is_le())
}

/// The order of two values of one kind.
pub(super) fn compare(a: &Value, b: &Value) -> std::cmp::Ordering {
    match (a, b) {
        (Value::Number(a), Value::Number(b)) => a.cmp(b),
        (Value::Duration(a), Value::Duration(b)) => a.cmp(b),
        _ => a.to_string().cmp(&b.to_string()),
    }
}

/// Whether only whole numbers make sense: the default and both ends of the range are whole.
fn is_whole(parameter: &Parameter) -> bool {
    let whole = |value: &Value| matches!(value, Value::Number(number) if number.denominator() == 1);
    whole(&parameter.default) && parameter.range.as_ref().is_none_or(|(low, high)| whole(low) && whole(high))
}

/// A value as an author would write it: whole where only whole numbers make sense, else with four decimals at most, and
/// durations in round units; rounded down. Nothing for texts.
fn shaped(value: &Value, parameter: &Parameter) -> Option<Value> {
    match value {
        Value::Number(number) => {
            let scale = if is_whole(parameter) { 1 } else { 10_000 };
            let scaled = i128::from(number.numerator()) * scale;
            Ratio::new(scaled.div_euclid(number.denominator().into()), scale).map(Value::Number)
        }
        Value::Duration(span) => Some(Value::Duration(rounded(span.0))),
        Value::Text(_) => None,
    }
}

/// A length of time rounded down to whole days, hours, minutes or seconds, whichever is the largest that leaves two.
fn rounded(micros: i64) -> Span {
    let units = [Span::DAY, Span::HOUR, Span::MINUTE, Span::SECOND];
    let unit = units.into_iter().find(|unit| micros >= 2 * unit.0).unwrap_or(Span(1));
    Span(micros / unit.0 * unit.0)
}

/// So many values from one end to the other.
fn evenly(low: &Value, high: &Value, count: usize, parameter: &Parameter) -> Vec<Value> {
    let last = i128::try_from(count.max(2) - 1).expect("a count fits");
    let between = |place: i128| {
        let share = Value::Number(Ratio::new(place, last)?);
        let value = high.combined('-', low)?.combined('*', &share)?.combined('+', low)?;
        shaped(&value, parameter)
    };
    let inner = (1..last).filter_map(between).filter(|value| compare(value, low).is_gt());
    let ends = if count == 1 { vec![low.clone()] } else { vec![low.clone(), high.clone()] };
    ends.into_iter().chain(inner).collect()
}

/// Values that begin at one end and go on by a step; nothing where the step leads nowhere.
fn stepwise(low: &Value, high: &Value, step: &Value) -> Option<Vec<Value>> {
    const MOST: usize = 10_000; // a grid beyond it is refused for its size anyway
    let positive = match step {
        Value::Number(step) => step.numerator() > 0,
        Value::Duration(step) => step.0 > 0,
        Value::Text(_) => false,
    };
    if !positive {
        return None;
    }
    let mut values = vec![low.clone()];
    while values.len() < MOST {
        let next = values.last().expect("one value").combined('+', step)?;
        if compare(&next, high).is_gt() {
            break;
        }
        values.push(next);
    }
    Some(values)
}

/// The settings that some axes make, as positions of values on each axis; the first is not special.
///
/// All combinations where they are at most `most`; else, where `alone` allows that, each axis moved alone.
///
/// # Errors
///
/// How many settings there would be.
pub fn settings(axes: &[Axis], most: usize, alone: bool) -> Result<(Vec<Vec<Value>>, bool), usize> {
    let count = axes.iter().try_fold(1usize, |count, axis| count.checked_mul(axis.values.len())).unwrap_or(usize::MAX);
    if count <= most {
        let mut all: Vec<Vec<Value>> = vec![Vec::new()];
        for axis in axes {
            let with = |setting: &Vec<Value>, value: &Value| setting.iter().chain([value]).cloned().collect();
            all = all.iter().flat_map(|setting| axis.values.iter().map(move |value| with(setting, value))).collect();
        }
        return Ok((all, false));
    }
    let own: Vec<Value> = axes.iter().map(|axis| axis.own.clone()).collect();
    let moved = |(place, axis): (usize, &Axis)| {
        let others = axis.values.iter().filter(|value| **value != axis.own).cloned();
        let own = own.clone();
        others
            .map(move |value| {
                own.iter().enumerate().map(|(at, own)| if at == place { value.clone() } else { own.clone() }).collect()
            })
            .collect::<Vec<Vec<Value>>>()
    };
    let all: Vec<Vec<Value>> = axes.iter().enumerate().flat_map(moved).collect();
    if alone && all.len() < most { Ok((all, true)) } else { Err(count) }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn parameter(default: &str, range: &str) -> Parameter {
        let (low, high) = range.split_once("..").expect("a range");
        let (default, range) = (Value::read(default), Some((Value::read(low), Value::read(high))));
        Parameter { name: "p".to_owned(), value: default.clone(), default, range, help: String::new() }
    }

    fn shown(values: &[Value]) -> String {
        values.iter().map(ToString::to_string).collect::<Vec<_>>().join(" ")
    }

    #[test]
    fn values_are_a_list_a_step_a_count_or_five() {
        for (default, range, text, wanted) in [
            ("4", "2..100", "p=3,8,5", "3 5 8"),
            ("4", "2..100", "p=3..10/3", "3 6 9"),
            ("4", "2..100", "p=3..10/x3", "3 6 10"),
            ("4", "2..100", "p=3..10", "3 4 6 8 10"),
            ("4", "2..100", "p=3..4", "3 4"),
            ("0.2", "0..0.5", "p=0..0.4/0.1", "0 0.1 0.2 0.3 0.4"),
            ("0.2", "0..0.5", "p=0..0.2/x4", "0 0.0666 0.1333 0.2"),
            ("7d", "1d..30d", "p=1d..7d/2d", "1d 3d 5d 7d"),
            ("7d", "1d..30d", "p=12h..3d/x3", ""),
            ("7d", "1h..30d", "p=12h..3d/x3", "12h 42h 3d"),
        ] {
            let axis = read(text, &[parameter(default, range)]);
            assert_eq!(axis.map_or(String::new(), |axis| shown(&axis.values)), wanted, "{text}");
        }
    }

    #[test]
    fn what_cannot_be_tried_is_refused_with_a_way_out() {
        let text = Parameter { range: None, default: Value::read("wire"), ..parameter("4", "2..100") };
        for (given, wrong, says) in [
            (parameter("4", "2..100"), "p", "names no values"),
            (parameter("4", "2..100"), "q=3", "there are `p`"),
            (parameter("4", "2..100"), "p=1..9", "choose values from `2` to `100`"),
            (parameter("4", "2..100"), "p=3d", "are no values"),
            (parameter("4", "2..100"), "p=9..3", "are no values"),
            (parameter("4", "2..100"), "p=3..9/0", "are no values"),
            (text, "p=card", "texts are not tuned"),
        ] {
            let error = read(wrong, &[given]).expect_err(wrong);
            assert!(error.contains(says), "{wrong}: {error}");
        }
    }

    #[test]
    fn around_a_value_are_its_half_and_its_double_inside_the_range() {
        for (default, range, wanted) in [
            ("4", "2..100", "2 4 8"),
            ("5", "5..8", "5 8"),
            ("1.5", "1..100", "1 1.5 3"),
            ("35d", "1d..400d", "17d 35d 70d"),
            ("1d", "1h..30d", "12h 1d 2d"),
            ("0", "0..10", ""),
        ] {
            let axis = around(&parameter(default, range));
            assert_eq!(axis.map_or(String::new(), |axis| shown(&axis.values)), wanted, "{default}");
        }
    }

    #[test]
    fn too_many_combinations_move_each_parameter_alone_or_are_refused() {
        let axes: Vec<Axis> = (0..3).filter_map(|_| around(&parameter("4", "2..100"))).collect();
        assert_eq!(settings(&axes, 27, false).map(|(all, alone)| (all.len(), alone)), Ok((27, false)));
        let (all, alone) = settings(&axes, 26, true).expect("seven are few");
        assert_eq!((all.len(), alone), (6, true), "all but the rule as it is");
        assert_eq!(settings(&axes, 26, false), Err(27));
        assert_eq!(settings(&axes, 5, true), Err(27));
    }
}
