#include "agent/fleet/evidence_sender.h"

#include <numeric>

namespace switchyard::agent::fleet {

EvidenceSender::EvidenceSender(EvidenceParts parts) : parts_(std::move(parts)), alive_(std::make_shared<bool>(true)) {}

EvidenceSender::~EvidenceSender() { Stop(); }

void EvidenceSender::Start() {
  timer_ = parts_.loop->After(kBeat, [this] { Beat(); });
}

void EvidenceSender::Stop() {
  timer_.reset();
  *alive_ = false;
}

void EvidenceSender::NewStream() {
  fresh_ = true;
  last_id_ = 0;
  pending_.clear();
  failures_ = false;
  for (auto& entry : backends_) {
    Backend& backend = entry.second;
    backend.id = 0;
    backend.told = 0;
    backend.counts = {};
    backend.routes.clear();
    backend.pending = std::accumulate(backend.in_flight.begin(), backend.in_flight.end(), 0U) > 0;
    if (backend.pending) pending_.push_back(&entry);
  }
}

void EvidenceSender::Beat() {
  timer_ = parts_.loop->After(kBeat, [this] { Beat(); });
  if (collecting_ || !parts_.may_send()) return;
  collecting_ = true;
  parts_.collect([this, loop = parts_.loop, alive = alive_](std::vector<report::EvidenceRows> rows) {
    auto shared = std::make_shared<const std::vector<report::EvidenceRows>>(std::move(rows));
    loop->Post([this, alive, shared] {
      if (*alive) Collected(*shared);
    });
  });
}

void EvidenceSender::Collected(const std::vector<report::EvidenceRows>& rows) {
  collecting_ = false;
  for (std::size_t worker = 0; worker < rows.size(); ++worker) {
    for (const report::EvidenceRow& row : rows[worker]) {
      Key key(row.upstream, row.address);
      auto at = backends_.find(key);
      if (at == backends_.end()) {
        if (backends_.size() >= kMaxBackends) continue;
        at = backends_.emplace(std::move(key), Backend{}).first;
      }
      Backend& backend = at->second;
      Add(row, backend);
      if (backend.in_flight.size() < rows.size()) backend.in_flight.resize(rows.size());
      backend.in_flight[worker] = row.counts.in_flight;
      if (!backend.pending) pending_.push_back(&*at);
      backend.pending = true;
    }
  }
  const TimePoint now = parts_.clock->Now();
  if (pending_.empty() || (!failures_ && now - sent_ < parts_.interval() - kBeat / 2)) return;
  Send();
}

void EvidenceSender::Add(const report::EvidenceRow& row, Backend& backend) {
  backend.counts.Add(row.counts);
  failures_ = failures_ || row.counts.failed + row.counts.unanswered > 0;
  for (const report::RouteEvidence& one : row.routes) {
    failures_ = failures_ || one.counts.failed + one.counts.unanswered > 0;
    const bool place = backend.routes.size() < kMaxRoutes || backend.routes.contains(one.route);
    (place ? backend.routes[one.route] : backend.counts).Add(one.counts);
  }
}

void EvidenceSender::Send() {
  if (!parts_.may_send()) return;
  v1::Evidence evidence;
  evidence.set_sequence(++sequence_);
  evidence.set_fresh(std::exchange(fresh_, false));
  for (auto* entry : pending_) Write(entry->first, entry->second, evidence);
  pending_.clear();
  failures_ = false;
  sent_ = parts_.clock->Now();
  parts_.send(std::move(evidence));
}

void EvidenceSender::Write(const Key& key, Backend& backend, v1::Evidence& evidence) {
  backend.pending = false;
  const std::uint32_t in_flight = std::accumulate(backend.in_flight.begin(), backend.in_flight.end(), 0U);
  if (!backend.counts.any() && backend.routes.empty() && in_flight == backend.told) return;
  v1::BackendEvidence& record = *evidence.add_backends();
  if (backend.id == 0) {
    backend.id = ++last_id_;
    record.set_upstream(key.first);
    record.set_backend(key.second);
  }
  record.set_id(backend.id);
  record.set_succeeded(backend.counts.succeeded);
  record.set_failed(backend.counts.failed);
  record.set_unanswered(backend.counts.unanswered);
  record.set_in_flight(in_flight);
  for (const auto& [id, counts] : backend.routes) {
    v1::RouteEvidence& route = *record.add_routes();
    route.set_route(id);
    route.set_succeeded(counts.succeeded);
    route.set_failed(counts.failed);
    route.set_unanswered(counts.unanswered);
  }
  backend.told = in_flight;
  backend.counts = {};
  backend.routes.clear();
}

}  // namespace switchyard::agent::fleet
