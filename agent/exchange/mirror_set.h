// MirrorSet: the mirrored requests of one worker, those whose original still comes in included. It owns those that are sent, since nobody
// waits for them.
//
// Thread-safety: its worker. Bounds: kMost places, taken from the first byte of a copy to its end; one more is not made. With the largest
// body that a policy allows (1 MiB) they hold 256 MiB on a worker, with the default one 16 MiB.
#pragma once

#include <cstddef>
#include <unordered_set>
#include <vector>

#include "agent/loop/ref_counted.h"

namespace switchyard::agent::exchange {

class MirrorSet final : public loop::RefCounted {
 public:
  static constexpr std::size_t kMost = 256;

  // Room for one copy, given back when it goes.
  class Place {
   public:
    explicit Place(MirrorSet& set) {
      if (set.taken_ >= kMost) return;
      ++set.taken_;
      set_ = loop::Ref<MirrorSet>(&set);
    }
    Place(Place&& other) noexcept = default;
    Place& operator=(Place&& other) = delete;
    ~Place() {
      if (set_) --set_->taken_;
    }
    bool held() const { return set_ != nullptr; }

   private:
    loop::Ref<MirrorSet> set_;
  };

  // Has a Place.
  class Member : public loop::RefCounted {
   public:
    virtual void Cancel() = 0;
  };

  void Add(Member& member) {
    if (members_.insert(&member).second) intrusive_ptr_add_ref(static_cast<loop::RefCounted*>(&member));
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
  std::size_t taken_ = 0;
};

}  // namespace switchyard::agent::exchange
