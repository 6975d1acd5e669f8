//! Whether a clinic says that it works, and that it does not.

use crate::support::hospital;

#[tokio::test]
async fn a_clinic_is_ready_while_its_database_takes_what_is_written() {
    let hospital = hospital().await;
    let mut connection = hospital.connect().await;
    for path in ["/health", "/health/ready"] {
        let reply = connection.ask("GET", path, &[], "").await;
        assert_eq!((reply.status, &*reply.body), (200, r#"{"status":"pass"}"#));
        assert_eq!(reply.header("cache-control"), Some("no-store"));
    }
    if !hospital.database.is_postgres() {
        let still = hospital.database.stand_still();
        let reply = connection.ask("GET", "/health/ready", &[], "").await;
        assert_eq!((reply.status, &*reply.body), (503, r#"{"status":"fail"}"#));
        let alive = connection.ask("GET", "/health", &[], "").await;
        assert_eq!(alive.status, 200);
        drop(still);
    }
    hospital.running.shutdown().await;
}
