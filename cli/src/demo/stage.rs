//! The two sides of the story: a clinic that serves, a phone that an app has opened.

use std::net::{IpAddr, Ipv4Addr, SocketAddr};
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::Duration;

use sokhoe_app::domain::ports::{Ports, Transport};
use sokhoe_app::{AppConfig, BookObserver, BookView, PersonView, SoKhoe, Subscription};
use sokhoe_clinic::{Clinic, Running};
use tokio::sync::watch;
use tokio::task::JoinHandle;

use super::bank::Bank;
use super::network::{Switch, SwitchedNetwork};
use crate::clinic::off_thread;
use crate::data::PATIENT;
use crate::failure::Failure;
use crate::folder::write_private;
use crate::output::Output;
use crate::phone::open_ports;
use crate::words::Words;

/// How long a viewer of the demo has to try the code for a second phone.
const SECOND_PHONE: Duration = Duration::from_secs(3600);
/// No step of the story waits for longer.
const PATIENCE: Duration = Duration::from_secs(20);

/// Where the story plays.
pub(super) struct Stage {
    /// The folder of this run.
    pub folder: PathBuf,
    /// Where the clinic shall listen.
    pub listen: SocketAddr,
    /// The clinic, once it serves.
    pub clinic: Option<OpenClinic>,
}

/// A clinic that serves.
pub(super) struct OpenClinic {
    pub clinic: Clinic,
    pub url: String,
    pub bank: Bank,
    running: Running,
}

impl Stage {
    /// An empty stage.
    pub fn new(folder: &Path, listen: SocketAddr) -> Self {
        Self {
            folder: folder.to_owned(),
            listen,
            clinic: None,
        }
    }

    /// Lets the clinic answer.
    pub async fn serve(&mut self, clinic: Clinic, bank: Bank) -> Result<&OpenClinic, Failure> {
        let listener = tokio::net::TcpListener::bind(self.listen).await?;
        let mut address = listener.local_addr()?;
        if address.ip().is_unspecified() {
            address.set_ip(IpAddr::V4(Ipv4Addr::LOCALHOST));
        }
        let url = format!("http://{address}");
        let running = clinic.serve(listener, &url).await?;
        Ok(self.clinic.insert(OpenClinic {
            clinic,
            bank,
            url,
            running,
        }))
    }

    /// Says where the desk is, and how to come in with a second phone.
    pub async fn invite(&self, words: &Words, output: &mut Output) -> Result<(), Failure> {
        let Some(open) = &self.clinic else {
            return Ok(());
        };
        let (clinic, url) = (open.clinic.clone(), open.url.clone());
        let code =
            off_thread(move || clinic.issue_enrolment(&[PATIENT.to_owned()], SECOND_PHONE, &url))
                .await?;
        let path = self.folder.join("enrolment.txt");
        write_private(&path, &code.text)?;
        output.line(words.say_with("demo-desk", &[("url", open.desk_url().to_owned())]))?;
        output.line(words.say("demo-second-phone"))?;
        // As it was started, because it need not be where the shell looks.
        let me = std::env::current_exe()
            .map_or_else(|_| "sokhoe".to_owned(), |path| path.display().to_string());
        output.line(format!("    cd {}", self.folder.display()))?;
        output.line(format!(
            "    {me} phone --folder phone-2 enrol - < enrolment.txt"
        ))?;
        output.line(format!("    {me} phone --folder phone-2 find"))?;
        output.line(words.say("demo-stays"))
    }

    /// Stops the clinic.
    pub async fn close(self) {
        if let Some(open) = self.clinic {
            open.running.shutdown().await;
        }
    }
}

impl OpenClinic {
    /// The desk, with the key that opens it.
    pub fn desk_url(&self) -> &str {
        &self.running.desk_url
    }
}

/// A phone before it knows anybody.
pub(super) struct NewPhone {
    app: SoKhoe,
    outside: Arc<dyn Transport>,
    switch: Switch,
}

/// A phone with a person's book on its screen.
pub(super) struct Phone {
    pub app: SoKhoe,
    pub person: PersonView,
    pub clinic_id: String,
    pub switch: Switch,
    /// A network beside the phone's, for others.
    pub outside: Arc<dyn Transport>,
    screen: watch::Receiver<Option<BookView>>,
    background: JoinHandle<()>,
    _subscription: Subscription,
}

impl NewPhone {
    /// Opens the core as an app does, on a network that can be cut.
    pub fn open(folder: &Path, words: &Words) -> Result<Self, Failure> {
        let ports = open_ports(folder)?;
        let outside = Arc::clone(&ports.transport);
        let (network, switch) = SwitchedNetwork::new(ports.transport);
        let transport: Arc<dyn Transport> = Arc::new(network);
        let config = AppConfig {
            language: words.lang().into(),
            device_name: "sokhoe demo".to_owned(),
        };
        let app = SoKhoe::open(config, Ports { transport, ..ports })?;
        Ok(Self {
            app,
            outside,
            switch,
        })
    }

    /// The core, to enrol with.
    pub fn app(&self) -> &SoKhoe {
        &self.app
    }

    /// Shows a person's book, and does what an app does in the background: when the system says that there
    /// is a network again, it synchronises.
    pub fn show(self, person: PersonView, clinic_id: String) -> Result<Phone, Failure> {
        let (shown, screen) = watch::channel(None);
        let subscription = self.app.observe(&person.id, Arc::new(Screen(shown)))?;
        let (app, person_id) = (self.app.clone(), person.id.clone());
        let mut connectivity = self.switch.connectivity();
        let background = tokio::spawn(async move {
            while connectivity.changed().await.is_ok() {
                let connected = *connectivity.borrow_and_update();
                if connected && let Err(error) = app.sync(&person_id).await {
                    // The next change of the network, or the next step, tries again.
                    tracing::warn!(
                        code = error.code(),
                        "the background synchronisation did not work"
                    );
                }
            }
        });
        Ok(Phone {
            app: self.app,
            person,
            clinic_id,
            switch: self.switch,
            outside: self.outside,
            screen,
            background,
            _subscription: subscription,
        })
    }
}

impl Phone {
    /// Waits until the screen shows what is waited for.
    pub async fn shows(&self, wanted: impl Fn(&BookView) -> bool) -> Result<BookView, Failure> {
        let mut screen = self.screen.clone();
        let shown = screen.wait_for(|book| book.as_ref().is_some_and(&wanted));
        match tokio::time::timeout(PATIENCE, shown).await {
            Ok(Ok(book)) => (*book)
                .clone()
                .ok_or_else(|| Failure::said("demo-not-shown")),
            Ok(Err(_)) | Err(_) => Err(Failure::said("demo-not-shown")),
        }
    }
}

impl Drop for Phone {
    fn drop(&mut self) {
        self.background.abort();
    }
}

/// What the app's screen would show.
struct Screen(watch::Sender<Option<BookView>>);

impl BookObserver for Screen {
    fn on_change(&self, book: BookView) {
        self.0.send_replace(Some(book));
    }
}
