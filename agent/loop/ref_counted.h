// RefCounted: shared ownership within one worker, counted without atomics.
//
// Connections and exchanges refer to each other and are kept alive by the event that they wait for. All of that happens on one thread, so
// a plain counter is enough. Thread-safety: none; an object never leaves its worker.
#pragma once

#include <boost/smart_ptr/intrusive_ptr.hpp>
#include <boost/smart_ptr/intrusive_ref_counter.hpp>

namespace switchyard::agent::loop {

class RefCounted : public boost::intrusive_ref_counter<RefCounted, boost::thread_unsafe_counter> {
 public:
  RefCounted() = default;
  RefCounted(const RefCounted&) = delete;
  RefCounted& operator=(const RefCounted&) = delete;
  virtual ~RefCounted() = default;
};

template <class T>
using Ref = boost::intrusive_ptr<T>;

}  // namespace switchyard::agent::loop
