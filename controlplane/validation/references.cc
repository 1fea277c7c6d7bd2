#include "controlplane/validation/references.h"

#include <fmt/format.h>

#include <map>
#include <set>
#include <string>
#include <string_view>

#include "common/config/limits.h"
#include "common/config/resource_key.h"
#include "common/config/suggestion.h"
#include "controlplane/validation/findings.h"
#include "controlplane/validation/text_rules.h"

namespace switchyard::controlplane::validation {
namespace {

using Key = store::Catalog::Key;

class ReferenceCheck {
 public:
  ReferenceCheck(const store::Catalog& catalog, const std::vector<v1::ResourceKey>& touched, Scope scope) : catalog_(catalog), scope_(scope) {
    for (const v1::ResourceKey& key : touched) {
      if (catalog.Find(key.kind(), key.name()) == nullptr) deleted_.emplace(key.kind(), key.name());
    }
  }

  // What names Secrets, and of which content they must be.
  void Tls(const v1::Resource& resource, config::ViolationList& out) {
    Findings findings(config::KeyOf(resource), out);
    const v1::ListenerTls& listener = resource.listener().tls();
    for (int i = 0; i < listener.certificates_size(); ++i) {
      Secret(At(At("spec.tls.certificates", i), "secret"), listener.certificates(i).secret(), v1::Secret::kCertificate, findings);
    }
    Secret("spec.tls.client_auth.ca", listener.client_auth().ca(), v1::Secret::kCa, findings);
    const v1::UpstreamTls& upstream = resource.upstream().tls();
    Secret("spec.tls.ca", upstream.ca(), v1::Secret::kCa, findings);
    Secret("spec.tls.certificate", upstream.certificate(), v1::Secret::kCertificate, findings);
  }

  void Route(const v1::Resource& resource, config::ViolationList& out) {
    Findings findings(config::KeyOf(resource), out);
    const v1::Route& route = resource.route();
    for (int i = 0; i < route.listeners_size(); ++i) {
      if (Dangles(v1::KIND_LISTENER, route.listeners(i)))
        findings.Add(At("spec.listeners", i), Reason(v1::KIND_LISTENER, route.listeners(i)));
    }
    for (int i = 0; i < route.forward().upstreams_size(); ++i) {
      const std::string& name = route.forward().upstreams(i).upstream();
      if (Dangles(v1::KIND_UPSTREAM, name)) findings.Add(At(At("spec.forward.upstreams", i), "upstream"), Reason(v1::KIND_UPSTREAM, name));
    }
    if (route.has_mirror()) Mirror(route.mirror().upstream(), findings);
  }

 private:
  void Mirror(const std::string& name, Findings& findings) {
    const std::string field = "spec.mirror.upstream";
    if (Dangles(v1::KIND_UPSTREAM, name)) return findings.Add(field, Reason(v1::KIND_UPSTREAM, name));
    const v1::Resource* upstream = catalog_.Find(v1::KIND_UPSTREAM, name);
    if (upstream == nullptr || config::ProxyProtocolOf(upstream->upstream()) == v1::PROXY_PROTOCOL_VERSION_NONE) return;
    findings.Add(field, fmt::format("refers to Upstream {}, which has `proxy_protocol`; a copy belongs to no client's connection, so it has no PROXY "
                                    "header to send: mirror to an upstream without `proxy_protocol`",
                                    Quoted(name)));
  }

  void Secret(std::string field, const std::string& name, v1::Secret::ContentCase content, Findings& findings) {
    if (Dangles(v1::KIND_SECRET, name)) return findings.Add(std::move(field), Reason(v1::KIND_SECRET, name));
    const v1::Resource* secret = name.empty() ? nullptr : catalog_.Find(v1::KIND_SECRET, name);
    if (secret == nullptr || secret->secret().content_case() == content) return;
    findings.Add(std::move(field), fmt::format("refers to Secret {}, which holds {}; expected one with {}", Quoted(name),
                                               content == v1::Secret::kCa ? "a certificate" : "a ca",
                                               content == v1::Secret::kCa ? "a ca" : "a certificate"));
  }

  // A name that cannot exist is a violation of the field rules, and one is enough.
  bool Dangles(v1::Kind kind, const std::string& name) const { return IsResourceName(name) && catalog_.Find(kind, name) == nullptr; }

  std::string Reason(v1::Kind kind, const std::string& name) {
    const std::string_view word = config::KindName(kind);
    if (deleted_.contains(Key(kind, name))) {
      return fmt::format("refers to {} {}, which this change deletes; take it out in the same change, or keep it", word,
                         Quoted(name));
    }
    const std::string close = Suggest(kind, name);
    if (scope_ == Scope::kPart) {
      return fmt::format("refers to {} {}, which is not in these files; `apply` is refused unless the fleet has it{}", word, Quoted(name), close);
    }
    return fmt::format("refers to {} {}, which does not exist{}", word, Quoted(name),
                       close.empty() ? std::string("; create it in the same change, or name one that exists") : close);
  }

  std::string Suggest(v1::Kind kind, const std::string& name) {
    const auto known = suggestions_.find(Key(kind, name));
    if (known != suggestions_.end()) return known->second;
    if (suggestions_.size() >= kMaxSuggestions) return {};
    std::vector<std::string_view> names;
    for (auto it = catalog_.resources.lower_bound(Key(kind, "")); it != catalog_.resources.end() && it->first.first == kind; ++it) {
      if (names.size() >= kMaxSuggestionNames) break;
      names.push_back(it->first.second);
    }
    return suggestions_.emplace(Key(kind, name), config::DidYouMean(name, names)).first->second;
  }

  const store::Catalog& catalog_;
  const Scope scope_;
  std::set<Key> deleted_;
  std::map<Key, std::string> suggestions_;
};

}  // namespace

void CheckReferences(const store::Catalog& candidate, const std::vector<v1::ResourceKey>& touched, Scope scope, config::ViolationList& out) {
  ReferenceCheck check(candidate, touched, scope);
  for (auto it = candidate.resources.lower_bound(Key(v1::KIND_ROUTE, ""));
       it != candidate.resources.end() && it->first.first == v1::KIND_ROUTE; ++it) {
    check.Route(*it->second, out);
  }
  for (const v1::Kind kind : {v1::KIND_LISTENER, v1::KIND_UPSTREAM}) {
    for (auto it = candidate.resources.lower_bound(Key(kind, "")); it != candidate.resources.end() && it->first.first == kind; ++it) {
      if (it->second->listener().has_tls() || it->second->upstream().has_tls()) check.Tls(*it->second, out);
    }
  }
}

}  // namespace switchyard::controlplane::validation
