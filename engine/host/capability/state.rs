//! The executor's own store. Every call is decided by the policy.

use crate::{bindings::hob::plugin::state, guest::Guest};
use hob_core::{Access, Permit};
use hob_runner::KeyValue;
use wasmtime::Result;

type Res<T> = Result<std::result::Result<T, String>>;

/// Bytes of a key. 512: room for a path or an address, too little to hide values in.
const LONGEST_KEY: usize = 512;

impl Guest {
    /// The store and its quota in bytes, where they are granted.
    fn store(&self, key: &str) -> std::result::Result<(&dyn KeyValue, u64), String> {
        match self.surroundings.policy.decide(&Access::State) {
            Ok(Permit::State(quota)) if key.len() <= LONGEST_KEY => Ok((&*self.surroundings.state, quota.0)),
            Ok(Permit::State(_)) => {
                Err(format!("a key has at most {LONGEST_KEY} bytes, and this one has {}", key.len()))
            }
            Ok(permit) => Err(format!("the policy answered {permit:?} to a question for the store")),
            Err(denial) => Err(denial.to_string()),
        }
    }
}

impl state::Host for Guest {
    async fn get(&mut self, key: String) -> Res<Option<Vec<u8>>> {
        Ok(self.store(&key).and_then(|(store, _)| store.get(&key)))
    }

    async fn set(&mut self, key: String, value: Vec<u8>) -> Res<()> {
        Ok(self.store(&key).and_then(|(store, quota)| store.set(&key, &value, quota)))
    }

    async fn delete(&mut self, key: String) -> Res<()> {
        Ok(self.store(&key).and_then(|(store, _)| store.delete(&key)))
    }

    async fn keys(&mut self, prefix: String) -> Res<Vec<String>> {
        Ok(self.store(&prefix).and_then(|(store, _)| store.keys(&prefix)))
    }
}
