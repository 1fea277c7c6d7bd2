#include "agent/codec/h1_parser.h"

#include <llhttp.h>

#include <algorithm>
#include <charconv>

#include "agent/codec/h1_lines.h"
#include "agent/codec/request_target.h"

namespace switchyard::agent::codec {
namespace {

// What llhttp's callbacks fill in. Spans of one field arrive whole, because the head is parsed in one call.
struct Collected {
  llhttp_t parser;
  std::vector<Header>* headers;
  std::string_view target;
  std::string_view reason;
};

Collected& Self(llhttp_t* parser) { return *static_cast<Collected*>(parser->data); }

int OnUrl(llhttp_t* parser, const char* at, std::size_t length) {
  Self(parser).target = {at, length};
  return 0;
}

int OnStatus(llhttp_t* parser, const char* at, std::size_t length) {
  Self(parser).reason = {at, length};
  return 0;
}

int OnField(llhttp_t* parser, const char* at, std::size_t length) {
  Self(parser).headers->push_back({{at, length}, {}, FieldId::kOther});
  return 0;
}

int OnValue(llhttp_t* parser, const char* at, std::size_t length) {
  auto& headers = *Self(parser).headers;
  if (headers.empty()) return -1;
  std::string_view value(at, length);
  while (!value.empty() && (value.back() == ' ' || value.back() == '\t')) value.remove_suffix(1);
  headers.back().value = value;
  return 0;
}

int OnHeadersComplete(llhttp_t*) { return HPE_PAUSED; }

const llhttp_settings_t& Settings() {
  static const llhttp_settings_t settings = [] {
    llhttp_settings_t made;
    llhttp_settings_init(&made);
    made.on_url = OnUrl;
    made.on_status = OnStatus;
    made.on_header_field = OnField;
    made.on_header_value = OnValue;
    made.on_headers_complete = OnHeadersComplete;
    return made;
  }();
  return settings;
}

// True when llhttp read the head to its end and wants to go on.
bool Execute(Collected& collected, llhttp_type_t type, std::string_view bytes) {
  llhttp_init(&collected.parser, type, &Settings());
  collected.parser.data = &collected;
  const llhttp_errno_t error = llhttp_execute(&collected.parser, bytes.data(), bytes.size());
  for (Header& header : *collected.headers) header.id = IdOf(header.name);
  return error == HPE_PAUSED;
}

// RFC 9112 section 6.2: digits only; leading zeros are harmless, signs, lists and white space are not.
bool ParseLength(std::string_view text, std::uint64_t& out) {
  if (text.empty() || text.size() > 19 || text.find_first_not_of("0123456789") != std::string_view::npos) return false;
  return std::from_chars(text.data(), text.data() + text.size(), out).ec == std::errc();
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

Cause CauseOfParserError(const Collected& collected, std::string_view bytes) {
  const llhttp_errno_t error = llhttp_get_errno(&collected.parser);
  // A method that llhttp does not know is a method that we do not offer.
  if (error == HPE_INVALID_METHOD && IsToken(bytes.substr(0, bytes.find(' ')))) return Cause::kNotImplemented;
  return Cause::kBadRequest;
}

// `HTTP/x.y` at the end of the request line: a version of the right shape that is not ours is 505, any other text 400.
Cause CheckVersion(std::string_view bytes, std::uint8_t& minor) {
  const std::string_view line = bytes.substr(0, bytes.find("\r\n"));
  const std::string_view version = line.substr(line.rfind(' ') + 1);
  const auto digit = [](char c) { return c >= '0' && c <= '9'; };
  if (version.size() != 8 || !version.starts_with("HTTP/") || !digit(version[5]) || version[6] != '.' || !digit(version[7])) {
    return Cause::kBadRequest;
  }
  if (version[5] != '1' || version[7] > '1') return Cause::kVersionNotSupported;
  minor = static_cast<std::uint8_t>(version[7] - '0');
  return Cause::kNone;
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
  if (method.size() > 64) return Cause::kBadRequest;
  return Cause::kNone;
}

Cause ParseRequestHead(std::string_view bytes, const HeadLimits& limits, RequestHead& out) {
  out.Clear();
  if (const Cause cause = CheckPartialRequestHead(bytes, limits); cause != Cause::kNone) return cause;
  switch (CheckHeadLines(bytes, /*is_request=*/true, limits.max_headers)) {
    case LineFault::kMalformed:
      return Cause::kBadRequest;
    case LineFault::kTooManyHeaders:
      return Cause::kHeadTooLarge;
    case LineFault::kNone:
      break;
  }
  if (const Cause cause = CheckVersion(bytes, out.minor_version); cause != Cause::kNone) return cause;
  Collected collected{{}, &out.headers, {}, {}};
  if (!Execute(collected, HTTP_REQUEST, bytes)) return CauseOfParserError(collected, bytes);
  out.method = bytes.substr(0, bytes.find(' '));
  out.target = collected.target;
  if (out.method == "CONNECT") return Cause::kNotImplemented;
  if (!SplitTarget(out)) return Cause::kBadRequest;
  if (const Cause cause = CheckHost(out); cause != Cause::kNone) return cause;
  if (const Cause cause = DecideRequestFraming(out); cause != Cause::kNone) return cause;
  return DecideRequestSemantics(out);
}

Cause ParseResponseHead(std::string_view bytes, const HeadLimits& limits, bool to_head_request, ResponseHead& out) {
  out.Clear();
  if (bytes.size() > limits.max_head_bytes) return Cause::kBadResponse;
  if (CheckHeadLines(bytes, /*is_request=*/false, limits.max_headers) != LineFault::kNone) return Cause::kBadResponse;
  Collected collected{{}, &out.headers, {}, {}};
  if (!Execute(collected, HTTP_RESPONSE, bytes)) return Cause::kBadResponse;
  out.status = collected.parser.status_code;
  out.reason = collected.reason;
  out.minor_version = collected.parser.http_minor;
  if (collected.parser.http_major != 1 || out.status < 100 || out.status > 999) return Cause::kBadResponse;
  out.keep_alive = out.minor_version >= 1;
  for (const Header& header : out.headers) {
    if (header.id != FieldId::kConnection) continue;
    if (ListHas(header.value, "close")) out.keep_alive = false;
    if (out.minor_version == 0 && ListHas(header.value, "keep-alive")) out.keep_alive = true;
  }
  return DecideResponseFraming(out, to_head_request);
}

}  // namespace switchyard::agent::codec
