//! The newest of many, of which no more are held than a page has.

use std::cmp::Reverse;
use std::collections::BTreeMap;

use sokhoe_domain::Timestamp;

use super::filter::date;
use crate::access::Stored;

/// The newest first; of those of one time, the last stored first; without a time, at the end.
type Place = Reverse<(Option<Timestamp>, i64)>;

/// A page of the newest.
pub(super) struct Newest {
    count: usize,
    bytes: usize,
    after: Option<Place>,
    page: BTreeMap<Place, Stored>,
    more: bool,
}

impl Newest {
    /// Of so many resources at most, and about so many bytes.
    pub fn of(count: usize, bytes: usize) -> Self {
        Self {
            count,
            bytes,
            after: None,
            page: BTreeMap::new(),
            more: false,
        }
    }

    /// Only what comes after this one.
    pub fn begin_after(&mut self, last: &Stored) {
        self.after = Some(place(last));
    }

    /// One more, in whatever order.
    pub fn offer(&mut self, stored: Stored) {
        let place = place(&stored);
        if self.after.is_some_and(|after| place <= after) {
            return;
        }
        self.page.insert(place, stored);
        if self.page.len() > self.count {
            self.page.pop_last();
            self.more = true;
        }
    }

    /// The page, and whether there are more.
    pub fn finish(self) -> (Vec<Stored>, bool) {
        let (mut found, mut more, mut bytes) = (Vec::new(), self.more, 0);
        for stored in self.page.into_values() {
            if bytes > self.bytes {
                more = true;
                break;
            }
            bytes += stored.json.len();
            found.push(stored);
        }
        (found, more)
    }
}

fn place(stored: &Stored) -> Place {
    Reverse((date(&stored.json), stored.pk))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn observation(pk: i64, date: Option<&str>) -> Stored {
        let effective = date.map(|date| format!(r#","effectiveDateTime":"{date}""#));
        Stored {
            pk,
            id: pk.to_string(),
            version: 1,
            updated: Timestamp::from_millis(0),
            json: format!(
                r#"{{"resourceType":"Observation"{}}}"#,
                effective.unwrap_or_default()
            ),
            patient: None,
        }
    }

    fn all() -> Vec<Stored> {
        vec![
            observation(1, Some("2026-03-01")),
            observation(2, None),
            observation(3, Some("2026-05-01T08:00:00+07:00")),
            observation(4, Some("2026-03-01")),
            observation(5, Some("2025")),
        ]
    }

    fn keys(found: &[Stored]) -> Vec<i64> {
        found.iter().map(|stored| stored.pk).collect()
    }

    #[test]
    fn every_page_goes_on_where_the_last_one_ended() {
        for count in 1..=6 {
            let (mut turned, mut last): (Vec<i64>, Option<i64>) = (Vec::new(), None);
            loop {
                let mut page = Newest::of(count, 1 << 20);
                if let Some(last) = last {
                    page.begin_after(all().iter().find(|stored| stored.pk == last).unwrap());
                }
                for stored in all() {
                    page.offer(stored);
                }
                let (found, more) = page.finish();
                turned.extend(keys(&found));
                last = turned.last().copied();
                if !more {
                    break;
                }
                assert_eq!(found.len(), count);
            }
            assert_eq!(turned, [3, 4, 1, 5, 2], "{count} a page");
        }
    }

    #[test]
    fn a_page_of_long_ones_is_short() {
        let mut page = Newest::of(5, 10);
        all().into_iter().for_each(|stored| page.offer(stored));
        let (found, more) = page.finish();
        assert_eq!((keys(&found), more), (vec![3], true));
    }
}
