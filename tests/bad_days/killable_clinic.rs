//! A clinic that serves until it is killed: `killable-clinic FOLDER ADDRESS`. Prints `ready`, and at its
//! first start writes an enrolment into `FOLDER/enrolment`.

#![allow(clippy::print_stdout, reason = "the line is its output")]

use std::fs;
use std::io::Write;
use std::path::PathBuf;
use std::time::Duration;

use sokhoe_clinic::{Clinic, ClinicConfig, DataSource};
use sokhoe_tests::EMPTY_PATIENT;

#[tokio::main]
async fn main() {
    let mut args = std::env::args().skip(1);
    let (Some(folder), Some(address)) = (args.next().map(PathBuf::from), args.next()) else {
        println!("usage: killable-clinic FOLDER ADDRESS");
        std::process::exit(2);
    };
    let clinic = Clinic::open(ClinicConfig::on_this_machine(DataSource::Folder(
        folder.clone(),
    )))
    .expect("a clinic");
    clinic.seed_hospital().expect("a hospital");
    let listener = tokio::net::TcpListener::bind(&address)
        .await
        .expect("the port");
    let url = format!("http://{}", listener.local_addr().expect("an address"));
    let code = folder.join("enrolment");
    if !code.exists() {
        let text = clinic
            .issue_enrolment(
                &[EMPTY_PATIENT.to_owned()],
                Duration::from_secs(3_600),
                &url,
            )
            .expect("an enrolment");
        fs::write(code, text.text).expect("a file");
    }
    let _running = clinic.serve(listener, &url).await.expect("a server");
    println!("ready");
    let _closed = std::io::stdout().flush();
    std::future::pending::<()>().await;
}
