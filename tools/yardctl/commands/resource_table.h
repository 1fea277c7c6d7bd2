// Resources as tables, one per kind, with what people look for first.
//
// Thread-safety: pure function.
#pragma once

#include <string>

#include "common/base/clock.h"
#include "switchyard/v1/resource.pb.h"

namespace switchyard::tools::yardctl {

std::string ResourceTables(const google::protobuf::RepeatedPtrField<v1::Resource>& resources, WallTime now);

}  // namespace switchyard::tools::yardctl
