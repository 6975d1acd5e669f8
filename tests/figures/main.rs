//! The figures of the design, measured: `cargo xtask bench`.
//!
//! `figures [--json FILE] [--only NAME]`. Every figure is a measurement of this run on this machine; a
//! peer is measured in the same run. Names and units are those of DESIGN.md's table.

#![allow(clippy::print_stdout, reason = "the table is its output")]

mod access_log;
mod booking;
mod first_sync;
mod process;
mod qr;
mod relay;
mod report;
mod rush;
mod rush_hapi;
mod slow_network;
mod sync_memory;
mod vault;
mod wire;

use report::Figure;

fn main() {
    let arguments: Vec<String> = std::env::args().skip(1).collect();
    if let [first, job @ ..] = &arguments[..]
        && first == process::JOB
    {
        match job {
            [name, job @ ..] if name == rush::JOB => rush::run_job(job),
            [name, job @ ..] if name == sync_memory::JOB => sync_memory::run_job(job),
            _ => vault::run_job(job),
        }
        return;
    }
    let mut args = arguments.into_iter();
    let (mut json, mut only) = (None, None);
    while let Some(arg) = args.next() {
        match arg.as_str() {
            "--json" => json = args.next(),
            "--only" => only = args.next(),
            // `cargo bench` adds it to every program without a harness.
            "--bench" => {}
            other => {
                println!("unknown argument {other}: figures [--json FILE] [--only NAME]");
                std::process::exit(2);
            }
        }
    }
    let wanted = |name: &str| only.as_deref().is_none_or(|only| only == name);
    let runtime = tokio::runtime::Runtime::new().expect("a runtime");
    let mut figures: Vec<Figure> = Vec::new();
    if wanted("first_sync") {
        figures.push(runtime.block_on(first_sync::measure()));
    }
    if wire::NAMES.into_iter().any(wanted) {
        let measured = runtime.block_on(wire::measure());
        figures.extend(measured.into_iter().filter(|figure| wanted(&figure.name)));
    }
    if slow_network::NAMES.into_iter().any(wanted) {
        let measured = runtime.block_on(slow_network::measure());
        figures.extend(measured.into_iter().filter(|figure| wanted(&figure.name)));
    }
    if sync_memory::NAMES.into_iter().any(wanted) {
        let measured = runtime.block_on(sync_memory::measure());
        figures.extend(measured.into_iter().filter(|figure| wanted(&figure.name)));
    }
    figures.extend(vault::measure(wanted));
    if wanted("booking_round_trip") {
        figures.push(runtime.block_on(booking::measure()));
    }
    let beside_hapi = wanted(rush_hapi::NAME) && rush_hapi::is_prepared();
    if beside_hapi || rush::NAMES.into_iter().any(wanted) {
        let measured = runtime.block_on(rush::measure());
        if beside_hapi {
            let most = measured.iter().find(|it| it.name == rush::MAXIMUM);
            let most = most.map_or(0.0, |figure| figure.value);
            let (theirs, samples) = runtime.block_on(rush_hapi::measure());
            let figure = Figure::new(rush_hapi::NAME, most, "1/s", samples);
            figures.push(figure.against("HAPI FHIR JPA", theirs));
        }
        figures.extend(measured.into_iter().filter(|figure| wanted(&figure.name)));
    }
    if access_log::NAMES.into_iter().any(wanted) {
        let measured = runtime.block_on(access_log::measure());
        figures.extend(measured.into_iter().filter(|figure| wanted(&figure.name)));
    }
    if [
        qr::BUILD,
        qr::READ,
        qr::DRAW,
        qr::DRAW_PNG,
        qr::DRAW_PNG_FAST,
        qr::DRAW_SVG,
    ]
    .into_iter()
    .any(&wanted)
    {
        figures.extend(qr::measure(wanted));
    }
    report::print(&figures);
    if let Some(file) = json {
        std::fs::write(&file, report::to_json(&figures)).expect("the JSON file");
    }
}
