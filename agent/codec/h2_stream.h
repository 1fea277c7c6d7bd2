// H2Stream: one request and its response on an HTTP/2 connection, as its user sees it and as H2Session (h2_session.h) keeps it.
//
// Thread-safety: one thread. Life: attached from its head to OnClosed; views given to events are valid during the call only.
// Bounds: kHighWater of waiting body, then Write says so.
#pragma once

#include <cstddef>
#include <cstdint>
#include <optional>
#include <string_view>

#include "agent/codec/chunk_decoder.h"
#include "agent/codec/h2_fields.h"
#include "agent/codec/h2_types.h"
#include "agent/codec/spare_memory.h"
#include "common/base/cause.h"

namespace switchyard::agent::codec {

class H2Session;
class H2Queue;

class H2Stream {
 public:
  static constexpr std::size_t kHighWater = 65'536;

  H2Stream() = default;
  H2Stream(const H2Stream&) = delete;
  H2Stream& operator=(const H2Stream&) = delete;

  // A header section: the request's; a response's, 1xx first; at last perhaps trailers. It may be swapped away. `ends`: nothing follows.
  virtual void OnFields(H2Fields& fields, bool trailers, bool ends) = 0;
  // Counts against the windows until H2Session::Consume.
  virtual void OnData(std::string_view data) = 0;
  // The end of the body, when no trailers end it.
  virtual void OnEnd() = 0;
  // Body that had to wait is below half the high water.
  virtual void OnDrained() = 0;
  // Our last frame has been serialized.
  virtual void OnSent() = 0;
  // The last event. kNoError: both sides have ended, or a graceful RST_STREAM came. `fault` of ours or of the peer's, kNone if none.
  virtual void OnClosed(H2Error error, Cause fault) = 0;

  StreamId id() const { return id_; }
  // Neither closed nor reset.
  bool attached() const { return session_ != nullptr; }
  // Body bytes that wait for a window.
  std::size_t waiting() const { return held_.size() - held_sent_; }
  // Body bytes that have left the stream, ever.
  std::uint64_t gone() const { return gone_; }

 protected:
  virtual ~H2Stream() = default;

 private:
  friend class H2Session;
  friend class H2Queue;

  H2Session* session_ = nullptr;
  H2Queue* queue_ = nullptr;  // that it is in
  H2Stream* before_ = nullptr;
  H2Stream* behind_ = nullptr;
  SpareString held_;  // body that waits; `held_sent_` bytes of it are gone
  std::size_t held_sent_ = 0;
  Trailers trailers_;
  std::uint64_t gone_ = 0;
  std::optional<std::uint64_t> expected_;  // content-length of what comes in, less what has come
  std::int64_t window_ = 0;     // that the peer gives us; negative when it took some back
  std::uint32_t unreturned_ = 0;  // bytes that came and count against the window that we give
  std::uint32_t taken_ = 0;       // those of them that may be given back
  StreamId id_ = 0;
  H2Error reset_error_ = H2Error::kNoError;
  Cause fault_ = Cause::kNone;
  bool waits_ = false;      // its head has not been sent, for the peer has enough requests
  bool out_ended_ = false;  // the user has said all
  bool out_said_ = false;   // and END_STREAM is in the output
  bool sent_ = false;       // and OnSent was called
  bool in_ended_ = false;   // END_STREAM has come
  bool above_ = false;      // Write said false
  bool reset_ = false;      // RST_STREAM is to be sent
  bool provoked_ = false;   // by the peer
  bool trailing_ = false;   // its next header section are trailers
  bool to_head_ = false;     // the response has no body, since it answers HEAD
  bool to_connect_ = false;  // or no length, since it answers CONNECT
  bool early_ = false;      // opened before the peer knew our window
};

// Streams that wait for their turn, first come, first served. A stream is in one at most.
class H2Queue {
 public:
  bool empty() const { return first_ == nullptr; }
  H2Stream& front() const { return *first_; }
  void PushBack(H2Stream& stream) {
    stream.queue_ = this;
    stream.before_ = last_;
    stream.behind_ = nullptr;
    (last_ != nullptr ? last_->behind_ : first_) = &stream;
    last_ = &stream;
  }
  // It is in this one.
  void Remove(H2Stream& stream) {
    stream.queue_ = nullptr;
    (stream.before_ != nullptr ? stream.before_->behind_ : first_) = stream.behind_;
    (stream.behind_ != nullptr ? stream.behind_->before_ : last_) = stream.before_;
    stream.before_ = stream.behind_ = nullptr;
  }

 private:
  H2Stream* first_ = nullptr;
  H2Stream* last_ = nullptr;
};

}  // namespace switchyard::agent::codec
