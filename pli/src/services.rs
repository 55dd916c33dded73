//! `pli services`: what services could not handle, and deriving again what they keep, at an operator
//! that runs or not.

use crate::administration::{Request, ServicesRequest, ask};
use crate::args::ServicesCommand;
use std::error::Error;
use std::process::ExitCode;

/// `pli services`.
pub(crate) fn run(command: ServicesCommand) -> Result<ExitCode, Box<dyn Error + Send + Sync>> {
    let (of, request) = match command {
        ServicesCommand::Parked(asked) => {
            (asked.of, ServicesRequest::Parked { service: asked.service, limit: asked.limit })
        }
        ServicesCommand::Retry(asked) => {
            (asked.of, ServicesRequest::Retry { service: asked.service, address: asked.address })
        }
        ServicesCommand::Rebuild(asked) => {
            (asked.of, ServicesRequest::Rebuild { service: asked.service })
        }
    };
    ask(&of, Request::Services(request))
}
