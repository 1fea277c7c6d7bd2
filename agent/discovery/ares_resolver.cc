#include "agent/discovery/ares_resolver.h"

#include <ares.h>
#include <ares_nameser.h>
#include <fmt/format.h>

#include <algorithm>
#include <boost/asio/io_context.hpp>
#include <boost/asio/posix/stream_descriptor.hpp>
#include <boost/asio/post.hpp>
#include <boost/asio/steady_timer.hpp>
#include <map>
#include <utility>

#include "common/base/endpoint.h"

namespace switchyard::agent::discovery {
namespace {

namespace asio = boost::asio;

// Of a question's time: c-ares doubles it with each round over the servers.
constexpr int kTries = 3;
constexpr int kFirstTryPart = 6;

// c-ares wants its library started once per process.
int StartLibrary() {
  static const int status = ares_library_init(ARES_LIB_INIT_ALL);
  return status;
}

// One question; c-ares keeps a pointer to it until it has called back, so it lives on when its owner cancels.
struct Pending {
  Resolver::Done done;  // empty: cancelled
};

class AskedQuestion final : public Resolver::Question {
 public:
  explicit AskedQuestion(std::shared_ptr<Pending> pending) : pending_(std::move(pending)) {}
  ~AskedQuestion() override { pending_->done = nullptr; }

 private:
  const std::shared_ptr<Pending> pending_;
};

class AresResolver final : public Resolver {
 public:
  explicit AresResolver(asio::io_context& context) : context_(context), timer_(context) {}
  ~AresResolver() override {
    if (channel_ == nullptr) return;
    ending_ = true;
    for (auto& [fd, watch] : watches_) watch->descriptor.release();
    ares_destroy(channel_);
  }
  AresResolver(const AresResolver&) = delete;
  AresResolver& operator=(const AresResolver&) = delete;

  absl::Status Open(const std::vector<std::string>& servers, Duration timeout);
  std::unique_ptr<Question> Ask(const std::string& name, DnsType type, Done done) override;

 private:
  struct Watch {
    explicit Watch(asio::io_context& context, int fd) : descriptor(context, fd) {}
    asio::posix::stream_descriptor descriptor;
    bool reading = false;
    bool writing = false;
    bool wants_read = false;
    bool wants_write = false;
  };

  static void OnSocketState(void* self, ares_socket_t fd, int readable, int writable) {
    static_cast<AresResolver*>(self)->Watched(fd, readable != 0, writable != 0);
  }
  static void OnDone(void* argument, int status, int timeouts, unsigned char* bytes, int size);

  void Watched(int fd, bool readable, bool writable);
  void Wait(int fd);
  void Process(ares_socket_t readable, ares_socket_t writable);
  void SetTimer();

  asio::io_context& context_;
  asio::steady_timer timer_;
  ares_channel channel_ = nullptr;
  std::map<int, std::shared_ptr<Watch>> watches_;
  const std::shared_ptr<bool> alive_ = std::make_shared<bool>(true);
  bool ending_ = false;
};

absl::Status AresResolver::Open(const std::vector<std::string>& servers, Duration timeout) {
  if (StartLibrary() != ARES_SUCCESS) return absl::UnavailableError("the DNS library cannot start");
  ares_options options{};
  const auto milliseconds = std::chrono::duration_cast<std::chrono::milliseconds>(timeout).count();
  options.timeout = static_cast<int>(std::max<std::int64_t>(milliseconds / kFirstTryPart, 20));
  options.tries = kTries;
  options.flags = ARES_FLAG_NOALIASES | ARES_FLAG_NOSEARCH;
  options.sock_state_cb = OnSocketState;
  options.sock_state_cb_data = this;
  const int mask = ARES_OPT_TIMEOUTMS | ARES_OPT_TRIES | ARES_OPT_FLAGS | ARES_OPT_SOCK_STATE_CB;
  if (const int status = ares_init_options(&channel_, &options, mask); status != ARES_SUCCESS) {
    channel_ = nullptr;
    return absl::UnavailableError(fmt::format("the DNS library cannot start: {}", ares_strerror(status)));
  }
  if (servers.empty()) return absl::OkStatus();
  std::string list;
  for (const std::string& server : servers) {
    const bool bare_v6 = Endpoint::FromIp(server, 0).ok() && server.find(':') != std::string::npos;
    list += fmt::format("{}{}", list.empty() ? "" : ",", bare_v6 ? fmt::format("[{}]", server) : server);
  }
  if (ares_set_servers_ports_csv(channel_, list.c_str()) != ARES_SUCCESS) {
    return absl::InvalidArgumentError(fmt::format("\"{}\" are no addresses of DNS servers", list));
  }
  return absl::OkStatus();
}

std::unique_ptr<Resolver::Question> AresResolver::Ask(const std::string& name, DnsType type, Done done) {
  auto pending = std::make_shared<Pending>();
  pending->done = std::move(done);
  // c-ares may answer within the call (no servers, say), which our contract does not allow.
  asio::post(context_, [this, alive = std::weak_ptr<bool>(alive_), name, type, pending] {
    if (alive.expired() || !pending->done) return;
    ares_query(channel_, name.c_str(), ns_c_in, static_cast<int>(type), OnDone, new std::shared_ptr<Pending>(pending));
    SetTimer();
  });
  return std::make_unique<AskedQuestion>(std::move(pending));
}

void AresResolver::OnDone(void* argument, int status, int, unsigned char* bytes, int size) {
  const std::unique_ptr<std::shared_ptr<Pending>> held(static_cast<std::shared_ptr<Pending>*>(argument));
  const Done done = std::exchange((*held)->done, nullptr);
  if (!done || status == ARES_EDESTRUCTION || status == ARES_ECANCELLED) return;
  if (status == ARES_ENODATA || status == ARES_ENOTFOUND) return done(absl::NotFoundError("no such records"));
  if (status != ARES_SUCCESS) return done(absl::UnavailableError(ares_strerror(status)));
  auto answer = ParseDnsAnswer({reinterpret_cast<const char*>(bytes), static_cast<std::size_t>(size)});
  if (!answer) return done(absl::UnavailableError("the DNS server's response is malformed"));
  if (answer->addresses.empty() && answer->services.empty()) return done(absl::NotFoundError("no such records"));
  done(*std::move(answer));
}

void AresResolver::Watched(int fd, bool readable, bool writable) {
  if (ending_) return;
  if (!readable && !writable) {
    const auto at = watches_.find(fd);
    if (at == watches_.end()) return;
    // c-ares closes it.
    at->second->descriptor.release();
    watches_.erase(at);
    return;
  }
  auto& watch = watches_[fd];
  if (!watch) watch = std::make_shared<Watch>(context_, fd);
  watch->wants_read = readable;
  watch->wants_write = writable;
  Wait(fd);
}

void AresResolver::Wait(int fd) {
  const auto at = watches_.find(fd);
  if (at == watches_.end()) return;
  const auto start = [&](bool wants, bool& waiting, asio::posix::descriptor_base::wait_type direction, ares_socket_t read, ares_socket_t write) {
    if (!wants || waiting) return;
    waiting = true;
    at->second->descriptor.async_wait(
        direction, [this, fd, watch = at->second, &waiting, read, write, alive = std::weak_ptr<bool>(alive_)](const boost::system::error_code& error) {
          waiting = false;
          if (error || alive.expired()) return;
          Process(read, write);
          if (!alive.expired()) Wait(fd);
        });
  };
  start(at->second->wants_read, at->second->reading, asio::posix::descriptor_base::wait_read, fd, ARES_SOCKET_BAD);
  start(at->second->wants_write, at->second->writing, asio::posix::descriptor_base::wait_write, ARES_SOCKET_BAD, fd);
}

void AresResolver::Process(ares_socket_t readable, ares_socket_t writable) {
  const std::weak_ptr<bool> alive = alive_;
  ares_process_fd(channel_, readable, writable);
  if (!alive.expired()) SetTimer();
}

void AresResolver::SetTimer() {
  timeval longest{1, 0};
  timeval due{};
  if (watches_.empty()) {
    timer_.cancel();
    return;
  }
  const timeval* next = ares_timeout(channel_, &longest, &due);
  timer_.expires_after(std::chrono::seconds(next->tv_sec) + std::chrono::microseconds(next->tv_usec));
  timer_.async_wait([this, alive = std::weak_ptr<bool>(alive_)](const boost::system::error_code& error) {
    if (!error && !alive.expired()) Process(ARES_SOCKET_BAD, ARES_SOCKET_BAD);
  });
}

}  // namespace

absl::StatusOr<std::unique_ptr<Resolver>> MakeAresResolver(asio::io_context& context, const std::vector<std::string>& servers, Duration timeout) {
  auto resolver = std::make_unique<AresResolver>(context);
  if (absl::Status opened = resolver->Open(servers, timeout); !opened.ok()) return opened;
  return std::unique_ptr<Resolver>(std::move(resolver));
}

}  // namespace switchyard::agent::discovery
