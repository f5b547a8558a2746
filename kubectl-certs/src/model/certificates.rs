//! The certificates of an inventory by their fingerprint, kept so that fifty thousand take little room: each in an
//! allocation of its own (a tree's nodes are a third empty), and what many have in common once.

use core::ops::Index;
use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

use super::{CertId, Certificate};

#[derive(Clone, Debug, Default)]
pub struct Certificates {
    by_id: BTreeMap<CertId, Box<Certificate>>,
    shared: Shared,
}

/// Texts that many certificates have in common: names of issuers and algorithms, key ids of authorities, usages.
#[derive(Clone, Debug, Default)]
struct Shared {
    texts: BTreeSet<Arc<str>>,
    lists: BTreeSet<Arc<[String]>>,
}

impl Certificates {
    pub fn get(&self, id: &CertId) -> Option<&Certificate> {
        self.by_id.get(id).map(|certificate| &**certificate)
    }

    pub fn get_mut(&mut self, id: &CertId) -> Option<&mut Certificate> {
        self.by_id.get_mut(id).map(|certificate| &mut **certificate)
    }

    pub fn contains_key(&self, id: &CertId) -> bool {
        self.by_id.contains_key(id)
    }

    pub fn insert(&mut self, id: CertId, mut certificate: Certificate) {
        self.shared.pack(&mut certificate);
        self.by_id.insert(id, Box::new(certificate));
    }

    pub fn iter(&self) -> impl ExactSizeIterator<Item = (&CertId, &Certificate)> {
        self.by_id.iter().map(|(id, certificate)| (id, &**certificate))
    }

    pub fn values(&self) -> impl ExactSizeIterator<Item = &Certificate> + Clone {
        self.by_id.values().map(|certificate| &**certificate)
    }

    pub fn keys(&self) -> impl ExactSizeIterator<Item = &CertId> {
        self.by_id.keys()
    }

    pub fn len(&self) -> usize {
        self.by_id.len()
    }

    pub fn is_empty(&self) -> bool {
        self.by_id.is_empty()
    }

    /// Those of another reading; what both have stays the same.
    pub fn extend(&mut self, mut other: Self) {
        if other.len() > self.len() {
            core::mem::swap(self, &mut other);
        }
        for (id, certificate) in other.by_id {
            self.by_id.entry(id).or_insert(certificate);
        }
        self.shared.texts.extend(other.shared.texts);
        self.shared.lists.extend(other.shared.lists);
    }
}

impl Index<&CertId> for Certificates {
    type Output = Certificate;

    fn index(&self, id: &CertId) -> &Certificate {
        &self.by_id[id]
    }
}

impl Shared {
    fn pack(&mut self, certificate: &mut Certificate) {
        for text in [&mut certificate.issuer, &mut certificate.key_algorithm, &mut certificate.signature_algorithm]
            .into_iter()
            .chain(&mut certificate.authority_key_id)
        {
            share(&mut self.texts, text);
        }
        for list in [&mut certificate.key_usages, &mut certificate.extended_key_usages] {
            share(&mut self.lists, list);
        }
        certificate.subject.shrink_to_fit();
        certificate.serial.shrink_to_fit();
        for names in [&mut certificate.dns_names, &mut certificate.ip_addresses, &mut certificate.other_names] {
            names.shrink_to_fit();
        }
    }
}

fn share<T: Ord + ?Sized>(known: &mut BTreeSet<Arc<T>>, value: &mut Arc<T>) {
    match known.get(&**value) {
        Some(same) => *value = Arc::clone(same),
        None => {
            known.insert(Arc::clone(value));
        }
    }
}
