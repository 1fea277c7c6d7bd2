// Mutex checks: Debian builds Abseil with its detection of deadlocks on, and gRPC locks Abseil's mutexes: every lock that is taken while another is held goes
// through one graph of the whole process, behind one lock. With a thousand streams that is a twentieth of the controller's CPU time, and what threads wait for.
//
// Thread-safety: once, at the start of a program that speaks gRPC, before its threads. Errors: none.
#pragma once

namespace switchyard::rpc {

// No graph is kept from here on.
void SkipMutexChecks();

}  // namespace switchyard::rpc
