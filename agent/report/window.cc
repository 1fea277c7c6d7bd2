#include "agent/report/window.h"

namespace switchyard::agent::report {
namespace {

void Add(BackendWindow& into, const BackendWindow& from) {
  into.succeeded += from.succeeded;
  into.server_errors += from.server_errors;
  for (std::size_t i = 0; i < kCauseCount; ++i) into.failures[i] += from.failures[i];
  into.response_bytes += from.response_bytes;
  into.request_bytes += from.request_bytes;
  into.in_flight += from.in_flight;
  into.connections += from.connections;
  into.idle += from.idle;
  into.connecting += from.connecting;
  into.waiting += from.waiting;
  into.pool_exhausted += from.pool_exhausted;
  for (std::size_t i = 0; i < into.breakers.size(); ++i) into.breakers[i] += from.breakers[i];
  into.ejected += from.ejected;
  for (const auto& [route, trouble] : from.routes) {
    RouteTrouble& sum = into.routes[route];
    for (std::size_t i = 0; i < sum.breakers.size(); ++i) sum.breakers[i] += trouble.breakers[i];
    if (sum.reason.empty()) sum.reason = trouble.reason;
  }
  into.routes_refused += from.routes_refused;
  into.breaker_opened += from.breaker_opened;
  into.ejections += from.ejections;
  if (into.reason.empty()) into.reason = from.reason;
  into.load_samples += from.load_samples;
  into.load_sum += from.load_sum;
  into.latency.Merge(from.latency);
  for (const auto& [route, latency] : from.latency_of_routes) into.latency_of_routes[route].Add(latency);
}

void Add(ListenerWindow& into, const ListenerWindow& from) {
  for (std::size_t i = 0; i < into.by_class.size(); ++i) into.by_class[i] += from.by_class[i];
  for (std::size_t i = 0; i < kCauseCount; ++i) into.causes[i] += from.causes[i];
  into.duration.Merge(from.duration);
  into.connections += from.connections;
  into.received_bytes += from.received_bytes;
  into.sent_bytes += from.sent_bytes;
  into.open_connections += from.open_connections;
  into.tls_full += from.tls_full;
  into.tls_resumed += from.tls_resumed;
  into.routes.insert(into.routes.end(), from.routes.begin(), from.routes.end());
}

}  // namespace

void Window::Merge(const Window& other) {
  for (const auto& [upstream, backends_of] : other.backends) {
    auto& into = backends[upstream];
    for (const auto& [address, backend] : backends_of) Add(into[address], backend);
  }
  for (const auto& [name, listener] : other.listeners) Add(listeners[name], listener);
  for (const auto& [worker, took] : other.turns) turns[worker].Merge(took);
}

}  // namespace switchyard::agent::report
