//! From what a person names to the nodes themselves.

use std::collections::BTreeMap;
use std::path::PathBuf;
use std::sync::Arc;

use async_trait::async_trait;
use futures::future::join_all;
use tokio::sync::Mutex;

use super::{
    Facts, Fleet, HelperSource, InUse, LocalNode, Member, Node, NodeError, NodeOp, NodeReply, Nodes, SshNode,
    SshOptions, operator,
};
use crate::request::{Connection, Scope, Ssh};

/// This machine, and from it all those that it has a way to.
#[derive(Default)]
pub struct ThisMachine {
    /// Made once for each destination: a request is answered in several stages.
    connections: Mutex<BTreeMap<String, Arc<dyn Node>>>,
}

#[async_trait]
impl Nodes for ThisMachine {
    fn at(&self, root: &str) -> Arc<dyn Node> {
        Arc::new(LocalNode::new(root))
    }

    async fn over_ssh(&self, how: SshOptions) -> Result<Arc<dyn Node>, NodeError> {
        let key = format!("{how:?}");
        if let Some(node) = self.connections.lock().await.get(&key) {
            return Ok(node.clone());
        }
        let name = how.destination.clone();
        let node = SshNode::connect(how, name).await?;
        self.connections.lock().await.insert(key, node.clone());
        Ok(node)
    }

    fn in_use(&self, connection: &Connection) -> InUse {
        operator::in_use(connection)
    }
}

/// The nodes that were named, each with why it cannot be reached; without any, the disk of this machine or that in the
/// folder.
pub async fn reach(scope: &Scope, nodes: &dyn Nodes) -> Vec<(String, Result<Member, NodeError>)> {
    if scope.ssh.hosts.is_empty() {
        let root = scope.root.clone().unwrap_or_else(|| "/".to_owned());
        return vec![(root.clone(), Ok(Member { name: None, node: nodes.at(&root), root, own: None }))];
    }
    let reached = scope.ssh.hosts.iter().map(|host| async { (host.clone(), over_ssh(host, &scope.ssh, nodes).await) });
    let mut reached = join_all(reached).await;
    refuse_twins(&mut reached);
    reached
}

/// All of them, or why not: who changes something must see everything that was named.
pub async fn fleet(scope: &Scope, nodes: &dyn Nodes) -> Result<Fleet, NodeError> {
    let reached = reach(scope, nodes).await;
    Ok(Fleet::new(reached.into_iter().map(|(_, member)| member).collect::<Result<_, _>>()?))
}

async fn over_ssh(host: &str, ssh: &Ssh, nodes: &dyn Nodes) -> Result<Member, NodeError> {
    let path = |path: &Option<String>| path.as_ref().map(PathBuf::from);
    let how = SshOptions {
        identity: path(&ssh.key),
        jump: ssh.jump.clone(),
        config: path(&ssh.config),
        options: ssh.options.clone(),
        helper: HelperSource { folder: path(&ssh.helper) },
        ..SshOptions::to(host)
    };
    let node = nodes.over_ssh(how).await?;
    let facts = facts(&*node).await?;
    Ok(Member { name: Some(facts.host), root: "/".to_owned(), node, own: None })
}

pub async fn facts(node: &dyn Node) -> Result<Facts, NodeError> {
    match node.run(NodeOp::Facts).await? {
        NodeReply::Facts(facts) => Ok(facts),
        _ => Err(NodeError::failed("the node did not say what it is")),
    }
}

/// A node is known by the name that it calls itself, so two of one name could not be told apart.
fn refuse_twins(reached: &mut [(String, Result<Member, NodeError>)]) {
    for second in 1..reached.len() {
        let (before, rest) = reached.split_at_mut(second);
        let (host, member) = &mut rest[0];
        let Ok(own) = member else { continue };
        let twin = before.iter().find(|(_, other)| other.as_ref().is_ok_and(|other| other.name == own.name));
        if let Some((other, _)) = twin {
            let name = own.name.clone().unwrap_or_default();
            *member = Err(NodeError::refused(format!("{other} and {host} both are the node {name}"))
                .hint("name each node once; nodes need host names of their own"));
        }
    }
}
