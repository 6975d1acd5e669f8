//! The clinic as a program holds it.

use std::collections::BTreeSet;
use std::fmt;
use std::net::IpAddr;
use std::path::Path;
use std::sync::{Arc, PoisonError, RwLock};
use std::time::Duration;

use chrono::NaiveDate;
use sokhoe_domain::insurance::InsuranceTerms;
use sokhoe_domain::ports::{Clock, Rng};
use sokhoe_domain::rights::RightsRequest;
use sokhoe_domain::{AccessAction, AccessOperation, AccessOutcome, Vnd};
use sokhoe_qr::PublicKey;
use tokio::net::TcpListener;

use crate::access;
use crate::access_log::{self, Draft, Gathering, ListName, Lists, Who};
use crate::backend_services::{self, System};
use crate::backup::RESTORED;
use crate::bank_messages::BankMessages;
use crate::billing::{
    self, InvoiceLine, IssuedInvoice, MoneyBook, OpenPayment, PaymentOutcome, Settlement,
};
use crate::check::{self, CheckReport};
use crate::config::{ClinicConfig, Payee};
use crate::desk::{self, BookingRow};
use crate::enrolment::{self, EnrolmentText};
use crate::grants::{self, GrantRequest, OfferedGrant};
use crate::import::{self, ImportOptions, ImportReport};
use crate::keys::Keys;
use crate::oauth::{self, Nonces, Proving, SeenProofs};
use crate::queue::{self, CheckIn, Line, Step};
use crate::rights::{
    self, Affected, BreachSummary, Disclosed, Erased, Receipt, RightsRow, Suspected,
};
use crate::schedule::timetable::{self, Timetable};
use crate::schedule::{Calendar, DeskAnswer, DeskBooking};
use crate::seed::{self, SeedReport};
use crate::serve::{self, InProcess, Running};
use crate::sign_in::{BadSignIn, Provider};
use crate::store::{Isolation, Sql, Store, StoreError, calendar_version, settings};
use crate::{ClinicError, insurance, remote_visits, schedule};

/// No service is worth more to the insurance.
const HIGHEST_TARIFF: Vnd = Vnd::new(500_000_000);
/// The setting by which a database knows whose it is.
pub(crate) const PUBLIC_KEY: &str = "public-key";

/// A clinic and its data. Cheap to clone; all clones are the same clinic.
///
/// The methods block on the disk: call them from a thread that may block.
#[derive(Clone)]
pub struct Clinic {
    pub(crate) inner: Arc<Inner>,
}

/// What every part of the clinic works with.
pub(crate) struct Inner {
    pub id: String,
    pub name: String,
    pub payee: Payee,
    pub public_key: PublicKey,
    pub keys: Keys,
    pub clock: Arc<dyn Clock>,
    pub rng: Arc<dyn Rng>,
    pub store: Arc<Store>,
    /// What is to be remembered of reads.
    pub gathering: Arc<Gathering>,
    /// Who tells what arrived in its account.
    pub bank_messages: Option<BankMessages>,
    /// The proxies in front of it.
    pub proxies: Vec<IpAddr>,
    /// Who was in which list on the clinic's screens.
    pub lists: Lists,
    pub proving: Proving,
    /// Who vouches for people, if they can come in so.
    pub provider: Option<Provider>,
    calendar: RwLock<Arc<Calendar>>,
}

impl Inner {
    /// What is offered, as of the last change.
    pub fn calendar(&self) -> Arc<Calendar> {
        Arc::clone(&self.calendar.read().unwrap_or_else(PoisonError::into_inner))
    }

    /// What is offered, as it is in this snapshot.
    pub fn calendar_in(&self, sql: Sql<'_>) -> Result<Arc<Calendar>, StoreError> {
        let known = self.calendar();
        if calendar_version::read(sql)? == known.version() {
            return Ok(known);
        }
        let read = Arc::new(Calendar::load(sql)?);
        self.remember_calendar(Arc::clone(&read));
        Ok(read)
    }

    /// Reads what is offered again, after it changed.
    pub fn reload_calendar(&self) -> Result<(), StoreError> {
        self.remember_calendar(Arc::new(self.store.read(Calendar::load)?));
        Ok(())
    }

    /// Takes what was read in the place of what is remembered, unless that is newer.
    pub fn remember_calendar(&self, read: Arc<Calendar>) {
        let mut calendar = self
            .calendar
            .write()
            .unwrap_or_else(PoisonError::into_inner);
        if calendar.version() <= read.version() {
            *calendar = read;
        }
    }
}

impl fmt::Debug for Clinic {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Clinic")
            .field("id", &self.inner.id)
            .field("name", &self.inner.name)
            .finish_non_exhaustive()
    }
}

impl Clinic {
    /// Opens the clinic's data; makes folder, database and keys when they are not there.
    ///
    /// # Errors
    /// [`ClinicError::File`], [`ClinicError::BadKeyFile`], [`ClinicError::KeyFileMissing`],
    /// [`ClinicError::OtherKey`], [`ClinicError::Store`]
    pub fn open(config: ClinicConfig) -> Result<Self, ClinicError> {
        if let Some(folder) = config.data.folder() {
            make_folder(folder).map_err(|error| ClinicError::File {
                path: folder.to_owned(),
                error,
            })?;
        }
        let store = Arc::new(Store::open(&config)?);
        let ClinicConfig {
            data,
            name,
            payee,
            clock,
            rng,
            sign_in,
            bank_messages,
            proxies,
            ..
        } = config;
        if let Some(messages) = &bank_messages {
            messages.check()?;
        }
        let provider = match sign_in {
            Some(sign_in) => {
                sign_in.check()?;
                let provider = Provider::new(sign_in, Arc::clone(&clock), Arc::clone(&rng));
                Some(provider.ok_or(BadSignIn::Credential)?)
            }
            None => None,
        };
        let known = store.read(|sql| settings::get(sql, PUBLIC_KEY))?;
        let restored = store.read(|sql| settings::get(sql, RESTORED))?;
        let keys = Keys::open(&data, &*rng, known.as_deref())?.after(restored);
        let public_key = PublicKey::of(keys.identity())
            .map_err(|_| ClinicError::BadKeyFile(data.key_file("identity.key")))?;
        let id = id_of(&keys);
        let (kept, public) = (name.clone(), hex(keys.public_key()));
        store.write(move |tx| {
            settings::set(tx.sql(), "name", &kept)?;
            settings::set(tx.sql(), PUBLIC_KEY, &public)?;
            schedule::forget_old(tx)
        })?;
        let calendar = store.read(Calendar::load)?;
        let proving = Proving {
            nonces: Nonces,
            seen: SeenProofs::default(),
            // What other processes saw is in the database.
            since_second: if store.is_shared() {
                i64::MIN
            } else {
                oauth::seconds(&*clock)
            },
        };
        Ok(Self {
            inner: Arc::new(Inner {
                id,
                name,
                payee,
                public_key,
                keys,
                clock,
                rng,
                gathering: Gathering::new(Arc::clone(&store)),
                lists: Lists::default(),
                store,
                proving,
                provider,
                bank_messages,
                proxies,
                calendar: RwLock::new(Arc::new(calendar)),
            }),
        })
    }

    /// The id by which phones know the clinic.
    #[must_use]
    pub fn id(&self) -> &str {
        &self.inner.id
    }

    /// What it is called.
    #[must_use]
    pub fn name(&self) -> &str {
        &self.inner.name
    }

    /// The key by which phones know what the clinic signed.
    #[must_use]
    pub fn public_key(&self) -> PublicKey {
        self.inner.public_key
    }

    /// Fills the clinic with the fictional provincial hospital: departments, doctors, rooms, openings,
    /// prices, tariff and a few patients. Doing it again changes nothing.
    ///
    /// # Errors
    /// [`ClinicError::Store`]
    pub fn seed_hospital(&self) -> Result<SeedReport, ClinicError> {
        seed::seed(&self.inner)
    }

    /// Takes in files and folders of FHIR JSON: resources, Bundles, ndjson, each also as `.gz`. What is bad
    /// is reported by file and line, and the rest goes in.
    ///
    /// # Errors
    /// [`ClinicError::Store`], [`ClinicError::NoSuchPatient`] for `adopt_into`; a path that cannot be read
    /// is a line of the report.
    pub fn import<P: AsRef<Path>>(
        &self,
        paths: &[P],
        options: &ImportOptions,
    ) -> Result<ImportReport, ClinicError> {
        let paths: Vec<&Path> = paths.iter().map(AsRef::as_ref).collect();
        import::import_paths(&self.inner, &paths, options)
    }

    /// Takes in one stream, named `name` in the report. Gzip is recognised by its first bytes, ndjson by
    /// more than one value.
    ///
    /// # Errors
    /// As [`Clinic::import`].
    pub fn import_reader(
        &self,
        name: &str,
        reader: &mut dyn std::io::Read,
        options: &ImportOptions,
    ) -> Result<ImportReport, ClinicError> {
        import::import_reader(&self.inner, name, reader, options)
    }

    /// A code that brings one device in for these patients, as text for a QR. `base_url` is where the
    /// phone reaches this clinic.
    ///
    /// # Errors
    /// [`ClinicError::BadEnrolment`], [`ClinicError::NoSuchPatient`], [`ClinicError::Code`],
    /// [`ClinicError::Store`]
    pub fn issue_enrolment(
        &self,
        patients: &[String],
        valid_for: Duration,
        base_url: &str,
    ) -> Result<EnrolmentText, ClinicError> {
        enrolment::issue(&self.inner, patients, valid_for, base_url, Who::CommandLine)
    }

    /// A code that lets one helper's phone in, for what a person (or who decides for them) allows, and for so long.
    /// `base_url` is where the phone reaches this clinic.
    ///
    /// # Errors
    /// [`ClinicError::BadGrant`], [`ClinicError::Giver`], [`ClinicError::NoSuchPatient`], [`ClinicError::Code`],
    /// [`ClinicError::Store`]
    pub fn offer_grant(
        &self,
        request: &GrantRequest,
        valid_for: Duration,
        base_url: &str,
    ) -> Result<OfferedGrant, ClinicError> {
        grants::offer(&self.inner, request, valid_for, base_url, Who::CommandLine)
    }

    /// Takes a grant back at once, by its Consent's id. A phone that asks again is told so and erases what it has. How many
    /// phones lost it.
    ///
    /// # Errors
    /// [`ClinicError::Store`]
    pub fn end_grant(&self, consent: &str) -> Result<usize, ClinicError> {
        let (inner, consent) = (Arc::clone(&self.inner), consent.to_owned());
        Ok(self.inner.store.write(move |tx| {
            tx.by(Who::CommandLine);
            let (ended, patient) = grants::end(tx, &consent)?;
            if let Some(patient) = patient {
                tx.note_own(
                    &patient,
                    AccessOperation::End,
                    AccessAction::Update,
                    "Consent",
                );
                schedule::waiting_list::nobody_answers(tx, &inner, &patient)?;
            }
            Ok(ended)
        })?)
    }

    /// Gives a grant another end, at most a year ahead, once whoever gave it was asked again. Of whom it is; nothing when it
    /// is over, not there, or would not end in time.
    ///
    /// # Errors
    /// [`ClinicError::Giver`], [`ClinicError::Store`]
    pub fn prolong_grant(
        &self,
        consent: &str,
        until: sokhoe_domain::Timestamp,
    ) -> Result<Option<String>, ClinicError> {
        let consent = consent.to_owned();
        let prolonged = self.inner.store.write(move |tx| {
            tx.by(Who::CommandLine);
            grants::prolong(tx, &consent, until)
        })?;
        Ok(prolonged?)
    }

    /// Receives what somebody asks of what is kept of them. A withdrawal and an erasure take the access of all phones away at
    /// once.
    ///
    /// # Errors
    /// [`ClinicError::NoSuchPatient`], [`ClinicError::Store`]
    pub fn receive_rights_request(
        &self,
        patient: &str,
        what: RightsRequest,
    ) -> Result<Receipt, ClinicError> {
        rights::receive(&self.inner, patient, what, None)
    }

    /// Receives somebody's written request to give their record to somebody else: an insurance, another hospital.
    ///
    /// # Errors
    /// [`ClinicError::BadRecipient`], [`ClinicError::NoSuchPatient`], [`ClinicError::Store`]
    pub fn receive_request_to_disclose(
        &self,
        patient: &str,
        recipient: &str,
    ) -> Result<Receipt, ClinicError> {
        let recipient = Some(recipient.to_owned());
        rights::receive(&self.inner, patient, RightsRequest::Disclose, recipient)
    }

    /// Gives `each` the person's resources, as JSON, for a request to disclose them, and nothing once that was all; where it
    /// never says that it did not take them, the request is done. There is no other way by which a record goes to anybody else.
    ///
    /// # Errors
    /// [`ClinicError::NotDisclosed`], [`ClinicError::Store`]
    pub fn disclose_for(
        &self,
        request: &str,
        each: impl FnMut(Option<&str>) -> bool + Send,
    ) -> Result<Disclosed, ClinicError> {
        Ok(rights::disclose(&self.inner, request, each)??)
    }

    /// What people asked and is not done, what is due first at the top; with `all` what is done, too.
    ///
    /// # Errors
    /// [`ClinicError::Store`]
    pub fn rights_requests(&self, all: bool) -> Result<Vec<RightsRow>, ClinicError> {
        Ok(self.inner.store.read(|sql| rights::list(sql, all))?)
    }

    /// Notes that whoever asked was answered, or that it is done. Whether there is such a request of which that was not noted.
    ///
    /// # Errors
    /// [`ClinicError::Store`]
    pub fn note_rights_request(&self, request: &str, done: bool) -> Result<bool, ClinicError> {
        let request = request.to_owned();
        Ok(self
            .inner
            .store
            .write(move |tx| rights::note(tx, &request, done))?)
    }

    /// Erases what no law says must be kept, for a request of erasure, and lists what is kept. What was interrupted goes on
    /// where it stood. Nothing for a request that is none.
    ///
    /// # Errors
    /// [`ClinicError::Store`]
    pub fn erase_for(&self, request: &str) -> Result<Option<Erased>, ClinicError> {
        Ok(rights::go_on(&self.inner.store, request)?)
    }

    /// Gives `each` the people whom suspected accesses touched, in the order of their ids, until it says to stop; then all
    /// together. Holds no more than one person.
    ///
    /// # Errors
    /// [`ClinicError::Store`]
    pub fn breach_report(
        &self,
        suspected: &Suspected,
        each: impl FnMut(Affected) -> bool + Send,
    ) -> Result<BreachSummary, ClinicError> {
        // What waits to be put in order belongs to it.
        self.tend_access_log()?;
        Ok(self
            .inner
            .store
            .read(|sql| rights::affected(sql, suspected, each))?)
    }

    /// Takes the access to a person's record away: from one device, or from all. A device that asks again
    /// is told so, and its phone erases what it has. How many sessions lost it.
    ///
    /// # Errors
    /// [`ClinicError::Store`]
    pub fn end_access(&self, patient: &str, device: Option<&str>) -> Result<usize, ClinicError> {
        let (patient, device) = (patient.to_owned(), device.map(str::to_owned));
        let inner = Arc::clone(&self.inner);
        Ok(self.inner.store.write(move |tx| {
            let now = tx.now();
            let ended = access::end(tx.sql(), &patient, device.as_deref(), now)?;
            if ended > 0 {
                tx.by(Who::CommandLine);
                tx.note_own(
                    &patient,
                    AccessOperation::End,
                    AccessAction::Delete,
                    "Device",
                );
            }
            schedule::waiting_list::nobody_answers(tx, &inner, &patient)?;
            Ok(ended)
        })?)
    }

    /// Registers a system of the clinic's own by the public halves of its keys, a JWK Set: from now on it may read what the
    /// scopes open (`system/*.rs`), of everybody. Nothing is fetched from anywhere.
    ///
    /// # Errors
    /// [`ClinicError::BadSystemName`], [`ClinicError::BadJwks`], [`ClinicError::BadScope`], [`ClinicError::Store`]
    pub fn add_system(&self, name: &str, jwks: &str, scopes: &str) -> Result<System, ClinicError> {
        backend_services::add(&self.inner, name, jwks, scopes)
    }

    /// The systems that may read.
    ///
    /// # Errors
    /// [`ClinicError::Store`]
    pub fn systems(&self) -> Result<Vec<System>, ClinicError> {
        Ok(self.inner.store.read(backend_services::all)?)
    }

    /// Takes a system's access away at once, by its client id. Whether there was such a one.
    ///
    /// # Errors
    /// [`ClinicError::Store`]
    pub fn remove_system(&self, id: &str) -> Result<bool, ClinicError> {
        backend_services::remove(&self.inner, id)
    }

    /// Does for those on the waiting list what nobody's request does: offers that ran out go on, and with `whole` everybody
    /// is offered what is free and suits. A served clinic does it by itself, every few seconds.
    ///
    /// # Errors
    /// [`ClinicError::Store`]
    pub fn tend_waiting_list(&self, whole: bool) -> Result<(), ClinicError> {
        Ok(schedule::waiting_list::tend(&self.inner, whole)?)
    }

    /// Gives somebody who comes their number of the day: the same whenever they are checked in, and never somebody else's.
    ///
    /// # Errors
    /// [`ClinicError::Queue`], [`ClinicError::Store`]
    pub fn check_in(&self, coming: CheckIn) -> Result<(String, u32), ClinicError> {
        let inner = Arc::clone(&self.inner);
        let number = self.inner.store.write_in(Isolation::LocksRows, move |tx| {
            tx.by(Who::Desk);
            queue::check_in(tx, &inner, &coming)
        })?;
        Ok(number?)
    }

    /// Calls the next one of a line, by its Schedule's id, to a station: the Appointment's id and the number; nothing when
    /// nobody waits. However many call at once, each calls somebody else.
    ///
    /// # Errors
    /// [`ClinicError::Queue`], [`ClinicError::Store`]
    pub fn call_next(
        &self,
        schedule: &str,
        station: &str,
    ) -> Result<Option<(String, u32)>, ClinicError> {
        let (schedule, station) = (schedule.to_owned(), station.to_owned());
        let next = self.inner.store.write_in(Isolation::LocksRows, move |tx| {
            tx.by(Who::Desk);
            queue::call_next(tx, &schedule, &station)
        })?;
        Ok(next?)
    }

    /// Calls somebody once more, who was called and has not come yet.
    ///
    /// # Errors
    /// [`ClinicError::Queue`], [`ClinicError::Store`]
    pub fn call_again(&self, appointment: &str, station: Option<&str>) -> Result<(), ClinicError> {
        self.step(appointment, Step::Recall, station)
    }

    /// Somebody was called and is not there. When they come they are checked in again, and keep their number.
    ///
    /// # Errors
    /// [`ClinicError::Queue`], [`ClinicError::Store`]
    pub fn missed_call(&self, appointment: &str) -> Result<(), ClinicError> {
        self.step(appointment, Step::Missed, None)
    }

    /// Somebody who was called went in.
    ///
    /// # Errors
    /// [`ClinicError::Queue`], [`ClinicError::Store`]
    pub fn begin_visit(&self, appointment: &str) -> Result<(), ClinicError> {
        self.step(appointment, Step::Begin, None)
    }

    /// Somebody who has a number is not there after all, or goes elsewhere: it is as if they had not come, and what they are
    /// booked for can be changed again. Nobody gets their number.
    ///
    /// # Errors
    /// [`ClinicError::Queue`], [`ClinicError::Store`]
    pub fn take_back_check_in(&self, appointment: &str) -> Result<(), ClinicError> {
        self.step(appointment, Step::TakeBack, None)
    }

    /// A visit is over.
    ///
    /// # Errors
    /// [`ClinicError::Queue`], [`ClinicError::Store`]
    pub fn finish_visit(&self, appointment: &str) -> Result<(), ClinicError> {
        self.step(appointment, Step::Finish, None)
    }

    fn step(
        &self,
        appointment: &str,
        step: Step,
        station: Option<&str>,
    ) -> Result<(), ClinicError> {
        let (appointment, station) = (appointment.to_owned(), station.map(str::to_owned));
        let done = self.inner.store.write_in(Isolation::LocksRows, move |tx| {
            tx.by(Who::Desk);
            queue::step(tx, &appointment, step, station.as_deref())
        })?;
        Ok(done?)
    }

    /// The lines of a day.
    ///
    /// # Errors
    /// [`ClinicError::Store`]
    pub fn lines_of_day(&self, day: NaiveDate) -> Result<Vec<Line>, ClinicError> {
        let (lines, people) = self
            .inner
            .store
            .read(|sql| Ok((queue::lines(sql, day)?, queue::people_of_day(sql, day)?)))?;
        self.listed(ListName::Queue, people)?;
        Ok(lines)
    }

    /// Ends the days of the queue that are over: who never came was missed. A served clinic does it by itself, every
    /// minute.
    ///
    /// # Errors
    /// [`ClinicError::Store`]
    pub fn tend_queue(&self) -> Result<(), ClinicError> {
        Ok(queue::tend(&self.inner)?)
    }

    /// Puts what was done so far into the access log, of which phones ask the past. A served clinic does it by itself, every
    /// second, and whenever somebody asks.
    ///
    /// # Errors
    /// [`ClinicError::Store`]
    pub fn tend_access_log(&self) -> Result<(), ClinicError> {
        Ok(access_log::sequence_all(&self.inner)?)
    }

    /// Makes out an invoice with a signed payment order.
    ///
    /// # Errors
    /// [`ClinicError::BadInvoice`], [`ClinicError::NoSuchPatient`], [`ClinicError::Store`]
    pub fn issue_invoice(
        &self,
        patient: &str,
        lines: Vec<InvoiceLine>,
    ) -> Result<IssuedInvoice, ClinicError> {
        billing::issue_for(&self.inner, patient, lines)
    }

    /// Says where rooms for visits by video are, e.g. `https://meet.example.vn/{room}`; nothing says that there are none.
    ///
    /// # Errors
    /// [`ClinicError::BadRooms`], [`ClinicError::Store`]
    pub fn set_video_rooms(&self, address: Option<&str>) -> Result<(), ClinicError> {
        if !address.is_none_or(remote_visits::is_address_of_rooms) {
            return Err(ClinicError::BadRooms);
        }
        let address = address.map(str::to_owned);
        Ok(self
            .inner
            .store
            .write(move |tx| remote_visits::set_rooms(tx.sql(), address.as_deref()))?)
    }

    /// The room in which the doctor meets the patient of a booking, at any time; nothing when the booking does not
    /// stand, is not by video, or there are no rooms.
    ///
    /// # Errors
    /// [`ClinicError::Store`]
    pub fn room_of(&self, booking: &str) -> Result<Option<String>, ClinicError> {
        let (room, owners) = self.inner.store.read(|sql| {
            let room = remote_visits::room_of(sql, &self.inner, booking)?;
            Ok((room, access_log::owners(sql, "Appointment", booking)?))
        })?;
        let now = self.inner.clock.now();
        let drafts = owners.into_iter().map(|patient| Draft {
            patient,
            at: now,
            operation: AccessOperation::Join,
            action: AccessAction::Read,
            kind: "Appointment".to_owned(),
            id: Some(booking.to_owned()),
            outcome: AccessOutcome::Done,
            who: Who::CommandLine,
        });
        self.inner.gathering.note_blocking(drafts.collect())?;
        Ok(room)
    }

    /// Says how the clinic stands to the health insurance, for phones to estimate what it pays; nothing says that the
    /// clinic does not tell.
    ///
    /// # Errors
    /// [`ClinicError::BadInsuranceTerms`], [`ClinicError::Store`]
    pub fn set_insurance(&self, terms: Option<InsuranceTerms>) -> Result<(), ClinicError> {
        let terms = terms.map(InsuranceTerms::checked).transpose()?;
        let inner = Arc::clone(&self.inner);
        self.inner
            .store
            .write(move |tx| insurance::set(tx, &inner, terms.as_ref()))?;
        Ok(self.inner.reload_calendar()?)
    }

    /// How the clinic stands to the health insurance; nothing when it does not tell.
    ///
    /// # Errors
    /// [`ClinicError::Store`]
    pub fn insurance(&self) -> Result<Option<InsuranceTerms>, ClinicError> {
        let insurance = self.inner.store.read(insurance::read)?;
        Ok(insurance.map(|insurance| insurance.terms))
    }

    /// Says what the health insurance counts with for a service; nothing says that it does not cover it.
    ///
    /// # Errors
    /// [`ClinicError::BadTariff`], [`ClinicError::NoSuchService`], [`ClinicError::Store`]
    pub fn set_insured_tariff(
        &self,
        service: &str,
        tariff: Option<Vnd>,
    ) -> Result<(), ClinicError> {
        let amounts = Vnd::default()..=HIGHEST_TARIFF;
        if tariff.is_some_and(|tariff| !amounts.contains(&tariff)) {
            return Err(ClinicError::BadTariff);
        }
        let service = service.to_owned();
        let is_there = self
            .inner
            .store
            .write(move |tx| insurance::set_tariff(tx, &service, tariff))?;
        self.inner.reload_calendar()?;
        is_there.then_some(()).ok_or(ClinicError::NoSuchService)
    }

    /// Money that arrived. Counts once for each `provider_id`; what does not match an open invoice to the
    /// đồng is kept for a person to settle.
    ///
    /// # Errors
    /// [`ClinicError::Store`]
    pub fn record_payment(
        &self,
        reference: &str,
        amount: Vnd,
        provider_id: &str,
    ) -> Result<PaymentOutcome, ClinicError> {
        let inner = Arc::clone(&self.inner);
        let (reference, provider_id) = (reference.to_owned(), provider_id.to_owned());
        Ok(self.inner.store.write(move |tx| {
            tx.by(Who::CommandLine);
            billing::record_payment(tx, &inner, &reference, amount, &provider_id)
        })?)
    }

    /// The payments that wait for a person, the oldest first: 1,000 at most.
    ///
    /// # Errors
    /// [`ClinicError::Store`]
    pub fn payments_to_settle(&self) -> Result<Vec<OpenPayment>, ClinicError> {
        Ok(self
            .inner
            .store
            .read(|sql| billing::to_settle(sql, 1_000))?)
    }

    /// Settles what is open of a payment. What is left open.
    ///
    /// # Errors
    /// [`ClinicError::NotSettled`], [`ClinicError::Store`]; nothing changed then.
    pub fn settle_payment(
        &self,
        payment: &str,
        settlement: Settlement,
    ) -> Result<Vnd, ClinicError> {
        let (inner, payment) = (Arc::clone(&self.inner), payment.to_owned());
        let left = self.inner.store.write(move |tx| {
            tx.by(Who::CommandLine);
            billing::settle(tx, &inner, &payment, &settlement)
        })?;
        Ok(left?)
    }

    /// All money that arrived, and what became of it.
    ///
    /// # Errors
    /// [`ClinicError::Store`]
    pub fn money_book(&self) -> Result<MoneyBook, ClinicError> {
        Ok(self.inner.store.read(billing::book)?)
    }

    /// Looks whether all that is kept is whole and fits together: the file, the access log, the money, bookings and invoices.
    /// Changes nothing.
    ///
    /// # Errors
    /// [`ClinicError::Store`]: what is damaged so that it cannot be read.
    pub fn check(&self) -> Result<CheckReport, ClinicError> {
        Ok(check::check(&self.inner.store)?)
    }

    /// The bookings of a day in Vietnam, by time.
    ///
    /// # Errors
    /// [`ClinicError::Store`]
    pub fn bookings_of_day(&self, day: NaiveDate) -> Result<Vec<BookingRow>, ClinicError> {
        let rows = self
            .inner
            .store
            .read(|sql| desk::bookings_between(sql, day, day))?;
        self.listed(ListName::Bookings, people(&rows))?;
        Ok(rows)
    }

    /// Remembers who was in a list.
    fn listed(&self, list: ListName, people: Vec<String>) -> Result<(), StoreError> {
        let Inner {
            lists, gathering, ..
        } = &*self.inner;
        let now = self.inner.clock.now();
        gathering.note_blocking(lists.drafts(list, Who::CommandLine, people.clone(), now))?;
        lists.are_kept(list, Who::CommandLine, people);
        Ok(())
    }

    /// Books, moves or cancels for somebody who calls or stands at the counter.
    ///
    /// # Errors
    /// [`ClinicError::NoSuchPatient`], [`ClinicError::Store`]
    pub fn book_at_desk(&self, booking: DeskBooking) -> Result<DeskAnswer, ClinicError> {
        let inner = Arc::clone(&self.inner);
        self.inner
            .store
            .write(move |tx| {
                tx.by(Who::Desk);
                schedule::book_at_desk(tx, &inner, &booking)
            })?
            .ok_or(ClinicError::NoSuchPatient)
    }

    /// Who works when, where, and for what, by the Schedules' ids.
    ///
    /// # Errors
    /// [`ClinicError::Store`]
    pub fn timetables(&self) -> Result<Vec<Timetable>, ClinicError> {
        Ok(self.inner.store.read(timetable::all)?)
    }

    /// Puts timetables in the place of those of their Schedules, or adds them: all, or when one cannot be none. What is
    /// booked stays booked; the bookings to come that the new timetables do not offer any more are given back, for
    /// somebody to move or call off.
    ///
    /// # Errors
    /// [`ClinicError::BadTimetable`], [`ClinicError::Store`]; nothing is changed then.
    pub fn set_timetables(
        &self,
        timetables: Vec<Timetable>,
    ) -> Result<Vec<BookingRow>, ClinicError> {
        let of: BTreeSet<String> = timetables.iter().map(|it| it.schedule.clone()).collect();
        self.inner
            .store
            .write(move |tx| timetable::set(tx, &timetables))?
            .map_err(ClinicError::BadTimetable)?;
        self.stranded(Some(of))
    }

    /// Closes the whole clinic on a day. Gives back the bookings of that day, for somebody to move or call off.
    ///
    /// # Errors
    /// [`ClinicError::Store`]
    pub fn close_day(&self, day: NaiveDate, reason: &str) -> Result<Vec<BookingRow>, ClinicError> {
        let reason = reason.to_owned();
        self.inner
            .store
            .write(move |tx| timetable::close_day(tx, day, &reason))?;
        let mut stranded = self.stranded(None)?;
        stranded.retain(|booking| booking.start.vietnam_day() == day);
        Ok(stranded)
    }

    /// Opens the clinic again on a day that was closed. Whether it was.
    ///
    /// # Errors
    /// [`ClinicError::Store`]
    pub fn open_day(&self, day: NaiveDate) -> Result<bool, ClinicError> {
        let was_closed = self
            .inner
            .store
            .write(move |tx| timetable::open_day(tx, day))?;
        self.inner.reload_calendar()?;
        Ok(was_closed)
    }

    /// Bookings to come, of some schedules or of all, at times that are offered no longer.
    fn stranded(&self, of: Option<BTreeSet<String>>) -> Result<Vec<BookingRow>, ClinicError> {
        self.inner.reload_calendar()?;
        let calendar = self.inner.calendar();
        let now = self.inner.clock.now();
        let ids = self
            .inner
            .store
            .read(move |sql| schedule::stranded(sql, &calendar, of.as_ref(), now))?;
        let first = now.vietnam_day();
        let last = schedule::last_day(now);
        let mut rows = self
            .inner
            .store
            .read(|sql| desk::bookings_between(sql, first, last))?;
        rows.retain(|row| ids.contains(&row.id));
        self.listed(ListName::Bookings, people(&rows))?;
        Ok(rows)
    }

    /// Answers phones and shows the desk until [`Running::shutdown`]. `base_url` is where phones reach this
    /// clinic, e.g. `http://127.0.0.1:8080`; it stands in every link.
    ///
    /// # Errors
    /// [`ClinicError::Serve`]
    #[expect(
        clippy::unused_async,
        reason = "it must be called inside a runtime, which it spawns on"
    )]
    pub async fn serve(
        &self,
        listener: TcpListener,
        base_url: &str,
    ) -> Result<Running, ClinicError> {
        serve::serve(Arc::clone(&self.inner), listener, base_url)
    }

    /// The same without a socket: what answers is called by this program itself.
    #[must_use]
    pub fn in_process(&self, base_url: &str) -> InProcess {
        InProcess::new(&self.inner, base_url)
    }
}

/// Whose bookings these are.
fn people(rows: &[BookingRow]) -> Vec<String> {
    rows.iter().map(|row| row.patient.clone()).collect()
}

/// Makes the folder for the clinic's user alone. One that is there stays as its owner wants it.
pub(crate) fn make_folder(folder: &Path) -> std::io::Result<()> {
    let mut builder = std::fs::DirBuilder::new();
    builder.recursive(true);
    #[cfg(unix)]
    {
        use std::os::unix::fs::DirBuilderExt as _;
        builder.mode(0o700);
    }
    builder.create(folder)
}

/// The id is the identity: a clinic with another key is another clinic.
pub(crate) fn id_of(keys: &Keys) -> String {
    format!(
        "clinic-{}",
        hex(keys.public_key().get(..8).unwrap_or_default())
    )
}

pub(crate) fn hex(bytes: &[u8]) -> String {
    use fmt::Write as _;
    bytes.iter().fold(String::new(), |mut out, byte| {
        let _infallible = write!(out, "{byte:02x}");
        out
    })
}
