// The web app's files, as the build left them in `share/easel/web`, and the page that stands in for them if it did not.
#pragma once

#include <string>
#include <string_view>

#include "server/call.h"

namespace easel {

/// Reads from the disk at each request. Thread-safe.
class StaticFiles {
 public:
  /// `folder` need not be there. `bucket_origin` is where pages may send files to and fetch them from, besides us; "": nowhere.
  StaticFiles(std::string folder, std::string_view bucket_origin);

  /// The file that the path names, compressed if the client takes it and the build made it; the app's page for paths
  /// without a dot in their last part, which the app itself understands (/c/NAME).
  ///
  /// Errors: kNotFound NO_SUCH_PATH.
  Result<HttpResponse> Get(const Call& call) const;
  /// The page into whose frame untrusted output is written: scripts may run in it, and reach nothing.
  static HttpResponse OutputFrame();

 private:
  std::string folder_;
  std::string policy_;
};

}  // namespace easel
