//! The database, asked as the app asks it.

use std::time::Duration;

use serde::Deserialize;
use tokio::io::{AsyncRead, AsyncReadExt, AsyncWrite, AsyncWriteExt};

use super::{Observation, clean, slowness};

/// Runs in the app's container, with the app's own Python.
pub(crate) const SCRIPT: &str = include_str!("as_app.py");

/// Why nothing was asked, where the app's own modules were not there in time.
pub const SLOW_MODULES: &str = "the app's modules took too long to load";
/// How long a greeting may take.
const GREETING: Duration = Duration::from_secs(3);

/// What the script tells.
#[derive(Debug, Default, Deserialize)]
#[serde(default)]
struct Told {
    outcome: String,
    host: String,
    version: Option<String>,
    tables: Option<i64>,
    error: Option<String>,
}

/// What the script saw; an error, in words, when it could not ask.
pub(crate) fn read(printed: &str) -> Result<Observation, String> {
    let told: Told = printed
        .lines()
        .rev()
        .find_map(|line| serde_json::from_str(line.strip_prefix("BREAKFIX ")?).ok())
        .ok_or("the app's Python gave no answer")?;
    let error = told.error.as_deref().map(clean::text).unwrap_or_default();
    Ok(match told.outcome.as_str() {
        "connected" => Observation::Connected {
            what: match (told.version.as_deref().and_then(|version| version.split(' ').next()), told.tables) {
                // Lessons ask for these words: a database that nobody prepared answers like any other.
                (Some(version), Some(0)) => format!("PostgreSQL {} (no tables yet)", clean::line(version)),
                (Some(version), _) => format!("PostgreSQL {}", clean::line(version)),
                (None, _) => "PostgreSQL".into(),
            },
        },
        "refused" => Observation::Refused,
        "reset" => Observation::Reset,
        "timed-out" => Observation::TimedOut { seconds: GREETING.as_secs_f64() },
        "name-unknown" => Observation::NameUnknown { name: clean::line(&told.host) },
        "unreachable" => Observation::Unreachable,
        "error" => Observation::Exit { code: 1, output: error.chars().take(2000).collect() },
        // Nothing was said of the database, by a program that could have.
        "slow" => Observation::Unknown { because: SLOW_MODULES.into() },
        _ => return Err(clean::line(&error)),
    })
}

/// Greets whoever answers on this stream as a Postgres client does.
pub(crate) async fn greet(mut stream: impl AsyncRead + AsyncWrite + Unpin) -> Observation {
    // SSLRequest: its length, and the number that stands for it.
    const SSL_REQUEST: [u8; 8] = [0, 0, 0, 8, 0x04, 0xd2, 0x16, 0x2f];
    let mut answer = [0u8; 1];
    let talk = async {
        stream.write_all(&SSL_REQUEST).await?;
        stream.flush().await?;
        stream.read(&mut answer).await
    };
    match tokio::time::timeout(GREETING.mul_f64(slowness()), talk).await {
        Err(_) => Observation::TimedOut { seconds: GREETING.as_secs_f64() },
        Ok(Err(_) | Ok(0)) => Observation::Reset,
        Ok(Ok(_)) if matches!(answer, [b'S' | b'N']) => Observation::Connected { what: "PostgreSQL".into() },
        Ok(Ok(_)) => Observation::Exit { code: 1, output: "what answers there is not Postgres".into() },
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn reads_what_the_script_says() {
        let told = |json: &str| read(&format!("noise of the app\nBREAKFIX {json}\n"));
        assert_eq!(
            told(r#"{"outcome": "connected", "version": "17.5 (Debian)", "port": 5432}"#),
            Ok(Observation::Connected { what: "PostgreSQL 17.5".into() })
        );
        assert_eq!(
            told(r#"{"outcome": "connected", "version": "17.5", "tables": 0}"#),
            Ok(Observation::Connected { what: "PostgreSQL 17.5 (no tables yet)".into() })
        );
        assert_eq!(told(r#"{"outcome": "refused", "host": "db"}"#), Ok(Observation::Refused));
        assert_eq!(
            told(r#"{"outcome": "name-unknown", "host": "postgres"}"#),
            Ok(Observation::NameUnknown { name: "postgres".into() })
        );
        assert_eq!(
            told(r#"{"outcome": "error", "error": "password authentication failed\u001b[31m"}"#),
            Ok(Observation::Exit { code: 1, output: "password authentication failed".into() })
        );
        assert_eq!(told(r#"{"outcome": "slow"}"#), Ok(Observation::Unknown { because: SLOW_MODULES.into() }));
        assert_eq!(told(r#"{"outcome": "unknown", "error": "no engine"}"#), Err("no engine".into()));
        assert!(read("Traceback").is_err() && read("BREAKFIX nonsense").is_err());
    }

    #[tokio::test]
    async fn greetings() {
        for (says, kind) in [(&b"N"[..], "connected"), (b"S", "connected"), (b"HTTP/1.1 400", "exit"), (b"", "reset")] {
            let (ours, mut theirs) = tokio::io::duplex(64);
            theirs.write_all(says).await.unwrap();
            let hold = (!says.is_empty()).then_some(theirs);
            assert_eq!(greet(ours).await.kind(), kind);
            drop(hold);
        }
    }
}
