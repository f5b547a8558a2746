//! The demo: writes the disk of an invented node and takes a first look at it.

use super::look;
use crate::access::{Access, folder};
use crate::demo;
use crate::error::Error;
use crate::report::{DemoMade, Report};
use crate::request::{Check, Demo, FailOn, Scope};

pub(super) async fn demo(request: &Demo, access: &Access) -> Result<Report, Error> {
    let files = demo::disk(access.clock.now().unix()).map_err(|error| Error::failed(error.to_string()))?;
    let count = files.len();
    folder::make(&request.folder, request.force, files)?;
    let check = Check {
        scope: Scope { root: Some(request.folder.clone()), ..Scope::default() },
        fail_on: FailOn::Never,
        ..Check::default()
    };
    let (inventory, wanted) = look::read(&check.scope, access).await?;
    Ok(Report::Demo(DemoMade {
        folder: request.folder.clone(),
        files: count,
        troubles: demo::TROUBLES.len(),
        check: look::judge(&check, &inventory, &wanted, &[])?,
    }))
}
