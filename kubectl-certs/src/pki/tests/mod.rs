//! The room as a whole, against openssl, webpki and x509-parser.

mod added_names;
mod bench;
mod garbage;
mod keys;
mod reissue_rules;
mod reissues;
mod requests;
mod signatures;
