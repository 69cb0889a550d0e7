//! Colours and weights. Three colours mean something (works, broken, attention), and there is never a background.
//!
//! On a dark ground the terminal's own sixteen are used. On a light one those are too pale in most terminals (a yellow, a
//! green, a cyan that can hardly be read on white), so there it is the darker ones of the fixed 256, where the terminal has
//! them.

use ratatui::style::{Color, Modifier, Style};
use serde::{Deserialize, Serialize};

/// Whether colours are used.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum ColorChoice {
    /// On, unless `NO_COLOR` is set or the terminal is `dumb`.
    #[default]
    Auto,
    /// On.
    Always,
    /// Off.
    Never,
}

/// Which colours are used.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Palette {
    /// For a light terminal where it says that it is one, else for a dark one.
    #[default]
    Auto,
    /// For a dark background.
    Dark,
    /// For a light one.
    Light,
    /// Cyan and yellow in place of green and red; for a light terminal where it says that it is one.
    #[serde(alias = "color-blind")]
    ColourBlind,
    /// Blue and orange in place of green and red, for a light background.
    #[serde(alias = "color-blind-light")]
    ColourBlindLight,
    /// Weights only.
    Mono,
}

impl Palette {
    /// As it is written in the settings.
    pub fn name(self) -> &'static str {
        match self {
            Self::Auto => "auto",
            Self::Dark => "dark",
            Self::Light => "light",
            Self::ColourBlind => "colour-blind",
            Self::ColourBlindLight => "colour-blind-light",
            Self::Mono => "mono",
        }
    }
}

/// The styles of the screen.
///
/// Without colour every style is [`Color::Reset`] with a modifier: the backend then sends no colour command, which would
/// wipe out the modifiers where `NO_COLOR` is set.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Theme {
    palette: Palette,
    /// The terminal has sixteen colours, and no more.
    sixteen: bool,
}

impl Theme {
    /// With the terminal's sixteen colours, on a dark ground.
    pub const COLOUR: Self = Self { palette: Palette::Dark, sixteen: false };
    /// With weights only.
    pub const MONO: Self = Self { palette: Palette::Mono, sixteen: false };

    /// The theme for this choice; `no_color` and `term` are the environment's `NO_COLOR` and `TERM`.
    pub fn choose(choice: ColorChoice, no_color: Option<&str>, term: Option<&str>) -> Self {
        match choice {
            ColorChoice::Always => Self::COLOUR,
            ColorChoice::Never => Self::MONO,
            ColorChoice::Auto if no_color.is_some_and(|value| !value.is_empty()) || term == Some("dumb") => Self::MONO,
            ColorChoice::Auto => Self::COLOUR,
        }
    }

    /// The same with another palette, where colours are used at all; `background` is the environment's `COLORFGBG`.
    pub fn with(self, palette: Palette, background: Option<&str>) -> Self {
        let light = background.and_then(|both| both.rsplit(';').next()).is_some_and(|last| matches!(last, "7" | "15"));
        match palette {
            _ if !self.is_coloured() => self,
            Palette::Auto if light => Self { palette: Palette::Light, ..self },
            Palette::Auto => Self { palette: Palette::Dark, ..self },
            Palette::ColourBlind if light => Self { palette: Palette::ColourBlindLight, ..self },
            palette => Self { palette, ..self },
        }
    }

    /// The same for what this terminal can show; `term` and `colorterm` are the environment's `TERM` and `COLORTERM`.
    pub fn shown_by(self, term: Option<&str>, colorterm: Option<&str>) -> Self {
        let many = term.is_some_and(|term| {
            ["256", "direct", "kitty", "alacritty", "ghostty"].iter().any(|has| term.contains(has))
        });
        Self { sixteen: !many && colorterm.is_none_or(str::is_empty), ..self }
    }

    /// Whether colours are used.
    pub fn is_coloured(self) -> bool {
        self.palette != Palette::Mono
    }

    /// The colour as this palette has it; the caller names it as on a dark ground.
    fn ink(self, colour: Color) -> Color {
        use Color::{Blue, Cyan, Green, Indexed, LightBlue, Magenta, Red, Yellow};
        match (self.palette, colour) {
            // Of the sixteen, those that can be read on white.
            (Palette::Light, Yellow | Cyan) if self.sixteen => Magenta,
            (Palette::Light, Green | Red | Magenta | Blue) if self.sixteen => colour,
            (Palette::ColourBlindLight, Green | Blue | Cyan) if self.sixteen => Blue,
            (Palette::ColourBlindLight, Red) if self.sixteen => Red,
            (Palette::ColourBlindLight, Yellow | Magenta) if self.sixteen => Magenta,
            (Palette::Light, Green) => Indexed(28),
            (Palette::Light, Red) => Indexed(160),
            (Palette::Light, Yellow) => Indexed(130),
            (Palette::ColourBlindLight, Green) => Indexed(25),
            (Palette::ColourBlindLight, Red) => Indexed(130),
            (Palette::ColourBlindLight, Yellow) => Indexed(90),
            (Palette::Light | Palette::ColourBlindLight, Cyan) => Indexed(24),
            (Palette::Light | Palette::ColourBlindLight, Magenta) => Indexed(90),
            (Palette::Light | Palette::ColourBlindLight, Blue) => Indexed(25),
            (Palette::ColourBlind, Green) => Cyan,
            (Palette::ColourBlind, Red) => Yellow,
            (Palette::ColourBlind, Yellow) => Magenta,
            // The plain one can hardly be read on black.
            (_, Blue) => LightBlue,
            (_, colour) => colour,
        }
    }

    fn colour(self, colour: Color, otherwise: Modifier) -> Style {
        if self.is_coloured() { Style::new().fg(self.ink(colour)) } else { Style::new().add_modifier(otherwise) }
    }

    /// What works.
    pub fn good(self) -> Style {
        self.colour(Color::Green, Modifier::empty())
    }

    /// What is broken.
    pub fn bad(self) -> Style {
        self.colour(Color::Red, Modifier::BOLD)
    }

    /// What asks for attention.
    pub fn attention(self) -> Style {
        self.colour(Color::Yellow, Modifier::BOLD)
    }

    /// Code and commands in prose.
    pub fn code(self) -> Style {
        self.colour(Color::Cyan, Modifier::UNDERLINED)
    }

    /// Keywords and keys in a file.
    pub fn keyword(self) -> Style {
        self.colour(Color::Magenta, Modifier::BOLD)
    }

    /// Strings and numbers in a file.
    pub fn literal(self) -> Style {
        self.colour(Color::Cyan, Modifier::empty())
    }

    /// A command that was typed for the learner, and keys.
    pub fn command(self) -> Style {
        Style::new().add_modifier(Modifier::BOLD)
    }

    /// Titles and strong words.
    pub fn strong(self) -> Style {
        Style::new().add_modifier(Modifier::BOLD)
    }

    /// What may be overlooked.
    pub fn faint(self) -> Style {
        Style::new().add_modifier(Modifier::DIM)
    }

    /// Emphasis in prose.
    pub fn emphasis(self) -> Style {
        Style::new().add_modifier(Modifier::ITALIC)
    }

    /// The line that a list is at, and found text.
    pub fn selected(self) -> Style {
        Style::new().add_modifier(Modifier::REVERSED)
    }

    /// Borders of a pane, with and without the keys.
    pub fn border(self, focused: bool) -> Style {
        if focused { Style::new() } else { self.faint() }
    }

    /// The name of the n-th service, in logs.
    pub fn service(self, index: usize) -> Style {
        const COLOURS: [Color; 4] = [Color::Cyan, Color::Magenta, Color::Blue, Color::Green];
        self.colour(COLOURS[index % COLOURS.len()], Modifier::BOLD)
    }

    /// A style that came with a program's output, made to fit: no background, no palette beyond the sixteen.
    pub fn tame(self, style: Style) -> Style {
        let mut tamed = Style::new().add_modifier(style.add_modifier & (Modifier::BOLD | Modifier::UNDERLINED));
        if self.is_coloured() {
            // The sixteen as this palette has them; black and white are unreadable on one half of all terminals.
            let colour = match style.fg {
                Some(Color::Red | Color::LightRed) => Some(Color::Red),
                Some(Color::Green | Color::LightGreen) => Some(Color::Green),
                Some(Color::Yellow | Color::LightYellow) => Some(Color::Yellow),
                Some(Color::Blue | Color::LightBlue) => Some(Color::Blue),
                Some(Color::Magenta | Color::LightMagenta) => Some(Color::Magenta),
                Some(Color::Cyan | Color::LightCyan) => Some(Color::Cyan),
                _ => None,
            };
            if let Some(colour) = colour {
                tamed = tamed.fg(self.ink(colour));
            }
        }
        tamed
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn no_color_wins_unless_colour_is_asked_for() {
        let choose = Theme::choose;
        assert_eq!(choose(ColorChoice::Auto, Some("1"), None), Theme::MONO);
        assert_eq!(choose(ColorChoice::Auto, Some(""), Some("xterm")), Theme::COLOUR);
        assert_eq!(choose(ColorChoice::Auto, None, Some("dumb")), Theme::MONO);
        assert_eq!(choose(ColorChoice::Always, Some("1"), None), Theme::COLOUR);
        assert_eq!(choose(ColorChoice::Never, None, None), Theme::MONO);
    }

    #[test]
    fn a_palette_is_chosen_and_colour_stays_off_where_it_is_off() {
        assert_eq!(Theme::COLOUR.with(Palette::Auto, Some("0;15")), Theme { palette: Palette::Light, sixteen: false });
        assert_eq!(Theme::COLOUR.with(Palette::Auto, Some("15;0")), Theme::COLOUR);
        assert_eq!(Theme::COLOUR.with(Palette::Auto, None), Theme::COLOUR);
        assert_eq!(Theme::MONO.with(Palette::Light, None), Theme::MONO);
        assert_eq!(Theme::COLOUR.with(Palette::Mono, None), Theme::MONO);
    }

    const PALETTES: [Palette; 4] = [Palette::Dark, Palette::Light, Palette::ColourBlind, Palette::ColourBlindLight];

    /// Red, green and blue as xterm shows them, whose sixteen are among the hardest to read.
    fn rgb(colour: Color) -> [u8; 3] {
        match colour {
            Color::Red => [205, 0, 0],
            Color::Green => [0, 205, 0],
            Color::Yellow => [205, 205, 0],
            Color::Blue => [0, 0, 238],
            Color::Magenta => [205, 0, 205],
            Color::Cyan => [0, 205, 205],
            Color::LightBlue => [92, 92, 255],
            Color::Indexed(index @ 16..=231) => {
                let part = |step: u8| if step == 0 { 0 } else { 55 + 40 * step };
                [(index - 16) / 36, (index - 16) / 6 % 6, (index - 16) % 6].map(part)
            }
            other => panic!("{other} is not in the table"),
        }
    }

    /// The contrast of two colours as the web's guidelines reckon it, from 1 to 21.
    fn contrast(one: [u8; 3], other: [u8; 3]) -> f64 {
        let luminance = |rgb: [u8; 3]| {
            let [red, green, blue] = rgb.map(|part| {
                let part = f64::from(part) / 255.0;
                if part <= 0.04045 { part / 12.92 } else { ((part + 0.055) / 1.055).powf(2.4) }
            });
            0.2126 * red + 0.7152 * green + 0.0722 * blue
        };
        let (one, other) = (luminance(one), luminance(other));
        (one.max(other) + 0.05) / (one.min(other) + 0.05)
    }

    #[test]
    fn every_colour_can_be_read_on_its_ground() {
        assert!((contrast([255; 3], [0; 3]) - 21.0).abs() < 0.01);
        for palette in PALETTES {
            let theme = Theme::COLOUR.with(palette, None);
            let light = matches!(palette, Palette::Light | Palette::ColourBlindLight);
            let (ground, least) = if light { ([255; 3], 4.5) } else { ([0; 3], 3.5) };
            let printed = [Color::Red, Color::LightGreen, Color::Yellow, Color::Blue, Color::Magenta, Color::LightCyan]
                .map(|colour| theme.tame(Style::new().fg(colour)));
            let ours = [theme.good(), theme.bad(), theme.attention(), theme.code(), theme.keyword(), theme.literal()];
            for style in (0..4).map(|index| theme.service(index)).chain(ours).chain(printed) {
                let colour = style.fg.expect("a coloured style has a colour");
                let contrast = contrast(rgb(colour), ground);
                assert!(contrast >= least, "{colour} has a contrast of {contrast:.1} in {palette:?}");
                assert_eq!(style.bg, None);
            }
        }
    }

    #[test]
    fn works_broken_and_attention_differ_in_every_palette() {
        for palette in PALETTES {
            let theme = Theme::COLOUR.with(palette, None);
            let colours = [theme.good().fg, theme.bad().fg, theme.attention().fg];
            assert!(colours[0] != colours[1] && colours[1] != colours[2] && colours[0] != colours[2], "{palette:?}");
        }
        let blind = Theme::COLOUR.with(Palette::ColourBlind, None);
        assert_eq!(Theme::COLOUR.with(Palette::ColourBlind, Some("0;15")).palette, Palette::ColourBlindLight);
        assert!(![blind.good().fg, blind.bad().fg].iter().any(|c| matches!(c, Some(Color::Red | Color::Green))));
    }

    #[test]
    fn without_colour_no_style_names_one() {
        let theme = Theme::MONO;
        let styles = [
            theme.good(),
            theme.bad(),
            theme.attention(),
            theme.code(),
            theme.keyword(),
            theme.literal(),
            theme.service(2),
            theme.tame(Style::new().fg(Color::Red).bg(Color::Blue)),
        ];
        for style in styles {
            assert_eq!((style.fg, style.bg), (None, None));
        }
    }

    #[test]
    fn a_light_palette_keeps_to_the_colours_that_the_terminal_has() {
        let colours = |term, palette| {
            let theme = Theme::COLOUR.shown_by(Some(term), None).with(palette, Some("0;15"));
            [theme.good(), theme.bad(), theme.attention(), theme.code(), theme.keyword(), theme.service(2)]
                .map(|s| s.fg)
        };
        for palette in [Palette::Auto, Palette::Light, Palette::ColourBlind, Palette::ColourBlindLight] {
            let few = colours("xterm", palette);
            assert!(few.iter().all(|colour| !matches!(colour, Some(Color::Indexed(_) | Color::Rgb(..)))), "{few:?}");
            assert!(colours("xterm-256color", palette).iter().any(|colour| matches!(colour, Some(Color::Indexed(_)))));
        }
    }
}
