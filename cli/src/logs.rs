//! Logs, on stderr: `SOKHOE_LOG=info`, or a filter like `sokhoe_sync=debug`.

use tracing_subscriber::EnvFilter;

/// Sends the logs of everything to stderr; only warnings when nothing else is asked for.
pub(crate) fn to_stderr() {
    let filter = EnvFilter::try_from_env("SOKHOE_LOG").unwrap_or_else(|_| EnvFilter::new("warn"));
    // Fails only when a subscriber is set already, and then that one is fine.
    let _ = tracing_subscriber::fmt()
        .with_env_filter(filter)
        .with_writer(std::io::stderr)
        .with_target(true)
        .try_init();
}
