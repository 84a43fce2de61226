//! `cargo xtask figures`: the curves of emission in the book, drawn from the rules of
//! `arbius-protocol` themselves.

use std::{ops::Range, path::PathBuf};

use arbius_protocol::emission::{self, HALVING};
use eyre::{bail, eyre};
use plotters::{
    backend::SVGBackend,
    chart::{ChartBuilder, LabelAreaPosition, SeriesLabelPosition},
    drawing::{DrawingAreaErrorKind, IntoDrawingArea as _},
    element::PathElement,
    series::LineSeries,
    style::{BLACK, Color as _, RGBColor, ShapeStyle, WHITE},
};

use crate::workspace;

/// Options of `cargo xtask figures`.
#[derive(clap::Args)]
pub(crate) struct Options {
    /// Only says whether the figures are what the rules give.
    #[arg(long)]
    check: bool,
}

/// Wei in one AIUS, and what a multiplier of 1 is.
const ONE: f64 = 1e18;

/// Width and height in pixels.
const SIZE: (u32, u32) = (1_200, 640);

/// How many points a curve has.
const POINTS: u32 = 600;

/// Blue, orange, green and purple that colour-blind people tell apart, too.
const COLOURS: [RGBColor; 4] = [
    RGBColor(0, 114, 178),
    RGBColor(213, 94, 0),
    RGBColor(0, 158, 115),
    RGBColor(148, 103, 189),
];

/// A curve with the words of its legend.
struct Curve {
    name: String,
    points: Vec<(f64, f64)>,
}

/// What a figure shows.
struct Axes {
    title: &'static str,
    x: Range<f64>,
    x_name: &'static str,
    y: Range<f64>,
    y_name: &'static str,
    /// How a value of the second axis is written.
    y_label: fn(f64) -> String,
    legend: SeriesLabelPosition,
}

/// Writes the figures into the book, or says which are not what the rules give.
pub(crate) fn run(options: &Options) -> eyre::Result<()> {
    for (name, text) in figures()? {
        let path = folder().join(name);
        if !options.check {
            std::fs::write(&path, text)?;
        } else if std::fs::read_to_string(&path).ok().as_deref() != Some(&text) {
            bail!("{name} is not what the rules give: run `cargo xtask figures`");
        }
    }
    Ok(())
}

/// Where the figures lie.
fn folder() -> PathBuf {
    workspace::root().join("docs/src/internals")
}

/// Every figure, by the name of its file.
fn figures() -> eyre::Result<[(&'static str, String); 4]> {
    Ok([
        ("target-supply.svg", target_supply()?),
        ("difficulty.svg", difficulty()?),
        ("reward.svg", reward()?),
        ("pace.svg", pace()?),
    ])
}

/// What mining should have emitted by when.
fn target_supply() -> eyre::Result<String> {
    let target = |years: f64| emission::target_supply(seconds(years)) as f64 / ONE;
    let curve = Curve {
        name: "target".into(),
        points: steps(0.0..10.0)
            .map(|years| (years, target(years)))
            .collect(),
    };
    let axes = Axes {
        title: "What mining should have emitted",
        x: 0.0..10.0,
        x_name: "years since the start",
        y: 0.0..600_000.0,
        y_name: "AIUS",
        y_label: grouped,
        legend: SeriesLabelPosition::UpperRight,
    };
    draw(&axes, &[curve])
}

/// The multiplier of rewards by how far emission is from its target.
fn difficulty() -> eyre::Result<String> {
    let target = emission::target_supply(HALVING);
    let points = steps(0.92..1.2)
        .filter_map(|share| {
            let supply = (share * target as f64) as u128;
            let multiplier = emission::difficulty(HALVING, supply).ok()? as f64 / ONE;
            (multiplier > 0.0).then_some((share * 100.0, multiplier.log10()))
        })
        .collect();
    let axes = Axes {
        title: "The multiplier of rewards",
        x: 92.0..120.0,
        x_name: "emitted, in percent of the target",
        y: -6.0..3.0,
        y_name: "multiplier",
        y_label: power_of_ten,
        legend: SeriesLabelPosition::UpperRight,
    };
    let curve = Curve {
        name: "multiplier".into(),
        points,
    };
    draw(&axes, &[curve])
}

/// What a claim of a model of rate 1 earns over the years.
fn reward() -> eyre::Result<String> {
    let curves = [0.98, 0.99, 1.0, 1.01].map(|share: f64| {
        let reward = |years: f64| {
            let supply = emission::target_supply(seconds(years)) as f64 * share;
            Some(emission::reward(seconds(years), supply as u128).ok()? as f64 / ONE)
        };
        Curve {
            name: match share {
                1.0 => "on target".into(),
                _ if share < 1.0 => format!("{:.0} % behind", (1.0 - share) * 100.0),
                _ => format!("{:.0} % ahead", (share - 1.0) * 100.0),
            },
            points: steps(0.01..6.0)
                .filter_map(|years| Some((years, reward(years)?)))
                .collect(),
        }
    });
    let axes = Axes {
        title: "What a claim emits, for a model of rate 1",
        x: 0.0..6.0,
        x_name: "years since the start",
        y: 0.0..4.0,
        y_name: "AIUS",
        y_label: |aius| format!("{aius:.1}"),
        legend: SeriesLabelPosition::UpperRight,
    };
    draw(&axes, &curves)
}

/// How emission follows its target, with more and fewer claims a day.
fn pace() -> eyre::Result<String> {
    const DAY: u64 = 86_400;
    const DAYS: u64 = 365;
    let mut curves: Vec<_> = [100, 10, 5]
        .map(|daily: u64| {
            let mut emitted = 0;
            let mut points = vec![(0.0, 0.0)];
            for number in 1..=DAYS * daily {
                let time = number * DAY / daily;
                emitted += emission::claim(Some(time), emitted, 10_u128.pow(18));
                if number % daily == 0 {
                    points.push((time as f64 / DAY as f64, emitted as f64 / ONE));
                }
            }
            Curve {
                name: format!("{daily} claims a day"),
                points,
            }
        })
        .into();
    let target = |days: f64| emission::target_supply((days * DAY as f64) as u64) as f64 / ONE;
    curves.push(Curve {
        name: "target".into(),
        points: steps(0.0..DAYS as f64)
            .map(|days| (days, target(days)))
            .collect(),
    });
    let axes = Axes {
        title: "What is emitted in the first year",
        x: 0.0..DAYS as f64,
        x_name: "days since the start",
        y: 0.0..320_000.0,
        y_name: "AIUS",
        y_label: grouped,
        legend: SeriesLabelPosition::UpperLeft,
    };
    draw(&axes, &curves)
}

/// The points of a range at which a curve is drawn.
fn steps(range: Range<f64>) -> impl Iterator<Item = f64> {
    let step = (range.end - range.start) / f64::from(POINTS);
    (0..=POINTS).map(move |number| range.start + step * f64::from(number))
}

fn seconds(years: f64) -> u64 {
    (years * HALVING as f64) as u64
}

/// A number with its thousands apart.
fn grouped(number: f64) -> String {
    let digits = format!("{number:.0}");
    let mut text = String::new();
    for (place, digit) in digits.chars().enumerate() {
        if place > 0 && (digits.len() - place).is_multiple_of(3) {
            text.push(',');
        }
        text.push(digit);
    }
    text
}

/// A power of ten in full: its exponent is what the axis counts.
fn power_of_ten(exponent: f64) -> String {
    match 10_f64.powf(exponent.round()) {
        power if power >= 1.0 => grouped(power),
        power => format!("{power}"),
    }
}

/// Draws curves between axes, as the text of an SVG file.
fn draw(axes: &Axes, curves: &[Curve]) -> eyre::Result<String> {
    let mut text = String::new();
    drawn(&mut text, axes, curves).map_err(|error| eyre!("{}: {error}", axes.title))?;
    Ok(text)
}

fn drawn(
    text: &mut String,
    axes: &Axes,
    curves: &[Curve],
) -> Result<(), DrawingAreaErrorKind<std::io::Error>> {
    let area = SVGBackend::with_string(text, SIZE).into_drawing_area();
    area.fill(&WHITE)?;
    let mut chart = ChartBuilder::on(&area)
        .caption(axes.title, ("sans-serif", 30))
        .margin(20)
        .set_label_area_size(LabelAreaPosition::Bottom, 64)
        .set_label_area_size(LabelAreaPosition::Left, 110)
        .build_cartesian_2d(axes.x.clone(), axes.y.clone())?;
    chart
        .configure_mesh()
        .x_desc(axes.x_name)
        .y_desc(axes.y_name)
        .x_label_formatter(&|x| grouped(*x))
        .y_label_formatter(&|y| (axes.y_label)(*y))
        .y_labels(10)
        .label_style(("sans-serif", 20))
        .light_line_style(BLACK.mix(0.04))
        .bold_line_style(BLACK.mix(0.12))
        .draw()?;
    for (curve, colour) in curves.iter().zip(COLOURS) {
        let style = ShapeStyle::from(colour).stroke_width(3);
        chart
            .draw_series(LineSeries::new(curve.points.iter().copied(), style))?
            .label(&curve.name)
            .legend(move |(x, y)| PathElement::new([(x, y), (x + 28, y)], style));
    }
    if curves.len() > 1 {
        chart
            .configure_series_labels()
            .position(axes.legend.clone())
            .legend_area_size(40)
            .label_font(("sans-serif", 20))
            .background_style(WHITE.mix(0.9))
            .border_style(BLACK.mix(0.3))
            .draw()?;
    }
    area.present()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_figures_of_the_book_are_what_the_rules_give() {
        run(&Options { check: true }).unwrap();
    }
}
