//! The kubeconfig of who runs the program: whether it can be renewed with the cluster's leaves, and on whose machine a run
//! that changed one goes on.

use crate::access::Access;
use crate::access::nodes::operator::real_path;
use crate::access::nodes::{self, Fleet, InUse, KubeconfigUser, Node, NodeOp, NodeReply, Own, OwnNode};
use crate::error::Error;
use crate::execute;
use crate::formats::{Content, KubeconfigView};
use crate::layouts::operator::NAME;
use crate::model::{Inventory, KubeconfigField, Location};
use crate::plan::{LeftAlone, Plan};
use crate::request::Renew;

/// What a request means by it.
pub(super) enum Looked {
    /// It is about something else, or there is none.
    No,
    Found(Own),
    Left(LeftAlone),
}

/// Its name is no target, for it is on no node; who writes it as one means it all the same.
pub(super) fn as_leaf(request: &Renew) -> Renew {
    let mut request = request.clone();
    let targets = &mut request.scope.targets;
    if !targets.is_empty() && targets.iter().all(|target| target == NAME) {
        targets.clear();
        request.only.push(NAME.to_owned());
    }
    request
}

/// Nothing is refused because of it: the cluster's own leaves are what counts.
pub(super) async fn look(request: &Renew, access: &Access, fleet: &Fleet) -> Looked {
    if !is_asked_for(request) {
        return Looked::No;
    }
    let found = match access.nodes.in_use(&request.scope.connection) {
        InUse::Nothing => return Looked::No,
        InUse::Unusable(path, why) => return Looked::Left(left(Location::file(path), why)),
        InUse::User(found) => found,
    };
    let at = place(&found);
    // This machine is a node itself, or only looks at some.
    let is_node = fleet.member(None).is_some();
    let state = if is_node { None } else { access.state.of_kubeconfig(&real_path(&found.path)) };
    if !is_node && state.is_none() {
        let why = "there is no folder to keep its backup in: neither XDG_STATE_HOME nor HOME (LOCALAPPDATA on Windows) is set";
        return Looked::Left(left(at, why.to_owned()));
    }
    match fault(&found, access).await {
        Some(why) => Looked::Left(left(at, why)),
        None => Looked::Found(Own { kubeconfig: found, state }),
    }
}

/// `--node` and targets mean something else, and requests for authorities elsewhere are made on nodes.
fn is_asked_for(request: &Renew) -> bool {
    let named = request.only.is_empty() || request.only.iter().any(|only| only == NAME);
    let scope = &request.scope;
    named
        && scope.root.as_ref().is_none_or(|root| root == "/")
        && scope.targets.is_empty()
        && request.nodes.is_empty()
        && request.signed.is_empty()
        && !request.requests
}

fn place(found: &KubeconfigUser) -> Location {
    Location::kubeconfig_on(None, found.path.clone(), KubeconfigField::User(found.user.clone()))
}

fn left(at: Location, why: String) -> LeftAlone {
    LeftAlone { at, name: NAME.to_owned(), why }
}

/// Why there is nothing in it that could be renewed.
async fn fault(found: &KubeconfigUser, access: &Access) -> Option<String> {
    let op = NodeOp::walk(vec![found.path.clone()]);
    let walked = match access.nodes.at("/").run(op).await {
        Ok(NodeReply::Walked(walked)) => walked,
        Ok(_) => return Some(format!("{} was not read", found.path)),
        Err(error) => return Some(error.message),
    };
    if let Some((_, _, message)) = walked.unread.into_iter().next() {
        return Some(message);
    }
    let content = walked.files.into_iter().next().map(|file| file.content).unwrap_or_default();
    match &content {
        Content { kubeconfig: Some(view), .. } => fault_of_user(view, found),
        Content { kubeconfig_fault: Some(fault), .. } => Some(fault.clone()),
        _ => Some(format!("{} is no kubeconfig", found.path)),
    }
}

fn fault_of_user(view: &KubeconfigView, KubeconfigUser { path, user }: &KubeconfigUser) -> Option<String> {
    let named = view.users.iter().find(|named| named.name == *user)?;
    match (&named.embedded, &named.certificate_path) {
        (Some(embedded), _) if embedded.certificates.is_empty() => {
            Some(format!("the certificate of user '{user}' in {path} cannot be read"))
        }
        (Some(embedded), _) if !embedded.has_key() => {
            Some(format!("the key of user '{user}' is not in {path}: it is renewed where the key is"))
        }
        (Some(_), _) => None,
        (None, Some(file)) => Some(format!(
            "the certificate of user '{user}' of {path} is a file of its own, {file}: only what stands in the kubeconfig is \
             renewed here"
        )),
        (None, None) => {
            Some(format!("user '{user}' of {path} has no certificate: a token, a password or a program lets them in"))
        }
    }
}

/// Where a node is this very machine, the file may be a leaf of the node's, and is told of under that name.
pub(super) async fn disown_nodes(fleet: &Fleet, access: &Access, inventory: &mut Inventory) {
    let own = fleet.members().iter().find_map(|member| member.own.as_ref()).filter(|own| own.is_all());
    if let Some(own) = own
        && is_of_a_node(own, fleet, access, inventory).await
    {
        inventory.entries.retain(|entry| entry.origin.name.as_deref() != Some(NAME));
    }
}

async fn is_of_a_node(own: &Own, fleet: &Fleet, access: &Access, inventory: &Inventory) -> bool {
    let Ok(this) = nodes::facts(&*access.nodes.at("/")).await else { return false };
    let paths = [own.kubeconfig.path.clone(), real_path(&own.kubeconfig.path)];
    for member in fleet.members().iter().filter(|member| member.name.is_some()) {
        let there = |at: &Location| {
            at.node() == member.name.as_deref() && at.path().is_some_and(|path| paths.iter().any(|own| own == path))
        };
        if inventory.entries.iter().any(|entry| there(&entry.at))
            && nodes::facts(&*member.node).await.is_ok_and(|node| node.boot == this.boot && node.host == this.host)
        {
            return true;
        }
    }
    false
}

/// The disks of a plan that is done now, with the operator's file where it changes that.
pub(super) fn join(fleet: Fleet, plan: &Plan, access: &Access) -> Fleet {
    match own(plan, access) {
        Some(own) => fleet.with(own),
        None => fleet,
    }
}

fn own(plan: &Plan, access: &Access) -> Option<Own> {
    let (path, user) = plan.operators_kubeconfig()?;
    let kubeconfig = KubeconfigUser { path: path.to_owned(), user: user.to_owned() };
    if plan.nodes.is_empty() {
        return Some(Own { kubeconfig, state: None });
    }
    let state = access.state.of_kubeconfig(&real_path(path))?;
    Some(Own { kubeconfig, state: Some(state) })
}

/// The disks of a run that was begun before. A file of this name may be on any machine: only where the run has left its
/// journal for it, it is the one that was meant.
pub(super) async fn of_run(fleet: Fleet, run: &str, access: &Access) -> Result<Fleet, Error> {
    // A plan that is gone or cannot be read is told of by who needs it.
    let Ok(plan) = execute::saved_plan(&fleet, run).await else { return Ok(fleet) };
    let Some(own) = own(&plan, access) else { return Ok(fleet) };
    if let Some(state) = &own.state {
        let node = OwnNode::new(&own.kubeconfig.path, state.clone());
        let known = node.run(NodeOp::Runs).await.map_err(|error| execute::from_node(&error))?;
        if !matches!(known, NodeReply::Runs(runs) if runs.iter().any(|known| known == run)) {
            return Ok(fleet);
        }
    }
    Ok(fleet.with(own))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::formats;

    #[test]
    fn who_has_no_certificate_in_the_file_is_left_alone_with_a_word() {
        let text = "kind: Config\nclusters: []\ncontexts: []\nusers:\n\
            - name: exec\n  user:\n    exec: {command: login, apiVersion: client.authentication.k8s.io/v1}\n\
            - name: token\n  user: {token: hunter2}\n\
            - name: files\n  user: {client-certificate: a.crt, client-key: a.key}\n\
            - name: broken\n  user: {client-certificate-data: '!', client-key-data: '!'}\n";
        let view = formats::read(text.as_bytes()).kubeconfig.expect("a kubeconfig");
        for (user, wanted) in [
            ("exec", "has no certificate"),
            ("token", "has no certificate"),
            ("files", "is a file of its own, a.crt"),
            ("broken", "cannot be read"),
        ] {
            let user = KubeconfigUser { path: "/k".to_owned(), user: user.to_owned() };
            let why = fault_of_user(&view, &user).expect("a fault");
            assert!(why.contains(wanted) && !why.contains("hunter2"), "{why}");
        }
    }
}
