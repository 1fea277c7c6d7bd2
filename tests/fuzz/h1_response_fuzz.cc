// HTTP/1 responses: any bytes are refused or read; framing is never ambiguous; nothing depends on how the body is cut into pieces.
#include <cstdint>
#include <cstdlib>
#include <string>
#include <string_view>
#include <vector>

#include "agent/codec/body_reader.h"
#include "agent/codec/h1_lines.h"
#include "agent/codec/h1_parser.h"

namespace {

using namespace switchyard;
using namespace switchyard::agent::codec;

void Require(bool holds) {
  if (!holds) std::abort();
}

void CheckHead(const ResponseHead& head, bool to_head) {
  int lengths = 0;
  int codings = 0;
  for (const Header& header : head.headers) {
    Require(IsToken(header.name) && IsFieldValue(header.value));
    lengths += header.id == FieldId::kContentLength ? 1 : 0;
    codings += header.id == FieldId::kTransferEncoding ? 1 : 0;
  }
  Require(head.status >= 100 && head.status <= 999 && lengths + codings <= 1);
  const bool no_body = to_head || head.status < 200 || head.status == 204 || head.status == 304;
  Require(!no_body || head.framing == Framing::kNone);
  Require(head.framing != Framing::kUntilClose || lengths + codings == 0);
}

std::string ReadBody(const ResponseHead& head, std::string_view bytes, std::size_t step, BodyReader::State& state) {
  BodyReader reader;
  std::string out;
  std::size_t at = 0;
  state = reader.Start(head.framing, head.content_length);
  while (state == BodyReader::State::kMore && at < bytes.size()) {
    std::vector<std::string_view> data;
    std::size_t consumed = 0;
    state = reader.Feed(bytes.substr(at, step), consumed, data);
    at += consumed;
    for (const std::string_view piece : data) out += piece;
  }
  if (state == BodyReader::State::kMore) state = reader.Finish();
  return out;
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  const std::string_view bytes(reinterpret_cast<const char*>(data), size);
  const std::size_t end = FindHeadEnd(bytes, 0);
  if (end == 0) return 0;
  for (const bool to_head : {false, true}) {
    ResponseHead head;
    if (ParseResponseHead(bytes.substr(0, end), HeadLimits(), to_head, head) != Cause::kNone) continue;
    CheckHead(head, to_head);
    BodyReader::State whole;
    BodyReader::State pieces;
    const std::string all = ReadBody(head, bytes.substr(end), size + 1, whole);
    const std::string parts = ReadBody(head, bytes.substr(end), 2, pieces);
    Require(whole == pieces && (whole != BodyReader::State::kDone || all == parts));
  }
  return 0;
}
