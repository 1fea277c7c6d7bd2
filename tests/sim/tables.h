// The tables of the proving ground: which policy does how well in which setup, all in one run, as Markdown.
//
//   uneven   40 backends with 4 slots, 10 at half speed, bursts; 20 and 100 agents
//   even     the same without differences and bursts: nothing may lose to round robin
//   slower   both with service times of 40 ms, as real processes are measured (tests/prove/balancers): overlays are fresher than requests are long
//   gray     1 of 40 fails fast, refuses, is 10 times slower, fails 30 %, hangs half; or all fail 30 %
//   finagle  10 backends at 1250 rps: cold start, slow for 30 s, down for 15 s
//   deploy   50 backends replaced 5 at a time under 0.8 load, new ones cold for 5 s
//   breaker  changes of state in ten minutes at a steady error share
//
// `full`: five seeds and all requests; else one seed and a fraction, for every `make test`. Source of the setups: Prequal, C3, Finagle's
// balancersim, and our own.
#pragma once

#include <string>

namespace switchyard::tests::sim {

std::string Uneven(bool full);
std::string Even(bool full);
std::string Slower(bool full);
std::string Gray(bool full);
std::string Finagle(bool full);
std::string Deploy(bool full);
std::string BreakerChanges(bool full);

}  // namespace switchyard::tests::sim
