// ClientStream: one request on its way to a backend, whatever the HTTP version of the connection below it.
//
// The exchange sends; the stream tells what came back through ClientStreamEvents. After OnResponseEnd or OnUpstreamFailed no further event
// comes and the exchange lets go of the stream. Views given to events are valid during the call only.
//
// Back-pressure: SendBody returns false when the stream holds more than its high water; OnUpstreamWritable comes when it has drained.
// PauseResponse stops reading from the backend.
// Thread-safety: its worker.
#pragma once

#include <cstdint>
#include <string_view>
#include <vector>

#include "agent/codec/chunk_decoder.h"
#include "agent/codec/head.h"
#include "common/base/cause.h"

namespace switchyard::agent::upstream {

// A request as it goes out. `headers` are complete: hop-by-hop fields are gone, ours are in.
struct OutgoingRequest {
  std::string_view method;
  std::string_view path_and_query;
  const std::vector<codec::Header>* headers = nullptr;
  codec::Framing framing = codec::Framing::kNone;
  std::uint64_t content_length = 0;
  // The client said that there is no body (`Content-Length: 0`), which some backends insist on.
  bool states_empty_body = false;
  std::string_view upgrade;  // protocol to ask for; empty: none
  bool te_trailers = false;  // the client can take trailers and said so (`te: trailers`); HTTP/2 only
};

class ClientStreamEvents {
 public:
  // 1xx heads come zero or more times before the final one. After a 101 body events carry raw bytes.
  virtual void OnResponseHead(const codec::ResponseHead& head) = 0;
  virtual void OnResponseBody(std::string_view data) = 0;
  // `trailers` may be null. For a raw stream: the backend ended its direction.
  virtual void OnResponseEnd(const codec::Trailers* trailers) = 0;
  // All events of one read have been given: a good moment to write out.
  virtual void OnResponseTurn() = 0;
  virtual void OnUpstreamWritable() = 0;
  // kNotImplemented: the backend does not switch protocols, which is no failure of it.
  virtual void OnUpstreamFailed(Cause cause) = 0;

 protected:
  ~ClientStreamEvents() = default;
};

class ClientStream {
 public:
  // The first call: who hears the events.
  virtual void Begin(ClientStreamEvents& events) = 0;
  // The backend can be asked to switch to `protocol` (OutgoingRequest::upgrade).
  virtual bool MayUpgrade(std::string_view protocol) const = 0;
  virtual void SendHead(const OutgoingRequest& request) = 0;
  virtual bool SendBody(std::string_view data) = 0;
  // Ends the body; for a raw stream ends our direction.
  virtual void SendEnd(const codec::Trailers* trailers) = 0;
  // Writes out what was sent so far.
  virtual void Flush() = 0;
  virtual void PauseResponse() = 0;
  virtual void ResumeResponse() = 0;
  // The exchange gives up; no event follows. The connection below is not used again.
  virtual void Cancel() = 0;

 protected:
  virtual ~ClientStream() = default;

 private:
  // Shared ownership of whatever object carries the stream (loop::Ref<ClientStream>).
  friend void intrusive_ptr_add_ref(ClientStream* stream) { stream->Retain(); }
  friend void intrusive_ptr_release(ClientStream* stream) { stream->Release(); }
  virtual void Retain() = 0;
  virtual void Release() = 0;
};

}  // namespace switchyard::agent::upstream
