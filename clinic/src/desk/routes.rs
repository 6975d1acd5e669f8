//! The desk's routes, and who may what: the one place that says so. What is not here is not there.

use std::sync::Arc;

use axum::Router;
use axum::middleware::from_fn_with_state;
use axum::routing::{MethodRouter, get, post};
use http::Method;
use sokhoe_domain::StaffRole::{self, Administrator, Cashier, Doctor, Operator, Reception};

use super::guard::{Rule, guard};
use super::{
    Desk, api, board, cashier, events, kiosk, page, person, queue, requests, screens, sign_in,
    staff,
};
use crate::fhir_api::slow_down;
use crate::staff::Screen;

/// Everybody who works here.
const STAFF: &[StaffRole] = &[Reception, Doctor, Cashier, Operator, Administrator];
/// Who sees today's bookings.
const LISTS: &[StaffRole] = &[Reception, Doctor, Operator, Cashier];
/// Who books for somebody, and opens their record for that.
const BOOKS: &[StaffRole] = &[Reception, Operator, Doctor];
/// Who sees the queue.
const QUEUE: &[StaffRole] = &[Reception, Doctor, Operator];
/// Who calls people in.
const CALLS: &[StaffRole] = &[Doctor, Reception];
const RECEPTION: &[StaffRole] = &[Reception];
const CASHIER: &[StaffRole] = &[Cashier];
const ADMINISTRATOR: &[StaffRole] = &[Administrator];
/// Who sets up a screen that stands alone.
const SCREENS: &[StaffRole] = &[Administrator, Reception];

/// What a request shows: a page, or data that a page asks for.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Shows {
    Page,
    Data,
    /// Data that a page asks for by itself.
    Live,
}

const KIOSK: &[Screen] = &[Screen::Kiosk];
const BOARD: &[Screen] = &[Screen::Board];

fn rule(method: Method, path: &'static str, roles: &'static [StaffRole], shows: Shows) -> Rule {
    Rule {
        method,
        path,
        roles,
        screens: &[],
        is_page: shows == Shows::Page,
        is_doing: shows != Shows::Live,
    }
}

/// A route: who may, and what it does.
struct Route {
    rule: Rule,
    handler: MethodRouter<Desk>,
}

impl Route {
    /// The same, also at screens that stand alone.
    fn at(mut self, screens: &'static [Screen]) -> Self {
        self.rule.screens = screens;
        self
    }
}

/// All routes but those that are for everybody.
fn guarded() -> Vec<Route> {
    use Shows::{Data, Live, Page};
    let show = |path, roles, shows, handler| Route {
        rule: rule(Method::GET, path, roles, shows),
        handler,
    };
    let act = |path, roles, shows, handler| Route {
        rule: rule(Method::POST, path, roles, shows),
        handler,
    };
    vec![
        show("/desk/bookings", LISTS, Live, get(api::bookings)),
        show("/desk/events", STAFF, Live, get(events::events)).at(BOARD),
        show("/desk/patients", BOOKS, Data, get(api::patients)),
        act(
            "/desk/payments",
            CASHIER,
            Data,
            post(cashier::confirm_payment),
        ),
        show("/desk/cashier", CASHIER, Page, get(cashier::floor)),
        act(
            "/desk/payments/settle",
            CASHIER,
            Page,
            post(cashier::settle),
        ),
        show(
            "/desk/invoices/{reference}",
            CASHIER,
            Page,
            get(cashier::invoice),
        ),
        act(
            "/desk/invoices/{reference}/payment",
            CASHIER,
            Page,
            post(cashier::pay),
        ),
        act("/desk/closings", CASHIER, Page, post(cashier::close)),
        show("/desk/closings/{id}", CASHIER, Page, get(cashier::closing)),
        act("/desk/enrolments", RECEPTION, Data, post(api::enrol)),
        show("/desk/queue", QUEUE, Live, get(queue::lines)),
        act(
            "/desk/queue/check-in",
            RECEPTION,
            Data,
            post(queue::check_in),
        ),
        act("/desk/queue/next", CALLS, Data, post(queue::call_next)),
        act("/desk/queue/{step}", CALLS, Data, post(queue::step)),
        show("/desk/offers", BOOKS, Data, get(requests::offers)),
        show("/desk/free", BOOKS, Data, get(requests::free)),
        act("/desk/requests", BOOKS, Data, post(requests::ask)),
        show("/desk/persons/{id}", BOOKS, Page, get(person::show)),
        act(
            "/desk/persons/{id}/opening",
            BOOKS,
            Page,
            post(person::open),
        ),
        show("/desk/kiosk", RECEPTION, Page, get(kiosk::start)).at(KIOSK),
        act("/desk/kiosk/scan", RECEPTION, Page, post(kiosk::scan)).at(KIOSK),
        act(
            "/desk/kiosk/arrive",
            RECEPTION,
            Page,
            post(kiosk::confirmed),
        )
        .at(KIOSK),
        show("/desk/board", QUEUE, Page, get(board::page)).at(BOARD),
        show("/desk/board/lines", QUEUE, Live, get(board::lines)).at(BOARD),
        show("/desk/screens", SCREENS, Page, get(screens::choose)),
        act("/desk/screens", SCREENS, Page, post(screens::set_up)),
        act("/desk/sign-out", STAFF, Page, post(sign_in::sign_out)),
        show("/desk/password", STAFF, Page, get(staff::own_password)),
        act("/desk/password", STAFF, Page, post(staff::set_own_password)),
        show("/desk/staff", ADMINISTRATOR, Page, get(staff::list)),
        act("/desk/staff", ADMINISTRATOR, Page, post(staff::add)),
        act(
            "/desk/staff/{login}/roles",
            ADMINISTRATOR,
            Page,
            post(staff::set_roles),
        ),
        act(
            "/desk/staff/{login}/end",
            ADMINISTRATOR,
            Page,
            post(staff::end),
        ),
        act(
            "/desk/staff/{login}/password",
            ADMINISTRATOR,
            Page,
            post(staff::set_password),
        ),
    ]
}

/// The desk's routes.
pub(crate) fn router(desk: Desk) -> Router {
    let attempts = Arc::clone(&desk.attempts);
    let for_everybody = Router::new()
        .route("/desk/sign-in", get(sign_in::page).post(sign_in::sign_in))
        .route_layer(from_fn_with_state(attempts, slow_down))
        .route("/desk/language", post(sign_in::language))
        .route("/desk/desk.css", get(page::css))
        .route("/desk/desk.js", get(page::js))
        .route("/desk/requests.js", get(page::requests_js))
        .route("/desk/live.js", get(page::live_js))
        .route("/desk/kiosk.js", get(page::kiosk_js))
        .route("/desk/board.js", get(page::board_js));
    // The page takes the key of this run before it asks who is there.
    let home = rule(Method::GET, "/desk", STAFF, Shows::Page);
    let home = Route {
        rule: home,
        handler: get(page::page),
    };
    let all = guarded().into_iter().chain([home]);
    let router = all.fold(for_everybody, |router, Route { rule, handler }| {
        let path = rule.path;
        let guarded = from_fn_with_state((desk.clone(), Arc::new(rule)), guard);
        router.route(path, handler.route_layer(guarded))
    });
    let key = from_fn_with_state(desk.clone(), page::take_key);
    router.layer(key).with_state(desk)
}

#[cfg(test)]
mod tests {
    use axum::body::Body;
    use http::{Request, StatusCode, header};
    use tokio::sync::watch;
    use tower::ServiceExt as _;

    use super::*;
    use crate::fhir_api::Attempts;
    use crate::staff::{NewStaff, Password, Screen, session};
    use crate::store::{Isolation, Sql, params};
    use crate::{Clinic, ClinicConfig, DataSource};

    /// A clinic with one account of each role, and one that ended.
    struct Staffed {
        clinic: Clinic,
        desk: Desk,
        router: Router,
        _folder: tempfile::TempDir,
    }

    fn login(role: StaffRole) -> String {
        format!("u-{}", role.code())
    }

    impl Staffed {
        fn open() -> Self {
            let folder = tempfile::tempdir().unwrap();
            let data = DataSource::Folder(folder.path().to_owned());
            let clinic = Clinic::open(ClinicConfig::on_this_machine(data)).unwrap();
            let inner = Arc::clone(&clinic.inner);
            let (_, stopping) = watch::channel(false);
            let desk = Desk {
                attempts: Arc::new(Attempts::new(Arc::clone(&inner.clock), Vec::new())),
                inner,
                base_url: "http://clinic".into(),
                key: "key".into(),
                stopping,
            };
            for role in StaffRole::ALL {
                let new = NewStaff {
                    login: login(role),
                    name: role.code().to_owned(),
                    roles: vec![role],
                    password: Password::from("ba con mèo".to_owned()),
                };
                clinic.add_staff(&new).unwrap();
            }
            Self {
                router: router(desk.clone()),
                clinic,
                desk,
                _folder: folder,
            }
        }

        /// The cookie of a new session of an account's.
        fn session(&self, login: &str, screen: Option<Screen>) -> String {
            let token = crate::staff::sign_in::random(&self.desk.inner);
            let (login, kept) = (login.to_owned(), token.clone());
            let begin = move |tx: &mut crate::store::Tx<'_>| {
                let pk = |sql: Sql<'_>| {
                    let text = "SELECT pk FROM staff WHERE login = ?1";
                    sql.one(text, params![login], |row| row.get(0))
                };
                session::begin(tx, pk(tx.sql())?, &kept, screen)
            };
            let store = &self.clinic.inner.store;
            store.write_in(Isolation::LocksRows, begin).unwrap();
            format!("sokhoe-staff={token}")
        }

        async fn ask(&self, rule: &Rule, cookie: &str, is_ours: bool) -> StatusCode {
            let path = rule
                .path
                .replace("{id}", "bn-1")
                .replace("{login}", "nobody");
            let path = path.replace("{reference}", "SK222222");
            let path = path.replace("{step}", "finish");
            let mut request = Request::builder()
                .method(rule.method.clone())
                .uri(path)
                .header(header::HOST, "clinic")
                .header(header::COOKIE, cookie);
            if is_ours {
                request = request.header("sokhoe-desk", "1");
            }
            let request = request.body(Body::empty()).unwrap();
            self.router.clone().oneshot(request).await.unwrap().status()
        }
    }

    /// A34: every route, asked by everybody.
    #[tokio::test(flavor = "multi_thread")]
    async fn nobody_gets_further_than_their_role() {
        let staffed = Staffed::open();
        let (mut cases, mut opened) = (0, 0);
        let ended = staffed.session(&login(Cashier), None);
        let key = staffed.desk.set_key_cookie();
        let key = key.split(';').next().unwrap().to_owned();
        staffed
            .clinic
            .set_staff_password(
                &login(Cashier),
                &Password::from("khác hẳn trước".to_owned()),
            )
            .unwrap();
        for Route { rule, .. } in guarded() {
            let refused = [StatusCode::UNAUTHORIZED, StatusCode::FORBIDDEN];
            for role in StaffRole::ALL {
                let may = rule.roles.contains(&role);
                let cookie = staffed.session(&login(role), None);
                let said = staffed.ask(&rule, &cookie, true).await;
                match may {
                    true => assert!(!refused.contains(&said), "{rule:?} {role:?}: {said}"),
                    false => assert_eq!(said, StatusCode::FORBIDDEN, "{rule:?} {role:?}"),
                }
                opened += usize::from(may);
                // Another site's page, with a cookie that is good.
                let cookie = staffed.session(&login(role), None);
                let said = staffed.ask(&rule, &cookie, false).await;
                if rule.method != Method::GET {
                    assert_eq!(said, StatusCode::FORBIDDEN, "{rule:?} {role:?}, forged");
                }
                cases += 2;
            }
            for screen in [Screen::Kiosk, Screen::Board] {
                let cookie = staffed.session(&login(Reception), Some(screen));
                let said = staffed.ask(&rule, &cookie, true).await;
                match rule.screens.contains(&screen) {
                    true => assert!(!refused.contains(&said), "{rule:?} {screen:?}: {said}"),
                    false => assert_eq!(said, StatusCode::FORBIDDEN, "{rule:?} {screen:?}"),
                }
                cases += 1;
            }
            let twice = format!(
                "{}; sokhoe-staff=x",
                staffed.session(&login(Reception), None)
            );
            for cookie in ["", "sokhoe-staff=", "sokhoe-staff=x", &ended, &key, &twice] {
                let said = staffed.ask(&rule, cookie, true).await;
                assert_eq!(said, StatusCode::UNAUTHORIZED, "{rule:?} {cookie}");
                cases += 1;
            }
        }
        assert!(
            cases >= 300 && opened > 40,
            "{cases} cases, {opened} opened"
        );
        println!("{cases} cases of routes and roles, {opened} opened");
    }

    #[tokio::test(flavor = "multi_thread")]
    async fn a_session_ends_when_nobody_does_anything_and_after_a_day() {
        let staffed = Staffed::open();
        let of = |path: &str| {
            guarded()
                .into_iter()
                .map(|route| route.rule)
                .find(|rule| rule.path == path)
                .unwrap()
        };
        let (doing, live) = (of("/desk/offers"), of("/desk/bookings"));
        let store = Arc::clone(&staffed.clinic.inner.store);
        let shift = |minutes: i64| {
            let text = "UPDATE staff_session SET used = used - ?1, begun = begun - ?1";
            let by = minutes * 60_000;
            store
                .write(move |tx| tx.sql().execute(text, params![by]))
                .unwrap();
        };
        let cookie = staffed.session(&login(Reception), None);
        for _ in 0..3 {
            shift(14);
            assert_eq!(staffed.ask(&doing, &cookie, true).await, StatusCode::OK);
        }
        // What the page asks for by itself is nobody's doing.
        shift(8);
        assert_eq!(staffed.ask(&live, &cookie, true).await, StatusCode::OK);
        shift(8);
        assert_eq!(
            staffed.ask(&live, &cookie, true).await,
            StatusCode::UNAUTHORIZED
        );
        assert_eq!(
            staffed.ask(&doing, &cookie, true).await,
            StatusCode::UNAUTHORIZED
        );
        let cookie = staffed.session(&login(Reception), None);
        for _ in 0..(12 * 60 / 10) {
            assert_eq!(staffed.ask(&doing, &cookie, true).await, StatusCode::OK);
            shift(10);
        }
        assert_eq!(
            staffed.ask(&doing, &cookie, true).await,
            StatusCode::UNAUTHORIZED
        );
        let count = |sql: Sql<'_>| {
            sql.one("SELECT count(*) FROM staff_session", &[], |row| {
                row.get::<i64>(0)
            })
        };
        assert_eq!(store.read(count).unwrap(), 2);
        store.write(|tx| session::forget_old(tx)).unwrap();
        assert_eq!(store.read(count).unwrap(), 0);
    }
}
