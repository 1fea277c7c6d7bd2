// WorkerView: one snapshot as one worker serves it: the shared immutable tables and this worker's live state beside them.
//
// A request takes the view once and keeps it to its end, so it sees exactly one generation.
// Thread-safety: its worker.
#pragma once

#include <memory>
#include <string>
#include <vector>

#include "agent/access_log/pen.h"
#include "agent/codec/chunk_decoder.h"
#include "agent/exchange/forwarding.h"
#include "agent/exchange/mirror_set.h"
#include "agent/loop/ref_counted.h"
#include "agent/snapshot/agent_snapshot.h"
#include "agent/upstream/upstream_state.h"

namespace switchyard::agent::policy {
class PolicyChain;
}

namespace switchyard::agent::exchange {

// What an exchange writes heads into; lent, so that a request need not allocate it.
struct ExchangeScratch {
  ExchangeScratch();
  ~ExchangeScratch();

  RequestForwarding forwarding;
  std::vector<codec::Header> response_headers;
  std::string load;  // what SendFinalHead tells of it
  codec::Trailers trailers;
  std::string via;
  std::string websocket;     // the key or accept value that we made
  std::string grpc_timeout;  // what is left of it
  std::string request_id;
  std::string logged_headers;  // of the response, for the access log
  // Null until the first request on a route with policies.
  std::unique_ptr<policy::PolicyChain> policies;
};

struct WorkerView final : loop::RefCounted {
  std::shared_ptr<const snapshot::AgentSnapshot> snapshot;
  // In the order of snapshot->upstreams.
  std::vector<loop::Ref<upstream::UpstreamState>> upstreams;

  // At most kSpareScratch are kept: what some HTTP/2 connections with all their streams need.
  static constexpr std::size_t kSpareScratch = 256;
  std::unique_ptr<ExchangeScratch> TakeScratch() {
    if (spare.empty()) return std::make_unique<ExchangeScratch>();
    std::unique_ptr<ExchangeScratch> scratch = std::move(spare.back());
    spare.pop_back();
    return scratch;
  }
  void GiveScratch(std::unique_ptr<ExchangeScratch> scratch) {
    if (spare.size() < kSpareScratch) spare.push_back(std::move(scratch));
  }
  std::vector<std::unique_ptr<ExchangeScratch>> spare;
  // The same for every view of a worker.
  loop::Ref<MirrorSet> mirrors;
  // Likewise. Null: no access log is written.
  access_log::Pen* pen = nullptr;
};

}  // namespace switchyard::agent::exchange
