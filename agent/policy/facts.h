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

// Owns texts at addresses that do not change.
class TextStore {
 public:
  std::string_view Keep(std::string text) { return texts_.emplace_back(std::move(text)); }
  void Clear() { texts_.clear(); }

 private:
  std::deque<std::string> texts_;
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
