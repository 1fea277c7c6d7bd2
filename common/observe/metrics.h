// Metrics: counters, gauges and histograms with closed label sets, written out in the Prometheus text format.
//
// Every metric is a `MetricDef` constant in metric_names.h; a series is a metric and the values of its labels. There is no registry and no
// global: a program makes one Metrics and hands it to whoever counts.
//
// Thread-safety: every method from any thread (one lock). Cost: a look-up by name and label values; not for the request path, where workers
// count in their own Window (agent/report) and the totals are added here once per interval.
// Bounds: each metric has a cap on its series. Past it a new series is folded into one whose labels are all `other`, and
// `switchyard_metrics_folded_total` counts what was folded. Label values are cut at 128 bytes.
// Errors: a wrong number of label values, or the wrong kind of operation for a metric, is a programming error and aborts.
#pragma once

#include <algorithm>
#include <array>
#include <cstddef>
#include <cstdint>
#include <initializer_list>
#include <map>
#include <mutex>
#include <span>
#include <string>
#include <string_view>
#include <vector>

namespace switchyard::observe {

enum class MetricKind : std::uint8_t { kCounter, kGauge, kHistogram };

struct MetricDef {
  std::string_view name;
  std::string_view help;
  MetricKind kind = MetricKind::kCounter;
  // Names of the labels; unused places are empty.
  std::array<std::string_view, 4> labels{};
  std::size_t max_series = 256;
  // Histograms: upper bounds, rising; +Inf is implied.
  std::span<const double> buckets{};
};

using LabelValues = std::initializer_list<std::string_view>;

class Metrics {
 public:
  Metrics() = default;
  Metrics(const Metrics&) = delete;
  Metrics& operator=(const Metrics&) = delete;

  // Counters. REQUIRES: by >= 0.
  void Add(const MetricDef& metric, LabelValues labels = {}, double by = 1);
  // Gauges.
  void Set(const MetricDef& metric, LabelValues labels, double value);
  void Set(const MetricDef& metric, double value) { Set(metric, {}, value); }
  // Histograms, one value.
  void Observe(const MetricDef& metric, LabelValues labels, double value);
  // Histograms, many values at once: `counts[i]` values fell at or below `metric.buckets[i]` and above the one before; the last is +Inf.
  // REQUIRES: counts.size() == metric.buckets.size() + 1.
  void ObserveMany(const MetricDef& metric, LabelValues labels, std::span<const std::uint64_t> counts, double sum);
  // Forgets one series, or all of a metric: for things that are gone.
  void Remove(const MetricDef& metric, LabelValues labels);
  void Clear(const MetricDef& metric);

  // The value of a counter or gauge, the count of a histogram; 0 when there is no such series.
  double Value(const MetricDef& metric, LabelValues labels = {}) const;
  // Everything, in order of name: text/plain; version=0.0.4.
  std::string Expose() const;

 private:
  static constexpr std::size_t kMaxLabelValue = 128;
  struct Series {
    double value = 0;  // counters and gauges; sum of a histogram
    std::uint64_t count = 0;
    std::vector<std::uint64_t> buckets;
  };
  using Key = std::vector<std::string>;
  // Finds by label values as they are handed in, without making a key of them.
  struct ByLabels {
    using is_transparent = void;
    template <typename A, typename B>
    bool operator()(const A& a, const B& b) const {
      return std::lexicographical_compare(a.begin(), a.end(), b.begin(), b.end(), [](std::string_view one, std::string_view other) {
        return one.substr(0, kMaxLabelValue) < other.substr(0, kMaxLabelValue);
      });
    }
  };
  struct Family {
    MetricDef metric;
    std::map<Key, Series, ByLabels> series;
  };

  static Key KeyOf(LabelValues labels);
  Series& SeriesLocked(const MetricDef& metric, LabelValues labels);

  mutable std::mutex mutex_;
  // By name.
  std::map<std::string_view, Family> families_;
};

}  // namespace switchyard::observe
