#include "agent/admin/admin_server.h"

#include <fcntl.h>
#include <sys/socket.h>
#include <unistd.h>

#include <boost/asio/io_context.hpp>
#include <boost/asio/ip/tcp.hpp>
#include <boost/asio/steady_timer.hpp>
#include <boost/beast/core/flat_buffer.hpp>
#include <boost/beast/core/tcp_stream.hpp>
#include <boost/beast/http/empty_body.hpp>
#include <boost/beast/http/parser.hpp>
#include <boost/beast/http/read.hpp>
#include <boost/beast/http/string_body.hpp>
#include <boost/beast/http/write.hpp>
#include <cstring>
#include <unordered_set>
#include <utility>

#include "agent/admin/admin_pages.h"
#include "common/base/endpoint.h"
#include "common/base/status.h"
#include "common/observe/metric_names.h"
#include "fmt/format.h"

namespace switchyard::agent::admin {
namespace {

namespace asio = boost::asio;
namespace beast = boost::beast;
namespace http = boost::beast::http;
using asio::ip::tcp;
using boost::system::error_code;

constexpr std::size_t kMaxConnections = 32;
constexpr std::uint32_t kMaxHead = 8 * 1024;
constexpr auto kReadTimeout = std::chrono::seconds(5);
constexpr auto kWriteTimeout = std::chrono::seconds(30);
constexpr auto kAcceptRetry = std::chrono::milliseconds(100);

class Server;

// One connection: one request, one answer.
class Session : public std::enable_shared_from_this<Session> {
 public:
  Session(tcp::socket socket, Server& server) : stream_(std::move(socket)), server_(&server), buffer_(kMaxHead) {
    parser_.header_limit(kMaxHead);
    parser_.body_limit(0);
  }

  void Start() {
    stream_.expires_after(kReadTimeout);
    http::async_read(stream_, buffer_, parser_, [self = shared_from_this()](const error_code& error, std::size_t) { self->Read(error); });
  }

  // From the server's end: nothing more is answered.
  void Cut() {
    server_ = nullptr;
    stream_.close();
  }

 private:
  void Read(const error_code& error);
  void Write(Page page, std::string_view method);
  void Finish();

  beast::tcp_stream stream_;
  Server* server_;
  beast::flat_buffer buffer_;
  http::request_parser<http::empty_body> parser_;
  http::response<http::string_body> response_;
};

class Server final : public AdminServer {
 public:
  Server(asio::io_context& context, bool any_host, AgentView& view, observe::Metrics& metrics)
      : acceptor_(context), retry_(context), any_host_(any_host), view_(view), metrics_(metrics) {}
  Server(const Server&) = delete;
  Server& operator=(const Server&) = delete;
  ~Server() override {
    *alive_ = false;
    for (const auto& session : sessions_) session->Cut();
    // Another process may hold the same socket: it has to leave our epoll set before it is closed.
    error_code ignored;
    if (acceptor_.is_open()) ::close(acceptor_.release(ignored));
  }

  absl::Status Inherit(int socket) {
    sockaddr_storage name{};
    socklen_t length = sizeof name;
    error_code error;
    if (getsockname(socket, reinterpret_cast<sockaddr*>(&name), &length) != 0) return absl::UnavailableError("the inherited admin socket is unusable");
    acceptor_.assign(name.ss_family == AF_INET6 ? tcp::v6() : tcp::v4(), socket, error);
    if (error) return absl::UnavailableError(fmt::format("the inherited admin socket is unusable: {}", error.message()));
    port_ = acceptor_.local_endpoint(error).port();
    Accept();
    return absl::OkStatus();
  }

  int CopySocket() override { return fcntl(acceptor_.native_handle(), F_DUPFD_CLOEXEC, 0); }

  absl::Status Listen(const Endpoint& endpoint) {
    tcp::endpoint address;
    address.resize(endpoint.length());
    std::memcpy(address.data(), endpoint.address(), endpoint.length());
    error_code error;
    acceptor_.open(address.protocol(), error);
    if (!error) acceptor_.set_option(asio::socket_base::reuse_address(true), error);
    if (!error) acceptor_.bind(address, error);
    if (!error) acceptor_.listen(asio::socket_base::max_listen_connections, error);
    if (error) return absl::UnavailableError(fmt::format("admin port {}: {}; choose another with --admin-listen", endpoint.ToString(), error.message()));
    port_ = acceptor_.local_endpoint(error).port();
    Accept();
    return absl::OkStatus();
  }

  std::uint16_t port() const override { return port_; }

  Page Handle(const AdminRequest& request) {
    Page page = Answer(request, any_host_, view_);
    metrics_.Add(observe::kAdminRequests, {PageName(request.target), std::to_string(page.status)});
    return page;
  }

  void Ended(const std::shared_ptr<Session>& session) {
    sessions_.erase(session);
    if (!accepting_) Accept();
  }

 private:
  void Accept() {
    accepting_ = sessions_.size() < kMaxConnections;
    if (!accepting_) return;
    acceptor_.async_accept([this, alive = alive_](const error_code& error, tcp::socket socket) {
      if (!*alive || error == asio::error::operation_aborted) return;
      if (!error) {
        const auto session = std::make_shared<Session>(std::move(socket), *this);
        sessions_.insert(session);
        session->Start();
      }
      if (!error) return Accept();
      // Out of descriptors, say: a little later there may be some.
      retry_.expires_after(kAcceptRetry);
      retry_.async_wait([this, alive](const error_code& cancelled) {
        if (!cancelled && *alive) Accept();
      });
    });
  }

  tcp::acceptor acceptor_;
  asio::steady_timer retry_;
  const bool any_host_;
  AgentView& view_;
  observe::Metrics& metrics_;
  std::uint16_t port_ = 0;
  bool accepting_ = false;
  std::unordered_set<std::shared_ptr<Session>> sessions_;
  std::shared_ptr<bool> alive_ = std::make_shared<bool>(true);
};

std::string_view ToStd(beast::string_view text) { return {text.data(), text.size()}; }

void Session::Read(const error_code& error) {
  if (server_ == nullptr) return;
  if (error == http::error::header_limit || error == http::error::buffer_overflow) {
    return Write({431, kTextType, "request head too large\n"}, "");
  }
  if (error == http::error::body_limit) return Write({413, kTextType, "no body is accepted\n"}, "");
  if (error && error.category() == make_error_code(http::error::bad_method).category() && error != http::error::end_of_stream &&
      error != http::error::partial_message) {
    return Write({400, kTextType, "not an HTTP/1 request\n"}, "");
  }
  if (error) return Finish();
  const auto& request = parser_.get();
  const std::string_view target = ToStd(request.target());
  Write(server_->Handle({ToStd(request.method_string()), target, ToStd(request[http::field::host])}), ToStd(request.method_string()));
}

void Session::Write(Page page, std::string_view method) {
  response_.result(page.status);
  response_.version(11);
  response_.keep_alive(false);
  response_.set(http::field::content_type, page.content_type);
  response_.set(http::field::cache_control, "no-store");
  response_.set("X-Content-Type-Options", "nosniff");
  if (page.status == 405) response_.set(http::field::allow, "GET, HEAD");
  response_.body() = std::move(page.body);
  response_.prepare_payload();
  if (method == "HEAD") response_.body().clear();
  stream_.expires_after(kWriteTimeout);
  http::async_write(stream_, response_, [self = shared_from_this()](const error_code& error, std::size_t) {
    error_code ignored;
    if (!error) self->stream_.socket().shutdown(tcp::socket::shutdown_send, ignored);
    self->Finish();
  });
}

void Session::Finish() {
  stream_.close();
  if (server_ != nullptr) std::exchange(server_, nullptr)->Ended(shared_from_this());
}

}  // namespace

absl::StatusOr<std::unique_ptr<AdminServer>> AdminServer::Open(asio::io_context& context, const AdminServerOptions& options, AgentView& view,
                                                               observe::Metrics& metrics) {
  const absl::StatusOr<Endpoint> endpoint = Endpoint::Parse(options.listen);
  if (!endpoint.ok()) return Annotate(endpoint.status(), "admin port");
  if (!endpoint->is_loopback() && !options.allow_remote) {
    return absl::InvalidArgumentError(
        fmt::format("admin port {}: not a loopback address; the pages need no credential, so say --admin-allow-remote if you mean it",
                    endpoint->ToString()));
  }
  auto server = std::make_unique<Server>(context, options.allow_remote, view, metrics);
  const absl::Status listening = options.inherited >= 0 ? server->Inherit(options.inherited) : server->Listen(*endpoint);
  if (!listening.ok()) return listening;
  return std::unique_ptr<AdminServer>(std::move(server));
}

}  // namespace switchyard::agent::admin
