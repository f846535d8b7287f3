//! Components and their capabilities; the only code that names wasmtime
