//! `healthcheck:`.

use super::{
    diagnostics::Diagnostics,
    model::Healthcheck,
    scalar::Scalar,
    schema,
    yaml::{Node, Value},
};

/// Reads a health check.
pub(super) fn healthcheck(node: &Node, desk: &mut Diagnostics) -> Option<Healthcheck> {
    let mut check = Healthcheck::default();
    let mut disabled = false;
    for entry in desk.entries(node, "healthcheck", schema::HEALTHCHECK) {
        let (key, value) = (entry.key.as_str(), &entry.node);
        match key {
            "test" => check.test = test(value, desk),
            "disable" => disabled = desk.boolean(value, key).unwrap_or(false),
            "interval" => check.interval = desk.duration(value, key),
            "timeout" => check.timeout = desk.duration(value, key),
            "retries" => check.retries = retries(value, desk),
            "start_period" => check.start_period = desk.duration(value, key),
            _ => check.start_interval = desk.duration(value, key),
        }
    }
    if disabled {
        check.test = vec!["NONE".into()];
    }
    matches!(node.value, Value::Map(_)).then_some(check)
}

/// Compose drops what stands behind a point.
fn retries(node: &Node, desk: &mut Diagnostics) -> Option<u32> {
    if let Value::Text(text) = &node.value
        && let Scalar::Float(number) = text.scalar()
        && (0.0..100_000.0).contains(&number)
    {
        return Some(number as u32);
    }
    desk.integer(node, "retries", 0, 100_000).and_then(|number| u32::try_from(number).ok())
}

fn test(node: &Node, desk: &mut Diagnostics) -> Vec<String> {
    if matches!(node.value, Value::Text(_)) {
        return desk.string(node, "test").map(|text| vec!["CMD-SHELL".to_string(), text]).unwrap_or_default();
    }
    let words = desk.strings(node, "test", "`[\"CMD\", \"program\", \"argument\"]`");
    if let Some(first) = words.first()
        && !matches!(first.as_str(), "CMD" | "CMD-SHELL" | "NONE")
    {
        let expected = format!("`[\"CMD\", \"{first}\", …]`, or `[\"CMD-SHELL\", \"…\"]`");
        desk.lacking(node.spot, format!("`test` starts with `{first}`"), expected);
    }
    words
}
