//! What a stranger may ask of a server.

use std::time::Duration;

/// Bounds on what clients may make a server hold and wait for. The defaults leave room
/// for any test suite; what exceeds a bound gets an error that names it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Limits {
    /// Connections at a time, WebSockets included. Further ones get status 503.
    pub connections: usize,
    /// WebSockets at a time. Further ones get status 503.
    pub websockets: usize,
    /// Bytes in the body of an HTTP request.
    pub body: usize,
    /// Bytes in a WebSocket message.
    pub message: usize,
    /// Bytes of all bodies that are being received or answered. A body that does not fit
    /// waits until others are done.
    pub bodies: usize,
    /// Subscriptions of one WebSocket.
    pub subscriptions: usize,
    /// Messages of one WebSocket that are worked on at a time; reading waits meanwhile.
    pub in_flight: usize,
    /// How long a connection may take for the head of a request, and may idle before it.
    pub idle: Duration,
    /// How long a request may take to arrive after its head.
    pub receiving: Duration,
    /// How long a client may leave unread what it is sent.
    pub sending: Duration,
    /// How often a WebSocket is pinged. One that shows no life through two pings is closed when
    /// the third is due.
    pub ping: Duration,
}

impl Default for Limits {
    fn default() -> Self {
        Self {
            connections: 1_024,
            websockets: 256,
            body: 16 << 20,
            message: 4 << 20,
            bodies: 64 << 20,
            subscriptions: 256,
            in_flight: 16,
            idle: Duration::from_secs(120),
            receiving: Duration::from_secs(30),
            sending: Duration::from_secs(30),
            ping: Duration::from_secs(30),
        }
    }
}
