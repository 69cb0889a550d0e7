//! Surveys of real stacks: the shop with one thing broken at a time, on the engine of this machine.
//!
//! Without an engine, or without the course's base images, these tests fail and say what to start;
//! `BREAKFIX_SKIP_DOCKER=1` skips them.

#![allow(clippy::unwrap_used, reason = "a test that cannot go on fails")]

mod common;

use std::{
    fs,
    path::{Path, PathBuf},
    time::Duration,
};

use breakfix::{
    compose::{self, LoadOptions},
    course::{Course, Lesson},
    diagnosis::{Report, diagnose},
    engine::{BindStyle, Engine, PortStyle, Progress, UpOptions},
    lab,
    probe::{HostPorts, Observation, Prober, Survey, SurveyOptions},
};

fn course() -> Course {
    #[derive(serde::Deserialize)]
    struct Lessons {
        lesson: Vec<Lesson>,
    }
    let mut course: Course = toml::from_str(include_str!("diagnosis/course.toml")).unwrap();
    let lessons: Lessons = toml::from_str(include_str!("diagnosis/lessons.toml")).unwrap();
    course.lessons = lessons.lesson;
    course
}

fn copy(from: &Path, to: &Path) {
    fs::create_dir_all(to).unwrap();
    for entry in fs::read_dir(from).unwrap() {
        let entry = entry.unwrap();
        let target = to.join(entry.file_name());
        if entry.file_type().unwrap().is_dir() {
            copy(&entry.path(), &target);
        } else {
            fs::copy(entry.path(), target).unwrap();
        }
    }
}

/// Puts `with` in the place of `replace` in a file.
fn edit(dir: &Path, file: &str, replace: &str, with: &str) {
    let text = fs::read_to_string(dir.join(file)).unwrap();
    assert!(text.contains(replace), "{file} does not hold {replace:?}");
    fs::write(dir.join(file), text.replace(replace, with)).unwrap();
}

/// A running copy of a stack, taken down when the case is over.
struct Running {
    engine: Engine,
    project: String,
    prober: Prober,
    facts: lab::Facts,
    course: Course,
    _dir: tempfile::TempDir,
}

impl Running {
    async fn start(name: &str, stack: &str, change: impl Fn(&Path)) -> Self {
        let dir = tempfile::tempdir().unwrap();
        copy(&PathBuf::from(env!("CARGO_MANIFEST_DIR")).join(stack), dir.path());
        change(dir.path());
        let project = format!("probetest-{name}-{}", std::process::id());
        let options = LoadOptions { project: Some(project.clone()), ..LoadOptions::default() };
        let stack = compose::load(dir.path(), &options).unwrap();
        let engine = Engine::find(None).await.expect("start Docker, or set BREAKFIX_SKIP_DOCKER=1");
        let up = UpOptions {
            binds: BindStyle::Copy,
            ports: PortStyle::Free,
            small_subnets: true,
            services: Some(vec!["db".into()]),
            ..UpOptions::default()
        };
        let silent = Progress::silent();
        engine.up(&stack, &up, &silent).await.unwrap();
        let roles = compose::roles(&stack);
        let course = course();
        let facts = lab::facts(Some(&stack), &roles, &course, lab::texts_of(dir.path()));
        let prober = Prober::new(engine.clone(), stack.clone(), roles, facts.clone(), &course);
        assert!(prober.wait_database(Duration::from_secs(60), &silent).await.unwrap(), "Postgres does not start");
        let bootstrap = ["python", "-c", "import database; database.init_db()"].map(String::from);
        let output = engine.run_once(&stack, "flaskapp", &bootstrap, &up, &silent).await.unwrap();
        assert_eq!(output.code, 0, "{output:?}");
        engine.up(&stack, &UpOptions { services: None, ..up }, &silent).await.unwrap();
        Self { engine, project, prober, facts, course, _dir: dir }
    }

    async fn survey(&self, thorough: bool) -> (Survey, Report) {
        let options = SurveyOptions {
            within: Duration::from_secs(60),
            ports: HostPorts::Free,
            thorough,
            ..SurveyOptions::default()
        };
        let survey = self.prober.survey(&options, &Progress::silent()).await.unwrap();
        let report = diagnose(&self.course, &survey, &self.facts, None);
        eprintln!("{} ({thorough}): {:?} in {:.2} s", self.project, report.verdict(), survey.seconds);
        (survey, report)
    }

    async fn end(self) {
        self.engine.down(&self.project, None, true, &Progress::silent()).await.unwrap();
        let images = self.engine.images_named(&format!("{}-", self.project)).await.unwrap();
        self.engine.remove_images(&images).await.unwrap();
    }
}

/// Verdict, first broken hop, first failed lesson, wrong turns, and what was seen at the hops.
fn summary(report: &Report) -> String {
    let turns: Vec<&str> = report.wrong_turns.iter().map(|turn| turn.id.as_str()).collect();
    let hops: Vec<String> = report.hops.iter().map(|hop| hop.observed.chars().take(40).collect()).collect();
    let hop = report.first_broken_hop.as_deref().unwrap_or("-");
    let lesson = report.first_failed_lesson.as_deref().unwrap_or("-");
    format!("{:?} {hop} {lesson} [{}] {}", report.verdict(), turns.join(" "), hops.join(" | "))
}

/// Starts the stack with this change, surveys it, and compares what it comes to.
async fn case(name: &str, stack: &str, change: impl Fn(&Path), expected: &str) {
    if common::left_out() {
        return;
    }
    let running = Running::start(name, stack, change).await;
    let (survey, report) = running.survey(true).await;
    running.end().await;
    let seen = summary(&report);
    assert!(seen.starts_with(expected), "{name}\n expected {expected}\n got      {seen}\n{survey:#?}");
}

#[tokio::test]
async fn the_fixed_shop_works() {
    if common::left_out() {
        return;
    }
    let running = Running::start("fixed", "fixed-stack", |_| {}).await;
    let (survey, report) = running.survey(true).await;
    let (quick, quick_report) = running.survey(false).await;
    let again = running.survey(true).await.1;
    running.end().await;
    let expected = "Works - - [] 200 OK | 200 OK | the row is in items, put there by flaska";
    for report in [&report, &quick_report, &again] {
        assert!(summary(report).starts_with(expected), "{}\n{survey:#?}", summary(report));
    }
    let rows = match &survey.evidence["rows"].observation {
        Observation::Rows(rows) => rows,
        other => panic!("{other:?}"),
    };
    assert_eq!((rows.table.as_str(), rows.total), ("items", 1));
    let page = |survey: &Survey, id: &str| match &survey.evidence[id].observation {
        Observation::Http(answer) => answer.clone(),
        other => panic!("{other:?}"),
    };
    assert_eq!(page(&survey, "submit-again").from_database, Some(true), "the renamed row is shown by its new name");
    let [first, second] = ["submit", "submit-again"].map(|id| page(&survey, id).marker.unwrap());
    assert!(page(&quick, "submit").visible.contains(&first), "the row has its own name back");
    assert!(page(&quick, "submit").visible.contains(&second));
    assert_eq!(survey.services["nginx"].ports, ["127.0.0.1:8080->80/tcp".parse().unwrap()], "numbers of the file");
    assert_eq!(survey.services["flaskapp"].listens[0].port, 80);
    assert!(survey.services["flaskapp"].log.iter().any(|line| line.contains("POST / HTTP")));
    assert!(matches!(&survey.evidence["upstream"].observation, Observation::Http(answer) if answer.status == 200));
    assert!(matches!(&quick.evidence["upstream"].observation, Observation::NotAsked { .. }));
}

#[tokio::test]
async fn the_broken_shop_is_refused() {
    let expected =
        "Broken browser-nginx host-port [] connection refused: nothing is published | connection refused | PostgreSQL";
    case("broken", "broken-stack", |_| {}, expected).await;
}

#[tokio::test]
#[ignore = "longer than others: cargo test -- --include-ignored"]
async fn a_gateway_without_an_app_behind_it() {
    let change = |dir: &Path| edit(dir, "conf.d/flaskapp.conf", "flaskapp:80;", "flaskapp:5001;");
    let expected = "Broken nginx-flaskapp app-port [] 502 Bad Gateway | connection refused | PostgreSQL";
    case("gateway", "fixed-stack", change, expected).await;
}

#[tokio::test]
async fn a_mapping_to_a_port_where_nobody_listens() {
    let change = |dir: &Path| edit(dir, "docker-compose.yml", "8080:80", "8080:8080");
    let expected = "Broken browser-nginx host-port [both-8080] empty reply";
    case("mapping", "fixed-stack", change, expected).await;
}

#[tokio::test]
async fn an_app_that_listens_to_itself_only() {
    let change = |dir: &Path| edit(dir, "src/app.py", "0.0.0.0", "127.0.0.1");
    let expected = "Broken nginx-flaskapp app-port [loopback-only] 502 Bad Gateway | connection refused | PostgreSQL";
    case("loopback", "fixed-stack", change, expected).await;
}

#[tokio::test]
async fn an_unknown_upstream_ends_nginx() {
    let change = |dir: &Path| edit(dir, "conf.d/flaskapp.conf", "flaskapp:80;", "flask:80;");
    let expected = "Broken browser-nginx host-port [unknown-upstream] connection refused | nginx has exited (1): ";
    case("upstream", "fixed-stack", change, expected).await;
}

#[tokio::test]
#[ignore = "longer than others: cargo test -- --include-ignored"]
async fn an_app_that_ends_at_once() {
    let change = |dir: &Path| edit(dir, "src/app.py", "app = Flask(__name__)", "app = Flask(__nam__)");
    if common::left_out() {
        return;
    }
    let running = Running::start("crash", "fixed-stack", change).await;
    let (survey, report) = running.survey(true).await;
    running.end().await;
    let seen = summary(&report);
    // nginx says 502 at once, or waits for the address that is gone; or it began later, found no address, and ended as well.
    let after = ["Broken nginx-flaskapp app-port [] ", "Broken browser-nginx host-port [] "];
    let front = after.iter().find_map(|words| seen.strip_prefix(words)).unwrap_or_default();
    let at_the_door = ["502 Bad Gateway | ", "no answer within 10 s: nginx waits for", "connection refused"];
    assert!(at_the_door.iter().any(|words| front.starts_with(words)), "{seen}\n{survey:#?}");
    assert!(front.contains(" | flaskapp has exited (1): NameError"), "{seen}\n{survey:#?}");
}

#[tokio::test]
#[ignore = "longer than others: cargo test -- --include-ignored"]
async fn an_app_past_nginx() {
    let change = |dir: &Path| {
        edit(dir, "docker-compose.yml", "    ports:\n      - \"8080:80\"\n", "");
        edit(dir, "docker-compose.yml", "    init: true\n", "    init: true\n    ports:\n      - \"8080:80\"\n");
    };
    let expected = "Broken browser-nginx host-port [past-nginx app-published-too] 200 OK, but past nginx: flaskapp answers | 200 OK";
    case("past", "fixed-stack", change, expected).await;
}

#[tokio::test]
async fn a_constructor_that_does_not_fit() {
    let change = |dir: &Path| edit(dir, "src/models.py", "def __init__", "def build");
    case("constructor", "fixed-stack", change, "Broken - constructor [] 200 OK | 200 OK | PostgreSQL").await;
}

#[tokio::test]
#[ignore = "longer than others: cargo test -- --include-ignored"]
async fn rows_that_a_browser_hides() {
    let change = |dir: &Path| edit(dir, "src/models.py", "def __repr__", "def show");
    let expected = "Broken - representation [hidden-tags] 200 OK | 200 OK | the row is in items, put there by flaska";
    case("hidden", "fixed-stack", change, expected).await;
}

/// Changes how the app calls the database, but not how the bootstrap does.
fn database_for_app(dir: &Path, setting: &str, right: &str, wrong: &str) {
    let chosen = format!("{setting}={right} if __import__('sys').argv[0] == '-c' else {wrong}");
    edit(dir, "src/database.py", &format!("{setting}={right}"), &chosen);
}

#[tokio::test]
#[ignore = "longer than others: cargo test -- --include-ignored"]
async fn an_unknown_database_host() {
    let change = |dir: &Path| database_for_app(dir, "host", "\"db\"", "\"postgres\"");
    let expected = "Broken flaskapp-db constructor [] 200 OK | 200 OK | unknown host name postgres";
    case("dbhost", "fixed-stack", change, expected).await;
}

#[tokio::test]
async fn an_app_that_calls_itself_instead_of_the_database() {
    let change = |dir: &Path| {
        database_for_app(dir, "host", "\"db\"", "\"0.0.0.0\"");
        database_for_app(dir, "port", "5432", "80");
    };
    let expected = "Broken flaskapp-db constructor [] 200 OK | 200 OK | no answer within 3 s";
    case("dbself", "fixed-stack", change, expected).await;
}

#[tokio::test]
#[ignore = "longer than others: cargo test -- --include-ignored"]
async fn a_wrong_password() {
    let change = |dir: &Path| {
        database_for_app(dir, "password", "os.environ[\"POSTGRES_PASSWORD\"]", "\"wrong\"");
    };
    let expected = "Broken flaskapp-db constructor [] 200 OK | 200 OK | ";
    case("password", "fixed-stack", change, expected).await;
}
