// Fills a new store directory with the pairs of a backup file, as they were: catalog, history, records.
//
// Thread-safety: nobody else may use the directory. Cost: one synced write per 4 MiB. Errors: FAILED_PRECONDITION: there is a store already, or the
// backup is of a newer store format; the directory is removed again when it could not be filled wholly.
#pragma once

#include <string>

#include "absl/status/status.h"

namespace switchyard::controlplane::store {

// `file`: as CheckBackup, which was OK.
absl::Status FillStore(const std::string& directory, int file);

}  // namespace switchyard::controlplane::store
