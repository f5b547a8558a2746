//! Requests for certificates go into a folder, and what an authority gave for them comes out of one.

use super::streams;
use crate::access::Access;
use crate::answer::{Control, answer};
use crate::error::Error;
use crate::report::Report;
use crate::request::{Renew, Request, SignedCertificate};

/// Endings of files that hold certificates. Others in the folder (requests, notes) are not looked at.
const CERTIFICATES: [&str; 2] = ["crt", "pem"];

pub(super) async fn requests(renew: Renew, folder: &str, access: &Access, control: &Control) -> Result<Report, Error> {
    let mut report = answer(&Request::Renew(renew), access, control).await?;
    if let Report::Requests(made) = &mut report {
        for request in &mut made.requests {
            let Some(text) = &request.request else { continue };
            request.file = Some(streams::write_request(folder, &request.name, text)?);
        }
    }
    Ok(report)
}

/// Into the request, since a plan must hold all that it is made from.
pub(super) fn add_signed(renew: &mut Renew, folder: &str) -> Result<(), Error> {
    for (file, stem, ending) in streams::files_in(folder)? {
        if CERTIFICATES.contains(&ending.as_str()) {
            let certificate = certificates_of(&file, &streams::text_file(&file)?)?;
            renew.signed.push(SignedCertificate { name: stem, certificate, file: Some(file) });
        }
    }
    if renew.signed.is_empty() {
        return Err(Error::usage(format!("there is no certificate in {folder}: no file with the ending .crt or .pem"))
            .hint("answers are called like the requests: LEAF.crt, or LEAF@NODE.crt"));
    }
    Ok(())
}

/// A plan is shown and kept, so nothing but certificates may come into it.
fn certificates_of(file: &str, text: &str) -> Result<String, Error> {
    let blocks = crate::formats::pem::blocks(text);
    if blocks.iter().any(crate::formats::pem::Block::is_private_key) {
        return Err(Error::usage(format!("{file} holds a private key: only certificates are taken from this folder"))
            .hint("the key that belongs to the certificate waits on its node; this one was not read"));
    }
    let certificates = blocks.iter().filter(|block| block.is_certificate());
    let mut kept: String = certificates.map(|block| text[block.range.clone()].trim_end().to_owned() + "\n").collect();
    if kept.is_empty() {
        // Told of with the others, in the words for what was expected.
        kept.push('\n');
    }
    Ok(kept)
}
