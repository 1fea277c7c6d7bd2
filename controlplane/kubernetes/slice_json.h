// SliceJson: the answers of a Kubernetes API server, read.
//
// Strict where it matters (a list must say its version, a slice its name), blind to everything else: what it does not know is passed over, as the API's
// rules on compatibility ask. A field of the wrong type is an error, never a guess.
// Thread-safety: pure functions. Cost: linear in the text. Bounds: the text by the caller (kMaxAnswer, kMaxEvent in namespace_watch.h), nesting by 32
// levels, endpoints of a slice by 5000, ports by 100. Errors: INVALID_ARGUMENT says what is odd.
// Source: Kubernetes API reference, EndpointSlice v1; "Kubernetes API Concepts", sections on watch, bookmarks and chunks.
#pragma once

#include <string_view>

#include "absl/status/statusor.h"
#include "controlplane/kubernetes/endpoint_slice.h"

namespace switchyard::controlplane::kubernetes {

absl::StatusOr<SlicePage> ParseSlicePage(std::string_view json);
absl::StatusOr<WatchEvent> ParseWatchEvent(std::string_view line);
// The `message` of a Status object, for people; empty when the text is none.
std::string StatusMessage(std::string_view json);

}  // namespace switchyard::controlplane::kubernetes
