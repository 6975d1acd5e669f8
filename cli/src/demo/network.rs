//! The phone's network, with a switch.

use std::sync::Arc;

use bytes::Bytes;
use sokhoe_app::domain::ports::{BoxFuture, Limits, Transport, TransportError};
use tokio::sync::watch;

/// Stands before the real network. While it is off no request leaves, and what was under way breaks.
pub(super) struct SwitchedNetwork {
    real: Arc<dyn Transport>,
    on: watch::Receiver<bool>,
}

/// The switch, as the mountain road turns it.
#[derive(Clone, Debug)]
pub(super) struct Switch(Arc<watch::Sender<bool>>);

impl SwitchedNetwork {
    /// A network that is on, and its switch.
    pub fn new(real: Arc<dyn Transport>) -> (Self, Switch) {
        let (switch, on) = watch::channel(true);
        (Self { real, on }, Switch(Arc::new(switch)))
    }
}

impl Switch {
    /// Cuts the network.
    pub fn cut(&self) {
        self.0.send_replace(false);
    }

    /// Gives it back.
    pub fn mend(&self) {
        self.0.send_replace(true);
    }

    /// What a phone's system tells its apps: whether there is a network, and when that changes.
    pub fn connectivity(&self) -> watch::Receiver<bool> {
        self.0.subscribe()
    }
}

impl Transport for SwitchedNetwork {
    fn send(
        &self,
        request: http::Request<Bytes>,
        limits: Limits,
    ) -> BoxFuture<'_, Result<http::Response<Bytes>, TransportError>> {
        let mut on = self.on.clone();
        Box::pin(async move {
            if !*on.borrow_and_update() {
                return Err(TransportError::Unreachable);
            }
            tokio::select! {
                answer = self.real.send(request, limits) => answer,
                Ok(_) = on.wait_for(|on| !on) => Err(TransportError::Broken),
            }
        })
    }
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use super::*;

    /// Answers after an hour.
    struct Slow;

    impl Transport for Slow {
        fn send(
            &self,
            _: http::Request<Bytes>,
            _: Limits,
        ) -> BoxFuture<'_, Result<http::Response<Bytes>, TransportError>> {
            Box::pin(async {
                tokio::time::sleep(Duration::from_secs(3600)).await;
                Err(TransportError::Timeout)
            })
        }
    }

    #[tokio::test]
    async fn a_cut_network_takes_nothing_and_breaks_what_is_under_way() {
        let limits = Limits {
            timeout: Duration::from_secs(1),
            max_body: 1,
        };
        let (network, switch) = SwitchedNetwork::new(Arc::new(Slow));
        let (answer, ()) = tokio::join!(network.send(http::Request::default(), limits), async {
            switch.cut()
        });
        assert_eq!(answer.unwrap_err(), TransportError::Broken);
        assert_eq!(
            network
                .send(http::Request::default(), limits)
                .await
                .unwrap_err(),
            TransportError::Unreachable
        );
        switch.mend();
        let waited = tokio::time::timeout(
            Duration::from_millis(20),
            network.send(http::Request::default(), limits),
        )
        .await;
        assert!(waited.is_err(), "the real network is asked again");
    }
}
