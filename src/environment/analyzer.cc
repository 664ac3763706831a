#include "environment/analyzer.h"

#include <poll.h>
#include <sys/socket.h>
#include <unistd.h>

#include <cerrno>
#include <chrono>

namespace easel {
namespace {

constexpr std::int64_t kVersion = 1;           ///< of docs/formats/analysis.md
constexpr std::size_t kMaxAnswer = 64u << 20;  ///< bytes of one line
constexpr std::size_t kKeptErrors = 4000;

std::int64_t NowMs() {
  using namespace std::chrono;
  return duration_cast<milliseconds>(steady_clock::now().time_since_epoch()).count();
}

bool Died(const Error& error) { return error.reason == "ANALYZER_DIED"; }

}  // namespace

/// One batch under way: what is still to send, and which answers are in.
struct Analyzer::Exchange {
  const std::vector<AnalysisRequest>* requests = nullptr;
  std::vector<json::value> answers;
  std::string to_send;
  std::size_t sent = 0;

  std::string Current() const {
    return requests != nullptr && answers.size() < requests->size() ? (*requests)[answers.size()].filename
                                                                    : "(start)";
  }
};

Analyzer::Analyzer(AnalyzerOptions options) : options_(std::move(options)) {}
Analyzer::~Analyzer() = default;

Status Analyzer::Start() {
  if (child_) return {};
  received_.clear();
  errors_.clear();
  auto started = ChildProcess::Start(
      {.argv = {options_.python, "-I", options_.runtime_folder + "/easel_runtime/analyze.py"},
       .environment = {"PATH=/usr/bin:/bin", "LANG=C.UTF-8", "PYTHONHASHSEED=0"},
       .folder = "/",
       .with_input = true});
  if (!started)
    return Fail(Code::kFailedPrecondition, "ANALYZER_UNUSABLE",
                "source cannot be analysed: " + started.error().message);
  child_ = std::make_unique<ChildProcess>(std::move(*started));
  Exchange nothing;
  auto line = NextLine(nothing, options_.start_deadline_ms);
  auto hello = line ? ParseJson(*line, "analysis") : Result<json::value>(std::unexpected(line.error()));
  std::string problem;
  if (!hello) {
    problem = hello.error().message;
  } else {
    JsonReader reader(*hello, "analysis: ready");
    const std::string python = reader.String("python");
    const std::int64_t version = reader.Int("version");
    if (!reader.ok())
      problem = reader.status().error().message;
    else if (version != kVersion)
      problem =
          "it speaks version " + std::to_string(version) + " and this program " + std::to_string(kVersion);
    version_ = "python-" + python + "+" + std::to_string(version);
  }
  if (problem.empty()) return {};
  Stop();
  return Fail(Code::kFailedPrecondition, "ANALYZER_UNUSABLE",
              "source cannot be analysed by " + options_.python + ": " + problem);
}

Result<std::string> Analyzer::NextLine(Exchange& exchange, int deadline_ms) {
  const std::int64_t deadline = NowMs() + deadline_ms;
  std::size_t searched = 0;
  for (;;) {
    if (const std::size_t end = received_.find('\n', searched); end != std::string::npos) {
      std::string line = received_.substr(0, end);
      received_.erase(0, end + 1);
      return line;
    }
    searched = received_.size();
    const std::int64_t left = deadline - NowMs();
    const short want_write = exchange.sent < exchange.to_send.size() ? POLLOUT : 0;
    pollfd waits[3] = {
        {child_->output(), POLLIN, 0}, {child_->errors(), POLLIN, 0}, {child_->input(), want_write, 0}};
    if (want_write == 0) waits[2].fd = -1;
    const int ready = left <= 0 ? 0 : ::poll(waits, 3, static_cast<int>(left));
    if (ready < 0 && errno == EINTR) continue;
    if (ready < 0) return FailErrno("poll", errno);
    if (ready == 0)
      return Fail(Code::kDeadlineExceeded, "ANALYSIS_TIMEOUT",
                  exchange.Current() + ": analysing this source took more than " +
                      std::to_string(deadline_ms / 1000) + " s");
    bool over = false;
    if (waits[2].revents != 0) {
      const ssize_t n = ::send(child_->input(), exchange.to_send.data() + exchange.sent,
                               exchange.to_send.size() - exchange.sent, MSG_NOSIGNAL);
      if (n > 0) exchange.sent += static_cast<std::size_t>(n);
      over = n < 0 && errno != EAGAIN && errno != EINTR;
    }
    char buffer[65536];
    if (waits[1].revents != 0) {
      const ssize_t n = ::read(child_->errors(), buffer, sizeof buffer);
      if (n > 0) errors_.append(buffer, static_cast<std::size_t>(n));
      if (errors_.size() > kKeptErrors) errors_.erase(0, errors_.size() - kKeptErrors);
    }
    if (waits[0].revents != 0) {
      const ssize_t n = ::read(child_->output(), buffer, sizeof buffer);
      if (n > 0) received_.append(buffer, static_cast<std::size_t>(n));
      over = over || n == 0 || received_.size() > kMaxAnswer;
    }
    if (over)
      return Fail(Code::kInternal, "ANALYZER_DIED",
                  exchange.Current() + ": the process that analyses source ended" +
                      (errors_.empty() ? "" : ":\n" + errors_));
  }
}

Status Analyzer::Answer(Exchange& exchange) {
  EASEL_RETURN_IF_ERROR(Start());
  const std::int64_t first = next_id_ - static_cast<std::int64_t>(exchange.answers.size());
  exchange.to_send.clear();
  exchange.sent = 0;
  for (std::size_t i = exchange.answers.size(); i < exchange.requests->size(); ++i) {
    const AnalysisRequest& request = (*exchange.requests)[i];
    exchange.to_send += json::serialize(
        json::object{{"id", next_id_++}, {"source", request.source}, {"filename", request.filename}});
    exchange.to_send += '\n';
  }
  while (exchange.answers.size() < exchange.requests->size()) {
    EASEL_TRY(const std::string line, NextLine(exchange, options_.deadline_ms));
    EASEL_TRY(json::value answer, ParseJson(line, "analysis of " + exchange.Current()));
    JsonReader reader(answer, "analysis of " + exchange.Current());
    const std::int64_t id = reader.Int("id");
    const json::object* analysis = reader.Object("analysis");
    EASEL_RETURN_IF_ERROR(reader.status());
    if (id != first + static_cast<std::int64_t>(exchange.answers.size()))
      return Fail(Code::kInternal, "ANALYZER_CONFUSED",
                  exchange.Current() + ": the analysis answered out of order");
    exchange.answers.emplace_back(*analysis);
  }
  return {};
}

Result<std::vector<json::value>> Analyzer::Analyze(const std::vector<AnalysisRequest>& requests) {
  Exchange exchange;
  exchange.requests = &requests;
  Status done = Answer(exchange);
  if (!done && Died(done.error())) {
    // It may have died long ago, or from memory taken by something else: one more try with what is left.
    Stop();
    done = Answer(exchange);
  }
  if (!done) {
    Stop();  // answers still to come belong to this batch and must not meet the next one
    return std::unexpected(done.error());
  }
  return std::move(exchange.answers);
}

Result<json::value> Analyzer::Analyze(const std::string& source, const std::string& filename) {
  EASEL_TRY(auto answers, Analyze(std::vector<AnalysisRequest>{{source, filename}}));
  return std::move(answers.front());
}

Result<std::string> Analyzer::Version() {
  EASEL_RETURN_IF_ERROR(Start());
  return version_;
}

}  // namespace easel
