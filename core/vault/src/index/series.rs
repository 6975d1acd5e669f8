//! The points of trends.

use std::collections::BTreeMap;

use rusqlite::Transaction;
use sokhoe_domain::Point;

use crate::error::VaultError;
use crate::index::bits::Block;
use crate::index::bytes::{Bytes, size};
use crate::index::gone;
use crate::index::postings::DOCS;
use crate::index::runs::Runs;

const HAS_LOW: u8 = 1;
const HAS_HIGH: u8 = 2;

/// A point as it is stored.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(crate) struct StoredPoint {
    pub(crate) at: i64,
    pub(crate) value: f64,
    /// Its number in "unit".
    pub(crate) unit: u32,
    pub(crate) low: Option<f64>,
    pub(crate) high: Option<f64>,
}

/// Points of one transaction, in memory until its end or until their block is full.
#[derive(Debug)]
pub(crate) struct NewPoints {
    block: i64,
    by_code: BTreeMap<u32, Vec<u8>>,
}

impl NewPoints {
    /// None so far; the next doc is `next_doc`.
    pub(crate) fn at(next_doc: i64) -> Self {
        Self {
            block: next_doc / DOCS,
            by_code: BTreeMap::new(),
        }
    }

    /// Adds a point of the resource whose first row is `doc`; docs come in ascending order.
    pub(crate) fn add(
        &mut self,
        tx: &Transaction<'_>,
        doc: i64,
        code: u32,
        unit: u32,
        point: &Point,
    ) -> Result<(), VaultError> {
        self.go_to(tx, doc)?;
        let place = u16::try_from(doc % DOCS).map_err(|_| VaultError::Corrupt)?;
        let data = self.by_code.entry(code).or_default();
        let range = point.range;
        let flags = if range.low.is_some() { HAS_LOW } else { 0 }
            | if range.high.is_some() { HAS_HIGH } else { 0 };
        data.extend_from_slice(&place.to_le_bytes());
        data.push(flags);
        data.extend_from_slice(&unit.to_le_bytes());
        data.extend_from_slice(&point.at.as_millis().to_le_bytes());
        data.extend_from_slice(&point.value.to_le_bytes());
        for end in [range.low, range.high].into_iter().flatten() {
            data.extend_from_slice(&end.to_le_bytes());
        }
        Ok(())
    }

    /// Writes the block before that of `doc`, when it is full.
    fn go_to(&mut self, tx: &Transaction<'_>, doc: i64) -> Result<(), VaultError> {
        if doc / DOCS == self.block {
            return Ok(());
        }
        let mut all = BTreeMap::new();
        Runs::Series.each(tx, |_, data| add_run(&mut all, data))?;
        Runs::Series.clear(tx)?;
        merge(&mut all, std::mem::take(&mut self.by_code));
        let mut add = tx.prepare_cached(
            r#"INSERT INTO "series" ("block", "code", "data") VALUES (?1, ?2, ?3)"#,
        )?;
        for (code, data) in all {
            add.execute((self.block, code, data))?;
        }
        self.block = doc / DOCS;
        Ok(())
    }

    /// Writes what was gathered. Afterwards there are runs of the block of `next_doc` alone.
    pub(crate) fn finish(
        &mut self,
        tx: &Transaction<'_>,
        first_doc: i64,
        next_doc: i64,
    ) -> Result<(), VaultError> {
        self.go_to(tx, next_doc)?;
        let new = std::mem::take(&mut self.by_code);
        if new.is_empty() {
            return Ok(());
        }
        let mut all = BTreeMap::new();
        let first = match Runs::Series.last_short(tx)? {
            Some((first, data)) => {
                add_run(&mut all, &data)?;
                first
            }
            None => first_doc.max(self.block * DOCS),
        };
        merge(&mut all, new);
        let mut data = Vec::new();
        for (code, points) in all {
            let length = u32::try_from(points.len()).map_err(|_| VaultError::Corrupt)?;
            data.extend_from_slice(&code.to_le_bytes());
            data.extend_from_slice(&length.to_le_bytes());
            data.extend_from_slice(&points);
        }
        Runs::Series.put(tx, first, &data)
    }
}

fn merge(all: &mut BTreeMap<u32, Vec<u8>>, new: BTreeMap<u32, Vec<u8>>) {
    for (code, points) in new {
        all.entry(code).or_default().extend(points);
    }
}

fn add_run(all: &mut BTreeMap<u32, Vec<u8>>, data: &[u8]) -> Result<(), VaultError> {
    let mut run = Bytes(data);
    while !run.is_empty() {
        let code = run.u32()?;
        let length = run.u32()?;
        let points = run.slice(size(i64::from(length))?)?;
        all.entry(code).or_default().extend_from_slice(points);
    }
    Ok(())
}

/// Visits every point of a resource that is there: its code, the doc of the resource's first row, the
/// point; block after block. Of one code alone when one is wanted.
pub(crate) fn each_point(
    tx: &Transaction<'_>,
    wanted: Option<u32>,
    visit: &mut dyn FnMut(u32, i64, StoredPoint),
) -> Result<(), VaultError> {
    let next_doc: i64 = tx
        .prepare_cached(r#"SELECT "next_doc" FROM "counter""#)?
        .query_row([], |row| row.get(0))?;
    let mut find = tx.prepare_cached(
        r#"SELECT "code", "data" FROM "series" WHERE "block" = ?1 AND "code" BETWEEN ?2 AND ?3"#,
    )?;
    let (first, last) = wanted.map_or((0, u32::MAX), |code| (code, code));
    for block in 0..next_doc / DOCS {
        let mut rows = find.query((block, first, last))?;
        let mut gone = None;
        while let Some(row) = rows.next()? {
            let gone = match &gone {
                Some(gone) => gone,
                None => gone.insert(gone::of_block(tx, block)?),
            };
            let data = row.get_ref(1)?.as_blob().map_err(|_| VaultError::Corrupt)?;
            read(Bytes(data), gone, block, row.get(0)?, visit)?;
        }
    }
    let block = next_doc / DOCS;
    let gone = gone::of_block(tx, block)?;
    Runs::Series.each(tx, |_, data| {
        let mut run = Bytes(data);
        while !run.is_empty() {
            let code = run.u32()?;
            let length = run.u32()?;
            let data = run.slice(size(i64::from(length))?)?;
            if wanted.is_none_or(|wanted| wanted == code) {
                read(Bytes(data), &gone, block, code, visit)?;
            }
        }
        Ok(())
    })
}

fn read(
    mut data: Bytes<'_>,
    gone: &Block,
    block: i64,
    code: u32,
    visit: &mut dyn FnMut(u32, i64, StoredPoint),
) -> Result<(), VaultError> {
    while !data.is_empty() {
        let place = data.u16()?;
        let flags = data.u8()?;
        let point = StoredPoint {
            unit: data.u32()?,
            at: data.i64()?,
            value: data.f64()?,
            low: (flags & HAS_LOW != 0).then(|| data.f64()).transpose()?,
            high: (flags & HAS_HIGH != 0).then(|| data.f64()).transpose()?,
        };
        if !gone.has(usize::from(place)) {
            visit(code, block * DOCS + i64::from(place), point);
        }
    }
    Ok(())
}
