// ClientConnection: one connection to a backend as its pool sees it, whatever HTTP version is spoken on it.
//
// Life: connecting -> open -> closed. An open connection takes up requests as far as it has room: one at a time over HTTP/1, as many as the
// backend allows over HTTP/2. The pool is told when room has come and when the connection is closed.
// Thread-safety: its worker. Life: the pool holds a reference until OnClosed or CloseQuietly.
#pragma once

#include <cstdint>

#include "agent/loop/socket.h"
#include "agent/upstream/client_stream.h"
#include "agent/upstream/dial.h"
#include "common/base/cause.h"
#include "common/base/endpoint.h"

namespace switchyard::agent::upstream {

class ClientConnection : public loop::Socket::Owner {
 public:
  // The pool, as the connection sees it.
  class Keeper {
   public:
    virtual void OnConnectDone(ClientConnection& connection, Cause cause) = 0;
    // A request has ended, or the backend allows more of them: room() may have grown.
    virtual void OnRoom(ClientConnection& connection) = 0;
    // Closed for whatever reason, connecting aside; the last event.
    virtual void OnClosed(ClientConnection& connection) = 0;

   protected:
    ~Keeper() = default;
  };

  // Starts connecting. OnConnectDone follows, never from within, also for errors that are known at once.
  virtual void Connect(const Dial& dial) = 0;
  virtual bool connecting() const = 0;
  // Requests that it could take up now; 0 while connecting and after it was closed.
  virtual std::uint32_t room() const = 0;
  // Requests that it may carry at a time, as far as is known.
  virtual std::uint32_t capacity() const = 0;
  // Requests under way.
  virtual std::uint32_t streams() const = 0;
  // Requests taken up so far.
  virtual std::uint64_t requests() const = 0;
  // Takes up a request. REQUIRES: room() > 0.
  virtual loop::Ref<ClientStream> Take() = 0;
  // Nothing has arrived on an idle connection, so the backend has not closed it as far as we can know.
  virtual bool Quiet() = 0;
  // Nobody uses it: it lets go of its buffers and ends after `timeout` unless a request comes. REQUIRES: streams() == 0.
  virtual void Park(Duration timeout) = 0;
  // Takes up nothing any more and ends with the last of its requests. REQUIRES: streams() > 0.
  virtual void Retire() = 0;
  // Ends now, without a word to the pool. REQUIRES: nobody waits for an answer.
  virtual void CloseQuietly() = 0;
  // Connecting failed because TLS agreed on the other HTTP version.
  bool chose_other_version() const { return chose_other_version_; }

 protected:
  bool chose_other_version_ = false;

 private:
  friend class ConnectionPool;
  TimePoint retire_at_{};    // takes no new request from then on; zero: never
  bool listed_ = false;      // among the pool's connections with room
  std::uint64_t epoch_ = 0;  // of the pool's settings that it was made under
  bool idle_ = false;        // counted by the pool as without a request
  bool http2_ = false;       // what the pool made it for
};

}  // namespace switchyard::agent::upstream
