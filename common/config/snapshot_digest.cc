#include "common/config/snapshot_digest.h"

#include <array>
#include <cstdint>
#include <string_view>

#include <google/protobuf/io/coded_stream.h>
#include <google/protobuf/io/zero_copy_stream_impl_lite.h>

#include "common/config/resource_key.h"
#include "common/tls/sha256.h"

namespace switchyard::config {
namespace {

std::string Deterministic(const v1::Resource& resource) {
  std::string bytes;
  {
    google::protobuf::io::StringOutputStream out(&bytes);
    google::protobuf::io::CodedOutputStream coded(&out);
    coded.SetSerializationDeterministic(true);
    resource.SerializeToCodedStream(&coded);
  }
  return bytes;
}

void AddLength(std::size_t length, tls::Sha256Stream& hash) {
  const auto n = static_cast<std::uint32_t>(length);
  const std::array<char, 4> bytes = {static_cast<char>(n >> 24U), static_cast<char>(n >> 16U), static_cast<char>(n >> 8U), static_cast<char>(n)};
  hash.Update(std::string_view(bytes.data(), bytes.size()));
}

}  // namespace

std::string CanonicalBytes(const v1::Resource& resource) {
  if (resource.generation() == 0 && !resource.has_updated()) return Deterministic(resource);
  v1::Resource copy = resource;
  copy.clear_generation();
  copy.clear_updated();
  return Deterministic(copy);
}

std::string SnapshotDigest(const google::protobuf::RepeatedPtrField<v1::Resource>& resources) {
  tls::Sha256Stream hash;
  for (const v1::Resource& resource : resources) {
    const std::string bytes = CanonicalBytes(resource);
    const char kind = static_cast<char>(KindOf(resource));
    hash.Update(std::string_view(&kind, 1));
    AddLength(resource.name().size(), hash);
    hash.Update(resource.name());
    AddLength(bytes.size(), hash);
    hash.Update(bytes);
  }
  return hash.Finish();
}

}  // namespace switchyard::config
