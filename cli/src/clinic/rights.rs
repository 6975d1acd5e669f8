//! `sokhoe clinic rights`: what people ask of what is kept of them, and until when it is due.

use std::fs::{File, OpenOptions};
use std::io::{self, BufWriter, Write as _};
use std::path::PathBuf;

use clap::{Args, Subcommand};
use serde_json::json;
use sokhoe_app::domain::Timestamp;
use sokhoe_app::domain::rights::RightsRequest;
use sokhoe_clinic::{Affected, ClinicError, NotDisclosed, RightsRow, Suspected};

use super::data::{DataArgs, off_thread};
use crate::failure::Failure;
use crate::output::Output;
use crate::rights::What;
use crate::text::{Column, table};
use crate::words::Words;

/// Receive what people ask of what is kept of them, see until when it is due, and erase
#[derive(Debug, Args)]
#[command(arg_required_else_help = true, after_help = EXAMPLES)]
pub(super) struct RightsArgs {
    #[command(subcommand)]
    command: RightsCommand,
}

const EXAMPLES: &str = "\
Examples:
  sokhoe clinic rights receive --data ./clinic --patient bn-000001 withdraw
  sokhoe clinic rights receive --data ./clinic --patient bn-000001 disclose --recipient 'Bảo hiểm An Tâm'
  sokhoe clinic rights list --data ./clinic
  sokhoe clinic rights disclose --data ./clinic 01a19b9d-3acf-76a3-9efa-7216ce7bb1e2 --out record.json
  sokhoe clinic rights answered --data ./clinic 01a19b9d-3acf-76a3-9efa-7216ce7bb1e2
  sokhoe clinic rights breach --data ./clinic --from 2026-11-20T00:00:00+07:00 --to 2026-11-23T00:00:00+07:00 --out people.ndjson
  sokhoe clinic rights erase --data ./clinic 01a19b9d-3acf-76a3-9efa-7216ce7bb1e2";

#[derive(Debug, Subcommand)]
enum RightsCommand {
    Receive(ReceiveArgs),
    List(ListArgs),
    /// Note that whoever asked was answered
    Answered(RequestArgs),
    /// Note that it is done
    Done(RequestArgs),
    Erase(RequestArgs),
    Disclose(DiscloseArgs),
    Breach(BreachArgs),
}

/// Receive a request, and print the receipt
///
/// With a withdrawal and an erasure no phone is given anything of the person from now on; each erases what it has when it asks
/// next.
#[derive(Debug, Args)]
struct ReceiveArgs {
    #[command(flatten)]
    data: DataArgs,

    /// The patient's id
    #[arg(long, value_name = "ID")]
    patient: String,

    /// What is asked
    what: What,

    /// Who is to get the record: an insurance, another hospital
    #[arg(long, value_name = "NAME", required_if_eq("what", "disclose"))]
    recipient: Option<String>,
}

/// List what is not done, what is due first at the top
#[derive(Debug, Args)]
struct ListArgs {
    #[command(flatten)]
    data: DataArgs,

    /// What is done, too
    #[arg(long)]
    all: bool,
}

#[derive(Debug, Args)]
struct RequestArgs {
    #[command(flatten)]
    data: DataArgs,

    /// The number on the receipt
    #[arg(value_name = "REQUEST")]
    request: String,
}

/// Write a record for whom the person named, as they asked in writing
///
/// A FHIR Bundle of all that is kept of the person. Without a request nothing is given to anybody. The file holds personal data.
#[derive(Debug, Args)]
struct DiscloseArgs {
    #[command(flatten)]
    data: DataArgs,

    /// The number on the receipt
    #[arg(value_name = "REQUEST")]
    request: String,

    /// The file; a new one
    #[arg(long, value_name = "FILE")]
    out: PathBuf,
}

/// List whose data a leak touched, for the notice that is due within 72 hours
///
/// By the access log: everybody of whom something was given or changed in that time, with what, when, and by which telephone
/// number they can be told. The file holds personal data.
#[derive(Debug, Args)]
struct BreachArgs {
    #[command(flatten)]
    data: DataArgs,

    /// From this time on, e.g. 2026-11-20T00:00:00+07:00
    #[arg(long, value_name = "TIME", value_parser = time)]
    from: Timestamp,

    /// Until this time
    #[arg(long, value_name = "TIME", value_parser = time)]
    to: Timestamp,

    /// Of this agent alone, as the access log names it: desk, import, command-line, phone:…
    #[arg(long, value_name = "AGENT")]
    agent: Option<String>,

    /// The file: a line of JSON for each person; a new one
    #[arg(long, value_name = "FILE")]
    out: PathBuf,
}

fn time(text: &str) -> Result<Timestamp, String> {
    Timestamp::parse_fhir(text).ok_or_else(|| "e.g. 2026-11-20T00:00:00+07:00".to_owned())
}

const fn words_of(what: RightsRequest) -> &'static str {
    match what {
        RightsRequest::Withdraw => "clinic-rights-withdraw",
        RightsRequest::Erase => "clinic-rights-erase",
        RightsRequest::Copy => "clinic-rights-copy",
        RightsRequest::Correct => "clinic-rights-correct",
        RightsRequest::Restrict => "clinic-rights-restrict",
        RightsRequest::Disclose => "clinic-rights-disclose",
    }
}

pub(super) async fn run(
    args: RightsArgs,
    words: &Words,
    output: &mut Output,
) -> Result<(), Failure> {
    match args.command {
        RightsCommand::Receive(args) => receive(args, words, output).await,
        RightsCommand::List(args) => list(args, words, output).await,
        RightsCommand::Answered(args) => note(args, false, words, output).await,
        RightsCommand::Done(args) => note(args, true, words, output).await,
        RightsCommand::Erase(args) => erase(args, words, output).await,
        RightsCommand::Disclose(args) => disclose(args, words, output).await,
        RightsCommand::Breach(args) => breach(args, words, output).await,
    }
}

async fn receive(args: ReceiveArgs, words: &Words, output: &mut Output) -> Result<(), Failure> {
    let clinic = args.data.open_existing().await?;
    let (patient, what) = (args.patient, args.what.request());
    let receipt = off_thread(move || match args.recipient {
        Some(recipient) if what == RightsRequest::Disclose => {
            clinic.receive_request_to_disclose(&patient, &recipient)
        }
        _ => clinic.receive_rights_request(&patient, what),
    })
    .await?;
    output.json(&json!(receipt))?;
    let of = &receipt.request;
    output.line(
        words.say_with(
            "clinic-rights-receipt",
            &[
                ("clinic", receipt.clinic.clone()),
                ("what", words.say(words_of(what))),
                ("patient", of.patient.clone()),
                (
                    "received",
                    of.received
                        .in_vietnam()
                        .format("%H:%M %d/%m/%Y")
                        .to_string(),
                ),
                ("answer", of.answer_by.format("%d/%m/%Y").to_string()),
                ("done", of.done_by.format("%d/%m/%Y").to_string()),
            ],
        ),
    )?;
    if let Some(recipient) = &of.recipient {
        let recipient = [("recipient", recipient.clone())];
        output.line(words.say_with("clinic-rights-recipient", &recipient))?;
    }
    if what.ends_access() {
        let phones = [("phones", receipt.phones.to_string())];
        output.line(words.say_with("clinic-rights-shut", &phones))?;
    }
    output.line(format!("{}  {}", of.id, receipt.signature))
}

async fn list(args: ListArgs, words: &Words, output: &mut Output) -> Result<(), Failure> {
    let clinic = args.data.open_existing().await?;
    let rows = off_thread(move || clinic.rights_requests(args.all)).await?;
    output.json(&json!({"requests": rows}))?;
    if rows.is_empty() {
        return output.line(words.say("clinic-rights-none"));
    }
    let line = |row: &RightsRow| {
        let (due, key) = match (row.done, row.answered) {
            (Some(_), _) => (row.done_by, "clinic-rights-is-done"),
            (None, Some(_)) => (row.done_by, "clinic-rights-done-by"),
            (None, None) => (row.answer_by, "clinic-rights-answer-by"),
        };
        let due = words.say_with(key, &[("day", due.format("%d/%m/%Y").to_string())]);
        vec![
            due,
            words.say(words_of(row.what)),
            row.patient.clone(),
            row.id.clone(),
            row.recipient.clone().unwrap_or_default(),
        ]
    };
    let rows: Vec<Vec<String>> = rows.iter().map(line).collect();
    output.lines(table(&[Column::Left], &rows))
}

async fn note(
    args: RequestArgs,
    done: bool,
    words: &Words,
    output: &mut Output,
) -> Result<(), Failure> {
    let clinic = args.data.open_existing().await?;
    let request = args.request;
    let noted = off_thread(move || clinic.note_rights_request(&request, done)).await?;
    if !noted {
        return Err(Failure::said("clinic-rights-no-such"));
    }
    output.json(&json!({"noted": noted}))?;
    output.line(words.say("clinic-rights-noted"))
}

/// Erase what no law says must be kept, and list what is
///
/// Safe to repeat: what was interrupted goes on, and what is done says again what it did.
async fn erase(args: RequestArgs, words: &Words, output: &mut Output) -> Result<(), Failure> {
    let clinic = args.data.open_existing().await?;
    let request = args.request;
    let erased = off_thread(move || clinic.erase_for(&request)).await?;
    let Some(erased) = erased else {
        return Err(Failure::said("clinic-rights-no-such"));
    };
    output.json(&json!(erased))?;
    let counts = [
        ("own", erased.own_words.to_string()),
        ("traces", erased.traces.to_string()),
    ];
    output.line(words.say_with("clinic-rights-erased", &counts))?;
    output.line(words.say("clinic-rights-kept"))?;
    let kept = erased
        .kept
        .into_iter()
        .map(|kept| vec![kept.kind, kept.count.to_string(), kept.law.to_owned()]);
    output.lines(table(
        &[Column::Left, Column::Right, Column::Left],
        &kept.collect::<Vec<_>>(),
    ))
}

async fn disclose(args: DiscloseArgs, words: &Words, output: &mut Output) -> Result<(), Failure> {
    let clinic = args.data.open_existing().await?;
    let file = OpenOptions::new()
        .write(true)
        .create_new(true)
        .open(&args.out);
    let mut file = BufWriter::new(file.map_err(Failure::file(&args.out))?);
    let request = args.request;
    let (disclosed, written) = off_thread(move || {
        let mut written =
            file.write_all(br#"{"resourceType":"Bundle","type":"collection","entry":["#);
        let mut comma = "";
        let disclosed = clinic.disclose_for(&request, |json| {
            let write = |file: &mut BufWriter<File>| match json {
                Some(json) => write!(file, "{comma}\n{{\"resource\":{json}}}"),
                None => {
                    file.write_all(b"\n]}\n")?;
                    file.flush()?;
                    file.get_ref().sync_all()
                }
            };
            if written.is_ok() {
                written = write(&mut file);
            }
            comma = ",";
            written.is_ok()
        });
        Ok::<_, ClinicError>((disclosed, written))
    })
    .await?;
    if disclosed.is_err() {
        // Half a record is nobody's.
        let _not_there = std::fs::remove_file(&args.out);
    }
    written.map_err(Failure::file(&args.out))?;
    let disclosed = disclosed.map_err(|error| match error {
        ClinicError::NotDisclosed(NotDisclosed::NotAsked) => {
            Failure::said("clinic-rights-not-asked")
        }
        ClinicError::NotDisclosed(NotDisclosed::Done) => {
            Failure::said("clinic-rights-given-before")
        }
        ClinicError::NotDisclosed(NotDisclosed::TakenBack) => {
            Failure::said("clinic-rights-taken-back")
        }
        error => error.into(),
    })?;
    output.json(&json!(disclosed))?;
    let values = [
        ("recipient", disclosed.recipient.clone()),
        ("resources", disclosed.resources.to_string()),
    ];
    output.line(words.say_with("clinic-rights-disclosed", &values))
}

async fn breach(args: BreachArgs, words: &Words, output: &mut Output) -> Result<(), Failure> {
    let clinic = args.data.open_existing().await?;
    let suspected = Suspected {
        from: args.from,
        to: args.to,
        agent: args.agent,
    };
    let file = OpenOptions::new()
        .write(true)
        .create_new(true)
        .open(&args.out);
    let mut file = BufWriter::new(file.map_err(Failure::file(&args.out))?);
    let (summary, written) = off_thread(move || {
        let mut written: io::Result<()> = Ok(());
        let summary = clinic.breach_report(&suspected, |person: Affected| {
            written = serde_json::to_writer(&mut file, &person)
                .map_err(io::Error::from)
                .and_then(|()| file.write_all(b"\n"));
            written.is_ok()
        })?;
        let written = written.and_then(|()| file.flush());
        Ok::<_, ClinicError>((summary, written))
    })
    .await?;
    written.map_err(Failure::file(&args.out))?;
    output.json(&json!(summary))?;
    let day = |at: Option<Timestamp>| {
        at.map(|at| at.in_vietnam().format("%H:%M %d/%m/%Y").to_string())
            .unwrap_or_default()
    };
    let values = [
        ("people", summary.people.to_string()),
        ("accesses", summary.accesses.to_string()),
        ("first", day(summary.first)),
        ("last", day(summary.last)),
    ];
    output.line(words.say_with("clinic-rights-breach", &values))?;
    let kinds = summary
        .kinds
        .iter()
        .map(|(kind, count)| vec![kind.clone(), count.to_string()]);
    output.lines(table(
        &[Column::Left, Column::Right],
        &kinds.collect::<Vec<_>>(),
    ))
}
