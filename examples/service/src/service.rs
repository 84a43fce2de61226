//! Starting and stopping.

use std::{sync::Arc, time::Duration};

use arbius_sdk::{
    chain::{FeePolicy, Journal, Lane},
    client::{ClientError, Requester},
    content::{Fetcher, FolderLimits, FolderStore},
    model::Template,
    serve::{Bounds, HttpServer},
};
use tokio_util::task::TaskTracker;

use crate::{
    ServiceError, Settings, api, cleaner, collector,
    desk::{Desk, Parts},
    follower,
    journal::StoreJournal,
    refunds,
    store::Store,
    submitter,
};

/// A service that runs. Dropping it stops it; what is open goes on with the next start in the
/// same folder.
#[derive(Debug)]
pub struct Service {
    desk: Arc<Desk>,
    server: Option<HttpServer>,
    work: TaskTracker,
}

impl Service {
    /// Connects, takes up what an earlier run left open, and serves.
    ///
    /// # Errors
    ///
    /// [`ServiceError`]; nothing runs then.
    pub async fn start(settings: Settings) -> Result<Self, ServiceError> {
        let chain = settings.deployment.connect().await?;
        let store = Arc::new(Store::open(&settings.folder)?);
        let journal: Arc<dyn Journal> = Arc::new(StoreJournal(Arc::clone(&store)));
        let signer = settings.signer.clone();
        let lane = Lane::with_journal(chain, signer, FeePolicy::default(), journal);
        let requester = Requester::new(lane.clone(), &settings.deployment)?;
        let network = requester.network();
        let model = network.model(settings.model).await?;
        if settings.fee < model.fee {
            return Err(ClientError::FeeBelowModelFee {
                fee: settings.fee,
                model_fee: model.fee,
            }
            .into());
        }
        let template = Template::parse(&network.template(settings.model).await?)?;
        let fetcher = Fetcher::new(&settings.gateways, settings.limits.fetch)?;
        let bytes = Some(settings.limits.results_bytes);
        let results =
            FolderStore::open_with(settings.folder.join("blocks"), FolderLimits { bytes })?;
        let (listen, limits) = (settings.listen, settings.limits);
        let (desk, queues) = Desk::new(Parts {
            settings,
            store,
            requester,
            lane,
            template,
            fetcher,
            results,
        });
        desk.lane.adopt(desk.store.intents()?);
        for request in desk.store.open_requests()? {
            desk.take_up(&request);
        }
        let bounds = Bounds {
            connections: limits.connections,
            connections_each: limits.connections_each,
            head_time: Duration::from_secs(10),
            stall_time: Duration::from_secs(30),
            // Who follows a request for longer connects again, and misses nothing.
            connection_time: Duration::from_secs(3_600),
        };
        let routes = api::routes(Arc::clone(&desk));
        let server = HttpServer::start("requester service", listen, routes, bounds)
            .await
            .map_err(|source| ServiceError::Listen { listen, source })?;
        let work = TaskTracker::new();
        let service = Self {
            desk: Arc::clone(&desk),
            server: Some(server),
            work: work.clone(),
        };
        let submitting = submitter::run(Arc::clone(&desk), queues.to_submit, work.clone());
        service.spawn(submitting);
        service.spawn(follower::run(Arc::clone(&desk), queues.to_follow));
        let collecting = collector::run(Arc::clone(&desk), queues.to_collect, work);
        service.spawn(collecting);
        service.spawn(refunds::run(Arc::clone(&desk)));
        service.spawn(cleaner::run(desk));
        Ok(service)
    }

    /// Where it serves, without a slash at the end.
    #[must_use]
    pub fn url(&self) -> String {
        self.server
            .as_ref()
            .map(HttpServer::url)
            .unwrap_or_default()
    }

    /// Waits until nothing can be written down any more, as on a full disk: stop it then, and
    /// start it anew when there is room.
    pub async fn broken(&self) {
        self.desk.store.broken().cancelled().await;
    }

    /// Stops it: takes no more requests, ends the streams of events, gives answers that are on
    /// their way two seconds, and drops what it does where it can be taken up again.
    pub async fn stop(mut self) {
        self.desk.stop.cancel();
        if let Some(server) = self.server.take() {
            server.shutdown().await;
        }
        self.work.close();
        self.work.wait().await;
    }

    fn spawn(&self, part: impl Future<Output = ()> + Send + 'static) {
        let stop = self.desk.stop.clone();
        self.work.spawn(async move {
            // What is written down is enough to go on from.
            let _ = stop.run_until_cancelled(part).await;
        });
    }
}

impl Drop for Service {
    fn drop(&mut self) {
        self.desk.stop.cancel();
    }
}
