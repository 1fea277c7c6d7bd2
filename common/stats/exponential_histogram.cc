#include "common/stats/exponential_histogram.h"

#include <algorithm>
#include <array>
#include <bit>
#include <cmath>
#include <limits>

namespace switchyard::stats {
namespace {

constexpr int kPerOctave = 1 << ExponentialHistogram::kScale;

// kUpper[k] = floor(2^63 * 2^(k/16)): the largest 64-bit mantissa (top bit set) that still is <= 2^(k/16). Exact integer roots.
constexpr std::array<std::uint64_t, kPerOctave> kUpper = {
    0x8000000000000000, 0x85aac367cc487b14, 0x8b95c1e3ea8bd6e6, 0x91c3d373ab11c336, 0x9837f0518db8a96f, 0x9ef5326091a111ad,
    0xa5fed6a9b15138ea, 0xad583eea42a14ac6, 0xb504f333f9de6484, 0xbd08a39f580c36be, 0xc5672a115506dadd, 0xce248c151f8480e3,
    0xd744fccad69d6af4, 0xe0ccdeec2a94e111, 0xeac0c6e7dd24392e, 0xf5257d152486cc2c};

// The five bits below the top bit choose a cell of width 1/32, narrower than any gap of kUpper (the least is 2^(1/16)-1 = 1/23): within a cell
// lies at most one boundary. kBelow[cell] = how many boundaries lie strictly below the start of the cell.
constexpr int kCellBits = 5;
constexpr std::array<std::uint8_t, 1 << kCellBits> MakeBelow() {
  std::array<std::uint8_t, 1 << kCellBits> below{};
  for (std::size_t cell = 0; cell < below.size(); ++cell) {
    const std::uint64_t start = (std::uint64_t{1} << 63U) | (static_cast<std::uint64_t>(cell) << (63U - kCellBits));
    std::size_t k = 0;
    while (k < kUpper.size() && kUpper[k] < start) ++k;
    below[cell] = static_cast<std::uint8_t>(k);
  }
  return below;
}
constexpr auto kBelow = MakeBelow();

std::uint64_t SaturatingAdd(std::uint64_t a, std::uint64_t b) {
  std::uint64_t sum = 0;
  return __builtin_add_overflow(a, b, &sum) ? std::numeric_limits<std::uint64_t>::max() : sum;
}

std::uint64_t SaturatingMultiply(std::uint64_t a, std::uint64_t b) {
  std::uint64_t product = 0;
  return __builtin_mul_overflow(a, b, &product) ? std::numeric_limits<std::uint64_t>::max() : product;
}

// The bucket at kScale for bucket `index` at `scale`.
int Refold(std::int64_t index, int scale) {
  const int finer = scale - ExponentialHistogram::kScale;
  if (finer >= 0) {
    index >>= finer;
  } else {
    index = index * (std::int64_t{1} << -finer) + (std::int64_t{1} << (-finer - 1));
  }
  return static_cast<int>(std::clamp<std::int64_t>(index, 0, ExponentialHistogram::kBuckets - 1));
}

}  // namespace

int ExponentialHistogram::BucketOf(std::uint64_t value_us) {
  const int octave = 63 - std::countl_zero(value_us);
  const std::uint64_t mantissa = value_us << static_cast<unsigned>(63 - octave);
  const std::size_t cell = (mantissa >> (63U - kCellBits)) & ((1U << kCellBits) - 1);
  std::size_t above = kBelow[cell];
  if (above < kUpper.size() && mantissa > kUpper[above]) ++above;
  // `above` boundaries lie below the value, the power of two itself included when the value is not it.
  const int bucket = octave * kPerOctave + static_cast<int>(above) - 1;
  return std::clamp(bucket, 0, kBuckets - 1);
}

void ExponentialHistogram::AddToBucket(int bucket, std::uint64_t count) {
  if (counts_.empty()) counts_.resize(kBuckets);
  std::uint64_t& slot = counts_[static_cast<std::size_t>(bucket)];
  slot = SaturatingAdd(slot, count);
  first_ = std::min(first_, bucket);
  last_ = std::max(last_, bucket + 1);
}

void ExponentialHistogram::RecordN(std::uint64_t value_us, std::uint64_t count) {
  if (count == 0) return;
  count_ = SaturatingAdd(count_, count);
  sum_ = SaturatingAdd(sum_, SaturatingMultiply(value_us, count));
  if (value_us == 0) {
    zero_count_ = SaturatingAdd(zero_count_, count);
  } else {
    AddToBucket(BucketOf(value_us), count);
  }
}

void ExponentialHistogram::Merge(const ExponentialHistogram& other) {
  for (int bucket = other.first(); bucket < other.last(); ++bucket) {
    const std::uint64_t count = other.counts_[static_cast<std::size_t>(bucket)];
    if (count != 0) AddToBucket(bucket, count);
  }
  count_ = SaturatingAdd(count_, other.count_);
  sum_ = SaturatingAdd(sum_, other.sum_);
  zero_count_ = SaturatingAdd(zero_count_, other.zero_count_);
}

bool ExponentialHistogram::MergeWire(int scale, int offset, const std::uint64_t* counts, std::size_t size, std::uint64_t zero_count,
                                     std::uint64_t sum) {
  if (size > kBuckets || scale < kMinWireScale || scale > kMaxWireScale) return false;
  for (std::size_t i = 0; i < size; ++i) {
    if (counts[i] == 0) continue;
    AddToBucket(Refold(std::int64_t{offset} + static_cast<std::int64_t>(i), scale), counts[i]);
    count_ = SaturatingAdd(count_, counts[i]);
  }
  count_ = SaturatingAdd(count_, zero_count);
  zero_count_ = SaturatingAdd(zero_count_, zero_count);
  sum_ = SaturatingAdd(sum_, sum);
  return true;
}

void ExponentialHistogram::Clear() {
  if (first_ < last_) std::fill(counts_.begin() + first_, counts_.begin() + last_, 0);
  first_ = kBuckets;
  last_ = 0;
  count_ = sum_ = zero_count_ = 0;
}

double ExponentialHistogram::Quantile(double q) const {
  if (count_ == 0) return 0;
  const double wanted = std::ceil(std::clamp(q, 0.0, 1.0) * static_cast<double>(count_));
  double seen = static_cast<double>(zero_count_);
  if (seen >= std::max(wanted, 1.0)) return 0;
  int bucket = first();
  for (; bucket + 1 < last(); ++bucket) {
    seen += static_cast<double>(counts_[static_cast<std::size_t>(bucket)]);
    if (seen >= std::max(wanted, 1.0)) break;
  }
  return first_ < last_ ? std::exp2((bucket + 0.5) / kPerOctave) : 0;
}

std::uint64_t ExponentialHistogram::at(int bucket) const {
  return bucket < 0 || static_cast<std::size_t>(bucket) >= counts_.size() ? 0 : counts_[static_cast<std::size_t>(bucket)];
}

}  // namespace switchyard::stats
