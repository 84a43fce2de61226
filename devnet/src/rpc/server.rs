//! HTTP: a thread of its own, so that a chain serves whatever runtime its user has, or none.

use std::{
    net::{Ipv4Addr, SocketAddr, TcpListener},
    thread::JoinHandle,
};

use axum::{
    Router,
    body::{Body, Bytes, to_bytes},
    extract::State,
    http::{StatusCode, header},
    response::{IntoResponse, Response},
    routing::post,
};
use tokio::sync::oneshot;

use super::dispatch::{self, unread};
use crate::{chain::Chain, devnet::DevnetError};

/// Largest body in bytes.
const MAX_BODY: usize = 16 << 20;

/// A server that stops when it is dropped.
#[derive(Debug)]
pub(crate) struct Server {
    address: SocketAddr,
    stop: Option<oneshot::Sender<()>>,
    thread: Option<JoinHandle<()>>,
}

impl Server {
    /// Serves `chain` on a loopback port; 0 takes a free one.
    pub(crate) fn start(
        chain: Chain,
        port: u16,
        block_time: Option<std::time::Duration>,
    ) -> Result<Self, DevnetError> {
        let listener = TcpListener::bind((Ipv4Addr::LOCALHOST, port))
            .map_err(|source| DevnetError::bind(port, source))?;
        listener
            .set_nonblocking(true)
            .map_err(DevnetError::Server)?;
        let address = listener.local_addr().map_err(DevnetError::Server)?;
        let runtime = tokio::runtime::Builder::new_multi_thread()
            .worker_threads(1)
            .max_blocking_threads(8)
            .thread_name("arbius-devnet")
            .enable_all()
            .build()
            .map_err(DevnetError::Server)?;
        let (stop, stopped) = oneshot::channel();
        let thread = std::thread::Builder::new()
            .name("arbius-devnet".into())
            .spawn(move || {
                runtime.block_on(async move {
                    tokio::select! {
                        () = serve(listener, chain.clone()) => {}
                        () = mine_regularly(chain, block_time) => {}
                        // Dropping the sender stops as sending does.
                        _ = stopped => {}
                    }
                });
                // Connections that are kept alive must not keep the port.
                runtime.shutdown_background();
            })
            .map_err(DevnetError::Server)?;
        Ok(Self {
            address,
            stop: Some(stop),
            thread: Some(thread),
        })
    }

    pub(crate) fn address(&self) -> SocketAddr {
        self.address
    }
}

impl Drop for Server {
    fn drop(&mut self) {
        drop(self.stop.take());
        if let Some(thread) = self.thread.take()
            && thread.join().is_err()
        {
            tracing::error!("the server's thread panicked");
        }
    }
}

async fn mine_regularly(chain: Chain, block_time: Option<std::time::Duration>) {
    let Some(block_time) = block_time else {
        return std::future::pending().await;
    };
    let mut ticks = tokio::time::interval(block_time);
    ticks.set_missed_tick_behavior(tokio::time::MissedTickBehavior::Delay);
    ticks.tick().await;
    loop {
        ticks.tick().await;
        let chain = chain.clone();
        if let Err(error) = tokio::task::spawn_blocking(move || chain.mine()).await {
            tracing::error!(%error, "no block was made");
        }
    }
}

async fn serve(listener: TcpListener, chain: Chain) {
    let app = Router::new().route("/", post(handle)).with_state(chain);
    let served = match tokio::net::TcpListener::from_std(listener) {
        Ok(listener) => axum::serve(listener, app).await,
        Err(error) => Err(error),
    };
    if let Err(error) = served {
        tracing::error!(%error, "the server stopped");
    }
}

async fn handle(State(chain): State<Chain>, body: Body) -> Response {
    let Ok(body) = to_bytes(body, MAX_BODY).await else {
        let answer = unread(format!(
            "the body is unreadable or has more than {MAX_BODY} bytes"
        ));
        return json(StatusCode::PAYLOAD_TOO_LARGE, answer.to_string());
    };
    // Executing takes its time; it must not hold up other connections.
    let answered = tokio::task::spawn_blocking(move || answer(&chain, &body)).await;
    match answered {
        Ok(Some(answer)) => json(StatusCode::OK, answer),
        Ok(None) => StatusCode::NO_CONTENT.into_response(),
        Err(error) => {
            tracing::error!(%error, "a request was not answered");
            json(
                StatusCode::INTERNAL_SERVER_ERROR,
                unread("internal error".into()).to_string(),
            )
        }
    }
}

fn answer(chain: &Chain, body: &Bytes) -> Option<String> {
    dispatch::answer(chain, body).map(|answer| answer.to_string())
}

fn json(status: StatusCode, body: String) -> Response {
    (status, [(header::CONTENT_TYPE, "application/json")], body).into_response()
}
