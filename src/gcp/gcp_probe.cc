// Asks Google's services as `easel` would and prints what came as one line of JSON: for tests on the double of Google Cloud.
//
//   gcp_probe token [ACCOUNT]                      whose token there is, and what it is
//   gcp_probe get SERVICE PATH [TIMES]             the last answer, or error
//   gcp_probe sign METHOD BUCKET OBJECT ACCOUNT SECONDS [HEADER VALUE]...
//   gcp_probe write_logs PROJECT RUN COUNT          entries "line 0", "line 1", …, a millisecond apart
//   gcp_probe read_logs PROJECT RUN                 all texts of a run, oldest first, in pages of 100
//
// EASEL_PROBE_CA names a ca_bundle.
#include <cstdio>
#include <cstdlib>
#include <string>
#include <vector>

#include "gcp/credentials.h"
#include "gcp/log_reader.h"
#include "gcp/log_writer.h"
#include "gcp/rest_client.h"
#include "gcp/signed_url.h"

namespace easel::gcp {
namespace {

using Arguments = std::vector<std::string>;

json::object Failure(const Error& error) {
  return {{"code", CodeName(error.code)}, {"reason", error.reason}, {"message", error.message}};
}

struct Probe {
  std::unique_ptr<HttpClient> http;
  SystemClock clock;
  SystemSleeper sleeper;
  std::optional<Google> google;
  std::optional<Credentials> credentials;
  RestOptions options;

  Status Begin() {
    const Environment environment = ProcessEnvironment();
    EASEL_TRY(http, MakeHttpClient({.ca_bundle = environment("EASEL_PROBE_CA").value_or("")}));
    EASEL_TRY(const Endpoints endpoints, Endpoints::From({}, environment));
    EASEL_TRY(options, RestOptionsFrom({}, environment));
    google.emplace(*http, clock, sleeper, endpoints, options.retry);
    EASEL_TRY(credentials, FindCredentials(*google));
    options.quota_project = credentials->quota_project;
    return {};
  }

  RestClient Rest(std::shared_ptr<TokenSource> tokens) const {
    return RestClient(*http, std::move(tokens), google->endpoints, clock, google->sleeper, options);
  }

  Result<json::object> Token(const Arguments& arguments) {
    const auto tokens =
        arguments.empty() ? credentials->tokens : Impersonate(*google, *credentials, arguments[0]);
    EASEL_TRY(const AccessToken token, tokens->Token({}));
    return json::object{{"token", token.value},
                        {"who", tokens->Who()},
                        {"origin", credentials->origin},
                        {"seconds", (token.expires_unix_ms - clock.UnixMs()) / 1000}};
  }

  Result<json::object> Get(const Arguments& arguments) {
    RestClient rest = Rest(credentials->tokens);
    json::value last;
    const int times = arguments.size() > 2 ? std::atoi(arguments[2].c_str()) : 1;
    for (int i = 0; i < times; ++i) {
      EASEL_TRY(last, rest.Call({.service = ServiceNamed(arguments[0]).value(),
                                 .path = arguments[1],
                                 .idempotency = Idempotency::kIdempotent}));
    }
    return json::object{{"answer", last}};
  }

  Result<json::object> Sign(const Arguments& arguments) {
    RestClient rest = Rest(credentials->tokens);
    UrlToSign to_sign{.method = arguments[0],
                      .bucket = arguments[1],
                      .object = arguments[2],
                      .expires_s = std::atoll(arguments[4].c_str()),
                      .base = google->endpoints.Base(Service::kStorage)};
    for (std::size_t i = 5; i + 1 < arguments.size(); i += 2)
      to_sign.headers.emplace_back(arguments[i], arguments[i + 1]);
    const auto signer = credentials->key && credentials->account == arguments[3]
                            ? MakeKeySigner(arguments[3], *credentials->key)
                            : MakeIamSigner(rest, arguments[3]);
    EASEL_TRY(const std::string url, SignUrl(*signer, to_sign, clock.UnixMs(), {}));
    return json::object{{"url", url}};
  }

  Result<json::object> WriteLogs(const Arguments& arguments) {
    RestClient rest = Rest(credentials->tokens);
    LogWriter writer(rest, {.project = arguments[0]});
    const int count = std::atoi(arguments[2].c_str());
    const LogLabels labels{
        .canvas = "c", .block = "b", .run = arguments[1], .attempt = arguments[1] + "/b.1"};
    const std::int64_t began = clock.UnixMs();
    for (int i = 0; i < count; ++i)
      writer.Append(labels, i, began + i, Severity::kInfo, "line " + std::to_string(i));
    const bool all = writer.Flush(std::chrono::seconds(30));
    return json::object{{"all", all}, {"lost", writer.lost()}};
  }

  Result<json::object> ReadLogs(const Arguments& arguments) {
    RestClient rest = Rest(credentials->tokens);
    LogReader reader(rest, clock, sleeper, {.project = arguments[0]});
    LogQuery query{.labels = {.run = arguments[1]}, .newest_first = false, .page_size = 100};
    json::array texts;
    do {
      EASEL_TRY(LogPage page, reader.Read(query, {}));
      for (const LogEntry& entry : page.entries) texts.emplace_back(entry.text);
      query.page = page.next_page;
    } while (!query.page.empty());
    return json::object{{"texts", texts}};
  }

  Result<json::object> Run(const std::string& command, const Arguments& arguments) {
    EASEL_RETURN_IF_ERROR(Begin());
    if (command == "token") return Token(arguments);
    if (command == "get" && arguments.size() >= 2) return Get(arguments);
    if (command == "sign" && arguments.size() >= 5) return Sign(arguments);
    if (command == "write_logs" && arguments.size() == 3) return WriteLogs(arguments);
    if (command == "read_logs" && arguments.size() == 2) return ReadLogs(arguments);
    return Fail(Code::kInvalidArgument, "USAGE", "see gcp_probe.cc");
  }
};

}  // namespace
}  // namespace easel::gcp

int main(int argc, char** argv) {
  easel::gcp::Probe probe;
  const auto result =
      probe.Run(argc > 1 ? argv[1] : "", easel::gcp::Arguments(argv + std::min(argc, 2), argv + argc));
  std::puts(easel::json::serialize(result ? *result : easel::gcp::Failure(result.error())).c_str());
  return result ? 0 : 1;
}
