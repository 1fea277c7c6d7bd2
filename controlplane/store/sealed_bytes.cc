#include "controlplane/store/sealed_bytes.h"

#include <algorithm>

namespace switchyard::controlplane::store {

absl::StatusOr<std::string> SealedBytes::Write(const v1::Resource& resource, std::string_view key) const {
  return WriteAs(resource, resource.has_secret(), key);
}

absl::StatusOr<std::string> SealedBytes::Write(const v1::WatchResponse& payload, std::string_view key) const {
  const bool secret = std::any_of(payload.resources().begin(), payload.resources().end(), [](const auto& r) { return r.has_secret(); });
  return WriteAs(payload, secret, key);
}

absl::StatusOr<std::string> SealedBytes::WriteAs(const google::protobuf::MessageLite& message, bool secret, std::string_view key) const {
  std::string plain = message.SerializeAsString();
  if (!secret) return plain;
  if (seal_ == nullptr) return absl::FailedPreconditionError("this store was opened without a seal and takes no secrets");
  return seal_->Close(plain, key);
}

absl::StatusOr<bool> SealedBytes::Read(std::string_view stored, std::string_view key, google::protobuf::MessageLite& out) const {
  if (!tls::Seal::IsSealed(stored)) return out.ParseFromArray(stored.data(), static_cast<int>(stored.size()));
  if (seal_ == nullptr) return absl::FailedPreconditionError("this store was opened without a seal and cannot read its secrets");
  absl::StatusOr<std::string> plain = seal_->Reveal(stored, key);
  if (!plain.ok()) return plain.status();
  return out.ParseFromString(*plain);
}

}  // namespace switchyard::controlplane::store
