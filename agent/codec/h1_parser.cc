#include "agent/codec/h1_parser.h"

#include <algorithm>
#include <iterator>

#include "agent/codec/h1_lines.h"
#include "agent/codec/request_target.h"

namespace switchyard::agent::codec {
namespace {

constexpr std::size_t kMaxMethod = 64;

// Methods that are registered with IANA or in common use (RFC 9110 section 16.1, WebDAV and its kin), the usual ones first; others are 501.
constexpr std::string_view kMethods[] = {
    "GET",      "POST",      "HEAD",   "PUT",       "DELETE",   "OPTIONS", "PATCH",  "CONNECT",    "TRACE",  "COPY",    "LOCK",  "MKCOL",
    "MOVE",     "PROPFIND",  "SEARCH", "PROPPATCH", "UNLOCK",   "BIND",    "REBIND", "UNBIND",     "ACL",    "REPORT",  "MERGE", "MKACTIVITY",
    "CHECKOUT", "M-SEARCH",  "NOTIFY", "SUBSCRIBE", "UNSUBSCRIBE", "PURGE", "MKCALENDAR", "LINK",  "UNLINK"};

bool IsKnownMethod(std::string_view method) {
  return std::any_of(std::begin(kMethods), std::end(kMethods), [&](std::string_view known) { return known == method; });
}

// RFC 9112 section 6.2: digits only; leading zeros are harmless, signs, lists and white space are not.
bool ParseLength(std::string_view text, std::uint64_t& out) {
  if (text.empty() || text.size() > 19) return false;
  out = 0;
  for (const char c : text) {
    if (c < '0' || c > '9') return false;
    out = out * 10 + static_cast<std::uint64_t>(c - '0');
  }
  return true;
}

struct FramingFields {
  int lengths = 0;
  int codings = 0;
  bool chunked = false;
  // "chunked" is named in a place where it does not end the coding.
  bool chunked_inside = false;
  bool good_length = true;
  std::uint64_t length = 0;
};

std::string_view BeforeLastComma(std::string_view list) {
  const std::size_t comma = list.rfind(',');
  return comma == std::string_view::npos ? std::string_view() : list.substr(0, comma);
}

FramingFields ReadFramingFields(const std::vector<Header>& headers) {
  FramingFields fields;
  for (const Header& header : headers) {
    if (header.id == FieldId::kContentLength) {
      ++fields.lengths;
      fields.good_length = fields.good_length && ParseLength(header.value, fields.length);
    } else if (header.id == FieldId::kTransferEncoding) {
      ++fields.codings;
      fields.chunked = EqualsIgnoreCase(header.value, "chunked");
      fields.chunked_inside = ListHas(BeforeLastComma(header.value), "chunked");
    }
  }
  return fields;
}

Cause DecideRequestFraming(RequestHead& out) {
  const FramingFields fields = ReadFramingFields(out.headers);
  if (fields.lengths > 1 || !fields.good_length) return Cause::kBadRequest;
  if (fields.codings > 0) {
    if (fields.lengths > 0 || fields.codings > 1 || out.minor_version == 0) return Cause::kBadRequest;
    // RFC 9112 section 6.3: where "chunked" is not the final coding, and only that, nobody can tell where the body ends.
    if (fields.chunked_inside) return Cause::kBadRequest;
    if (!fields.chunked) return Cause::kNotImplemented;
    out.framing = Framing::kChunked;
  } else if (fields.lengths == 1) {
    out.framing = fields.length == 0 ? Framing::kNone : Framing::kLength;
    out.content_length = fields.length;
    out.states_length = true;
  }
  return Cause::kNone;
}

// Connection, Expect and Upgrade of a request.
Cause DecideRequestSemantics(RequestHead& out) {
  bool upgrade_token = false;
  std::string_view upgrade;
  out.keep_alive = out.minor_version >= 1;
  for (const Header& header : out.headers) {
    if (header.id == FieldId::kConnection) {
      if (ListHas(header.value, "close")) out.keep_alive = false;
      if (out.minor_version == 0 && ListHas(header.value, "keep-alive")) out.keep_alive = true;
      upgrade_token = upgrade_token || ListHas(header.value, "upgrade");
    } else if (header.id == FieldId::kExpect) {
      if (!EqualsIgnoreCase(header.value, "100-continue")) return Cause::kExpectationFailed;
      out.expects_continue = out.minor_version >= 1;
    } else if (header.id == FieldId::kUpgrade) {
      out.upgrade_protocol = upgrade = header.value;
    }
  }
  // An upgrade to HTTP/2 would take the bytes that follow out of our sight; RFC 9110 section 7.8 lets us ignore the offer. With a body
  // pending the switch point would be ambiguous, so that is ignored, too.
  out.wants_upgrade = upgrade_token && out.minor_version >= 1 && out.framing == Framing::kNone && IsToken(upgrade) &&
                      !EqualsIgnoreCase(upgrade, "h2c") && !EqualsIgnoreCase(upgrade, "h2");
  return Cause::kNone;
}

// `HTTP/x.y`: a version of the right shape that is not ours is 505, any other text 400.
Cause CheckVersion(std::string_view version, std::uint8_t& minor) {
  const auto digit = [](char c) { return c >= '0' && c <= '9'; };
  if (version.size() != 8 || !version.starts_with("HTTP/") || !digit(version[5]) || version[6] != '.' || !digit(version[7])) {
    return Cause::kBadRequest;
  }
  if (version[5] != '1' || version[7] > '1') return Cause::kVersionNotSupported;
  minor = static_cast<std::uint8_t>(version[7] - '0');
  return Cause::kNone;
}

// `HTTP/1.x 200`, and a reason if any behind a space.
bool ReadStatusLine(std::string_view line, ResponseHead& out) {
  constexpr std::size_t kDigits = 9;
  constexpr std::size_t kReason = kDigits + 3;
  if (line.size() < kReason || !line.starts_with("HTTP/1.") || (line[7] != '0' && line[7] != '1') || line[8] != ' ') return false;
  out.minor_version = static_cast<std::uint8_t>(line[7] - '0');
  for (std::size_t i = kDigits; i < kReason; ++i) {
    if (line[i] < '0' || line[i] > '9') return false;
    out.status = static_cast<std::uint16_t>(out.status * 10 + (line[i] - '0'));
  }
  if (line.size() > kReason && line[kReason] != ' ') return false;
  out.reason = line.substr(std::min(line.size(), kReason + 1));
  return out.status >= 100;
}

Cause CheckHost(RequestHead& out) {
  int hosts = 0;
  for (const Header& header : out.headers) {
    if (header.id != FieldId::kHost) continue;
    ++hosts;
    if (out.authority.data() == nullptr) out.authority = header.value;
    if (!header.value.empty() && !IsAuthority(header.value)) return Cause::kBadRequest;
  }
  if (hosts > 1 || (hosts == 0 && out.minor_version >= 1)) return Cause::kBadRequest;
  out.host = HostOfAuthority(out.authority);
  return Cause::kNone;
}

bool StatusHasNoBody(std::uint16_t status) { return status < 200 || status == 204 || status == 304; }

// RFC 9112 section 6.3, with the doubtful cases refused.
Cause DecideResponseFraming(ResponseHead& out, bool to_head_request) {
  const FramingFields fields = ReadFramingFields(out.headers);
  if (fields.lengths > 1 || !fields.good_length || (fields.codings > 0 && fields.lengths > 0)) return Cause::kBadResponse;
  if (fields.codings > 1 || (fields.codings == 1 && !fields.chunked)) return Cause::kBadResponse;
  out.content_length = fields.length;
  if (to_head_request || StatusHasNoBody(out.status)) {
    out.framing = Framing::kNone;
  } else if (fields.codings == 1) {
    if (out.minor_version == 0) return Cause::kBadResponse;
    out.framing = Framing::kChunked;
  } else if (fields.lengths == 1) {
    out.framing = fields.length == 0 ? Framing::kNone : Framing::kLength;
  } else {
    out.framing = Framing::kUntilClose;
  }
  return Cause::kNone;
}

}  // namespace

Cause CheckPartialRequestHead(std::string_view bytes, const HeadLimits& limits) {
  const std::string_view line = bytes.substr(0, bytes.find('\n'));
  const std::size_t space = line.find(' ');
  if (space != std::string_view::npos) {
    const std::size_t end = line.find(' ', space + 1);
    const std::size_t target = (end == std::string_view::npos ? line.size() : end) - space - 1;
    if (target > limits.max_target_bytes) return Cause::kTargetTooLong;
  }
  if (bytes.size() > limits.max_head_bytes) return Cause::kHeadTooLarge;
  // TLS, HTTP/2 or other bytes that can never become a request line need not wait for the timeout.
  const std::string_view method = line.substr(0, std::min(space, line.size()));
  if (!method.empty() && method != "\r" && !IsToken(method)) return Cause::kBadRequest;
  if (method.size() > kMaxMethod) return Cause::kBadRequest;
  return Cause::kNone;
}

Cause ParseRequestHead(std::string_view bytes, const HeadLimits& limits, RequestHead& out) {
  out.Clear();
  // Within the least of them it is within all.
  if (bytes.size() > std::min(limits.max_head_bytes, limits.max_target_bytes)) {
    if (const Cause cause = CheckPartialRequestHead(bytes, limits); cause != Cause::kNone) return cause;
  }
  HeadLines lines;
  switch (ReadHeadLines(bytes, /*is_request=*/true, limits.max_headers, lines, out.headers)) {
    case LineFault::kMalformed:
      return Cause::kBadRequest;
    case LineFault::kTooManyHeaders:
      return Cause::kHeadTooLarge;
    case LineFault::kNone:
      break;
  }
  if (lines.method.size() > kMaxMethod) return Cause::kBadRequest;
  if (const Cause cause = CheckVersion(lines.version, out.minor_version); cause != Cause::kNone) return cause;
  if (!IsKnownMethod(lines.method) || lines.method == "CONNECT") return Cause::kNotImplemented;
  out.method = lines.method;
  out.target = lines.target;
  if (!SplitTarget(out)) return Cause::kBadRequest;
  if (const Cause cause = CheckHost(out); cause != Cause::kNone) return cause;
  if (const Cause cause = DecideRequestFraming(out); cause != Cause::kNone) return cause;
  return DecideRequestSemantics(out);
}

Cause ParseResponseHead(std::string_view bytes, const HeadLimits& limits, bool to_head_request, ResponseHead& out) {
  out.Clear();
  if (bytes.size() > limits.max_head_bytes) return Cause::kBadResponse;
  HeadLines lines;
  if (ReadHeadLines(bytes, /*is_request=*/false, limits.max_headers, lines, out.headers) != LineFault::kNone) return Cause::kBadResponse;
  if (!ReadStatusLine(lines.status, out)) return Cause::kBadResponse;
  out.keep_alive = out.minor_version >= 1;
  for (const Header& header : out.headers) {
    if (header.id != FieldId::kConnection) continue;
    if (ListHas(header.value, "close")) out.keep_alive = false;
    if (out.minor_version == 0 && ListHas(header.value, "keep-alive")) out.keep_alive = true;
  }
  return DecideResponseFraming(out, to_head_request);
}

}  // namespace switchyard::agent::codec
