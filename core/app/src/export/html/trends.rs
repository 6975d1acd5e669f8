//! The course of every value that was measured often enough.

use std::collections::HashMap;

use maud::{Markup, PreEscaped, html};
use sokhoe_domain::Point;
use sokhoe_fhir::names;

use super::Context;
use super::curve::{Curve, draw};
use super::text::{day, number, range, readable};
use crate::error::AppError;

/// Fewer points are no course.
const LEAST: u32 = 3;
/// The newest points that are drawn.
const MOST: u32 = 200;

/// The codes whose values have a course to draw.
pub(super) struct Trends {
    codes: Vec<String>,
}

impl Trends {
    pub(super) fn of(context: &Context<'_>) -> Result<Self, AppError> {
        let (mut measured, mut scores) = (Vec::new(), Vec::new());
        for code in context.book.vault.trend_codes(LEAST)? {
            match points(context, &code)?.as_deref() {
                Some([.., last]) if !last.unit.is_empty() => measured.push(code),
                Some(_) => scores.push(code),
                None => {}
            }
        }
        // What a body measures before what a form adds up.
        measured.append(&mut scores);
        Ok(Self { codes: measured })
    }

    pub(super) const fn is_empty(&self) -> bool {
        self.codes.is_empty()
    }

    pub(super) fn write(
        &self,
        context: &Context<'_>,
        titles: &HashMap<String, String>,
        put: &mut impl FnMut(Markup) -> Result<(), AppError>,
    ) -> Result<(), AppError> {
        if self.is_empty() {
            return Ok(());
        }
        put(html! {
            (PreEscaped("<section id=\"trends\">"))
            h2 { (context.words.say("export-trends")) }
            p.small { (context.words.say("export-trends-text")) }
            (PreEscaped("<div class=\"curves\">"))
        })?;
        for code in &self.codes {
            if let Some(points) = points(context, code)? {
                put(figure(context, titles, code, &points))?;
            }
        }
        put(html! { (PreEscaped("</div></section>")) })
    }
}

/// The newest values of a code in the unit of the newest one: numbers in different units are no course.
/// Nothing when they are too few, or all the same.
fn points(context: &Context<'_>, code: &str) -> Result<Option<Vec<Point>>, AppError> {
    let mut points = context.book.vault.trend(code, MOST)?;
    let Some(unit) = points.last().map(|point| point.unit.clone()) else {
        return Ok(None);
    };
    points.retain(|point| point.unit == unit && point.value.is_finite());
    let moves = points
        .windows(2)
        .any(|pair| matches!(pair, [a, b] if a.value.total_cmp(&b.value).is_ne()));
    Ok((moves && points.len() >= LEAST as usize).then_some(points))
}

fn figure(
    context: &Context<'_>,
    titles: &HashMap<String, String>,
    code: &str,
    points: &[Point],
) -> Markup {
    let (Some(first), Some(last)) = (points.first(), points.last()) else {
        return html! {};
    };
    let (system, value) = code.split_once('|').unwrap_or(("", code));
    let title = names::vietnamese(system, value)
        .or(titles.get(code).map(String::as_str))
        .unwrap_or(value);
    let (low, high) = (last.range.low, last.range.high);
    let limits = range(low, high, "");
    html! {
        figure {
            figcaption {
                span.what { (readable(title)) }
                span.last { (number(last.value)) " " (readable(&last.unit)) }
            }
            (draw(&Curve { points, low, high }))
            p.ends {
                span { (day(first.at)) }
                @if !limits.is_empty() {
                    span { (context.words.say_with("export-curve-range", &[("range", limits)])) }
                }
                span { (day(last.at)) }
            }
        }
    }
}
