// Acceptor: takes connections from one listening socket of one worker.
//
// Opening a socket (any thread) is apart from serving it (the worker), so that a snapshot can open all its sockets before any worker
// switches. Thread-safety: Open anywhere; an Acceptor on its worker. Bounds: 64 accepts per turn; when descriptors run out it pauses for 50
// ms. Errors: Open says address, reason and remedy.
#pragma once

#include <cstdint>

#include "absl/status/statusor.h"
#include "agent/listener/listener_state.h"
#include "agent/loop/event_loop.h"
#include "common/base/endpoint.h"

namespace switchyard::agent::listener {

// `count` listening sockets on one address, one per worker (SO_REUSEPORT): the kernel spreads connections over them. ALREADY_EXISTS when
// another process listens there, also one that would share the port. `ours`: this agent has sockets on that port already (of another address), so
// nobody needs to be looked for.
absl::StatusOr<std::vector<int>> OpenListeningSockets(const Endpoint& endpoint, unsigned count, bool ours);

class Acceptor final : public loop::RefCounted, private loop::Watcher, private loop::Timer::Owner {
 public:
  // Owns `fd`.
  Acceptor(loop::EventLoop& loop, int fd, loop::Ref<ListenerState> listener);
  ~Acceptor() override { CloseSocket(); }
  void Start();
  // Takes what is in the queue already, then closes the socket.
  void Close();
  // Closes this process's hold on the socket and leaves its queue to whoever else has it.
  void Release() { CloseSocket(); }
  // A copy of the descriptor, owned by the caller; -1: none can be had.
  int Copy() const;
  // New connections belong to this listener from now on.
  void Serve(loop::Ref<ListenerState> listener) { listener_ = std::move(listener); }

 private:
  void OnEvents(std::uint32_t events) override;
  void OnLoopEnd() override {}
  void OnTimer(loop::Timer& timer) override;
  void AcceptSome();
  void CloseSocket();
  // False: the queue is empty or accepting has to pause.
  bool AcceptOne();
  void Take(int fd, const Endpoint& peer);

  loop::EventLoop& loop_;
  loop::Ref<ListenerState> listener_;
  int fd_;
  loop::Timer pause_;
  bool paused_ = false;
};

}  // namespace switchyard::agent::listener
