// LastGoodCodec: the bytes of a last-good file. Pure: no file is touched here.
//
// Layout, all numbers little-endian:
//   8 bytes  magic `SWYDLKG` and a newline, so that a text editor or a wrong file is recognised
//   4 bytes  format version, now 1
//   4 bytes  zero, for what is to come
//   8 bytes  length of the payload
//  32 bytes  SHA-256 of the payload
//   n bytes  the payload: a serialized switchyard.v1.Snapshot
// Nothing may follow the payload. A reader refuses a version that it does not know, so that a downgrade falls back instead of guessing.
//
// Thread-safety: pure functions. Bounds: the payload is at most 128 MiB (a snapshot of 100,000 backends is about 10 MiB).
// Errors: DATA_LOSS names what does not fit; RESOURCE_EXHAUSTED when a snapshot is too large to keep.
#pragma once

#include <cstddef>
#include <cstdint>
#include <string>
#include <string_view>

#include "absl/status/statusor.h"
#include "switchyard/v1/snapshot.pb.h"

namespace switchyard::agent::config {

inline constexpr std::uint32_t kLastGoodVersion = 1;
inline constexpr std::size_t kLastGoodHeaderBytes = 56;
inline constexpr std::size_t kLastGoodMaxPayload = 128 * 1024 * 1024;

absl::StatusOr<std::string> EncodeLastGood(const v1::Snapshot& snapshot);
absl::StatusOr<v1::Snapshot> DecodeLastGood(std::string_view bytes);

}  // namespace switchyard::agent::config
