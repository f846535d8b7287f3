//! Requests to where nobody allowed them (54), in a network of the test's own, with its own resolver.

use crate::{denials::executor, sandbox::Sandbox};
use serde_json::{Value, json};
use std::{
    collections::BTreeMap,
    env,
    io::{Read as _, Write as _},
    net::{IpAddr, Ipv4Addr, Ipv6Addr, TcpListener, UdpSocket},
    process::Command,
    sync::{Arc, Mutex},
    thread,
};

/// Set where the test runs within its own network.
const INSIDE: &str = "HOB_TEST_INSIDE_NETWORK";
/// Counts as public. In the test's network it is the loopback interface's.
const PUBLIC: &str = "93.184.216.34";

/// Goes on within a network that has nothing but a loopback interface, with `/etc/resolv.conf` of its own.
fn within_own_network(test: &str) {
    let sandbox = Sandbox::new();
    let resolver = sandbox.file("resolv.conf", "nameserver 127.0.0.1\noptions timeout:1 attempts:1\n");
    let script = format!(
        "ip link set lo up && ip address add {PUBLIC}/32 dev lo && mount --bind \"$0\" /etc/resolv.conf && exec \"$@\""
    );
    let mut command = Command::new("unshare");
    command.args(["--user", "--map-root-user", "--mount", "--net", "--", "sh", "-euc", &script]).arg(resolver);
    command.arg(env::current_exe().expect("this program")).args(["--exact", test, "--nocapture"]).env(INSIDE, "1");
    let output = command.output().expect("`unshare` of util-linux");
    let words = String::from_utf8_lossy(&output.stdout).into_owned() + &String::from_utf8_lossy(&output.stderr);
    assert!(output.status.success() && words.contains("1 passed"), "{words}");
}

/// Answers of a name, one for each time that it is asked; the last one for ever.
type Answers = BTreeMap<&'static str, Vec<Vec<IpAddr>>>;

/// A resolver on port 53.
struct Resolver {
    /// The names that addresses of the fourth version were asked for.
    asked: Arc<Mutex<Vec<String>>>,
}

impl Resolver {
    fn start(answers: Answers) -> Self {
        let socket = UdpSocket::bind("127.0.0.1:53").expect("the port of resolvers");
        let asked: Arc<Mutex<Vec<String>>> = Arc::default();
        let log = Arc::clone(&asked);
        thread::spawn(move || {
            let mut buffer = [0; 1500];
            while let Ok((length, from)) = socket.recv_from(&mut buffer) {
                let Some((name, kind, end)) = question(&buffer[..length]) else { continue };
                let mut log = log.lock().expect("a lock");
                if kind == 1 {
                    log.push(name.clone());
                }
                let times = log.iter().filter(|asked| **asked == name).count().saturating_sub(1);
                let none = Vec::new();
                let found = answers.get(name.as_str()).and_then(|all| all.get(times).or(all.last())).unwrap_or(&none);
                let _ = socket.send_to(&answer(&buffer[..end], kind, found), from);
            }
        });
        Self { asked }
    }

    fn asked(&self, name: &str) -> usize {
        self.asked.lock().expect("a lock").iter().filter(|asked| *asked == name).count()
    }
}

/// Name, kind and end of the one question of a message.
fn question(message: &[u8]) -> Option<(String, u16, usize)> {
    let (mut at, mut labels) = (12, Vec::new());
    loop {
        let length = usize::from(*message.get(at)?);
        at += 1;
        if length == 0 {
            break;
        }
        labels.push(String::from_utf8_lossy(message.get(at..at + length)?).to_lowercase());
        at += length;
    }
    let kind = u16::from_be_bytes([*message.get(at)?, *message.get(at + 1)?]);
    Some((labels.join("."), kind, at + 4))
}

fn answer(asked: &[u8], kind: u16, found: &[IpAddr]) -> Vec<u8> {
    let fitting: Vec<Vec<u8>> = found
        .iter()
        .filter_map(|address| match (kind, address) {
            (1, IpAddr::V4(address)) => Some(address.octets().to_vec()),
            (28, IpAddr::V6(address)) => Some(address.octets().to_vec()),
            _ => None,
        })
        .collect();
    let count = u8::try_from(fitting.len()).expect("few");
    let mut message = [&asked[..2], &[0x81, 0x80, 0, 1, 0, count, 0, 0, 0, 0], &asked[12..]].concat();
    for address in fitting {
        let length = u8::try_from(address.len()).expect("short");
        message.extend([0xc0, 12, 0, kind.to_be_bytes()[1], 0, 1, 0, 0, 0, 0, 0, length]);
        message.extend(address);
    }
    message
}

/// A web server that counts who comes.
struct Server(Arc<Mutex<Vec<String>>>);

impl Server {
    fn start(address: &str, says: &'static str) -> Self {
        let listener = TcpListener::bind((address, 80)).expect("the port of the web");
        let heads: Arc<Mutex<Vec<String>>> = Arc::default();
        let log = Arc::clone(&heads);
        thread::spawn(move || {
            for mut stream in listener.incoming().flatten() {
                let (mut head, mut byte) = (Vec::new(), [0]);
                while !head.ends_with(b"\r\n\r\n") && stream.read(&mut byte).is_ok_and(|read| read == 1) {
                    head.extend(byte);
                }
                let head = String::from_utf8_lossy(&head).into_owned();
                let path = head.split(' ').nth(1).unwrap_or_default().to_owned();
                log.lock().expect("a lock").push(head);
                let to = path.strip_prefix("/to/").map(|to| format!("302 Found\r\nlocation: {to}"));
                let status = to.unwrap_or_else(|| "200 OK".to_owned());
                let length = says.len();
                let _ =
                    write!(stream, "HTTP/1.1 {status}\r\ncontent-length: {length}\r\nconnection: close\r\n\r\n{says}");
            }
        });
        Self(heads)
    }

    fn visits(&self) -> usize {
        self.0.lock().expect("a lock").len()
    }
}

#[track_caller]
fn get(sandbox: &Sandbox, executor: &str, params: &Value) -> Value {
    let ran = sandbox.run(["dispatch", executor, "--params", &params.to_string(), "--wait", "--json"]);
    serde_json::from_str(&ran.stdout).unwrap_or_else(|error| panic!("{error}: {ran:?}"))
}

fn inside() {
    let public: IpAddr = PUBLIC.parse().expect("an address");
    let here = IpAddr::V4(Ipv4Addr::LOCALHOST);
    let v4 = |text: &str| IpAddr::V4(text.parse().expect("an address"));
    let mapped = IpAddr::V6(Ipv4Addr::LOCALHOST.to_ipv6_mapped());
    let resolver = Resolver::start(BTreeMap::from([
        ("public.test", vec![vec![public]]),
        ("rebind.test", vec![vec![public], vec![here]]),
        ("here.test", vec![vec![here]]),
        ("both.test", vec![vec![public, here]]),
        ("here6.test", vec![vec![IpAddr::V6(Ipv6Addr::LOCALHOST)]]),
        ("mapped.test", vec![vec![mapped]]),
        ("private.test", vec![vec![v4("10.0.0.1")]]),
        ("cloud.test", vec![vec![v4("169.254.169.254")]]),
        ("zero.test", vec![vec![v4("0.0.0.0")]]),
    ]));
    let (outside, local) = (Server::start(PUBLIC, "public"), Server::start("127.0.0.1", "secret"));
    let everything = "http = [{ host = \"*\", methods = [\"GET\"], scheme = \"http\" }]\n";
    let one = everything.replace('*', "public.test");
    let grant = |name: &str, grant: &str| executor(name, "http_get", &format!("[executors.{name}.grant]\n{grant}"));
    let sockets = format!("[executors.sockets.grant]\n{everything}");
    let toml = [grant("all", everything), grant("one", &one), executor("sockets", "hostile", &sockets)].join("\n");
    let sandbox = Sandbox::with_config(&toml);
    let to = |url: &str| json!({ "url": url, "max_redirects": 5 });

    // What was granted: this network works.
    let task = get(&sandbox, "one", &to("http://public.test/"));
    assert_eq!(task["result"]["data"]["body"], "public", "{task}");

    // Another host, port, scheme, method: nothing is even looked up.
    let asked = resolver.asked.lock().expect("a lock").len();
    let post = json!({ "url": "http://public.test/", "method": "POST" });
    let others = ["http://other.test/", "http://a.public.test/", "http://public.test:81/", "https://public.test/"];
    for params in others.map(to).iter().chain([&post]) {
        let task = get(&sandbox, "one", params);
        let message = task["failure"]["message"].as_str().expect("a message");
        assert_eq!(task["failure"]["kind"], "denied", "{params}: {task}");
        assert!(message.contains("[executors.one.grant]\nhttp = ["), "{message}");
    }
    assert_eq!((resolver.asked.lock().expect("a lock").len(), outside.visits()), (asked, 1));

    // The whole public web is granted, and this machine is no part of it, however it is spelt.
    for address in [
        "http://127.0.0.1/",
        "http://127.1/",
        "http://0x7f.1/",
        "http://0x7f000001/",
        "http://0177.0.0.1/",
        "http://2130706433/",
        "http://127.0.0.1./",
        "http://%31%32%37.0.0.1/",
        "http://①②⑦.0.0.1/",
        "http://0/",
        "http://[::1]/",
        "http://[::]/",
        "http://[::ffff:127.0.0.1]/",
        "http://[::ffff:7f00:1]/",
        "http://[64:ff9b::7f00:1]/",
        "http://[fe80::1]/",
        "http://10.0.0.1/",
        "http://169.254.169.254/latest/meta-data/",
        "http://localhost/",
        "http://here.test/",
        "http://here.test./",
        "http://here6.test/",
        "http://mapped.test/",
        "http://both.test/",
        "http://private.test/",
        "http://cloud.test/",
        "http://zero.test/",
        "http://public.test/to/http://127.0.0.1/",
        "http://public.test/to/http://here.test/",
        "http://public.test/to///127.1/",
    ] {
        let task = get(&sandbox, "all", &to(address));
        let message = task["failure"]["message"].as_str().unwrap_or_default();
        assert_eq!(task["failure"]["kind"], "denied", "{address}: {task}");
        assert!(message.contains("local = true"), "{address}: {message}");
    }
    // A name before the `@`, and what only looks like a host.
    for address in
        ["http://public.test@127.0.0.1/", "http://127.0.0.1:80\\@public.test/", "http://public.test:80@here.test/"]
    {
        let task = get(&sandbox, "all", &to(address));
        assert_eq!(task["state"], "failed", "{address}: {task}");
    }

    // A name that leads elsewhere when it is asked again: the address that was checked is the one that is used.
    let task = get(&sandbox, "all", &to("http://rebind.test/"));
    assert_eq!(task["result"]["data"]["body"], "public", "{task}");
    assert_eq!(resolver.asked("rebind.test"), 1, "nobody asks between the check and the connection");
    let task = get(&sandbox, "all", &to("http://rebind.test/"));
    assert_eq!(task["failure"]["kind"], "denied", "{task}");

    // Sockets of its own.
    let task = get(&sandbox, "sockets", &json!({ "how": "connect", "text": "127.0.0.1:80" }));
    let words = task["result"]["data"].as_array().expect("answers");
    assert_eq!(words.len(), 4, "{task}");
    assert!(words.iter().all(|word| !word.as_str().expect("text").contains("got")), "{task}");

    assert_eq!(local.visits(), 0, "nothing came to this machine");
}

#[test]
fn f54_no_spelling_name_redirect_or_socket_leads_where_nobody_allowed() {
    if env::var_os(INSIDE).is_some() {
        inside();
    } else {
        within_own_network(concat!(
            "faults::hostile::network::",
            "f54_no_spelling_name_redirect_or_socket_leads_where_nobody_allowed"
        ));
    }
}
