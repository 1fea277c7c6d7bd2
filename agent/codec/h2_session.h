// H2Session: one HTTP/2 connection, of either side, as a machine without a socket: bytes in, events out; answers in, bytes out.
//
// Frames are cut by h2_reader.h and judged by h2_meter.h, header sections go through hpack_*.h and h2_section.h; here is what holds them together: the
// state of streams, the windows of both directions, and the errors that RFC 9113 asks for. Malformed messages are refused (section 8.1.1); what HTTP/1
// would misread beyond that is h2_head.h's.
//
// Heads and what the windows and the room allow of bodies are serialized at once; the rest waits in its stream, and streams take turns, a
// frame each. An event that tells of our own doing (OnSent, OnClosed behind a Reset) comes from Pump, never from within a call; until then the
// stream counts as open.
//
// Thread-safety: one thread. Life: an H2Stream is attached from its head to OnClosed; a session must not be destroyed from within an event.
// Cost: one copy of a body byte into `out`; a second one only for bytes that have to wait. Memory: none but tables of HPACK while no stream is open.
// Bounds: kHighWater of waiting body per stream, then Write says so; the windows of H2Settings the other way; H2Limits; a head per open stream
// beyond the room of Pump. Errors: Feed returns a Cause when the connection is to end; GOAWAY is in the output by then.
#pragma once

#include <array>
#include <deque>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "agent/codec/h2_frame.h"
#include "agent/codec/h2_meter.h"
#include "agent/codec/h2_reader.h"
#include "agent/codec/h2_section.h"
#include "agent/codec/h2_stream.h"
#include "agent/codec/h2_streams.h"
#include "agent/codec/h2_types.h"
#include "agent/codec/head.h"
#include "agent/codec/hpack_decoder.h"
#include "agent/codec/hpack_encoder.h"
#include "common/base/cause.h"
#include "common/base/clock.h"

namespace switchyard::agent::codec {

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

  // Output is appended to `out`. Both must outlive the session. The first output is the preface and our SETTINGS. What is there may be taken away
  // right after Pump only: until then the last frame may still grow.
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
  bool within_section() const { return section_of_ != 0 || (reader_.within_frame() && reader_.header().type == H2Frame::kHeaders); }
  // How many have begun so far.
  std::uint64_t sections() const { return sections_; }

  // Server. Heads have no connection fields left; `length` is stated as content-length. A final head with `ends` ends the response.
  void Respond(H2Stream& stream, std::uint16_t status, const std::vector<Header>& headers, std::optional<std::uint64_t> length, bool ends);
  // Client. Attaches `stream`. Pseudo-header fields come first in `headers`. What the peer has no room for yet waits; what it will not take any more
  // is closed with kRefusedStream, not from within.
  void Request(H2Stream& stream, const std::vector<Header>& headers, std::optional<std::uint64_t> length, bool ends);

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
  std::uint32_t peer_max_streams() const { return peer_.max_streams; }
  bool peer_extended_connect() const { return peer_.extended_connect; }
  // False once GOAWAY went either way.
  bool may_request() const;

 private:
  // What the peer's SETTINGS say.
  struct Peer {
    std::uint32_t max_streams;
    std::uint32_t window = kH2FirstWindow;
    std::uint32_t frame_bytes = kH2FrameBytes;
    bool extended_connect = false;
  };
  // A request that waits until the peer has room.
  struct Waiting {
    struct Field {
      std::string name;
      std::string value;
      bool never_indexed;
    };
    H2Stream* stream;
    std::vector<Field> headers;
  };
  // Whose section is being read.
  struct Target {
    H2Stream* stream = nullptr;
    bool refused = false;
  };

  // Frames in, and bodies (h2_session_in.cc).
  void TakeHeader();
  void TakeData(const H2FrameHeader& header);
  void TakePiece();
  void TakeBody(H2Stream* stream, std::string_view data);
  void TakeWhole(std::string_view payload);
  void TakeHeaders(std::string_view payload);
  void EndIn(H2Stream& stream);
  bool idle(StreamId id) const;
  // The connection ends.
  void Fail(H2Error error, Cause cause = Cause::kHttp2Error);

  // Sections in (h2_session_sections.cc).
  void TakeSection(std::string_view section);
  Target OpenTarget(StreamId id);
  H2Stream* OpenStream(StreamId id);
  H2Error ReadFields(Target target, H2SectionRules& rules, std::string_view section);
  void GiveFields(H2Stream& stream, const H2SectionRules& rules, bool trailers);
  // The peer made a mistake on this stream.
  void Provoke(H2Stream& stream, H2Error error);
  void RefuseUnknown(StreamId id, H2Error error, Cause cause);

  // Control frames in (h2_session_control.cc).
  void TakeReset(std::string_view payload);
  void TakePing(std::string_view payload);
  void TakeGoaway(std::string_view payload);
  void TakeWindowUpdate(std::string_view payload);
  void TakeSettings(std::string_view payload);
  bool TakeSetting(H2Setting id, std::uint32_t value);
  void TakeSettingsAck();
  void MoveWindows(std::int64_t change);

  // Out, and turns (h2_session_out.cc).
  void StartOut();
  void WriteFrame(const H2FrameHeader& header, std::string_view payload);
  void WriteWindowUpdate(StreamId id, std::uint32_t size);
  void WriteReset(StreamId id, H2Error error);
  void WriteGoaway(StreamId last, H2Error error);
  void Queue(H2Queue& queue, H2Stream& stream);
  void Unqueue(H2Stream& stream);
  void Serve(H2Stream& stream);

  // Heads out (h2_session_heads.cc).
  char* OpenSection(std::size_t room);
  void CloseSection(char* end, StreamId id, bool ends);
  template <typename List>
  void WriteRequest(H2Stream& stream, const List& headers, bool ends);
  void SendWaiting();
  void WriteTrailers(H2Stream& stream, const Trailers& trailers);

  // Bodies out (h2_session_bodies.cc).
  std::size_t WriteData(H2Stream& stream, std::string_view data);
  void WriteHeld(H2Stream& stream);
  void SayEnd(H2Stream& stream, const Trailers& trailers);

  // Streams (h2_session.cc).
  void Attach(H2Stream& stream, StreamId id);
  void Release(H2Stream& stream);
  void Finish(H2Stream& stream, H2Error error);
  void FinishIfOver(H2Stream& stream);
  bool recently_reset(StreamId id) const;

  const Side side_;
  bool ended_ = false;          // GOAWAY with an error went: nothing more is read or written
  bool busy_ = false;           // Pump is under way
  bool goaway_sent_ = false;    // for good
  bool goaway_came_ = false;
  bool settings_seen_ = false;
  bool settings_known_ = false;  // the peer has acknowledged ours
  bool ping_sent_ = false;
  bool section_ends_ = false;
  bool padded_ = false;  // the length of the padding of the DATA frame under way has not come
  Cause fault_ = Cause::kNone;
  Owner& owner_;
  const H2Settings settings_;
  Peer peer_;
  H2Meter meter_;
  std::string& out_;
  H2Reader reader_;
  HpackDecoder decoder_;
  HpackEncoder encoder_;
  H2Streams streams_;
  H2Queue ready_;    // those with something to say or tell that no window holds back
  H2Queue sending_;  // those with data that their own window lets go
  std::unique_ptr<std::deque<Waiting>> waiting_;
  H2Fields fields_;      // of the section under way
  std::string section_;  // in frames so far
  std::uint64_t sections_ = 0;
  TimePoint now_{};  // of the last Feed
  std::int64_t window_ = kH2FirstWindow;  // of the connection, that the peer gives us
  std::uint32_t unreturned_ = 0;          // as in H2Stream
  std::uint32_t taken_ = 0;
  std::uint32_t body_left_ = 0;  // of the DATA frame under way, without padding
  StreamId section_of_ = 0;  // CONTINUATION has to follow
  StreamId section_id_ = 0;
  StreamId next_ = 1;      // client: of the next request
  StreamId highest_ = 0;   // server: that the client has opened
  StreamId accepted_ = 0;  // and that we took
  StreamId goaway_last_ = 0x7fffffff;  // the peer's
  std::vector<StreamId> resets_;  // that we sent last, as many as there may be streams
  std::size_t reset_at_ = 0;
  // The last frame of the output, as long as nothing is behind it: more of its stream may still go into it.
  StreamId tail_of_ = 0;
  std::size_t tail_at_ = 0;
  std::size_t tail_end_ = 0;
};

}  // namespace switchyard::agent::codec
