// Passwords as they are stored: argon2id, with bounds on what a check may cost.
#pragma once

#include <string>
#include <string_view>

#include "base/error.h"

namespace easel {

/// Hash a password into argon2's own text form, with a salt of its own. Takes some 30 ms and 19 MiB: on a thread that may
/// wait, and few at once.
///
/// Errors: kResourceExhausted OUT_OF_MEMORY.
/// Source: RFC 9106; OWASP "Password Storage": 19 MiB, 2 passes, 1 lane.
Result<std::string> HashPassword(std::string_view password);

/// Whether `password` is the one of `stored`. Costs what its parameters say; a text with parameters beyond 256 MiB, 16 passes or
/// 4 lanes fits no password. An empty `stored` fits none either, and costs as much as a usual one: who waits for the
/// answer does not learn that there is no such person.
bool PasswordFits(std::string_view password, const std::string& stored);

/// Errors: kInvalidArgument PASSWORD_WEAK, saying what is asked for.
Status CheckNewPassword(std::string_view password, std::string_view email);

}  // namespace easel
