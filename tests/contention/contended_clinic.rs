//! A clinic under a thousand clients: `contended-clinic DATABASE-URL FOLDER ADDRESS SINCE [PHONES PEOPLE]`. Its clock is
//! in a hurry since `SINCE`. At its first start, which names them, it brings in people and writes the codes for their
//! phones into `FOLDER/codes`, one a line. Prints `ready` and serves until it is killed.

#![allow(clippy::print_stdout, reason = "the line is its output")]

use std::fs;
use std::io::Write;
use std::path::Path;
use std::sync::Arc;

use sokhoe_app::domain::Timestamp;
use sokhoe_app::domain::ports::Clock;
use sokhoe_clinic::system::SystemRng;
use sokhoe_clinic::{Clinic, ClinicConfig, DataSource, PostgresUrl};
use sokhoe_tests::crowd;
use sokhoe_tests::hurried_clock::HurriedClock;

#[tokio::main(worker_threads = 2)]
async fn main() {
    let arguments: Vec<String> = std::env::args().skip(1).collect();
    let arguments: Vec<&str> = arguments.iter().map(String::as_str).collect();
    let ([database, folder, address, since], people) = arguments
        .split_first_chunk()
        .expect("DATABASE-URL FOLDER ADDRESS SINCE [PHONES PEOPLE]");
    let clock = HurriedClock {
        since: Timestamp::from_millis(since.parse().expect("milliseconds")),
    };
    let data = if PostgresUrl::is_one(database) {
        DataSource::Postgres {
            url: PostgresUrl::new(database, None).expect("a URL"),
            keys: folder.into(),
        }
    } else {
        DataSource::from_url(database).expect("a database")
    };
    let config = ClinicConfig::new(data, Arc::new(clock), Arc::new(SystemRng::default()));
    let clinic = Clinic::open(config).expect("a clinic");
    let url = format!("http://{address}");
    if let [phones, people] = people {
        let number = |text: &str| text.parse().expect("a number");
        clinic.seed_hospital().expect("a hospital");
        let codes = crowd::bring_in(&clinic, &url, clock.now(), number(phones), number(people));
        fs::write(Path::new(folder).join("codes"), codes.join("\n")).expect("a file");
    }
    let listener = tokio::net::TcpListener::bind(address)
        .await
        .expect("the port");
    let _running = clinic.serve(listener, &url).await.expect("a server");
    println!("ready");
    let _closed = std::io::stdout().flush();
    std::future::pending::<()>().await;
}
