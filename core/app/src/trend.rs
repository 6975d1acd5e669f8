//! The course of a value.

use sokhoe_fhir::names;

use crate::error::AppError;
use crate::session::SoKhoe;
use crate::views::{PointView, TrendView};

impl SoKhoe {
    /// The last `limit` values of a code (an [`crate::EntryView::trend_code`]), the oldest first. Only
    /// values in the unit of the newest one are given: numbers in different units are no trend.
    ///
    /// # Errors
    /// [`AppError::Validation`], [`AppError::NotFound`] when there is no such value.
    pub fn trend(&self, person_id: &str, code: &str, limit: u32) -> Result<TrendView, AppError> {
        if !(1..=1000).contains(&limit) {
            return Err(AppError::invalid("limit", "must be 1 to 1000"));
        }
        let session = &*self.inner;
        let book = session.book(person_id)?;
        let mut points = book.vault.trend(code, limit)?;
        let unit = points
            .last()
            .map(|point| point.unit.clone())
            .ok_or_else(|| AppError::not_found("trend"))?;
        points.retain(|point| point.unit == unit);
        let (system, value) = code.split_once('|').unwrap_or(("", code));
        let now = session.now();
        Ok(TrendView {
            title: names::vietnamese(system, value).unwrap_or(value).to_owned(),
            unit,
            points: points
                .into_iter()
                .map(|point| PointView {
                    at: point.at,
                    when_text: session.words.day(point.at, now),
                    value: point.value,
                    low: point.range.low,
                    high: point.range.high,
                })
                .collect(),
        })
    }
}
