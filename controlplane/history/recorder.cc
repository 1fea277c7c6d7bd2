#include "controlplane/history/recorder.h"

#include <algorithm>
#include <map>
#include <string>
#include <utility>

#include "common/base/status.h"

namespace switchyard::controlplane::history {
namespace {

constexpr Duration kComplainEvery = std::chrono::minutes(1);

Point PointOf(const v1::FlowRow& row) {
  return {row.rate(), row.errors(), row.p50_ms(), row.p99_ms(), row.in_flight(), row.healthy(), row.unhealthy(), row.bytes()};
}

Point PointOf(const v1::TopRow& row) {
  return {row.rate(), row.rate() * (1 - row.success()), row.p50_ms(), row.p99_ms(), row.in_flight(), row.healthy(),
          row.unhealthy(), row.response_rate() + row.request_rate()};
}

v1::FlowRow FlowOf(const v1::TopRow& top) {
  const Point point = PointOf(top);
  v1::FlowRow row;
  row.set_name(top.upstream());
  row.set_rate(point.rate);
  row.set_errors(point.errors);
  row.set_p50_ms(point.p50_ms);
  row.set_p99_ms(point.p99_ms);
  row.set_in_flight(point.in_flight);
  row.set_healthy(point.healthy);
  row.set_unhealthy(point.unhealthy);
  row.set_bytes(point.bytes);
  *row.mutable_causes() = top.failures();
  return row;
}

// The rate below which a backend is left out, so that kMaxRecordedBackends are written.
double LeastRate(const v1::TopResponse& top) {
  std::vector<double> rates;
  for (const v1::TopRow& row : top.rows()) {
    if (!row.backend().empty()) rates.push_back(row.rate());
  }
  if (rates.size() <= kMaxRecordedBackends) return -1;
  std::nth_element(rates.begin(), rates.begin() + kMaxRecordedBackends, rates.end(), std::greater<>());
  return rates[kMaxRecordedBackends];
}

using Weights = std::map<std::pair<std::string, std::string>, std::uint32_t>;

std::map<std::string, Row> RowsOf(const std::vector<v1::FlowRow>& flows, const v1::TopResponse& top, AgentCounts agents, const Weights& weights) {
  std::map<std::string, Row> rows;
  Row& fleet = rows["f"];
  for (const v1::FlowRow& flow : flows) fleet.emplace_back(flow.name(), PointOf(flow));
  if (!fleet.empty()) {
    fleet.front().second.healthy = agents.connected;
    fleet.front().second.unhealthy = agents.known - std::min(agents.known, agents.connected);
  }
  const double least = LeastRate(top);
  for (const v1::TopRow& row : top.rows()) {
    if (!row.backend().empty() && row.rate() <= least) continue;
    Point point = PointOf(row);
    if (const auto weight = weights.find({row.upstream(), row.backend()}); weight != weights.end()) point.weight = weight->second;
    rows["u/" + row.upstream()].emplace_back(row.backend(), point);
  }
  return rows;
}

std::shared_ptr<const Moment> MomentOf(WallTime now, std::vector<v1::FlowRow> flows, const v1::TopResponse& top) {
  auto moment = std::make_shared<Moment>();
  moment->time = now;
  if (!flows.empty()) {
    moment->fleet = std::move(flows.front());
    moment->listeners.assign(std::make_move_iterator(flows.begin() + 1), std::make_move_iterator(flows.end()));
  }
  for (const v1::TopRow& row : top.rows()) {
    if (row.backend().empty()) {
      moment->upstreams.push_back(FlowOf(row));
      moment->down_by_upstream.push_back(0);
      continue;
    }
    ++moment->backends;
    moment->upstreams.back().set_backends(moment->upstreams.back().backends() + 1);
    if (row.unhealthy() > row.healthy()) {
      ++moment->backends_down;
      ++moment->down_by_upstream.back();
    }
  }
  return moment;
}

}  // namespace

Recorder::Recorder(Parts parts) : parts_(std::move(parts)), newest_(std::make_shared<Moment>()) {}

std::shared_ptr<const Moment> Recorder::newest() const {
  const std::lock_guard lock(mutex_);
  return newest_;
}

void Recorder::Tick() {
  const std::int64_t now = std::chrono::floor<std::chrono::seconds>(parts_.clock->WallNow().time_since_epoch()).count();
  for (const Tier tier : kTiers) {
    // A tier is due when its step has ended since the last tick, whether the ticks are punctual or not.
    const std::int64_t step = StepOf(tier);
    if (tier == Tier::kSecond || (last_ != 0 && now / step != last_ / step)) Record(tier, now / step * step);
  }
  last_ = now;
}

void Recorder::Record(Tier tier, std::int64_t now) {
  const std::int64_t step = StepOf(tier);
  const std::int64_t window = std::min<std::int64_t>(step, feedback::TrafficBoard::kSeconds - 1);
  auto flows = parts_.board->Rows(window);
  const v1::TopResponse top = parts_.aggregator->Top("", std::chrono::seconds(window));
  const auto rows = RowsOf(flows, top, parts_.counts(), parts_.weights ? parts_.weights() : Weights());
  if (tier == Tier::kSecond) {
    auto moment = MomentOf(WallTime(std::chrono::seconds(now)), std::move(flows), top);
    const std::lock_guard lock(mutex_);
    newest_ = std::move(moment);
  }
  Complain(parts_.ring->Write(tier, now, rows));
}

void Recorder::Complain(const absl::Status& status) {
  if (status.ok()) {
    if (std::exchange(failing_, false)) parts_.log->Info("the history is written again", {});
    return;
  }
  failures_.fetch_add(1, std::memory_order_relaxed);
  const TimePoint now = parts_.clock->Now();
  if (std::exchange(failing_, true) && now - complained_ < kComplainEvery) return;
  complained_ = now;
  parts_.log->Error("the history cannot be written; configuration and traffic are not concerned", {{"reason", Message(status)}});
}

}  // namespace switchyard::controlplane::history
