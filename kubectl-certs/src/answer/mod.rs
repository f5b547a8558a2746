//! The only place that strings the stages together: a request in, a report out.

mod change;
mod demo;
mod look;
mod machines;
mod missing;
mod observe;
mod operator;
mod requests;
mod runs;
mod sieve;
#[cfg(test)]
mod simulation;
#[cfg(test)]
mod tests;
mod tree;

pub use change::saved_plan;

use std::sync::Arc;
use std::sync::atomic::AtomicBool;

use crate::access::Access;
use crate::error::{Error, ErrorKind};
use crate::event::Sink;
use crate::findings;
use crate::report::{Planned, Report};
use crate::request::Request;

/// How a caller follows and stops what it asked for.
#[derive(Clone)]
pub struct Control {
    pub sink: Sink,
    /// Is shown the plan before it is done, where one request plans and does.
    pub planned: Arc<dyn Fn(&Planned) + Send + Sync>,
    /// Set it, and a changing run stops at the next step boundary.
    pub stop: Arc<AtomicBool>,
}

impl Control {
    pub fn silent() -> Self {
        Self { sink: Arc::new(|_| {}), planned: Arc::new(|_| {}), stop: Arc::default() }
    }
}

pub async fn answer(request: &Request, access: &Access, control: &Control) -> Result<Report, Error> {
    match &machines::named(request).await? {
        Request::List(look) => look::list(look, access).await,
        Request::Show(look) => look::show(look, access).await,
        Request::Tree(look) => tree::tree(look, access).await,
        Request::Check(check) => look::check(check, access).await,
        Request::Explain(explain) => match &explain.code {
            None => Ok(Report::Explain(findings::ALL)),
            Some(code) => findings::check(code).map(Report::Explanation).ok_or_else(|| {
                Error::new(ErrorKind::Usage, format!("there is no finding '{code}'"))
                    .hint("kubectl certs explain lists all of them")
            }),
        },
        Request::Renew(renew) => change::renew(renew, access, control).await,
        Request::Apply(apply) => change::apply(&apply.plan, access, control).await,
        Request::Runs(runs) => runs::runs(runs, access, control).await,
        Request::Demo(demo) => demo::demo(demo, access).await,
        Request::Version => Ok(Report::Version),
        Request::Schema => Ok(Report::Schema),
    }
}
