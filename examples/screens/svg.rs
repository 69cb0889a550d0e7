//! A terminal's screen as an SVG: text and rectangles, and nothing from elsewhere.

use std::fmt::Write;

/// Pixels of one cell, and the size of the letters that fill it.
const CELL: (f32, f32) = (8.4, 18.0);
const LETTERS: f32 = 14.0;
const MARGIN: f32 = 12.0;
const GROUND: &str = "#16181d";
const INK: &str = "#d6d9de";
const BASIC: [&str; 16] = [
    "#1d1f24", "#e06c75", "#8fc573", "#e2b55a", "#61a8f0", "#c678dd", "#56b6c2", "#c8ccd4", "#6b7280", "#f08a92",
    "#a8dc8c", "#f2cc7c", "#85c0ff", "#dc9bee", "#7fd3de", "#ffffff",
];

/// What is the same for the cells of one run.
#[derive(PartialEq)]
struct Look {
    ink: String,
    ground: String,
    bold: bool,
    dim: bool,
    italic: bool,
    underline: bool,
}

/// The screen as a picture.
pub fn svg(screen: &vt100::Screen) -> String {
    let (rows, columns) = screen.size();
    let (width, height) = (f32::from(columns) * CELL.0 + 2.0 * MARGIN, f32::from(rows) * CELL.1 + 2.0 * MARGIN);
    let mut out = format!(
        "<svg xmlns=\"http://www.w3.org/2000/svg\" viewBox=\"0 0 {width:.1} {height:.1}\" width=\"{width:.0}\" \
         height=\"{height:.0}\" font-family=\"'DejaVu Sans Mono','Menlo','Consolas',monospace\" \
         font-size=\"{LETTERS}\">\n<rect width=\"100%\" height=\"100%\" rx=\"8\" fill=\"{GROUND}\"/>\n"
    );
    for row in 0..rows {
        let mut column = 0;
        while column < columns {
            let Some(first) = screen.cell(row, column) else { break };
            let (from, look) = (column, look(first));
            let mut text = String::new();
            while let Some(cell) = screen.cell(row, column).filter(|cell| self::look(cell) == look) {
                if !cell.is_wide_continuation() {
                    text.push_str(if cell.has_contents() { cell.contents() } else { " " });
                }
                column += 1;
                if column == columns {
                    break;
                }
            }
            run(&mut out, row, from, column - from, &look, &text);
        }
    }
    out.push_str("</svg>\n");
    out
}

fn run(out: &mut String, row: u16, column: u16, cells: u16, look: &Look, text: &str) {
    let (x, y) = (MARGIN + f32::from(column) * CELL.0, MARGIN + f32::from(row) * CELL.1);
    let width = f32::from(cells) * CELL.0;
    if look.ground != GROUND {
        let (height, fill) = (CELL.1, &look.ground);
        let _ =
            writeln!(out, "<rect x=\"{x:.1}\" y=\"{y:.1}\" width=\"{width:.1}\" height=\"{height}\" fill=\"{fill}\"/>");
    }
    if text.trim().is_empty() && !look.underline {
        return;
    }
    let mut style = String::new();
    for (set, attribute) in [
        (look.bold, " font-weight=\"bold\""),
        (look.dim, " opacity=\"0.65\""),
        (look.italic, " font-style=\"italic\""),
        (look.underline, " text-decoration=\"underline\""),
    ] {
        if set {
            style.push_str(attribute);
        }
    }
    let text = text.replace('&', "&amp;").replace('<', "&lt;").replace('>', "&gt;");
    // Whatever the font, each run is as wide as its cells: the frames meet.
    let _ = writeln!(
        out,
        "<text x=\"{x:.1}\" y=\"{:.1}\" fill=\"{}\" textLength=\"{width:.1}\" lengthAdjust=\"spacingAndGlyphs\" \
         xml:space=\"preserve\"{style}>{text}</text>",
        y + 13.5,
        look.ink
    );
}

fn look(cell: &vt100::Cell) -> Look {
    let (mut ink, mut ground) = (color(cell.fgcolor(), INK), color(cell.bgcolor(), GROUND));
    if cell.inverse() {
        std::mem::swap(&mut ink, &mut ground);
    }
    Look { ink, ground, bold: cell.bold(), dim: cell.dim(), italic: cell.italic(), underline: cell.underline() }
}

fn color(color: vt100::Color, default: &str) -> String {
    match color {
        vt100::Color::Default => default.to_owned(),
        vt100::Color::Idx(index @ 0..=15) => BASIC[usize::from(index)].to_owned(),
        vt100::Color::Idx(index @ 16..=231) => {
            let part = |step: u8| if step == 0 { 0 } else { 55 + 40 * step };
            let index = index - 16;
            format!("#{:02x}{:02x}{:02x}", part(index / 36), part(index / 6 % 6), part(index % 6))
        }
        vt100::Color::Idx(index) => {
            let grey = 8 + 10 * (index - 232);
            format!("#{grey:02x}{grey:02x}{grey:02x}")
        }
        vt100::Color::Rgb(red, green, blue) => format!("#{red:02x}{green:02x}{blue:02x}"),
    }
}
