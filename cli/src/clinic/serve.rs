//! `sokhoe clinic serve`: answers phones and shows the desk.

use std::net::SocketAddr;
use std::time::Duration;

use clap::Args;
use serde_json::json;
use tokio::net::TcpListener;

use super::data::{DataArgs, fill_demo, off_thread};
use crate::data::PATIENT;
use crate::failure::Failure;
use crate::output::{Output, aside};
use crate::stop;
use crate::text::{Column, draw, table};
use crate::words::Words;

/// How long an enrolment of the demo's patient is valid.
const DEMO_ENROLMENT: Duration = Duration::from_secs(24 * 3600);

/// Answer phones and show the desk, until Ctrl-C or SIGTERM
///
/// The desk's address carries a key that is new at every start: who has it may see today's bookings and
/// confirm payments. To reach the clinic from other machines put a proxy with TLS in front of it and
/// give its address as --base-url: phones talk plain HTTP only to their own machine.
#[derive(Debug, Args)]
#[command(after_help = "\
Examples:
  sokhoe clinic serve --data ./clinic --demo-data
  sokhoe clinic serve --data /var/lib/sokhoe --listen 127.0.0.1:8080 --base-url https://sokhoe.example.vn
  sokhoe clinic serve --data ./clinic --listen 127.0.0.1:0 --demo-data --json --wait-stdin

With --json the first line of stdout is
  {\"url\":…,\"desk\":…,\"clinic\":…,\"enrolment\":\"SK1E:…\",\"patient\":…}
(the last two with --demo-data), written when the clinic answers.")]
pub(super) struct ServeArgs {
    #[command(flatten)]
    data: DataArgs,

    /// Where to listen; port 0 takes a free one
    #[arg(long, value_name = "ADDR", default_value = "127.0.0.1:8080")]
    listen: SocketAddr,

    /// Where phones reach this clinic, when it is not the address it listens on
    #[arg(long, value_name = "URL")]
    base_url: Option<String>,

    /// Fill it with a fictional hospital and a patient with a long book, and let one phone in
    #[arg(long)]
    demo_data: bool,

    /// Also stop when stdin ends: when the program that started this one is gone
    #[arg(long)]
    wait_stdin: bool,
}

pub(super) async fn run(
    args: ServeArgs,
    words: &Words,
    output: &mut Output,
) -> Result<(), Failure> {
    // Asked for before anything is promised, so that a stop during the filling is not lost.
    let mut stop = std::pin::pin!(stop::asked()?);
    let clinic = args.data.open().await?;
    if args.demo_data {
        let filled = clinic.clone();
        let fill = off_thread(move || fill_demo(&filled));
        tokio::select! {
            filled = fill => { filled?; }
            () = &mut stop => return Ok(()),
        }
    }
    let address = args.listen;
    let refused = |error| {
        Failure::Said(
            "clinic-cannot-listen",
            vec![
                ("address", address.to_string()),
                ("error", words.of_system(&error)),
            ],
        )
    };
    let listener = TcpListener::bind(address).await.map_err(refused)?;
    let local = listener.local_addr()?;
    if args.base_url.is_none() && !local.ip().is_loopback() {
        aside(&words.say("clinic-not-loopback"));
    }
    let url = args.base_url.map_or_else(
        || format!("http://{local}"),
        |url| url.trim_end_matches('/').to_owned(),
    );
    let running = clinic.serve(listener, &url).await?;
    let mut first = json!({"url": url, "desk": running.desk_url, "clinic": clinic.name()});
    let mut rows = vec![
        vec![words.say("clinic-address"), url.clone()],
        vec![words.say("clinic-desk"), running.desk_url.clone()],
    ];
    let mut drawn = Vec::new();
    if args.demo_data {
        let (issuer, base_url) = (clinic.clone(), url);
        let enrolment = off_thread(move || {
            issuer.issue_enrolment(&[PATIENT.to_owned()], DEMO_ENROLMENT, &base_url)
        })
        .await?;
        first["enrolment"] = json!(enrolment.text);
        first["patient"] = json!(PATIENT);
        drawn = draw(&enrolment.matrix()?, output.is_terminal());
        rows.push(vec![words.say("clinic-enrolment"), enrolment.text]);
    }
    output.json(&first)?;
    output.line(clinic.name())?;
    output.lines(drawn)?;
    output.lines(table(&[Column::Left], &rows))?;
    output.line(words.say("clinic-serving"))?;
    if args.wait_stdin {
        tokio::select! {
            () = stop => {}
            () = stop::stdin_closed() => {}
        }
    } else {
        stop.await;
    }
    running.shutdown().await;
    aside(&words.say("clinic-stopped"));
    Ok(())
}
