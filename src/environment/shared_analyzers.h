// Analyzers that many canvases use together, each kept alive for the next edit.
#pragma once

#include <map>
#include <memory>
#include <mutex>
#include <string>
#include <vector>

#include "environment/analyzer.h"

namespace easel {

/// One analyzer for each interpreter that was asked for. Thread-safe: who comes second to one waits.
class SharedAnalyzers {
 public:
  /// Errors: as Analyzer::Analyze.
  Result<std::vector<json::value>> Analyze(const AnalyzerOptions& options,
                                           const std::vector<AnalysisRequest>& requests) {
    One* one = nullptr;
    {
      const std::lock_guard lock(mutex_);
      auto& mine = analyzers_[options.python];
      if (mine == nullptr) mine = std::make_unique<One>(options);
      one = mine.get();
    }
    const std::lock_guard lock(one->mutex);
    return one->analyzer.Analyze(requests);
  }

 private:
  struct One {
    explicit One(const AnalyzerOptions& options) : analyzer(options) {}
    std::mutex mutex;
    Analyzer analyzer;
  };
  std::mutex mutex_;
  std::map<std::string, std::unique_ptr<One>> analyzers_;  ///< by python
};

}  // namespace easel
