#include "controlplane/dashboard/http_server.h"

#include <pthread.h>

#include <boost/asio/io_context.hpp>
#include <boost/asio/ip/tcp.hpp>
#include <boost/asio/post.hpp>
#include <boost/asio/ssl/context.hpp>
#include <boost/asio/ssl/stream.hpp>
#include <boost/asio/steady_timer.hpp>
#include <boost/asio/write.hpp>
#include <boost/beast/core/flat_buffer.hpp>
#include <boost/beast/core/tcp_stream.hpp>
#include <boost/beast/http/parser.hpp>
#include <boost/beast/http/read.hpp>
#include <boost/beast/http/string_body.hpp>

#include <array>
#include <deque>
#include <optional>
#include <set>
#include <thread>
#include <utility>

#include <fmt/format.h>

#include "controlplane/dashboard/json_answer.h"
#include "controlplane/dashboard/live_board.h"

namespace switchyard::controlplane::dashboard {
namespace {

namespace asio = boost::asio;
namespace beast = boost::beast;
namespace http = beast::http;
using Tcp = asio::ip::tcp;
using boost::system::error_code;

constexpr std::uint32_t kMaxHead = 16 << 10;
constexpr std::uint64_t kSmallBody = 64 << 10;
constexpr std::uint64_t kLargeBody = 8 << 20;
constexpr auto kHandshakeTime = std::chrono::seconds(10);
constexpr auto kIdleTime = std::chrono::seconds(60);
constexpr auto kWriteTime = std::chrono::seconds(30);

constexpr std::string_view kSecurityHeaders =
    "Content-Security-Policy: default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self' data:; connect-src 'self'; font-src 'self'; "
    "base-uri 'none'; form-action 'none'; frame-ancestors 'none'; require-trusted-types-for 'script'\r\n"
    "X-Content-Type-Options: nosniff\r\n"
    "X-Frame-Options: DENY\r\n"
    "Referrer-Policy: no-referrer\r\n"
    "Cross-Origin-Opener-Policy: same-origin\r\n"
    "Cross-Origin-Resource-Policy: same-origin\r\n"
    "Permissions-Policy: camera=(), microphone=(), geolocation=(), payment=(), usb=()\r\n";

std::string HeadOf(const Response& response, bool keep_alive) {
  std::string head = fmt::format("HTTP/1.1 {} {}\r\nContent-Type: {}\r\n", response.status,
                                 std::string_view(http::obsolete_reason(static_cast<http::status>(response.status)).data()), response.content_type);
  bool cache = false;
  for (const auto& [name, value] : response.headers) {
    head += fmt::format("{}: {}\r\n", name, value);
    cache = cache || name == "Cache-Control";
  }
  if (!cache) head += "Cache-Control: no-store\r\n";
  if (!keep_alive) head += "Connection: close\r\n";
  head += kSecurityHeaders;
  return head;
}

class Server;

class Connection final : public Watcher, public std::enable_shared_from_this<Connection> {
 public:
  Connection(Server& server, Tcp::socket socket, std::shared_ptr<asio::ssl::context> tls)
      : server_(server), tls_(std::move(tls)), stream_(std::move(socket), *tls_) {}

  void Start();
  void Close();
  void Send(const Frame& frame) override;
  bool Holds() override;

 private:
  void ReadHead();
  void OnHead(error_code error);
  void OnRequest(error_code error);
  void Answer(const Response& response);
  void Watch(const Request& request);
  void ReadAside();
  void WriteFrames();
  void End();
  Request Take();

  Server& server_;
  const std::shared_ptr<asio::ssl::context> tls_;
  asio::ssl::stream<beast::tcp_stream> stream_;
  beast::flat_buffer buffer_;
  std::optional<http::request_parser<http::string_body>> parser_;
  bool keep_alive_ = false;
  bool head_only_ = false;
  std::string out_;
  LiveRequest live_;
  std::deque<Frame> frames_;
  bool writing_ = false;
  std::array<char, 64> aside_{};
};

class Server final : public HttpServer {
 public:
  Server(const Options& options, Pages* pages, observe::Log* log)
      : options_(options),
        pages_(pages),
        log_(log),
        acceptor_(io_),
        beat_(io_),
        live_([this](const std::string& target, std::function<void(LiveBoard::Text)> done) { pages_->ReadTarget(target, std::move(done)); },
              [this](std::function<void()> task) { asio::post(io_, std::move(task)); }) {}
  ~Server() override { Stop(); }

  absl::Status Start() {
    if (auto loaded = ReloadCertificate(); !loaded.ok()) return loaded;
    error_code error;
    const Tcp::endpoint at(asio::ip::make_address(std::string(options_.listen.ip()), error), options_.listen.port());
    if (!error) acceptor_.open(at.protocol(), error);
    if (!error) acceptor_.set_option(asio::socket_base::reuse_address(true), error);
    if (!error) acceptor_.bind(at, error);
    if (!error) acceptor_.listen(asio::socket_base::max_listen_connections, error);
    if (error) {
      return absl::UnavailableError(fmt::format("cannot listen on {}: {}; choose another address with --dashboard-listen", options_.listen.ToString(),
                                                error.message()));
    }
    port_ = acceptor_.local_endpoint().port();
    Accept();
    Beat();
    thread_ = std::thread([this] {
      pthread_setname_np(pthread_self(), "dashboard");
      io_.run();
    });
    return absl::OkStatus();
  }

  std::uint16_t port() const override { return port_; }

  absl::Status ReloadCertificate() override {
    auto tls = std::make_shared<asio::ssl::context>(asio::ssl::context::tls_server);
    error_code error;
    tls->use_certificate_chain_file(options_.certificate_path, error);
    if (!error) tls->use_private_key_file(options_.key_path, asio::ssl::context::pem, error);
    if (error) return absl::InternalError(fmt::format("the dashboard's certificate in {}: {}", options_.certificate_path, error.message()));
    const std::lock_guard lock(tls_mutex_);
    tls_ = std::move(tls);
    return absl::OkStatus();
  }

  void Stop() override {
    if (!thread_.joinable()) return;
    asio::post(io_, [this] {
      error_code ignored;
      acceptor_.close(ignored);
      beat_.cancel();
      for (const auto& connection : std::set(connections_)) connection->Close();
      io_.stop();
    });
    thread_.join();
    connections_.clear();
  }

  Pages& pages() { return *pages_; }
  LiveBoard& live() { return live_; }
  asio::io_context& io() { return io_; }
  void Forget(const std::shared_ptr<Connection>& connection) {
    live_.Remove(connection.get());
    connections_.erase(connection);
  }

 private:
  void Accept() {
    acceptor_.async_accept([this](error_code error, Tcp::socket socket) {
      if (error == asio::error::operation_aborted) return;
      if (!error && connections_.size() < kMaxConnections) {
        std::shared_ptr<asio::ssl::context> tls;
        {
          const std::lock_guard lock(tls_mutex_);
          tls = tls_;
        }
        error_code ignored;
        socket.set_option(Tcp::no_delay(true), ignored);
        auto connection = std::make_shared<Connection>(*this, std::move(socket), std::move(tls));
        connections_.insert(connection);
        connection->Start();
      }
      if (!error) return Accept();
      // Out of descriptors, say: not in a circle.
      beat_pause_.emplace(io_, std::chrono::milliseconds(200));
      beat_pause_->async_wait([this](error_code) { Accept(); });
    });
  }

  void Beat() {
    beat_.expires_after(std::chrono::seconds(1));
    beat_.async_wait([this](error_code error) {
      if (error) return;
      live_.Beat();
      Beat();
    });
  }

  const Options options_;
  Pages* pages_;
  observe::Log* log_;
  asio::io_context io_{1};
  Tcp::acceptor acceptor_;
  asio::steady_timer beat_;
  std::optional<asio::steady_timer> beat_pause_;
  LiveBoard live_;
  std::set<std::shared_ptr<Connection>> connections_;
  std::mutex tls_mutex_;
  std::shared_ptr<asio::ssl::context> tls_;
  std::uint16_t port_ = 0;
  std::thread thread_;
};

void Connection::Start() {
  beast::get_lowest_layer(stream_).expires_after(kHandshakeTime);
  stream_.async_handshake(asio::ssl::stream_base::server, [self = shared_from_this()](error_code error) {
    if (error) return self->End();
    self->ReadHead();
  });
}

void Connection::Close() {
  error_code ignored;
  beast::get_lowest_layer(stream_).socket().close(ignored);
}

void Connection::End() {
  Close();
  server_.Forget(shared_from_this());
}

void Connection::ReadHead() {
  parser_.emplace();
  parser_->header_limit(kMaxHead);
  parser_->body_limit(kLargeBody);
  beast::get_lowest_layer(stream_).expires_after(kIdleTime);
  http::async_read_header(stream_, buffer_, *parser_, [self = shared_from_this()](error_code error, std::size_t) { self->OnHead(error); });
}

void Connection::OnHead(error_code error) {
  if (error) return End();
  // Who is not logged in has little to say.
  const auto length = parser_->content_length();
  const bool known = parser_->get().method() != http::verb::post || server_.pages().Knows(Take());
  if ((length && *length > (known ? kLargeBody : kSmallBody)) || (!length && parser_->chunked())) {
    keep_alive_ = false;
    return Answer({.status = 413});
  }
  if (parser_->get()[http::field::expect] == "100-continue") return Answer({.status = 417});
  beast::get_lowest_layer(stream_).expires_after(kWriteTime);
  http::async_read(stream_, buffer_, *parser_, [self = shared_from_this()](error_code failed, std::size_t) { self->OnRequest(failed); });
}

Request Connection::Take() {
  const auto& message = parser_->get();
  const auto field = [&](auto name) { return std::string(message[name]); };
  Request request;
  const auto verb = message.method();
  head_only_ = verb == http::verb::head;
  request.method = verb == http::verb::get || head_only_ ? Method::kGet : verb == http::verb::post ? Method::kPost : Method::kOther;
  const std::string_view target(message.target().data(), message.target().size());
  const auto mark = std::min(target.find('?'), target.size());
  request.path = std::string(target.substr(0, mark));
  request.query = std::string(target.substr(std::min(mark + 1, target.size())));
  request.cookie = field(http::field::cookie);
  request.csrf = field("X-CSRF-Token");
  request.origin = field(http::field::origin);
  request.host = field(http::field::host);
  request.content_type = field(http::field::content_type);
  request.accept_encoding = field(http::field::accept_encoding);
  request.if_none_match = field(http::field::if_none_match);
  return request;
}

void Connection::OnRequest(error_code error) {
  if (error) return End();
  Request request = Take();
  request.body = std::move(parser_->get().body());
  keep_alive_ = parser_->get().keep_alive();
  // The answer may take its time.
  beast::get_lowest_layer(stream_).expires_never();
  if (request.path == "/api/live" && request.method == Method::kGet) return Watch(request);
  server_.pages().Handle(request, [self = shared_from_this()](Response response) {
    asio::post(self->server_.io(), [self, response = std::move(response)] { self->Answer(response); });
  });
}

void Connection::Answer(const Response& response) {
  out_ = HeadOf(response, keep_alive_);
  if (response.status != 304) out_ += fmt::format("Content-Length: {}\r\n", response.body == nullptr ? 0 : response.body->size());
  out_ += "\r\n";
  // In one piece: TLS would make records of their own of head and body.
  if (response.body != nullptr && !head_only_) out_ += *response.body;
  beast::get_lowest_layer(stream_).expires_after(kWriteTime);
  asio::async_write(stream_, asio::buffer(out_), [self = shared_from_this()](error_code error, std::size_t) {
    // A large answer's memory does not stay with an idle connection.
    self->out_ = std::string();
    if (error || !self->keep_alive_) return self->End();
    self->ReadHead();
  });
}

void Connection::Watch(const Request& request) {
  auto live = server_.pages().Live(request);
  if (!live.ok()) return Answer(ErrorResponse(live.status()));
  live_ = *std::move(live);
  keep_alive_ = false;
  writing_ = true;
  out_ = HeadOf({.content_type = "text/event-stream"}, false) + "\r\n: welcome\n\n";
  ReadAside();
  beast::get_lowest_layer(stream_).expires_after(kWriteTime);
  asio::async_write(stream_, asio::buffer(out_), [self = shared_from_this()](error_code error, std::size_t) {
    self->writing_ = false;
    if (error) return self->End();
    self->WriteFrames();
  });
  if (!server_.live().Add(shared_from_this(), live_.targets)) Close();
}

// A watcher says nothing more; what comes, or the end, ends it.
void Connection::ReadAside() {
  stream_.async_read_some(asio::buffer(aside_), [self = shared_from_this()](error_code, std::size_t) { self->End(); });
}

bool Connection::Holds() {
  if (server_.pages().Holds(live_)) return true;
  Close();
  return false;
}

void Connection::Send(const Frame& frame) {
  if (frames_.size() >= kMaxFrames) return;
  frames_.push_back(frame);
  WriteFrames();
}

void Connection::WriteFrames() {
  if (writing_ || frames_.empty()) return;
  writing_ = true;
  beast::get_lowest_layer(stream_).expires_after(kWriteTime);
  asio::async_write(stream_, asio::buffer(*frames_.front()), [self = shared_from_this()](error_code error, std::size_t) {
    self->writing_ = false;
    if (error) return self->End();
    self->frames_.pop_front();
    self->WriteFrames();
  });
}

}  // namespace

absl::StatusOr<std::unique_ptr<HttpServer>> HttpServer::Open(const Options& options, Pages* pages, observe::Log* log) {
  auto server = std::make_unique<Server>(options, pages, log);
  if (auto started = server->Start(); !started.ok()) return started;
  return server;
}

}  // namespace switchyard::controlplane::dashboard
