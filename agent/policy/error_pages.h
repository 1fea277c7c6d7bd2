// ErrorPages: bodies for errors that the agent makes itself, by status.
//
// Thread-safety: immutable. Cost: O(log pages). Source: `ErrorPage` in route.proto.
#pragma once

#include <cstdint>
#include <map>
#include <memory>
#include <string>

#include "common/rules/value_template.h"

namespace switchyard::agent::policy {

struct ErrorPage {
  std::string content_type;
  rules::ValueTemplate body;
};

class ErrorPages {
 public:
  void Add(std::uint16_t status, std::shared_ptr<const ErrorPage> page) { pages_[status] = std::move(page); }
  // Null: none for this status.
  const ErrorPage* Find(std::uint16_t status) const {
    const auto at = pages_.find(status);
    return at == pages_.end() ? nullptr : at->second.get();
  }
  bool Uses(rules::Variable variable) const {
    for (const auto& [status, page] : pages_) {
      if (page->body.Uses(variable)) return true;
    }
    return false;
  }
  bool empty() const { return pages_.empty(); }

 private:
  std::map<std::uint16_t, std::shared_ptr<const ErrorPage>> pages_;
};

}  // namespace switchyard::agent::policy
