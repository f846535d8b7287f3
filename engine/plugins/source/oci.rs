//! Registries, by the conventions for Wasm artefacts: one manifest, one layer, which is the component.
//!
//! The crate of those conventions, oci-wasm, is for who pushes: it brings a parser of WIT along, and an
//! older oci-client. Of pulling there is one media type to know.

use super::{Receiving, SourceError, network};
use crate::depot::{Depot, Kept};
use futures_util::StreamExt as _;
use oci_client::{
    Client, Reference,
    client::{ClientConfig, ClientProtocol},
    errors::OciDistributionError,
    manifest::{OCI_IMAGE_MEDIA_TYPE, OciImageManifest},
    secrets::RegistryAuth,
};
use std::net::IpAddr;

/// The type of the layer that is a component.
pub(super) const LAYER: &str = "application/wasm";

/// The reference with the digest that its tag has now.
pub(super) fn pinned(reference: &Reference) -> Result<Reference, SourceError> {
    let place = reference.whole();
    network::wait(&place, async {
        let digest = client(reference)?.fetch_manifest_digest(reference, &RegistryAuth::Anonymous).await;
        let digest = digest.map_err(|error| registry(&place, &error))?;
        let by_tag = by_tag(reference);
        let (registry, repository) = (by_tag.registry().to_owned(), by_tag.repository().to_owned());
        Ok(Reference::with_tag_and_digest(registry, repository, by_tag.tag().unwrap_or_default().to_owned(), digest))
    })
}

/// The reference without its digest.
pub(super) fn by_tag(reference: &Reference) -> Reference {
    let tag = reference.tag().unwrap_or("latest").to_owned();
    Reference::with_tag(reference.registry().to_owned(), reference.repository().to_owned(), tag)
}

pub(super) fn fetch(
    reference: &Reference,
    depot: &Depot,
    limit: u64,
    expected: Option<&str>,
) -> Result<Kept, SourceError> {
    let place = reference.whole();
    network::wait(&place, async {
        let failed = |error: OciDistributionError| registry(&place, &error);
        let client = client(reference)?;
        let digest = reference.digest().unwrap_or_default().to_owned();
        if let Some(tag) = reference.tag() {
            let now = client.fetch_manifest_digest(&by_tag(reference), &RegistryAuth::Anonymous).await;
            let now = now.map_err(failed)?;
            if now != digest {
                let repository = format!("{}/{}", reference.registry(), reference.repository());
                return Err(SourceError::Moved { repository, tag: tag.to_owned(), expected: digest, now });
            }
        }
        let (manifest, _) = client
            .pull_manifest_raw(reference, &RegistryAuth::Anonymous, &[OCI_IMAGE_MEDIA_TYPE])
            .await
            .map_err(failed)?;
        let not_a_component = |found: String| SourceError::NotAComponent { reference: place.clone(), found };
        let manifest: OciImageManifest =
            serde_json::from_slice(&manifest).map_err(|_| not_a_component("no manifest of an artefact".to_owned()))?;
        let layer = match manifest.layers.as_slice() {
            [layer] if layer.media_type == LAYER => layer,
            layers => {
                let types: Vec<&str> = layers.iter().map(|layer| layer.media_type.as_str()).collect();
                return Err(not_a_component(match types.as_slice() {
                    [] => "no layer".to_owned(),
                    types => format!("the layers {}", types.join(", ")),
                }));
            }
        };
        let size = u64::try_from(layer.size).ok();
        let mut receiving = Receiving::new(place.clone(), size, depot, limit)?;
        let mut blob = client.pull_blob_stream(reference, layer).await.map_err(failed)?;
        while let Some(chunk) = blob.next().await {
            receiving.add(&chunk.map_err(|error| network::failed(&place, &error))?)?;
        }
        let of_layer = layer.digest.strip_prefix("sha256:").unwrap_or(&layer.digest);
        receiving.keep(Some(expected.unwrap_or(of_layer)))
    })
}

fn client(reference: &Reference) -> Result<Client, SourceError> {
    // As registries on this machine are: without TLS, which nobody listens to there.
    let host = reference.registry().rsplit_once(':').map_or(reference.registry(), |(host, _)| host);
    let address = host.trim_matches(['[', ']']).parse::<IpAddr>();
    let is_here = host == "localhost" || address.is_ok_and(|address| address.is_loopback());
    let config = ClientConfig {
        protocol: if is_here { ClientProtocol::Http } else { ClientProtocol::Https },
        connect_timeout: Some(network::CONNECT),
        read_timeout: Some(network::SILENCE),
        user_agent: network::USER_AGENT,
        ..ClientConfig::default()
    };
    Client::try_from(config).map_err(|error| registry(&reference.whole(), &error))
}

fn registry(place: &str, error: &OciDistributionError) -> SourceError {
    network::failed(place, error)
}
