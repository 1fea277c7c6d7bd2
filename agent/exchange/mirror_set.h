// MirrorSet: the mirrored requests that one worker has under way. It owns them, since nobody waits for them.
//
// Thread-safety: its worker. Bounds: kMost; one more is not sent.
#pragma once

#include <cstddef>
#include <unordered_set>
#include <vector>

#include "agent/loop/ref_counted.h"

namespace switchyard::agent::exchange {

class MirrorSet final : public loop::RefCounted {
 public:
  static constexpr std::size_t kMost = 256;

  class Member : public loop::RefCounted {
   public:
    virtual void Cancel() = 0;
  };

  bool Add(Member& member) {
    if (members_.size() >= kMost || !members_.insert(&member).second) return false;
    intrusive_ptr_add_ref(static_cast<loop::RefCounted*>(&member));
    return true;
  }
  void Remove(Member& member) {
    if (members_.erase(&member) != 0) intrusive_ptr_release(static_cast<loop::RefCounted*>(&member));
  }
  void CancelAll() {
    const std::vector<Member*> all(members_.begin(), members_.end());
    for (Member* member : all) member->Cancel();
  }

 private:
  std::unordered_set<Member*> members_;
};

}  // namespace switchyard::agent::exchange
