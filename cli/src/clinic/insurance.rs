//! `sokhoe clinic insurance`: how the clinic stands to the health insurance.

use clap::{Args, ValueEnum};
use serde_json::json;
use sokhoe_domain::Vnd;
use sokhoe_domain::insurance::{FacilityLevel, InsuranceTerms};

use super::data::{DataArgs, off_thread};
use crate::failure::Failure;
use crate::output::Output;
use crate::words::Words;

/// Say how the clinic stands to the health insurance (BHYT), or show it
///
/// From it, phones estimate what insurance pays of a visit and what remains (Luật BHYT, Article 22; Nghị định
/// 188/2025/NĐ-CP). How much of the benefit is paid outside the right route depends on the facility's level and class
/// and on the day, so that the clinic says it.
#[derive(Debug, Args)]
#[command(after_help = "\
Examples:
  # What phones are told now
  sokhoe clinic insurance --data ./clinic
  # A hospital of the basic level, known to the insurance as 11001, where half of the benefit is paid to outpatients
  # outside the right route
  sokhoe clinic insurance --data ./clinic --facility 11001 --level basic --outside-route 50
  # A commune's station: the whole tariff is paid to everybody
  sokhoe clinic insurance --data ./clinic --facility 11034 --level commune --outside-route 100
  # A new base salary
  sokhoe clinic insurance --data ./clinic --facility 11001 --level basic --outside-route 50 --base-salary 2530000
  # What the insurance counts with for two services; 0: it does not cover it
  sokhoe clinic insurance --data ./clinic --tariff kham-mat=45000 --tariff tu-van-tu-xa=0")]
pub(super) struct InsuranceArgs {
    #[command(flatten)]
    data: DataArgs,

    /// The code under which the insurance knows the clinic (MA_CSKCB), five digits
    #[arg(long, value_name = "CODE", requires_all = ["level", "outside_route"])]
    facility: Option<String>,

    /// Its level
    #[arg(long, value_enum, requires = "facility")]
    level: Option<Level>,

    /// How much of the benefit is paid outside the right route, in percent
    #[arg(long, value_name = "PERCENT", requires = "facility", value_parser = clap::value_parser!(u8).range(0..=100))]
    outside_route: Option<u8>,

    /// The base salary of a month in đồng
    #[arg(long, value_name = "VND", requires = "facility", default_value_t = InsuranceTerms::BASE_SALARY.dong())]
    base_salary: i64,

    /// A visit that costs less than so many percent of it is paid in full
    #[arg(long, value_name = "PERCENT", requires = "facility", default_value_t = InsuranceTerms::SMALL_COST_PERCENT, value_parser = clap::value_parser!(u8).range(0..=100))]
    small_cost: u8,

    /// What the insurance counts with for a service in đồng; 0 when it does not cover it
    #[arg(long, value_name = "SERVICE=VND", value_parser = tariff)]
    tariff: Vec<(String, i64)>,

    /// Phones are told nothing any more
    #[arg(long, conflicts_with = "facility")]
    none: bool,
}

/// As the law calls them.
#[derive(Debug, Clone, Copy, ValueEnum)]
enum Level {
    /// A commune's health station (trạm y tế)
    Commune,
    /// Initial (ban đầu)
    Initial,
    /// Basic (cơ bản)
    Basic,
    /// Specialised (chuyên sâu)
    Specialised,
}

impl From<Level> for FacilityLevel {
    fn from(level: Level) -> Self {
        match level {
            Level::Commune => Self::Commune,
            Level::Initial => Self::Initial,
            Level::Basic => Self::Basic,
            Level::Specialised => Self::Specialised,
        }
    }
}

fn tariff(text: &str) -> Result<(String, i64), String> {
    text.split_once('=')
        .and_then(|(service, amount)| Some((service.to_owned(), amount.parse().ok()?)))
        .filter(|(_, amount)| *amount >= 0)
        .ok_or_else(|| "a tariff is written kham-mat=45000".to_owned())
}

pub(super) async fn run(
    args: InsuranceArgs,
    words: &Words,
    output: &mut Output,
) -> Result<(), Failure> {
    let clinic = args.data.open_existing().await?;
    let terms = match (args.facility, args.level, args.outside_route) {
        (Some(facility), Some(level), Some(outside_route_percent)) => Some(InsuranceTerms {
            facility,
            level: level.into(),
            outside_route_percent,
            base_salary: Vnd::new(args.base_salary),
            small_cost_percent: args.small_cost,
        }),
        _ => None,
    };
    let (none, tariffs) = (args.none, args.tariff);
    let terms = off_thread(move || {
        for (service, amount) in &tariffs {
            let tariff = Some(Vnd::new(*amount)).filter(|tariff| *tariff > Vnd::default());
            clinic.set_insured_tariff(service, tariff)?;
        }
        if none || terms.is_some() {
            clinic.set_insurance(terms)?;
        }
        clinic.insurance()
    })
    .await?;
    output.json(&json!({"terms": terms.as_ref().map(|terms| json!({
        "facility": terms.facility,
        "level": terms.level.code(),
        "outside_route_percent": terms.outside_route_percent,
        "base_salary": terms.base_salary.dong(),
        "small_cost_percent": terms.small_cost_percent,
    }))}))?;
    let Some(terms) = terms else {
        return output.line(words.say("clinic-insurance-none"));
    };
    output.line(words.say_with(
        "clinic-insurance",
        &[
            ("facility", terms.facility.clone()),
            (
                "level",
                words.say(&format!("clinic-level-{}", terms.level.code())),
            ),
            ("percent", terms.outside_route_percent.to_string()),
            ("limit", terms.small_cost().to_string()),
        ],
    ))
}
