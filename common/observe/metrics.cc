#include "common/observe/metrics.h"

#include <algorithm>
#include <cstdlib>
#include <limits>

#include "common/observe/metric_names.h"
#include "prometheus/metric_family.h"
#include "prometheus/text_serializer.h"

namespace switchyard::observe {
namespace {

constexpr std::string_view kOther = "other";

// Programming errors end the program at once, in every build: a silent wrong metric is worse.
void Require(bool holds) {
  if (!holds) std::abort();
}

std::size_t LabelCount(const MetricDef& metric) {
  return static_cast<std::size_t>(std::count_if(metric.labels.begin(), metric.labels.end(), [](auto name) { return !name.empty(); }));
}

prometheus::MetricType TypeOf(MetricKind kind) {
  switch (kind) {
    case MetricKind::kCounter: return prometheus::MetricType::Counter;
    case MetricKind::kGauge: return prometheus::MetricType::Gauge;
    case MetricKind::kHistogram: return prometheus::MetricType::Histogram;
  }
  return prometheus::MetricType::Untyped;
}

prometheus::ClientMetric::Histogram Cumulative(const MetricDef& metric, const std::vector<std::uint64_t>& counts, std::uint64_t count,
                                               double sum) {
  prometheus::ClientMetric::Histogram out;
  out.sample_count = count;
  out.sample_sum = sum;
  std::uint64_t below = 0;
  for (std::size_t i = 0; i < metric.buckets.size(); ++i) {
    below += counts[i];
    out.bucket.push_back({below, metric.buckets[i]});
  }
  out.bucket.push_back({count, std::numeric_limits<double>::infinity()});
  return out;
}

}  // namespace

Metrics::Key Metrics::KeyOf(LabelValues labels) {
  Key key;
  key.reserve(labels.size());
  for (const std::string_view value : labels) key.emplace_back(value.substr(0, kMaxLabelValue));
  return key;
}

Metrics::Series& Metrics::SeriesLocked(const MetricDef& metric, LabelValues labels) {
  Require(labels.size() == LabelCount(metric));
  auto known = families_.find(metric.name);
  if (known == families_.end()) known = families_.emplace(metric.name, Family{metric, {}}).first;
  Family& family = known->second;
  const auto found = family.series.find(labels);
  if (found != family.series.end()) return found->second;
  Key key = KeyOf(labels);
  if (family.series.size() >= metric.max_series && !key.empty()) {
    SeriesLocked(kMetricsFolded, {metric.name}).value += 1;
    key.assign(key.size(), std::string(kOther));
  }
  Series& series = family.series[std::move(key)];
  if (metric.kind == MetricKind::kHistogram && series.buckets.empty()) series.buckets.resize(metric.buckets.size() + 1);
  return series;
}

void Metrics::Add(const MetricDef& metric, LabelValues labels, double by) {
  Require(metric.kind == MetricKind::kCounter && by >= 0);
  const std::lock_guard lock(mutex_);
  SeriesLocked(metric, labels).value += by;
}

void Metrics::Set(const MetricDef& metric, LabelValues labels, double value) {
  Require(metric.kind == MetricKind::kGauge);
  const std::lock_guard lock(mutex_);
  SeriesLocked(metric, labels).value = value;
}

void Metrics::Observe(const MetricDef& metric, LabelValues labels, double value) {
  Require(metric.kind == MetricKind::kHistogram);
  const auto bound = std::lower_bound(metric.buckets.begin(), metric.buckets.end(), value);
  const std::lock_guard lock(mutex_);
  Series& series = SeriesLocked(metric, labels);
  ++series.buckets[static_cast<std::size_t>(bound - metric.buckets.begin())];
  ++series.count;
  series.value += value;
}

void Metrics::ObserveMany(const MetricDef& metric, LabelValues labels, std::span<const std::uint64_t> counts, double sum) {
  Require(metric.kind == MetricKind::kHistogram && counts.size() == metric.buckets.size() + 1);
  const std::lock_guard lock(mutex_);
  Series& series = SeriesLocked(metric, labels);
  for (std::size_t i = 0; i < counts.size(); ++i) {
    series.buckets[i] += counts[i];
    series.count += counts[i];
  }
  series.value += sum;
}

void Metrics::Remove(const MetricDef& metric, LabelValues labels) {
  Require(labels.size() == LabelCount(metric));
  const std::lock_guard lock(mutex_);
  const auto family = families_.find(metric.name);
  if (family == families_.end()) return;
  const auto series = family->second.series.find(labels);
  if (series != family->second.series.end()) family->second.series.erase(series);
}

void Metrics::Clear(const MetricDef& metric) {
  const std::lock_guard lock(mutex_);
  const auto family = families_.find(metric.name);
  if (family != families_.end()) family->second.series.clear();
}

double Metrics::Value(const MetricDef& metric, LabelValues labels) const {
  Require(labels.size() == LabelCount(metric));
  const std::lock_guard lock(mutex_);
  const auto family = families_.find(metric.name);
  if (family == families_.end()) return 0;
  const auto series = family->second.series.find(labels);
  if (series == family->second.series.end()) return 0;
  return metric.kind == MetricKind::kHistogram ? static_cast<double>(series->second.count) : series->second.value;
}

std::string Metrics::Expose() const {
  std::vector<prometheus::MetricFamily> out;
  {
    const std::lock_guard lock(mutex_);
    for (const auto& [name, family] : families_) {
      prometheus::MetricFamily& written = out.emplace_back();
      written.name = std::string(name);
      written.help = std::string(family.metric.help);
      written.type = TypeOf(family.metric.kind);
      for (const auto& [key, series] : family.series) {
        prometheus::ClientMetric& one = written.metric.emplace_back();
        for (std::size_t i = 0; i < key.size(); ++i) one.label.push_back({std::string(family.metric.labels[i]), key[i]});
        switch (family.metric.kind) {
          case MetricKind::kCounter: one.counter.value = series.value; break;
          case MetricKind::kGauge: one.gauge.value = series.value; break;
          case MetricKind::kHistogram: one.histogram = Cumulative(family.metric, series.buckets, series.count, series.value); break;
        }
      }
    }
  }
  return prometheus::TextSerializer().Serialize(out);
}

}  // namespace switchyard::observe
