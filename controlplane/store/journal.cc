#include "controlplane/store/journal.h"

#include <fmt/format.h>

namespace switchyard::controlplane::store {

absl::Status NoSuchGeneration(std::uint64_t generation) {
  return absl::NotFoundError(fmt::format("generation {} is not in the history: it never was, or was trimmed", generation));
}

absl::Status NoSuchRecord(std::string_view key) {
  const std::size_t separator = key.find('\0');
  return absl::NotFoundError(fmt::format("there is no {} \"{}\"", key.substr(0, separator), key.substr(separator + 1)));
}

}  // namespace switchyard::controlplane::store
