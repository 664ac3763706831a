// One request on one of libcurl's handles: what it is set to, what its callbacks collect, and what its end means.
//
// Only src/http/curl includes this.
#pragma once

#include <curl/curl.h>

#include <chrono>
#include <memory>
#include <optional>
#include <string>

#include "http/client.h"

namespace easel::curl {

/// A handle with the one connection that it keeps. For one thread at a time.
struct Line {
  struct CloseEasy {
    void operator()(CURL* easy) const { curl_easy_cleanup(easy); }
  };
  struct CloseMulti {
    void operator()(CURLM* multi) const { curl_multi_cleanup(multi); }
  };
  std::unique_ptr<CURLM, CloseMulti> multi{curl_multi_init()};
  std::unique_ptr<CURL, CloseEasy> easy{curl_easy_init()};
  std::string origin;  ///< "https://host:port" of the connection
  std::chrono::steady_clock::time_point used;
};

/// Perform a request on `line`, in the calling thread. Errors: HttpClient::Send's.
Result<ClientResponse> Perform(Line& line, const ClientRequest& request, const HttpClientOptions& options);

}  // namespace easel::curl
