//! One of several clinic processes on one database: `sharing-clinic DATABASE-URL KEYS ADDRESS [PHONES PEOPLE]`. Where
//! they are named it brings in people, and writes the codes for their phones into `KEYS/codes`, one a line. Prints
//! `ready` and serves until it is told to end (SIGTERM) or killed.

#![allow(clippy::print_stdout, reason = "the line is its output")]

use std::fs;
use std::io::Write;
use std::path::PathBuf;

use sokhoe_app::SystemClock;
use sokhoe_app::domain::ports::Clock as _;
use sokhoe_clinic::{Clinic, ClinicConfig, DataSource, PostgresUrl};
use sokhoe_tests::crowd;
use tokio::signal::unix::{SignalKind, signal};

#[tokio::main(worker_threads = 2)]
async fn main() {
    let arguments: Vec<String> = std::env::args().skip(1).collect();
    let arguments: Vec<&str> = arguments.iter().map(String::as_str).collect();
    let ([database, keys, address, url], people) = arguments
        .split_first_chunk()
        .expect("DATABASE-URL KEYS ADDRESS URL [PHONES PEOPLE]");
    let keys = PathBuf::from(keys);
    let data = DataSource::Postgres {
        url: PostgresUrl::new(database, None).expect("a URL"),
        keys: keys.clone(),
    };
    let clinic = Clinic::open(ClinicConfig::on_this_machine(data)).expect("a clinic");
    if let [phones, people] = people {
        let number = |text: &str| text.parse().expect("a number");
        clinic.seed_hospital().expect("a hospital");
        let codes = crowd::bring_in(
            &clinic,
            url,
            SystemClock.now(),
            number(phones),
            number(people),
        );
        fs::write(keys.join("codes"), codes.join("\n")).expect("a file");
    }
    let mut told_to_end = signal(SignalKind::terminate()).expect("a signal");
    let listener = tokio::net::TcpListener::bind(address)
        .await
        .expect("the port");
    let running = clinic.serve(listener, url).await.expect("a server");
    println!("ready");
    let _closed = std::io::stdout().flush();
    let _ended = told_to_end.recv().await;
    running.shutdown().await;
}
