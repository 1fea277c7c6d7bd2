// When the certificates of Secrets end.
//
// Thread-safety: pure functions. Cost: parsing a Secret's certificates, about 20 us each.
#pragma once

#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "common/base/clock.h"
#include "switchyard/v1/resource.pb.h"

namespace switchyard::config {

// Of a chain or bundle the one that ends first; nothing when there is none that can be read.
std::optional<WallTime> EarliestEnd(const v1::Secret& secret);

}  // namespace switchyard::config
