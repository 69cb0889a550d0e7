//! A stack, and what was seen of it, to be changed by tests.

use breakfix::{
    course::{Course, Lesson},
    diagnosis::{Report, diagnose},
    engine::ServiceState,
    lab::{Facts, MakeLive, Stale},
    probe::{Evidence, FrontDoor, HttpAnswer, ListenSocket, Observation, Rows, ServiceReport, Survey},
};

pub const MARKER: &str = "teapotabc123";

pub fn course() -> Course {
    #[derive(serde::Deserialize)]
    struct Lessons {
        lesson: Vec<Lesson>,
    }
    let mut course: Course = toml::from_str(include_str!("course.toml")).unwrap();
    let lessons: Lessons = toml::from_str(include_str!("lessons.toml")).unwrap();
    course.lessons = lessons.lesson;
    course
}

pub fn http(status: u16, reason: &str, server: &str, body: &str) -> HttpAnswer {
    HttpAnswer {
        status,
        reason: reason.into(),
        server: Some(server.into()),
        headers: vec![("Server".into(), server.into())],
        body: body.into(),
        visible: body.into(),
        ..HttpAnswer::default()
    }
}

/// A stack and what was seen of it.
pub struct Scene {
    pub survey: Survey,
    pub facts: Facts,
}

impl Scene {
    /// The shop with everything fixed.
    pub fn works() -> Self {
        let mut front = http(200, "OK", "nginx/1.28.0", "Sell something");
        front.form = ["csrf_token", "name", "quantity", "description"].map(String::from).to_vec();
        let mut submit = http(200, "OK", "nginx/1.28.0", &format!("[Item 1: {MARKER}, 42, sent by breakfix]"));
        submit.redirects = vec![(302, "/success".into())];
        submit.marker = Some(MARKER.into());
        let submitted = [("name", MARKER), ("quantity", "42"), ("description", "sent by breakfix")];
        let rows = Rows {
            database: None,
            table: "items".into(),
            columns: ["id", "name", "quantity", "description"].map(String::from).to_vec(),
            rows: vec![["1", MARKER, "42", "sent by breakfix"].map(|cell| Some(cell.to_string())).to_vec()],
            submitted: submitted.map(|(name, value)| (name.to_string(), value.to_string())).into(),
            total: 1,
            kept: None,
        };
        let mut scene = Self { survey: Survey::default(), facts: Facts::default() };
        scene.saw("browser-nginx", Observation::Http(front.clone()));
        scene.saw("page", Observation::Http(front.clone()));
        scene.saw("nginx-flaskapp", Observation::Http(front.clone()));
        scene.saw("upstream", Observation::Http(front));
        scene.saw("flaskapp-db", Observation::Connected { what: "PostgreSQL 17.5".into() });
        scene.saw("submit", Observation::Http(submit.clone()));
        let mut again = submit.clone();
        again.marker = Some("teapotxyz789".into());
        again.visible = format!("[Item 1: {MARKER}, 42, Item 2: teapotxyz789, 17]");
        scene.saw("submit-again", Observation::Http(again));
        scene.saw("rows", Observation::Rows(rows));
        for (role, port) in [("nginx", 80), ("flaskapp", 80), ("db", 5432)] {
            scene.survey.services.insert(role.into(), service(role, &[("0.0.0.0", port)]));
        }
        scene.survey.front = Some(FrontDoor { service: "nginx".into(), target: 80 });
        for (name, value) in [
            ("front.service", "nginx"),
            ("front.target", "80"),
            ("nginx.published", "8080:80"),
            ("nginx.listen", "80"),
            ("nginx.upstream", "flaskapp:80"),
            ("flaskapp.port", "80"),
            ("db.port", "5432"),
        ] {
            scene.fact(name, value);
        }
        scene
    }

    pub fn saw(&mut self, id: &str, observation: Observation) -> &mut Self {
        let command = match id {
            "browser-nginx" | "page" => "curl -i http://localhost:8080/",
            "nginx-flaskapp" | "upstream" => "docker compose exec nginx curl -i http://flaskapp:5001/",
            "submit" => "curl -iL -d name=… http://localhost:8080/",
            _ => "docker compose exec db psql",
        };
        let evidence =
            Evidence { id: id.into(), command: command.into(), vantage: "host".into(), observation, seconds: 0.1 };
        self.survey.evidence.insert(id.into(), evidence);
        self
    }

    pub fn not_asked(&mut self, ids: &[&str]) -> &mut Self {
        for id in ids {
            self.saw(id, Observation::NotAsked { because: "something before it is broken".into() });
        }
        self
    }

    pub fn fact(&mut self, name: &str, value: &str) -> &mut Self {
        self.facts.values.insert(name.into(), value.into());
        self
    }

    pub fn log(&mut self, role: &str, line: &str) -> &mut Self {
        self.survey.services.get_mut(role).unwrap().log.push(line.into());
        self
    }

    pub fn file(&mut self, path: &str, text: &str) -> &mut Self {
        self.facts.texts.insert(path.into(), text.into());
        self
    }

    /// The front door is shut in this way.
    pub fn shut(&mut self, observation: Observation) -> &mut Self {
        self.saw("browser-nginx", observation).not_asked(&["page", "submit", "rows"])
    }

    /// nginx cannot reach the app.
    pub fn gateway(&mut self, status: u16, reason: &str, upstream: Observation) -> &mut Self {
        let page = http(status, reason, "nginx/1.28.0", "<hr><center>nginx/1.28.0</center>");
        self.saw("browser-nginx", Observation::Http(page.clone())).saw("page", Observation::Http(page));
        self.saw("nginx-flaskapp", upstream.clone()).saw("upstream", upstream).not_asked(&["submit", "rows"])
    }

    pub fn submit(&mut self, change: impl FnOnce(&mut HttpAnswer)) -> &mut Self {
        if let Observation::Http(answer) = &mut self.survey.evidence.get_mut("submit").unwrap().observation {
            change(answer);
        }
        self
    }

    pub fn rows(&mut self, change: impl FnOnce(&mut Rows)) -> &mut Self {
        if let Observation::Rows(rows) = &mut self.survey.evidence.get_mut("rows").unwrap().observation {
            change(rows);
        }
        self
    }

    pub fn stale(&mut self, service: &str, action: MakeLive) -> &mut Self {
        self.survey.stale.push(Stale { service: service.into(), files: vec!["file".into()], action });
        self
    }

    pub fn report(&self) -> Report {
        diagnose(&course(), &self.survey, &self.facts, None)
    }
}

pub fn service(role: &str, listens: &[(&str, u16)]) -> ServiceReport {
    ServiceReport {
        service: role.into(),
        state: ServiceState::Running,
        exit_code: None,
        ports: Vec::new(),
        listens: listens
            .iter()
            .map(|(address, port)| ListenSocket { address: (*address).into(), port: *port })
            .collect(),
        log: Vec::new(),
        restarts: 0,
        ..ServiceReport::default()
    }
}

/// What a report comes to, in one line: verdict, first broken hop, first failed lesson, wrong turns.
pub fn summary(report: &Report) -> String {
    let turns: Vec<&str> = report.wrong_turns.iter().map(|turn| turn.id.as_str()).collect();
    format!(
        "{:?} {} {} [{}]",
        report.verdict(),
        report.first_broken_hop.as_deref().unwrap_or("-"),
        report.first_failed_lesson.as_deref().unwrap_or("-"),
        turns.join(" ")
    )
}
