#include "agent/loop/timer_wheel.h"

#include <algorithm>
#include <bit>

namespace switchyard::agent::loop {

void Timer::Set(TimePoint deadline) {
  deadline_ = deadline;
  armed_ = true;
  // Filed for an earlier slot: it will be re-filed when that comes up.
  if (linked_ && wheel_.TickOf(deadline) >= filed_tick_) return;
  if (linked_) wheel_.Unlink(*this);
  wheel_.Link(*this, wheel_.tick_ + 1);
}

void Timer::Cancel() {
  armed_ = false;
  if (linked_) wheel_.Unlink(*this);
}

TimerWheel::TimerWheel(TimePoint now) : start_(now) {}

// Rounded up, so that a timer never fires early.
std::uint64_t TimerWheel::TickOf(TimePoint time) const {
  if (time <= start_) return 0;
  return static_cast<std::uint64_t>((time - start_ + kTick - Duration(1)) / kTick);
}

void TimerWheel::Link(Timer& timer, std::uint64_t earliest) {
  const std::uint64_t want = std::max(TickOf(timer.deadline_), earliest);
  const std::uint64_t distance = want - tick_;
  std::size_t slot = 0;
  if (distance < kSlots) {
    slot = want % kSlots;
    timer.filed_tick_ = want;
  } else {
    // A far slot is emptied when the near wheel enters its 256 ticks.
    const std::uint64_t far = std::min(want / kSlots, tick_ / kSlots + kSlots - 1);
    slot = kSlots + far % kSlots;
    timer.filed_tick_ = far * kSlots;
  }
  Put(timer, slot);
}

void TimerWheel::Put(Timer& timer, std::size_t slot) {
  timer.slot_ = static_cast<std::uint16_t>(slot);
  timer.previous_ = nullptr;
  timer.next_ = slots_[slot];
  if (timer.next_ != nullptr) timer.next_->previous_ = &timer;
  slots_[slot] = &timer;
  Mark(slot, true);
  timer.linked_ = true;
  ++linked_;
}

// Behind what is due already.
void TimerWheel::AppendDue(Timer& timer) {
  if (slots_[kDueSlot] == nullptr) {
    Put(timer, kDueSlot);
  } else {
    timer.slot_ = static_cast<std::uint16_t>(kDueSlot);
    timer.previous_ = last_due_;
    timer.next_ = nullptr;
    last_due_->next_ = &timer;
    timer.linked_ = true;
    ++linked_;
  }
  last_due_ = &timer;
}

void TimerWheel::Unlink(Timer& timer) {
  if (last_due_ == &timer) last_due_ = timer.previous_;
  if (timer.previous_ != nullptr) {
    timer.previous_->next_ = timer.next_;
  } else {
    slots_[timer.slot_] = timer.next_;
    if (timer.next_ == nullptr) Mark(timer.slot_, false);
  }
  if (timer.next_ != nullptr) timer.next_->previous_ = timer.previous_;
  timer.linked_ = false;
  --linked_;
}

void TimerWheel::Advance(TimePoint now) {
  // Rounded down: a tick is over when all of it has passed.
  const auto target = now <= start_ ? 0 : static_cast<std::uint64_t>((now - start_) / kTick);
  for (auto next = NextTick(); next && *next <= target; next = NextTick()) {
    tick_ = *next;
    if (tick_ % kSlots == 0) Cascade();
    TurnNear();
  }
  tick_ = std::max(tick_, target);
  FireDue();
}

// Empties the near slot of this tick.
void TimerWheel::TurnNear() {
  const std::size_t slot = tick_ % kSlots;
  while (slots_[slot] != nullptr) {
    Timer& timer = *slots_[slot];
    Unlink(timer);
    if (!timer.armed_) continue;
    if (TickOf(timer.deadline_) > tick_) {
      Link(timer, tick_ + 1);
    } else {
      AppendDue(timer);
    }
  }
}

// Firing may set, cancel or destroy any timer, so the list is taken one timer at a time.
void TimerWheel::FireDue() {
  while (slots_[kDueSlot] != nullptr) {
    Timer& timer = *slots_[kDueSlot];
    Unlink(timer);
    if (!timer.armed_) continue;
    if (TickOf(timer.deadline_) > tick_) {
      Link(timer, tick_ + 1);
    } else {
      timer.armed_ = false;
      timer.owner_.OnTimer(timer);
    }
  }
}

void TimerWheel::Cascade() {
  const std::size_t slot = kSlots + (tick_ / kSlots) % kSlots;
  Timer* timer = slots_[slot];
  slots_[slot] = nullptr;
  Mark(slot, false);
  // The tick that begins now has not been turned yet, so what is due in it still may go into its slot.
  while (timer != nullptr) {
    Timer* next = timer->next_;
    timer->linked_ = false;
    --linked_;
    if (timer->armed_) Link(*timer, tick_);
    timer = next;
  }
}

void TimerWheel::Mark(std::size_t slot, bool used) {
  const std::uint64_t bit = 1ULL << (slot % 64);
  used_[slot / 64] = used ? used_[slot / 64] | bit : used_[slot / 64] & ~bit;
}

std::size_t TimerWheel::NextUsed(std::size_t base, std::size_t from) const {
  constexpr std::size_t kWords = kSlots / 64;
  const std::size_t first = from / 64;
  for (std::size_t i = 0; i <= kWords; ++i) {
    std::uint64_t word = used_[base / 64 + (first + i) % kWords];
    // The word that the search begins in is looked at twice: above the start first, below it last.
    if (i == 0) word &= ~0ULL << (from % 64);
    if (i == kWords) word &= ~(~0ULL << (from % 64));
    if (word != 0) return ((first + i) % kWords) * 64 + static_cast<std::size_t>(std::countr_zero(word));
  }
  return kSlots;
}

std::optional<std::uint64_t> TimerWheel::NextTick() const {
  if (linked_ == 0) return std::nullopt;
  std::optional<std::uint64_t> due;
  const std::size_t near = NextUsed(0, (tick_ + 1) % kSlots);
  if (near < kSlots) due = tick_ + 1 + (near + kSlots - (tick_ + 1) % kSlots) % kSlots;
  const std::uint64_t turn = tick_ / kSlots + 1;
  const std::size_t far = NextUsed(kSlots, turn % kSlots);
  if (far < kSlots) {
    const std::uint64_t begins = (turn + (far + kSlots - turn % kSlots) % kSlots) * kSlots;
    due = due ? std::min(*due, begins) : begins;
  }
  return due;
}

std::optional<TimePoint> TimerWheel::NextDue() const {
  const auto due = NextTick();
  return due ? std::optional<TimePoint>(start_ + kTick * *due) : std::nullopt;
}

}  // namespace switchyard::agent::loop
