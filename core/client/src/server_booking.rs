//! Writing at a FHIR server that is not ours: all of it or nothing.

use http::Method;
use http::header::CONTENT_TYPE;
use sokhoe_fhir::transaction::{Write, transaction_of};

use crate::clinic::ClinicClient;
use crate::error::ClientError;
use crate::exchange::{FHIR_JSON, ORDINARY};
use crate::server::without_slash;

impl ClinicClient {
    /// Does all of these writes or none of them, and gives the answer's Bundle. Servers that can put in
    /// what they wrote are asked to.
    ///
    /// # Errors
    /// [`ClientError::is_overtaken`] when a version is not the current one; [`ClientError`]. After any
    /// other than a 4xx it is not known whether they were done.
    pub async fn transact(&self, writes: &[Write]) -> Result<String, ClientError> {
        let request = self
            .request(Method::POST, &without_slash(&self.fhir))?
            .header(CONTENT_TYPE, FHIR_JSON)
            .header("prefer", "return=representation")
            .body(transaction_of(writes).into())
            .map_err(|_| ClientError::Invalid)?;
        self.exchange(request, ORDINARY).await
    }
}

#[cfg(test)]
mod tests {
    use crate::error::{ClientError, GarbledAnswer};

    #[test]
    fn conflict_and_failed_precondition_are_one() {
        let refused = |status| ClientError::Refused {
            status,
            code: "processing".to_owned(),
            alternatives: Vec::new(),
        };
        for status in [409, 412] {
            assert!(refused(status).is_overtaken());
            assert!(ClientError::Garbled(GarbledAnswer::Status(status)).is_overtaken());
        }
        assert!(!refused(422).is_overtaken());
        assert!(!ClientError::NoAnswer.is_overtaken());
    }
}
