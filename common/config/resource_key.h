// Kind and key of a resource, and the words for kinds that people use.
//
// Thread-safety: pure functions.
#pragma once

#include <string>
#include <string_view>

#include "switchyard/v1/resource.pb.h"

namespace switchyard::config {

// By which spec is set; KIND_UNSPECIFIED when none is.
v1::Kind KindOf(const v1::Resource& resource);
v1::ResourceKey KeyOf(const v1::Resource& resource);
// `Listener`, `Route`, `Upstream`, `Secret`; `?` otherwise.
std::string_view KindName(v1::Kind kind);
// Accepts any case, and the plural: `upstream`, `Upstreams`. KIND_UNSPECIFIED when unknown.
v1::Kind ParseKind(std::string_view text);
// `Upstream/checkout`.
std::string ToString(const v1::ResourceKey& key);

}  // namespace switchyard::config
