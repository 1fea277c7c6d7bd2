#include "agent/l4/proxy_intake.h"

#include <algorithm>

#include "agent/codec/proxy_header.h"

namespace switchyard::agent::l4 {

using codec::ProxyHeaderState;
using loop::Ref;

ProxyIntake::ProxyIntake(const WorkerParts& parts, Ref<listener::ListenerState> listener)
    : parts_(parts), listener_(std::move(listener)), socket_(parts.loop, *this), timer_(parts.loop.timers(), *this) {}

void ProxyIntake::Open(const Arrival& arrival) {
  if (!socket_.Adopt(arrival.fd)) return;
  arrival_ = arrival;
  started_ = parts_.loop.Now();
  listener_->Add(*this, /*refused=*/false);
  const snapshot::ProxyIn& config = listener_->Current().config->proxy_in;
  const auto peer = rules::IpAddress::Parse(arrival.peer.ip());
  const bool trusted = peer && std::ranges::any_of(config.trusted, [&](const rules::Network& block) { return block.Covers(*peer); });
  if (!trusted) return End(Cause::kProxyNotTrusted);
  timer_.Set(started_ + config.timeout);
  socket_.WaitReadable();
}

void ProxyIntake::OnReadable() {
  const Ref<ProxyIntake> keep(this);
  if (done_) return;
  std::string_view bytes;
  switch (peeked_.Look(socket_, parts_.loop.scratch(), codec::kMaxProxyHeaderBytes, bytes)) {
    case PeekedBytes::State::kNothing:
      return;
    case PeekedBytes::State::kEnded:
      return End(Cause::kClientGone);
    case PeekedBytes::State::kBytes:
      break;
  }
  codec::ProxyHeader header;
  switch (codec::ParseProxyHeader(bytes, header)) {
    case ProxyHeaderState::kNeedMore:
      return socket_.WaitReadable();
    case ProxyHeaderState::kBad:
      return End(Cause::kBadProxyHeader);
    case ProxyHeaderState::kDone:
      break;
  }
  if (header.has_addresses) {
    arrival_.client = header.source;
    arrival_.destination = header.destination;
    arrival_.announced = true;
  }
  HandOver(header.size);
}

void ProxyIntake::HandOver(std::size_t header_size) {
  const loop::IoResult taken = socket_.Read(parts_.loop.scratch(), header_size);
  if (taken.kind != loop::IoResult::Kind::kOk || taken.bytes != header_size) return End(Cause::kClientGone);
  done_ = true;
  timer_.Cancel();
  arrival_.fd = socket_.Release().fd;
  listener_->Drop(*this, /*refused=*/false);
  ServeConnection(parts_, listener_, arrival_);
}

void ProxyIntake::OnTimer(loop::Timer&) { End(Cause::kProxyHeaderTimeout); }

void ProxyIntake::CloseIfIdle() {
  if (!peeked_.any()) End(Cause::kNone);
}

void ProxyIntake::End(Cause cause) {
  if (done_) return;
  const Ref<ProxyIntake> keep(this);
  done_ = true;
  timer_.Cancel();
  socket_.Close(/*reset=*/cause != Cause::kNone);
  exchange::Summary summary;
  summary.cause = cause;
  summary.started = started_;
  listener_->Record(summary, parts_.loop.Now());
  listener_->Drop(*this, /*refused=*/false);
}

}  // namespace switchyard::agent::l4
