//! Which faults are put to which requests.

use std::time::Duration;

use crate::common::engine_proxy::{Fault, KINDS, Kind, Rule, When};

const JSON: &str = "application/json";
const HTML: &str = "text/html";

/// A fault with a short name.
pub type Named = (&'static str, Fault);

/// All faults.
pub const FAULTS: &[Named] = &[
    ("late", Fault::Late(Duration::from_secs(6))),
    ("silent", Fault::Silent),
    ("closed", Fault::Closed),
    ("lost", Fault::Lost),
    ("head only", Fault::HeadOnly),
    ("cut", Fault::Cut),
    ("not http", Fault::NotHttp),
    ("garbage", Fault::Says(200, JSON, "{\"Id\": <<<<< \u{0}}")),
    ("empty", Fault::Says(200, JSON, "")),
    (
        "400",
        Fault::Says(
            400,
            JSON,
            r#"{"message":"client version 1.52 is too new. Maximum supported API version is 1.41"}"#,
        ),
    ),
    ("401", Fault::Says(401, JSON, r#"{"message":"unauthorized: authentication required"}"#)),
    ("403", Fault::Says(403, JSON, r#"{"message":"authorization denied by plugin policy: not today"}"#)),
    (
        "403 html",
        Fault::Says(403, HTML, "<html><head><title>403 Forbidden</title></head><body>permission denied</body></html>"),
    ),
    ("404", Fault::Says(404, JSON, r#"{"message":"page not found"}"#)),
    ("408", Fault::Says(408, HTML, "<html><body>408 Request Time-out</body></html>")),
    ("409", Fault::Says(409, JSON, r#"{"message":"operation is already in progress"}"#)),
    ("429", Fault::Says(429, JSON, r#"{"message":"too many requests"}"#)),
    (
        "500",
        Fault::Says(
            500,
            JSON,
            r#"{"message":"open /var/lib/docker/overlay2/1f/committed: no such file or directory"}"#,
        ),
    ),
    ("500 mount", Fault::Says(500, JSON, r#"{"message":"failed to mount overlay: invalid argument"}"#)),
    ("500 denied", Fault::Says(500, JSON, r#"{"message":"mkdir /var/lib/docker/tmp: permission denied"}"#)),
    ("500 done", Fault::DoneAndSays(500, JSON, r#"{"message":"context deadline exceeded"}"#)),
    ("503", Fault::Says(503, HTML, "<html><body><h1>503 Service Unavailable</h1></body></html>")),
];

/// One fault at one place.
#[derive(Debug, Clone, Copy)]
pub struct Case {
    pub fault: &'static str,
    pub rule: Rule,
}

/// How many runs go side by side.
pub fn jobs() -> usize {
    let asked = std::env::var("BREAKFIX_JOBS").ok().and_then(|jobs| jobs.parse().ok());
    asked.unwrap_or_else(|| std::thread::available_parallelism().map_or(2, usize::from).max(2))
}

/// Whether the part that is to be run has this name in it.
fn is_meant(variable: &str, name: &str) -> bool {
    std::env::var(variable).map_or(true, |list| list.split(',').any(|one| one.trim() == name))
}

/// Every request kind times every fault: the first request of its kind, and each of them.
pub fn matrix() -> Vec<Case> {
    let mut cases = Vec::new();
    for &kind in KINDS.iter().filter(|kind| is_meant("BREAKFIX_KINDS", kind.name)) {
        for &(name, fault) in FAULTS.iter().filter(|fault| is_meant("BREAKFIX_FAULTS", fault.0)) {
            for when in [When::Once(0), When::From(0)] {
                cases.push(Case { fault: name, rule: Rule { kind, when, fault } });
            }
        }
    }
    cases
}

/// The case of this request, fault and number.
pub fn case(kind: &str, fault: &str, when: When) -> Case {
    let kind = Kind::named(kind);
    let (name, fault) = *FAULTS.iter().find(|one| one.0 == fault).unwrap_or_else(|| panic!("no fault {fault}"));
    Case { fault: name, rule: Rule { kind, when, fault } }
}

impl std::fmt::Display for Case {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        let which = match self.rule.when {
            When::Once(number) => format!("no. {}", number + 1),
            When::From(0) => "each".to_owned(),
            When::From(first) => format!("each from no. {}", first + 1),
        };
        write!(f, "{} ({which}): {}", self.rule.kind.name, self.fault)
    }
}

/// Runs something with each of these, some side by side; the answers in order.
pub fn side_by_side<T: Sync, R: Send>(all: &[T], run: impl Fn(&T) -> R + Sync) -> Vec<R> {
    let next = std::sync::atomic::AtomicUsize::new(0);
    let done = std::sync::Mutex::new(Vec::new());
    std::thread::scope(|scope| {
        for _ in 0..jobs().min(all.len()) {
            scope.spawn(|| {
                loop {
                    let number = next.fetch_add(1, std::sync::atomic::Ordering::SeqCst);
                    let Some(one) = all.get(number) else { return };
                    let result = run(one);
                    done.lock().unwrap().push((number, result));
                }
            });
        }
    });
    let mut done = done.into_inner().unwrap();
    done.sort_by_key(|(number, _)| *number);
    done.into_iter().map(|(_, result)| result).collect()
}
