#include "controlplane/store/rocksdb_store.h"

#include <utility>

#include "controlplane/store/journaled_store.h"
#include "controlplane/store/rocksdb_journal.h"

namespace switchyard::controlplane::store {

absl::StatusOr<std::unique_ptr<Store>> OpenRocksdbStore(const std::string& directory, RocksdbOptions options) {
  auto journal = RocksdbJournal::Open(directory, options);
  if (!journal.ok()) return journal.status();
  return JournaledStore::Open(std::move(*journal), options.history);
}

}  // namespace switchyard::controlplane::store
