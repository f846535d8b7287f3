//! The bundled components, built for wasm32-wasip2 by the build script: the bytes that make `hob`
//! one file to install.

/// A component that is part of `hob`.
#[derive(Debug)]
pub struct Bundled {
    /// What stands after `builtin:`.
    pub name: &'static str,
    /// The component.
    pub wasm: &'static [u8],
    /// Hexadecimal SHA-256 of `wasm`.
    pub sha256: &'static str,
    /// The JSON that its `describe` returns, so that nobody has to run it to know.
    pub description: &'static str,
}

/// All of them, ordered by name.
pub const COMPONENTS: &[Bundled] = include!(concat!(env!("OUT_DIR"), "/components.rs"));

/// The one of that name.
pub fn find(name: &str) -> Option<&'static Bundled> {
    COMPONENTS.iter().find(|component| component.name == name)
}

#[cfg(test)]
mod tests {
    use super::*;
    use hob_core::Description;
    use sha2::{Digest as _, Sha256};

    #[test]
    fn each_says_what_it_is() {
        for component in COMPONENTS {
            let description = Description::parse(component.description).expect("a description");
            assert_eq!(description.name, component.name);
            assert_eq!(description.version, env!("CARGO_PKG_VERSION"), "{}", component.name);
            assert!(find(component.name).is_some_and(|found| found.sha256 == component.sha256));
        }
        assert!(find("nothing").is_none());
    }

    #[test]
    fn each_is_a_component_with_its_digest() {
        for component in COMPONENTS {
            // A core module has 01 00 00 00 in place of the last four bytes.
            assert!(component.wasm.starts_with(b"\0asm\x0d\x00\x01\x00"), "{}", component.name);
            let digest = Sha256::digest(component.wasm);
            let read = |index: usize| u8::from_str_radix(&component.sha256[2 * index..2 * index + 2], 16).ok();
            assert_eq!(component.sha256.len(), 2 * digest.len());
            assert!(digest.iter().enumerate().all(|(index, byte)| read(index) == Some(*byte)), "{}", component.name);
        }
    }

    #[test]
    fn none_carries_a_path_of_the_machine_that_built_it() {
        let repository = std::path::Path::new(env!("CARGO_MANIFEST_DIR")).ancestors().nth(2).expect("a repository");
        let repository = repository.to_str().expect("text").as_bytes();
        for component in COMPONENTS {
            assert!(!component.wasm.windows(repository.len()).any(|part| part == repository), "{}", component.name);
        }
    }
}
