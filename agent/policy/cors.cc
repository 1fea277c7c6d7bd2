#include "agent/policy/cors.h"

#include <algorithm>

namespace switchyard::agent::policy {
namespace {

// `https://*.example.com` covers one or more labels below example.com, with the same scheme and port.
bool Covers(std::string_view pattern, std::string_view origin) {
  const std::size_t star = pattern.find('*');
  if (star == std::string_view::npos) return codec::EqualsIgnoreCase(pattern, origin);
  const std::string_view before = pattern.substr(0, star);
  const std::string_view after = pattern.substr(star + 1);
  if (origin.size() <= before.size() + after.size()) return false;
  const std::string_view label = origin.substr(before.size(), origin.size() - before.size() - after.size());
  return codec::EqualsIgnoreCase(origin.substr(0, before.size()), before) &&
         codec::EqualsIgnoreCase(origin.substr(origin.size() - after.size()), after) && label.find_first_of("/:@") == std::string_view::npos;
}

}  // namespace

Cors::Cors(Options options)
    : options_(std::move(options)), every_origin_(std::find(options_.origins.begin(), options_.origins.end(), "*") != options_.origins.end()) {}

bool Cors::Allows(std::string_view origin) const {
  if (origin.empty()) return false;
  return every_origin_ ||
         std::any_of(options_.origins.begin(), options_.origins.end(), [&](const std::string& pattern) { return Covers(pattern, origin); });
}

void Cors::AddPermission(std::string_view origin, std::vector<codec::Header>& headers) const {
  AddHeader(headers, "Access-Control-Allow-Origin", every_origin_ ? std::string_view("*") : origin);
  if (options_.credentials) AddHeader(headers, "Access-Control-Allow-Credentials", "true");
}

void Cors::AnswerPreflight(const codec::RequestHead& head, TextStore& store, std::vector<codec::Header>& headers) const {
  const std::string_view origin = FindHeader(head.headers, "origin");
  if (!every_origin_) AddToList(headers, "Vary", "Origin", store);
  AddToList(headers, "Vary", "Access-Control-Request-Headers", store);
  if (!Allows(origin)) return;
  AddPermission(origin, headers);
  AddHeader(headers, "Access-Control-Allow-Methods", options_.methods);
  const std::string_view allowed =
      options_.headers.empty() ? FindHeader(head.headers, "access-control-request-headers") : std::string_view(options_.headers);
  if (!allowed.empty()) AddHeader(headers, "Access-Control-Allow-Headers", allowed);
  AddHeader(headers, "Access-Control-Max-Age", options_.max_age);
}

void Cors::Decorate(const codec::RequestHead& head, TextStore& store, std::vector<codec::Header>& headers) const {
  for (const std::string_view name : {"access-control-allow-origin", "access-control-allow-credentials", "access-control-expose-headers"}) {
    RemoveHeader(headers, name);
  }
  if (!every_origin_) AddToList(headers, "Vary", "Origin", store);
  const std::string_view origin = FindHeader(head.headers, "origin");
  if (!Allows(origin)) return;
  AddPermission(origin, headers);
  if (!options_.exposed.empty()) AddHeader(headers, "Access-Control-Expose-Headers", options_.exposed);
}

}  // namespace switchyard::agent::policy
