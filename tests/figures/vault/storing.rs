//! Storing: speed, processor time, size; against plain SQLite, the JVM, and without encryption.

use super::stage::{Stage, Storing};
use crate::process::number;
use crate::report::Figure;

pub const NAMES: &[&str] = &[
    "store",
    "store_cpu",
    "store_vs_plain_sqlite",
    "cipher_write_cost",
    "vault_bytes",
    "vault_bytes_ratio",
    "store_vs_jvm",
    "store_cpu_vs_jvm",
    "vault_bytes_vs_jvm",
];

const JVM: &str = "HAPI parser, FHIRPath, SQLite on the JVM";

pub fn measure(stage: &Stage<'_>) -> Vec<Figure> {
    let stored = stage.stored();
    let ours = &stored.encrypted;
    let figure =
        |name: &str, value, unit| Figure::new(stage.name(name), value, unit, Storing::SAMPLES);
    let mut figures = vec![
        figure("store", stage.count as f64 / ours.seconds, "resources/s"),
        figure("store_cpu", ours.cpu_seconds, "s"),
        figure("store_vs_plain_sqlite", ours.seconds, "s").against(
            "plain SQLite, one table, the same JSON",
            stored.rows.seconds,
        ),
        figure("cipher_write_cost", ours.seconds, "s")
            .against("the same vault unencrypted", stored.plain.seconds),
        figure("vault_bytes", ours.bytes, "bytes")
            .against("plain SQLite, one table, the same JSON", stored.rows.bytes),
        figure(
            "vault_bytes_ratio",
            ours.bytes / stage.json_bytes(),
            "of the JSON",
        ),
    ];
    if let Some(theirs) = stage.stored_by_jvm() {
        let seconds = number(theirs, "wall_s");
        let rate = stage.count as f64 / seconds;
        figures.extend([
            figure(
                "store_vs_jvm",
                stage.count as f64 / ours.seconds,
                "resources/s",
            )
            .against(JVM, rate),
            figure("store_cpu_vs_jvm", ours.cpu_seconds, "s")
                .faster_than(JVM, number(theirs, "cpu_s")),
            figure("vault_bytes_vs_jvm", ours.bytes, "bytes").against(JVM, number(theirs, "bytes")),
        ]);
    }
    figures
}
