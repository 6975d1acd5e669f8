//! `sokhoe demo`: the story that must always work, played over real HTTP.
//!
//! * `stage`: the clinic and the phone, each as it is in life. `network`: what can be cut.
//! * `report`: how a step is told. `story`: the order of the steps.
//! * `arrive`, `visit`, `book`, `pay`: the steps themselves.

mod arrive;
mod bank;
mod book;
mod network;
mod pay;
mod report;
mod stage;
mod story;
mod visit;

use std::net::SocketAddr;
use std::path::PathBuf;

use clap::Args;

use crate::failure::Failure;
use crate::folder::RunFolder;
use crate::output::{Output, aside};
use crate::stop;
use crate::words::Words;
use stage::Stage;

/// Play the whole story: a clinic, a phone, a booking, a health book offline, a payment
///
/// Starts a clinic with the records of one patient (about 6,000 real FHIR resources), starts a phone as an
/// app would, and lets the phone enrol, book, synchronise, lose its network, search, come back, and pay.
/// Everything between the two goes over HTTP. Afterwards the clinic stays up, with its desk at the
/// printed address, until Ctrl-C.
#[derive(Debug, Args)]
#[command(after_help = "\
Examples:
  sokhoe demo
  sokhoe demo --lang en --once
  sokhoe demo --once --json | jq .name      one JSON object a step:
    {\"step\":1,\"name\":\"clinic\",\"ok\":true,\"millis\":412.5,\"data\":{…}}
  sokhoe demo --folder /tmp/story           keeps what it made: go on with
    sokhoe phone --folder /tmp/story/phone list")]
pub(crate) struct DemoArgs {
    /// Stop when the story is told
    #[arg(long)]
    once: bool,

    /// Where the clinic listens; port 0 takes a free one
    #[arg(long, value_name = "ADDR", default_value = "127.0.0.1:0")]
    listen: SocketAddr,

    /// Where clinic and phone keep their data, an empty folder; otherwise a temporary one that is removed
    #[arg(long, value_name = "DIR")]
    folder: Option<PathBuf>,
}

/// Plays the story.
///
/// # Errors
/// When a step did not do what the story says.
pub(crate) async fn run(args: DemoArgs, words: &Words, output: &mut Output) -> Result<(), Failure> {
    let folder = RunFolder::open(args.folder)?;
    let mut stage = Stage::new(folder.path(), args.listen);
    let mut stop = std::pin::pin!(stop::asked()?);
    let mut told = tokio::select! {
        told = story::play(&mut stage, words, output) => told,
        () = &mut stop => Err(Failure::said("demo-interrupted")),
    };
    if told.is_ok() && !args.once {
        told = stage.invite(words, output).await;
        if told.is_ok() {
            stop.await;
            aside(&words.say("clinic-stopped"));
        }
    }
    stage.close().await;
    told
}
