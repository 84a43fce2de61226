//! A small HTTP server whose visitors cannot exhaust it.
//!
//! What a miner or a service of one's own serves is open to whoever reaches the address. So
//! the number of connections is bounded, in all and for one address; a request's head has to
//! arrive in time, what is sent has to be taken, and no connection lasts for ever. The routes
//! are the caller's, and bound what a request may cost; they find out who asks by the
//! request's [`Visitor`].

mod patience;
mod visitors;

use std::{io, net::SocketAddr, pin::pin, sync::Arc, time::Duration};

use axum::Router;
use hyper::{Request, body::Incoming, service::Service as _, service::service_fn};
use hyper_util::{
    rt::{TokioIo, TokioTimer},
    service::TowerToHyperService,
};
use tokio::{
    net::{TcpListener, TcpStream},
    sync::{OwnedSemaphorePermit, Semaphore},
    task::JoinHandle,
};
use tokio_util::{sync::CancellationToken, task::TaskTracker};

use crate::deadline::FOR_EVER;
use patience::Impatient;
pub use visitors::Visitor;
use visitors::{Place, Visitors};

/// The largest head of a request, bytes.
const HEAD_BYTES: usize = 16 * 1024;

/// What a visitor with too many connections is told before the next one is closed.
const TOO_MANY: &[u8] = b"HTTP/1.1 429 Too Many Requests\r\nRetry-After: 5\r\n\
    Content-Length: 0\r\nConnection: close\r\n\r\n";

/// How long what is being answered may take once the server stops: whoever sends or reads
/// slowly does not keep the program from ending.
const PARTING: Duration = Duration::from_secs(2);

/// What a server gives to all who come together.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Bounds {
    /// Connections at a time; more wait to be accepted.
    pub connections: usize,
    /// Connections of one visitor at a time; more are closed.
    pub connections_each: usize,
    /// How long the head of a request may take to arrive, and the next request to begin.
    pub head_time: Duration,
    /// How long a visitor may take none of what is sent to it.
    pub stall_time: Duration,
    /// How long a connection may last, its slowest answer included.
    pub connection_time: Duration,
}

/// A server that runs. It stops when it is dropped.
///
/// ```
/// # async fn serve() -> std::io::Result<()> {
/// use std::time::Duration;
/// use arbius_sdk::serve::{Bounds, HttpServer};
/// use axum::{Router, routing::get};
///
/// let routes = Router::new().route("/", get(async || "hello"));
/// let bounds = Bounds {
///     connections: 64,
///     connections_each: 16,
///     head_time: Duration::from_secs(10),
///     stall_time: Duration::from_secs(30),
///     connection_time: Duration::from_secs(600),
/// };
/// let server = HttpServer::start("greeting", ([127, 0, 0, 1], 0).into(), routes, bounds).await?;
/// println!("{}", server.url());
/// server.shutdown().await;
/// # Ok(())
/// # }
/// # tokio::runtime::Runtime::new().unwrap().block_on(serve()).unwrap();
/// ```
#[derive(Debug)]
pub struct HttpServer {
    address: SocketAddr,
    stop: CancellationToken,
    accepting: JoinHandle<()>,
    connections: TaskTracker,
}

impl HttpServer {
    /// Serves `routes` on `listen`; port 0 takes a free one. `name` is for the log.
    ///
    /// # Errors
    ///
    /// What the operating system says of the address.
    pub async fn start(
        name: &'static str,
        listen: SocketAddr,
        routes: Router,
        bounds: Bounds,
    ) -> io::Result<Self> {
        let listener = TcpListener::bind(listen).await?;
        let address = listener.local_addr()?;
        let stop = CancellationToken::new();
        let connections = TaskTracker::new();
        let server = Server {
            name,
            routes,
            bounds,
            stop: stop.clone(),
            connections: connections.clone(),
        };
        let accepting = tokio::spawn(server.accept(listener));
        tracing::debug!(%address, server = name, "listening");
        Ok(Self {
            address,
            stop,
            accepting,
            connections,
        })
    }

    /// Where it listens.
    #[must_use]
    pub fn address(&self) -> SocketAddr {
        self.address
    }

    /// Its address as a URL, without a slash at the end.
    #[must_use]
    pub fn url(&self) -> String {
        format!("http://{}", self.address)
    }

    /// Stops listening, and waits two seconds at most for what is being answered: whoever
    /// sends or reads slowly gets no more.
    pub async fn shutdown(mut self) {
        self.stop.cancel();
        // It ends at the cancellation; a panic in it would have been reported there.
        let _ = (&mut self.accepting).await;
        self.connections.close();
        self.connections.wait().await;
    }
}

impl Drop for HttpServer {
    fn drop(&mut self) {
        self.stop.cancel();
    }
}

struct Server {
    name: &'static str,
    routes: Router,
    bounds: Bounds,
    stop: CancellationToken,
    connections: TaskTracker,
}

impl Server {
    async fn accept(self, listener: TcpListener) {
        let places = Arc::new(Semaphore::new(
            self.bounds.connections.min(Semaphore::MAX_PERMITS),
        ));
        let visitors = Visitors::new(self.bounds.connections_each);
        loop {
            let accept = async {
                let place = Arc::clone(&places).acquire_owned().await;
                (place, listener.accept().await)
            };
            let (place, accepted) = tokio::select! {
                () = self.stop.cancelled() => return,
                accepted = accept => accepted,
            };
            match (place, accepted) {
                (Ok(place), Ok((stream, address))) => {
                    let visitor = Visitor::at(address.ip());
                    match visitors.enter(visitor) {
                        Some(entered) => self.connection(stream, visitor, (place, entered)),
                        None => {
                            // Nobody waits for it to be taken: the visitor has others open.
                            let _ = stream.try_write(TOO_MANY);
                        }
                    }
                }
                // The semaphore is never closed.
                (Err(_), _) => return,
                (_, Err(error)) => {
                    // Out of file descriptors, most likely: wait until some are given back.
                    tracing::warn!(server = self.name, %error, "cannot accept a connection");
                    tokio::time::sleep(Duration::from_millis(100)).await;
                }
            }
        }
    }

    fn connection(
        &self,
        stream: TcpStream,
        visitor: Visitor,
        places: (OwnedSemaphorePermit, Place),
    ) {
        let routes = TowerToHyperService::new(self.routes.clone());
        let service = service_fn(move |mut request: Request<Incoming>| {
            request.extensions_mut().insert(visitor);
            routes.call(request)
        });
        let stream = Impatient::new(stream, self.bounds.stall_time);
        let connection = hyper::server::conn::http1::Builder::new()
            .timer(TokioTimer::new())
            .header_read_timeout(self.bounds.head_time.min(FOR_EVER))
            .max_buf_size(HEAD_BYTES)
            .serve_connection(TokioIo::new(stream), service);
        let stop = self.stop.clone();
        let lasting = self.bounds.connection_time;
        let server = self.name;
        self.connections.spawn(async move {
            let _places = places;
            let mut connection = pin!(connection);
            let served = tokio::select! {
                ended = connection.as_mut() => Ok(ended),
                () = stop.cancelled() => {
                    connection.as_mut().graceful_shutdown();
                    tokio::time::timeout(PARTING, connection).await.map_err(drop)
                }
                () = tokio::time::sleep(lasting) => Err(()),
            };
            match served {
                Ok(Ok(())) => {}
                Ok(Err(error)) => tracing::debug!(server, %error, "a connection broke"),
                Err(()) => tracing::debug!(server, "a connection lasted too long"),
            }
        });
    }
}

#[cfg(test)]
mod tests {
    use axum::routing::post;
    use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};

    use super::*;

    #[tokio::test]
    async fn a_server_stops_although_a_visitor_never_ends_its_request() {
        let routes = Router::new().route("/", post(async |body: String| body));
        let bounds = Bounds {
            connections: 4,
            connections_each: 4,
            head_time: Duration::from_secs(600),
            stall_time: Duration::from_secs(600),
            connection_time: Duration::from_secs(600),
        };
        let listen = ([127, 0, 0, 1], 0).into();
        let server = HttpServer::start("test", listen, routes, bounds)
            .await
            .unwrap();
        let mut slow = TcpStream::connect(server.address()).await.unwrap();
        let half =
            b"POST / HTTP/1.1\r\nHost: a\r\nExpect: 100-continue\r\nContent-Length: 9\r\n\r\n";
        slow.write_all(half).await.unwrap();
        // It is asked for the body, which never comes.
        slow.read_exact(&mut [0; 12]).await.unwrap();
        let stopped = tokio::time::timeout(Duration::from_secs(60), server.shutdown());
        stopped.await.unwrap();
    }
}
