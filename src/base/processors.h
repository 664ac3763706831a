// How many processors there are for this process.
#pragma once

namespace easel {

/// Those that this process may run on, at least 1: what `taskset`, a systemd unit or a cpuset leave of the machine's.
/// `std::thread::hardware_concurrency` counts the machine's. Thread-safe.
int UsableProcessors();

}  // namespace easel
