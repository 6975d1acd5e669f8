//! The course of a value in one line.

const BARS: [char; 8] = ['▁', '▂', '▃', '▄', '▅', '▆', '▇', '█'];

/// A bar a value, from the lowest to the highest of them. Values that are no numbers are gaps.
pub(crate) fn sparkline(values: &[f64]) -> String {
    let finite = || values.iter().copied().filter(|value| value.is_finite());
    let (low, high) = (
        finite().fold(f64::INFINITY, f64::min),
        finite().fold(f64::NEG_INFINITY, f64::max),
    );
    values
        .iter()
        .map(|value| {
            if value.is_finite() {
                bar(*value, low, high)
            } else {
                ' '
            }
        })
        .collect()
}

fn bar(value: f64, low: f64, high: f64) -> char {
    let span = high - low;
    // All the same: in the middle, neither high nor low.
    let part = if span > 0.0 {
        (value - low) / span
    } else {
        0.5
    };
    let mut bars = BARS.into_iter();
    // The first bar whose upper end is not below the value.
    let last = BARS.len() - 1;
    let mut ends = (1..=last).map(|n| f64::from(u8::try_from(n).unwrap_or(u8::MAX)) / 8.0);
    let index = ends.position(|end| part < end).unwrap_or(last);
    bars.nth(index).unwrap_or(' ')
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn low_is_low_and_high_is_high() {
        assert_eq!(
            sparkline(&[0.0, 1.0, 2.0, 3.0, 4.0, 5.0, 6.0, 7.0]),
            "▁▂▃▄▅▆▇█"
        );
        assert_eq!(sparkline(&[100.0, 99.0]), "█▁");
    }

    #[test]
    fn odd_values_draw_something() {
        assert_eq!(sparkline(&[]), "");
        assert_eq!(sparkline(&[5.0, 5.0]), "▅▅");
        assert_eq!(sparkline(&[1.0, f64::NAN, 2.0]), "▁ █");
        assert_eq!(sparkline(&[f64::MIN, f64::MAX]).chars().count(), 2);
    }
}
