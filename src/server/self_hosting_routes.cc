// The organization's self-hosting settings, and the test of what they name: for its admins and owners.

#include <utility>

#include "server/routes.h"

namespace easel {
namespace {

constexpr std::int64_t kDeadlineS = 60;

json::array FieldList(const std::vector<FieldProblem>& problems) {
  json::array out;
  for (const FieldProblem& each : problems)
    out.push_back(json::object{{"field", each.field}, {"problem", each.problem}});
  return out;
}

/// 422, with all fields that are wrong.
HttpResponse FieldsResponse(const std::vector<FieldProblem>& problems) {
  std::string detail = "Nothing was saved.";
  for (const FieldProblem& each : problems) detail += "\n`" + each.field + "` " + each.problem;
  HttpResponse out = ProblemResponse(422, "SELF_HOSTING_FIELDS", detail);
  json::value document = json::parse(out.body);
  document.as_object()["fields"] = FieldList(problems);
  out.body = json::serialize(document);
  return out;
}

json::value Since(const std::optional<std::int64_t>& ms) {
  return ms ? json::value(json::object{{"set_ms", *ms}}) : json::value();
}

json::object KeptDocument(const SelfHostingParts& hosting, const KeptSelfHosting& kept) {
  const bool there = kept.settings.has_value();
  return {{"settings", there ? json::value(SelfHostingJson(*kept.settings)) : json::value()},
          {"kubernetes_token", Since(kept.token_ms)},
          {"kubernetes_certificate_authority", Since(kept.authority_ms)},
          {"changed_ms", there ? json::value(kept.changed_ms) : json::value()},
          {"changed_by", there ? json::value(kept.changed_by) : json::value()},
          {"store", hosting.store.empty() ? json::value() : json::value(hosting.store)}};
}

/// A secret of the body: absent stays, null or "" is removed.
Result<std::optional<std::string>> SecretIn(const json::object& body, std::string_view field) {
  const json::value* found = body.if_contains(field);
  if (found == nullptr) return std::nullopt;
  if (found->is_null()) return "";
  if (!found->is_string())
    return Fail(Code::kInvalidArgument, "JSON_MALFORMED",
                "`" + std::string(field) + "` is text, or null to remove it");
  std::string text(found->as_string());
  // What a copy brings along.
  while (!text.empty() && (text.back() == '\n' || text.back() == '\r' || text.back() == ' ')) text.pop_back();
  return text;
}

Result<HttpResponse> Show(const SelfHostingParts& hosting) {
  EASEL_TRY(const KeptSelfHosting kept, hosting.settings.Read());
  return JsonResponse(KeptDocument(hosting, kept));
}

Result<HttpResponse> Save(const SelfHostingParts& hosting, const Call& call) {
  EASEL_TRY(const json::value body, call.Body());
  const json::object& object = body.get_object();
  constexpr std::string_view kToken = "kubernetes_token", kAuthority = "kubernetes_certificate_authority";
  EASEL_RETURN_IF_ERROR(CheckFields(object, {"settings", std::string(kToken), std::string(kAuthority)}));
  const json::value* given = object.if_contains("settings");
  if (given == nullptr) return Fail(Code::kInvalidArgument, "JSON_MALFORMED", "`settings` is missing");
  EASEL_TRY(const SelfHosting settings, ReadSelfHostingJson(*given, "settings"));
  ClusterSecretChange change;
  EASEL_TRY(change.token, SecretIn(object, kToken));
  EASEL_TRY(change.authority, SecretIn(object, kAuthority));
  std::vector<FieldProblem> problems = CheckSelfHosting(settings);
  for (FieldProblem& each : CheckClusterSecrets(change.token.value_or(""), change.authority.value_or("")))
    problems.push_back(std::move(each));
  if (!problems.empty()) return FieldsResponse(problems);
  EASEL_RETURN_IF_ERROR(hosting.settings.Write(ActorOf(call), settings, change));
  return Show(hosting);
}

Result<HttpResponse> ReadYaml(const Call& call) {
  EASEL_TRY(const json::value body, call.Body());
  EASEL_RETURN_IF_ERROR(CheckFields(body.get_object(), {"yaml"}));
  JsonReader reader(body, "body");
  const std::string yaml = reader.String("yaml");
  EASEL_RETURN_IF_ERROR(reader.status());
  const auto settings = ReadSelfHostingYaml(yaml);
  if (!settings) return ProblemResponse(422, settings.error().reason, settings.error().message);
  return JsonResponse(json::object{{"settings", SelfHostingJson(*settings)},
                                   {"fields", FieldList(CheckSelfHosting(*settings))}});
}

Result<HttpResponse> BeginTest(const SelfHostingParts& hosting, const Call& call) {
  EASEL_TRY(const json::value body, call.Body());
  EASEL_RETURN_IF_ERROR(CheckFields(body.get_object(), {"deadline_s"}));
  JsonReader reader(body, "body");
  const std::int64_t deadline_s = reader.IntOr("deadline_s", kDeadlineS);
  EASEL_RETURN_IF_ERROR(reader.status());
  if (deadline_s < 0 || deadline_s > ConnectionCheck::kMostSeconds)
    return Fail(Code::kInvalidArgument, "BAD_FIELD",
                "`deadline_s` is from 0 to " + std::to_string(ConnectionCheck::kMostSeconds));
  EASEL_TRY(const KeptSelfHosting kept, hosting.settings.Read());
  if (!kept.settings)
    return Fail(Code::kAborted, "NOT_SET_UP", "there is nothing to test yet: save the settings first");
  EASEL_TRY(const ClusterSecrets secrets, hosting.settings.Secrets());
  EASEL_RETURN_IF_ERROR(hosting.test.Begin({.settings = *kept.settings,
                                            .settings_ms = kept.changed_ms,
                                            .secrets = secrets,
                                            .endpoints = hosting.endpoints,
                                            .deadline_s = deadline_s,
                                            .by = call.principal.name}));
  return JsonResponse(hosting.test.Document(), 202);
}

}  // namespace

void AddSelfHostingRoutes(Router& router, const SelfHostingParts& hosting) {
  router.Add<Access::kAdmin>("GET", "/api/v1/self-hosting",
                             [&hosting](const Call&) { return Show(hosting); });
  router.Add<Access::kAdmin>("PUT", "/api/v1/self-hosting",
                             [&hosting](const Call& call) { return Save(hosting, call); });
  router.Add<Access::kAdmin>("POST", "/api/v1/self-hosting/yaml", ReadYaml);
  const auto shown = [&hosting](const Call&) -> Result<HttpResponse> {
    return JsonResponse(hosting.test.Document());
  };
  router.Add<Access::kAdmin>("GET", "/api/v1/self-hosting/test", shown);
  router.Add<Access::kAdmin>("POST", "/api/v1/self-hosting/test",
                             [&hosting](const Call& call) { return BeginTest(hosting, call); });
  router.Add<Access::kAdmin>("DELETE", "/api/v1/self-hosting/test", [&hosting, shown](const Call& call) {
    hosting.test.Stop();
    return shown(call);
  });
}

}  // namespace easel
