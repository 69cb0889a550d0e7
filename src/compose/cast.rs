//! Keys whose values compose turns from text into numbers and truth values before it looks at anything else.

use super::{
    scalar::{Scalar, float_text},
    yaml::Text,
};

enum Kind {
    Integer,
    Float,
    Bool,
}

/// What the value at a path is turned into.
fn kind(path: &[&str]) -> Option<Kind> {
    use Kind::{Bool, Float, Integer};
    Some(match path {
        ["services", _, rest @ ..] => match rest {
            ["init" | "oom_kill_disable" | "privileged" | "read_only" | "stdin_open" | "tty"]
            | ["healthcheck", "disable"]
            | ["volumes", "[]", "read_only"]
            | ["volumes", "[]", "volume", "nocopy"] => Bool,
            ["cpu_percent" | "cpus"] | ["deploy", "update_config" | "rollback_config", "max_failure_ratio"] => Float,
            ["cpu_count" | "cpu_period" | "cpu_quota" | "cpu_rt_period" | "cpu_rt_runtime" | "cpu_shares"]
            | ["oom_score_adj" | "pids_limit" | "scale"]
            | ["configs" | "secrets", "[]", "mode"]
            | ["deploy", "replicas"]
            | ["deploy", "update_config" | "rollback_config", "parallelism"]
            | ["deploy", "restart_policy", "max_attempts"]
            | ["deploy", "placement", "max_replicas_per_node"]
            | ["healthcheck", "retries"]
            | ["ports", "[]", "target"]
            | ["ulimits", _]
            | ["ulimits", _, "hard" | "soft"] => Integer,
            _ => return None,
        },
        ["networks", _, "external" | "internal" | "attachable" | "enable_ipv4" | "enable_ipv6"]
        | ["volumes" | "secrets" | "configs", _, "external"] => Bool,
        _ => return None,
    })
}

/// Turns a text into what its key asks for; what is wrong and what was expected, when that cannot be done.
pub(super) fn cast(path: &[&str], text: &mut Text) -> Option<(String, String)> {
    let kind = kind(path)?;
    if text.scalar() != Scalar::Text {
        return None;
    }
    let cast = match kind {
        Kind::Integer => text.text.parse::<i64>().ok().map(|number| number.to_string()),
        Kind::Float => text.text.parse::<f64>().ok().map(float_text),
        Kind::Bool => truth(&text.text).map(|value| value.to_string()),
    };
    match cast {
        Some(cast) => {
            *text = Text { text: cast, plain: true };
            None
        }
        None => {
            let key = path.iter().rev().find(|key| **key != "[]").copied().unwrap_or_default();
            Some(match kind {
                Kind::Bool => {
                    (format!("`{key}` is `{}`, not true or false", text.text), "write `true` or `false`".into())
                }
                Kind::Integer => {
                    (format!("`{key}` is `{}`, not a whole number", text.text), "expected a number".into())
                }
                Kind::Float => (format!("`{key}` is `{}`, not a number", text.text), "expected a number".into()),
            })
        }
    }
}

/// The words of YAML 1.1 for true and false, which compose takes where it asks for one.
pub(super) fn truth(text: &str) -> Option<bool> {
    match text.to_lowercase().as_str() {
        "true" | "y" | "yes" | "on" => Some(true),
        "false" | "n" | "no" | "off" => Some(false),
        _ => None,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn cast_of(path: &str, text: &str) -> Result<Scalar, String> {
        let path: Vec<&str> = path.split('.').collect();
        let mut text = Text { text: text.into(), plain: false };
        match cast(&path, &mut text) {
            Some((message, _)) => Err(message),
            None => Ok(text.scalar()),
        }
    }

    #[test]
    fn texts_become_what_their_keys_ask_for() {
        assert_eq!(cast_of("services.web.scale", "02"), Ok(Scalar::Integer(2)));
        assert_eq!(cast_of("services.web.cpus", "0.50"), Ok(Scalar::Float(0.5)));
        assert_eq!(cast_of("services.web.init", "Yes"), Ok(Scalar::Bool(true)));
        assert_eq!(cast_of("services.web.ports.[].target", "80"), Ok(Scalar::Integer(80)));
        assert_eq!(cast_of("services.web.hostname", "80"), Ok(Scalar::Text));
        assert!(cast_of("services.web.init", "maybe").is_err());
        assert!(cast_of("services.web.scale", "").is_err());
        assert!(cast_of("services.web.healthcheck.retries", "1.5").is_err());
    }
}
