// Refusals of Google as sentences that say what is in the way and who can take it away.
#pragma once

#include <optional>
#include <string>
#include <string_view>

#include "base/error.h"

namespace easel {

struct ObstacleContext {
  std::string resource;  ///< id as in desired.h
  std::string doing;     ///< "create service account x"
  std::string project;
};

/// `error` with a message of our own: what we did, what stood in the way, what to do next, and Google's words.
Error Explain(const Error& error, const ObstacleContext& context);

/// What to do about an obstacle that is known by Google's words; nullopt: it is none, or a plain missing right. The names of project
/// and bucket are no words of Google's: `acme-billing` says nothing about billing.
std::optional<std::string> ObstacleSentence(const Error& error, const std::string& project,
                                            const std::string& bucket);

/// Whether waiting may help: something made or granted a moment ago is not seen everywhere yet.
bool IsNotYetVisible(const Error& error);

/// Whether the same read, change, write may succeed when begun again.
bool IsConflict(const Error& error);

/// The least predefined role that holds a permission, as docs/user/google-cloud.md names it.
std::string RoleWith(std::string_view permission);

}  // namespace easel
