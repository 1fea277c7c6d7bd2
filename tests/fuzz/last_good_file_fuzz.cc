// Last-good files: any bytes are refused or read, and what is read is written back to a file that reads the same.
#include <google/protobuf/util/message_differencer.h>

#include <cstddef>
#include <cstdint>
#include <cstdlib>
#include <string>
#include <string_view>

#include <google/protobuf/stubs/logging.h>

#include "agent/config/last_good_codec.h"
#include "common/tls/sha256.h"

namespace {

using namespace switchyard;
using namespace switchyard::agent::config;

void Check(std::string_view bytes) {
  const absl::StatusOr<v1::Snapshot> snapshot = DecodeLastGood(bytes);
  if (!snapshot.ok()) return;
  const absl::StatusOr<std::string> again = EncodeLastGood(*snapshot);
  if (!again.ok()) std::abort();
  const absl::StatusOr<v1::Snapshot> back = DecodeLastGood(*again);
  // By meaning, not by bytes: the order of map entries is not fixed.
  if (!back.ok() || !google::protobuf::util::MessageDifferencer::Equals(*back, *snapshot)) std::abort();
}

// The same bytes as a payload under a right header, because no mutation ever hits a checksum.
std::string WithHeader(std::string_view payload) {
  std::string bytes = *EncodeLastGood(v1::Snapshot());
  bytes.resize(kLastGoodHeaderBytes);
  for (std::size_t i = 0; i < 8; ++i) bytes[16 + i] = static_cast<char>((payload.size() >> (8 * i)) & 0xFF);
  bytes.replace(24, tls::kSha256Bytes, tls::Sha256(payload));
  bytes += payload;
  return bytes;
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  // Bad UTF-8 is expected here, and protobuf would write a line for each.
  static const auto silent = google::protobuf::SetLogHandler(nullptr);
  static_cast<void>(silent);
  const std::string_view bytes(reinterpret_cast<const char*>(data), size);
  Check(bytes);
  Check(WithHeader(bytes));
  return 0;
}
