//! Mistakes that learners make, and what they are told: the snapshots are the words.
use std::{collections::BTreeMap, fmt::Write, path::Path};

use breakfix::compose::{LoadOptions, load};

/// Files of a stack: name and content.
type Files<'f> = Vec<(&'f str, &'f [u8])>;

/// What is told of a stack made of these files.
fn told(files: &[(&str, &[u8])]) -> String {
    let dir = tempfile::tempdir().unwrap();
    crate::common::write_files(dir.path(), files.iter().copied());
    told_of(dir.path())
}

fn told_of(dir: &Path) -> String {
    let findings = match load(dir, &LoadOptions { project: None, env: BTreeMap::new() }) {
        Ok(stack) => stack.warnings,
        Err(findings) => {
            assert!(!findings.is_empty(), "an error says why");
            findings
        }
    };
    let told: Vec<String> = findings.iter().map(|finding| finding.render()).collect();
    told.join("\n").replace(dir.to_str().unwrap(), "DIR")
}

/// Each case with its name, what stands in `docker-compose.yml`, and what is told.
fn table(cases: &[(&str, &str)]) -> String {
    let mut out = String::new();
    for (name, text) in cases {
        let told = told(&[("docker-compose.yml", text.as_bytes()), ("app/Dockerfile", b"FROM scratch\n")]);
        let told = if told.is_empty() { "nothing is told".to_string() } else { told };
        writeln!(out, "── {name}\n{told}\n").unwrap();
    }
    out
}

/// The rest of a stack, below `services:` and the service `web`.
fn web(lines: &str) -> String {
    format!("services:\n  web:\n    image: nginx:1.28\n{lines}")
}

macro_rules! told_in {
    ($name:expr, $cases:expr) => {
        insta::with_settings!({ prepend_module_to_snapshot => false, omit_expression => true }, {
            insta::assert_snapshot!($name, table(&$cases));
        });
    };
}

#[test]
fn yaml_that_is_none() {
    told_in!(
        "mistakes-yaml",
        [
            ("tabs", "services:\n\tweb:\n\t\timage: nginx\n"),
            ("a tab among spaces", "services:\n  web:\n    image: nginx\n\tports:\n      - 80\n"),
            ("a tab before a dash", "services:\n  web:\n    ports:\n\t- 80\n"),
            ("no colon", "services:\n  web:\n    image nginx\n    ports:\n      - 80\n"),
            ("no colon after a service", "services:\n  web\n    image: nginx\n"),
            ("no colon after services", "services\n  web:\n    image: nginx\n"),
            ("no colon after a key with a list", "services:\n  web:\n    image: nginx\n    ports\n      - 80\n"),
            ("no colon on the last line", "services:\n  web:\n    image: nginx\n    restart always\n"),
            ("no colon on the only line", "services:\n  web:\n    image nginx\n"),
            ("no space after the colon", "services:\n  web:\n    image:nginx\n    ports:\n      - 80\n"),
            ("no space after the only colon", "services:\n  web:\n    image:nginx\n"),
            ("no space after the dash", "services:\n  web:\n    image: nginx\n    ports:\n      -\"80:80\"\n"),
            (
                "an open quote, and others below",
                "services:\n  web:\n    image: \"nginx\n    ports:\n      - \"80:80\"\n"
            ),
            ("an open quote at the end", "services:\n  web:\n    image: nginx\n    ports:\n      - \"80:80\n"),
            ("an open single quote", "services:\n  web:\n    image: nginx\n    ports:\n      - '80:80\n"),
            ("text after a quote", "services:\n  web:\n    image: \"nginx\" x\n"),
            ("a key twice", "services:\n  web:\n    image: nginx\n    ports: [80]\n    image: nginx\n"),
            ("a service twice", "services:\n  web:\n    image: nginx\n  web:\n    image: httpd\n"),
            ("a dash too far right", "services:\n  web:\n    image: nginx\n    ports:\n     - 80\n      - 81\n"),
            ("a dash too far left", "services:\n  web:\n    image: nginx\n    ports:\n      - 80\n     - 81\n"),
            ("a dash left of its key", "services:\n  web:\n    image: nginx\n    ports:\n  - 80\n"),
            ("a key too far left", "services:\n  web:\n    image: nginx\n   ports:\n      - 80\n"),
            ("a key too far right", "services:\n  web:\n    image: nginx\n      ports:\n      - 80\n"),
            ("an open bracket", "services:\n  web:\n    image: nginx\n    ports: [80, 81\n  db:\n    image: x\n"),
            ("an open bracket at the end", "services:\n  web:\n    image: nginx\n    command: [\"a\", \"b\"\n"),
            ("no comma", "services:\n  web:\n    image: nginx\n    command: [\"a\" \"b\"]\n"),
            ("a colon in a value", "services:\n  web:\n    image: nginx\n    command: echo a: b\n"),
            ("list and map mixed", "services:\n  web:\n    image: nginx\n    environment:\n      A: b\n      - C=d\n"),
            ("map and list mixed", "services:\n  web:\n    image: nginx\n    environment:\n      - C=d\n      A: b\n"),
            ("a template", "services:\n  web:\n    image: {{ image }}\n"),
            ("a value that begins with a sign", "services:\n  web:\n    image: @nginx\n"),
            ("a backslash", "services:\n  web:\n    image: nginx\n    command: \"C:\\data\"\n"),
            ("an anchor that is not there", "services:\n  web:\n    <<: *base\n"),
            ("a tag", "services:\n  web:\n    image: !secret nginx\n"),
            (
                "a conflict",
                "services:\n<<<<<<< HEAD\n  web:\n    image: nginx\n=======\n  x:\n    image: y\n>>>>>>> b\n"
            ),
        ]
    );
}

#[test]
fn things_in_the_wrong_place_or_shape() {
    let cases = [
        ("a misspelt key", web("    port:\n      - \"8080:80\"\n")),
        ("another", web("    enviroment:\n      A: b\n")),
        ("a key of nobody", web("    listen: 80\n")),
        ("a misspelt key at the margin", "service:\n  web:\n    image: nginx\n".into()),
        ("a service at the margin", "services:\n  web:\n    image: nginx\ndb:\n  image: postgres\n".into()),
        ("a service in a service", web("    db:\n      image: postgres\n")),
        ("a service's key at the margin", "services:\n  web:\n    image: nginx\nports:\n  - 80\n".into()),
        ("a key in place of a service", "services:\n  image: nginx\n  ports:\n    - 80\n".into()),
        ("services are a list", "services:\n  - web:\n      image: nginx\n".into()),
        ("an empty service", "services:\n  web:\n  db:\n    image: postgres\n".into()),
        ("neither image nor build", "services:\n  web:\n    ports: [80]\n".into()),
        ("no services", "version: '3'\n".into()),
        ("services are empty", "services:\n".into()),
        ("only text", "hello\n".into()),
        ("only a list", "- web\n".into()),
        ("nothing", "".into()),
        ("only comments", "# to do\n".into()),
        ("a map for a list", web("    ports:\n      8080: 80\n")),
        ("a text for a list", web("    ports: \"8080:80\"\n")),
        ("a list for a text", web("    hostname:\n      - web\n")),
        ("a number for a text", web("    user: 1000\n    container_name: 5\n")),
        ("a version without quotes", format!("version: 3.9\n{}", web(""))),
        ("maps in a list", web("    environment:\n      - A: b\n")),
        ("a text for a map", web("    environment: A=b\n")),
        ("spaces around the equals sign", web("    environment:\n      - A = b\n")),
        ("a map in a map", web("    environment:\n      A:\n        B: c\n")),
        ("an empty entry", web("    ports:\n      -\n")),
        ("a truth value for a policy", web("    restart: true\n")),
        ("a policy of nobody", web("    restart: sometimes\n")),
        ("an open quote in a command", web("    command: sh -c \"echo hello\n")),
        ("no length of time", web("    stop_grace_period: 10\n    healthcheck:\n      interval: soon\n")),
        (
            "a health check without its word",
            web("    healthcheck:\n      test: [\"curl\", \"-f\", \"http://localhost\"]\n"),
        ),
        ("neither true nor false", web("    tty: maybe\n")),
        ("a number of nothing", web("    scale: many\n    healthcheck: {retries: -1}\n")),
        ("a size of nothing", web("    shm_size: large\n")),
        ("both kinds of network", format!("{}networks: {{a: }}\n", web("    network_mode: host\n    networks: [a]\n"))),
        ("a dollar sign", web("    environment:\n      PASSWORD: pa$5word\n")),
        ("an open variable", web("    environment:\n      A: \"${B\"\n")),
        ("a variable that has to be set", web("    environment:\n      A: ${B:?ask the team}\n")),
        ("a variable that is not set", web("    hostname: \"${B}\"\n    environment: {A: \"x $C y\"}\n")),
        ("a project name", format!("name: My Shop\n{}", web(""))),
    ];
    let cases: Vec<(&str, &str)> = cases.iter().map(|(name, text)| (*name, text.as_str())).collect();
    told_in!("mistakes-shape", cases);
}

#[test]
fn ports_and_mounts() {
    let port = |text: &str| web(&format!("    ports:\n      - {text}\n"));
    let mount = |text: &str| web(&format!("    volumes:\n      - {text}\n"));
    let cases = [
        ("a semicolon", port("\"8080;80\"")),
        ("spaces", port("\"8080 : 80\"")),
        ("a space makes a map", port("8080: 80")),
        ("a comma", port("\"8080,80\"")),
        ("out of range", port("\"80800:80\"")),
        ("container port out of range", port("\"8080:65536\"")),
        ("zero", port("\"8080:0\"")),
        ("no container port", port("\"8080:\"")),
        ("a word", port("\"http:80\"")),
        ("a name for an address", port("\"localhost:8080:80\"")),
        ("no address", port("\"1.2.3:8080:80\"")),
        ("a protocol of nobody", port("\"8080:80/http\"")),
        ("ranges of different length", port("\"8080-8082:80-81\"")),
        ("a range backwards", port("\"8081-8080:80-81\"")),
        ("a range for one", port("\"8080-8090:80\"")),
        ("too many", port("\"1-65535:1-65535\"")),
        ("curly quotes", port("“8080:80”")),
        ("long without a target", port("{published: 8080}")),
        ("long with a misspelt key", port("{publish: 8080, target: 80}")),
        ("expose that maps", web("    expose:\n      - \"8080:80\"\n")),
        ("expose of a word", web("    expose: [http]\n")),
        ("a volume that is not declared", mount("data:/var/lib/data")),
        ("a volume that is misspelt", format!("{}volumes:\n  dbdata:\n", mount("dbdat:/var/lib/data"))),
        ("a directory without its dot", mount("conf.d/site:/etc/nginx/conf.d")),
        ("a path that is not there", mount("./nginx.conf:/etc/nginx/nginx.conf")),
        ("a target that is not absolute", mount("./app:code")),
        ("nothing before the colon", mount("\":/code\"")),
        ("too many colons", mount("./app:/code:ro:z")),
        ("a space makes a map, too", format!("{}volumes:\n  data:\n", mount("data: /var/lib/data"))),
        ("a mount without a type", mount("{source: ./app, target: /code}")),
        ("a mount without a target", mount("{type: bind, source: ./app}")),
        ("a mount of no type", mount("{type: directory, source: ./app, target: /code}")),
    ];
    let cases: Vec<(&str, &str)> = cases.iter().map(|(name, text)| (*name, text.as_str())).collect();
    told_in!("mistakes-ports-and-mounts", cases);
}

#[test]
fn names_that_lead_nowhere() {
    let cases = [
        ("a service", "services:\n  web:\n    image: nginx\n    depends_on:\n      - bd\n  db:\n    image: postgres\n"),
        (
            "a service that nobody has",
            "services:\n  web:\n    image: nginx\n    depends_on: [cache]\n  db:\n    image: postgres\n",
        ),
        (
            "a dependency without a condition",
            "services:\n  web:\n    image: nginx\n    depends_on:\n      db:\n  db:\n    image: postgres\n",
        ),
        (
            "a condition of nobody",
            "services:\n  web:\n    image: nginx\n    depends_on: {db: {condition: healthy}}\n  db:\n    image: postgres\n",
        ),
        (
            "a circle",
            "services:\n  a:\n    image: x\n    depends_on: [b]\n  b:\n    image: x\n    depends_on: [c]\n  c:\n    image: x\n    depends_on: [a]\n",
        ),
        ("itself", "services:\n  a:\n    image: x\n    depends_on: [a]\n"),
        ("a network", "services:\n  web:\n    image: nginx\n    networks: [frontt]\nnetworks:\n  front:\n"),
        ("a network of nobody", "services:\n  web:\n    image: nginx\n    networks: [back]\n"),
        ("a link", "services:\n  web:\n    image: nginx\n    links: [\"app:api\"]\n"),
        ("a secret", "services:\n  web:\n    image: nginx\n    secrets: [password]\n"),
        ("the network of a service", "services:\n  web:\n    image: nginx\n    network_mode: \"service:app\"\n"),
        ("an extension", "services:\n  web:\n    extends: base\n    image: nginx\n"),
        (
            "an extension of itself",
            "services:\n  a:\n    extends: b\n    image: x\n  b:\n    extends: a\n    image: x\n",
        ),
        ("a name that is none", "services:\n  my shop:\n    image: nginx\n"),
        (
            "a container name twice",
            "services:\n  a:\n    image: x\n    container_name: c\n  b:\n    image: x\n    container_name: c\n",
        ),
        (
            "a subnet",
            "services:\n  web:\n    image: nginx\nnetworks:\n  n:\n    ipam: {config: [{subnet: 10.0.0.0}]}\n",
        ),
        ("no build context", "services:\n  web:\n    build: ./shop\n"),
        ("no Dockerfile", "services:\n  web:\n    build:\n      context: .\n      dockerfile: app/dockerfile\n"),
        ("a context that is a file", "services:\n  web:\n    build: app/Dockerfile\n"),
        ("a context elsewhere", "services:\n  web:\n    build: https://example.com/shop.git\n"),
        ("no env file", "services:\n  web:\n    image: nginx\n    env_file:\n      - shop.env\n"),
        ("an env file that is a directory", "services:\n  web:\n    image: nginx\n    env_file: app\n"),
        ("no secret's file", "services:\n  web:\n    image: nginx\nsecrets:\n  a:\n    file: ./a.txt\n"),
        ("no included file", "include:\n  - other.yml\nservices:\n  web:\n    image: nginx\n"),
    ];
    told_in!("mistakes-names", cases);
}

#[test]
fn files_that_cannot_be_read() {
    let good = b"services:\n  web:\n    image: nginx\n".as_slice();
    let mut out = String::new();
    let huge = vec![b'#'; (1 << 20) + 1];
    let bomb = {
        let mut text = String::from("x-a: &a [x, x, x, x, x, x, x, x, x, x]\n");
        for (this, below) in ('b'..='h').zip('a'..='g') {
            let aliases = vec![format!("*{below}"); 10].join(", ");
            text.push_str(&format!("x-{this}: &{this} [{aliases}]\n"));
        }
        text + "services: *h\n"
    };
    let deep = format!("services: {}\n", "[".repeat(10_000));
    let variables = format!("A={}\n", "x".repeat(500_000));
    let variables_used = web(&format!("    environment:\n{}", "      - X=${A}\n".repeat(50).replace('X', "Y")));
    let cases: Vec<(&str, Files)> = vec![
        ("nothing is there", vec![]),
        ("another name", vec![("docker_compose.yml", good)]),
        ("latin-1", vec![("docker-compose.yml", b"services:\n  web:\n    image: caf\xe9\n")]),
        ("UTF-16", vec![("docker-compose.yml", b"\xff\xfes\0e\0")]),
        ("a zero byte", vec![("docker-compose.yml", b"services:\n  web:\n    image: ng\0inx\n")]),
        ("too large", vec![("docker-compose.yml", &huge)]),
        ("a bomb of aliases", vec![("docker-compose.yml", bomb.as_bytes())]),
        ("an abyss", vec![("docker-compose.yml", deep.as_bytes())]),
        (
            "a flood of variables",
            vec![("docker-compose.yml", variables_used.as_bytes()), (".env", variables.as_bytes())],
        ),
        ("two base files", vec![("docker-compose.yml", good), ("compose.yaml", good), ("docker-compose.yaml", good)]),
        ("an override alone", vec![("docker-compose.override.yml", good)]),
        (
            "an override of another kind",
            vec![
                ("docker-compose.yml", b"services:\n  web:\n    image: nginx\n    ports: [80]\n"),
                ("docker-compose.override.yml", b"services:\n  web:\n    ports:\n      a: b\n"),
            ],
        ),
        (
            "a mistake in the override",
            vec![
                ("docker-compose.yml", good),
                ("docker-compose.override.yml", b"services:\n  web:\n    prots: [80]\n"),
            ],
        ),
        ("a mistake in .env", vec![("docker-compose.yml", good), (".env", b"A=1\nB C=2\n")]),
        (
            "a mistake in an env file",
            vec![
                ("docker-compose.yml", b"services:\n  web:\n    image: nginx\n    env_file: a.env\n"),
                ("a.env", b"# shop\nexport POSTGRES PASSWORD=pw\nX=\"open\n"),
            ],
        ),
        ("a file that includes itself", vec![("docker-compose.yml", b"include: [docker-compose.yml]\n")]),
    ];
    for (name, files) in cases {
        writeln!(out, "── {name}\n{}\n", told(&files)).unwrap();
    }
    let dir = tempfile::tempdir().unwrap();
    writeln!(out, "── no directory\n{}\n", told_of(&dir.path().join("none"))).unwrap();
    std::fs::create_dir(dir.path().join("docker-compose.yml")).unwrap();
    writeln!(out, "── a directory in place of the file\n{}\n", told_of(dir.path())).unwrap();
    std::fs::remove_dir(dir.path().join("docker-compose.yml")).unwrap();
    std::os::unix::fs::symlink("nowhere", dir.path().join("docker-compose.yml")).unwrap();
    writeln!(out, "── a link that leads nowhere\n{}", told_of(dir.path())).unwrap();
    insta::with_settings!({ prepend_module_to_snapshot => false, omit_expression => true }, {
        insta::assert_snapshot!("mistakes-files", out);
    });
}
