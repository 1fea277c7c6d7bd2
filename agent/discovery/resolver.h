// Resolver: who asks DNS. One question, one answer.
//
// Contract: `done` runs at most once, on the loop, never within Ask; destroying the returned Question cancels it and then `done` never runs.
// A name without records of that type is NOT_FOUND; everything else that brings no answer (timeout, server failure) is UNAVAILABLE.
// Thread-safety: loop thread only. Bounds: the timeout of the question.
#pragma once

#include <functional>
#include <memory>
#include <string>

#include "absl/status/statusor.h"
#include "agent/discovery/dns_answer.h"

namespace switchyard::agent::discovery {

class Resolver {
 public:
  class Question {
   public:
    virtual ~Question() = default;
  };
  using Done = std::function<void(absl::StatusOr<DnsAnswer>)>;

  virtual ~Resolver() = default;
  virtual std::unique_ptr<Question> Ask(const std::string& name, DnsType type, Done done) = 0;
};

}  // namespace switchyard::agent::discovery
