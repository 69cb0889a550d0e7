//! Colours and weights. Three colours mean something (works, broken, attention); the terminal's own palette is used, never a background.

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

/// Which colours are used. All are the terminal's own.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Palette {
    /// For a light terminal where it says that it is one, else for a dark one.
    #[default]
    Auto,
    /// For a dark background.
    Dark,
    /// For a light one: no yellow, no cyan.
    Light,
    /// Blue and yellow in place of green and red.
    #[serde(alias = "color-blind")]
    ColourBlind,
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
}

impl Theme {
    /// With the terminal's sixteen colours.
    pub const COLOUR: Self = Self { palette: Palette::Dark };
    /// With weights only.
    pub const MONO: Self = Self { palette: Palette::Mono };

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
            Palette::Auto if light => Self { palette: Palette::Light },
            Palette::Auto => Self { palette: Palette::Dark },
            palette => Self { palette },
        }
    }

    /// Whether colours are used.
    pub fn is_coloured(self) -> bool {
        self.palette != Palette::Mono
    }

    fn colour(self, colour: Color, otherwise: Modifier) -> Style {
        let colour = match (self.palette, colour) {
            (Palette::Light, Color::Yellow) => Color::Magenta,
            (Palette::Light, Color::Cyan) => Color::Blue,
            (Palette::ColourBlind, Color::Green) => Color::Cyan,
            (Palette::ColourBlind, Color::Red) => Color::Yellow,
            (Palette::ColourBlind, Color::Yellow) => Color::Magenta,
            (_, colour) => colour,
        };
        if self.is_coloured() { Style::new().fg(colour) } else { Style::new().add_modifier(otherwise) }
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
            match style.fg {
                // Black and white are unreadable on one half of all terminals.
                Some(
                    Color::Rgb(..) | Color::Indexed(_) | Color::Black | Color::White | Color::Gray | Color::DarkGray,
                )
                | None => {}
                Some(colour) => tamed = tamed.fg(colour),
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
        assert_eq!(Theme::COLOUR.with(Palette::Auto, Some("0;15")), Theme { palette: Palette::Light });
        assert_eq!(Theme::COLOUR.with(Palette::Auto, Some("15;0")), Theme::COLOUR);
        assert_eq!(Theme::COLOUR.with(Palette::Auto, None), Theme::COLOUR);
        assert_eq!(Theme::MONO.with(Palette::Light, None), Theme::MONO);
        assert_eq!(Theme::COLOUR.with(Palette::Mono, None), Theme::MONO);
    }

    #[test]
    fn works_broken_and_attention_differ_in_every_palette() {
        for palette in [Palette::Dark, Palette::Light, Palette::ColourBlind] {
            let theme = Theme::COLOUR.with(palette, None);
            let colours = [theme.good().fg, theme.bad().fg, theme.attention().fg];
            assert!(colours[0] != colours[1] && colours[1] != colours[2] && colours[0] != colours[2], "{palette:?}");
        }
        let blind = Theme::COLOUR.with(Palette::ColourBlind, None);
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
}
