//! `sokhoe phone recovery` and `erase`

use std::path::Path;

use clap::{Args, Subcommand};
use serde_json::json;

use super::open::Phone;
use crate::failure::Failure;
use crate::output::Output;
use crate::words::Words;

/// Make or use a recovery code, which opens the books when their keys are lost
#[derive(Debug, Args)]
pub(super) struct RecoveryArgs {
    #[command(subcommand)]
    command: RecoveryCommand,
}

#[derive(Debug, Subcommand)]
enum RecoveryCommand {
    /// Make a code and show it this once; the one before it no longer opens anything
    Make,
    /// Open the books with a code, when their keys are lost
    Use {
        /// The code, with or without dashes
        code: String,
    },
}

/// Erase a book from this phone, or everything; the clinics keep their records
#[derive(Debug, Args)]
pub(super) struct EraseArgs {
    /// Everything, not the book of one person
    #[arg(long)]
    everything: bool,

    /// It is meant: what no clinic has is lost for ever
    #[arg(long)]
    yes: bool,
}

pub(super) fn recovery(
    folder: &Path,
    args: &RecoveryArgs,
    words: &Words,
    output: &mut Output,
) -> Result<(), Failure> {
    match &args.command {
        RecoveryCommand::Make => {
            let code = Phone::open(folder, false, None, words)?
                .app
                .make_recovery_code()?;
            output.json(&json!({"recovery_code": code}))?;
            output.line(&code)?;
            output.line(words.say("phone-recovery-made"))
        }
        RecoveryCommand::Use { code } => {
            Phone::recover(folder, code, words)?;
            output.json(&json!({"recovered": true}))?;
            output.line(words.say("phone-recovered"))
        }
    }
}

pub(super) fn erase(
    phone: &Phone<'_>,
    args: &EraseArgs,
    output: &mut Output,
) -> Result<(), Failure> {
    if !args.yes {
        return Err(Failure::said("phone-erase-not-meant"));
    }
    if args.everything {
        phone.app.erase_everything()?;
    } else {
        phone.app.erase_person(&phone.person()?.id)?;
    }
    output.json(&json!({"erased": true}))?;
    output.line(phone.words.say("phone-erased"))
}
