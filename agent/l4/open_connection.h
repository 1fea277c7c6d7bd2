// OpenConnection: what becomes of an accepted connection: first the PROXY protocol if the listener requires it, then what the listener speaks.
//
// Thread-safety: the worker. Bounds: the listener's.
#pragma once

#include "agent/l4/arrival.h"
#include "agent/l4/splice_pipes.h"
#include "agent/listener/listener_state.h"
#include "agent/loop/event_loop.h"

namespace switchyard::agent::l4 {

// What connections of one worker stand on.
struct WorkerParts {
  loop::EventLoop& loop;
  SplicePipes& pipes;
};

// All as accepted. `parts` must outlive the connection.
void OpenConnection(const WorkerParts& parts, const loop::Ref<listener::ListenerState>& listener, const Arrival& arrival);
// Behind the PROXY header, if there was one.
void ServeConnection(const WorkerParts& parts, const loop::Ref<listener::ListenerState>& listener, const Arrival& arrival);

}  // namespace switchyard::agent::l4
