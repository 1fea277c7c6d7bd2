// TimerWheel: all deadlines of one worker, cheap to set and to move.
//
// Two levels of 256 slots: 4 ms each, then 1.024 s each; deadlines beyond 262 s wait in the last slot and are looked at again. A timer
// whose deadline is moved later stays where it is and is re-filed when its slot comes up, so moving a deadline on every byte costs one
// store; the same holds for one that rests in between. Timers fire late by at most one tick plus the loop's own delay, never early.
// Source: G. Varghese, T. Lauck, "Hashed and Hierarchical Timing Wheels", 1987.
//
// Thread-safety: one worker. Cost: Set/Cancel O(1), no allocation; Advance O(used slots passed + timers due), however long it was not
// called.
#pragma once

#include <array>
#include <cstdint>
#include <optional>

#include "common/base/clock.h"

namespace switchyard::agent::loop {

class TimerWheel;

// A deadline with an owner. Embed it; it cancels itself when destroyed.
class Timer {
 public:
  class Owner {
   public:
    // The timer is disarmed when this is called, and may be set again from within.
    virtual void OnTimer(Timer& timer) = 0;

   protected:
    ~Owner() = default;
  };

  Timer(TimerWheel& wheel, Owner& owner) : wheel_(wheel), owner_(owner) {}
  Timer(const Timer&) = delete;
  Timer& operator=(const Timer&) = delete;
  ~Timer() { Cancel(); }

  void Set(TimePoint deadline);
  void Cancel();
  // As Cancel, for a timer that is about to be set again: it stays where it is filed, so both together cost two stores. The wheel looks at
  // it for nothing when its slot comes up before that.
  void Rest() { armed_ = false; }
  bool armed() const { return armed_; }
  TimePoint deadline() const { return deadline_; }

 private:
  friend class TimerWheel;
  TimerWheel& wheel_;
  Owner& owner_;
  TimePoint deadline_{};
  Timer* previous_ = nullptr;
  Timer* next_ = nullptr;
  std::uint64_t filed_tick_ = 0;  // when its slot comes up
  std::uint16_t slot_ = 0;
  bool armed_ = false;
  bool linked_ = false;
};

class TimerWheel {
 public:
  static constexpr Duration kTick = std::chrono::milliseconds(4);

  explicit TimerWheel(TimePoint now);
  TimerWheel(const TimerWheel&) = delete;
  TimerWheel& operator=(const TimerWheel&) = delete;

  // Fires what is due, in order of ticks. Timers set from within fire in a later call. Not to be called from within.
  void Advance(TimePoint now);
  // When Advance should be called next; absent when nothing is filed.
  std::optional<TimePoint> NextDue() const;

 private:
  friend class Timer;
  static constexpr std::size_t kSlots = 256;
  // Holds, while Advance runs, what is due and has not fired yet.
  static constexpr std::size_t kDueSlot = kSlots * 2;

  void Link(Timer& timer, std::uint64_t earliest);
  void Unlink(Timer& timer);
  void Put(Timer& timer, std::size_t slot);
  void AppendDue(Timer& timer);
  void TurnNear();
  void FireDue();
  void Cascade();
  void Mark(std::size_t slot, bool used);
  // The first used slot among `kSlots` from `base`, going round from `from`; kSlots when none is.
  std::size_t NextUsed(std::size_t base, std::size_t from) const;
  std::uint64_t TickOf(TimePoint time) const;
  // The next tick with a slot to empty; absent when nothing is filed.
  std::optional<std::uint64_t> NextTick() const;

  TimePoint start_;
  std::uint64_t tick_ = 0;  // every slot up to and with this tick has been emptied
  std::size_t linked_ = 0;
  std::array<Timer*, kSlots * 2 + 1> slots_{};  // near slots, far slots, what is due
  Timer* last_due_ = nullptr;
  std::array<std::uint64_t, kSlots * 2 / 64 + 1> used_{};  // a bit per slot that is not empty
};

}  // namespace switchyard::agent::loop
