//! The mappings that come with the program, each in the form of a mapping file.

use std::sync::LazyLock;

use super::mapping::Mapping;

/// A mapping that comes with the program.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Preset {
    /// Its name for `--mapping`.
    pub name: &'static str,
    /// What it is for, in a phrase.
    pub title: &'static str,
    /// Its text, a start for a mapping file.
    pub toml: &'static str,
}

/// Name and text of each.
const TEXTS: [(&str, &str); 7] = [
    ("canonical", include_str!("presets/canonical.toml")),
    ("aml-world", include_str!("presets/aml-world.toml")),
    ("amlsim", include_str!("presets/amlsim.toml")),
    ("amlsim-nodes", include_str!("presets/amlsim-nodes.toml")),
    ("amlgentex", include_str!("presets/amlgentex.toml")),
    ("saml-d", include_str!("presets/saml-d.toml")),
    ("paysim", include_str!("presets/paysim.toml")),
];

static MAPPINGS: LazyLock<Vec<Mapping>> = LazyLock::new(|| {
    let parse =
        |(name, text): (&str, &str)| Mapping::parse(name, text).expect("the presets are right, as their test shows");
    TEXTS.into_iter().map(parse).collect()
});

static PRESETS: LazyLock<Vec<Preset>> = LazyLock::new(|| {
    let preset = |((name, toml), mapping): ((&'static str, &'static str), &'static Mapping)| Preset {
        name,
        title: &mapping.title,
        toml,
    };
    TEXTS.into_iter().zip(MAPPINGS.iter()).map(preset).collect()
});

/// The mappings that come with the program.
#[must_use]
pub fn presets() -> &'static [Preset] {
    &PRESETS
}

/// The presets that a name stands for, ready to be used: `amlsim` is the older form too.
pub(super) fn named(name: &str) -> Vec<(&'static str, &'static Mapping)> {
    let older = if name == "amlsim" { "amlsim-nodes" } else { name };
    let stands_for = |preset: &str| preset == name || preset == older;
    // The name of a mapping file is none, and asks for none to be parsed.
    if !TEXTS.iter().any(|(preset, _)| stands_for(preset)) {
        return Vec::new();
    }
    all().filter(|(preset, _)| stands_for(preset)).collect()
}

/// All presets, ready to be used.
pub(super) fn all() -> impl Iterator<Item = (&'static str, &'static Mapping)> {
    TEXTS.iter().zip(MAPPINGS.iter()).map(|((name, _), mapping)| (*name, mapping))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_preset_is_a_mapping_with_a_title_and_a_header_to_be_recognised_by() {
        for (preset, (name, mapping)) in presets().iter().zip(all()) {
            assert_eq!(preset.name, name);
            assert!(!preset.title.is_empty(), "{name}");
            assert!(mapping.recognise.transfers.len() >= 4, "{name}");
        }
    }

    #[test]
    fn amlsim_stands_for_its_older_form_too() {
        let names: Vec<&str> = named("amlsim").into_iter().map(|(name, _)| name).collect();
        assert_eq!(names, ["amlsim", "amlsim-nodes"]);
        assert!(named("nonsense").is_empty());
    }
}
