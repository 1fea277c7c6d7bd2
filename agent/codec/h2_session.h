// H2Session: one HTTP/2 connection, of either side, as a machine without a socket: bytes in, events out; answers in, bytes out.
//
// Frames, HPACK, windows and the state of streams are nghttp2's; what a proxy needs beyond them is here: bodies that wait for windows with
// a high water, back-pressure by giving windows back only for bytes that were taken, and limits on what a peer may make us do
// (h2_meter.h). Malformed messages are refused by nghttp2 (RFC 9113 section 8.1.1) and, for what HTTP/1 would misread, by h2_head.h.
//
// Thread-safety: one thread. Life: an H2Stream is attached from its head to OnClosed; a session must not be destroyed from within an event.
// Cost: one copy of a body byte into `out`; a second one only for bytes that have to wait for a window.
// Bounds: kHighWater of waiting body per stream, then Write says so; the windows of H2Settings the other way; H2Limits.
// Errors: Feed returns a Cause when the connection is to end; GOAWAY is in the output by then.
#pragma once

#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "agent/codec/chunk_decoder.h"
#include "agent/codec/h2_fields.h"
#include "agent/codec/h2_meter.h"
#include "agent/codec/h2_types.h"
#include "agent/codec/head.h"
#include "agent/codec/spare_memory.h"
#include "common/base/cause.h"
#include "common/base/clock.h"

namespace switchyard::agent::codec {

class H2Session;

// One request and its response. Views given to events are valid during the call only.
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
  H2Session* session_ = nullptr;
  SpareString held_;  // body that waits; `held_sent_` bytes of it are gone
  std::size_t held_sent_ = 0;
  std::string_view direct_;  // of the Write under way
  Trailers trailers_;
  std::uint64_t gone_ = 0;
  StreamId id_ = 0;
  Cause fault_ = Cause::kNone;
  bool deferred_ = false;  // nghttp2 has been told that there is nothing to send
  bool out_ended_ = false;
  bool above_ = false;  // Write said false
  bool reset_ = false;
  bool trailing_ = false;  // its next header section are trailers
};

class H2Session {
 public:
  enum class Side : std::uint8_t { kServer, kClient };

  class Owner {
   public:
    // Server: a new request; null refuses it (REFUSED_STREAM).
    virtual H2Stream* OnNewStream(StreamId id) = 0;
    // Client: no stream above `last` will be served; they are closed with kRefusedStream.
    virtual void OnGoaway(StreamId last, H2Error error) = 0;
    // Server: the client knows of the first step of a graceful end; what it sent before it knew has come.
    virtual void OnGoawayKnown() {}
    // The peer's settings have arrived or changed.
    virtual void OnSettings() = 0;
    // A stream error that the peer made, for the counters.
    virtual void OnFault(Cause cause) = 0;

   protected:
    ~Owner() = default;
  };

  // Output is appended to `out`. Both must outlive the session. The first output is the preface and our SETTINGS.
  H2Session(Side side, Owner& owner, const H2Settings& settings, const H2Limits& limits, std::string& out);
  ~H2Session();

  // kNone, or why the connection has to end once its output is written.
  Cause Feed(std::string_view bytes, TimePoint now);
  // Serializes what there is to send until `room` bytes were added to the output (checked between frames).
  void Pump(std::size_t room);
  // Neither side has anything more to say.
  bool finished() const;
  // What the peer did too much of, noticed while writing; else Feed says it.
  Cause fault() const { return meter_.fault(); }
  // A header section has begun and has not ended, be it in the middle of a frame.
  bool within_section() const { return meter_.within_section(); }
  // How many have begun so far.
  std::uint64_t sections() const { return meter_.sections(); }

  // Server. Heads have no connection fields left; `length` is stated as content-length. A final head with `ends` ends the response.
  void Respond(H2Stream& stream, std::uint16_t status, const std::vector<Header>& headers, std::optional<std::uint64_t> length, bool ends);
  // Client. Attaches `stream`. `pseudo` fields come first in `headers`. False: no more streams on this connection.
  bool Request(H2Stream& stream, const std::vector<Header>& headers, std::optional<std::uint64_t> length, bool ends);

  // Body bytes; false: above the high water, OnDrained follows. Sends at once what the windows allow, up to `room` bytes of output.
  bool Write(H2Stream& stream, std::string_view data, std::size_t room);
  void End(H2Stream& stream, const Trailers* trailers);
  // OnClosed follows, not from within.
  void Reset(H2Stream& stream, H2Error error);
  // Does nothing when our side of the stream has ended.
  void ResetUnlessEnded(H2Stream& stream, H2Error error);
  // Forgets the stream: no event follows.
  void Detach(H2Stream& stream);
  // `size` bytes of its data have been taken. For a stream that is gone they are given back to the connection alone.
  void Consume(StreamId id, std::size_t size);
  // Bytes that count against the connection only, for a stream that is gone or keeps its own count.
  void ConsumeConnection(std::size_t size);
  void ConsumeStream(StreamId id, std::size_t size);

  // The first step of a graceful end: the peer should open no more streams. Those that come are served. A PING goes behind it, and OnGoawayKnown
  // follows its answer.
  void AnnounceGoaway();
  // The second: those that have come are served, later ones are not.
  void Goaway(H2Error error = H2Error::kNoError);

  // Requests that the peer lets us have open; SETTINGS_MAX_CONCURRENT_STREAMS.
  std::uint32_t peer_max_streams() const;
  bool peer_extended_connect() const;
  // False once GOAWAY went either way.
  bool may_request() const;

 private:
  struct Callbacks;
  struct Handle;
  friend struct Callbacks;

  void TakeSection(bool ends);
  void SentReset(StreamId id, H2Error error);
  void Finish(H2Stream& stream, H2Error error);
  void Resume(H2Stream& stream);
  std::size_t Ready(const H2Stream& stream) const { return stream.waiting() + stream.direct_.size(); }
  void TakeOut(H2Stream& stream, std::size_t size);
  H2Stream* StreamOf(StreamId id) const;

  const Side side_;
  Owner& owner_;
  const H2Settings settings_;
  H2Meter meter_;
  std::string& out_;
  std::unique_ptr<Handle> handle_;
  H2Fields fields_;  // of the section under way
  std::size_t emitted_ = 0;  // bytes that HPACK has made of it, those that were dropped included
  H2Stream* reading_ = nullptr;
  bool busy_ = false;  // within nghttp2, which must not be entered again
};

}  // namespace switchyard::agent::codec
