#include "kubernetes/kubernetes_client.h"

#include <cctype>

namespace easel {
namespace {

constexpr std::size_t kMostText = 300;

/// The words of a page of HTML, or of any text.
std::string WordsOf(std::string_view text) {
  std::string out;
  bool tag = false;
  for (const char c : text) {
    if (c == '<')
      tag = true;
    else if (c == '>')
      (tag = false, out += ' ');
    else if (!tag)
      out += std::iscntrl(static_cast<unsigned char>(c)) ? ' ' : c;
  }
  std::string neat;
  for (const char c : out)
    if (c != ' ' || (!neat.empty() && neat.back() != ' ')) neat += c;
  while (neat.ends_with(' ')) neat.pop_back();
  return neat.substr(0, kMostText);
}

Code CodeOf(int status, std::string_view reason) {
  switch (status) {
    case 400:
    case 415:
    case 422: return Code::kInvalidArgument;
    case 401: return Code::kUnauthenticated;
    case 403: return Code::kPermissionDenied;
    case 404: return Code::kNotFound;
    case 409: return reason == "AlreadyExists" ? Code::kAlreadyExists : Code::kAborted;
    case 412: return Code::kAborted;
    case 429: return Code::kResourceExhausted;
    default: return status >= 500 ? Code::kUnavailable : Code::kUnknown;
  }
}

bool IsLoopback(std::string_view host) {
  const std::string_view name =
      host.substr(0, host.rfind(':') == std::string_view::npos ? host.size() : host.rfind(':'));
  return name == "localhost" || name == "[::1]" ||
         (name.starts_with("127.") && name.find_first_not_of("0123456789.") == std::string_view::npos);
}

}  // namespace

Error ErrorOfKubernetes(const ClientResponse& answer, const std::string& what) {
  Error error{.reason = "HTTP_" + std::to_string(answer.status)};
  const auto body = ParseJson(answer.body, "answer");
  const json::object* status = body ? body->if_object() : nullptr;
  std::string message;
  if (status != nullptr) {
    JsonReader reader(*body, "status");
    message = reader.StringOr("message", "");
    if (const std::string reason = reader.StringOr("reason", ""); !reason.empty()) error.reason = reason;
  } else {
    message = WordsOf(answer.body);
  }
  error.code = CodeOf(answer.status, error.reason);
  error.message = what + ": " + std::to_string(answer.status) + (message.empty() ? "" : " " + message);
  return error;
}

Result<KubernetesClient> KubernetesClient::Open(HttpClient& http, Token token, KubernetesOptions options) {
  while (options.endpoint.ends_with('/')) options.endpoint.pop_back();
  const std::string_view endpoint = options.endpoint;
  const bool safe =
      endpoint.starts_with("https://") || (endpoint.starts_with("http://") && IsLoopback(endpoint.substr(7)));
  if (!safe || endpoint.find_first_of("/ ?#", endpoint.find("://") + 3) != std::string_view::npos)
    return Fail(Code::kInvalidArgument, "ENDPOINT_INVALID",
                "the cluster's endpoint `" + options.endpoint + "` is not https://HOST[:PORT]");
  return KubernetesClient(http, std::move(token), std::move(options));
}

Result<json::value> KubernetesClient::Send(const std::string& method, const std::string& path,
                                           const json::value* body, const std::string& content_type) const {
  EASEL_TRY(const std::string token, token_());
  const std::string text = body == nullptr ? "" : json::serialize(*body);
  ClientRequest request{.method = method,
                        .url = options_.endpoint + path,
                        .headers = {{"Authorization", "Bearer " + token}, {"Accept", "application/json"}},
                        .timeout = options_.timeout,
                        .idempotent = method != "POST",
                        .stop = options_.stop};
  if (body != nullptr) {
    request.headers.emplace_back("Content-Type", content_type);
    request.body = ClientBody{.bytes = text};
  }
  EASEL_TRY(const ClientResponse answer, http_->Send(request));
  const std::string what = method + " " + path.substr(0, path.find('?'));
  if (!answer.ok()) return std::unexpected(ErrorOfKubernetes(answer, what));
  auto value = ParseJson(answer.body, what);
  if (!value || !value->is_object())
    return Fail(Code::kUnavailable, "NOT_KUBERNETES",
                what + ": the answer is not of a Kubernetes API: " + WordsOf(answer.body));
  return value;
}

Result<json::value> KubernetesClient::Get(const std::string& path) const {
  return Send("GET", path, nullptr, "");
}

Result<json::value> KubernetesClient::Apply(const std::string& path, const json::value& object) const {
  return Send("PATCH",
              path + "?fieldManager=" + options_.field_manager + "&force=true&fieldValidation=Strict",
              &object, "application/apply-patch+yaml");
}

Status KubernetesClient::Delete(const std::string& path) const {
  const auto answer = Send("DELETE", path + "?propagationPolicy=Background", nullptr, "");
  if (answer || answer.error().code == Code::kNotFound) return {};
  return std::unexpected(answer.error());
}

Result<json::value> KubernetesClient::Post(const std::string& path, const json::value& object) const {
  return Send("POST", path, &object, "application/json");
}

Result<bool> KubernetesClient::May(const std::string& nspace, const std::string& verb,
                                   const std::string& group, const std::string& resource) const {
  const json::object review{
      {"apiVersion", "authorization.k8s.io/v1"},
      {"kind", "SelfSubjectAccessReview"},
      {"spec",
       json::object{
           {"resourceAttributes",
            json::object{{"namespace", nspace}, {"verb", verb}, {"group", group}, {"resource", resource}}}}}};
  EASEL_TRY(const json::value answer, Post("/apis/authorization.k8s.io/v1/selfsubjectaccessreviews", review));
  JsonReader reader(answer, "review");
  const json::object* status = reader.Object("status");
  EASEL_RETURN_IF_ERROR(reader.status());
  const json::value* allowed = status->if_contains("allowed");
  return allowed != nullptr && allowed->is_bool() && allowed->get_bool();
}

}  // namespace easel
