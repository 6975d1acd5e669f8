//! What a person does with waiting lists.

use std::time::Duration;

use sokhoe_app::{AppError, BookingStatus, JoinWaitingListRequest, PersonView, SoKhoe};

use crate::bookings::{Said, Underway};
use crate::phone::SimPhone;
use crate::template::HOSTS;

impl SimPhone {
    /// Waits at our clinic for a time of the next two days.
    pub async fn waits(&self, app: &SoKhoe, of: &PersonView) {
        let is_ours = |clinic: &&String| self.around.hosts[*clinic] == HOSTS[0];
        let Some(clinic) = of.clinic_ids.iter().find(is_ours).cloned() else {
            return;
        };
        let services = match app.services(&clinic).await {
            Ok(services) => services,
            Err(error) => return self.failed_for("services", of, &error),
        };
        let Some(service) = self.dice.one(&services) else {
            return;
        };
        let from = self.around.time.look().plus(Duration::from_secs(3_600));
        let hours = 1 + self.dice.number() % 48;
        let request = JoinWaitingListRequest {
            person_id: of.id.clone(),
            clinic_id: clinic,
            service_id: service.id.clone(),
            service: service.name.clone(),
            from,
            to: from.plus(Duration::from_secs(hours * 3_600)),
            criteria: None,
        };
        self.state().underway = Some(Underway {
            people: vec![of.id.clone()],
            wish: None,
            visits: 1,
        });
        match app.join_waiting_list(request).await {
            Ok(place) => {
                self.tell(format_args!("waits {}: {:?}", place.id, place.status));
                let mut state = self.state();
                state.underway = None;
                state.asked.insert(place.id.clone());
                state.tally.places += 1;
                let said = Said::of(&place);
                state.said.insert((of.id.clone(), place.id), said);
            }
            Err(AppError::Validation { .. }) => self.state().underway = None,
            Err(error) => self.failed_for("wait", of, &error),
        }
    }

    /// Says yes or no to what is offered.
    pub async fn answers_an_offer(&self, app: &SoKhoe, of: &PersonView) {
        let Ok(mut bookings) = app.bookings(&of.id) else {
            return;
        };
        bookings.retain(|booking| booking.status == BookingStatus::Offered);
        let Some(offered) = self.dice.one(&bookings) else {
            return;
        };
        let takes = self.dice.percent(70);
        let said = match takes {
            true => app.take_offer(&of.id, &offered.id).await,
            false => app.decline_offer(&of.id, &offered.id).await,
        };
        match said {
            Ok(after) => {
                let is_taken = takes && after.status == BookingStatus::Confirmed;
                self.state().tally.offers_taken += u64::from(is_taken);
                self.tell(format_args!("answers {}: {:?}", after.id, after.status));
            }
            Err(AppError::Validation { .. }) => {}
            Err(error) => self.failed_for("answer", of, &error),
        }
    }
}
