// ServerStream: the client's side of one request, whatever the HTTP version of the connection below it.
//
// The exchange answers through ServerStream; the stream tells what the client sends through ServerStreamEvents. The request body starts
// paused: it flows after the first ResumeRequest. Views given to events are valid during the call only. Back-pressure: SendBody returns
// false above the high water; OnClientWritable comes when it has drained. Thread-safety: its worker.
#pragma once

#include <cstdint>
#include <optional>
#include <string_view>
#include <vector>

#include "agent/codec/chunk_decoder.h"
#include "agent/codec/head.h"
#include "common/base/cause.h"
#include "common/base/clock.h"
#include "common/base/endpoint.h"

namespace switchyard::agent::exchange {

// A response as it goes out. `headers` are complete but for framing and connection control, which are the codec's.
struct OutgoingResponse {
  std::uint16_t status = 200;
  std::string_view reason;
  const std::vector<codec::Header>* headers = nullptr;
  // kUntilClose: length not known; the codec chooses chunked or close.
  codec::Framing framing = codec::Framing::kNone;
  std::uint64_t content_length = 0;
  // Content-Length to state although no body follows (HEAD, 304).
  std::optional<std::uint64_t> declared_length;
  std::string_view upgrade;  // with 101: the protocol; the stream is raw from then on
  bool close = false;        // the connection should not be used again
};

// How a request ended, for counters and logs.
struct Summary {
  std::uint16_t status = 0;  // sent to the client; 0: none
  Cause cause = Cause::kNone;
  TimePoint started;
  std::uint64_t route_id = 0;  // 0: none was found
  std::string_view route;
  std::string_view upstream;
  std::string_view backend;
  std::string_view request_id;  // empty: nobody asked for one
  unsigned attempts = 0;
};

// Both ends of the client's connection, as a proxy in front announced them, or of the socket.
struct ClientAddresses {
  Endpoint client;
  Endpoint destination;
};

class ServerStreamEvents {
 public:
  virtual void OnRequestBody(std::string_view data) = 0;
  virtual void OnRequestEnd(const codec::Trailers* trailers) = 0;
  virtual void OnRequestTurn() = 0;
  virtual void OnClientWritable() = 0;
  // The client left, or broke its promises; the cause says which. The stream can still carry an answer unless it is kClientGone.
  virtual void OnRequestFailed(Cause cause) = 0;

 protected:
  ~ServerStreamEvents() = default;
};

class ServerStream {
 public:
  virtual void SendHead(const OutgoingResponse& response) = 0;
  virtual bool SendBody(std::string_view data) = 0;
  virtual void SendEnd(const codec::Trailers* trailers) = 0;
  virtual void Flush() = 0;
  virtual void PauseRequest() = 0;
  virtual void ResumeRequest() = 0;
  // The last call of an exchange. `complete`: the response was sent to its end; else the connection is cut so that the client notices.
  virtual void Done(const Summary& summary, bool complete) = 0;

  virtual std::string_view client_ip() const = 0;
  // Asked only where a backend wants to know; may cost system calls.
  virtual ClientAddresses addresses() const = 0;
  virtual std::string_view scheme() const = 0;
  // The client's verified certificate in the form of `X-Forwarded-Client-Cert`; empty: it has none.
  virtual std::string_view client_certificate() const { return {}; }

 protected:
  ~ServerStream() = default;
};

}  // namespace switchyard::agent::exchange
