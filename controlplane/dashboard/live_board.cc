#include "controlplane/dashboard/live_board.h"

#include <utility>

#include <fmt/format.h>

namespace switchyard::controlplane::dashboard {

bool LiveBoard::Add(const std::shared_ptr<Watcher>& watcher, const std::vector<std::string>& targets) {
  if (watchers_.size() >= kMaxWatchers || topics_.size() + targets.size() > kMaxLiveTexts) return false;
  watchers_[watcher.get()] = watcher;
  for (const std::string& target : targets) {
    Topic& topic = topics_[target];
    topic.watchers.insert(watcher.get());
    if (topic.frame != nullptr) {
      watcher->Send(topic.frame);
    } else {
      Ask(target);
    }
  }
  return true;
}

void LiveBoard::Remove(const Watcher* watcher) {
  if (watchers_.erase(watcher) == 0) return;
  for (auto it = topics_.begin(); it != topics_.end();) {
    it->second.watchers.erase(watcher);
    it = it->second.watchers.empty() ? topics_.erase(it) : std::next(it);
  }
}

void LiveBoard::Beat() {
  std::vector<const Watcher*> gone;
  for (const auto& [key, watcher] : watchers_) {
    if (!watcher->Holds()) gone.push_back(key);
  }
  for (const Watcher* watcher : gone) Remove(watcher);
  std::vector<std::string> targets;
  for (const auto& [target, topic] : topics_) targets.push_back(target);
  for (const std::string& target : targets) Ask(target);
}

void LiveBoard::Ask(const std::string& target) {
  Topic& topic = topics_[target];
  // A read that takes longer than a beat is not joined by a second one.
  if (std::exchange(topic.reading, true)) return;
  read_(target, [this, target](Text text) { post_([this, target, text = std::move(text)] { OnText(target, text); }); });
}

void LiveBoard::OnText(const std::string& target, const Text& text) {
  const auto it = topics_.find(target);
  if (it == topics_.end()) return;
  Topic& topic = it->second;
  topic.reading = false;
  if (text == nullptr || (topic.text != nullptr && *topic.text == *text)) return;
  topic.text = text;
  topic.frame = std::make_shared<const std::string>(fmt::format("event: {}\ndata: {}\n\n", target, *text));
  for (const Watcher* watcher : topic.watchers) {
    if (const auto known = watchers_.find(watcher); known != watchers_.end()) known->second->Send(topic.frame);
  }
}

}  // namespace switchyard::controlplane::dashboard
