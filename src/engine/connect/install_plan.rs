//! A machine on which no engine answers: what would give it one. [`Machine::look`] looks, and starts nothing; [`plan`] does
//! not even look.

use std::path::{Path, PathBuf};

use super::address::{own_socket, told};
use crate::error::Result;

/// Where Docker listens once it was started, under both of its names.
const DOCKER_SOCKETS: [&str; 2] = ["unix:///var/run/docker.sock", "unix:///run/docker.sock"];

/// What is known of this machine.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Machine {
    /// Linux: elsewhere engines live in a virtual machine of their own.
    pub linux: bool,
    /// Whether we may do everything.
    pub root: bool,
    /// Podman is installed.
    pub podman: bool,
    /// Docker Engine is installed.
    pub dockerd: bool,
    /// Docker Engine runs, though nobody answers where we ask.
    pub dockerd_runs: bool,
    /// What starts services here.
    pub init: Option<Init>,
    /// Debian, Ubuntu or a child of theirs, with `apt-get`.
    pub apt: bool,
    /// Where a Podman that is started for this user is to listen.
    pub own_socket: PathBuf,
    /// The address that the caller or the surroundings name: only an engine there would be used.
    pub named: Option<String>,
}

/// What starts services.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Init {
    /// `systemctl`
    Systemd,
    /// `service`
    Service,
}

/// What would give this machine an engine.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Plan {
    /// What we may do ourselves: the first is tried first.
    pub remedies: Vec<Remedy>,
    /// What a person can type instead.
    pub by_hand: Vec<String>,
}

/// One way to an engine.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Remedy {
    /// Which.
    pub cure: Cure,
    /// What is run, one after the other.
    pub steps: Vec<Step>,
    /// Where the engine answers then.
    pub url: String,
}

/// The ways to an engine.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Cure {
    /// The installed Podman, as a service of this user's own.
    Podman,
    /// The installed Docker.
    StartDocker,
    /// Docker from the distribution.
    InstallDocker,
}

/// A command.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Step {
    /// Its words.
    pub words: Vec<String>,
    /// How it is run.
    pub run: Run,
}

/// How a command is run.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Run {
    /// It has to end well.
    Needed,
    /// What comes after it is tried even if it fails.
    MayFail,
    /// It is the engine: it goes on after us.
    Stays,
}

impl Step {
    fn new(words: &str, run: Run) -> Self {
        Self { words: words.split(' ').map(str::to_owned).collect(), run }
    }

    /// As a person would type it.
    pub fn typed(&self) -> String {
        // Only what a shell would take apart is quoted: `--time=0` needs no quotes.
        let apart = |word: &str| word.contains(|c: char| !c.is_alphanumeric() && !"-_=./:".contains(c));
        let quoted = self.words.iter().map(|word| match apart(word) {
            true => shell_words::quote(word),
            false => word.into(),
        });
        quoted.collect::<Vec<_>>().join(" ")
    }
}

impl Machine {
    /// Looks at this machine, on behalf of one who names this address, or none: the surroundings may name one then.
    ///
    /// # Errors
    /// Environment: a Docker context is named that does not exist.
    pub fn asked(url: Option<&str>) -> Result<Self> {
        Ok(Self::look(told(url)?.map(|named| named.url).as_deref()))
    }

    /// Looks at this machine. `named` is the one address that counts, where one does.
    pub fn look(named: Option<&str>) -> Self {
        let systemd = Path::new("/run/systemd/system").is_dir() && in_path("systemctl");
        Self {
            linux: cfg!(target_os = "linux"),
            root: crate::system::is_root(),
            podman: in_path("podman"),
            dockerd: in_path("dockerd"),
            dockerd_runs: runs("dockerd"),
            init: match systemd {
                true => Some(Init::Systemd),
                false => in_path("service").then_some(Init::Service),
            },
            apt: in_path("apt-get")
                && std::fs::read_to_string("/etc/os-release").is_ok_and(|release| is_debian(&release)),
            own_socket: own_socket(),
            named: named.map(str::to_owned),
        }
    }

    /// What starts Docker here.
    fn start_docker(&self) -> Option<Step> {
        let words = match self.init? {
            Init::Systemd => "systemctl start docker",
            Init::Service => "service docker start",
        };
        Some(Step::new(words, Run::Needed))
    }
}

/// What to do, from what is known. Podman comes first: it needs no rights and changes nothing of the system's.
pub fn plan(machine: &Machine) -> Plan {
    let mut remedies = Vec::new();
    if machine.linux {
        if machine.podman {
            remedies.push(podman(&machine.own_socket));
        }
        let start = machine.start_docker().filter(|_| machine.root && !machine.dockerd_runs);
        if let Some(start) = start {
            if machine.dockerd {
                remedies.push(docker(Cure::StartDocker, vec![start]));
            } else if machine.apt && !machine.podman {
                let steps = vec![
                    // A list of packages that is partly old still has Docker in it.
                    Step::new("apt-get update", Run::MayFail),
                    Step::new("apt-get install --yes docker.io", Run::Needed),
                    start,
                ];
                remedies.push(docker(Cure::InstallDocker, steps));
            }
        }
    }
    if let Some(named) = &machine.named {
        remedies.retain(|remedy| match remedy.cure {
            Cure::Podman => remedy.url == *named,
            Cure::StartDocker | Cure::InstallDocker => DOCKER_SOCKETS.contains(&named.as_str()),
        });
    }
    Plan { remedies, by_hand: by_hand(machine) }
}

fn podman(socket: &Path) -> Remedy {
    let url = format!("unix://{}", socket.display());
    let mut step = Step::new("podman system service --time=0", Run::Stays);
    // A path may hold spaces.
    step.words.push(url.clone());
    Remedy { cure: Cure::Podman, steps: vec![step], url }
}

fn docker(cure: Cure, steps: Vec<Step>) -> Remedy {
    Remedy { cure, steps, url: DOCKER_SOCKETS[0].to_owned() }
}

fn by_hand(machine: &Machine) -> Vec<String> {
    let sudo = if machine.root { "" } else { "sudo " };
    let one = |command: String| vec![command];
    if !machine.linux {
        return one(
            "start Docker Desktop (or Colima, OrbStack, Rancher Desktop), and wait until it says that it runs".into()
        );
    }
    if machine.dockerd_runs {
        return vec![
            "ps -C dockerd -o args    # it runs: what follows -H is the address, for --engine".into(),
            format!("{sudo}systemctl restart docker    # or: {sudo}service docker restart"),
        ];
    }
    if machine.dockerd {
        return one(format!("{sudo}systemctl start docker    # or: {sudo}service docker start"));
    }
    if machine.podman {
        let user = if machine.root { "" } else { " --user" };
        return one(format!("systemctl{user} enable --now podman.socket"));
    }
    if machine.apt {
        return vec![
            format!("{sudo}apt-get install docker.io"),
            format!("or: {sudo}apt-get install podman    # then: breakfix doctor --fix"),
        ];
    }
    vec![
        "install Docker Engine: https://docs.docker.com/engine/install/".into(),
        "or install Podman    # then: breakfix doctor --fix".into(),
    ]
}

/// Whether `/etc/os-release` is Debian's, Ubuntu's or a child's of theirs.
fn is_debian(release: &str) -> bool {
    release
        .lines()
        .filter_map(|line| line.strip_prefix("ID=").or_else(|| line.strip_prefix("ID_LIKE=")))
        .flat_map(|value| value.trim_matches(['"', '\'']).split_whitespace())
        .any(|id| matches!(id, "debian" | "ubuntu"))
}

fn in_path(program: &str) -> bool {
    let system = ["/usr/sbin", "/usr/local/sbin", "/sbin"].map(PathBuf::from);
    let path = std::env::var_os("PATH").unwrap_or_default();
    std::env::split_paths(&path).chain(system).any(|dir: PathBuf| dir.join(program).is_file())
}

/// Whether a process of this name runs. Where processes cannot be looked at, none does.
fn runs(name: &str) -> bool {
    let processes = std::fs::read_dir("/proc").into_iter().flatten().flatten();
    processes
        .filter_map(|process| std::fs::read_to_string(process.path().join("comm")).ok())
        .any(|comm| comm.trim_end() == name)
}

#[cfg(test)]
mod tests {
    use super::*;

    /// A Debian of a person who is not root, with nothing installed.
    fn bare() -> Machine {
        Machine {
            linux: true,
            root: false,
            podman: false,
            dockerd: false,
            dockerd_runs: false,
            init: Some(Init::Systemd),
            apt: true,
            own_socket: "/run/user/1/breakfix/podman.sock".into(),
            named: None,
        }
    }

    const PODMAN: &str = "podman system service --time=0 unix:///run/user/1/breakfix/podman.sock";

    fn commands(machine: &Machine) -> Vec<Vec<String>> {
        plan(machine).remedies.iter().map(|remedy| remedy.steps.iter().map(Step::typed).collect()).collect()
    }

    #[test]
    fn what_is_done_follows_from_what_is_there() {
        let root = || Machine { root: true, ..bare() };
        let service = Some(Init::Service);
        let start = &["systemctl start docker"][..];
        let install = &["apt-get update", "apt-get install --yes docker.io", "systemctl start docker"][..];
        let by_service = &["apt-get update", "apt-get install --yes docker.io", "service docker start"][..];
        let table: [(&str, Machine, &[&[&str]]); 12] = [
            ("nothing, not root", bare(), &[]),
            ("Podman, not root", Machine { podman: true, ..bare() }, &[&[PODMAN]]),
            ("Docker, not root", Machine { dockerd: true, ..bare() }, &[]),
            ("both, not root", Machine { podman: true, dockerd: true, ..bare() }, &[&[PODMAN]]),
            ("nothing, root", root(), &[install]),
            ("nothing, root, no systemd", Machine { init: service, ..root() }, &[by_service]),
            ("nothing, root, not Debian", Machine { apt: false, ..root() }, &[]),
            ("Docker, root", Machine { dockerd: true, ..root() }, &[start]),
            ("both, root", Machine { podman: true, dockerd: true, ..root() }, &[&[PODMAN], start]),
            ("Docker runs elsewhere", Machine { dockerd: true, dockerd_runs: true, ..root() }, &[]),
            ("nothing starts services", Machine { dockerd: true, init: None, ..root() }, &[]),
            ("not Linux", Machine { linux: false, podman: true, ..bare() }, &[]),
        ];
        for (case, machine, wanted) in table {
            assert_eq!(commands(&machine), wanted, "{case}");
            assert!(!plan(&machine).by_hand.is_empty(), "{case}");
        }
    }

    #[test]
    fn where_an_engine_is_named_only_one_at_that_address_helps() {
        let both = Machine { root: true, podman: true, dockerd: true, ..bare() };
        let at = |named: &str| commands(&Machine { named: Some(named.into()), ..both.clone() });
        assert_eq!(at("unix:///nowhere/docker.sock"), Vec::<Vec<String>>::new());
        assert_eq!(at("unix:///run/user/1/breakfix/podman.sock"), [[PODMAN]]);
        assert_eq!(at("unix:///run/docker.sock"), [["systemctl start docker"]]);
    }

    #[test]
    fn what_a_person_types_asks_for_rights_where_they_are_needed() {
        let hand = |machine: &Machine| plan(machine).by_hand[0].clone();
        assert_eq!(hand(&bare()), "sudo apt-get install docker.io");
        assert_eq!(
            hand(&Machine { dockerd: true, ..bare() }),
            "sudo systemctl start docker    # or: sudo service docker start"
        );
        assert_eq!(hand(&Machine { podman: true, ..bare() }), "systemctl --user enable --now podman.socket");
        assert!(hand(&Machine { apt: false, ..bare() }).contains("docs.docker.com"));
        let runs = Machine { root: true, dockerd: true, dockerd_runs: true, ..bare() };
        assert!(hand(&runs).starts_with("ps -C dockerd"), "it is not started twice");
    }

    #[test]
    fn a_path_with_a_space_is_typed_as_one_word() {
        let machine = Machine { podman: true, own_socket: "/home/a b/podman.sock".into(), ..bare() };
        assert_eq!(commands(&machine), [["podman system service --time=0 'unix:///home/a b/podman.sock'"]]);
    }

    #[test]
    fn debian_and_its_children_are_known() {
        for (release, debian) in [
            ("NAME=\"Debian GNU/Linux\"\nID=debian\n", true),
            ("ID=ubuntu\nID_LIKE=debian\n", true),
            ("ID=linuxmint\nID_LIKE=\"ubuntu debian\"\n", true),
            ("ID=\"fedora\"\nVARIANT_ID=debian\n", false),
            ("", false),
        ] {
            assert_eq!(is_debian(release), debian, "{release}");
        }
    }
}
