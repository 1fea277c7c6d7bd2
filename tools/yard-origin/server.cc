#include "tools/yard-origin/server.h"

#include <fmt/format.h>

#include <atomic>
#include <boost/asio/io_context.hpp>
#include <boost/asio/ip/tcp.hpp>
#include <cstring>
#include <optional>
#include <thread>

#include "tools/yard-origin/connection.h"

namespace switchyard::tools::origin {
namespace asio = boost::asio;
using boost::system::error_code;
using Tcp = asio::ip::tcp;

namespace {

Tcp::endpoint ToAsio(const Endpoint& endpoint) {
  Tcp::endpoint out(endpoint.is_v6() ? Tcp::v6() : Tcp::v4(), endpoint.port());
  std::memcpy(out.data(), endpoint.address(), endpoint.length());
  return out;
}

// One backend's door on one worker.
class Door {
 public:
  Door(asio::io_context& io, Site& site, unsigned worker, const ServerOptions& options)
      : acceptor_(std::in_place, io), on_worker_(site, site.lane(worker), options.seed * 1000 + worker), max_(options.max_connections) {
    on_worker_.raw_log = options.raw_log;
    next_id_ = static_cast<std::uint64_t>(worker) << 48;
  }

  error_code Open(const Endpoint& address, bool share) {
    error_code error;
    const Tcp::endpoint endpoint = ToAsio(address);
    acceptor_->open(endpoint.protocol(), error);
    if (!error) acceptor_->set_option(asio::socket_base::reuse_address(true), error);
    if (!error && share) acceptor_->set_option(asio::detail::socket_option::boolean<SOL_SOCKET, SO_REUSEPORT>(true), error);
    if (!error) acceptor_->bind(endpoint, error);
    if (!error) acceptor_->listen(4096, error);
    return error;
  }

  std::uint16_t port() const { return acceptor_->local_endpoint().port(); }

  // Before the event loop goes.
  void Close() { acceptor_.reset(); }

  void Accept() {
    acceptor_->async_accept([this](const error_code& error, Tcp::socket socket) {
      if (error == asio::error::operation_aborted) return;
      const Counters& counters = on_worker_.lane.counters;
      const std::uint64_t open = counters.connections.load(std::memory_order_relaxed) - counters.closed.load(std::memory_order_relaxed);
      if (!error && open < max_) std::make_shared<Connection>(std::move(socket), on_worker_, ++next_id_)->Start();
      Accept();
    });
  }

 private:
  std::optional<Tcp::acceptor> acceptor_;
  SiteOnWorker on_worker_;
  const std::size_t max_;
  std::uint64_t next_id_ = 0;
};

class Worker {
 public:
  std::vector<std::unique_ptr<Door>> doors;
  asio::io_context io{1};
  std::thread thread;

  // Acceptors go before the event loop; the loop goes before the doors, because its handlers hold connections, which point into them.
  ~Worker() {
    if (thread.joinable()) thread.join();
    for (const auto& door : doors) door->Close();
  }
};

class AsioServer final : public Server {
 public:
  ~AsioServer() override { Stop(); }

  absl::Status Open(const ServerOptions& options) {
    listens_ = options.listens;
    for (const ServerOptions::Listen& listen : listens_) {
      sites_.push_back(std::make_unique<Site>(listen.name, options.threads, options.log_size));
      sites_.back()->SetBehaviour(options.behaviour);
    }
    for (unsigned w = 0; w < options.threads; ++w) {
      workers_.push_back(std::make_unique<Worker>());
      for (std::size_t i = 0; i < sites_.size(); ++i)
        if (absl::Status status = OpenDoor(options, w, i); !status.ok()) return status;
    }
    for (const auto& worker : workers_)
      worker->thread = std::thread([raw = worker.get()] { raw->io.run(); });
    return absl::OkStatus();
  }

  const std::vector<ServerOptions::Listen>& listens() const override { return listens_; }

  void Stop() override {
    for (const auto& worker : workers_) worker->io.stop();
    for (const auto& worker : workers_)
      if (worker->thread.joinable()) worker->thread.join();
  }

 private:
  absl::Status OpenDoor(const ServerOptions& options, unsigned worker, std::size_t site) {
    auto door = std::make_unique<Door>(workers_[worker]->io, *sites_[site], worker, options);
    Endpoint& address = listens_[site].address;
    if (const error_code error = door->Open(address, options.threads > 1); error)
      return absl::UnavailableError(fmt::format("cannot listen on {}: {}", address.ToString(), error.message()));
    if (absl::StatusOr<Endpoint> bound = Endpoint::FromIp(address.ip(), door->port()); bound.ok()) address = *bound;
    door->Accept();
    workers_[worker]->doors.push_back(std::move(door));
    return absl::OkStatus();
  }

  std::vector<ServerOptions::Listen> listens_;
  std::vector<std::unique_ptr<Site>> sites_;
  std::vector<std::unique_ptr<Worker>> workers_;
};

}  // namespace

absl::StatusOr<std::unique_ptr<Server>> Server::Start(const ServerOptions& options) {
  auto server = std::make_unique<AsioServer>();
  if (absl::Status status = server->Open(options); !status.ok()) return status;
  return server;
}

}  // namespace switchyard::tools::origin
