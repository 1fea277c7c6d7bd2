// RocksDB's errors in the words of Store: with the directory, the reason and what to do about it.
//
// Thread-safety: pure function. RocksDB tells a full disk by a subcode, other causes by text only; the texts are those of the version in
// Debian 12 (7.8) and are held by tests.
#pragma once

#include <rocksdb/status.h>

#include <string_view>

#include "absl/status/status.h"

namespace switchyard::controlplane::store {

// `doing`: what failed, e.g. `cannot commit`. OK stays OK.
absl::Status FromRocksdb(const rocksdb::Status& status, std::string_view doing, std::string_view directory);

}  // namespace switchyard::controlplane::store
