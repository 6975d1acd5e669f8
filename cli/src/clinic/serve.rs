//! `sokhoe clinic serve`: answers phones and shows the desk.

use std::net::{IpAddr, SocketAddr};
use std::path::PathBuf;
use std::time::Duration;

use clap::Args;
use serde_json::json;
use sokhoe_clinic::{BankMessages, ClinicError, SignIn};
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
/// While nobody has an account (`sokhoe clinic staff add`), the desk's address carries a key that is new at every start: who has it
/// may do all that staff may. To reach the clinic from other machines put a proxy with TLS in front of it and
/// give its address as --base-url: phones talk plain HTTP only to their own machine.
#[derive(Debug, Args)]
#[command(after_help = "\
Examples:
  sokhoe clinic serve --data ./clinic --demo-data
  sokhoe clinic serve --data /var/lib/sokhoe --listen 127.0.0.1:8080 --base-url https://sokhoe.example.vn
  sokhoe clinic serve --data ./clinic --listen 127.0.0.1:0 --demo-data --json --wait-stdin

--sign-in names a file like
  {\"provider\": {\"issuer\": \"https://id.example.vn\", \"client_id\": \"…\", \"client_secret\": \"…\",
                \"scopes\": [\"profile\"], \"identifier_claim\": \"cccd\", \"acr\": \"…\"}}
client_key (a private key of P-256, PEM of PKCS #8) may stand in the place of the secret, identifier_system
names what the identifier is when it is not the citizen's number, and \"app\": {\"client_id\", \"redirect_uris\"}
another app than vn.sokhoe. The address to register at the provider is <base-url>/signed-in.

--bank-messages names a file like
  {\"payos\": {\"checksum_key\": \"…\"}, \"sepay\": {\"secret\": \"…\"}, \"casso\": {\"key\": \"…\"},
   \"accounts\": [\"VQRQ00021VQX6\"]}
with at least one of the three; sepay may have \"api_key\" in the place of the secret, or both, and accounts are those that are
the clinic's besides the one on its invoices. The addresses to register there are <base-url>/bank-messages/payos, …/sepay and …/casso.

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

    /// A proxy in front of the clinic, by its address: whom it names in X-Forwarded-For is slowed when they try to come in and
    /// fail. May be given several times
    #[arg(long, value_name = "IP")]
    proxy: Vec<IpAddr>,

    /// How people come in by an OpenID provider: a file of JSON, as below. It holds a secret
    #[arg(long, value_name = "FILE", env = "SOKHOE_SIGN_IN")]
    sign_in: Option<PathBuf>,

    /// Who tells what arrived in the clinic's account: a file of JSON, as below. It holds secrets
    #[arg(long, value_name = "FILE", env = "SOKHOE_BANK_MESSAGES")]
    bank_messages: Option<PathBuf>,

    /// Fill it with a fictional hospital and a patient with a long book, and let one phone in
    #[arg(long)]
    demo_data: bool,

    /// Also stop when stdin ends: when the program that started this one is gone
    #[arg(long)]
    wait_stdin: bool,
}

/// Reads a part of the configuration.
fn read<T, E>(path: PathBuf, of: impl FnOnce(&str) -> Result<T, E>) -> Result<T, Failure>
where
    ClinicError: From<E>,
{
    let text = std::fs::read_to_string(&path).map_err(|error| Failure::File { path, error })?;
    Ok(of(&text).map_err(ClinicError::from)?)
}

pub(super) async fn run(
    args: ServeArgs,
    words: &Words,
    output: &mut Output,
) -> Result<(), Failure> {
    // Asked for before anything is promised, so that a stop during the filling is not lost.
    let mut stop = std::pin::pin!(stop::asked()?);
    let sign_in = args.sign_in.map(|path| read(path, SignIn::from_json));
    let bank = args
        .bank_messages
        .map(|path| read(path, BankMessages::from_json));
    let (sign_in, bank) = (sign_in.transpose()?, bank.transpose()?);
    let clinic = args.data.open_with(sign_in, bank, args.proxy).await?;
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
