#include "agent/policy/policy_chain.h"

#include "agent/router/match_rule.h"

namespace switchyard::agent::policy {

using codec::Header;

void PolicyChain::Begin(const RoutePolicies& policies, const Facts& facts, std::string_view matched) {
  policies_ = &policies;
  facts_ = facts;
  matched_ = matched;
  path_.clear();
  answer_headers_.clear();
  answer_body_ = {};
  answer_texts_.Clear();
  request_texts_.Clear();
  response_texts_.Clear();
  encoder_.reset();
  wait_ = 0;
  flushes_ = false;
}

PolicyChain::Verdict PolicyChain::Admit(std::int64_t now) {
  const codec::RequestHead& head = *facts_.head;
  // Who may not come in learns nothing of the rest and costs one look-up.
  if (policies_->access && !policies_->access->Admits(facts_.client_ip)) return Refuse(Cause::kDenied);
  // A preflight is answered from memory: it should not use up the budget of the request that it asks for.
  if (policies_->cors && !router::PreflightMethod(head).empty()) {
    policies_->cors->AnswerPreflight(head, answer_texts_, answer_headers_);
    return {Verdict::Kind::kAnswer, Cause::kNone, 204};
  }
  // Before any work that a limit should save.
  if (!WithinLimits(now)) return Refuse(Cause::kRateLimited);
  // Redirects and direct responses end here; they count against the limits like forwarded requests.
  if (policies_->redirect || policies_->direct_response) return Act();
  // Once, not per attempt: every attempt asks for the same.
  if (policies_->rewrite && !policies_->rewrite->Path(head, matched_, path_)) return Refuse(Cause::kBadRequest);
  return {};
}

bool PolicyChain::WithinLimits(std::int64_t now) {
  Admission admission;
  // The client first: one that is over its share takes nothing from the others.
  if (policies_->client_limiter) {
    const auto client = rules::IpAddress::Parse(facts_.client_ip);
    admission = policies_->client_limiter->Admit(client.value_or(rules::IpAddress()), now);
  }
  if (admission.admitted && policies_->route_limiter) admission = policies_->route_limiter->Admit(now);
  wait_ = admission.wait;
  return admission.admitted;
}

PolicyChain::Verdict PolicyChain::Act() { return policies_->redirect ? AnswerRedirect(*policies_->redirect) : AnswerDirectly(*policies_->direct_response); }

PolicyChain::Verdict PolicyChain::AnswerRedirect(const Redirect& redirect) {
  std::string location = redirect.Location(facts_, matched_);
  if (location.empty()) return Refuse(Cause::kLoopDetected);
  AddHeader(answer_headers_, "Location", answer_texts_.Keep(std::move(location)));
  return {Verdict::Kind::kAnswer, Cause::kNone, redirect.status};
}

PolicyChain::Verdict PolicyChain::AnswerDirectly(const DirectResponse& response) {
  if (!response.body.empty()) AddHeader(answer_headers_, "Content-Type", response.content_type);
  facts_.status = response.status;
  for (const HeaderChanges::Change& header : response.headers) {
    SetHeader(answer_headers_, header.name, Render(header.value, facts_, answer_texts_));
  }
  answer_body_ = response.body;
  return {Verdict::Kind::kAnswer, Cause::kNone, response.status};
}

bool PolicyChain::Mirrors(std::uint32_t drawn, bool has_body, std::uint64_t content_length) const {
  const Mirror* mirror = policies_->mirror.get();
  if (mirror == nullptr || drawn >= mirror->per_million) return false;
  return !has_body || (mirror->max_body_bytes > 0 && content_length <= mirror->max_body_bytes);
}

void PolicyChain::ShapeRequest(std::string_view upstream, std::string_view backend, std::string_view& path_and_query,
                               std::vector<Header>& headers) {
  request_texts_.Clear();
  facts_.upstream = upstream;
  facts_.backend = backend;
  if (!path_.empty()) path_and_query = path_;
  if (policies_->rewrite && !policies_->rewrite->host.empty()) {
    for (Header& header : headers) {
      if (header.id == codec::FieldId::kHost) header.value = policies_->rewrite->host;
    }
  }
  // Last, so that an operator's word stands above what was written before.
  if (policies_->request_headers) policies_->request_headers->Apply(facts_, request_texts_, headers);
}

void PolicyChain::ShapeResponse(ResponseShape& response, std::vector<Header>& headers) {
  facts_.status = response.status;
  response_texts_.Clear();
  ShapeAnyResponse(headers);
  // Behind everything that may change the content type or its coding.
  if (!policies_->compression) return;
  encoder_ = policies_->compression->Start(*facts_.head, response, response_texts_, headers);
  const std::string_view type = FindHeader(headers, "content-type");
  constexpr std::string_view kEvents = "text/event-stream";
  flushes_ = codec::EqualsIgnoreCase(type.substr(0, kEvents.size()), kEvents) || codec::EqualsIgnoreCase(type, "application/x-ndjson");
}

void PolicyChain::ShapeAnyResponse(std::vector<Header>& headers) {
  // Presets first: what an operator writes by hand stands above them.
  if (policies_->security_headers) policies_->security_headers->Apply(facts_.scheme, headers);
  if (policies_->cors) policies_->cors->Decorate(*facts_.head, response_texts_, headers);
  if (policies_->response_headers) policies_->response_headers->Apply(facts_, response_texts_, headers);
}

void PolicyChain::ShapeOwnResponse(std::uint16_t status, Cause cause, std::vector<Header>& headers, std::string& body) {
  response_texts_.Clear();
  facts_.status = status;
  facts_.cause = cause;
  if (cause == Cause::kRateLimited) {
    AddHeader(headers, "Retry-After", response_texts_.Keep(std::to_string(RetryAfterSeconds(wait_))));
  }
  const ErrorPage* page = cause == Cause::kNone ? nullptr : policies_->error_pages.Find(status);
  if (page != nullptr) {
    body.clear();
    page->body.Render([&](rules::Variable variable, std::string& out) { AppendValue(variable, facts_, out); }, body);
    SetHeader(headers, "Content-Type", page->content_type);
  }
  // The answer to a preflight is made by CORS already, and decorating it would take that back.
  const bool preflight = cause == Cause::kNone && policies_->cors && !router::PreflightMethod(*facts_.head).empty();
  if (preflight) {
    if (policies_->response_headers) policies_->response_headers->Apply(facts_, response_texts_, headers);
    return;
  }
  ShapeAnyResponse(headers);
}

}  // namespace switchyard::agent::policy
