//! What is read from stacks as learners write them: one row per way of saying a port or an address.

use std::{
    collections::{BTreeMap, BTreeSet},
    path::PathBuf,
};

use breakfix::{
    compose::{Build, FoundRoles, LoadOptions, Mount, MountKind, Place, Port, Protocol, Service, Stack, load},
    course::{Course, vocabulary},
    lab::{Facts, facts, texts_of},
};

const DOCKERFILE: &str = "FROM python:3.13-slim\nWORKDIR /opt/shop/src\nCOPY . .\nCMD [\"python\", \"app.py\"]\n";

/// A stack of three services, as plain data.
struct Shop {
    stack: Stack,
    texts: BTreeMap<String, String>,
}

impl Shop {
    fn new() -> Self {
        let service = |name: &str, line: usize| Service {
            name: name.into(),
            place: Place { file: "docker-compose.yml".into(), line, column: 3 },
            ..Service::default()
        };
        let mut nginx = service("nginx", 2);
        nginx.mounts.push(mount("conf.d", "/etc/nginx/conf.d"));
        let mut flaskapp = service("flaskapp", 9);
        flaskapp.build = Some(Build { context: "/lab".into(), dockerfile: "Dockerfile".into(), ..Build::default() });
        let mut db = service("db", 15);
        db.mounts.push(Mount {
            kind: MountKind::Volume("dbdata".into()),
            target: "/var/lib/postgresql/data".into(),
            read_only: false,
            options: Default::default(),
            place: Place { file: "docker-compose.yml".into(), line: 18, column: 9 },
        });
        let stack = Stack {
            dir: "/lab".into(),
            files: vec!["/lab/docker-compose.yml".into()],
            services: vec![nginx, flaskapp, db],
            ..Stack::default()
        };
        Self { stack, texts: BTreeMap::new() }.file("Dockerfile", DOCKERFILE)
    }

    fn file(mut self, path: &str, text: &str) -> Self {
        self.texts.insert(path.into(), text.into());
        self
    }

    fn service(&mut self, name: &str) -> &mut Service {
        self.stack.services.iter_mut().find(|service| service.name == name).expect("one of the three")
    }

    fn publish(mut self, name: &str, published: u16, target: u16) -> Self {
        let place = Place { file: "docker-compose.yml".into(), line: 12, column: 9 };
        let port = Port { host_ip: None, published: Some(published), target, protocol: Protocol::Tcp, place };
        self.service(name).ports.push(port);
        self
    }

    fn env(mut self, name: &str, value: &str) -> Self {
        self.service("flaskapp").environment.insert(name.into(), Some(value.into()));
        self
    }

    fn command(mut self, words: &[&str]) -> Self {
        self.service("flaskapp").command = Some(words.iter().map(|word| (*word).to_owned()).collect());
        self
    }

    fn facts(self) -> Facts {
        facts(Some(&self.stack), &roles(), &course(), self.texts)
    }
}

fn mount(from: &str, target: &str) -> Mount {
    let kind = MountKind::Bind(PathBuf::from("/lab").join(from));
    Mount { kind, target: target.into(), read_only: false, options: Default::default(), place: Place::default() }
}

fn roles() -> FoundRoles {
    FoundRoles { proxy: Some("nginx".into()), app: Some("flaskapp".into()), database: Some("db".into()) }
}

fn stands(facts: &Facts, name: &str) -> String {
    facts.places.get(name).map(|place| format!("{}:{}", place.file.display(), place.line)).unwrap_or_default()
}

#[test]
fn what_the_compose_file_publishes() {
    let facts = Shop::new().publish("nginx", 80, 8080).publish("db", 5433, 5432).facts();
    assert_eq!(facts.get("front.published"), None);
    assert_eq!(facts.get("nginx.published"), Some("80:8080"));
    assert_eq!(facts.get("nginx.target"), Some("8080"));
    assert_eq!(facts.get("db.published"), Some("5433:5432"));
    assert_eq!(facts.get("db.volume"), Some("dbdata"));
    assert_eq!(facts.get("flaskapp.published"), None);
    assert_eq!(stands(&facts, "nginx.published"), "docker-compose.yml:12");

    let facts = Shop::new().publish("nginx", 443, 443).publish("nginx", 8080, 80).publish("nginx", 81, 80).facts();
    assert_eq!(facts.get("front.published"), Some("8080:80"));
    assert_eq!(facts.get("front.service"), Some("nginx"));
    assert_eq!(facts.get("front.target"), Some("80"));
    assert_eq!(facts.get("nginx.published"), Some("443:443,8080:80,81:80"));
    assert_eq!(facts.get("nginx.target"), Some("443,80"));

    let facts = Shop::new().publish("flaskapp", 8080, 5000).facts();
    assert_eq!((facts.get("front.service"), facts.get("front.target")), (Some("flaskapp"), Some("5000")));
    assert_eq!(facts.get("flaskapp.published"), Some("8080:5000"));
}

#[test]
fn where_nginx_listens_and_whom_it_asks() {
    let server = |inside: &str| format!("server {{\n{inside}\n}}\n");
    let location = |pass: &str| server(&format!("listen 80;\nlocation / {{ {pass} }}"));
    #[rustfmt::skip]
    let table: Vec<(String, Option<&str>, Option<&str>)> = vec![
        (location("proxy_pass http://flaskapp:5001;"), Some("80"), Some("flaskapp:5001")),
        (location("proxy_pass http://flaskapp:5001/;"), Some("80"), Some("flaskapp:5001")),
        (location("proxy_pass http://flaskapp;"), Some("80"), Some("flaskapp:80")),
        (location("proxy_pass https://flaskapp/app/;"), Some("80"), Some("flaskapp:443")),
        (location("proxy_pass 'http://localhost:5000';"), Some("80"), Some("localhost:5000")),
        (location("# proxy_pass http://old:1;\nproxy_pass http://new:2; # was 3"), Some("80"), Some("new:2")),
        (location("proxy_pass http://flaskapp:5001$request_uri;"), Some("80"), Some("flaskapp:5001")),
        (location("set $backend flaskapp; proxy_pass http://$backend:5001;"), Some("80"), Some("flaskapp:5001")),
        (location("set $backend http://flaskapp:5001; proxy_pass $backend;"), Some("80"), Some("flaskapp:5001")),
        (location("set $port 5001; set $backend flaskapp:${port}; proxy_pass http://${backend}/x;"), Some("80"), Some("flaskapp:5001")),
        (location("set $a $b; set $b $a; proxy_pass http://$a;"), Some("80"), None),
        (location("proxy_pass http://$who:5001;"), Some("80"), None),
        (location("proxy_pass http://unix:/run/app.sock;"), Some("80"), None),
        (location("proxy_pass http://flaskapp:port;"), Some("80"), None),
        (location("uwsgi_pass flaskapp:5001;"), Some("80"), Some("flaskapp:5001")),
        (location("if ($x) { return 403; } proxy_pass http://flaskapp:80;"), Some("80"), Some("flaskapp:80")),
        (location("root /usr/share/nginx/html;"), Some("80"), None),
        (format!("upstream shop {{ server old:1 down; server flaskapp:5001 weight=2; }}\n{}", location("proxy_pass http://shop;")), Some("80"), Some("flaskapp:5001")),
        (format!("upstream shop {{ server flaskapp; }}\n{}", location("proxy_pass http://shop/;")), Some("80"), Some("flaskapp:80")),
        (server("listen 8080 default_server;\nlisten [::]:8080;"), Some("8080"), None),
        (server("listen *:80;"), Some("80"), None),
        (server("listen 0.0.0.0:81 ssl;\nlisten 443 ssl;"), Some("81,443"), None),
        (server("listen [::]:82 ipv6only=on;"), Some("82"), None),
        (server("listen localhost;"), Some("80"), None),
        (server("listen unix:/run/nginx.sock;"), None, None),
        (server("server_name shop;"), Some("80"), None),
        (server("# listen 81;\nlisten\n  83;"), Some("83"), None),
        (format!("http {{ {} }}", location("proxy_pass http://flaskapp:5001;")), Some("80"), Some("flaskapp:5001")),
        (server("listen 80; location /static { root /x; } location = / { proxy_pass http://one:1; }"), Some("80"), Some("one:1")),
        (server("listen 80; location /api { proxy_pass http://api:1; } location / { proxy_pass http://shop:2; }"), Some("80"), Some("shop:2")),
        (server("listen 80; location ~ ^/ { proxy_pass http://only:3; }"), Some("80"), Some("only:3")),
        (server("listen 80; location /a { proxy_pass http://a:1; } location /b { proxy_pass http://b:2; }"), Some("80"), None),
        ("server { listen 80; location / { proxy_pass http://flaskapp:5001".into(), Some("80"), None),
        (String::new(), None, None),
    ];
    for (conf, listen, upstream) in table {
        let facts = Shop::new().file("conf.d/flaskapp.conf", &conf).facts();
        assert_eq!(facts.get("nginx.listen"), listen, "{conf}");
        assert_eq!(facts.get("nginx.upstream"), upstream, "{conf}");
        let split = upstream.map(|upstream| upstream.split_once(':').expect("host and port"));
        assert_eq!(facts.get("nginx.upstream_host"), split.map(|(host, _)| host), "{conf}");
        assert_eq!(facts.get("nginx.upstream_port"), split.map(|(_, port)| port), "{conf}");
    }
}

#[test]
fn the_server_behind_the_published_port_is_the_one_that_counts() {
    let conf = "server { listen 81; location / { proxy_pass http://other:1; } }\nserver { listen 80; location / {\nproxy_pass http://flaskapp:2; } }";
    let shop = || Shop::new().file("conf.d/flaskapp.conf", conf);
    assert_eq!(shop().publish("nginx", 8080, 80).facts().get("nginx.upstream"), Some("flaskapp:2"));
    assert_eq!(shop().publish("nginx", 8080, 81).facts().get("nginx.upstream"), Some("other:1"));
    let facts = shop().publish("nginx", 8080, 80).facts();
    assert_eq!(facts.get("nginx.listen"), Some("81,80"));
    assert_eq!(stands(&facts, "nginx.upstream_port"), "conf.d/flaskapp.conf:3");
}

#[test]
fn only_the_files_that_nginx_reads_are_read() {
    let conf = |port: u16| format!("server {{ listen {port}; }}");
    let facts = Shop::new()
        .file("conf.d/a.conf", &conf(80))
        .file("conf.d/b.conf.bak", &conf(81))
        .file("conf.d/deeper/c.conf", &conf(82))
        .file("elsewhere.conf", &conf(83))
        .facts();
    assert_eq!(facts.get("nginx.listen"), Some("80"));

    let mut one_file = Shop::new().file("nginx/site.conf", &conf(84)).file("nginx/other.conf", &conf(85));
    one_file.service("nginx").mounts = vec![mount("nginx/site.conf", "/etc/nginx/conf.d/default.conf")];
    assert_eq!(one_file.facts().get("nginx.listen"), Some("84"));

    let mut built = Shop::new()
        .file(
            "web/Dockerfile",
            "FROM nginx:1.28\nRUN rm /etc/nginx/conf.d/default.conf\nCOPY ./conf/shop.conf /etc/nginx/conf.d/\n",
        )
        .file("web/conf/shop.conf", &conf(86))
        .file("conf.d/old.conf", &conf(87));
    built.service("nginx").mounts.clear();
    built.service("nginx").build =
        Some(Build { context: "/lab/web".into(), dockerfile: "Dockerfile".into(), ..Build::default() });
    assert_eq!(built.facts().get("nginx.listen"), Some("86"));

    let template = "server { listen ${PORT}; location / { proxy_pass http://${APP}; } }";
    let mut templates = Shop::new().file("templates/default.conf.template", template);
    let nginx = templates.service("nginx");
    nginx.mounts = vec![mount("templates", "/etc/nginx/templates")];
    nginx.environment = [("PORT", "88"), ("APP", "flaskapp:5001")].map(|(k, v)| (k.into(), Some(v.into()))).into();
    let facts = templates.facts();
    assert_eq!((facts.get("nginx.listen"), facts.get("nginx.upstream")), (Some("88"), Some("flaskapp:5001")));

    let texts = BTreeMap::from([("conf.d/flaskapp.conf".to_owned(), conf(89))]);
    let facts = facts_without_compose(texts);
    assert_eq!(facts.get("nginx.listen"), Some("89"));
}

fn course() -> Course {
    Course::embedded().unwrap()
}

fn facts_without_compose(texts: BTreeMap<String, String>) -> Facts {
    facts(None, &FoundRoles::default(), &course(), texts)
}

#[test]
fn where_the_app_says_that_it_listens() {
    let main = |call: &str| {
        format!(
            "import os\nfrom flask import Flask\napp = Flask(__name__)\nPORT = 5001\nif __name__ == '__main__':\n    {call}\n"
        )
    };
    #[rustfmt::skip]
    let table: Vec<(&str, Option<&str>, Option<&str>)> = vec![
        ("app.run()", Some("5000"), Some("127.0.0.1")),
        ("app.run(host='0.0.0.0')", Some("5000"), Some("0.0.0.0")),
        ("app.run(host='0.0.0.0', port=80)", Some("80"), Some("0.0.0.0")),
        ("app.run(host=\"0.0.0.0\", port='5001')", Some("5001"), Some("0.0.0.0")),
        ("app.run('0.0.0.0', 5001, debug=True)", Some("5001"), Some("0.0.0.0")),
        ("app.run(debug=True, # port=1\n        port=5001)", Some("5001"), Some("127.0.0.1")),
        ("app.run(host=None, port=None)", Some("5000"), Some("127.0.0.1")),
        ("app.run(port=PORT)", Some("5001"), Some("127.0.0.1")),
        ("app.run(port=int(os.environ.get('PORT', 5000)))", Some("5000"), Some("127.0.0.1")),
        ("app.run(port=int(os.environ.get('SET', 5000)))", Some("5002"), Some("127.0.0.1")),
        ("app.run(port=os.getenv('PORT') or 5003)", Some("5003"), Some("127.0.0.1")),
        ("app.run(port=int(os.environ['SET']))", Some("5002"), Some("127.0.0.1")),
        ("app.run(port=os.environ['PORT'])", None, Some("127.0.0.1")),
        ("app.run(port=int(sys.argv[1]))", None, Some("127.0.0.1")),
        ("app.run(port=5000 + 1)", None, Some("127.0.0.1")),
        ("app.run(port=80 if x else 81)", None, Some("127.0.0.1")),
        ("app.run(port='many')", None, Some("127.0.0.1")),
        ("app.run(**options)", None, None),
        ("# app.run(port=80)\n    app.run(port=81)", Some("81"), Some("127.0.0.1")),
        ("'''app.run(port=80)'''\n    app.run(port=81)", Some("81"), Some("127.0.0.1")),
        ("app.run(port=80) if x else app.run(port=81)", None, None),
        ("create_app().run(port=5001)", Some("5001"), Some("127.0.0.1")),
        ("socketio.run(app, '0.0.0.0', 5001)", Some("5001"), Some("0.0.0.0")),
        ("uvicorn.run(app, port=5001)", Some("5001"), Some("127.0.0.1")),
        ("from waitress import serve\n    serve(app, port=5001)", Some("5001"), Some("0.0.0.0")),
        ("from waitress import serve\n    serve(app, listen='*:80')", Some("80"), Some("0.0.0.0")),
        ("from waitress import serve\n    serve(app)", Some("8080"), Some("0.0.0.0")),
        ("run_simple('0.0.0.0', 5001, app)", Some("5001"), Some("0.0.0.0")),
        ("subprocess.run(['ls'])", None, None),
        ("app.serve_forever()", None, None),
    ];
    for (call, port, host) in table {
        let facts = Shop::new().file("src/app.py", &main(call)).env("SET", "5002").facts();
        assert_eq!(facts.get("flaskapp.port"), port, "{call}");
        assert_eq!(facts.get("flaskapp.host"), host, "{call}");
    }
    let facts = Shop::new().file("src/app.py", &main("app.run(\n        host='x',\n        port=80,\n    )")).facts();
    assert_eq!(stands(&facts, "flaskapp.port"), "src/app.py:8");
}

#[test]
fn what_the_command_says_goes_before_the_file() {
    let shop = || Shop::new().file("src/app.py", "app.run(port=1)\n").env("PORT", "5009");
    #[rustfmt::skip]
    let table: Vec<(&[&str], Option<&str>, Option<&str>)> = vec![
        (&["flask", "run"], Some("5000"), Some("127.0.0.1")),
        (&["flask", "--app", "app", "run", "-h", "0.0.0.0", "-p", "80"], Some("80"), Some("0.0.0.0")),
        (&["python", "-m", "flask", "run", "--host=0.0.0.0", "--port=5001"], Some("5001"), Some("0.0.0.0")),
        (&["gunicorn", "-b", "0.0.0.0:5001", "app:app"], Some("5001"), Some("0.0.0.0")),
        (&["gunicorn", "--bind=:80", "app:app"], Some("80"), Some("0.0.0.0")),
        (&["gunicorn", "-b", ":80", "-b", "[::]:81", "app:app"], Some("80,81"), Some("0.0.0.0,[::]")),
        (&["gunicorn", "app:app"], Some("5009"), Some("0.0.0.0")),
        (&["gunicorn", "-b", "unix:/run/app.sock", "app:app"], None, None),
        (&["sh", "-c", "gunicorn -b 0.0.0.0:$PORT app:app"], Some("5009"), Some("0.0.0.0")),
        (&["waitress-serve", "--listen=*:5001", "app:app"], Some("5001"), Some("0.0.0.0")),
        (&["waitress-serve", "--port", "5001", "app:app"], Some("5001"), Some("0.0.0.0")),
        (&["uwsgi", "--http", ":5001", "--module", "app:app"], Some("5001"), Some("0.0.0.0")),
        (&["uwsgi", "--ini", "uwsgi.ini"], None, None),
        (&["uvicorn", "app:app", "--host", "0.0.0.0"], Some("8000"), Some("0.0.0.0")),
        (&["hypercorn", "--bind", "0.0.0.0:5001", "app:app"], Some("5001"), Some("0.0.0.0")),
        (&["python", "-c", "from app import app; app.run('0.0.0.0', 5001)"], Some("5001"), Some("0.0.0.0")),
        (&["python", "/opt/shop/src/app.py"], Some("1"), Some("127.0.0.1")),
        (&["python", "nowhere.py"], None, None),
        (&["sleep", "infinity"], None, None),
    ];
    for (command, port, host) in table {
        let facts = shop().command(command).facts();
        assert_eq!(facts.get("flaskapp.port"), port, "{command:?}");
        assert_eq!(facts.get("flaskapp.host"), host, "{command:?}");
    }
    let run = shop().command(&["flask", "run"]).env("FLASK_RUN_PORT", "5001").env("FLASK_RUN_HOST", "0.0.0.0").facts();
    assert_eq!((run.get("flaskapp.port"), run.get("flaskapp.host")), (Some("5001"), Some("0.0.0.0")));
}

#[test]
fn the_dockerfile_says_how_the_app_starts_and_what_it_documents() {
    let shop = |dockerfile: &str| Shop::new().file("src/app.py", "app.run(port=1)\n").file("Dockerfile", dockerfile);
    let facts = shop("FROM python\nEXPOSE 5001 80/tcp\nCMD flask run -p 5001\n").facts();
    assert_eq!((facts.get("flaskapp.expose"), facts.get("flaskapp.port")), (Some("5001,80"), Some("5001")));
    assert_eq!(
        (stands(&facts, "flaskapp.expose"), stands(&facts, "flaskapp.port")),
        ("Dockerfile:2".into(), "Dockerfile:3".into())
    );
    let facts = shop("FROM python\nENTRYPOINT [\"flask\"]\nCMD [\"run\", \"-p\", \"80\"]\n").facts();
    assert_eq!(facts.get("flaskapp.port"), Some("80"));
    let facts = shop("FROM python\nENV FLASK_RUN_PORT=81\nCMD [\"flask\", \"run\"]\n").facts();
    assert_eq!(facts.get("flaskapp.port"), Some("81"));
    let facts = shop("FROM python\nENTRYPOINT [\"./start.sh\"]\n")
        .file("start.sh", "#!/bin/sh\nexec flask run \\\n  --port 82\n")
        .facts();
    assert_eq!((facts.get("flaskapp.port"), stands(&facts, "flaskapp.port")), (Some("82"), "start.sh:2".into()));
    let facts = shop("FROM python\n").facts();
    assert_eq!(facts.get("flaskapp.port"), Some("1"), "the only server of the program is believed");
    let facts = shop("FROM python\nCMD [\"gunicorn\", \"app:app\"]\n")
        .file("gunicorn.conf.py", "bind = '0.0.0.0:83'\n")
        .facts();
    assert_eq!(facts.get("flaskapp.port"), Some("83"));
    let facts = shop("FROM python\nCMD [\"python\", \"main.py\"]\n")
        .file("src/main.py", "from app import main\nmain()\n")
        .facts();
    assert_eq!(facts.get("flaskapp.port"), Some("1"), "what the main module imports counts");
}

#[test]
fn where_the_app_says_that_the_database_is() {
    #[rustfmt::skip]
    let table: Vec<(&str, Option<&str>, Option<&str>)> = vec![
        ("create_engine('postgresql://u:p@db:5432/shop')", Some("db"), Some("5432")),
        ("create_engine('postgresql+psycopg://u:p@db/shop')", Some("db"), Some("5432")),
        ("create_engine(f'postgresql://{user}:{os.environ[\"POSTGRES_PASSWORD\"]}@db:5433/{name}')", Some("db"), Some("5433")),
        ("host = 'db'\nport = 5433\ncreate_engine(f'postgresql://u:p@{host}:{port}/x')", Some("db"), Some("5433")),
        ("create_engine('postgresql://%s:%s@%s:%s/%s' % (user, pw, 'db', 5433, name))", Some("db"), Some("5433")),
        ("create_engine('postgresql://{}:{}@{host}:{port}/x'.format(u, p, host='db', port=5433))", Some("db"), Some("5433")),
        ("create_engine('postgresql://' + user + ':' + pw + '@db:5433/x')", Some("db"), Some("5433")),
        ("create_engine('postgresql://u:p@' + unknown + ':5433/x')", None, Some("5433")),
        ("create_engine(URL.create('postgresql', host='db', port=5432, username=os.environ['U']))", Some("db"), Some("5432")),
        ("url = URL.create('postgresql', 'u', 'p', 'db', 5433, 'x')\ncreate_engine(url)", Some("db"), Some("5433")),
        ("create_engine(URL.create('postgresql', host='db'))", Some("db"), Some("5432")),
        ("create_engine(URL.create('postgresql', host=os.getenv('DB_HOST', 'db'), port=int(os.getenv('DB_PORT', '5434'))))", Some("db"), Some("5434")),
        ("settings = {'drivername': 'postgres', 'host': 'db', 'port': 5433}\ncreate_engine(URL(**settings))", Some("db"), Some("5433")),
        ("app.config['SQLALCHEMY_DATABASE_URI'] = 'postgresql://u:p@db:5433/x'", Some("db"), Some("5433")),
        ("class Config:\n    SQLALCHEMY_DATABASE_URI = 'postgresql://u:p@db/x'", Some("db"), Some("5432")),
        ("psycopg.connect(host='db', port=5433, user='u')", Some("db"), Some("5433")),
        ("psycopg.connect('host=db user=u dbname=x')", Some("db"), Some("5432")),
        ("create_engine('postgresql://u:p@0.0.0.0:80/x')", Some("0.0.0.0"), Some("80")),
        ("create_engine(os.environ['NEON'])", Some("neon"), Some("6000")),
        ("create_engine(os.environ['NOWHERE'])", None, None),
        ("create_engine('sqlite:///shop.db')", None, None),
        ("create_engine('postgresql://u:p@a/x')\ncreate_engine('postgresql://u:p@b/x')", None, None),
        ("# create_engine('postgresql://u:p@old:1/x')\ncreate_engine('postgresql://u:p@db:5433/x')", Some("db"), Some("5433")),
        ("mailer.connect(host='smtp', port=25)", None, None),
    ];
    for (code, host, port) in table {
        let facts = Shop::new()
            .file("src/database.py", &format!("import os\n{code}\n"))
            .env("NEON", "postgres://u:p@neon:6000/x")
            .facts();
        assert_eq!(facts.get("db.host"), host, "{code}");
        assert_eq!(facts.get("db.port"), port, "{code}");
    }
    let facts = Shop::new()
        .file("src/database.py", "u = URL.create(\n    'postgresql',\n    host='db',\n    port=5433,\n)\n")
        .facts();
    assert_eq!(stands(&facts, "db.port"), "src/database.py:4");
}

#[test]
fn the_environment_names_the_database_where_the_code_does_not() {
    let facts = Shop::new().env("DATABASE_URL", "postgresql://u:p%40@db:5433/x").facts();
    assert_eq!((facts.get("db.host"), facts.get("db.port")), (Some("db"), Some("5433")));
    let facts = Shop::new()
        .env("POSTGRES_HOST", "db")
        .file("docker-compose.yml", "services:\n  flaskapp:\n    environment:\n      - POSTGRES_HOST=db\n")
        .facts();
    assert_eq!((facts.get("db.host"), facts.get("db.port")), (Some("db"), Some("5432")));
    assert_eq!(stands(&facts, "db.host"), "docker-compose.yml:4");
}

#[test]
fn the_shop_as_it_is_handed_out_can_be_read_without_its_compose_file_too() {
    let texts = || {
        BTreeMap::from(
            [
                ("Dockerfile", DOCKERFILE),
                ("src/app.py", "app.run(host=\"0.0.0.0\")\n"),
                ("src/database.py", "create_engine(URL.create(\"postgresql+psycopg\", username=os.environ[\"U\"], host=\"db\", port=5432))\n"),
                ("conf.d/flaskapp.conf", "server { listen 80; location / { proxy_pass http://flaskapp:5001; } }"),
            ]
            .map(|(path, text)| (path.to_owned(), text.to_owned())),
        )
    };
    let facts = facts_without_compose(texts());
    let told: Vec<(&str, &str)> = facts.values.iter().map(|(name, value)| (name.as_str(), value.as_str())).collect();
    assert_eq!(
        told,
        [
            ("db.host", "db"),
            ("db.port", "5432"),
            ("flaskapp.command", "python app.py"),
            ("flaskapp.host", "0.0.0.0"),
            ("flaskapp.modules", "app,database"),
            ("flaskapp.port", "5000"),
            ("nginx.listen", "80"),
            ("nginx.location", "/"),
            ("nginx.pass", "proxy_pass http"),
            ("nginx.resolver", "none"),
            ("nginx.upstream", "flaskapp:5001"),
            ("nginx.upstream_host", "flaskapp"),
            ("nginx.upstream_port", "5001"),
        ]
    );
    assert_eq!(facts.texts, texts());
}

#[test]
fn every_fact_is_in_the_vocabulary_of_lessons() {
    let usual = Shop::new()
        .publish("nginx", 8080, 80)
        .publish("flaskapp", 1, 2)
        .publish("db", 3, 4)
        .file("conf.d/a.conf", "server { location / { proxy_pass http://flaskapp; } }")
        .file("Dockerfile", "FROM python\nEXPOSE 80\nCMD [\"python\", \"app.py\"]\n")
        .file("app.py", "create_engine('postgresql://db/x')\napp.run()\n")
        .facts();
    // What only other ways to start an app tell.
    let dir = tempfile::tempdir().unwrap();
    let check = "healthcheck: {test: [CMD, \"true\"]}";
    let compose = format!(
        "services:\n  db:\n    image: postgres:17\n    {check}\n  nginx:\n    image: nginx:1.28\n    {check}\n    ports: [\"8080:80\"]\n    depends_on: [flaskapp]\n  flaskapp:\n    build: .\n    {check}\n    working_dir: /opt\n    environment: {{POSTGRES_PASSWORD: \"p@ss\"}}\n    volumes: [\"./x:/opt\"]\n    command: COMMAND\n    depends_on: [db]\n"
    );
    std::fs::create_dir(dir.path().join("x")).unwrap();
    std::fs::write(dir.path().join("Dockerfile"), "FROM python:3.13-slim\nCOPY start.sh /start.sh\n").unwrap();
    std::fs::write(dir.path().join("start.sh"), "#!/bin/sh\nexec gunicorn app:app\n").unwrap();
    let told_by = |command: &str| {
        std::fs::write(dir.path().join("docker-compose.yml"), compose.replace("COMMAND", command)).unwrap();
        let stack = load(dir.path(), &LoadOptions::default()).unwrap();
        facts(Some(&stack), &breakfix::compose::roles(&stack), &course(), texts_of(dir.path())).values
    };
    let more = [told_by("gunicorn app:app"), told_by("/start.sh")];
    let all = more.iter().flat_map(BTreeMap::keys).chain(usual.values.keys()).map(String::as_str);
    // Told by who starts the stack, not by its files.
    let names: BTreeSet<&str> = all.chain([breakfix::diagnosis::STACK_ERROR]).collect();
    let of_the_shop: BTreeSet<String> = vocabulary::FACTS.iter().map(|name| course().roles.fact(name)).collect();
    assert_eq!(names, of_the_shop.iter().map(String::as_str).collect());
}

#[test]
fn the_facts_of_the_two_stacks_that_are_handed_out() {
    let read = |name: &str| {
        let dir = std::path::Path::new(env!("CARGO_MANIFEST_DIR")).join(name);
        let stack = load(&dir, &LoadOptions::default()).expect("our own compose file can be used");
        facts(Some(&stack), &breakfix::compose::roles(&stack), &course(), texts_of(&dir))
    };
    let broken = read("broken-stack");
    let fixed = read("fixed-stack");
    let table = [
        ("front.published", None, Some("8080:80")),
        ("front.service", None, Some("nginx")),
        ("front.target", None, Some("80")),
        ("nginx.published", Some("80:8080"), Some("8080:80")),
        ("nginx.target", Some("8080"), Some("80")),
        ("nginx.listen", Some("80"), Some("80")),
        ("nginx.upstream", Some("flaskapp:5001"), Some("flaskapp:80")),
        ("flaskapp.host", Some("0.0.0.0"), Some("0.0.0.0")),
        ("flaskapp.port", Some("5000"), Some("80")),
        ("flaskapp.expose", None, None),
        ("db.host", Some("db"), Some("db")),
        ("db.port", Some("5432"), Some("5432")),
    ];
    for (name, in_broken, in_fixed) in table {
        assert_eq!(broken.get(name), in_broken, "{name}");
        assert_eq!(fixed.get(name), in_fixed, "{name}");
    }
    for (name, line) in [
        ("nginx.published", "docker-compose.yml:23"),
        ("nginx.listen", "conf.d/flaskapp.conf:2"),
        ("nginx.upstream_port", "conf.d/flaskapp.conf:6"),
        ("flaskapp.port", "src/app.py:38"),
        ("db.port", "src/database.py:14"),
    ] {
        assert_eq!(stands(&broken, name), line, "{name}");
    }
}

proptest::proptest! {
    /// Learners save half-written files: whatever stands in them, reading goes on.
    #[test]
    fn no_file_is_too_strange(
        python in pieces(&["app.run(", "port=", "create_engine(", "f'{", "}'", "'", "\"", "%", ".format(", "{", "os.environ[", "]", ")", "é", "host", "=", "\n", "\\", ":", "//", "@", "5"]),
        conf in pieces(&["server", "{", "}", "listen", "location /", "proxy_pass http://", "set $a ", "$a", "${a", "é", ";", "\"", ":", "80", " ", "\n", "\\", "upstream"]),
        docker in pieces(&["FROM ", "CMD ", "ENTRYPOINT ", "[\"", "\"]", "flask run -p", "$", "${", "PORT", ":-", "}", "EXPOSE ", "\\\n", "\n", "é", "sh -c '", "'", "ENV A=", "COPY "]),
    ) {
        Shop::new().file("app.py", &python).file("conf.d/a.conf", &conf).file("Dockerfile", &docker).env("PORT", "é").facts();
    }
}

fn pieces(pieces: &'static [&'static str]) -> impl proptest::strategy::Strategy<Value = String> {
    use proptest::strategy::Strategy;
    proptest::collection::vec(proptest::sample::select(pieces), 0..25).prop_map(|pieces| pieces.concat())
}

#[test]
fn a_course_has_names_and_facts_of_its_own() {
    let own = [
        "name = 'app.user'\nreader = 'environment'\nservice = 'shop'\nwhat = 'USER'",
        "name = 'app.seconds'\nreader = 'text'\nfile = 'src/app.py'\nwhat = '^WAIT = ([0-9]+)'",
        "name = 'app.other'\nreader = 'text'\nfile = 'nowhere'\nwhat = 'x'\ndefault = 'none'",
        "name = 'app.unknown'\nreader = 'environment'\nservice = 'shop'\nwhat = 'NOBODY'",
    ];
    let mut course = course();
    course.roles.app = "shop".into();
    course.facts = own.iter().map(|text| toml::from_str(text).unwrap()).collect();
    let Shop { stack, texts } =
        Shop::new().env("USER", "kim").file("src/app.py", "import x\nWAIT = 12\napp.run(port=81)\n");
    let facts = facts(Some(&stack), &roles(), &course, texts);
    let known = |name: &str| facts.get(name);
    assert_eq!(known("shop.port"), Some("81"), "what is read from every stack begins with the course's own word");
    assert_eq!(known("flaskapp.port"), None);
    assert_eq!((known("app.user"), known("app.seconds")), (Some("kim"), Some("12")));
    assert_eq!((known("app.other"), known("app.unknown")), (Some("none"), None));
    assert_eq!(facts.places["app.seconds"].line, 2);
}
