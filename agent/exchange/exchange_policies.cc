// The part of Exchange that serves routes with policies: it carries heads and bodies to the policy chain and back.
#include "agent/exchange/exchange.h"
#include "agent/exchange/mirror_request.h"
#include "agent/exchange/request_id.h"
#include "agent/policy/policy_chain.h"

namespace switchyard::agent::exchange {

using codec::Framing;
using policy::PolicyChain;

ExchangeScratch::ExchangeScratch() = default;
ExchangeScratch::~ExchangeScratch() = default;

void Exchange::EndPolicies() {
  if (policies_ != nullptr) policies_->End();
}

void Exchange::NameRequest(bool replace) {
  names_request_ = true;
  const std::string_view sent = replace ? std::string_view() : policy::FindHeader(head_.headers, kRequestIdHeader);
  std::string& id = scratch_->request_id;
  id.clear();
  if (IsRequestId(sent)) {
    id = sent;
  } else {
    AppendRequestId(loop_.random(), id);
  }
}

bool Exchange::PassPolicies(std::string_view matched) {
  const policy::RoutePolicies& policies = *route_->policies;
  if (policies.uses_request_id && !names_request_) {
    NameRequest(/*replace=*/false);
    names_request_ = false;
  }
  const policy::Facts facts{.head = &head_,
                            .client_ip = server_.client_ip(),
                            .scheme = server_.scheme(),
                            .request_id = scratch_->request_id,
                            .listener = listener_.name,
                            .route = route_->name};
  if (!scratch_->policies) scratch_->policies = std::make_unique<PolicyChain>();
  policies_ = scratch_->policies.get();
  policies_->Begin(policies, facts, matched);
  const PolicyChain::Verdict verdict = policies_->Admit(loop_.Now().time_since_epoch().count());
  switch (verdict.kind) {
    case PolicyChain::Verdict::Kind::kRefuse:
      Refuse(verdict.cause);
      return false;
    case PolicyChain::Verdict::Kind::kAnswer: {
      LocalReply reply{verdict.status, policies_->answer_headers(), std::string(policies_->answer_body())};
      // A body that nobody has read stands before the next request.
      SendOwn(std::move(reply), Cause::kNone, /*close=*/head_.framing != Framing::kNone);
      return false;
    }
    case PolicyChain::Verdict::Kind::kForward:
      break;
  }
  const bool has_body = head_.framing != Framing::kNone;
  mirrors_ = route_->mirrors && !head_.wants_upgrade &&
             policies_->Mirrors(static_cast<std::uint32_t>(loop_.random().Below(1'000'000)), has_body, head_.content_length);
  return true;
}

void Exchange::ShapeRequest(upstream::OutgoingRequest& request) {
  std::vector<codec::Header>& headers = scratch_->forwarding.headers();
  if (names_request_) policy::SetHeader(headers, kRequestIdHeader, scratch_->request_id);
  if (!policies_) return;
  policies_->ShapeRequest(upstream_->config().name, backend_->address(), request.path_and_query, headers);
  if (!mirrors_ || mirror_) return;
  mirror_ = MirrorDraft::Begin(request, *route_->policies->mirror, *view_->mirrors);
  mirrors_ = mirror_ != nullptr;
}

void Exchange::CopyForMirror(std::string_view data) {
  if (mirror_->Append(data)) return;
  mirror_.reset();
  mirrors_ = false;
}

void Exchange::SendMirror() {
  mirrors_ = false;
  MirrorRequest::Send(loop_, view_, route_->mirror_upstream, std::move(mirror_), route_->response_timeout);
}

void Exchange::ShapeResponse(const codec::ResponseHead& head, OutgoingResponse& out) {
  if (names_request_) policy::SetHeader(scratch_->response_headers, kRequestIdHeader, scratch_->request_id);
  if (!policies_) return;
  policy::ResponseShape shape{head.status, out.framing, out.content_length};
  policies_->ShapeResponse(shape, scratch_->response_headers);
  out.framing = shape.framing;
}

void Exchange::ShapeOwn(LocalReply& reply, Cause cause) {
  if (names_request_) policy::SetHeader(reply.headers, kRequestIdHeader, scratch_->request_id);
  if (policies_) policies_->ShapeOwnResponse(reply.status, cause, reply.headers, reply.body);
}

bool Exchange::encodes() const { return policies_ && policies_->encoder() != nullptr; }

bool Exchange::SendEncoded(std::string_view data, bool end) {
  policy::Encoder& encoder = *policies_->encoder();
  const std::string_view piece = encoder.Encode(data, end ? policy::Encoder::Step::kEnd : policy::Encoder::Step::kGoOn);
  if (encoder.failed()) {
    Finish(Cause::kTruncatedResponse, /*complete=*/false);
    return false;
  }
  unflushed_ = !end && policies_->flushes();
  if (!SendToClient(piece) && !end) AwaitClient();
  return true;
}

void Exchange::FlushEncoded() {
  unflushed_ = false;
  const std::string_view piece = policies_->encoder()->Encode({}, policy::Encoder::Step::kFlush);
  if (!SendToClient(piece)) AwaitClient();
}

}  // namespace switchyard::agent::exchange
