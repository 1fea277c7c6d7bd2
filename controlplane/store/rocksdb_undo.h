// The inverse of a WriteBatch: what puts every key that it names back to what the database says now.
//
// Why: when RocksDB cannot tell whether a failed write reached its log, the log may hold the whole batch, and reopening would bring it to
// life although its caller was told that nothing changed. The inverse is taken while the database still reads as before, and written first
// after reopening.
//
// Thread-safety: pure function on a database that nobody writes. Cost: one read per key; only after a failed write.
// Errors: those of reading; UNAVAILABLE for a batch with other operations than Put and Delete (a mistake in this program).
#pragma once

#include <rocksdb/write_batch.h>

#include "absl/status/statusor.h"
#include "controlplane/store/rocksdb_open.h"

namespace switchyard::controlplane::store {

absl::StatusOr<rocksdb::WriteBatch> InverseOf(const rocksdb::WriteBatch& batch, const Rocksdb& database);

}  // namespace switchyard::controlplane::store
