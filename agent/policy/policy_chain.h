// PolicyChain: the policies of a route as one request meets them. policy_chain.cc is the only file that knows their order.
//
// Knows nothing of connections: it is given heads and bodies and says what becomes of them, whatever the HTTP version.
// Thread-safety: one exchange at a time; the next one begins it anew, so that its memory is used over and over. Cost: only what the route's
// policies cost, no allocation in steady state (but for compression); a route without policies has no chain. Texts that it makes live until
// the next call of the same stage.
#pragma once

#include <cstdint>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "agent/policy/encoder.h"
#include "agent/policy/facts.h"
#include "agent/policy/route_policies.h"

namespace switchyard::agent::policy {

class PolicyChain {
 public:
  // First. `policies` and what `facts` views must outlive the request. `matched`: the path by which the route matched, for prefix rewrites.
  void Begin(const RoutePolicies& policies, const Facts& facts, std::string_view matched);
  // The request is over: lets go of what only this one needed.
  void End() { encoder_.reset(); }

  // --- the request, once ---
  struct Verdict {
    enum class Kind : std::uint8_t { kForward, kRefuse, kAnswer };
    Kind kind = Kind::kForward;
    Cause cause = Cause::kNone;  // with kRefuse
    std::uint16_t status = 0;    // with kAnswer; its headers and body are in `answer_headers` and `answer_body`
  };
  // `now`: nanoseconds, monotonic.
  Verdict Admit(std::int64_t now);
  const std::vector<codec::Header>& answer_headers() const { return answer_headers_; }
  std::string_view answer_body() const { return answer_body_; }
  // `drawn`: a random number below a million.
  bool Mirrors(std::uint32_t drawn, bool has_body, std::uint64_t content_length) const;

  // --- the request, once per attempt ---
  // `headers` are complete; `path_and_query` is changed if it is rewritten.
  void ShapeRequest(std::string_view upstream, std::string_view backend, std::string_view& path_and_query, std::vector<codec::Header>& headers);

  // --- the response, once ---
  // Of a backend.
  void ShapeResponse(ResponseShape& response, std::vector<codec::Header>& headers);
  // Made by the agent: of `cause`, or the one that Admit asked for (kNone).
  void ShapeOwnResponse(std::uint16_t status, Cause cause, std::vector<codec::Header>& headers, std::string& body);

  // --- the response's body ---
  // Null: it goes as it is.
  Encoder* encoder() { return encoder_.get(); }
  // Every read must come out at once, since someone may wait for it.
  bool flushes() const { return flushes_; }

 private:
  Verdict Refuse(Cause cause) const { return {Verdict::Kind::kRefuse, cause, 0}; }
  bool WithinLimits(std::int64_t now);
  Verdict Act();
  Verdict AnswerRedirect(const Redirect& redirect);
  Verdict AnswerDirectly(const DirectResponse& response);
  void ShapeAnyResponse(std::vector<codec::Header>& headers);

  const RoutePolicies* policies_ = nullptr;
  Facts facts_;
  std::string_view matched_;
  std::string path_;  // rewritten; empty: as it was
  std::vector<codec::Header> answer_headers_;
  std::string_view answer_body_;
  TextStore answer_texts_;
  TextStore request_texts_;
  TextStore response_texts_;
  std::unique_ptr<Encoder> encoder_;
  std::int64_t wait_ = 0;
  bool flushes_ = false;
};

}  // namespace switchyard::agent::policy
