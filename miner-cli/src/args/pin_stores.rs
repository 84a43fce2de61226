//! Which stores keep content beyond this machine.

use std::path::PathBuf;

use clap::Args;

/// Stores that keep content beyond this machine.
#[derive(Debug, Args)]
#[command(next_help_heading = "Stores beyond this machine")]
pub(crate) struct PinStores {
    /// A Kubo node that keeps content, by its RPC API, such as http://127.0.0.1:5001; may be
    /// given several times.
    #[arg(
        long = "pin-kubo",
        value_name = "URL",
        value_delimiter = ',',
        env = "ARBIUS_PIN_KUBO",
        hide_env_values = true
    )]
    pub(crate) kubo: Vec<String>,
    /// A file with the token that a proxy before these nodes asks for.
    #[arg(long = "pin-kubo-token-file", value_name = "FILE", requires = "kubo")]
    pub(crate) kubo_token: Option<PathBuf>,
    /// A service that keeps content, by the IPFS Pinning Service API: the address that `/pins`
    /// comes after; may be given several times. It fetches from the first Kubo node, if
    /// one is named.
    #[arg(
        long = "pin-service",
        value_name = "URL",
        value_delimiter = ',',
        env = "ARBIUS_PIN_SERVICES",
        hide_env_values = true
    )]
    pub(crate) services: Vec<String>,
    /// A file with the token of a service, in the order of the services; for one alone the
    /// environment may have it as ARBIUS_PIN_SERVICE_TOKEN.
    #[arg(
        long = "pin-service-token-file",
        value_name = "FILE",
        value_delimiter = ',',
        requires = "services"
    )]
    pub(crate) service_tokens: Vec<PathBuf>,
    /// A multiaddr at which such a service finds the content; may be given several times.
    #[arg(
        long = "pin-origin",
        value_name = "MULTIADDR",
        value_delimiter = ',',
        requires = "services"
    )]
    pub(crate) origins: Vec<String>,
    /// Keep content with Pinata, with the token (JWT) in this file; the environment may have it
    /// as ARBIUS_PINATA_TOKEN.
    #[arg(long = "pinata-token-file", value_name = "FILE")]
    pub(crate) pinata_token: Option<PathBuf>,
    /// Speak Pinata's older API, for tokens without the rights of the present one.
    #[arg(long = "pinata-legacy")]
    pub(crate) pinata_legacy: bool,
    /// A gateway through which is read back what services and Pinata say that they keep; may
    /// be given several times. Without one their word is taken.
    #[arg(
        id = "pin_gateways",
        long = "pin-gateway",
        value_name = "URL",
        value_delimiter = ',',
        env = "ARBIUS_PIN_GATEWAYS",
        hide_env_values = true
    )]
    pub(crate) gateways: Vec<String>,
}
