// Heads: the request and response heads that every codec produces and every exchange consumes, whatever the HTTP version.
//
// All text is views into the buffer that the head was parsed from; whoever keeps a head keeps that buffer. Headers keep their order and
// their spelling. Well-known fields carry an id, so that later steps switch on a byte instead of comparing names.
//
// Thread-safety: values, one thread. Cost: a head reuses its vector; no allocation once it has seen its largest head.
// Source: RFC 9110 (fields), RFC 9112 (framing).
#pragma once

#include <cstdint>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

namespace switchyard::agent::codec {

enum class FieldId : std::uint8_t {
  kOther,
  kConnection,
  kContentLength,
  kContentType,
  kEndpointLoad,
  kExpect,
  kForwarded,
  kGrpcTimeout,
  kHost,
  kHttp2Settings,
  kKeepAlive,
  kProxyAuthenticate,
  kProxyConnection,
  kSecWebSocketAccept,
  kSecWebSocketKey,
  kTe,
  kTrailer,
  kSwitchyardCause,
  kTransferEncoding,
  kUpgrade,
  kVia,
  kXForwardedClientCert,
  kXForwardedFor,
  kXForwardedHost,
  kXForwardedProto,
};

// kOther for everything that proxying does not need to know. Case-insensitive.
FieldId IdOf(std::string_view name);
bool EqualsIgnoreCase(std::string_view a, std::string_view b);

struct Header {
  std::string_view name;
  std::string_view value;  // without leading and trailing white space
  FieldId id = FieldId::kOther;
  bool never_indexed = false;  // its sender wants no HPACK table to hold it, on any hop (RFC 7541 section 6.2.3)
};

// How the end of a body is known (RFC 9112 section 6).
enum class Framing : std::uint8_t {
  kNone,       // there is no body
  kLength,     // content_length bytes
  kChunked,    // chunked transfer coding
  kUntilClose  // responses only
};

struct RequestHead {
  std::string_view method;
  std::string_view target;     // as sent
  std::string_view authority;  // Host, or of an absolute target, which wins (RFC 9112 section 3.2.2); with port
  std::string_view host;       // authority without port
  // Target without scheme, authority and query; `*` for OPTIONS *. Normalized (common/rules/request_path.h), so that what rules look at is what is forwarded.
  std::string_view path;
  std::string_view path_and_query;
  // Holds the two where they are not as sent; null: they are.
  std::unique_ptr<const std::string> normalized;
  std::vector<Header> headers;
  Framing framing = Framing::kNone;
  std::uint64_t content_length = 0;
  bool states_length = false;      // there was a Content-Length, were it 0
  std::uint8_t major_version = 1;
  std::uint8_t minor_version = 1;  // of HTTP/1
  bool keep_alive = true;          // what the client wishes
  bool expects_continue = false;
  bool wants_upgrade = false;  // `Connection: upgrade` and an `Upgrade` field that may be forwarded
  std::string_view upgrade_protocol;  // with wants_upgrade
  bool is_head() const { return method == "HEAD"; }

  void Clear();
};

struct ResponseHead {
  std::uint16_t status = 0;
  std::string_view reason;
  std::vector<Header> headers;
  Framing framing = Framing::kNone;
  std::uint64_t content_length = 0;
  std::uint8_t major_version = 1;
  std::uint8_t minor_version = 1;
  bool keep_alive = true;

  void Clear();
};

// The value of the first header with this id; empty view with null data when absent.
std::string_view Find(const std::vector<Header>& headers, FieldId id);
// Whether a comma-separated list holds this token (case-insensitive).
bool ListHas(std::string_view list, std::string_view token);

}  // namespace switchyard::agent::codec
