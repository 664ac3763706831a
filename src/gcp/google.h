// How Google is reached: what everything that asks it, without a token or on the way to one, is made with.
#pragma once

#include "base/clock.h"
#include "base/sleeper.h"
#include "gcp/endpoints.h"
#include "gcp/retry.h"
#include "http/client.h"

namespace easel::gcp {

/// A value; what it refers to must outlive all that is made with it.
struct Google {
  HttpClient& http;
  const Clock& clock;
  Sleeper& sleeper;
  Endpoints endpoints;
  RetryPolicy retry;
};

}  // namespace easel::gcp
