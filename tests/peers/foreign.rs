//! The server that stands for other people's in our tests is as HAPI itself is: both are asked the same.

use sokhoe_tests::foreign::conformance::CASES;

use crate::jpa_server::HapiServer;

#[test]
fn hapi_is_as_the_server_that_stands_for_it() {
    let server = HapiServer::start();
    let wrong: Vec<&str> = CASES
        .iter()
        .filter(|case| {
            let check = std::panic::AssertUnwindSafe(|| (case.check)(&server));
            std::panic::catch_unwind(check).is_err()
        })
        .map(|case| case.name)
        .collect();
    assert!(wrong.is_empty(), "HAPI is otherwise: {wrong:?}");
}
