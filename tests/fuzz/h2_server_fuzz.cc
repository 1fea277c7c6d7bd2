// HTTP/2 from a client: any bytes behind the preface are refused or read; heads that are read obey the rules of HTTP/1; nothing depends on how
// the bytes are cut; and what the session makes us hold stays within its bounds.
#include <cstdint>
#include <cstdlib>
#include <map>
#include <memory>
#include <optional>
#include <string>
#include <string_view>

#include "agent/codec/h1_lines.h"
#include "agent/codec/h2_head.h"
#include "agent/codec/h2_session.h"

namespace {

using namespace switchyard;
using namespace switchyard::agent::codec;

void Require(bool holds) {
  if (!holds) std::abort();
}

void CheckHead(const RequestHead& head) {
  int hosts = 0;
  Require(IsToken(head.method) && !head.path.empty() && !head.authority.empty());
  Require(head.path_and_query.find_first_of(" \r\n\t#") == std::string_view::npos && head.path.find("/../") == std::string_view::npos);
  for (const Header& header : head.headers) {
    Require(IsToken(header.name) && IsFieldValue(header.value));
    Require(header.id != FieldId::kTransferEncoding && header.id != FieldId::kConnection && header.id != FieldId::kUpgrade);
    hosts += header.id == FieldId::kHost ? 1 : 0;
  }
  Require(hosts <= 1 && head.framing != Framing::kUntilClose);
}

struct Side;

class Stream final : public H2Stream {
 public:
  explicit Stream(Side& side) : side_(side) {}
  ~Stream() override = default;
  void OnFields(H2Fields& fields, bool trailers, bool ends) override;
  void OnData(std::string_view data) override;
  void OnEnd() override;
  void OnDrained() override {}
  void OnSent() override {}
  void OnClosed(H2Error, Cause) override;

 private:
  Side& side_;
  H2Fields kept_;
  std::string body_;
};

struct Side final : H2Session::Owner {
  Side() : session(H2Session::Side::kServer, *this, Settings(), H2Limits(), out) {}
  static H2Settings Settings() {
    H2Settings settings;
    settings.extended_connect = true;
    return settings;
  }
  H2Stream* OnNewStream(StreamId id) override {
    Require(streams.size() < 101);
    return (streams[id] = std::make_unique<Stream>(*this)).get();
  }
  void OnGoaway(StreamId, H2Error) override { goodbye = true; }
  void OnSettings() override {}
  void OnFault(Cause) override {}

  std::string out;
  std::map<StreamId, std::unique_ptr<Stream>> streams;
  std::unique_ptr<Stream> closed;  // until the event is over
  std::string log;
  bool goodbye = false;
  H2Session session;
};

void Stream::OnFields(H2Fields& fields, bool trailers, bool ends) {
  std::swap(kept_, fields);
  side_.log += trailers ? 't' : 'h';
  if (trailers) return OnEnd();
  RequestHead head;
  const Cause cause = ReadRequestHead(kept_, HeadLimits(), ends, head);
  side_.log += Describe(cause).name;
  if (cause == Cause::kNone) {
    CheckHead(head);
    side_.log.append(head.method).append(head.path_and_query);
  }
  side_.session.Respond(*this, 200, head.headers, std::nullopt, false);
  side_.session.Write(*this, "hello", 1000);
  if (ends) side_.session.End(*this, nullptr);
}

void Stream::OnData(std::string_view data) {
  body_ += data;
  side_.session.Consume(id(), data.size());
}

// How much of a body is seen before it turns out to be longer than was said depends on the cut; what a whole request holds does not.
void Stream::OnEnd() { side_.log += body_; }

void Stream::OnClosed(H2Error, Cause) {
  const auto at = side_.streams.find(id());
  if (at == side_.streams.end()) return;
  side_.closed = std::move(at->second);
  side_.streams.erase(at);
}

// What was read of the bytes, and how it ended. Nothing when the client has said goodbye: how much is still read behind that depends on the cut.
std::optional<std::string> Play(std::string_view bytes, std::size_t step) {
  Side side;
  Cause fault = Cause::kNone;
  const TimePoint now = TimePoint() + std::chrono::hours(1);
  for (std::size_t at = 0; at < bytes.size() && fault == Cause::kNone; at += step) {
    fault = side.session.Feed(bytes.substr(at, step), now);
  }
  side.session.Pump(1U << 20U);
  Require(side.out.size() < (2U << 20U));
  if (side.goodbye) return std::nullopt;
  return side.log + std::string(Describe(fault).name);
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  const std::string bytes = std::string(kH2Preface) + std::string("\0\0\0\x04\0\0\0\0\0", 9) + std::string(reinterpret_cast<const char*>(data), size);
  const std::optional<std::string> whole = Play(bytes, bytes.size());
  const std::optional<std::string> pieces = Play(bytes, 7);
  if (whole && pieces) Require(*pieces == *whole);
  return 0;
}
