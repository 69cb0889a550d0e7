//! A real browser, driven by WebDriver (<https://www.w3.org/TR/webdriver2/>): for pages whose scripts show or send what counts.
//!
//! It runs strangers' scripts, so it gets a profile of its own that is thrown away, no administrator's rights, its own sandbox,
//! and one address: every name but the front door's is unknown to it.

mod seller;

pub use seller::Sold;

use std::{
    path::{Path, PathBuf},
    process::Stdio,
    time::Duration,
};

use serde_json::{Value, json};
use tokio::{
    io::{AsyncBufReadExt, BufReader},
    process::{Child, Command},
};

use super::{
    http::{self, Failure},
    slowness,
};
use crate::error::{Error, Result};

/// How long the browser may take to start, on a machine with nothing else to do.
const STARTS_WITHIN: Duration = Duration::from_secs(30);
/// How long one command may take beyond what its page may.
const COMMAND: Duration = Duration::from_secs(30);
/// Whom the browser runs as where we are the administrator: somebody who owns nothing. (Chromium's sandbox refuses root.)
#[cfg(unix)]
const NOBODY: u32 = 65534;
/// Programs that drive a browser of the Chromium family.
const DRIVERS: [&str; 2] = ["chromedriver", "chromium.chromedriver"];

/// A browser of the Chromium family, and the program that drives it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct BrowserProgram {
    browser: PathBuf,
    driver: PathBuf,
}

impl BrowserProgram {
    /// The browser of this name or path; its driver stands beside it or where programs are looked for.
    ///
    /// # Errors
    /// Usage: there is no such program. Environment: it has no driver here.
    pub fn find(program: &Path) -> Result<Self> {
        let paths = std::env::var_os("PATH").unwrap_or_default();
        let in_path = |name: &Path| std::env::split_paths(&paths).map(|dir| dir.join(name)).find(|path| path.is_file());
        let named = if program.components().count() > 1 { Some(program.to_owned()) } else { in_path(program) };
        let Some(browser) = named.filter(|path| path.is_file()) else {
            return Err(Error::usage(format!("there is no browser `{}`", program.display()))
                .suggest("name a browser of the Chromium family: --browser chromium"));
        };
        let beside = |name: &&str| browser.parent().map(|dir| dir.join(name)).filter(|path| path.is_file());
        let mut drivers = DRIVERS.iter();
        let driver = drivers.clone().find_map(beside).or_else(|| drivers.find_map(|name| in_path(name.as_ref())));
        let Some(driver) = driver else {
            return Err(Error::environment(format!("`{}` cannot be driven", program.display()))
                .why("the program chromedriver is not here")
                .suggest("install it; on Debian and Ubuntu: apt install chromium-driver"));
        };
        Ok(Self { browser, driver })
    }
}

/// A browser that runs, with a profile that nobody else has.
#[derive(Debug)]
pub struct RealBrowser {
    session: String,
    port: u16,
    /// What stands in its address bar.
    authority: String,
    driver: Child,
    _profile: tempfile::TempDir,
}

impl RealBrowser {
    /// Starts it. It knows one address, `authority` (`localhost:8080`), and finds that at this port of `host`.
    ///
    /// # Errors
    /// Environment: it does not start.
    pub async fn open(program: &BrowserProgram, authority: &str, host: &str, at: u16) -> Result<Self> {
        let cannot = || Error::environment("the browser does not start");
        let within = STARTS_WITHIN.mul_f64(slowness());
        let profile =
            tempfile::Builder::new().prefix("breakfix-browser-").tempdir().map_err(|error| cannot().because(error))?;
        let dir = profile.path();
        let mut command = Command::new(&program.driver);
        command.arg("--port=0").current_dir(dir).env_clear().env("HOME", dir).env("TMPDIR", dir).env("LANG", "C.UTF-8");
        if let Some(path) = std::env::var_os("PATH") {
            command.env("PATH", path);
        }
        command.stdin(Stdio::null()).stdout(Stdio::piped()).stderr(Stdio::null()).kill_on_drop(true);
        #[cfg(unix)]
        if crate::system::is_root() {
            std::os::unix::fs::chown(dir, Some(NOBODY), Some(NOBODY)).map_err(|error| cannot().because(error))?;
            command.uid(NOBODY).gid(NOBODY);
        }
        let mut driver = command.spawn().map_err(|error| cannot().because(error))?;
        let port = tokio::time::timeout(within, port_of(&mut driver)).await.ok().flatten();
        let port = port.ok_or_else(|| cannot().why("its driver says no port"))?;
        let mut browser =
            Self { session: String::new(), port, authority: authority.to_owned(), driver, _profile: profile };
        let (name, number) = super::url::host_and_port(authority);
        let known = [name.as_str(), "localhost", "127.0.0.1", "[::1]"];
        let map = |name: &&str| format!("MAP {name}:{} {host}:{at}", number.unwrap_or(80));
        let rules = known.iter().map(map).collect::<Vec<_>>().join(", ");
        let options = json!({
            "binary": program.browser,
            "args": [
                "--headless=new",
                // It ends when its driver does.
                "--remote-debugging-pipe",
                format!("--user-data-dir={}", browser._profile.path().join("profile").display()),
                format!("--host-resolver-rules={rules}, MAP * ~NOTFOUND"),
                "--no-first-run",
                "--no-proxy-server",
                "--disable-background-networking",
                "--disable-dev-shm-usage",
                "--window-size=1280,800",
            ],
        });
        let asked = json!({"capabilities": {"alwaysMatch": {
            "browserName": "chrome",
            "goog:chromeOptions": options,
            "unhandledPromptBehavior": "accept",
            "timeouts": {"pageLoad": millis(COMMAND), "script": millis(COMMAND), "implicit": 0},
        }}});
        let session = browser
            .command("session", &asked, within)
            .await
            .map_err(|error| error.under("the browser does not start"))?;
        browser.session = session["sessionId"].as_str().unwrap_or_default().to_owned();
        Ok(browser)
    }

    /// Ends it.
    pub async fn close(mut self) {
        let ended = self.request(hyper::Method::DELETE, "", &Value::Null, COMMAND);
        if ended.await.is_err() {
            tracing::debug!("the browser was ended by force");
        }
        let _ = self.driver.kill().await;
    }

    /// Throws its cookies away.
    ///
    /// # Errors
    /// Environment: it does not answer.
    pub async fn forget(&self) -> Result<()> {
        self.ask("goog/cdp/execute", &json!({"cmd": "Network.clearBrowserCookies", "params": {}})).await.map(drop)
    }

    /// Runs a function with these arguments in the page.
    async fn run(&self, script: &str, arguments: Value) -> Result<Value> {
        self.ask("execute/sync", &json!({"script": script, "args": arguments})).await
    }

    /// One command of this session.
    async fn ask(&self, what: &str, with: &Value) -> Result<Value> {
        self.command(what, with, COMMAND.mul_f64(slowness())).await
    }

    async fn command(&self, what: &str, with: &Value, within: Duration) -> Result<Value> {
        self.request(hyper::Method::POST, what, with, within).await
    }

    async fn request(&self, method: hyper::Method, what: &str, with: &Value, within: Duration) -> Result<Value> {
        let path = match (self.session.as_str(), what) {
            ("", what) => format!("/{what}"),
            (session, "") => format!("/session/{session}"),
            (session, what) => format!("/session/{session}/{what}"),
        };
        let silent = |failure: Failure| Error::environment("the browser does not answer").why(format!("{failure:?}"));
        let body = if with.is_null() { String::new() } else { with.to_string() };
        let answer = http::json(self.port, method, &path, body, within).await.map_err(silent)?;
        let told: Value = serde_json::from_slice(&answer.body).unwrap_or_default();
        if answer.status < 300 {
            return Ok(told["value"].clone());
        }
        let why = told["value"]["message"].as_str().unwrap_or("it does not say why");
        let first = super::clean::line(why.lines().next().unwrap_or_default());
        Err(Error::environment("the browser cannot do what it is asked for").why(first))
    }
}

/// The port at which a driver says that it listens.
async fn port_of(driver: &mut Child) -> Option<u16> {
    let mut lines = BufReader::new(driver.stdout.take()?).lines();
    while let Ok(Some(line)) = lines.next_line().await {
        if let Some((_, port)) = line.split_once("started successfully on port ") {
            // What it says later has to go somewhere.
            tokio::spawn(async move { while let Ok(Some(_)) = lines.next_line().await {} });
            return port.trim_end_matches('.').trim().parse().ok();
        }
    }
    None
}

fn millis(duration: Duration) -> u64 {
    u64::try_from(duration.as_millis()).unwrap_or(u64::MAX)
}
