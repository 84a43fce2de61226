//! The server: a thread of its own, so that a chain serves whatever runtime its user has,
//! or none.

use std::{
    net::{Ipv4Addr, SocketAddr, TcpListener},
    sync::Arc,
    thread::JoinHandle,
    time::Duration,
};

use axum::Router;
use hyper_util::{
    rt::{TokioIo, TokioTimer},
    service::TowerToHyperService,
};
use tokio::{
    net::TcpStream,
    sync::{OwnedSemaphorePermit, Semaphore, watch},
    task::JoinSet,
};

use super::{
    http::{Routes, routes},
    limits::Limits,
    origin::AllowedOrigins,
    service::{Service, workers},
    write_timeout::WriteTimeout,
};
use crate::{
    chain::{Chain, mine_at_intervals},
    devnet::DevnetError,
};

/// How long connections have to end by themselves when the server does.
const GRACE: Duration = Duration::from_secs(1);

/// How a server is to be run.
#[derive(Clone, Debug)]
pub(crate) struct Options {
    /// Port on 127.0.0.1; 0 takes a free one.
    pub(crate) port: u16,
    pub(crate) limits: Limits,
    pub(crate) origins: AllowedOrigins,
}

/// A server that stops when it is dropped.
#[derive(Debug)]
pub(crate) struct Server {
    address: SocketAddr,
    ending: watch::Sender<bool>,
    thread: Option<JoinHandle<()>>,
}

impl Server {
    /// Serves `chain` on a loopback port.
    pub(crate) fn start(chain: Chain, options: Options) -> Result<Self, DevnetError> {
        let Options {
            port,
            limits,
            origins,
        } = options;
        let listener = TcpListener::bind((Ipv4Addr::LOCALHOST, port))
            .map_err(|source| DevnetError::bind(port, source))?;
        listener
            .set_nonblocking(true)
            .map_err(DevnetError::Server)?;
        let address = listener.local_addr().map_err(DevnetError::Server)?;
        let runtime = tokio::runtime::Builder::new_multi_thread()
            .worker_threads(1)
            // One more, for blocks that are made at intervals.
            .max_blocking_threads(workers() + 1)
            .thread_name("arbius-devnet")
            .enable_all()
            .build()
            .map_err(DevnetError::Server)?;
        let (ending, ended) = watch::channel(false);
        let thread = std::thread::Builder::new()
            .name("arbius-devnet".into())
            .spawn(move || {
                runtime.block_on(async move {
                    let service = Arc::new(Service::new(chain.clone(), limits, origins));
                    tokio::join!(serve(listener, service, ended.clone()), mine(chain, ended),);
                });
                // A request that is still executed must not keep the port.
                runtime.shutdown_background();
            })
            .map_err(DevnetError::Server)?;
        Ok(Self {
            address,
            ending,
            thread: Some(thread),
        })
    }

    pub(crate) fn address(&self) -> SocketAddr {
        self.address
    }
}

impl Drop for Server {
    fn drop(&mut self) {
        self.ending.send_replace(true);
        if let Some(thread) = self.thread.take()
            && thread.join().is_err()
        {
            tracing::error!("the server's thread panicked");
        }
    }
}

/// Returns once the server ends.
pub(super) async fn end(ending: &mut watch::Receiver<bool>) {
    // The sender cannot be gone before it has sent; if it were, that too would be the end.
    let _ = ending.wait_for(|ending| *ending).await;
}

/// Makes blocks at whatever interval the chain is set to.
async fn mine(chain: Chain, mut ending: watch::Receiver<bool>) {
    tokio::select! {
        () = mine_at_intervals(chain) => {}
        () = end(&mut ending) => {}
    }
}

async fn serve(listener: TcpListener, service: Arc<Service>, mut ending: watch::Receiver<bool>) {
    let listener = match tokio::net::TcpListener::from_std(listener) {
        Ok(listener) => listener,
        Err(error) => return tracing::error!(%error, "the server cannot listen"),
    };
    let places = Arc::new(Semaphore::new(service.limits.connections));
    let app = routes(Routes {
        service: service.clone(),
        ending: ending.clone(),
    });
    let mut connections = JoinSet::new();
    loop {
        let accepted = tokio::select! {
            () = end(&mut ending) => break,
            Some(_) = connections.join_next() => continue,
            accepted = listener.accept() => accepted,
        };
        match accepted {
            Ok((stream, _)) => match places.clone().try_acquire_owned() {
                Ok(place) => {
                    let app = app.clone();
                    let ending = ending.clone();
                    connections.spawn(serve_connection(
                        stream,
                        app,
                        place,
                        service.limits.clone(),
                        ending,
                    ));
                }
                Err(_) => turn_away(&stream, service.limits.connections),
            },
            Err(error) => {
                // Out of file descriptors, most likely: wait until some are given back.
                tracing::warn!(%error, "a connection cannot be accepted");
                tokio::time::sleep(Duration::from_millis(100)).await;
            }
        }
    }
    drop(listener);
    let websockets = u32::try_from(service.limits.websockets).unwrap_or(u32::MAX);
    let rest = async {
        while connections.join_next().await.is_some() {}
        // Every WebSocket holds one of these until it is closed.
        service.websockets.acquire_many(websockets).await.is_ok()
    };
    if tokio::time::timeout(GRACE, rest).await.is_err() {
        tracing::debug!("connections are cut");
    }
}

async fn serve_connection(
    stream: TcpStream,
    app: Router,
    place: OwnedSemaphorePermit,
    limits: Limits,
    mut ending: watch::Receiver<bool>,
) {
    let _place = place;
    // Answers are small and awaited: they must not wait to be joined with others.
    if let Err(error) = stream.set_nodelay(true) {
        tracing::debug!(%error, "a socket's delay stays on");
    }
    let socket = TokioIo::new(WriteTimeout::new(stream, limits.sending));
    let connection = hyper::server::conn::http1::Builder::new()
        .timer(TokioTimer::new())
        .header_read_timeout(limits.idle)
        .max_buf_size(64 * 1024)
        .serve_connection(socket, TowerToHyperService::new(app))
        .with_upgrades();
    let mut connection = std::pin::pin!(connection);
    let served = tokio::select! {
        served = connection.as_mut() => served,
        () = end(&mut ending) => {
            connection.as_mut().graceful_shutdown();
            connection.await
        }
    };
    if let Err(error) = served {
        tracing::debug!(%error, "a connection broke");
    }
}

/// Says that there is no place left, if that can be said without waiting.
fn turn_away(stream: &TcpStream, limit: usize) {
    let reason = format!("too many connections: at most {limit} at a time");
    let response = format!(
        "HTTP/1.1 503 Service Unavailable\r\nconnection: close\r\ncontent-type: text/plain\r\n\
         content-length: {}\r\n\r\n{reason}",
        reason.len()
    );
    if let Err(error) = stream.try_write(response.as_bytes()) {
        tracing::debug!(%error, "a connection is refused");
    }
}
