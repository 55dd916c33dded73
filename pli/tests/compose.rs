//! `docker-compose.yml` without a container engine: each service's very command runs as a process in
//! a folder laid out as the containers see theirs. What a container would get from its network (the
//! services' names) is put into copies of the configurations.
#![allow(clippy::unwrap_used, clippy::panic, clippy::indexing_slicing, reason = "tests panic")]

use std::fs;
use std::io::{BufRead, BufReader, Read, Write};
use std::net::TcpStream;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::time::{Duration, Instant};
use yaml_rust2::{Yaml, YamlLoader};

fn root() -> PathBuf {
    Path::new(&std::env::var("CARGO_MANIFEST_DIR").unwrap()).parent().unwrap().to_owned()
}

/// A key of a service, its own or of what it merges.
fn of<'a>(service: &'a Yaml, key: &str) -> &'a Yaml {
    match &service[key] {
        Yaml::BadValue => &service["<<"][key],
        own => own,
    }
}

fn words(list: &Yaml) -> Vec<String> {
    list.as_vec().into_iter().flatten().map(|word| word.as_str().unwrap().to_owned()).collect()
}

struct Process(Child);

impl Drop for Process {
    fn drop(&mut self) {
        let _ = self.0.kill();
        let _ = self.0.wait();
    }
}

/// A folder as the containers see theirs, with names of services replaced by this machine's address.
struct Folder(PathBuf);

impl Folder {
    fn new() -> Self {
        let dir = std::env::temp_dir().join(format!("pli-compose-{}", std::process::id()));
        let _ = fs::remove_dir_all(&dir);
        fs::create_dir_all(dir.join("compose")).unwrap();
        for name in ["authority", "trust", "hospital", "practice", "citizens"] {
            fs::create_dir_all(dir.join(name)).unwrap();
        }
        for entry in fs::read_dir(root().join("compose")).unwrap() {
            let path = entry.unwrap().path();
            let mut text = fs::read_to_string(&path).unwrap();
            for service in ["hospital", "practice", "citizens"] {
                text = text.replace(&format!("host = \"{service}\""), "host = \"127.0.0.1\"");
            }
            fs::write(dir.join("compose").join(path.file_name().unwrap()), text).unwrap();
        }
        Self(dir)
    }
}

impl Drop for Folder {
    fn drop(&mut self) {
        let _ = fs::remove_dir_all(&self.0);
    }
}

fn start(service: &Yaml, folder: &Path) -> Process {
    // The Dockerfile's entry point unless the service has one.
    let mut line = words(of(service, "entrypoint"));
    if line.is_empty() {
        line.push("pli".to_owned());
    }
    line.extend(words(of(service, "command")));
    let pli = Path::new(env!("CARGO_BIN_EXE_pli"));
    let path = format!("{}:{}", pli.parent().unwrap().display(), std::env::var("PATH").unwrap());
    let child = Command::new(&line[0])
        .args(&line[1..])
        .current_dir(folder)
        .env("PATH", path)
        .stdin(Stdio::null())
        .stdout(Stdio::piped())
        .stderr(Stdio::inherit())
        .spawn();
    Process(child.unwrap_or_else(|error| panic!("{line:?}: {error}")))
}

#[test]
fn every_service_of_the_composition_starts_with_its_own_command_and_greets() {
    let text = fs::read_to_string(root().join("docker-compose.yml")).unwrap();
    let file = YamlLoader::load_from_str(&text).unwrap().remove(0);
    let services = &file["services"];
    assert_eq!(of(&services["hospital"], "build").as_str(), Some("."));
    let folder = Folder::new();
    let _authority = start(&services["authority"], &folder.0);
    // The health check's own condition.
    let check = words(&services["authority"]["healthcheck"]["test"]);
    let deadline = Instant::now() + Duration::from_secs(60);
    loop {
        let checked = Command::new(&check[1]).args(&check[2..]).current_dir(&folder.0).status();
        if checked.unwrap().success() {
            break;
        }
        assert!(Instant::now() < deadline, "the authority has published nothing");
        std::thread::yield_now();
    }
    let mut running = Vec::new();
    for name in ["hospital", "practice", "citizens"] {
        let mut process = start(&services[name], &folder.0);
        let out = BufReader::new(process.0.stdout.take().unwrap());
        let mut ports = Vec::new();
        let mut lines = out.lines();
        // It says where it listens; the lines end with those of its configuration.
        let expected = words(&services[name]["ports"]).len();
        assert!(lines.next().unwrap().unwrap().contains("key is made"), "{name}");
        while ports.len() < expected {
            let line = lines.next().unwrap().unwrap();
            ports.push(line.rsplit(':').next().unwrap().parse::<u16>().unwrap());
        }
        assert!(lines.next().unwrap().unwrap().contains("is ready"), "{name}");
        let published = words(&services[name]["ports"]);
        let published: Vec<u16> = published
            .iter()
            .map(|port| port.rsplit(':').next().unwrap().parse().unwrap())
            .collect();
        assert_eq!(ports, published, "{name}: the ports of the composition are those it opens");
        let mut smtp = TcpStream::connect(("127.0.0.1", ports[0])).unwrap();
        smtp.set_read_timeout(Some(Duration::from_secs(10))).unwrap();
        let mut greeting = [0; 4];
        smtp.read_exact(&mut greeting).unwrap();
        assert_eq!(&greeting, b"220 ", "{name}");
        smtp.write_all(b"QUIT\r\n").unwrap();
        running.push(process);
    }
}
