//! The settings as points of recall and precision: in characters for a terminal, and as SVG.

use std::fmt::Write as _;

use plotters::prelude::*;

use super::{Setting, Tuning};

const WIDTH: usize = 51;
const HEIGHT: usize = 16;

/// A setting as a point: recall, precision, and what it is.
#[derive(Clone, Copy, Debug, PartialEq)]
struct Spot {
    recall: f64,
    precision: f64,
    kind: Kind,
}

/// What a setting is, the most telling last.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
enum Kind {
    Beaten,
    Front,
    Own,
    Suggested,
}

impl Kind {
    fn sign(self) -> char {
        match self {
            Self::Beaten => '·',
            Self::Front => 'o',
            Self::Own => 'R',
            Self::Suggested => 'S',
        }
    }
}

/// The settings that have a precision and a recall, those that tell most last.
fn spots(tuning: &Tuning) -> Vec<Spot> {
    let spot = |(position, setting): (usize, &Setting)| {
        let instance = setting.figures?.instance;
        let kind = match () {
            () if tuning.suggested() == Some(position) => Kind::Suggested,
            () if position == 0 => Kind::Own,
            () if setting.front => Kind::Front,
            () => Kind::Beaten,
        };
        Some(Spot { recall: instance.recall?.value, precision: instance.precision?.value, kind })
    };
    let mut spots: Vec<Spot> = tuning.settings.iter().enumerate().filter_map(spot).collect();
    spots.sort_by_key(|spot| spot.kind);
    spots
}

/// The chart in characters; nothing where there are no labels.
#[must_use]
pub fn characters(tuning: &Tuning) -> String {
    let spots = spots(tuning);
    if spots.is_empty() {
        return String::new();
    }
    let mut grid = vec![vec![' '; WIDTH]; HEIGHT];
    for spot in &spots {
        grid[HEIGHT - 1 - place(spot.precision, HEIGHT)][place(spot.recall, WIDTH)] = spot.kind.sign();
    }
    let mut text = String::from("precision\n");
    for (line, cells) in grid.iter().enumerate() {
        let label = match line {
            0 => "100 %",
            _ if line == HEIGHT / 2 => " 50 %",
            _ if line == HEIGHT - 1 => "  0 %",
            _ => "     ",
        };
        let cells: String = cells.iter().collect();
        writeln!(text, "{label} |{}", cells.trim_end()).expect("memory takes all");
    }
    writeln!(text, "      +{}", "-".repeat(WIDTH)).expect("memory takes all");
    writeln!(text, "      0 %{:>21}50 %{:>21}100 % recall", "", "").expect("memory takes all");
    text + "R the rule as it is, S suggested, o on the front, · beaten by another setting\n"
}

/// Where a share lies on an axis of so many cells.
#[expect(
    clippy::cast_possible_truncation,
    clippy::cast_sign_loss,
    clippy::cast_precision_loss,
    reason = "a share of a few cells"
)]
fn place(share: f64, cells: usize) -> usize {
    (share * (cells - 1) as f64).round() as usize
}

/// The chart as SVG.
///
/// # Errors
///
/// Where there are no labels, so that nothing has a precision; or the drawing fails.
pub fn svg(tuning: &Tuning) -> Result<String, String> {
    let spots = spots(tuning);
    if spots.is_empty() {
        return Err("there is nothing to draw: a chart needs `--labels`, and labels of this rule".to_owned());
    }
    let mut text = String::new();
    draw(tuning, &spots, &mut text).map_err(|error| format!("the chart cannot be drawn: {error}"))?;
    Ok(text)
}

fn draw(tuning: &Tuning, spots: &[Spot], text: &mut String) -> Result<(), Box<dyn std::error::Error>> {
    let root = SVGBackend::with_string(text, (720, 540)).into_drawing_area();
    root.fill(&WHITE)?;
    let title = format!("{}: precision and recall of {} settings", tuning.rule, spots.len());
    let mut chart = ChartBuilder::on(&root)
        .caption(title, ("sans-serif", 18))
        .margin(16)
        .x_label_area_size(40)
        .y_label_area_size(56)
        .build_cartesian_2d(0.0..1.0, 0.0..1.0)?;
    let percent = |share: &f64| format!("{:.0} %", share * 100.0);
    chart
        .configure_mesh()
        .max_light_lines(1)
        .x_desc("recall (labelled instances)")
        .y_desc("precision (matches)")
        .x_label_formatter(&percent)
        .y_label_formatter(&percent)
        .draw()?;
    for kind in [Kind::Beaten, Kind::Front, Kind::Own, Kind::Suggested] {
        let (colour, size, label) = match kind {
            Kind::Beaten => (RGBColor(170, 170, 170), 3, "beaten by another setting"),
            Kind::Front => (RGBColor(31, 119, 180), 5, "on the front"),
            Kind::Own => (BLACK, 6, "the rule as it is"),
            Kind::Suggested => (RGBColor(214, 39, 40), 6, "suggested"),
        };
        let these: Vec<&Spot> = spots.iter().filter(|spot| spot.kind == kind).collect();
        if these.is_empty() {
            continue;
        }
        let circle = |spot: &&Spot| Circle::new((spot.recall, spot.precision), size, colour.filled());
        chart
            .draw_series(these.iter().map(circle))?
            .label(label)
            .legend(move |(x, y)| Circle::new((x + 8, y), size, colour.filled()));
    }
    chart
        .configure_series_labels()
        .position(SeriesLabelPosition::LowerLeft)
        .border_style(BLACK)
        .background_style(WHITE)
        .draw()?;
    root.present()?;
    Ok(())
}
