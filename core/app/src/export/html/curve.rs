//! A small curve: values over time, with the reference range as a band.

use maud::{Markup, html};
use sokhoe_domain::Point;

use super::text::number;

const WIDTH: f64 = 340.0;
const HEIGHT: f64 = 110.0;
/// Room for the numbers on the left.
const LEFT: f64 = 44.0;
const MARGIN: f64 = 8.0;

pub(super) struct Curve<'a> {
    /// At least one, the oldest first, all finite.
    pub(super) points: &'a [Point],
    pub(super) low: Option<f64>,
    pub(super) high: Option<f64>,
}

pub(super) fn draw(curve: &Curve<'_>) -> Markup {
    let scale = Scale::of(curve);
    let dots: Vec<(f64, f64)> = curve
        .points
        .iter()
        .map(|point| (scale.x(point), scale.y(point.value)))
        .collect();
    let line: Vec<String> = dots.iter().map(|(x, y)| format!("{x:.1},{y:.1}")).collect();
    let top = curve.high.map_or(MARGIN, |high| scale.y(high));
    let bottom = curve.low.map_or(HEIGHT - MARGIN, |low| scale.y(low));
    let last = dots.len().saturating_sub(1);
    html! {
        svg viewBox={ "0 0 " (WIDTH) " " (HEIGHT) } role="img" aria-hidden="true" {
            @if curve.low.is_some() || curve.high.is_some() {
                rect.band x=(LEFT) y=(format!("{top:.1}")) width=(WIDTH - LEFT)
                    height=(format!("{:.1}", (bottom - top).max(0.0))) {}
            }
            @for value in [scale.high, scale.low] {
                text.tick x=(LEFT - 6.0) y=(format!("{:.1}", scale.y(value) + 4.0)) { (number(value)) }
                line.grid x1=(LEFT) x2=(WIDTH) y1=(format!("{:.1}", scale.y(value)))
                    y2=(format!("{:.1}", scale.y(value))) {}
            }
            polyline.line points=(line.join(" ")) {}
            @for (n, (x, y)) in dots.iter().enumerate() {
                circle.dot.newest[n == last] cx=(format!("{x:.1}")) cy=(format!("{y:.1}"))
                    r=(if n == last { "4" } else { "2.2" }) {}
            }
        }
    }
}

struct Scale {
    low: f64,
    high: f64,
    first: f64,
    span: f64,
}

impl Scale {
    fn of(curve: &Curve<'_>) -> Self {
        let values = || curve.points.iter().map(|point| point.value);
        let low = values().fold(f64::INFINITY, f64::min);
        let high = values().fold(f64::NEG_INFINITY, f64::max);
        let times = || curve.points.iter().map(millis);
        let first = times().fold(f64::INFINITY, f64::min);
        let last = times().fold(f64::NEG_INFINITY, f64::max);
        Self {
            low,
            high,
            first,
            span: last - first,
        }
    }

    fn x(&self, point: &Point) -> f64 {
        let share = if self.span > 0.0 {
            (millis(point) - self.first) / self.span
        } else {
            0.5
        };
        LEFT + MARGIN + share * (WIDTH - LEFT - 2.0 * MARGIN)
    }

    /// Within the drawing, whatever the value: a band may reach far beyond the points.
    fn y(&self, value: f64) -> f64 {
        let height = HEIGHT - 2.0 * MARGIN;
        let share = if self.high > self.low {
            // Divided first: the difference of two huge numbers may be infinite.
            let span = self.high / 2.0 - self.low / 2.0;
            (value / 2.0 - self.low / 2.0) / span
        } else if value > self.high {
            1.0
        } else if value < self.low {
            0.0
        } else {
            0.5
        };
        let share = if share.is_finite() { share } else { 0.5 };
        (MARGIN + (1.0 - share) * height).clamp(MARGIN / 2.0, HEIGHT - MARGIN / 2.0)
    }
}

/// Milliseconds that a drawing of 340 dots needs no more precisely than a double has them.
#[expect(clippy::cast_precision_loss, reason = "a place in a small drawing")]
fn millis(point: &Point) -> f64 {
    point.at.as_millis() as f64
}

#[cfg(test)]
mod tests {
    use super::*;
    use sokhoe_domain::{ReferenceRange, Timestamp};

    fn curve(values: &[f64], low: Option<f64>, high: Option<f64>) -> String {
        let points: Vec<Point> = values
            .iter()
            .zip(0..)
            .map(|(value, n)| Point {
                code: "c".to_owned(),
                at: Timestamp::from_millis(n * 86_400_000),
                value: *value,
                unit: "u".to_owned(),
                range: ReferenceRange { low, high },
            })
            .collect();
        draw(&Curve {
            points: &points,
            low,
            high,
        })
        .into_string()
    }

    #[test]
    fn higher_values_stand_higher_and_later_ones_further_right() {
        let svg = curve(&[1.0, 2.0, 3.0], Some(1.0), Some(2.0));
        assert!(
            svg.contains(r#"points="52.0,102.0 192.0,55.0 332.0,8.0""#),
            "{svg}"
        );
        assert!(
            svg.contains(r#"class="band" x="44" y="55.0" width="296" height="47.0""#),
            "{svg}"
        );
    }

    #[test]
    fn whatever_was_measured_stays_in_the_drawing() {
        for values in [
            &[1.0, 1.0, 1.0][..],
            &[f64::MAX, f64::MIN, 0.0],
            &[0.0, 1e-300, -1e-300],
        ] {
            let svg = curve(values, Some(f64::MIN), Some(f64::MAX));
            assert!(!svg.contains("NaN") && !svg.contains("inf"), "{svg}");
        }
    }
}
