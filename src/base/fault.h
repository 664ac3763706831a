// Named points at which a test ends this process as a power cut would: tests/fault. Thread-safe.
//
// The environment variable EASEL_FAULT=NAME or NAME:N arms one of them: the process ends itself by SIGKILL when it
// passes the point for the N-th time. With EASEL_FAULT_ONCE=PATH only the process that makes the file PATH does so,
// which lets one executor die and its successor live. Unarmed, a point costs the load of one flag.
#pragma once

namespace easel {

namespace fault {
extern const bool armed;
void Pass(const char* name);
}  // namespace fault

/// End this process here if a test asked for it. `name` is "<part>.<moment>", as tests/fault/README.md lists them.
inline void FaultPoint(const char* name) {
  if (fault::armed) [[unlikely]]
    fault::Pass(name);
}

}  // namespace easel
