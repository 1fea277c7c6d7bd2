// Facts: what is known about a request so far, as policies and header variables see it. TextStore: keeps texts that headers view.
//
// Thread-safety: values of one exchange. The views of Facts live as long as the exchange.
#pragma once

#include <cstdint>
#include <deque>
#include <string>
#include <string_view>
#include <vector>

#include "agent/codec/head.h"
#include "common/base/cause.h"
#include "common/rules/value_template.h"

namespace switchyard::agent::policy {

struct Facts {
  const codec::RequestHead* head = nullptr;
  std::string_view client_ip;
  std::string_view scheme;
  std::string_view request_id;
  std::string_view listener;
  std::string_view route;
  // Empty or zero until they are known.
  std::string_view upstream;
  std::string_view backend;
  std::uint16_t status = 0;
  Cause cause = Cause::kNone;
};

// Owns texts at addresses that do not change. Its memory stays for the next request, up to a bound.
class TextStore {
 public:
  // An empty text to write to.
  std::string& Make() {
    if (used_ == texts_.size()) texts_.emplace_back();
    return texts_[used_++];
  }
  std::string_view Keep(std::string text) { return Make() = std::move(text); }
  void Clear() {
    if (texts_.size() > kMostKept) texts_.resize(kMostKept);
    for (std::size_t i = 0; i < used_ && i < texts_.size(); ++i) Empty(texts_[i]);
    used_ = 0;
  }

 private:
  static constexpr std::size_t kMostKept = 16;
  static constexpr std::size_t kLongestKept = 512;
  static void Empty(std::string& text) {
    if (text.capacity() > kLongestKept) text = std::string();
    text.clear();
  }

  std::deque<std::string> texts_;
  std::size_t used_ = 0;
};

void AppendValue(rules::Variable variable, const Facts& facts, std::string& out);
// The result views the template if it has no variables, else the store.
std::string_view Render(const rules::ValueTemplate& value, const Facts& facts, TextStore& store);

// The value of the first header of this name; null data: none.
std::string_view FindHeader(const std::vector<codec::Header>& headers, std::string_view name);
void RemoveHeader(std::vector<codec::Header>& headers, std::string_view name);
void AddHeader(std::vector<codec::Header>& headers, std::string_view name, std::string_view value);
// In place of all of that name. `name` must outlive the headers.
void SetHeader(std::vector<codec::Header>& headers, std::string_view name, std::string_view value);
// Adds a word to a list-valued header, unless it is there.
void AddToList(std::vector<codec::Header>& headers, std::string_view name, std::string_view word, TextStore& store);

}  // namespace switchyard::agent::policy
