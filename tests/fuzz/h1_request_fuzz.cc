// HTTP/1 requests: any bytes are refused or read; what is read is read alike by llhttp, and obeys the rules that keep requests from being
// smuggled; and nothing depends on how the bytes are cut into pieces.
#include <llhttp.h>

#include <cstdint>
#include <cstdlib>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "agent/codec/body_reader.h"
#include "agent/codec/h1_lines.h"
#include "agent/codec/h1_parser.h"
#include "agent/codec/h1_writer.h"

namespace {

using namespace switchyard;
using namespace switchyard::agent::codec;

void Require(bool holds) {
  if (!holds) std::abort();
}

bool Within(std::string_view part, std::string_view whole) {
  return part.empty() || (part.data() >= whole.data() && part.data() + part.size() <= whole.data() + whole.size());
}

// The end of a head is found at the same place however much was looked at before.
std::size_t HeadEnd(std::string_view bytes) {
  const std::size_t whole = FindHeadEnd(bytes, 0);
  std::size_t stepwise = 0;
  for (std::size_t have = 1; have <= bytes.size() && have <= 2048 && stepwise == 0; ++have) stepwise = FindHeadEnd(bytes.substr(0, have), have - 1);
  if (stepwise != 0 || bytes.size() <= 2048) Require(stepwise == whole);
  return whole;
}

void CheckHead(const RequestHead& head, std::string_view bytes) {
  int lengths = 0;
  int codings = 0;
  int hosts = 0;
  Require(IsToken(head.method) && Within(head.target, bytes) && !head.path.empty());
  for (const Header& header : head.headers) {
    Require(IsToken(header.name) && IsFieldValue(header.value) && Within(header.name, bytes) && Within(header.value, bytes));
    lengths += header.id == FieldId::kContentLength ? 1 : 0;
    codings += header.id == FieldId::kTransferEncoding ? 1 : 0;
    hosts += header.id == FieldId::kHost ? 1 : 0;
  }
  Require(lengths + codings <= 1 && hosts <= 1);
  Require((head.framing == Framing::kChunked) == (codings == 1));
  Require(head.framing != Framing::kUntilClose);
  Require(head.minor_version <= 1 && (hosts == 1 || head.minor_version == 0));
  Require(head.path.find("/../") == std::string_view::npos && head.path.find('#') == std::string_view::npos);
}

// llhttp reads the same bytes, in the same way: what we take nobody takes for something else.
struct Other {
  llhttp_t parser;
  std::vector<std::pair<std::string_view, std::string_view>> headers;
  std::string_view target;
};

Other& Self(llhttp_t* parser) { return *static_cast<Other*>(parser->data); }

llhttp_settings_t OtherSettings() {
  llhttp_settings_t settings;
  llhttp_settings_init(&settings);
  settings.on_url = [](llhttp_t* parser, const char* at, std::size_t length) {
    Self(parser).target = {at, length};
    return 0;
  };
  settings.on_header_field = [](llhttp_t* parser, const char* at, std::size_t length) {
    Self(parser).headers.push_back({{at, length}, {}});
    return 0;
  };
  settings.on_header_value = [](llhttp_t* parser, const char* at, std::size_t length) {
    Self(parser).headers.back().second = {at, length};
    return 0;
  };
  settings.on_headers_complete = [](llhttp_t*) -> int { return HPE_PAUSED; };
  return settings;
}

std::string_view WithoutBlanks(std::string_view text) {
  while (!text.empty() && (text.back() == ' ' || text.back() == '\t')) text.remove_suffix(1);
  return text;
}

void CompareWithOther(const RequestHead& head, std::string_view bytes) {
  static const llhttp_settings_t settings = OtherSettings();
  Other other;
  llhttp_init(&other.parser, HTTP_REQUEST, &settings);
  other.parser.data = &other;
  Require(llhttp_execute(&other.parser, bytes.data(), bytes.size()) == HPE_PAUSED);
  Require(other.target == head.target && other.headers.size() == head.headers.size());
  Require(other.parser.http_major == 1 && other.parser.http_minor == head.minor_version);
  for (std::size_t i = 0; i < head.headers.size(); ++i) {
    Require(other.headers[i].first == head.headers[i].name && WithoutBlanks(other.headers[i].second) == head.headers[i].value);
  }
}

// What we would send on is read by the same rules as the same request.
void CheckWritten(const RequestHead& head) {
  std::string out;
  AppendRequestLine(out, head.method, head.path_and_query);
  for (const Header& header : head.headers) {
    if (header.id != FieldId::kHost) AppendHeader(out, header.name, header.value);
  }
  AppendHeader(out, "Host", head.authority);
  AppendHeadEnd(out);
  HeadLimits limits;
  limits.max_headers += 1;
  limits.max_head_bytes *= 2;
  RequestHead again;
  if (head.minor_version == 0) return;
  Require(ParseRequestHead(out, limits, again) == Cause::kNone);
  Require(again.method == head.method && again.path_and_query == head.path_and_query && again.authority == head.authority);
  Require(again.framing == head.framing && again.content_length == head.content_length && again.headers.size() <= head.headers.size() + 1);
}

struct Body {
  BodyReader::State state = BodyReader::State::kMore;
  std::string data;
  std::size_t consumed = 0;
};

Body ReadBody(const RequestHead& head, std::string_view bytes, std::size_t step) {
  BodyReader reader;
  Body body;
  body.state = reader.Start(head.framing, head.content_length, 1 << 20);
  while (body.state == BodyReader::State::kMore && body.consumed < bytes.size()) {
    std::vector<std::string_view> data;
    std::size_t consumed = 0;
    body.state = reader.Feed(bytes.substr(body.consumed, step), consumed, data);
    Require(consumed <= step);
    body.consumed += consumed;
    for (const std::string_view piece : data) body.data += piece;
  }
  return body;
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  const std::string_view bytes(reinterpret_cast<const char*>(data), size);
  const HeadLimits limits;
  static_cast<void>(CheckPartialRequestHead(bytes, limits));
  const std::size_t end = HeadEnd(bytes);
  if (end == 0) return 0;
  RequestHead head;
  if (ParseRequestHead(bytes.substr(0, end), limits, head) != Cause::kNone) return 0;
  CheckHead(head, bytes);
  CompareWithOther(head, bytes.substr(0, end));
  CheckWritten(head);
  const std::string_view rest = bytes.substr(end);
  const Body whole = ReadBody(head, rest, rest.size() + 1);
  for (const std::size_t step : {std::size_t{1}, std::size_t{3}, std::size_t{64}}) {
    const Body pieces = ReadBody(head, rest, step);
    Require(pieces.state == whole.state);
    if (whole.state == BodyReader::State::kDone) Require(pieces.data == whole.data && pieces.consumed == whole.consumed);
  }
  return 0;
}
