// Cors: answers preflight requests and says in responses which pages of other origins may use them.
//
// An origin that may not gets an answer without permission, which the browser takes for a no; the request itself is not refused, since
// CORS protects the user of a browser, not the server. Thread-safety: immutable. Cost: O(origins).
// Source: Fetch standard, sections "CORS protocol" and "CORS-preflight fetch".
#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "agent/policy/facts.h"

namespace switchyard::agent::policy {

class Cors {
 public:
  struct Options {
    std::vector<std::string> origins;
    std::string methods;         // joined
    std::string headers;         // joined; empty: what is asked for
    std::string exposed;         // joined
    std::string max_age;         // seconds
    bool credentials = false;
  };
  explicit Cors(Options options);

  bool Allows(std::string_view origin) const;
  // The headers of the answer to a preflight.
  void AnswerPreflight(const codec::RequestHead& head, TextStore& store, std::vector<codec::Header>& headers) const;
  // What a response to `head` needs; what the backend said about it goes, since two answers are none.
  void Decorate(const codec::RequestHead& head, TextStore& store, std::vector<codec::Header>& headers) const;

 private:
  void AddPermission(std::string_view origin, std::vector<codec::Header>& headers) const;

  Options options_;
  bool every_origin_ = false;
};

}  // namespace switchyard::agent::policy
