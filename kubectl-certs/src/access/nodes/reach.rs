//! From what a person names to the nodes themselves.

use super::{Fleet, Member, NodeError, Nodes};
use crate::request::Scope;

/// The nodes that were named, each with why it cannot be reached; without any, the disk of this machine or that in the
/// folder.
pub async fn reach(scope: &Scope, nodes: &dyn Nodes) -> Vec<Result<Member, NodeError>> {
    let root = scope.root.clone().unwrap_or_else(|| "/".to_owned());
    vec![Ok(Member { name: None, node: nodes.at(&root), root })]
}

/// All of them, or why not: who changes something must see everything that was named.
pub async fn fleet(scope: &Scope, nodes: &dyn Nodes) -> Result<Fleet, NodeError> {
    Ok(Fleet::new(reach(scope, nodes).await.into_iter().collect::<Result<_, _>>()?))
}
