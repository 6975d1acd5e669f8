//! Vietnamese names of common codes.

use std::sync::OnceLock;

use sokhoe_domain::text::fold;

/// `system TAB code TAB Vietnamese TAB English`, one code a line.
const TABLE: &str = include_str!("../data/names-vi.tsv");

/// One line of the table.
pub(crate) struct Name {
    system: &'static str,
    code: &'static str,
    /// The Vietnamese name.
    pub(crate) vi: &'static str,
    /// The English name; may be empty.
    pub(crate) en: &'static str,
    /// The Vietnamese name as search compares it, folded once here and not for every resource.
    pub(crate) folded: String,
}

/// The Vietnamese name of a code (system as FHIR writes it, e.g. `http://loinc.org`).
#[must_use]
pub fn vietnamese(system: &str, code: &str) -> Option<&'static str> {
    find(system, code).map(|name| name.vi)
}

/// The English name of a code in the same table.
#[must_use]
pub fn english(system: &str, code: &str) -> Option<&'static str> {
    find(system, code)
        .map(|name| name.en)
        .filter(|name| !name.is_empty())
}

pub(crate) fn find(system: &str, code: &str) -> Option<&'static Name> {
    static SORTED: OnceLock<Vec<Name>> = OnceLock::new();
    let names = SORTED.get_or_init(|| {
        let mut names: Vec<Name> = TABLE.lines().filter_map(read_line).collect();
        names.sort_by_key(|name| (name.code, name.system));
        names
    });
    // Codes differ sooner than systems do.
    names
        .binary_search_by(|name| (name.code, name.system).cmp(&(code, system)))
        .ok()
        .and_then(|at| names.get(at))
}

fn read_line(line: &'static str) -> Option<Name> {
    let mut cells = line.split('\t').map(str::trim);
    let (system, code, vi) = (cells.next()?, cells.next()?, cells.next()?);
    let name = Name {
        system,
        code,
        vi,
        en: cells.next().unwrap_or(""),
        folded: fold(vi),
    };
    (name.system != "system" && !name.code.is_empty() && !name.vi.is_empty()).then_some(name)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn knows_common_codes() {
        assert!(vietnamese("http://loinc.org", "8480-6").is_some());
        assert!(english("http://loinc.org", "8480-6").is_some());
        assert_eq!(vietnamese("http://loinc.org", "no such code"), None);
        assert_eq!(vietnamese("system", "code"), None);
        assert_eq!(vietnamese("", ""), None);
    }

    #[test]
    fn every_line_of_the_table_is_found_by_its_code() {
        for (number, line) in TABLE.lines().enumerate().filter(|(_, l)| !l.is_empty()) {
            let cells: Vec<&str> = line.split('\t').map(str::trim).collect();
            if cells[0] == "system" {
                continue;
            }
            assert!(cells.len() >= 3, "line {}", number + 1);
            assert_eq!(
                vietnamese(cells[0], cells[1]),
                Some(cells[2]),
                "line {}",
                number + 1
            );
        }
    }
}
