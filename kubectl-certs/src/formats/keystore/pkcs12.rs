//! PKCS#12: what its bags hold, with the first password that opens it.

use zeroize::Zeroizing;

use super::pbe::{Fault, Work, authenticates, decrypt};
use super::{Identity, Password, Store, no_password};
use crate::formats::certificate::key_id;
use crate::formats::{Content, KeyRecord};
use crate::model::{GapReason, KeyId};
use crate::pki::password_based::Scheme;
use crate::pki::pfx::{Bag, Holds, Mac, Pfx, Safe, bags};
use crate::pki::{Unreadable, public_key};

/// SEQUENCE, then INTEGER 3.
pub(super) fn looks_like_one(bytes: &[u8]) -> bool {
    let [0x30, length, rest @ ..] = bytes else { return false };
    let more = usize::from(length.checked_sub(0x80).filter(|more| *more <= 4).unwrap_or_default());
    rest.get(more..more + 3) == Some(&[2, 1, 3])
}

pub(super) fn read(bytes: &[u8], passwords: &[Password], any_given: bool) -> Store {
    let mut store = Store::default();
    match open(bytes, passwords, any_given, &mut store) {
        Ok(()) => {}
        Err(Trouble::Form(why)) => store.gaps.push((GapReason::BadPkcs12, why.to_string())),
        Err(Trouble::Work(rounds)) => store.gaps.push((
            GapReason::BadPkcs12,
            format!("it asks for {rounds} rounds to make a key of a password, more than is done for one store; it was not opened"),
        )),
    }
    store
}

enum Trouble {
    Form(Unreadable),
    Work(u32),
}

impl From<Unreadable> for Trouble {
    fn from(form: Unreadable) -> Self {
        Self::Form(form)
    }
}

fn open(bytes: &[u8], passwords: &[Password], any_given: bool, store: &mut Store) -> Result<(), Trouble> {
    let pfx = Pfx::parse(bytes)?;
    let mut right: Vec<&Password> = Vec::new();
    let mut work = Work::default();
    let checked = matches!(pfx.mac, Some(Mac { hash: Some(_), .. }));
    for password in passwords {
        let fits = match &pfx.mac {
            Some(Mac { hash: Some(hash), code, salt, iterations }) => {
                authenticates(*hash, (salt, *iterations), code, password, pfx.content, &mut work)
            }
            // Without a code, or with one that is not known, what can be decrypted tells.
            _ => Ok(true),
        };
        match fits {
            Ok(true) => right.push(password),
            Err(Fault::TooMuchWork(rounds)) => return Err(Trouble::Work(rounds)),
            Ok(false) | Err(Fault::WrongPassword) => {}
        }
        if checked && !right.is_empty() {
            break;
        }
    }
    let mut seen = Seen::default();
    let mut locked = checked && right.is_empty();
    for safe in pfx.safes()? {
        match safe {
            Safe::Plain(content) => seen.take(bags(content)?, &right, &mut work)?,
            Safe::Encrypted { scheme, bytes } => match unlock(&scheme?, bytes, &right, &mut work)? {
                Some(content) => seen.take(bags(&content)?, &right, &mut work)?,
                None => locked = true,
            },
        }
    }
    if locked {
        store.gaps.push((GapReason::BadPassword, no_password(any_given)));
    }
    seen.into_store(store);
    Ok(())
}

fn unlock(
    scheme: &Scheme<'_>,
    bytes: &[u8],
    right: &[&Password],
    work: &mut Work,
) -> Result<Option<Zeroizing<Vec<u8>>>, Trouble> {
    for password in right {
        match decrypt(scheme, bytes, password, work) {
            Ok(plain) => return Ok(Some(plain)),
            Err(Fault::TooMuchWork(rounds)) => return Err(Trouble::Work(rounds)),
            Err(Fault::WrongPassword) => {}
        }
    }
    Ok(None)
}

/// What the bags hold, in their order.
#[derive(Default)]
struct Seen {
    certificates: Vec<(Option<Vec<u8>>, Vec<u8>)>,
    keys: Vec<SeenKey>,
}

struct SeenKey {
    join: Option<Vec<u8>>,
    name: Option<String>,
    public: Option<KeyId>,
}

impl Seen {
    fn take(&mut self, bags: Vec<Bag<'_>>, right: &[&Password], work: &mut Work) -> Result<(), Trouble> {
        for Bag { holds, key_id: join, name } in bags {
            let join = join.map(<[u8]>::to_vec);
            let opened = match holds {
                Holds::Certificate(der) => {
                    self.certificates.push((join, der.to_vec()));
                    continue;
                }
                Holds::Key(pkcs8) => Some(Zeroizing::new(pkcs8.to_vec())),
                Holds::LockedKey { scheme, bytes } => unlock(&scheme?, bytes, right, work)?,
            };
            let public = opened.and_then(|der| public_key::public_spki_of_pkcs8(&der).ok());
            self.keys.push(SeenKey { join, name, public: public.map(|spki| key_id(&spki)) });
        }
        Ok(())
    }

    /// The certificate that is joined to a key is that key's; the others are its chain where there is one key, and
    /// trusted where there is none. With several keys nobody can tell whose they are.
    fn into_store(self, store: &mut Store) {
        let Self { mut certificates, keys } = self;
        let many = keys.len() > 1;
        for (number, SeenKey { join, name, public }) in keys.into_iter().enumerate() {
            let own = certificates.iter().position(|(id, _)| join.is_some() && *id == join);
            let mut content = Content::default();
            content.certificates.extend(own.map(|at| certificates.remove(at).1));
            if !many {
                content.certificates.extend(certificates.drain(..).map(|(_, der)| der));
            }
            let locked = public.is_none();
            content.key = public.map(|public| KeyRecord { public });
            let alias = name.filter(|name| !name.is_empty()).unwrap_or_else(|| (number + 1).to_string());
            store.identities.push(Identity { alias, content, locked });
        }
        store.trusted.extend(certificates.into_iter().map(|(_, der)| der));
    }
}
