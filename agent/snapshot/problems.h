// Problems: what is wrong with one resource, noted while it is being built. One that has any is quarantined.
//
// Thread-safety: one owner. Bounds: the fields of one resource.
#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "common/base/status.h"
#include "common/config/resource_key.h"
#include "switchyard/v1/resource.pb.h"
#include "switchyard/v1/snapshot.pb.h"

namespace switchyard::agent::snapshot {

class Problems {
 public:
  Problems(const v1::Resource& resource, std::vector<v1::Violation>& out) : resource_(resource), out_(out) {}

  void Add(std::string field, std::string_view reason) {
    v1::Violation& violation = out_.emplace_back();
    *violation.mutable_resource() = switchyard::config::KeyOf(resource_);
    violation.set_field(std::move(field));
    violation.set_reason(std::string(reason));
    ++count_;
  }
  // The value, or what a value is by default, with the problem noted.
  template <class T>
  T Take(absl::StatusOr<T> value, std::string field, T otherwise = T()) {
    if (value.ok()) return *std::move(value);
    Add(std::move(field), Message(value.status()));
    return otherwise;
  }
  bool any() const { return count_ > 0; }
  std::size_t count() const { return count_; }

 private:
  const v1::Resource& resource_;
  std::vector<v1::Violation>& out_;
  std::size_t count_ = 0;
};

}  // namespace switchyard::agent::snapshot
