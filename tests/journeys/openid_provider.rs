//! The provider of the journeys in a process of its own, for those in Kotlin and Swift: `openid-provider CITIZEN` prints its issuer, and
//! vouches for everybody as this citizen until its standard input ends.

#![allow(clippy::print_stdout, reason = "the line is its output")]

use std::io::{Write as _, copy, sink, stdin, stdout};

use sokhoe_tests::openid_provider::Provider;

#[tokio::main]
async fn main() {
    let Some(citizen) = std::env::args().nth(1) else {
        println!("usage: openid-provider CITIZEN");
        std::process::exit(2);
    };
    println!("{}", Provider::serve(&citizen, "").await);
    let _closed = stdout().flush();
    let _ended = tokio::task::spawn_blocking(|| copy(&mut stdin(), &mut sink())).await;
}
