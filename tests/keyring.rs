//! The desktop's keyring: a bus of its own and a Secret Service that knows one entry.

use std::collections::HashMap;
use std::io::{BufRead, BufReader};
use std::pin::Pin;
use std::process::{Child, Command, Stdio};

use zbus::export::futures_core::Stream;
use zbus::{Connection, Message, MessageStream, ObjectPath, OwnedVariant, Variant};

use crate::support::{Ran, Sandbox};

const TOKEN: &str = "dop_v1_canary_of_the_keyring_tests";

/// A message bus that ends with this.
struct Bus {
    daemon: Child,
    address: String,
}

impl Bus {
    fn start() -> Self {
        let mut command = Command::new("dbus-daemon");
        command.args(["--session", "--nofork", "--print-address"]).stdout(Stdio::piped());
        let mut daemon = command.spawn().expect("dbus-daemon is installed");
        let mut address = String::new();
        let said = daemon.stdout.take().expect("its output");
        BufReader::new(said).read_line(&mut address).expect("it says where it is");
        Self { daemon, address: address.trim().to_owned() }
    }
}

impl Drop for Bus {
    fn drop(&mut self) {
        // It may have ended by itself.
        let _ = self.daemon.kill();
        let _ = self.daemon.wait();
    }
}

/// Answers until the test ends; the entry is open or locked.
async fn serve(address: &str, is_open: bool) {
    let bus = zbus::connection::Builder::address(address).name("org.freedesktop.secrets");
    let bus = bus.build().await.expect("the bus takes it");
    let mut calls = MessageStream::from(&bus);
    tokio::spawn(async move {
        while let Some(Ok(call)) = std::future::poll_fn(|context| Pin::new(&mut calls).poll_next(context)).await {
            answer(&bus, &call, is_open).await;
        }
    });
}

async fn answer(bus: &Connection, call: &Message, is_open: bool) {
    let path = |text: &'static str| ObjectPath::try_from(text).expect("a path");
    let (session, item) = (path("/s/1"), path("/i/1"));
    let header = call.header();
    let replied = match header.member().map(ToString::to_string).as_deref() {
        Some("OpenSession") => {
            let (algorithm, _): (String, OwnedVariant) = call.body().deserialize().expect("its arguments");
            assert_eq!(algorithm, "plain");
            bus.reply(&header, &(Variant::from(""), session)).await
        }
        Some("SearchItems") => {
            let attributes: HashMap<String, String> = call.body().deserialize().expect("its argument");
            let entry = HashMap::from([("service", "afterpush"), ("username", "api.example.com")]);
            let is_ours = attributes.iter().all(|(key, value)| entry.get(key.as_str()) == Some(&value.as_str()));
            let (mut open, mut locked) = (Vec::new(), Vec::new());
            if is_ours {
                if is_open { &mut open } else { &mut locked }.push(item);
            }
            bus.reply(&header, &(open, locked)).await
        }
        Some("GetSecrets") => {
            let secret = (session, Vec::<u8>::new(), TOKEN.as_bytes().to_vec(), "text/plain");
            bus.reply(&header, &(HashMap::from([(item, secret)]),)).await
        }
        _ => Ok(()),
    };
    replied.expect("the bus takes the answer");
}

/// What doctor says about the credential for this host.
async fn doctors_word(bus: &Bus, host: &str) -> String {
    let sandbox = Sandbox::new();
    sandbox.configure(&format!(
        "[target.web]\nprovider = \"digitalocean\"\napp = \"shop\"\nbase_url = \"https://{host}\"\n"
    ));
    let mut doctor = sandbox.calling(&["doctor", "--offline", "--json"]);
    doctor.env("DBUS_SESSION_BUS_ADDRESS", &bus.address);
    let ran = tokio::task::spawn_blocking(move || Ran::of(&mut doctor)).await.expect("it ran").ends(0);
    assert!(!ran.out().contains(TOKEN), "{ran}");
    let checks = ran.json()["checks"].as_array().cloned().unwrap_or_default();
    let check = checks.into_iter().find(|check| check["id"] == "credentials.web").expect("it is checked");
    format!("{}: {}", check["state"].as_str().unwrap_or_default(), check["detail"].as_str().unwrap_or_default())
}

#[tokio::test]
async fn an_open_entry_for_the_host_of_the_api_is_found() {
    let bus = Bus::start();
    serve(&bus.address, true).await;
    assert_eq!(doctors_word(&bus, "api.example.com").await, "ok: from the keyring (api.example.com)");
    let other = doctors_word(&bus, "api.example.org").await;
    assert!(other.starts_with("failed: there is no credential for digitalocean"), "{other}");
}

#[tokio::test]
async fn a_locked_keyring_is_as_good_as_none() {
    let bus = Bus::start();
    serve(&bus.address, false).await;
    assert!(doctors_word(&bus, "api.example.com").await.starts_with("failed: "));
}
