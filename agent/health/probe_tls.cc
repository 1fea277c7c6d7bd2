#include "agent/health/probe_tls.h"

#include <array>

#include "fmt/format.h"

namespace switchyard::agent::health {
namespace {

using Kind = ProbeTls::Progress::Kind;
using loop::IoResult;

}  // namespace

std::unique_ptr<ProbeTls> ProbeTls::Start(const std::shared_ptr<const tls::ClientContext>& context, int fd, WallTime now) {
  std::unique_ptr<tls::Session> session = tls::Session::Connect(context, fd, now, nullptr);
  if (session == nullptr) return nullptr;
  return std::unique_ptr<ProbeTls>(new ProbeTls(std::move(session)));
}

ProbeTls::Progress ProbeTls::Step(std::string& say, char* into, std::size_t size) {
  if (!shaken_) {
    switch (session_->Handshake()) {
      case loop::TransportLayer::Step::kWantRead: return {Kind::kWantRead, 0, {}};
      case loop::TransportLayer::Step::kWantWrite: return {Kind::kWantWrite, 0, {}};
      case loop::TransportLayer::Step::kFailed: return {Kind::kFailed, 0, fmt::format("TLS: {}", Describe(session_->failure()).name)};
      case loop::TransportLayer::Step::kDone: break;
    }
    shaken_ = true;
    return {Kind::kShaken, 0, {}};
  }
  while (!say.empty()) {
    const std::array<iovec, 1> rest = {iovec{say.data(), say.size()}};
    const IoResult put = session_->Write(rest);
    if (put.kind == IoResult::Kind::kError) return {Kind::kFailed, 0, "send over TLS failed"};
    if (put.kind == IoResult::Kind::kWouldBlock) return {session_->write_wants_read() ? Kind::kWantRead : Kind::kWantWrite, 0, {}};
    say.erase(0, put.bytes);
  }
  const IoResult got = session_->Read(into, size);
  if (got.kind == IoResult::Kind::kOk) return {Kind::kBytes, got.bytes, {}};
  if (got.kind == IoResult::Kind::kWouldBlock) return {session_->read_wants_write() ? Kind::kWantWrite : Kind::kWantRead, 0, {}};
  return {Kind::kEnded, 0, {}};
}

}  // namespace switchyard::agent::health
