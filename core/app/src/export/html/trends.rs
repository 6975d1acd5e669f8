//! The course of every value that was measured often enough.

use std::collections::HashMap;

use maud::{Markup, PreEscaped, html};
use sokhoe_fhir::names;

use super::Context;
use super::curve::{Curve, draw};
use super::text::{day, number, range, readable};
use crate::error::AppError;

/// Fewer points are no course.
pub(super) const LEAST: u32 = 3;
/// The newest points that are drawn.
const MOST: u32 = 200;

pub(super) fn write(
    context: &Context<'_>,
    titles: &HashMap<String, String>,
    put: &mut impl FnMut(Markup) -> Result<(), AppError>,
) -> Result<(), AppError> {
    let codes = context.book.vault.trend_codes(LEAST)?;
    let mut begun = false;
    for code in codes {
        let Some(figure) = one(context, titles, &code)? else {
            continue;
        };
        if !begun {
            begun = true;
            put(html! {
                (PreEscaped("<section id=\"trends\">"))
                h2 { (context.words.say("export-trends")) }
                p.small { (context.words.say("export-trends-text")) }
                (PreEscaped("<div class=\"curves\">"))
            })?;
        }
        put(figure)?;
    }
    if begun {
        put(html! { (PreEscaped("</div></section>")) })?;
    }
    Ok(())
}

fn one(
    context: &Context<'_>,
    titles: &HashMap<String, String>,
    code: &str,
) -> Result<Option<Markup>, AppError> {
    let mut points = context.book.vault.trend(code, MOST)?;
    // Numbers in different units are no course.
    let Some(last) = points.last().cloned() else {
        return Ok(None);
    };
    points.retain(|point| point.unit == last.unit && point.value.is_finite());
    let (Some(first), true) = (points.first(), points.len() >= LEAST as usize) else {
        return Ok(None);
    };
    let (system, value) = code.split_once('|').unwrap_or(("", code));
    let title = names::vietnamese(system, value)
        .or(titles.get(code).map(String::as_str))
        .unwrap_or(value);
    let limits = range(last.range.low, last.range.high, "");
    let (since, until) = (day(first.at), day(last.at));
    Ok(Some(html! {
        figure {
            figcaption {
                span.what { (readable(title)) }
                span.last { (number(last.value)) " " (readable(&last.unit)) }
            }
            (draw(&Curve { points: &points, low: last.range.low, high: last.range.high }))
            p.ends {
                span { (since) }
                @if !limits.is_empty() {
                    span { (context.words.say_with("export-curve-range", &[("range", limits)])) }
                }
                span { (until) }
            }
        }
    }))
}
