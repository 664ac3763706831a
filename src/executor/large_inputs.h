// Which of the values that an attempt was given are large: for the message when it needed too much memory.
#pragma once

#include <string>

#include "base/json.h"

namespace easel {

/// " Of what it reads from above, the largest are `df` from `load` (3.1 GiB) and `x` from `make` (800 MiB)." for at most
/// three variables of 10 MiB and more, those that share their storage once; "" if there is none. What the block made
/// itself is not known: its process is gone. `spec` is an attempt's spec as it came.
std::string LargeInputs(const json::object& spec);

}  // namespace easel
