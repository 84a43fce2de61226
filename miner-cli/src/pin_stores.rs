//! The stores beyond this machine that the command line names.

use std::path::PathBuf;
use std::sync::Arc;

use arbius_sdk::content::pinning::{
    Kubo, PinStore, PinTimes, Pinata, PinataApi, PinningService, Token,
};
use arbius_sdk::content::{FetchLimits, Fetcher};
use eyre::bail;

use crate::args;

/// The environment variable that the token of a pinning service is read from.
const SERVICE_TOKEN: &str = "ARBIUS_PIN_SERVICE_TOKEN";

/// The environment variable that the token of Pinata is read from.
const PINATA_TOKEN: &str = "ARBIUS_PINATA_TOKEN";

/// Every store that is named, in the order in which they are documented.
pub(crate) fn named(args: &args::PinStores) -> eyre::Result<Vec<Arc<dyn PinStore>>> {
    let times = PinTimes::default();
    let gateways = match args.gateways.is_empty() {
        true => None,
        false => Some(Arc::new(Fetcher::new(
            &args.gateways,
            FetchLimits::DEFAULT,
        )?)),
    };
    let mut stores: Vec<Arc<dyn PinStore>> = Vec::new();
    let token = args.kubo_token.as_deref().map(Token::from_file);
    let token = token.transpose()?;
    let mut provider = None;
    for url in &args.kubo {
        let node = Kubo::new(url, token.clone(), times)?;
        provider.get_or_insert_with(|| node.clone());
        stores.push(Arc::new(node));
    }
    for (url, token) in args.services.iter().zip(service_tokens(args)?) {
        let service = PinningService::new(url, token, times)?;
        let mut service = service.origins(args.origins.iter().cloned());
        if let Some(node) = &provider {
            service = service.provider(node.clone());
        }
        if let Some(gateways) = &gateways {
            service = service.gateways(Arc::clone(gateways));
        }
        stores.push(Arc::new(service));
    }
    if let Some(token) = token_of(args.pinata_token.as_ref(), PINATA_TOKEN)? {
        let api = match args.pinata_legacy {
            true => PinataApi::Legacy,
            false => PinataApi::V3,
        };
        let mut pinata = Pinata::new(token, api, times)?;
        if let Some(gateways) = &gateways {
            pinata = pinata.gateways(Arc::clone(gateways));
        }
        stores.push(Arc::new(pinata));
    } else if args.pinata_legacy {
        bail!("--pinata-legacy needs a token: name a file with --pinata-token-file");
    }
    Ok(stores)
}

/// A token for each service, in their order.
fn service_tokens(args: &args::PinStores) -> eyre::Result<Vec<Token>> {
    let services = args.services.len();
    if services == 1
        && args.service_tokens.is_empty()
        && let Some(token) = token_of(None, SERVICE_TOKEN)?
    {
        return Ok(vec![token]);
    }
    if args.service_tokens.len() != services {
        bail!(
            "every --pin-service needs a token: name a file for each with \
             --pin-service-token-file, in the same order ({services} services, {} files)",
            args.service_tokens.len()
        );
    }
    let tokens = args
        .service_tokens
        .iter()
        .map(|path| Token::from_file(path));
    Ok(tokens.collect::<Result<_, _>>()?)
}

/// The token in a file, or else in the environment.
fn token_of(file: Option<&PathBuf>, variable: &str) -> eyre::Result<Option<Token>> {
    if let Some(path) = file {
        return Ok(Some(Token::from_file(path)?));
    }
    let text = std::env::var(variable).ok();
    let token = text.map(|text| Token::new(&text)).transpose();
    token.map_err(|error| eyre::eyre!("the environment variable {variable}: {error}"))
}
