// Connection: one client of a scripted backend, from accept to close. Internal to yard-origin; the only user is server.cc.
//
// Reads heads and bodies, asks MakeReply, and carries the reply out: delay, bytes, ending. Pipelined requests are answered in order; while
// a write is under way nothing more is read, so a slow reader costs one buffer.
// Thread-safety: lives on its worker's io_context only. Bounds: kMaxHead bytes of head, kKeptBody of a control body, kFlush of staged output.
#pragma once

#include <boost/asio/io_context.hpp>
#include <boost/asio/ip/tcp.hpp>
#include <boost/asio/steady_timer.hpp>
#include <boost/crc.hpp>
#include <deque>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "common/base/random.h"
#include "tools/wire/body_reader.h"
#include "tools/wire/head.h"
#include "tools/yard-origin/reply.h"
#include "tools/yard-origin/site.h"
#include "tools/yard-origin/websocket.h"

namespace switchyard::tools::origin {

class Connection;

// What the connections of one site on one worker share.
struct SiteOnWorker {
  SiteOnWorker(Site& s, Lane& l, std::uint64_t seed) : site(s), lane(l), random(seed) {}

  Site& site;
  Lane& lane;
  Random random;
  std::shared_ptr<const Behaviour> behaviour;
  std::uint64_t version = 0;
  std::string plain;  // the whole answer to a plain GET; empty when the behaviour is not plain
  bool raw_log = false;
  // With `slots`: requests that are here, those of them that are worked on, and who waits, in order; at most one per connection.
  std::uint32_t present = 0;
  std::uint32_t busy = 0;
  std::deque<std::weak_ptr<Connection>> waiting;

  // Takes a new behaviour over when there is one.
  void Refresh();
};

class Connection : public std::enable_shared_from_this<Connection> {
 public:
  Connection(boost::asio::ip::tcp::socket socket, SiteOnWorker& site, std::uint64_t id);
  ~Connection();
  void Start() { Continue(); }

 private:
  enum class State : std::uint8_t { kHead, kBody, kReplying, kHang, kWebSocket, kDrain, kClosed };
  static constexpr std::size_t kMaxHead = 1u << 20;
  static constexpr std::size_t kFlush = 128u << 10;

  std::string_view Unread() const { return std::string_view(in_.data() + begin_, end_ - begin_); }
  void Continue();  // writes what is staged, then reads
  void Read();
  void OnRead(std::size_t size);
  // What to do after one step: the next step, wait for more bytes, or nothing because something else is under way.
  enum class Next : std::uint8_t { kStep, kRead, kStop };
  void Process();  // works on what has been read until more is needed
  Next Step();
  Next ProcessHead();
  Next ProcessBody();
  Next ProcessWebSocket();
  Next OnHead(std::string_view head);
  Next Answer();
  Next Refuse(std::string_view why);
  void Remember(std::string_view head, std::string_view error);

  void BeginReply(Reply reply);
  void Enter();
  void Work();
  void Leave();
  std::string LoadHeader() const;
  void WriteReply();
  void WriteFill();
  void EndReply();
  void SendEvent(std::uint64_t number);
  void WatchPeer();
  void ArmIdle();
  void Drain();
  void Reset();
  void Abort();
  // Writes out_, clears it, then calls `next`; on error closes.
  template <class Then>
  void Write(Then then);

  boost::asio::ip::tcp::socket socket_;
  boost::asio::steady_timer timer_;
  SiteOnWorker& site_;
  const std::uint64_t id_;
  State state_ = State::kHead;
  std::vector<char> in_;
  std::size_t begin_ = 0;
  std::size_t end_ = 0;
  std::size_t searched_ = 0;
  std::string out_;
  wire::RequestHead head_;
  std::string head_text_;  // owns the bytes of head_ while a body is read
  wire::BodyReader body_;
  std::string body_start_;
  std::uint64_t body_bytes_ = 0;
  boost::crc_32_type crc_;
  Reply reply_;
  bool present_ = false;  // counted in the site
  bool busy_ = false;
  WebSocketEcho websocket_;
  std::uint64_t watch_ = 0;
  std::uint32_t answers_ = 0;
};

}  // namespace switchyard::tools::origin
