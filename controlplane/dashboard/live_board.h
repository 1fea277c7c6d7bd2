// LiveBoard: who watches what, and the one text that all watchers of a target share.
//
// Once a second (`Beat`) every watched target is read once; when its text differs from the last one, each watcher gets the same frame. A
// watcher that comes later gets the last frame at once.
// Frames are server-sent events: `event: <target>`, `data: <JSON>`. Source: WHATWG HTML, section 9.2.
// Thread-safety: one owner (the server's thread); `read` may answer from any thread through `post`. Bounds: kMaxWatchers, and
// kMaxTargets targets in all.
#pragma once

#include <cstddef>
#include <functional>
#include <map>
#include <memory>
#include <set>
#include <string>
#include <vector>

namespace switchyard::controlplane::dashboard {

inline constexpr std::size_t kMaxWatchers = 128;
inline constexpr std::size_t kMaxLiveTexts = 256;

using Frame = std::shared_ptr<const std::string>;

class Watcher {
 public:
  virtual ~Watcher() = default;
  virtual void Send(const Frame& frame) = 0;
  // Once a second. False: this watcher has no right to watch any more; it is removed and ends itself.
  virtual bool Holds() = 0;
};

class LiveBoard {
 public:
  using Text = std::shared_ptr<const std::string>;
  // Reads a target and calls back from any thread; null: not now.
  using Read = std::function<void(const std::string& target, std::function<void(Text)>)>;
  // Runs something on the owner's thread.
  using Post = std::function<void(std::function<void()>)>;

  LiveBoard(Read read, Post post) : read_(std::move(read)), post_(std::move(post)) {}

  // False: too many.
  bool Add(const std::shared_ptr<Watcher>& watcher, const std::vector<std::string>& targets);
  void Remove(const Watcher* watcher);
  void Beat();
  std::size_t watchers() const { return watchers_.size(); }

 private:
  struct Topic {
    std::set<const Watcher*> watchers;
    Text text;
    Frame frame;
    bool reading = false;
  };
  void Ask(const std::string& target);
  void OnText(const std::string& target, const Text& text);

  const Read read_;
  const Post post_;
  std::map<const Watcher*, std::shared_ptr<Watcher>> watchers_;
  std::map<std::string, Topic> topics_;
};

}  // namespace switchyard::controlplane::dashboard
