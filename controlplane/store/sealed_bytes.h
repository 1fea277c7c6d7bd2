// SealedBytes: resources as bytes for the disk. Those with secrets in them are sealed, all others are plain protobuf.
//
// Thread-safety: immutable; any thread. Cost: nothing for what holds no secret. Errors: FAILED_PRECONDITION: a secret, and no seal was
// given; DATA_LOSS: as Seal.
#pragma once

#include <memory>
#include <string>
#include <string_view>

#include "absl/status/statusor.h"
#include "common/tls/seal.h"
#include "switchyard/v1/fleet.pb.h"
#include "switchyard/v1/resource.pb.h"

namespace switchyard::controlplane::store {

class SealedBytes {
 public:
  // `seal` may be null.
  explicit SealedBytes(std::shared_ptr<const tls::Seal> seal) : seal_(std::move(seal)) {}

  // `key`: under which the bytes are stored. They can be read back under no other.
  absl::StatusOr<std::string> Write(const v1::Resource& resource, std::string_view key) const;
  absl::StatusOr<std::string> Write(const v1::WatchResponse& payload, std::string_view key) const;
  // False: not such a message.
  absl::StatusOr<bool> Read(std::string_view stored, std::string_view key, google::protobuf::MessageLite& out) const;

 private:
  absl::StatusOr<std::string> WriteAs(const google::protobuf::MessageLite& message, bool secret, std::string_view key) const;

  const std::shared_ptr<const tls::Seal> seal_;
};

}  // namespace switchyard::controlplane::store
