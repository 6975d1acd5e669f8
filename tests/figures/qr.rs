//! `qr_build_vs_npm`, `qr_read_vs_npm`, `qr_draw_vs_npm`: codes and their pictures against npm's
//! `vietnam-qr-pay` and `qrcode`, in turns with one node process (qr.mjs beside).
//!
//! Both begin with the same values and end with the same code, its fields, or a picture of the same
//! size. `qr_draw_png_vs_npm` takes the peer as it comes, which is with zlib's level 9 and a choice among
//! five filters for each line; `qr_draw_png_fast_vs_npm` takes it with its quickest settings.

use std::hint::black_box;
use std::io::{BufRead, BufReader, Lines, Write};
use std::path::{Path, PathBuf};
use std::process::{Child, ChildStdin, ChildStdout, Command, Stdio};
use std::time::Instant;

use serde_json::{Value, json};
use sokhoe_app::domain::Vnd;
use sokhoe_qr::vietqr::Service;
use sokhoe_qr::{Matrix, VietQr, bank, draw::Level};
use sokhoe_testing::SeededRng;

use crate::report::{Figure, percentile};

pub const BUILD: &str = "qr_build_vs_npm";
pub const READ: &str = "qr_read_vs_npm";
pub const DRAW: &str = "qr_draw_vs_npm";
pub const DRAW_PNG: &str = "qr_draw_png_vs_npm";
pub const DRAW_PNG_FAST: &str = "qr_draw_png_fast_vs_npm";
pub const DRAW_SVG: &str = "qr_draw_svg_vs_npm";

const PAYMENTS: usize = 300;
const PIXELS_PER_MODULE: u8 = 8;
const MARGIN: usize = 4;

/// Where `cargo xtask bench` has put the npm packages.
const PACKAGES: &str = "SOKHOE_PEERS_NODE";

/// Those of these figures that are wanted; none, with a word why, where there is no node.
pub fn measure(wanted: impl Fn(&str) -> bool) -> Vec<Figure> {
    let Some(packages) = std::env::var_os(PACKAGES).map(PathBuf::from) else {
        println!(
            "qr_*_vs_npm are left out: they need node and npm packages, see `cargo xtask bench`"
        );
        return Vec::new();
    };
    let payments: Vec<Payment> = payments();
    let texts: Vec<String> = payments
        .iter()
        .map(|payment| payment.build().as_str().to_owned())
        .collect();
    let mut peer = Peer::start(&packages);
    check(&payments, &texts, &mut peer);

    let mut figures = Vec::new();
    if wanted(BUILD) {
        let rounds = Rounds::new("build", 20, 15);
        figures.push(rounds.compare(BUILD, &mut peer, &payments, Payment::build));
    }
    if wanted(READ) {
        let rounds = Rounds::new("read", 20, 15);
        figures.push(rounds.compare(READ, &mut peer, &texts, |text| {
            let reading = VietQr::read(text).expect("a code");
            // The peer has laid out all fields by then; ours finds this one when it is asked for.
            black_box(reading.code.purpose());
            reading
        }));
    }
    if wanted(DRAW) || wanted(DRAW_PNG) || wanted(DRAW_SVG) {
        let png = Rounds::new("png", 1, 5).compare(DRAW_PNG, &mut peer, &texts, |text| {
            matrix(text).to_png(PIXELS_PER_MODULE)
        });
        let svg = Rounds::new("svg", 2, 15)
            .compare(DRAW_SVG, &mut peer, &texts, |text| matrix(text).to_svg());
        let worse = if png.ratio < svg.ratio { &png } else { &svg };
        figures.push(Figure {
            name: DRAW.to_owned(),
            ..worse.clone()
        });
        figures.extend([png, svg]);
    }
    if wanted(DRAW_PNG_FAST) {
        let rounds = Rounds::new("png_fast", 1, 5);
        figures.push(rounds.compare(DRAW_PNG_FAST, &mut peer, &texts, |text| {
            matrix(text).to_png(PIXELS_PER_MODULE)
        }));
    }
    figures.retain(|figure| wanted(&figure.name));
    figures
}

struct Payment {
    bin: String,
    account: String,
    service: Service,
    amount: i64,
    purpose: String,
}

impl Payment {
    fn build(&self) -> VietQr {
        VietQr::transfer(&self.bin, &self.account)
            .service(self.service.clone())
            .amount(Vnd::new(self.amount))
            .reference(&self.purpose)
            .build()
            .expect("a code")
    }
}

fn payments() -> Vec<Payment> {
    let rng = SeededRng::new(5);
    let below = |limit: u64| rng.next() % limit;
    let digits = |count: u64| -> String { (0..count).map(|_| below(10).to_string()).collect() };
    bank::all()
        .iter()
        .cycle()
        .take(PAYMENTS)
        .map(|bank| Payment {
            bin: bank.bin.to_string(),
            account: digits(6 + below(14)),
            service: [Service::ToAccount, Service::ToCard][usize::from(below(4) == 0)].clone(),
            amount: i64::try_from(1 + below(499_999_999)).expect("small"),
            purpose: format!("SK{}", digits(6 + below(12))),
        })
        .collect()
}

fn matrix(text: &str) -> Matrix {
    Matrix::encode(text, Level::Medium).expect("a code that fits")
}

/// Both sides make the same codes of the same size, and read back what went in.
fn check(payments: &[Payment], texts: &[String], peer: &mut Peer) {
    let asked: Vec<Value> = payments
        .iter()
        .map(|payment| {
            json!({
                "bin": payment.bin,
                "account": payment.account,
                "service": payment.service.as_code(),
                "amount": payment.amount.to_string(),
                "purpose": payment.purpose,
            })
        })
        .collect();
    let theirs = peer.ask(&json!({ "payments": asked }));
    assert_eq!(theirs["texts"], json!(texts), "the codes");
    for (n, (payment, text)) in payments.iter().zip(texts).enumerate() {
        let code = VietQr::read(text).expect("what we write").code;
        assert_eq!(code.bin().to_string(), payment.bin);
        assert_eq!(code.account().as_str(), payment.account);
        assert_eq!(code.service(), Some(&payment.service));
        assert_eq!(code.amount(), Some(Vnd::new(payment.amount)));
        assert_eq!(code.purpose(), Some(payment.purpose.as_str()));

        let matrix = matrix(text);
        assert_eq!(theirs["sizes"][n], matrix.size(), "the size of {text}");
        let side = matrix.size() + 2 * MARGIN;
        let png = matrix.to_png(PIXELS_PER_MODULE);
        let pixels = u32::try_from(side * usize::from(PIXELS_PER_MODULE)).expect("small");
        assert_eq!(png.get(16..20), Some(&pixels.to_be_bytes()[..]));
        let view = format!(r#"viewBox="0 0 {side} {side}""#);
        assert!(matrix.to_svg().contains(&view));
    }
}

/// How one operation is measured: in turns, the first rounds not counted.
struct Rounds {
    operation: &'static str,
    /// How often a round goes over the list.
    times: usize,
    counted: usize,
}

impl Rounds {
    fn new(operation: &'static str, times: usize, counted: usize) -> Self {
        Self {
            operation,
            times,
            counted,
        }
    }

    fn compare<T, R>(
        &self,
        name: &'static str,
        peer: &mut Peer,
        list: &[T],
        work: impl Fn(&T) -> R,
    ) -> Figure {
        let warm_up = self.counted / 3 + 1;
        let (mut ours, mut theirs) = (Vec::new(), Vec::new());
        for _ in 0..warm_up + self.counted {
            ours.push(self.micros(list, &work));
            theirs.push(peer.micros(self));
        }
        Figure::new(
            name,
            percentile(&mut ours[warm_up..], 50),
            "µs",
            self.counted,
        )
        .faster_than(
            "vietnam-qr-pay, qrcode (npm)",
            percentile(&mut theirs[warm_up..], 50),
        )
    }

    #[expect(clippy::disallowed_methods, reason = "this measures time")]
    fn micros<T, R>(&self, list: &[T], work: impl Fn(&T) -> R) -> f64 {
        let begin = Instant::now();
        for _ in 0..self.times {
            for item in list {
                black_box(work(black_box(item)));
            }
        }
        begin.elapsed().as_secs_f64() * 1e6 / (self.times * list.len()) as f64
    }
}

/// The node process.
struct Peer {
    process: Child,
    questions: ChildStdin,
    answers: Lines<BufReader<ChildStdout>>,
}

impl Peer {
    fn start(packages: &Path) -> Self {
        let script = Path::new(env!("CARGO_MANIFEST_DIR")).join("figures/qr.mjs");
        let mut process = Command::new("node")
            .arg(script)
            .env(PACKAGES, packages)
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .spawn()
            .expect("node starts");
        let questions = process.stdin.take().expect("its input");
        let answers = BufReader::new(process.stdout.take().expect("its output")).lines();
        Self {
            process,
            questions,
            answers,
        }
    }

    fn ask(&mut self, question: &Value) -> Value {
        writeln!(self.questions, "{question}").expect("node reads");
        let answer = self.answers.next().expect("an answer").expect("UTF-8");
        serde_json::from_str(&answer).expect("a JSON line")
    }

    fn micros(&mut self, rounds: &Rounds) -> f64 {
        let answer = self.ask(&json!({"round": rounds.operation, "times": rounds.times}));
        answer["micros"].as_f64().expect("a time")
    }
}

impl Drop for Peer {
    fn drop(&mut self) {
        // It is not needed any more, and has nothing to lose.
        let _ = self.process.kill();
        let _ = self.process.wait();
    }
}
