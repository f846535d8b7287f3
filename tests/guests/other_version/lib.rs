//! A component of another version of the contract.

mod bindings {
    #![expect(unsafe_code, reason = "the generated exports have names and pointers of the component ABI")]
    wit_bindgen::generate!({ path: "wit", world: "plugin" });
    export!(OtherVersion with_types_in self);

    use super::OtherVersion;
}

struct OtherVersion;

impl bindings::exports::hob::plugin::executor::Guest for OtherVersion {
    fn describe() -> String {
        "{}".to_owned()
    }

    fn run(task: String) -> Result<String, String> {
        Ok(task)
    }
}
