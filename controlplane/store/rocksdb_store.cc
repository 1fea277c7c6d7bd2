#include "controlplane/store/rocksdb_store.h"

#include <utility>

#include "controlplane/store/journaled_store.h"
#include "controlplane/store/rocksdb_journal.h"
#include "controlplane/store/rocksdb_open.h"

namespace switchyard::controlplane::store {

absl::StatusOr<std::unique_ptr<Store>> OpenRocksdbStore(const std::string& directory, RocksdbOptions options) {
  auto database = Rocksdb::Open(directory, options);
  if (!database.ok()) return database.status();
  return JournaledStore::Open(std::make_unique<RocksdbJournal>(std::move(*database)), options.history);
}

}  // namespace switchyard::controlplane::store
