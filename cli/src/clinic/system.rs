//! `sokhoe clinic system`: which of the clinic's own systems may read.

use std::path::PathBuf;

use clap::{Args, Subcommand};
use serde_json::json;

use super::data::{DataArgs, off_thread};
use crate::failure::Failure;
use crate::output::Output;
use crate::words::Words;

/// Let a system of the clinic's own read records (SMART Backend Services), list them, take it back
#[derive(Debug, Args)]
#[command(arg_required_else_help = true, after_help = EXAMPLES)]
pub(super) struct SystemArgs {
    #[command(subcommand)]
    command: SystemCommand,
}

const EXAMPLES: &str = "\
Examples:
  sokhoe clinic system add --data ./clinic --name HIS --jwks his-public-keys.json --scopes 'system/*.rs'
  sokhoe clinic system list --data ./clinic
  sokhoe clinic system remove --data ./clinic system-0f3c…";

#[derive(Debug, Subcommand)]
enum SystemCommand {
    Add(AddArgs),
    List(ListArgs),
    Remove(RemoveArgs),
}

/// Let a system read what its scopes open, of everybody
#[derive(Debug, Args)]
struct AddArgs {
    #[command(flatten)]
    data: DataArgs,

    /// What the system is
    #[arg(long, value_name = "NAME")]
    name: String,

    /// The public halves of its keys, a JSON Web Key Set: P-384 (ES384) or RSA (RS384), each with a kid
    #[arg(long, value_name = "FILE")]
    jwks: PathBuf,

    /// What it may read, as SMART writes it: system/*.rs, or for example 'system/Patient.r system/Observation.rs'
    #[arg(long, value_name = "SCOPES")]
    scopes: String,
}

/// List the systems that may read
#[derive(Debug, Args)]
struct ListArgs {
    #[command(flatten)]
    data: DataArgs,
}

/// Take a system's access away at once
#[derive(Debug, Args)]
struct RemoveArgs {
    #[command(flatten)]
    data: DataArgs,

    /// Its client id, as `add` printed it
    #[arg(value_name = "CLIENT")]
    client: String,
}

pub(super) async fn run(
    args: SystemArgs,
    words: &Words,
    output: &mut Output,
) -> Result<(), Failure> {
    match args.command {
        SystemCommand::Add(args) => add(args, words, output).await,
        SystemCommand::List(args) => list(args, words, output).await,
        SystemCommand::Remove(args) => remove(args, words, output).await,
    }
}

async fn add(args: AddArgs, words: &Words, output: &mut Output) -> Result<(), Failure> {
    let jwks = std::fs::read_to_string(&args.jwks).map_err(Failure::file(&args.jwks))?;
    let clinic = args.data.open_existing().await?;
    let (name, scopes) = (args.name, args.scopes);
    let system = off_thread(move || clinic.add_system(&name, &jwks, &scopes)).await?;
    output.json(&json!(system))?;
    output.line(words.say_with(
        "clinic-system-added",
        &[
            ("client", system.id),
            ("name", system.name),
            ("scopes", system.scopes),
        ],
    ))
}

async fn list(args: ListArgs, words: &Words, output: &mut Output) -> Result<(), Failure> {
    let clinic = args.data.open_existing().await?;
    let systems = off_thread(move || clinic.systems()).await?;
    output.json(&json!({"systems": systems}))?;
    if systems.is_empty() {
        return output.line(words.say("clinic-system-none"));
    }
    for system in systems {
        output.line(system.to_string())?;
    }
    Ok(())
}

async fn remove(args: RemoveArgs, words: &Words, output: &mut Output) -> Result<(), Failure> {
    let clinic = args.data.open_existing().await?;
    let client = args.client.clone();
    let removed = off_thread(move || clinic.remove_system(&client)).await?;
    if !removed {
        let client = vec![("client", args.client)];
        return Err(Failure::Said("clinic-system-unknown", client));
    }
    output.json(&json!({"removed": args.client}))?;
    output.line(words.say("clinic-system-removed"))
}
