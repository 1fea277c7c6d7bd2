// Compression: whether and how a response is compressed.
//
// Thread-safety: immutable but for the count of open streams, which any worker changes. Cost: O(headers) per response; deciding allocates only
// for a changed ETag. Source: `Compression` in route.proto; RFC 9110 sections 8.4, 8.8.3, 12.5.3.
#pragma once

#include <atomic>
#include <cstdint>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "agent/codec/head.h"
#include "agent/policy/encoder.h"
#include "agent/policy/facts.h"

namespace switchyard::agent::policy {

// What a response is before it goes out.
struct ResponseShape {
  std::uint16_t status = 0;
  codec::Framing framing = codec::Framing::kNone;
  std::uint64_t content_length = 0;
};

class Compression {
 public:
  struct Options {
    std::vector<Coding> codings;  // in order of preference
    std::vector<std::string> content_types;
    std::uint64_t min_bytes = 0;
    std::uint32_t max_streams = 0;
  };
  explicit Compression(Options options) : options_(std::move(options)) {}

  // The coding that the client likes best, by q-values, then by our order; kIdentity: none.
  Coding Negotiate(const std::vector<codec::Header>& request) const;
  // Null: the response goes as it is. Else its headers are changed and its body must go through the encoder.
  std::unique_ptr<Encoder> Start(const codec::RequestHead& request, ResponseShape& response, TextStore& store,
                                 std::vector<codec::Header>& headers) const;
  bool CoversType(std::string_view content_type) const;

 private:
  bool Suits(const codec::RequestHead& request, const ResponseShape& response, const std::vector<codec::Header>& headers) const;

  const Options options_;
  mutable std::atomic<std::uint32_t> open_{0};
};

}  // namespace switchyard::agent::policy
