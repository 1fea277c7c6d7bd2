// AsioProbeRunner: asks backends over real sockets, on an Asio event loop.
//
// HTTP: connect, `GET path HTTP/1.1` with `Connection: close`, read up to the status code, close. TCP: connect, close.
// When this host is short of sockets, ports or memory the result is inconclusive, because that says nothing about the backend.
//
// Thread-safety: the io_context's thread only. Bounds: one socket, one timer and at most 16 KiB per probe.
#pragma once

#include <functional>
#include <memory>

#include "agent/health/probe.h"

namespace boost::asio {
class io_context;
}

namespace switchyard::agent::health {

// `context` must outlive the runner and its probes.
std::unique_ptr<ProbeRunner> MakeAsioProbeRunner(boost::asio::io_context& context, const Clock& clock);

}  // namespace switchyard::agent::health
