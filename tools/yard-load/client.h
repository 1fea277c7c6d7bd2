// Client: one connection of yard-load. Takes one request at a time, connects when it has to, and reports how the request ended.
// Internal to yard-load; the only user is worker.cc.
//
// A read is outstanding as long as the connection is open, so that a peer's close is noticed between requests and an early answer during a
// long write. A request on a reused connection that ends before any response byte is sent once more on a new one, if the plan allows.
// Thread-safety: lives on its worker's io_context only. Bounds: kMaxHead bytes of response head; bodies are read and dropped.
#pragma once

#include <boost/asio/io_context.hpp>
#include <boost/asio/ip/tcp.hpp>
#include <cstdint>
#include <functional>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "common/base/clock.h"
#include "tools/wire/body_reader.h"
#include "tools/wire/head.h"
#include "tools/yard-load/plan.h"
#include "tools/yard-load/tally.h"

namespace switchyard::tools::load {

// A target with its address looked up and its request made.
struct Destination {
  boost::asio::ip::tcp::endpoint endpoint;
  std::string request;
};

// What the clients of one worker share.
struct ClientContext {
  const Plan& plan;
  const std::vector<Destination>& destinations;
  const Clock& clock;
  Tally& tally;
  TimePoint count_from;  // requests intended earlier are not counted
  bool idempotent = false;
};

class Client {
 public:
  // `on_idle` is called each time a request has ended; `connected` tells whether the last one failed to connect.
  using OnIdle = std::function<void(Client&, bool connected)>;
  Client(boost::asio::io_context& io, ClientContext& context, unsigned number, OnIdle on_idle);

  // REQUIRES: no request is under way.
  void Send(TimePoint intended);
  // Ends the request under way as a timeout when its deadline is over.
  void CheckDeadline(TimePoint now);
  bool busy() const { return busy_; }

 private:
  static constexpr std::size_t kMaxHead = 1u << 20;

  void Connect();
  void OnConnected();
  void Write();
  void Read();
  void OnBytes(std::size_t size);
  void OnEnd();  // the peer closed, or the connection broke
  bool ReadHead();
  void Complete();
  void FailWith(Failure failure);
  void Close();
  void Idle(bool connected);
  const Destination& destination() const { return context_.destinations[at_]; }

  boost::asio::io_context& io_;
  ClientContext& context_;
  const std::size_t preferred_;
  OnIdle on_idle_;
  // A new object for each connection, so that a write under way on an old one can never reach the new one.
  std::shared_ptr<boost::asio::ip::tcp::socket> socket_;
  std::uint64_t epoch_ = 0;  // of the connection: handlers of an older one do nothing
  bool open_ = false;
  bool busy_ = false;
  bool resent_ = false;
  bool first_byte_ = false;
  bool in_body_ = false;
  std::uint64_t served_ = 0;  // responses on this connection
  std::size_t at_ = 0;        // destination in use
  std::size_t tried_ = 0;     // destinations tried for this connection
  TimePoint intended_{};
  TimePoint deadline_{};
  std::vector<char> in_;
  std::size_t begin_ = 0;
  std::size_t end_ = 0;
  wire::ResponseHead head_;
  wire::BodyReader body_;
  bool keep_ = false;
  int status_ = 0;
  std::string counted_value_;
};

}  // namespace switchyard::tools::load
