#include "agent/config/last_good_codec.h"

#include "common/tls/sha256.h"
#include "fmt/format.h"

namespace switchyard::agent::config {
namespace {

constexpr std::string_view kMagic = "SWYDLKG\n";
constexpr std::size_t kDigestBytes = 32;

void AppendNumber(std::string& out, std::uint64_t value, std::size_t bytes) {
  for (std::size_t i = 0; i < bytes; ++i) out += static_cast<char>((value >> (8 * i)) & 0xFF);
}

std::uint64_t ReadNumber(std::string_view bytes) {
  std::uint64_t value = 0;
  for (std::size_t i = bytes.size(); i-- > 0;) value = (value << 8) | static_cast<unsigned char>(bytes[i]);
  return value;
}

}  // namespace

absl::StatusOr<std::string> EncodeLastGood(const v1::Snapshot& snapshot) {
  const std::size_t size = snapshot.ByteSizeLong();
  if (size > kLastGoodMaxPayload) {
    return absl::ResourceExhaustedError(fmt::format("snapshot has {} bytes; at most {} are kept", size, kLastGoodMaxPayload));
  }
  std::string payload;
  if (!snapshot.SerializeToString(&payload)) return absl::InternalError("snapshot cannot be serialized");
  std::string out(kMagic);
  out.reserve(kLastGoodHeaderBytes + payload.size());
  AppendNumber(out, kLastGoodVersion, 4);
  AppendNumber(out, 0, 4);
  AppendNumber(out, payload.size(), 8);
  out += switchyard::tls::Sha256(payload);
  out += payload;
  return out;
}

absl::StatusOr<v1::Snapshot> DecodeLastGood(std::string_view bytes) {
  if (bytes.empty()) return absl::DataLossError("file is empty");
  if (bytes.size() < kLastGoodHeaderBytes) return absl::DataLossError(fmt::format("file is cut short in its header ({} bytes)", bytes.size()));
  if (bytes.substr(0, kMagic.size()) != kMagic) return absl::DataLossError("not a last-good file");
  const std::uint64_t version = ReadNumber(bytes.substr(8, 4));
  if (version != kLastGoodVersion) {
    return absl::DataLossError(fmt::format("format version {}; this program reads version {}", version, kLastGoodVersion));
  }
  const std::uint64_t size = ReadNumber(bytes.substr(16, 8));
  const std::string_view payload = bytes.substr(kLastGoodHeaderBytes);
  if (size != payload.size()) return absl::DataLossError(fmt::format("payload has {} bytes instead of {}", payload.size(), size));
  if (size > kLastGoodMaxPayload) return absl::DataLossError(fmt::format("payload has {} bytes; at most {}", size, kLastGoodMaxPayload));
  if (switchyard::tls::Sha256(payload) != bytes.substr(24, kDigestBytes)) return absl::DataLossError("checksum differs");
  v1::Snapshot snapshot;
  if (!snapshot.ParseFromArray(payload.data(), static_cast<int>(payload.size()))) return absl::DataLossError("payload is not a snapshot");
  return snapshot;
}

}  // namespace switchyard::agent::config
