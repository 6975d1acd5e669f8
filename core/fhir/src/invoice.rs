//! Invoices.

use sokhoe_domain::{Timestamp, Vnd};

use crate::common::Ref;
use crate::json::Object;
use crate::{FhirError, read};

/// Extension on an Invoice: the signed payment order (`valueString`).
pub const PAYMENT_ORDER: &str = "https://sokhoe.vn/fhir/StructureDefinition/payment-order";
/// Identifier system of an invoice's reference.
pub const INVOICE_REFERENCE: &str = "https://sokhoe.vn/fhir/sid/invoice-reference";

/// What screens need of a FHIR Invoice in đồng.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct InvoiceView {
    /// The logical id.
    pub id: String,
    /// `draft`, `issued`, `balanced` (paid), `cancelled`, `entered-in-error`.
    pub status: String,
    /// What is to be paid (`totalGross`, else `totalNet`).
    pub total: Vnd,
    /// The reference that goes first into the transfer text (`identifier`); may be empty.
    pub reference: String,
    /// The clinic's signed payment order ([`PAYMENT_ORDER`]).
    pub payment_order: Option<String>,
    /// When it was made out.
    pub date: Option<Timestamp>,
    /// Who made it out; may be empty.
    pub issuer: String,
    /// For whom (`subject`).
    pub patient: Option<Ref>,
    /// What it is for.
    pub lines: Vec<InvoiceLine>,
}

/// One line of an invoice.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct InvoiceLine {
    /// What it is; may be empty.
    pub name: String,
    /// What it costs, when said in đồng.
    pub amount: Option<Vnd>,
}

impl InvoiceView {
    /// Reads an Invoice resource.
    ///
    /// # Errors
    /// When it is not one, has no id or status, or no total in whole đồng.
    pub fn from_json(json: &str) -> Result<Self, FhirError> {
        let document = read::resource(json, "Invoice")?;
        let root = document.root();
        let total = read::vnd(root.get("totalGross"))
            .or_else(|| read::vnd(root.get("totalNet")))
            .ok_or(FhirError::Unexpected {
                expected: "a total in whole đồng",
            })?;
        let identifiers = root.get("identifier");
        let reference = identifiers
            .items()
            .find(|i| i.get("system").is_text(INVOICE_REFERENCE))
            .unwrap_or(identifiers.first())
            .str("value");
        let lines = root.get("lineItem").items().map(|item| {
            let item_code = item.get("chargeItemCodeableConcept");
            InvoiceLine {
                name: read::coded(item_code)
                    .map(|coded| coded.name)
                    .unwrap_or_else(|| read::string(item.get("chargeItemReference"), "display")),
                amount: line_amount(item.get("priceComponent")),
            }
        });
        Ok(Self {
            id: read::id(root)?,
            status: root
                .str("status")
                .ok_or(FhirError::Unexpected { expected: "status" })?
                .into(),
            total,
            reference: reference.map(Into::into).unwrap_or_default(),
            payment_order: read::extension(root, PAYMENT_ORDER)
                .and_then(|e| e.str("valueString"))
                .map(Into::into),
            date: read::timestamp(root.get("date")),
            issuer: read::string(root.get("issuer"), "display"),
            patient: read::reference(root.get("subject"), "Patient"),
            lines: lines.collect(),
        })
    }

    /// Writes it as a FHIR R4 Invoice.
    #[must_use]
    pub fn to_json(&self) -> String {
        let order = self
            .payment_order
            .as_ref()
            .map(|order| read::write_extension(PAYMENT_ORDER, "valueString", &read::quoted(order)));
        let identifier = (!self.reference.is_empty()).then(|| {
            Object::new()
                .text("system", INVOICE_REFERENCE)
                .text("value", &self.reference)
        });
        let lines = self.lines.iter().map(|line| {
            // The charge item is mandatory.
            let name = if line.name.is_empty() {
                "—"
            } else {
                &line.name
            };
            let price = line.amount.map(|amount| {
                Object::new()
                    .text("type", "base")
                    .object("amount", read::write_vnd(amount))
            });
            Object::new()
                .object(
                    "chargeItemCodeableConcept",
                    Object::new().text("text", name),
                )
                .list("priceComponent", price)
        });
        let patient = self
            .patient
            .as_ref()
            .map_or_else(Object::new, |p| read::write_reference("Patient", p));
        let date = self.date.map(Timestamp::to_fhir);
        Object::resource("Invoice")
            .text("id", &self.id)
            .list("extension", order)
            .list("identifier", identifier)
            .text("status", &self.status)
            .object("subject", patient)
            .maybe("date", date.as_deref())
            .object("issuer", Object::new().text("display", &self.issuer))
            .list("lineItem", lines)
            .object("totalGross", read::write_vnd(self.total))
            .finish()
    }
}

/// The sum of a line's price components that are in đồng; deductions and discounts are taken off.
fn line_amount(components: crate::json::Node<'_>) -> Option<Vnd> {
    let mut sum: Option<Vnd> = None;
    for component in components.items() {
        let Some(amount) = read::vnd(component.get("amount")) else {
            continue;
        };
        let so_far = sum.unwrap_or_default();
        sum = match component.str("type").as_deref() {
            Some("informational") => sum,
            Some("deduction" | "discount") => {
                Some(so_far.checked_sub(Vnd::new(amount.dong().checked_abs()?))?)
            }
            Some(_) | None => Some(so_far.checked_add(amount)?),
        };
    }
    sum
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn is_written_as_fhir_wants_it_and_comes_back() {
        let invoice = InvoiceView {
            id: "hd1".to_owned(),
            status: "issued".to_owned(),
            total: Vnd::new(150_000),
            reference: "SK7Q2M".to_owned(),
            payment_order: Some("SK1P:ABC".to_owned()),
            date: Timestamp::parse_fhir("2026-11-24T09:10:00+07:00"),
            issuer: "Bệnh viện Đa khoa tỉnh".to_owned(),
            patient: Some(Ref::new("bn1", "Nguyễn Thị Hoa")),
            lines: vec![
                InvoiceLine {
                    name: "Khám tim mạch".to_owned(),
                    amount: Some(Vnd::new(150_000)),
                },
                InvoiceLine {
                    name: "Sổ khám".to_owned(),
                    amount: None,
                },
            ],
        };
        let json = invoice.to_json();
        insta::assert_snapshot!(json);
        assert_eq!(InvoiceView::from_json(&json).unwrap(), invoice);
    }

    #[test]
    fn reads_totals_in_whole_dong_only() {
        let read = |total: &str| {
            InvoiceView::from_json(&format!(
                r#"{{"resourceType":"Invoice","id":"1","status":"issued",{total}}}"#
            ))
            .map(|invoice| invoice.total.dong())
        };
        assert_eq!(
            read(r#""totalGross":{"value":150000.00,"currency":"VND"}"#),
            Ok(150_000)
        );
        assert_eq!(read(r#""totalNet":{"value":-5,"currency":"VND"}"#), Ok(-5));
        for bad in [
            r#""totalGross":{"value":150000.50,"currency":"VND"}"#,
            r#""totalGross":{"value":15,"currency":"USD"}"#,
            r#""totalGross":{"value":15}"#,
            r#""totalGross":{"value":"15","currency":"VND"}"#,
            r#""totalGross":{"value":99999999999999999999,"currency":"VND"}"#,
            r#""totalGross":7"#,
        ] {
            assert!(read(bad).is_err(), "{bad}");
        }
    }

    #[test]
    fn a_line_adds_up() {
        let json = r#"{"resourceType":"Invoice","id":"1","status":"issued",
            "totalNet":{"value":40000,"currency":"VND"},
            "lineItem":[{"chargeItemCodeableConcept":{"text":"Khám"},"priceComponent":[
                {"type":"base","amount":{"value":200000,"currency":"VND"}},
                {"type":"deduction","amount":{"value":160000,"currency":"VND"}},
                {"type":"informational","amount":{"value":1,"currency":"VND"}}]}]}"#;
        let invoice = InvoiceView::from_json(json).unwrap();
        assert_eq!(invoice.lines[0].amount, Some(Vnd::new(40_000)));
    }
}
