//! A client over HTTP that asserts what JSON-RPC promises.

use alloy_primitives::Address;
use arbius_devnet::Devnet;
use serde_json::{Value, json};

/// Sends JSON-RPC over HTTP.
pub(crate) struct Client {
    pub(crate) http: reqwest::Client,
    pub(crate) url: String,
}

impl Client {
    pub(crate) fn new(devnet: &Devnet) -> Self {
        // The client wants a provider for TLS even where it uses none; whoever is first
        // installs it.
        let _ = rustls::crypto::ring::default_provider().install_default();
        Self {
            http: reqwest::Client::new(),
            url: devnet.url(),
        }
    }

    pub(crate) async fn post(&self, body: impl Into<reqwest::Body>) -> Value {
        let response = self.http.post(&self.url).body(body).send().await.unwrap();
        serde_json::from_str(&response.text().await.unwrap()).unwrap()
    }

    pub(crate) async fn request(&self, method: &str, params: Value) -> Value {
        let request = json!({ "jsonrpc": "2.0", "id": 1, "method": method, "params": params });
        let response = self.post(request.to_string()).await;
        assert_eq!(response["jsonrpc"], "2.0");
        assert_eq!(response["id"], 1);
        response
    }

    pub(crate) async fn ok(&self, method: &str, params: Value) -> Value {
        let mut response = self.request(method, params).await;
        assert!(response.get("error").is_none(), "{method}: {response}");
        response["result"].take()
    }

    pub(crate) async fn error(&self, method: &str, params: Value) -> (i64, String, Value) {
        let response = self.request(method, params).await;
        let error = &response["error"];
        assert!(error.is_object(), "{method} succeeded: {response}");
        (
            error["code"].as_i64().unwrap(),
            error["message"].as_str().unwrap().into(),
            error["data"].clone(),
        )
    }
}

pub(crate) async fn start() -> (Devnet, Client) {
    let devnet = Devnet::builder().spawn().await.unwrap();
    let client = Client::new(&devnet);
    (devnet, client)
}

/// The first funded account.
pub(crate) fn funded(devnet: &Devnet) -> Address {
    devnet.accounts()[0].address
}
