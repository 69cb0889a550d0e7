//! A web server with one shop for each visitor: it serves a generated page, takes what is sent, and remembers what it was asked.

use std::{
    collections::BTreeMap,
    io::{BufRead, BufReader, Read, Write},
    net::{TcpListener, TcpStream},
    sync::{Arc, Mutex},
};

use crate::pages::{After, Page};

/// The name under which every shop is visited; the browser and the eye are told where it really is.
pub const AUTHORITY: &str = "localhost:8080";

#[derive(Clone)]
pub struct Server {
    pub port: u16,
    shops: Arc<Mutex<BTreeMap<String, Shop>>>,
}

#[derive(Clone, Default)]
pub struct Shop {
    page: Page,
    pub stored: Vec<String>,
    /// What it was asked, but for style sheets, frames and the like.
    pub asked: Vec<String>,
}

struct Asked {
    method: String,
    path: String,
    headers: BTreeMap<String, String>,
    body: Vec<u8>,
}

impl Server {
    pub fn start() -> Self {
        let listener = TcpListener::bind(("127.0.0.1", 0)).unwrap();
        let server = Self { port: listener.local_addr().unwrap().port(), shops: Arc::default() };
        let serving = server.clone();
        std::thread::spawn(move || {
            for stream in listener.incoming().flatten() {
                let server = serving.clone();
                std::thread::spawn(move || server.serve(stream));
            }
        });
        server
    }

    /// Opens a shop with this page; gives the path of its front page.
    pub fn open(&self, visitor: &str, page: &Page) -> String {
        let shop = Shop { page: page.clone(), ..Shop::default() };
        self.shops.lock().unwrap().insert(visitor.to_owned(), shop);
        format!("/{visitor}/")
    }

    /// What happened in a shop.
    pub fn close(&self, visitor: &str) -> Shop {
        self.shops.lock().unwrap().remove(visitor).unwrap()
    }

    fn serve(&self, stream: TcpStream) {
        let mut reader = BufReader::new(stream);
        // One question for each connection.
        if let Some(asked) = read(&mut reader) {
            let answer = self.answer(&asked);
            let _ = reader.get_mut().write_all(&answer);
        }
    }

    fn answer(&self, asked: &Asked) -> Vec<u8> {
        let (path, query) = asked.path.split_once('?').unwrap_or((&asked.path, ""));
        let mut shops = self.shops.lock().unwrap();
        let Some((visitor, rest)) = path.trim_start_matches('/').split_once('/') else { return missing() };
        let Some(shop) = shops.get_mut(visitor) else { return missing() };
        let base = format!("/{visitor}");
        let beside = matches!(rest, "style.css" | "frame");
        if !beside {
            shop.remember(asked, &base);
        }
        let page = shop.page.clone();
        let list = |shop: &Shop, html: &str| {
            let rows: String = shop.stored.iter().map(|name| page.row.replace("{name}", name)).collect();
            html.replace("{items}", &rows).replace("{base}", &base)
        };
        match (asked.method.as_str(), rest) {
            ("GET", "style.css") => respond(200, &[("Content-Type", "text/css")], &page.sheet),
            ("GET", "frame") => {
                let rows = shop.stored.join(", ");
                respond(200, &html(&page.frame_headers), &format!("<!doctype html><body>[{rows}]"))
            }
            ("GET", "items") => {
                let headers: Vec<(&str, &str)> =
                    page.list_headers.iter().map(|(name, value)| (*name, value.as_str())).collect();
                respond(page.list_status, &headers, &list(shop, &page.list))
            }
            ("GET", "") if query.is_empty() || !query.contains("name=") => {
                let front = page.front.replace("{base}", &base);
                let headers: Vec<(&str, String)> =
                    page.front_headers.iter().map(|(name, value)| (*name, value.replace("{base}", &base))).collect();
                let mut all = vec![("Content-Type", "text/html; charset=utf-8")];
                all.extend(headers.iter().map(|(name, value)| (*name, value.as_str())));
                respond(200, &all, &front)
            }
            (_, rest) if rest.starts_with("hop/") => match rest[4..].parse::<u32>() {
                Ok(0) | Err(_) => redirect(302, &format!("{base}/items")),
                Ok(left) => redirect(302, &format!("{base}/hop/{}", left - 1)),
            },
            _ => {
                shop.sell(asked);
                match &page.after {
                    After::Redirect(status, to) => redirect(*status, &to.replace("{base}", &base)),
                    After::Page(status, html_) => {
                        let headers = [("Content-Type", "text/html; charset=utf-8")];
                        respond(*status, &headers, &list(shop, html_))
                    }
                    After::Refresh(to) => {
                        let refresh = format!("0; url={}", to.replace("{base}", &base));
                        respond(200, &[("Content-Type", "text/html"), ("Refresh", &refresh)], "one moment")
                    }
                }
            }
        }
    }
}

impl Shop {
    fn remember(&mut self, asked: &Asked, base: &str) {
        let header = |name: &str| asked.headers.get(name).map(String::as_str).unwrap_or_default();
        let kind = header("content-type");
        let (kind, boundary) = kind.split_once("; boundary=").unwrap_or((kind, ""));
        let mut cookies: Vec<&str> = header("cookie").split("; ").filter(|one| !one.is_empty()).collect();
        cookies.sort_unstable();
        let mut body = String::from_utf8_lossy(&asked.body).into_owned();
        if !boundary.is_empty() {
            body = body.replace(boundary, "BOUNDARY");
        }
        // Where on a picture it is pressed, is chance.
        let pressed = regex::Regex::new(r#"\b([xy])=\d+|(\.[xy]"\r\n\r\n|"[xy]"\r\n\r\n)\d+"#).unwrap();
        let body = pressed.replace_all(&body, "$1$2=1").into_owned();
        let line = format!("{} {} {kind} [{}] {body}", asked.method, asked.path, cookies.join(" "));
        self.asked.push(line.replace(base, "{base}"));
    }

    /// Puts an item into the list, if all of it came, with the token and the cookie that are asked for.
    fn sell(&mut self, asked: &Asked) {
        if asked.method != "POST" {
            return;
        }
        let kind = asked.headers.get("content-type").map(String::as_str).unwrap_or_default();
        let sent: BTreeMap<String, String> = if kind.starts_with("application/x-www-form-urlencoded") {
            url::form_urlencoded::parse(&asked.body).into_owned().collect()
        } else if let Some((_, boundary)) = kind.split_once("multipart/form-data; boundary=") {
            parts(&String::from_utf8_lossy(&asked.body), boundary)
        } else {
            BTreeMap::new()
        };
        let filled = |name: &&&str| sent.get(**name).is_some_and(|value| !value.is_empty());
        let whole = ["name", "quantity", "description"].iter().filter(|name| filled(name)).count() == 3;
        let wants = self.page.wants.iter().all(|(name, value)| sent.get(*name).map(String::as_str) == Some(*value));
        let cookie = asked.headers.get("cookie").map(String::as_str).unwrap_or_default();
        let known = self.page.wants_cookie.is_none_or(|name| cookie.contains(&format!("{name}=7")));
        if whole && wants && known {
            self.stored.push(sent["name"].clone());
        }
    }
}

fn parts(body: &str, boundary: &str) -> BTreeMap<String, String> {
    let part = |part: &str| {
        let (head, value) = part.split_once("\r\n\r\n")?;
        let (_, name) = head.split_once("name=\"")?;
        Some((name.split('"').next()?.to_owned(), value.trim_end_matches("\r\n").to_owned()))
    };
    body.split(&format!("--{boundary}")).filter_map(part).collect()
}

fn read(reader: &mut BufReader<TcpStream>) -> Option<Asked> {
    let mut line = String::new();
    reader.read_line(&mut line).ok()?;
    let mut words = line.split_whitespace();
    let (method, path) = (words.next()?.to_owned(), words.next()?.to_owned());
    let mut headers = BTreeMap::new();
    loop {
        let mut line = String::new();
        reader.read_line(&mut line).ok()?;
        let Some((name, value)) = line.trim_end().split_once(':') else { break };
        headers.insert(name.to_ascii_lowercase(), value.trim().to_owned());
    }
    let length = headers.get("content-length").and_then(|length| length.parse().ok()).unwrap_or(0);
    let mut body = vec![0; length];
    reader.read_exact(&mut body).ok()?;
    Some(Asked { method, path, headers, body })
}

fn html<'a>(more: &'a [(&'static str, &'static str)]) -> Vec<(&'a str, &'a str)> {
    [("Content-Type", "text/html; charset=utf-8")].into_iter().chain(more.iter().copied()).collect()
}

fn respond(status: u16, headers: &[(&str, &str)], body: &str) -> Vec<u8> {
    let mut head = format!("HTTP/1.1 {status} As-Said\r\nConnection: close\r\n");
    for (name, value) in headers {
        head.push_str(&format!("{name}: {value}\r\n"));
    }
    if status == 204 {
        return format!("{head}\r\n").into_bytes();
    }
    format!("{head}Content-Length: {}\r\n\r\n{body}", body.len()).into_bytes()
}

fn redirect(status: u16, to: &str) -> Vec<u8> {
    respond(status, &[("Location", to), ("Content-Type", "text/html")], "elsewhere")
}

fn missing() -> Vec<u8> {
    respond(404, &[("Content-Type", "text/plain")], "nothing")
}
