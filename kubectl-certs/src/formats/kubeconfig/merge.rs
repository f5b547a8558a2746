//! Several kubeconfigs as one: the first that names an entry gives all of it, and the first that has a current context
//! gives that (kubectl's documentation on the variable `KUBECONFIG`).

use std::collections::BTreeSet;

use super::{Kubeconfig, NamedCluster, NamedContext, NamedUser};

pub fn merge(files: impl IntoIterator<Item = Kubeconfig>) -> Kubeconfig {
    let mut merged = Kubeconfig::default();
    let mut seen: [BTreeSet<String>; 3] = Default::default();
    for file in files {
        let [clusters, users, contexts] = &mut seen;
        let new = |cluster: &NamedCluster| clusters.insert(cluster.name.clone());
        merged.clusters.extend(file.clusters.into_iter().filter(new));
        let new = |user: &NamedUser| users.insert(user.name.clone());
        merged.users.extend(file.users.into_iter().filter(new));
        let new = |context: &NamedContext| contexts.insert(context.name.clone());
        merged.contexts.extend(file.contexts.into_iter().filter(new));
        if merged.current_context.is_empty() {
            merged.current_context = file.current_context;
        }
    }
    merged
}
