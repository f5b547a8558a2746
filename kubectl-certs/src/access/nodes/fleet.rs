//! The disks that one request is about.

use std::sync::Arc;

use super::{Node, NodeError, Own, OwnNode};

/// A disk with a node's files: this machine's, one in a folder of it, or that of a machine that is reached from here.
#[derive(Clone)]
pub struct Member {
    /// None for this machine.
    pub name: Option<String>,
    /// Where the disk is seen by `node`, `/` for a running machine.
    pub root: String,
    pub node: Arc<dyn Node>,
    /// What of it is the operator's.
    pub own: Option<Own>,
}

impl Member {
    pub fn is_running_machine(&self) -> bool {
        self.root == "/"
    }

    /// Where the node keeps what runs leave there, as a person finds it.
    pub fn state(&self) -> String {
        match self.own.as_ref().and_then(|own| own.state.as_ref()) {
            Some(state) => state.to_string_lossy().into_owned(),
            None => format!("{}/var/lib/kubectl-certs", self.root.trim_end_matches('/')),
        }
    }
}

/// The disks that a request is about, in the order of their names.
#[derive(Clone, Default)]
pub struct Fleet {
    members: Vec<Member>,
}

impl Fleet {
    pub fn new(mut members: Vec<Member>) -> Self {
        members.sort_by(|a, b| a.name.cmp(&b.name));
        Self { members }
    }

    pub fn add(&mut self, member: Member) {
        self.members.push(member);
    }

    /// With the operator's kubeconfig: in a member of its own, or in this machine's where that is a node itself.
    #[must_use]
    pub fn with(mut self, own: Own) -> Self {
        match (&own.state, self.members.iter_mut().find(|member| member.name.is_none())) {
            (None, Some(this_machine)) => this_machine.own = Some(own),
            (None, None) | (Some(_), Some(_)) => {}
            (Some(state), None) => {
                let node = Arc::new(OwnNode::new(&own.kubeconfig.path, state.clone()));
                self.members.push(Member { name: None, root: "/".to_owned(), node, own: Some(own) });
                return Self::new(self.members);
            }
        }
        self
    }

    pub fn members(&self) -> &[Member] {
        &self.members
    }

    pub fn member(&self, name: Option<&str>) -> Option<&Member> {
        self.members.iter().find(|member| member.name.as_deref() == name)
    }

    pub fn node(&self, name: Option<&str>) -> Result<&dyn Node, NodeError> {
        self.member(name).map(|member| &*member.node).ok_or_else(|| {
            NodeError::refused(format!("{} is not among the nodes of this run", name.unwrap_or("this machine")))
        })
    }
}
