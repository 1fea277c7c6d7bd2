// FakeLinks: a controller without a network. The test sees what the client sends and plays the controller's part.
#pragma once

#include <memory>
#include <string>
#include <utility>
#include <vector>

#include "agent/config/controller_link.h"
#include "common/base/loop.h"

namespace switchyard::agent::config {

class FakeLinks final : public ControllerLinkFactory {
 public:
  explicit FakeLinks(Loop& loop) : loop_(loop) {}

  absl::StatusOr<std::unique_ptr<ControllerLink>> Open(LinkEvents events) override {
    ++opened;
    if (!refuse.ok()) return refuse;
    events_ = std::make_shared<LinkEvents>(std::move(events));
    up = true;
    return std::make_unique<Link>(*this);
  }

  // The controller's part. REQUIRES: up.
  void Receive(const v1::ControllerMessage& message) { Copy()->on_message(message); }
  void Welcome(int interval_ms = 1000) {
    v1::ControllerMessage message;
    message.mutable_welcome()->set_controller_instance("c1");
    message.mutable_welcome()->set_version("0.1.0");
    message.mutable_welcome()->mutable_report_interval()->set_nanos(interval_ms % 1000 * 1'000'000);
    message.mutable_welcome()->mutable_report_interval()->set_seconds(interval_ms / 1000);
    Receive(message);
  }
  void Config(const v1::ConfigDelta& delta) {
    v1::ControllerMessage message;
    *message.mutable_config() = delta;
    Receive(message);
  }
  void Break(const absl::Status& why) { Copy()->on_closed(why); }
  // Lets a held message go out.
  void Sent() { Copy()->on_sent(); }

  std::vector<v1::AgentMessage> sent;
  // False: Sent must be called for each message.
  bool take_at_once = true;
  absl::Status refuse;
  int opened = 0;
  bool up = false;
  std::vector<std::function<void(absl::StatusOr<v1::RenewResponse>)>> renewals;

 private:
  // An event may destroy the link, and with it the events.
  std::shared_ptr<LinkEvents> Copy() { return events_; }

  class Link final : public ControllerLink {
   public:
    explicit Link(FakeLinks& hub) : hub_(hub) {}
    Link(const Link&) = delete;
    Link& operator=(const Link&) = delete;
    ~Link() override {
      hub_.up = false;
      *alive_ = false;
    }
    void Send(const v1::AgentMessage& message) override {
      hub_.sent.push_back(message);
      if (!hub_.take_at_once) return;
      hub_.loop_.Post([events = hub_.events_, alive = alive_] {
        if (*alive) events->on_sent();
      });
    }
    void Renew(const v1::RenewRequest&, std::function<void(absl::StatusOr<v1::RenewResponse>)> done) override {
      hub_.renewals.push_back(std::move(done));
    }

   private:
    FakeLinks& hub_;
    std::shared_ptr<bool> alive_ = std::make_shared<bool>(true);
  };

  Loop& loop_;
  std::shared_ptr<LinkEvents> events_;
};

}  // namespace switchyard::agent::config
