// What a proxy must change in the headers that it passes on.
//
// Takes out hop-by-hop fields (those that RFC 9110 section 7.6.1 names and those that `Connection` lists), fields that frame the message on
// one hop, and fields that must not come as trailers; puts in Via (section 7.6.3), X-Forwarded-For/-Proto/-Host and Forwarded (RFC 7239), and
// X-Forwarded-Client-Cert for a client with a verified certificate. What a stranger claims in these goes out first.
//
// Thread-safety: one instance per exchange. Cost: O(headers); allocates for the texts it makes, whose capacity is kept.
#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "agent/codec/chunk_decoder.h"
#include "agent/codec/head.h"
#include "agent/snapshot/agent_snapshot.h"

namespace switchyard::agent::exchange {

// What is known of the client's connection.
struct ClientFacts {
  std::string_view ip;
  std::string_view scheme;
  // Verified, in the form of `X-Forwarded-Client-Cert`; empty: none.
  std::string_view certificate = {};
};

class RequestForwarding {
 public:
  // The result views `head`, `client`, `listener` and this object.
  const std::vector<codec::Header>& Rewrite(const codec::RequestHead& head, const snapshot::ListenerConfig& listener, const ClientFacts& client);
  // Changes what Rewrite returned: puts `value` in place of the field's, or adds the field. The value is viewed.
  void Set(std::string_view name, codec::FieldId id, std::string_view value);
  // The result once more, for what changes it further.
  std::vector<codec::Header>& headers() { return headers_; }

 private:
  void AddForwarded(const codec::RequestHead& head, snapshot::ForwardedMode mode, const ClientFacts& client);
  void AddCertificate(const codec::RequestHead& head, bool append, std::string_view certificate);

  std::vector<codec::Header> headers_;
  std::string via_;
  std::string forwarded_for_;
  std::string forwarded_;
  std::string certificates_;
};

// Fills `out` for the client: hop-by-hop and framing fields out, `via` (a whole field value, kept by the caller) in.
void RewriteResponse(const codec::ResponseHead& head, std::string_view via, std::vector<codec::Header>& out);

// Trailers that may be passed on; null when none is left. The result views `kept`.
const codec::Trailers* FilterTrailers(const codec::Trailers* trailers, codec::Trailers& kept);

// The first word of a Via entry, with the space behind it: in which version the message came.
std::string_view ViaProtocol(std::uint8_t major, std::uint8_t minor);

// How often this request came through us already, by our pseudonym in Via.
int PassesThrough(const codec::RequestHead& head, std::string_view pseudonym);

}  // namespace switchyard::agent::exchange
