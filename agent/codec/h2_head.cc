#include "agent/codec/h2_head.h"

#include <charconv>

#include "agent/codec/h1_lines.h"
#include "agent/codec/request_target.h"

namespace switchyard::agent::codec {
namespace {

struct Length {
  int fields = 0;
  bool good = true;
  std::uint64_t value = 0;
};

Length ReadLength(const std::vector<Header>& headers) {
  Length length;
  for (const Header& header : headers) {
    if (header.id != FieldId::kContentLength) continue;
    ++length.fields;
    const std::string_view text = header.value;
    length.good = length.fields == 1 && !text.empty() && text.size() <= 19 && text.find_first_not_of("0123456789") == std::string_view::npos &&
                  std::from_chars(text.data(), text.data() + text.size(), length.value).ec == std::errc();
    if (!length.good) break;
  }
  return length;
}

bool GoodTargetBytes(std::string_view target) {
  for (const char c : target) {
    const auto byte = static_cast<unsigned char>(c);
    if (byte <= 0x20 || byte >= 0x7f || c == '#') return false;
  }
  return !target.empty();
}

// The target comes in origin form (or `*`): the scheme and authority have fields of their own.
Cause TakeTarget(const H2Fields& fields, const HeadLimits& limits, RequestHead& out) {
  const std::string_view scheme = fields.pseudo(H2Fields::kScheme);
  if (!EqualsIgnoreCase(scheme, "http") && !EqualsIgnoreCase(scheme, "https")) return Cause::kBadRequest;
  out.target = fields.pseudo(H2Fields::kPath);
  if (out.target.size() > limits.max_target_bytes) return Cause::kTargetTooLong;
  if (!GoodTargetBytes(out.target) || (out.target.front() != '/' && out.target != "*")) return Cause::kBadRequest;
  return SplitTarget(out) ? Cause::kNone : Cause::kBadRequest;
}

// `:authority` or else `host`; both must agree, so that nobody can route by one and serve by the other.
Cause TakeAuthority(const H2Fields& fields, RequestHead& out) {
  const std::string_view authority = fields.pseudo(H2Fields::kAuthority);
  int hosts = 0;
  std::string_view host;
  for (const Header& header : out.headers) {
    if (header.id != FieldId::kHost) continue;
    ++hosts;
    host = header.value;
  }
  if (hosts > 1 || (hosts == 0 && authority.data() == nullptr)) return Cause::kBadRequest;
  if (hosts == 1 && authority.data() != nullptr && !EqualsIgnoreCase(host, authority)) return Cause::kBadRequest;
  out.authority = authority.data() != nullptr ? authority : host;
  if (!IsAuthority(out.authority)) return Cause::kBadRequest;
  out.host = HostOfAuthority(out.authority);
  return Cause::kNone;
}

Cause TakeMethod(const H2Fields& fields, bool ends, RequestHead& out) {
  out.method = fields.pseudo(H2Fields::kMethod);
  const std::string_view protocol = fields.pseudo(H2Fields::kProtocol);
  if (!IsToken(out.method) || out.method.size() > 64) return Cause::kBadRequest;
  if (protocol.data() == nullptr) return out.method == "CONNECT" ? Cause::kNotImplemented : Cause::kNone;
  if (out.method != "CONNECT" || ends || !IsToken(protocol)) return Cause::kBadRequest;
  if (!EqualsIgnoreCase(protocol, "websocket")) return Cause::kNotImplemented;
  out.method = "GET";
  out.wants_upgrade = true;
  out.upgrade_protocol = protocol;
  return Cause::kNone;
}

Cause TakeFields(H2Fields& fields, RequestHead& out) {
  if (!fields.clean()) return Cause::kBadRequest;
  fields.ListTo(out.headers);
  for (const Header& header : out.headers) {
    if (header.id != FieldId::kExpect) continue;
    if (!EqualsIgnoreCase(header.value, "100-continue")) return Cause::kExpectationFailed;
    out.expects_continue = true;
  }
  return Cause::kNone;
}

Cause TakeFraming(bool ends, RequestHead& out) {
  const Length length = ReadLength(out.headers);
  if (!length.good || (ends && length.value > 0)) return Cause::kBadRequest;
  if (out.wants_upgrade) return length.fields == 0 ? Cause::kNone : Cause::kBadRequest;
  out.content_length = length.value;
  out.states_length = length.fields > 0;
  if (!ends) out.framing = length.fields == 0 ? Framing::kChunked : length.value == 0 ? Framing::kNone : Framing::kLength;
  return Cause::kNone;
}

}  // namespace

Cause ReadRequestHead(H2Fields& fields, const HeadLimits& limits, bool ends, RequestHead& out) {
  out.Clear();
  out.major_version = 2;
  if (fields.too_large()) return Cause::kHeadTooLarge;
  if (const Cause cause = TakeFields(fields, out); cause != Cause::kNone) return cause;
  if (const Cause cause = TakeMethod(fields, ends, out); cause != Cause::kNone) return cause;
  if (const Cause cause = TakeTarget(fields, limits, out); cause != Cause::kNone) return cause;
  if (const Cause cause = TakeAuthority(fields, out); cause != Cause::kNone) return cause;
  return TakeFraming(ends, out);
}

Cause ReadResponseHead(H2Fields& fields, bool ends, bool to_head_request, ResponseHead& out) {
  out.Clear();
  out.major_version = 2;
  const std::string_view status = fields.pseudo(H2Fields::kStatus);
  if (fields.too_large() || status.size() != 3) return Cause::kBadResponse;
  const auto parsed = std::from_chars(status.data(), status.data() + 3, out.status);
  if (parsed.ptr != status.data() + 3 || out.status < 100 || out.status == 101) return Cause::kBadResponse;
  if (!fields.clean()) return Cause::kBadResponse;
  fields.ListTo(out.headers);
  const Length length = ReadLength(out.headers);
  if (!length.good) return Cause::kBadResponse;
  out.content_length = length.value;
  const bool no_body = to_head_request || ends || out.status < 200 || out.status == 204 || out.status == 304;
  out.framing = no_body ? Framing::kNone : length.fields == 0 ? Framing::kUntilClose : length.value == 0 ? Framing::kNone : Framing::kLength;
  return Cause::kNone;
}

}  // namespace switchyard::agent::codec
