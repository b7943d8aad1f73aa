//! The store suite over the store in memory.

use auth101_testkit::{executor::block_on, memory::MemoryStore, mount_store_suite};

fn fixture() -> (MemoryStore, MemoryStore) {
    let store = MemoryStore::default();
    (store.clone(), store)
}

mount_store_suite!(block_on, fixture());
