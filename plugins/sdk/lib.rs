//! Write executors for hob.
//!
//! An executor is a type with the trait [`Executor`]: what its parameters, settings and results are, what it is, and what
//! it does with a task. [`export!`] makes a component of it.
//!
//! ```
//! use hob_plugin::{About, Context, Executor, JsonSchema, NoSettings, Success, Task, TaskError};
//! use serde::{Deserialize, Serialize};
//!
//! struct Count;
//!
//! #[derive(Deserialize, JsonSchema)]
//! struct Params {
//!     /// Which files, such as '*.rs'
//!     #[schemars(length(min = 1), extend("x-hob-cli" = { "positional": true }))]
//!     glob: String,
//! }
//!
//! #[derive(Serialize, JsonSchema)]
//! struct Data {
//!     /// Lines of all files
//!     lines: usize,
//! }
//!
//! impl Executor for Count {
//!     type Params = Params;
//!     type Settings = NoSettings;
//!     type Data = Data;
//!
//!     fn about() -> About {
//!         About::new("count", "0.1.0", "Count the lines of files")
//!             .asks_folder("/project", "ro", "it reads the folder you are in")
//!     }
//!
//!     fn run(task: Task<Params>, context: Context) -> Result<Success<Data>, TaskError> {
//!         let mut lines = 0;
//!         for file in hob_plugin::files::walk(task.project()).glob(&task.params.glob).files()? {
//!             context.check()?;
//!             context.progress(&file.path);
//!             lines += file.bytes.split(|byte| *byte == b'\n').count();
//!         }
//!         Ok(Success::with_data(format!("{lines} lines"), Data { lines }))
//!     }
//! }
//!
//! hob_plugin::export!(Count);
//!
//! // In a test, on the machine itself:
//! let world = hob_plugin::testing::World::new().file("a.rs", "fn main() {\n}");
//! let ran = world.run::<Count>(&serde_json::json!({ "glob": "*.rs" }));
//! assert_eq!(ran.result.expect("it runs").data.expect("data").lines, 2);
//! ```
//!
//! What a component may do is what it asks for and what the configuration grants it. What is denied comes back as an
//! error that has the host's words, with the lines that would allow it; `?` passes it on.

pub mod bindings;
mod context;
mod describe;
mod error;
mod executor;
pub mod files;
mod host;
pub mod http;
pub mod io;
pub mod process;
pub mod search;
pub mod state;
mod task;
#[cfg(not(target_family = "wasm"))]
pub mod testing;
mod tidy;

pub use context::{Cancelled, Context, Level};
pub use describe::{About, describe};
pub use error::{Failure, Refused, TaskError};
pub use executor::{Executor, NoSettings, Success, run};
pub use schemars::{self, JsonSchema};
pub use task::Task;

/// Makes the component of an executor. Nothing, where it is compiled for the machine itself, as tests are.
///
/// `describe = TEXT` has a component say that text of itself, not what its types say. It keeps the component small;
/// `testing::assert_description` holds a file to the types.
#[macro_export]
macro_rules! export {
    ($executor:ty) => {
        $crate::export!($executor, describe = $crate::describe::<$executor>());
    };
    ($executor:ty, describe = $text:expr) => {
        // Nobody calls it there, and what it needs shall not count as unused.
        #[cfg(not(target_family = "wasm"))]
        const _: fn() = || {
            let _ = $crate::run::<$executor>;
            let _ = ::std::string::String::from($text);
        };

        #[cfg(target_family = "wasm")]
        const _: () = {
            struct Component;

            impl $crate::bindings::exports::hob::plugin::executor::Guest for Component {
                fn describe() -> ::std::string::String {
                    ::std::string::String::from($text)
                }

                fn run(
                    task: $crate::bindings::hob::plugin::types::Task,
                ) -> ::std::result::Result<
                    $crate::bindings::hob::plugin::types::Success,
                    $crate::bindings::hob::plugin::types::TaskError,
                > {
                    $crate::run::<$executor>(task)
                }
            }

    $crate::bindings::export!(Component with_types_in $crate::bindings);
        };
    };
}
