//! `plan`: how a rule is searched, and why.

use std::io::Write;
use std::path::Path;

use moneytrail::plan;

use crate::args::Plan;
use crate::failure::Failure;
use crate::library;

pub(crate) fn run(arguments: &Plan) -> Result<u8, Failure> {
    let path = Path::new(&arguments.rule);
    let is_file = path.extension().is_some_and(|extension| extension == "yaml" || extension == "yml");
    let sources = library::sources(&if is_file { vec![path.to_owned()] } else { Vec::new() })?;
    let set = library::compile(&sources, &[])?;
    let ids = if is_file { Vec::new() } else { vec![arguments.rule.clone()] };
    for typology in library::only(set, &ids)?.typologies {
        write!(std::io::stdout(), "{}", plan::of_flow(&typology.id, typology.flow))?;
    }
    Ok(0)
}
