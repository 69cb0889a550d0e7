//! `ports:` and `expose:`.

use std::{collections::BTreeMap, net::IpAddr};

use super::{
    diagnostics::Diagnostics,
    model::{Port, Protocol},
    scalar::Scalar,
    schema,
    source_map::Spot,
    yaml::{Node, Text, Value},
};

/// Ports that one range may open.
const MAX_RANGE: u16 = 256;
/// Ports that one service may publish or expose.
const MAX_PORTS: usize = 1_000;

/// A published port before ranges are unfolded.
struct Spec {
    host_ip: Option<String>,
    published: Option<(u16, u16)>,
    target: (u16, u16),
    protocol: Protocol,
}

/// What is wrong with a port, and what was expected.
struct Wrong(String, String);

/// `ports:` of a service, one per port, repetitions left out.
pub(super) fn ports(node: &Node, desk: &mut Diagnostics) -> Vec<Port> {
    let mut ports: Vec<Port> = vec![];
    let mut seen = BTreeMap::new();
    for item in desk.list(node, "ports", "`- \"8080:80\"` on a line of its own, below `ports:`") {
        let spec = match &item.value {
            Value::Text(text) => match short(&written(text)) {
                Ok(spec) => spec,
                Err(Wrong(message, expected)) => {
                    desk.error(item.spot, message, expected);
                    None
                }
            },
            Value::Map(_) => long(item, desk),
            Value::Null => {
                desk.error(item.spot, "an entry of `ports` is empty", "write `- \"8080:80\"`");
                None
            }
            Value::List(_) => {
                desk.wrong_kind(item, "an entry of ports", "a port", "`- \"8080:80\"`");
                None
            }
        };
        let Some(spec) = spec else { continue };
        for port in unfold(&spec, item.spot, desk) {
            let any = || "0.0.0.0".to_string();
            let key = (port.target, port.published, port.protocol, port.host_ip.clone().unwrap_or_else(any));
            // The later of two that are the same counts, at the place of the first.
            match seen.get(&key) {
                Some(at) => ports[*at] = port,
                None => {
                    seen.insert(key, ports.len());
                    ports.push(port);
                }
            }
        }
        if ports.len() > MAX_PORTS {
            desk.error(item.spot, format!("a service publishes more than {MAX_PORTS} ports"), "fewer of them");
            break;
        }
    }
    ports
}

/// The text of a port: a number in whatever way it is written (`0x50`), or the words.
fn written(text: &Text) -> String {
    match text.scalar() {
        Scalar::Integer(number) => number.to_string(),
        _ => text.text.clone(),
    }
}

/// `[[ADDRESS:]HOST:]CONTAINER[/PROTOCOL]`
fn short(text: &str) -> Result<Option<Spec>, Wrong> {
    let shape = || "write `\"8080:80\"`: the host's port, a colon, the container's port".to_string();
    let wrong = |what: &str| Wrong(format!("`{text}` is not a port mapping: {what}"), shape());
    if text.contains(" - ") {
        let expected = "the same number of spaces before each dash".to_string();
        return Err(Wrong(
            format!("`{text}` is one entry: the dash below is indented deeper than the one above"),
            expected,
        ));
    }
    if let Some(strange) =
        text.chars().find(|c| !c.is_ascii_alphanumeric() && !matches!(c, ':' | '-' | '/' | '.' | '[' | ']' | '%'))
    {
        let what = match strange {
            ' ' | '\t' => "a space stands in it".to_string(),
            other => format!("`{other}` stands in it"),
        };
        return Err(wrong(&what));
    }
    let (numbers, protocol) = match text.split_once('/') {
        Some((numbers, protocol)) => (numbers, protocol.split('/').next().unwrap_or_default()),
        None => (text, "tcp"),
    };
    let protocol = match protocol.to_lowercase().as_str() {
        "" => Protocol::Tcp,
        other => Protocol::named(other)
            .ok_or_else(|| Wrong(format!("`{other}` is not a protocol"), "expected `tcp`, `udp` or `sctp`".into()))?,
    };
    let mut parts = numbers.rsplitn(3, ':');
    let target = parts.next().unwrap_or_default();
    let published = parts.next().filter(|part| !part.is_empty());
    let address = parts.next().filter(|part| !part.is_empty());
    if target.is_empty() {
        return Err(wrong("the container's port is missing"));
    }
    let host_ip = address.map(host_ip).transpose()?;
    let target = range(target, "the container's port", false)?;
    let published = published.map(|part| range(part, "the host's port", true)).transpose()?;
    Ok(Some(Spec { host_ip, published, target, protocol }))
}

fn host_ip(text: &str) -> Result<String, Wrong> {
    if text.contains(':') && !text.starts_with('[') {
        return Err(Wrong(format!("`{text}` is an address of IPv6 without brackets"), format!("write `[{text}]`")));
    }
    let bare = text.strip_prefix('[').and_then(|text| text.strip_suffix(']')).unwrap_or(text);
    match bare.parse::<IpAddr>() {
        Ok(_) => Ok(bare.to_string()),
        Err(_) => {
            let expected = if bare == "localhost" {
                "the address itself: 127.0.0.1".to_string()
            } else {
                "`ADDRESS:HOST:CONTAINER`, as in `127.0.0.1:8080:80`".to_string()
            };
            Err(Wrong(format!("`{bare}` is not an address of the host"), expected))
        }
    }
}

/// `80` or `80-81`, from 1 to 65535; 0 as well where it means "any".
fn range(text: &str, what: &str, any: bool) -> Result<(u16, u16), Wrong> {
    let number = |part: &str| {
        let digits = !part.is_empty() && part.bytes().all(|byte| byte.is_ascii_digit());
        match part.parse::<u32>().ok().and_then(|number| u16::try_from(number).ok()) {
            Some(0) if !any => Err(Wrong(format!("{what} is 0"), "a port from 1 to 65535".into())),
            Some(number) if digits => Ok(number),
            _ if digits => Err(Wrong(format!("{what} is {part}, out of range"), "a port from 1 to 65535".into())),
            _ => Err(Wrong(format!("{what} is `{part}`, not a number"), "a port from 1 to 65535".into())),
        }
    };
    let (first, last) = text.split_once('-').unwrap_or((text, text));
    let (first, last) = (number(first)?, number(last)?);
    if last < first {
        return Err(Wrong(format!("{what} runs backwards: {first}-{last}"), format!("write `{last}-{first}`")));
    }
    if last - first >= MAX_RANGE {
        return Err(Wrong(format!("{what} is a range of more than {MAX_RANGE} ports"), "fewer of them".into()));
    }
    Ok((first, last))
}

fn long(node: &Node, desk: &mut Diagnostics) -> Option<Spec> {
    // `- 8080: 80`: the space makes it a map.
    if let Value::Map(entries) = &node.value
        && let [entry] = entries.as_slice()
        && let Value::Text(text) = &entry.node.value
        && entry.key.bytes().all(|byte| byte.is_ascii_digit())
    {
        let message = format!("`{}: {}` is a map, because a space follows the colon", entry.key, text.text);
        desk.error(entry.spot, message, format!("write `\"{}:{}\"`", entry.key, text.text));
        return None;
    }
    let (mut host_ip_text, mut published, mut target, mut protocol) = (None, None, None, Protocol::Tcp);
    let mut good = true;
    for entry in desk.entries(node, "a port", schema::PORT) {
        let value = &entry.node;
        match entry.key.as_str() {
            "host_ip" => {
                let text = desk.string(value, "host_ip").filter(|text| !text.is_empty());
                let bracketed = |text: String| {
                    if text.contains(':') && !text.starts_with('[') { format!("[{text}]") } else { text }
                };
                host_ip_text = told(text.map(|text| host_ip(&bracketed(text))), value.spot, desk, &mut good);
            }
            "published" => {
                let text = desk.scalar(value, "published").filter(|text| !text.is_empty());
                published = told(text.map(|text| range(&text, "`published`", true)), value.spot, desk, &mut good);
            }
            "target" => {
                let text = desk.scalar(value, "target");
                target = told(text.map(|text| range(&text, "`target`", false)), value.spot, desk, &mut good);
            }
            _ => {
                let Some(text) = desk.string(value, "protocol").filter(|text| !text.is_empty()) else { continue };
                match Protocol::named(&text.to_lowercase()) {
                    Some(named) => protocol = named,
                    None => {
                        let expected = "expected `tcp`, `udp` or `sctp`";
                        desk.error(value.spot, format!("`{text}` is not a protocol"), expected);
                        good = false;
                    }
                }
            }
        }
    }
    if target.is_none() && good {
        let expected = "`target: 80`, the container's port, beside `published:`, the host's";
        desk.error(node.spot, "this port has no `target`", expected);
    }
    good.then_some(Spec { host_ip: host_ip_text, published, target: target?, protocol })
}

fn told<T>(value: Option<Result<T, Wrong>>, spot: Spot, desk: &mut Diagnostics, good: &mut bool) -> Option<T> {
    match value? {
        Ok(value) => Some(value),
        Err(Wrong(message, expected)) => {
            desk.error(spot, message, expected);
            *good = false;
            None
        }
    }
}

fn unfold(spec: &Spec, spot: Spot, desk: &mut Diagnostics) -> Vec<Port> {
    let length = |(first, last): (u16, u16)| last - first;
    let place = desk.files.place(spot);
    let port = |published: Option<u16>, target: u16| Port {
        host_ip: spec.host_ip.clone(),
        published: published.filter(|port| *port != 0),
        target,
        protocol: spec.protocol,
        place: place.clone(),
    };
    match spec.published {
        None => (spec.target.0..=spec.target.1).map(|target| port(None, target)).collect(),
        Some(published) if length(published) == length(spec.target) => (published.0..=published.1)
            .zip(spec.target.0..=spec.target.1)
            .map(|(published, target)| port(Some(published), target))
            .collect(),
        Some((first, last)) if length(spec.target) == 0 => {
            let expected = "one number for the host, too";
            desk.warn(spot, format!("of the ports {first}-{last} of the host, Breakfix takes {first}"), expected);
            vec![port(Some(first), spec.target.0)]
        }
        Some((first, last)) => {
            let message = format!("{first}-{last} and {}-{} are not equally many ports", spec.target.0, spec.target.1);
            desk.error(spot, message, "ranges of the same length: `8080-8081:80-81`");
            vec![]
        }
    }
}

/// `expose:` as `80/tcp`, ranges unfolded.
pub(super) fn expose(node: &Node, desk: &mut Diagnostics) -> Vec<String> {
    let mut exposed: Vec<String> = vec![];
    for item in desk.list(node, "expose", "`- \"80\"` on a line of its own") {
        if matches!(&item.value, Value::Text(text) if matches!(text.scalar(), Scalar::Float(_))) {
            desk.error(item.spot, "an entry of `expose` has a point", "a whole number");
            continue;
        }
        let Some(text) = desk.scalar(item, "an entry of expose") else { continue };
        let (numbers, protocol) = text.split_once('/').unwrap_or((&text, "tcp"));
        match range(numbers, "a port of `expose`", false) {
            Ok((first, last)) => {
                for port in first..=last {
                    let text = format!("{port}/{}", protocol.to_lowercase());
                    if !exposed.contains(&text) {
                        exposed.push(text);
                    }
                }
            }
            // Compose and the engine take it, and nothing comes of it.
            Err(Wrong(message, _)) => {
                let expected = "the container's port alone: `- \"80\"`; `ports:` maps it to the host";
                desk.warn(item.spot, format!("`{text}` in `expose` does nothing: {message}"), expected);
            }
        }
        if exposed.len() > MAX_PORTS {
            desk.error(item.spot, format!("a service exposes more than {MAX_PORTS} ports"), "fewer of them");
            break;
        }
    }
    exposed
}
