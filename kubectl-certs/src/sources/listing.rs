//! Lists of the API, page by page, of kinds that hold no keys: everywhere, or where the user may look. What may not be seen
//! is one gap for a kind, however many namespaces there are.

use serde::Deserialize;
use serde::de::DeserializeOwned;

use super::Reading;
use crate::access::cluster::{Cluster, ClusterError};
use crate::model::{Gap, GapReason, Location, Time};

/// Objects of usual size (some KiB) are then a few hundred KiB; the largest (1 MiB) some tens of MiB.
const PAGE: u32 = 100;

/// A kind of object: the path of its API and its name there.
#[derive(Clone, Copy)]
pub(super) struct Resource {
    pub(super) api: &'static str,
    pub(super) plural: &'static str,
}

impl Resource {
    pub(super) fn path(self, namespace: Option<&str>) -> String {
        match namespace {
            Some(namespace) => format!("{}/namespaces/{}/{}", self.api, query(namespace), self.plural),
            None => format!("{}/{}", self.api, self.plural),
        }
    }

    pub(super) fn one(self, namespace: Option<&str>, name: &str) -> String {
        format!("{}/{}", self.path(namespace), query(name))
    }

    /// All objects of the kind, of one namespace or of all.
    pub(super) async fn each<T: DeserializeOwned>(
        self,
        cluster: &Cluster,
        namespace: Option<&str>,
        selector: Option<&str>,
        each: impl FnMut(T),
    ) -> Result<(), ClusterError> {
        self.pages(cluster, Part::Whole, namespace, selector, each).await
    }

    /// The same without what makes the objects large: names, labels, and who set which field when.
    pub(super) async fn each_metadata<T: DeserializeOwned>(
        self,
        cluster: &Cluster,
        each: impl FnMut(T),
    ) -> Result<(), ClusterError> {
        self.pages(cluster, Part::Metadata, None, None, each).await
    }

    async fn pages<T: DeserializeOwned>(
        self,
        cluster: &Cluster,
        part: Part,
        namespace: Option<&str>,
        selector: Option<&str>,
        mut each: impl FnMut(T),
    ) -> Result<(), ClusterError> {
        let mut fixed = format!("{}?limit={PAGE}", self.path(namespace));
        if let Some(selector) = selector {
            fixed.push_str(&format!("&labelSelector={}", query(selector)));
        }
        let mut path = fixed.clone();
        loop {
            let page: Page<T> = match part {
                Part::Whole => cluster.get(&path).await?,
                Part::Metadata => cluster.list_metadata(&path).await?,
            };
            page.items.into_iter().flatten().for_each(&mut each);
            match page.metadata.next.filter(|next| !next.is_empty()) {
                Some(next) => path = format!("{fixed}&continue={}", query(&next)),
                None => return Ok(()),
            }
        }
    }

    /// What the request is about: a namespace, or all of them; only that of the context where the user may not see all.
    pub(super) async fn wanted<T: DeserializeOwned>(
        self,
        reading: &Reading<'_>,
        cluster: &Cluster,
        at: impl Fn(&str) -> Location,
        gaps: &mut Vec<Gap>,
        mut each: impl FnMut(T),
    ) {
        let (namespace, selector) = (reading.wanted.namespace.as_deref(), reading.wanted.selector.as_deref());
        let Err(mut error) = self.each(cluster, namespace, selector, &mut each).await else { return };
        if error.reason == GapReason::Forbidden && namespace.is_none() {
            let own = cluster.namespace.as_str();
            if self.each(cluster, Some(own), selector, &mut each).await.is_ok() {
                error.message.push_str(&format!("; only namespace '{own}' was looked at"));
            }
        }
        gaps.push(error.gap(at(namespace.unwrap_or("*"))));
    }
}

#[derive(Clone, Copy)]
enum Part {
    Whole,
    Metadata,
}

#[derive(Deserialize)]
struct Page<T> {
    #[serde(default)]
    metadata: PageMetadata,
    /// Go writes an empty list as `null`.
    items: Option<Vec<T>>,
}

#[derive(Default, Deserialize)]
struct PageMetadata {
    #[serde(rename = "continue")]
    next: Option<String>,
}

/// As far as these readers need it.
#[derive(Default, Deserialize)]
#[serde(default, rename_all = "camelCase")]
pub(super) struct Metadata {
    pub(super) name: String,
    pub(super) namespace: String,
    pub(super) creation_timestamp: Option<String>,
}

/// As Kubernetes writes it.
pub(super) fn time(text: Option<&String>) -> Option<Time> {
    text?.parse().ok()
}

/// Some texts are empty where they are absent.
pub(super) fn said(text: Option<String>) -> Option<String> {
    text.filter(|text| !text.is_empty())
}

/// Percent-encoding for one word of a path or query.
pub(super) fn query(text: &str) -> String {
    text.bytes()
        .map(|byte| match byte {
            b'a'..=b'z' | b'A'..=b'Z' | b'0'..=b'9' | b'-' | b'.' | b'_' | b'~' => char::from(byte).to_string(),
            _ => format!("%{byte:02X}"),
        })
        .collect()
}
