// The digest of a snapshot: equal digests mean equal meaning, on the controller and on every agent.
//
// SHA-256 over, for each resource in order: kind (1 byte), length of the name (4 bytes, big endian), name, length of the bytes (4 bytes, big
// endian), bytes. The bytes are the resource's deterministic serialization (map entries sorted by key) with the output-only fields `generation` and
// `updated` cleared. Unknown fields (from a newer controller) are covered too.
//
// Thread-safety: pure functions. Cost: one serialization of each resource, then about 500 MB/s.
#pragma once

#include <string>

#include <google/protobuf/repeated_ptr_field.h>

#include "switchyard/v1/resource.pb.h"

namespace switchyard::config {

// 32 raw bytes. REQUIRES: sorted by kind, then name (else the digest is that of another order).
std::string SnapshotDigest(const google::protobuf::RepeatedPtrField<v1::Resource>& resources);

// The deterministic bytes of one resource, output-only fields cleared: equal bytes, equal meaning.
std::string CanonicalBytes(const v1::Resource& resource);

}  // namespace switchyard::config
