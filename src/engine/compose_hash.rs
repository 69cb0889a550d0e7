//! The hashes by which `docker compose` knows whether a container is what the files ask for. Only it can reckon them, so
//! it is asked, where it is installed.

use std::{collections::BTreeMap, process::Stdio, time::Duration};

use tokio::{io::AsyncWriteExt, process::Command};

use crate::compose::Stack;

/// How long compose may take. It answers twice in a tenth of a second, beside the build; without an answer it makes the
/// containers anew at its next `up`.
const WITHIN: Duration = Duration::from_secs(5);

/// The hash of each service, by name; none where compose is not installed or does not answer.
pub(crate) async fn compose_hashes(stack: &Stack) -> BTreeMap<String, String> {
    // What `up` hashes has the values of the env files in it, and `config --hash` alone has only their names: it is asked
    // about the stack as it is resolved.
    let asked = async {
        let resolved = answer(stack, &["config", "--format", "json"], &[]).await?;
        answer(stack, &["--file", "-", "--project-directory", ".", "config", "--hash", "*"], &resolved).await
    };
    match tokio::time::timeout(WITHIN, asked).await {
        Ok(Some(told)) => hashes(&String::from_utf8_lossy(&told)),
        _ => BTreeMap::new(),
    }
}

/// What compose prints, where it ends well.
async fn answer(stack: &Stack, args: &[&str], input: &[u8]) -> Option<Vec<u8>> {
    let mut compose = Command::new("docker")
        .args(["compose", "--project-name", &stack.project])
        .args(args)
        .current_dir(&stack.dir)
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .stderr(Stdio::null())
        .kill_on_drop(true)
        .spawn()
        .ok()?;
    let mut stdin = compose.stdin.take()?;
    let told = async move {
        // One that reads nothing has ended already.
        stdin.write_all(input).await.ok();
        drop(stdin);
    };
    let ((), ended) = tokio::join!(told, compose.wait_with_output());
    ended.ok().filter(|ended| ended.status.success()).map(|ended| ended.stdout)
}

/// `web 3b5c…`, a service a line.
fn hashes(text: &str) -> BTreeMap<String, String> {
    let is_hash = |hash: &str| hash.len() == 64 && hash.bytes().all(|byte| byte.is_ascii_hexdigit());
    let line = |line: &str| line.split_once(' ').map(|(name, hash)| (name.to_owned(), hash.trim().to_owned()));
    text.lines().filter_map(line).filter(|(_, hash)| is_hash(hash)).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_hashes_are_taken() {
        let hash = "3b5c".repeat(16);
        let read = hashes(&format!("web {hash}\nwarning: something\ndb {hash}  \n"));
        assert_eq!(read.into_iter().collect::<Vec<_>>(), [("db".to_owned(), hash.clone()), ("web".to_owned(), hash)]);
    }
}
