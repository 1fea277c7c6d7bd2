#include "agent/health/asio_probe_runner.h"

#include <array>
#include <cerrno>
#include <cstring>
#include <utility>

#include "agent/health/probe_dialogue.h"
#include "agent/health/probe_tls.h"
#include "boost/asio/io_context.hpp"
#include "boost/asio/ip/tcp.hpp"
#include "boost/asio/post.hpp"
#include "boost/asio/steady_timer.hpp"
#include "boost/asio/write.hpp"
#include "common/base/duration.h"
#include "fmt/format.h"

namespace switchyard::agent::health {
namespace {

namespace asio = boost::asio;
using asio::ip::tcp;
using boost::system::error_code;

// This host's trouble, not the backend's.
bool IsLocalShortage(const error_code& error) {
  for (const int code : {EMFILE, ENFILE, ENOBUFS, ENOMEM, EADDRNOTAVAIL}) {
    if (error.value() == code && error.category() == boost::system::system_category()) return true;
  }
  return false;
}

std::string Words(const error_code& error) {
  if (error == asio::error::connection_refused) return "refused";
  if (error == asio::error::connection_reset) return "reset";
  return error.message();
}

tcp::endpoint ToAsio(const Endpoint& endpoint) {
  tcp::endpoint out;
  out.resize(endpoint.length());
  std::memcpy(out.data(), endpoint.address(), endpoint.length());
  return out;
}

constexpr int kStepsPerTurn = 16;

// One probe under way. Handlers hold it alive; `done_` is empty once it has been used or cancelled.
class Running : public std::enable_shared_from_this<Running> {
 public:
  Running(asio::io_context& context, const Clock& clock, const ProbeSpec& spec, std::function<void(ProbeResult)> done)
      : context_(context), clock_(clock), socket_(context), timer_(context), spec_(spec), done_(std::move(done)) {}

  void Start(const Endpoint& backend) {
    timer_.expires_after(spec_.timeout);
    timer_.async_wait([self = shared_from_this()](const error_code& error) {
      if (!error) self->Fail(fmt::format("timeout after {}", FormatDuration(self->spec_.timeout)));
    });
    const tcp::endpoint target = ToAsio(backend);
    error_code error;
    socket_.open(target.protocol(), error);
    if (error) {
      asio::post(context_, [self = shared_from_this(), error] { self->FailBy("open socket", error); });
      return;
    }
    socket_.async_connect(target, [self = shared_from_this()](const error_code& failed) { self->Connected(failed); });
  }

  void Cancel() {
    done_ = nullptr;
    Close();
  }

 private:
  void Connected(const error_code& error) {
    if (!done_) return;
    if (error) return FailBy("connect", error);
    if (spec_.tls != nullptr) return StartTls();
    if (Begin(spec_.http2)) Read();
  }

  // False: being connected was the whole probe.
  bool Begin(bool http2) {
    dialogue_ = MakeProbeDialogue(spec_, http2);
    if (dialogue_ == nullptr) {
      Finish({ProbeVerdict::kOk, "connected"});
      return false;
    }
    say_ = dialogue_->Say();
    if (tls_ == nullptr) Send();
    return true;
  }

  // One write at a time; what is to be said meanwhile follows it.
  void Send() {
    if (say_.empty() || !sending_.empty()) return;
    sending_ = std::exchange(say_, {});
    asio::async_write(socket_, asio::buffer(sending_), [self = shared_from_this()](const error_code& failed, std::size_t) {
      self->sending_.clear();
      if (!self->done_) return;
      if (failed) return self->FailBy("send", failed);
      self->Send();
    });
  }

  void StartTls() {
    error_code error;
    socket_.native_non_blocking(true, error);
    tls_ = error ? nullptr : ProbeTls::Start(spec_.tls, socket_.native_handle(), clock_.WallNow());
    if (tls_ == nullptr) return Finish({ProbeVerdict::kInconclusive, "no memory for TLS"});
    StepTls();
  }

  // A backend that never stops talking gets kStepsPerTurn at a time, so that the loop hears of timers and others in between.
  void StepTls() {
    using Kind = ProbeTls::Progress::Kind;
    for (int steps = 0; steps < kStepsPerTurn; ++steps) {
      const ProbeTls::Progress progress = tls_->Step(say_, buffer_.data(), buffer_.size());
      switch (progress.kind) {
        case Kind::kFailed: return Fail(progress.reason);
        case Kind::kEnded: return Finish(dialogue_->Ended());
        case Kind::kWantRead: return WaitTls(tcp::socket::wait_read);
        case Kind::kWantWrite: return WaitTls(tcp::socket::wait_write);
        case Kind::kShaken:
          if (!Begin(tls_->protocol() == "h2")) return;
          break;
        case Kind::kBytes:
          if (!Hear({buffer_.data(), progress.bytes})) return;
          break;
      }
    }
    asio::post(context_, [self = shared_from_this()] {
      if (self->done_) self->StepTls();
    });
  }

  void WaitTls(tcp::socket::wait_type direction) {
    socket_.async_wait(direction, [self = shared_from_this()](const error_code& error) {
      if (!self->done_) return;
      if (error) return self->FailBy("wait", error);
      self->StepTls();
    });
  }

  void Read() {
    socket_.async_read_some(asio::buffer(buffer_), [self = shared_from_this()](const error_code& error, std::size_t size) {
      if (!self->done_) return;
      if (error == asio::error::eof) return self->Finish(self->dialogue_->Ended());
      if (error) return self->FailBy("receive", error);
      if (!self->Hear({self->buffer_.data(), size})) return;
      self->Send();
      self->Read();
    });
  }

  // False: that was all.
  bool Hear(std::string_view bytes) {
    std::optional<ProbeResult> result = dialogue_->Hear(bytes);
    if (result) {
      Finish(*std::move(result));
      return false;
    }
    say_ += dialogue_->Say();
    return true;
  }

  void FailBy(std::string_view step, const error_code& error) {
    const ProbeVerdict verdict = IsLocalShortage(error) ? ProbeVerdict::kInconclusive : ProbeVerdict::kFailed;
    Finish({verdict, fmt::format("{} {}", step, Words(error))});
  }

  void Fail(std::string reason) { Finish({ProbeVerdict::kFailed, std::move(reason)}); }

  void Finish(ProbeResult result) {
    if (!done_) return;
    const auto done = std::exchange(done_, nullptr);
    Close();
    done(std::move(result));
  }

  void Close() {
    timer_.cancel();
    error_code ignored;
    socket_.close(ignored);
  }

  asio::io_context& context_;
  const Clock& clock_;
  tcp::socket socket_;
  asio::steady_timer timer_;
  const ProbeSpec spec_;
  std::function<void(ProbeResult)> done_;
  std::unique_ptr<ProbeTls> tls_;
  std::unique_ptr<ProbeDialogue> dialogue_;
  std::string say_;
  std::string sending_;
  std::array<char, 4096> buffer_;
};

class AsioProbe final : public Probe {
 public:
  explicit AsioProbe(std::shared_ptr<Running> running) : running_(std::move(running)) {}
  AsioProbe(const AsioProbe&) = delete;
  AsioProbe& operator=(const AsioProbe&) = delete;
  ~AsioProbe() override { running_->Cancel(); }

 private:
  std::shared_ptr<Running> running_;
};

class AsioProbeRunner final : public ProbeRunner {
 public:
  AsioProbeRunner(asio::io_context& context, const Clock& clock) : context_(context), clock_(clock) {}
  std::unique_ptr<Probe> Start(const Endpoint& backend, const ProbeSpec& spec, std::function<void(ProbeResult)> done) override {
    auto running = std::make_shared<Running>(context_, clock_, spec, std::move(done));
    running->Start(backend);
    return std::make_unique<AsioProbe>(std::move(running));
  }

 private:
  asio::io_context& context_;
  const Clock& clock_;
};

}  // namespace

std::unique_ptr<ProbeRunner> MakeAsioProbeRunner(asio::io_context& context, const Clock& clock) {
  return std::make_unique<AsioProbeRunner>(context, clock);
}

}  // namespace switchyard::agent::health
