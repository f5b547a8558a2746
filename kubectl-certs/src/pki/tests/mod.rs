//! The room as a whole, against openssl, webpki and x509-parser.

mod bench;
mod garbage;
mod keys;
mod reissues;
mod requests;
mod signatures;
