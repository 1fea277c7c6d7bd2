// HTTP/2 from a backend: any bytes are refused or read; heads that are read obey the rules of HTTP/1; every request comes to one end; and nothing depends
// on how the bytes are cut.
#include <cstdint>
#include <cstdlib>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "agent/codec/h1_lines.h"
#include "agent/codec/h2_head.h"
#include "agent/codec/h2_session.h"

namespace {

using namespace switchyard;
using namespace switchyard::agent::codec;

void Require(bool holds) {
  if (!holds) std::abort();
}

void CheckHead(const ResponseHead& head) {
  Require(head.status >= 100 && head.status != 101 && head.status < 1000);
  for (const Header& header : head.headers) {
    Require(IsToken(header.name) && IsFieldValue(header.value));
    Require(header.id != FieldId::kTransferEncoding && header.id != FieldId::kConnection && header.id != FieldId::kUpgrade);
  }
}

class Stream final : public H2Stream {
 public:
  Stream() = default;
  ~Stream() override = default;
  void OnFields(H2Fields& fields, bool trailers, bool ends) override {
    Require(!closed && !ended && !(trailers && !head_seen));
    log += trailers ? 't' : 'h';
    if (ends) ended = true;
    if (trailers) {
      Require(ends && (fields.too_large() || fields.clean()));
      return;
    }
    ResponseHead head;
    if (ReadResponseHead(fields, ends, to_head, head) != Cause::kNone) return;
    CheckHead(head);
    if (head.status >= 200) head_seen = true;
    counts = head.framing == Framing::kLength && head.status >= 200;
    left = head.content_length;
    log += std::to_string(head.status);
  }
  void OnData(std::string_view data) override {
    Require(!closed && !ended && !to_head);
    if (counts) Require(data.size() <= left);
    left -= counts ? data.size() : 0;
    body += data;
    session->Consume(id(), data.size());
  }
  void OnEnd() override {
    Require(!closed && !ended && (!counts || left == 0));
    ended = true;
    log += body;
  }
  void OnDrained() override {}
  void OnSent() override { Require(!closed); }
  void OnClosed(H2Error error, Cause) override {
    Require(!closed);
    closed = true;
    if (error == H2Error::kNoError && ended) log += 'e';
  }

  H2Session* session = nullptr;
  std::string log;
  std::string body;
  std::uint64_t left = 0;
  bool to_head = false;
  bool head_seen = false;
  bool counts = false;
  bool ended = false;
  bool closed = false;
};

struct Side final : H2Session::Owner {
  Side() : session(H2Session::Side::kClient, *this, H2Settings(), H2Limits(), out) {}
  H2Stream* OnNewStream(StreamId) override { std::abort(); }
  void OnGoaway(StreamId, H2Error) override { goodbye = true; }
  void OnSettings() override {}
  void OnFault(Cause) override {}
  std::string out;
  bool goodbye = false;
  H2Session session;
};

std::optional<std::string> Play(std::string_view bytes, std::size_t step) {
  std::vector<Stream> streams(6);
  Side side;
  for (std::size_t i = 0; i < streams.size(); ++i) {
    streams[i].session = &side.session;
    streams[i].to_head = i == 1;
    const std::vector<Header> headers = {{":method", i == 1 ? "HEAD" : i == 2 ? "CONNECT" : "GET"}, {":scheme", "http"}, {":authority", "a"}, {":path", "/"}};
    side.session.Request(streams[i], headers, std::nullopt, i < 2);
    side.session.Write(streams[i], std::string(30'000, 'x'), 20'000);
    if (i == 3) side.session.End(streams[i], nullptr);
  }
  Cause fault = Cause::kNone;
  const TimePoint now = TimePoint() + std::chrono::hours(1);
  for (std::size_t at = 0; at < bytes.size() && fault == Cause::kNone; at += step) fault = side.session.Feed(bytes.substr(at, step), now);
  side.session.Pump(1U << 20U);
  Require(side.out.size() < (1U << 20U));
  std::string log(Describe(fault).name);
  for (Stream& stream : streams) log += "|" + stream.log;
  for (Stream& stream : streams) side.session.Detach(stream);
  // What is heard before the peer breaks off, and how much is read behind its goodbye, depends on the cut.
  if (side.goodbye) return std::nullopt;
  return log;
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  const std::string bytes = std::string("\0\0\0\x04\0\0\0\0\0", 9) + std::string(reinterpret_cast<const char*>(data), size);
  const std::optional<std::string> whole = Play(bytes, bytes.size());
  const std::optional<std::string> pieces = Play(bytes, 7);
  if (whole && pieces) Require(*pieces == *whole);
  return 0;
}
