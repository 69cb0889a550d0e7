//! The containers, as the engine tells of them now.

use ratatui::{
    style::Style,
    text::{Line, Span},
};

use crate::{
    engine::ServiceState,
    tui::{
        model::Model,
        text::{self, Break},
    },
};

/// `docker compose ps`, as the engine tells it now.
pub fn lines(model: &Model, columns: usize) -> Vec<Line<'static>> {
    let theme = model.theme;
    if model.lab.containers.is_empty() {
        return Vec::new();
    }
    let mut lines = vec![Line::styled("What the engine runs now:", theme.command())];
    let names = model.lab.containers.iter().map(|container| text::width(&container.service)).max().unwrap_or(0);
    for container in &model.lab.containers {
        let (word, style) = match (container.state, container.exit_code) {
            (ServiceState::Running, _) => ("running".to_owned(), theme.good()),
            (ServiceState::Restarting, _) => ("restarting".to_owned(), theme.bad()),
            (ServiceState::Exited, Some(code)) => (format!("exited ({code})"), theme.bad()),
            (ServiceState::Exited, None) => ("exited".to_owned(), theme.bad()),
            (ServiceState::Paused, _) => ("paused".to_owned(), theme.attention()),
            (ServiceState::Created, _) => ("created".to_owned(), theme.faint()),
            (ServiceState::Missing, _) => ("none".to_owned(), theme.faint()),
        };
        let ports = container.ports.iter().map(ToString::to_string).collect::<Vec<_>>().join(", ");
        let line = Line::from(vec![
            Span::raw(format!("{}  ", text::pad(&container.service, names))),
            Span::styled(text::pad(&word, 11), style),
            Span::styled(text::clean(&ports), Style::new()),
        ]);
        lines.extend(text::wrap(&line, columns, names + 13, Break::Words));
    }
    lines.push(Line::default());
    lines
}
