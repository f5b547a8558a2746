//! `/etc/rancher/k3s/config.yaml`, its folder of drop-ins, and RKE2's. They hold join tokens, of which nothing is kept.

use std::path::Path;

use serde::Deserialize;

use super::{Arguments, arguments};

#[derive(Default, Deserialize)]
#[serde(default)]
struct Configuration {
    #[serde(rename = "data-dir")]
    data_dir: Option<String>,
}

pub(super) fn read(path: &Path, text: &str) -> Vec<Arguments> {
    let mut above = path.ancestors().skip(1).filter_map(Path::file_name);
    let folder = match above.next() {
        Some(name) if name == "config.yaml.d" => above.next(),
        name if path.file_name().is_some_and(|name| name == "config.yaml") => name,
        _ => None,
    };
    let Some(program) = folder.and_then(|name| name.to_str()).filter(|name| matches!(*name, "k3s" | "rke2")) else {
        return Vec::new();
    };
    let Ok(configuration) = serde_saphyr::from_str::<Configuration>(text) else { return Vec::new() };
    let options = configuration.data_dir.map(|folder| ("data-dir".to_owned(), folder));
    arguments(program, options).into_iter().collect()
}
