//! The mappings that come with the program, each in the form of a mapping file.

use std::sync::LazyLock;

use super::mapping::Mapping;

/// A mapping that comes with the program.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Preset {
    /// Its name for `--mapping`.
    pub name: &'static str,
    /// What it is for, in a phrase.
    pub title: String,
    /// Its text, a start for a mapping file.
    pub toml: &'static str,
}

/// Each preset's name and text.
const TEXTS: [(&str, &str); 7] = [
    ("canonical", include_str!("presets/canonical.toml")),
    ("aml-world", include_str!("presets/aml-world.toml")),
    ("amlsim", include_str!("presets/amlsim.toml")),
    ("amlsim-nodes", include_str!("presets/amlsim-nodes.toml")),
    ("amlgentex", include_str!("presets/amlgentex.toml")),
    ("saml-d", include_str!("presets/saml-d.toml")),
    ("paysim", include_str!("presets/paysim.toml")),
];

static PARSED: LazyLock<(Vec<Preset>, Vec<Mapping>)> = LazyLock::new(|| {
    let parse = |(name, toml): (&'static str, &'static str)| {
        let mapping = Mapping::parse(name, toml).expect("the presets are right, as their test shows");
        (Preset { name, title: mapping.title.clone(), toml }, mapping)
    };
    TEXTS.into_iter().map(parse).unzip()
});

/// The mappings that come with the program.
#[must_use]
pub fn presets() -> &'static [Preset] {
    &PARSED.0
}

/// The presets that a name stands for, ready to be used: `amlsim` is the older form too.
pub(super) fn named(name: &str) -> Vec<(&'static str, &'static Mapping)> {
    let older = if name == "amlsim" { "amlsim-nodes" } else { name };
    all().filter(|(preset, _)| *preset == name || *preset == older).collect()
}

/// All presets, ready to be used.
pub(super) fn all() -> impl Iterator<Item = (&'static str, &'static Mapping)> {
    PARSED.0.iter().zip(&PARSED.1).map(|(preset, mapping)| (preset.name, mapping))
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
