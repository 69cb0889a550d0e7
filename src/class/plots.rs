//! The figures as plots, drawn as SVG.

use plotters::{
    prelude::*,
    style::text_anchor::{HPos, Pos, VPos},
};

use super::figures::Figures;
use crate::sanitize::written_out;

/// What a row of a plot is made of: parts that stand one behind the other.
struct Bars {
    /// What the parts mean, each with its colour.
    parts: Vec<(&'static str, RGBColor)>,
    rows: Vec<(String, Vec<f64>)>,
}

const GOOD: RGBColor = RGBColor(23, 113, 74);
const MIDDLING: RGBColor = RGBColor(199, 146, 52);
const BAD: RGBColor = RGBColor(179, 38, 30);
const REST: RGBColor = RGBColor(201, 197, 187);
const INK: RGBColor = RGBColor(34, 37, 42);
const SOFT: RGBColor = RGBColor(106, 111, 120);

const WIDE: u32 = 920;
/// For the names of the rows.
const LABELS: u32 = 330;
const ROW: u32 = 30;
/// Above and below the rows: the key, and the axis.
const KEY: u32 = 30;
const AXIS: u32 = 34;
const FONT: &str = "sans-serif";
/// Characters of a row's name.
const MOST_NAME: usize = 46;
/// Rows of one plot.
const MOST_ROWS: usize = 40;

/// Figure 1: who started and who solved, per lesson.
pub fn lessons(figures: &Figures) -> String {
    let parts = vec![("solved", GOOD), ("shown the fix", MIDDLING), ("not solved", REST)];
    let lessons = figures.lessons.iter().filter(|lesson| lesson.has_bug && !lesson.started.is_empty());
    let rows = lessons.map(|lesson| {
        let (solved, shown) = (lesson.solved.len(), lesson.shown.len());
        let open = lesson.started.iter().filter(|one| !lesson.solved.contains(one) && !lesson.shown.contains(one));
        (lesson.title.clone(), vec![solved as f64, shown as f64, open.count() as f64])
    });
    bars(&Bars { parts, rows: rows.collect() }, "learners")
}

/// Figure 2: how each broken link was mended.
pub fn hops(figures: &Figures) -> String {
    let parts = vec![("at the first try", GOOD), ("with more tries", MIDDLING), ("not mended", REST)];
    let rows = figures.hops.iter().map(|hop| {
        let (first, later) = (hop.first_try.len(), hop.later.len());
        (hop.title.clone(), vec![first as f64, later as f64, (hop.met.len() - first - later) as f64])
    });
    bars(&Bars { parts, rows: rows.collect() }, "learners")
}

/// Figure 3: the wrong turns that most met.
pub fn wrong_turns(figures: &Figures) -> String {
    let rows = figures.wrong_turns.iter().map(|turn| (turn.title.clone(), vec![turn.who.len() as f64]));
    bars(&Bars { parts: vec![("met it", BAD)], rows: rows.collect() }, "learners")
}

/// Figure 4: minutes to the live fix, a point a learner, the median as a line.
pub fn seconds(figures: &Figures) -> String {
    let rows: Vec<_> = figures.lessons.iter().filter(|lesson| !lesson.seconds.each.is_empty()).collect();
    let most =
        rows.iter().flat_map(|lesson| &lesson.seconds.each).map(|(_, seconds)| seconds / 60.0).fold(1.0, f64::max);
    let names = rows.iter().map(|lesson| lesson.title.as_str());
    plot(&names.collect::<Vec<_>>(), &[("one learner", SOFT), ("median", BAD)], most, "minutes", |row| {
        let each = &rows[row].seconds;
        let points = each.each.iter().map(|(_, seconds)| Mark::Point(seconds / 60.0, SOFT));
        points.chain(each.median.map(|seconds| Mark::Line(seconds / 60.0, BAD))).collect()
    })
}

/// Figure 5: what came of the deepest hint.
pub fn hints(figures: &Figures) -> String {
    let parts = vec![("solved", GOOD), ("shown the fix", MIDDLING), ("not solved", REST)];
    let rows = figures.lessons.iter().filter(|lesson| lesson.has_bug).flat_map(|lesson| {
        lesson.hints.iter().map(move |hint| {
            let counts = [&hint.solved, &hint.shown, &hint.open].map(|who| who.len() as f64);
            (format!("{}: {}", lesson.title, hint.words()), counts.to_vec())
        })
    });
    let rows = rows.filter(|(_, counts)| counts.iter().any(|count| *count > 0.0));
    bars(&Bars { parts, rows: rows.collect() }, "learners")
}

/// Figure 6: what the looks could say.
pub fn looks(figures: &Figures) -> String {
    let looks = &figures.looks;
    let said = looks.all.saturating_sub(looks.not_live + looks.could_not_tell);
    let rows = vec![
        ("judged".to_owned(), vec![said as f64, 0.0, 0.0]),
        ("not live yet".to_owned(), vec![0.0, looks.not_live as f64, 0.0]),
        ("could not tell".to_owned(), vec![0.0, 0.0, looks.could_not_tell as f64]),
    ];
    let rows = if looks.all == 0 { vec![] } else { rows };
    bars(&Bars { parts: vec![("", GOOD), ("", MIDDLING), ("", REST)], rows }, "looks")
}

/// What is drawn in a row.
enum Mark {
    /// From where, to where.
    Bar(f64, f64, RGBColor),
    Point(f64, RGBColor),
    Line(f64, RGBColor),
    /// A number behind the bars.
    Count(f64, String),
}

fn bars(bars: &Bars, unit: &str) -> String {
    let total = |counts: &[f64]| counts.iter().sum::<f64>();
    let most = bars.rows.iter().map(|(_, counts)| total(counts)).fold(1.0, f64::max);
    let names: Vec<&str> = bars.rows.iter().map(|(name, _)| name.as_str()).collect();
    plot(&names, &bars.parts, most, unit, |row| {
        let counts = &bars.rows[row].1;
        let mut from = 0.0;
        let mut marks = Vec::new();
        for (count, (_, colour)) in counts.iter().zip(&bars.parts) {
            marks.push(Mark::Bar(from, from + count, *colour));
            from += count;
        }
        let told: Vec<String> = counts.iter().filter(|count| **count > 0.0).map(f64::to_string).collect();
        marks.push(Mark::Count(from, told.join(" + ")));
        marks
    })
}

/// A plot with a row for each name; empty without rows.
fn plot(names: &[&str], key: &[(&str, RGBColor)], most: f64, unit: &str, marks: impl Fn(usize) -> Vec<Mark>) -> String {
    if names.is_empty() {
        return String::new();
    }
    let mut svg = String::new();
    draw(&mut svg, &names[..names.len().min(MOST_ROWS)], key, most, unit, marks).expect("memory takes it");
    svg
}

fn draw(
    svg: &mut String,
    names: &[&str],
    key: &[(&str, RGBColor)],
    most: f64,
    unit: &str,
    marks: impl Fn(usize) -> Vec<Mark>,
) -> Result<(), Box<dyn std::error::Error>> {
    let height = KEY + ROW * u32::try_from(names.len())? + AXIS;
    let root = SVGBackend::with_string(svg, (WIDE, height)).into_drawing_area();
    // Room for the number behind the longest row.
    let (rows, right) = (names.len() as f64, most * 1.12);
    let mut chart = ChartBuilder::on(&root)
        .margin_top(KEY)
        .margin_right(10)
        .x_label_area_size(AXIS)
        .y_label_area_size(LABELS)
        .build_cartesian_2d(0.0..right, 0.0..rows)?;
    let whole = |value: &f64| if value.fract().abs() < 1e-9 { format!("{value:.0}") } else { String::new() };
    chart
        .configure_mesh()
        .disable_y_mesh()
        .disable_y_axis()
        .x_labels(8)
        .x_label_formatter(&whole)
        .light_line_style(TRANSPARENT)
        .bold_line_style(RGBColor(236, 233, 226))
        .axis_style(REST)
        .label_style((FONT, 12).into_font().color(&SOFT))
        .draw()?;
    let text = |size: i32, colour: &'static RGBColor, side: HPos| {
        TextStyle::from((FONT, size).into_font()).color(colour).pos(Pos::new(side, VPos::Center))
    };
    for (row, name) in names.iter().enumerate() {
        let (low, middle, high) = (rows - row as f64 - 0.78, rows - row as f64 - 0.5, rows - row as f64 - 0.22);
        let at = |value: f64| chart.backend_coord(&(value, middle));
        let (left, y) = at(0.0);
        root.draw(&Text::new(cut(name), (left - 10, y), text(14, &INK, HPos::Right)))?;
        for mark in marks(row) {
            match mark {
                Mark::Bar(from, to, colour) => {
                    let corner = |value, height| chart.backend_coord(&(value, height));
                    root.draw(&Rectangle::new([corner(from, high), corner(to, low)], colour.filled()))?;
                }
                Mark::Point(value, colour) => {
                    root.draw(&Circle::new(at(value), 4, colour.mix(0.45).filled()))?;
                }
                Mark::Line(value, colour) => {
                    let line = [chart.backend_coord(&(value, high)), chart.backend_coord(&(value, low))];
                    root.draw(&PathElement::new(line.to_vec(), colour.stroke_width(3)))?;
                }
                Mark::Count(value, words) => {
                    let (x, y) = at(value);
                    root.draw(&Text::new(words, (x + 8, y), text(13, &SOFT, HPos::Left)))?;
                }
            }
        }
    }
    let mut x = i32::try_from(LABELS)?;
    for (words, colour) in key.iter().filter(|(words, _)| !words.is_empty()) {
        root.draw(&Rectangle::new([(x, 9), (x + 12, 21)], colour.filled()))?;
        root.draw(&Text::new((*words).to_owned(), (x + 18, 15), text(13, &SOFT, HPos::Left)))?;
        x += 40 + 8 * i32::try_from(words.len())?;
    }
    let end = (i32::try_from(WIDE)? - 10, i32::try_from(height)? - 6);
    root.draw(&Text::new(unit.to_owned(), end, text(12, &SOFT, HPos::Right)))?;
    root.present()?;
    Ok(())
}

fn cut(name: &str) -> String {
    let name = written_out(name.trim());
    match name.char_indices().nth(MOST_NAME) {
        Some((end, _)) => format!("{}…", name[..end].trim_end()),
        None => name,
    }
}
