//! The browser against small servers on this machine.

use std::{sync::Arc, time::Duration};

use tokio::{
    io::{AsyncReadExt, AsyncWriteExt},
    net::{TcpListener, TcpStream},
};

use super::*;
use crate::probe::form::choose;

fn teapot() -> Item {
    Item { marker: "teapot".into(), quantity: 3, description: "blue enamel".into() }
}

const WITHIN: Duration = Duration::from_secs(10);

/// A server that answers each request (head and form) with the bytes that `respond` gives.
async fn server(respond: impl Fn(&str) -> String + Send + Sync + 'static) -> Browser {
    serve(move |mut stream, request| {
        let answer = respond(&request);
        async move {
            let _ = stream.write_all(answer.as_bytes()).await;
        }
    })
    .await
}

async fn serve<F>(handle: impl Fn(TcpStream, String) -> F + Send + Sync + 'static) -> Browser
where
    F: Future<Output = ()> + Send + 'static,
{
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let port = listener.local_addr().unwrap().port();
    let handle = Arc::new(handle);
    tokio::spawn(async move {
        while let Ok((mut stream, _)) = listener.accept().await {
            let handle = Arc::clone(&handle);
            tokio::spawn(async move {
                let request = read_request(&mut stream).await;
                handle(stream, request).await;
            });
        }
    });
    Browser::new(Door::Host("127.0.0.1".into(), port), "localhost:8080")
}

async fn read_request(stream: &mut TcpStream) -> String {
    let mut request = Vec::new();
    let mut buffer = [0; 4096];
    loop {
        let text = String::from_utf8_lossy(&request).to_lowercase();
        if let Some(end) = text.find("\r\n\r\n") {
            let length = text.lines().find_map(|line| line.strip_prefix("content-length: ")?.trim().parse().ok());
            if request.len() >= end + 4 + length.unwrap_or(0) {
                break;
            }
        }
        match stream.read(&mut buffer).await {
            Ok(read) if read > 0 => request.extend_from_slice(&buffer[..read]),
            _ => break,
        }
    }
    String::from_utf8_lossy(&request).into_owned()
}

fn page(body: &str) -> String {
    format!(
        "HTTP/1.1 200 OK\r\nServer: nginx/1.28.0\r\nContent-Type: text/html\r\nContent-Length: {}\r\n\r\n{body}",
        body.len()
    )
}

fn redirect(status: u16, location: &str) -> String {
    format!("HTTP/1.1 {status} Found\r\nLocation: {location}\r\nContent-Length: 0\r\n\r\n")
}

async fn failure(mut browser: Browser, within: Duration) -> Failure {
    browser.visit("/", within).await.unwrap_err()
}

#[tokio::test]
async fn a_page() {
    let mut browser = server(|request| {
        assert!(request.starts_with("GET / HTTP/1.1\r\n") && request.contains("host: localhost:8080\r\n"), "{request}");
        page("<h1>Shop</h1><form method=post><input name=name></form>\u{1b}[31m")
    })
    .await;
    let visit = browser.visit("/", WITHIN).await.unwrap();
    assert_eq!((visit.answer.status, visit.answer.reason.as_str()), (200, "OK"));
    assert_eq!(visit.answer.server.as_deref(), Some("nginx/1.28.0"));
    assert_eq!(visit.answer.visible, "Shop");
    assert_eq!(visit.answer.form, ["name"]);
    assert!(!visit.answer.body.contains('\u{1b}'));
    assert!(visit.answer.headers.contains(&("Content-Type".into(), "text/html".into())));
}

#[tokio::test]
async fn the_form_is_sent_with_cookie_and_token_and_the_redirect_followed() {
    let mut browser = server(|request| {
        if request.starts_with("POST /add ") {
            let good = request.contains("cookie: session=abc\r\n")
                && request.contains("csrf_token=tok")
                && request.contains("name=teapot")
                && request.contains("content-type: application/x-www-form-urlencoded");
            if good { redirect(302, "/success?from=add") } else { page("<form method=post>refused</form>") }
        } else if request.starts_with("GET /success?from=add ") {
            page("[teapot]")
        } else {
            page("<form method=post action=add><input type=hidden name=csrf_token value=tok><input name=name></form>")
                .replace("Content-Type", "Set-Cookie: session=abc; Path=/; HttpOnly\r\nContent-Type")
        }
    })
    .await;
    let start = browser.visit("/", WITHIN).await.unwrap();
    let item = teapot();
    let form = choose(&start.forms).unwrap();
    let (sent, end) = browser.submit(&start, form, &item, WITHIN).await;
    let end = end.unwrap();
    assert_eq!(sent[1], ("name".into(), "teapot".into()));
    assert_eq!(end.answer.visible, "[teapot]");
    assert_eq!(end.answer.redirects, [(302, "/success?from=add".to_string())]);
    assert_eq!(end.answer.marker.as_deref(), Some("teapot"));
    assert_eq!(end.path, "/success?from=add");
}

#[tokio::test]
async fn a_page_that_sends_the_browser_on_is_followed_unless_it_shows_what_is_looked_for() {
    let send_on = "<meta http-equiv=refresh content='2; url=/'>";
    for (shown, end) in [("Thank you", "[teapot]"), ("Thank you for teapot", "Thank you for teapot")] {
        let mut browser = server(move |request| {
            if request.starts_with("POST / ") {
                page(&format!("{send_on}{shown}").replace("url=/", "url=/success"))
            } else if request.starts_with("GET /success ") {
                page("[teapot]")
            } else {
                page(&format!("{send_on}<form method=post><input name=name></form>"))
            }
        })
        .await;
        let start = browser.visit("/", WITHIN).await.unwrap();
        assert_eq!(start.answer.redirects, [], "a page that shows itself again is where a visitor stays");
        let item = teapot();
        let visit = browser.submit(&start, choose(&start.forms).unwrap(), &item, WITHIN).await.1.unwrap();
        assert_eq!(visit.answer.visible, end);
    }
}

#[tokio::test]
async fn a_form_without_a_method_goes_into_the_address() {
    let mut browser = server(|request| {
        if request.starts_with("GET /add?item=teapot&qty=3&text=blue+enamel ") {
            page("[teapot]")
        } else {
            page(
                "<form action='/add?old=1'><input name=item><input name=qty><input name=text><button>x</button></form>",
            )
        }
    })
    .await;
    let start = browser.visit("/", WITHIN).await.unwrap();
    let item = teapot();
    let visit = browser.submit(&start, choose(&start.forms).unwrap(), &item, WITHIN).await.1.unwrap();
    assert_eq!(visit.answer.visible, "[teapot]");
}

#[tokio::test]
async fn redirects_that_leave_the_front_door() {
    for (location, why) in [
        ("http://localhost,localhost:8080/success", "no host name"),
        ("http://localhost/success", "port is lost"),
        ("http://flaskapp:5001/success", "flaskapp"),
        ("https://localhost:8080/", "https"),
    ] {
        let mut browser = server(move |_| redirect(302, location)).await;
        let answer = browser.visit("/", WITHIN).await.unwrap().answer;
        assert_eq!(answer.status, 302);
        assert!(answer.astray.as_deref().is_some_and(|astray| astray.contains(why)), "{location}: {answer:?}");
    }
    let mut browser =
        server(
            |request| {
                if request.starts_with("GET /end ") { page("end") } else { redirect(301, "http://localhost:8080/end") }
            },
        )
        .await;
    assert_eq!(browser.visit("/", WITHIN).await.unwrap().answer.visible, "end");
}

#[tokio::test]
async fn endless_redirects_end() {
    let mut browser = server(|_| redirect(302, "/again")).await;
    let answer = browser.visit("/", WITHIN).await.unwrap().answer;
    assert!(answer.astray.unwrap().contains("more than 19 times"));
    assert_eq!(answer.redirects.len(), 20);
}

#[tokio::test]
async fn a_form_that_points_elsewhere_is_not_sent() {
    let mut browser = server(|request| {
        assert!(request.starts_with("GET"));
        page("<form method=post action='http://flaskapp:5001/add'><input name=name></form>")
    })
    .await;
    let start = browser.visit("/", WITHIN).await.unwrap();
    let (_, end) = browser.submit(&start, &start.forms[0], &Item::new(), WITHIN).await;
    assert!(end.unwrap().answer.astray.unwrap().contains("flaskapp"));
}

#[tokio::test]
async fn failures_are_told_apart() {
    let closed = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let port = closed.local_addr().unwrap().port();
    drop(closed);
    let browser = |host: &str| Browser::new(Door::Host(host.into(), port), "localhost:8080");
    assert_eq!(failure(browser("127.0.0.1"), WITHIN).await, Failure::Refused);
    assert_eq!(
        failure(browser("no such name.invalid"), WITHIN).await,
        Failure::NameUnknown("no such name.invalid".into())
    );
    assert_eq!(failure(server(|_| String::new()).await, WITHIN).await, Failure::Reset);
    assert_eq!(failure(server(|_| "220 mail ready\r\n".into()).await, WITHIN).await, Failure::NotHttp);
    let silent = serve(|stream, _| async move {
        std::future::pending::<()>().await;
        drop(stream);
    })
    .await;
    assert!(matches!(failure(silent, Duration::from_millis(200)).await, Failure::TimedOut(_)));
}

#[tokio::test]
async fn slow_drips_and_endless_bodies_are_bounded() {
    let drip = serve(|mut stream, _| async move {
        let _ = stream.write_all(b"HTTP/1.1 200 OK\r\nContent-Type: text/html\r\n\r\n").await;
        while stream.write_all(b"x").await.is_ok() {
            tokio::time::sleep(Duration::from_millis(10)).await;
        }
    })
    .await;
    assert!(matches!(failure(drip, Duration::from_millis(300)).await, Failure::TimedOut(_)));

    let mut endless = serve(|mut stream, _| async move {
        let _ = stream.write_all(b"HTTP/1.1 200 OK\r\nContent-Type: text/plain\r\n\r\n").await;
        let chunk = vec![b'x'; 1 << 20];
        while stream.write_all(&chunk).await.is_ok() {}
    })
    .await;
    let answer = endless.visit("/", WITHIN).await.unwrap().answer;
    assert!(answer.cut);
    assert_eq!(answer.body.len(), KEPT);
}

#[tokio::test]
async fn a_broken_body_is_shown_as_far_as_it_came() {
    let mut browser = server(|_| page("whole").replace("Content-Length: 5", "Content-Length: 500")).await;
    let answer = browser.visit("/", WITHIN).await.unwrap().answer;
    assert!(answer.cut);
    assert_eq!(answer.visible, "whole");
}

#[tokio::test]
async fn a_download_is_not_shown() {
    let mut browser = server(|_| page("[teapot]").replace("Server", "Content-Disposition: attachment\r\nServer")).await;
    assert_eq!(browser.visit("/", WITHIN).await.unwrap().answer.visible, "");
}

const SHOP: &str =
    "<form method=post><input name=name><input name=quantity><input name=description><button>x</button></form>";

/// What is seen after an item was sold at a shop whose front page has this form.
async fn sold(form: &'static str, respond: impl Fn(&str) -> Option<String> + Send + Sync + 'static) -> HttpAnswer {
    let mut browser = server(move |request| {
        respond(request).unwrap_or_else(|| if request.starts_with("GET / ") { page(form) } else { page("[teapot]") })
    })
    .await;
    let start = browser.visit("/", WITHIN).await.unwrap();
    browser.submit(&start, choose(&start.forms).unwrap(), &teapot(), WITHIN).await.1.unwrap().answer
}

#[tokio::test]
async fn frames_and_style_sheets_are_fetched() {
    let list = |request: &str| {
        if request.starts_with("POST") {
            return Some(page(
                "<link rel=stylesheet href=/s.css><p class=gone>hidden</p><iframe src=/l></iframe><iframe src=/denied></iframe>",
            ));
        }
        let css = "HTTP/1.1 200 OK\r\nContent-Type: text/css\r\nContent-Length: 18\r\n\r\n.gone{display:none";
        match request.split(' ').nth(1)? {
            "/l" => Some(page("[teapot]")),
            "/denied" => Some(page("no").replace("Server", "X-Frame-Options: DENY\r\nServer")),
            "/s.css" => Some(css.to_owned()),
            _ => None,
        }
    };
    let answer = sold(SHOP, list).await;
    assert_eq!((answer.visible.as_str(), answer.concealed.as_str()), ("[teapot]", "hidden"));
    assert!(answer.shows("TEAPOT") && answer.conceals("hidden") && !answer.conceals("teapot"));
}

#[tokio::test]
async fn an_answer_in_a_hidden_frame_is_not_seen() {
    let form = "<iframe name=f hidden></iframe><form method=post target=f action=/add><input name=name><button>x</button></form>";
    let answer = sold(form, |_| None).await;
    assert!(!answer.shows("teapot") && answer.conceals("teapot"), "{answer:?}");
    let seen =
        "<iframe name=f></iframe><form method=post target=f action=/add><input name=name><button>x</button></form>";
    assert!(sold(seen, |_| None).await.shows("teapot"));
}

#[tokio::test]
async fn a_policy_keeps_the_form_from_being_sent() {
    let answer = sold(SHOP, |request| {
        assert!(request.starts_with("GET"));
        Some(page(SHOP).replace("Server", "Content-Security-Policy: form-action 'none'\r\nServer"))
    })
    .await;
    assert!(answer.astray.unwrap().contains("Content-Security-Policy"));
}

#[tokio::test]
async fn what_comes_compressed_is_read() {
    let mut browser = serve(|mut stream, request| async move {
        assert!(request.contains("accept-encoding: gzip"), "{request}");
        let mut packed = flate2::write::GzEncoder::new(Vec::new(), flate2::Compression::fast());
        std::io::Write::write_all(&mut packed, b"<p>whole").unwrap();
        let packed = packed.finish().unwrap();
        let head = "HTTP/1.1 200 OK\r\nContent-Type: text/html\r\nContent-Encoding: gzip\r\nConnection: close\r\n\r\n";
        let _ = stream.write_all(head.as_bytes()).await;
        let _ = stream.write_all(&packed).await;
    })
    .await;
    assert_eq!(browser.visit("/", WITHIN).await.unwrap().answer.visible, "whole");
}

#[tokio::test]
async fn it_asks_as_an_ordinary_browser() {
    let answer = sold(SHOP, |request| {
        let ours = request.to_lowercase().contains("breakfix");
        assert!(!ours && request.contains("user-agent: Mozilla/5.0 (X11; Linux x86_64)"), "{request}");
        None
    })
    .await;
    assert_eq!(answer.visible, "[teapot]");
}
