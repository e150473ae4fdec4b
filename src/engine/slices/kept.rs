//! What slices found, kept on the shelf as soon as each is finished, so that a run that died can go on.
//!
//! A record begins with a fingerprint of all that decides what is found: another run's record is never taken for ours.

use std::collections::BTreeMap;

use sha2::{Digest, Sha256};

use crate::columns::hex;
use crate::ingest::Intake;
use crate::lang::TypologySet;
use crate::search::Instances;

use super::super::RunError;
use super::{Cutting, Run};

/// The record that says whose slices lie on a shelf.
const STATE: &str = "state";

/// How rules are grouped and slices cut: raised with each change to that, since records are known by their numbers.
const CUT: u32 = 3;

/// What one slice found: for each rule its flows, or why it cannot be asked.
pub(super) type Slices = BTreeMap<usize, Result<Vec<Instances>, String>>;

/// A hash of what decides the result of a run and how it is cut.
pub(super) fn fingerprint(run: &Run<'_>, set: &TypologySet, intake: &Intake, cutting: &Cutting) -> String {
    let mut hash = Sha256::new();
    let mut add = |text: String| {
        hash.update((text.len() as u64).to_le_bytes());
        hash.update(text.as_bytes());
    };
    add(format!("{} {CUT}", env!("CARGO_PKG_VERSION")));
    add(format!("{:?} {} {} {:?}", cutting.portion, cutting.loaded, cutting.searched, run.request.limits));
    let intake_of = &run.request.intake;
    add(format!("{:?} {:?} {:?}", intake_of.base, intake_of.max_rejects, intake_of.identifiable));
    for rule in &set.typologies {
        let values: Vec<String> = rule.parameters.iter().map(|parameter| parameter.value.to_string()).collect();
        add(format!("{} {} {values:?}", rule.id, rule.sha256));
    }
    for file in &intake.files {
        add(format!("{} {} {}", file.role, file.bytes, file.sha256.as_deref().unwrap_or_default()));
    }
    add(intake.mapping.clone());
    hex(&hash.finalize())
}

/// Begins, or goes on with what an earlier run of the same request has finished.
pub(super) fn begin(run: &Run<'_>, fingerprint: &str) -> Result<(), RunError> {
    let known = run.shelf.get(STATE)?;
    match known {
        Some(known) if known == fingerprint.as_bytes() => Ok(()),
        Some(_) if run.cutting.resume => Err(RunError::Foreign(run.cutting.folder.display().to_string())),
        _ => Ok(run.shelf.put(STATE, fingerprint.as_bytes())?),
    }
}

/// What a slice found, if it was finished.
pub(super) fn find(run: &Run<'_>, name: &str) -> Result<Option<Slices>, RunError> {
    Ok(run.shelf.get(name)?.and_then(|bytes| read(&bytes)))
}

/// Keeps what a slice found.
pub(super) fn keep(run: &Run<'_>, name: &str, slices: &Slices) -> Result<(), RunError> {
    let mut bytes = Vec::new();
    for (&rule, found) in slices {
        number(&mut bytes, rule as u64);
        match found {
            Ok(flows) => {
                number(&mut bytes, flows.len() as u64);
                for flow in flows {
                    let flow = flow.to_bytes();
                    number(&mut bytes, flow.len() as u64);
                    bytes.extend(flow);
                }
            }
            Err(reason) => {
                number(&mut bytes, u64::MAX);
                number(&mut bytes, reason.len() as u64);
                bytes.extend(reason.as_bytes());
            }
        }
    }
    Ok(run.shelf.put(name, &bytes)?)
}

fn number(bytes: &mut Vec<u8>, number: u64) {
    bytes.extend(number.to_le_bytes());
}

/// Reads a record; nothing where it is not one.
fn read(mut bytes: &[u8]) -> Option<Slices> {
    let mut slices = Slices::new();
    while !bytes.is_empty() {
        let rule = usize::try_from(take(&mut bytes)?).ok()?;
        let found = match take(&mut bytes)? {
            u64::MAX => Err(String::from_utf8(part(&mut bytes)?.to_vec()).ok()?),
            flows => Ok((0..flows).map(|_| Instances::from_bytes(part(&mut bytes)?)).collect::<Option<_>>()?),
        };
        slices.insert(rule, found);
    }
    Some(slices)
}

fn take(bytes: &mut &[u8]) -> Option<u64> {
    let (number, rest) = bytes.split_at_checked(8)?;
    *bytes = rest;
    Some(u64::from_le_bytes(number.try_into().ok()?))
}

fn part<'b>(bytes: &mut &'b [u8]) -> Option<&'b [u8]> {
    let length = usize::try_from(take(bytes)?).ok()?;
    let (part, rest) = bytes.split_at_checked(length)?;
    *bytes = rest;
    Some(part)
}
