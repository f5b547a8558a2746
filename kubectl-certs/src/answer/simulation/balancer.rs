//! A load balancer before the API servers: it looks for them again and again, and learns late who went and who is back.

use std::collections::BTreeMap;

/// From a server's first refusal until nobody is sent there any more, and the same on its way back.
const NOTICES: i64 = 3000;

#[derive(Clone, Debug, Default)]
pub(super) struct Balancer {
    /// By node: since when it turns connections away, or takes them again.
    servers: BTreeMap<usize, Seen>,
}

#[derive(Clone, Copy, Debug)]
enum Seen {
    Refusing(i64),
    Open(i64),
}

impl Balancer {
    pub(super) fn of(nodes: impl Iterator<Item = usize>) -> Self {
        Self { servers: nodes.map(|node| (node, Seen::Open(i64::MIN / 2))).collect() }
    }

    pub(super) fn refuses(&mut self, node: usize, now: i64) -> Option<String> {
        let open = |(other, seen): (&usize, &Seen)| {
            *other != node && matches!(seen, Seen::Open(since) if since + NOTICES <= now)
        };
        let alone = self.servers.len() > 1 && !self.servers.iter().any(open);
        let already = matches!(self.servers.insert(node, Seen::Refusing(now)), Some(Seen::Refusing(_)));
        (alone && !already).then(|| "the load balancer has no API server left".to_owned())
    }

    pub(super) fn stops(&mut self, node: usize, now: i64) -> Option<String> {
        match self.servers.insert(node, Seen::Refusing(now)) {
            Some(Seen::Refusing(since)) if since + NOTICES <= now => None,
            _ => Some(format!("requests were on their way to the API server of node {node} when it stopped")),
        }
    }

    pub(super) fn is_back(&mut self, node: usize, now: i64) {
        self.servers.insert(node, Seen::Open(now));
    }
}
