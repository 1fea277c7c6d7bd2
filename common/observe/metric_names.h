// Every metric of Switchyard: name, meaning, labels and cap, in one place. Dashboards and alerts are written against this file.
//
// Names follow Prometheus' conventions: prefix `switchyard_`, base units (seconds, bytes), `_total` for counters. The label `cause` holds the
// words of common/base/cause.h; `reason`, `result` and `state` are closed lists given in the help text.
// Source: Prometheus documentation, "Metric and label naming".
// Thread-safety: constants.
#pragma once

#include "common/observe/metrics.h"

namespace switchyard::observe {

// Seconds. Half-decade steps around what a proxy sees.
inline constexpr std::array<double, 12> kLatencyBuckets = {0.0005, 0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 1, 2.5, 10};

// --- every program ---------------------------------------------------------------------------------------------------------------------
inline constexpr MetricDef kBuildInfo{"switchyard_build_info", "Always 1; the labels say what runs.", MetricKind::kGauge,
                                      {"program", "version"}};
inline constexpr MetricDef kResidentBytes{"switchyard_resident_memory_bytes", "Resident memory of the process.", MetricKind::kGauge};
inline constexpr MetricDef kStartTime{"switchyard_start_time_seconds", "When the process started, seconds since 1970.", MetricKind::kGauge};
inline constexpr MetricDef kMetricsFolded{"switchyard_metrics_folded_total",
                                          "Updates that were folded into the series `other` because the metric had reached its cap.",
                                          MetricKind::kCounter,
                                          {"metric"}};

// --- agent: access log -----------------------------------------------------------------------------------------------------------------
inline constexpr MetricDef kAccessLogLines{"switchyard_access_log_lines_total",
                                           "Lines of the access log, by result: written, dropped (not written fast enough), failed (disk full, no reader).",
                                           MetricKind::kCounter,
                                           {"result"}};
inline constexpr MetricDef kAccessLogFailing{"switchyard_access_log_failing", "1 while the access log cannot be written.", MetricKind::kGauge};

// --- agent: traffic --------------------------------------------------------------------------------------------------------------------
inline constexpr MetricDef kRequests{"switchyard_requests_total", "Requests that ended, by class of the status sent (1xx to 5xx).",
                                     MetricKind::kCounter,
                                     {"listener", "class"},
                                     2000};
inline constexpr MetricDef kRequestCauses{"switchyard_request_causes_total",
                                          "Requests that Switchyard answered itself or cut short, and connections that failed before.",
                                          MetricKind::kCounter,
                                          {"listener", "cause"},
                                          2000};
inline constexpr MetricDef kTlsHandshakes{"switchyard_tls_handshakes_total",
                                          "TLS handshakes of clients that succeeded: full, resumed. Failed ones are request causes tls_*.",
                                          MetricKind::kCounter,
                                          {"listener", "kind"},
                                          1000};
inline constexpr MetricDef kTlsCertificateExpiry{"switchyard_tls_certificate_expiry_seconds",
                                                 "Seconds until a certificate of a Secret ends; negative: it has ended. Of a chain or bundle "
                                                 "the one that ends first.",
                                                 MetricKind::kGauge,
                                                 {"secret"},
                                                 2000};
inline constexpr MetricDef kRequestSeconds{"switchyard_request_duration_seconds",
                                           "First byte of a request to last byte of its response.",
                                           MetricKind::kHistogram,
                                           {"listener"},
                                           256,
                                           kLatencyBuckets};
inline constexpr MetricDef kRouteRequests{"switchyard_route_requests_total", "Requests that a route took, by class of the status sent (1xx to 5xx).",
                                          MetricKind::kCounter,
                                          {"route", "class"},
                                          4000};
inline constexpr MetricDef kRouteSeconds{"switchyard_route_duration_seconds", "As the duration of requests, by the route that took them.",
                                         MetricKind::kHistogram,
                                         {"route"},
                                         500,
                                         kLatencyBuckets};
inline constexpr MetricDef kLoopLag{"switchyard_event_loop_lag_seconds",
                                    "Turns of a worker's event loop, by how long they took: whatever came meanwhile waited for so long.",
                                    MetricKind::kHistogram,
                                    {"worker"},
                                    256,
                                    kLatencyBuckets};
inline constexpr MetricDef kOpenConnections{"switchyard_open_connections", "Client connections open now.", MetricKind::kGauge, {"listener"}};
inline constexpr MetricDef kConnections{"switchyard_connections_total", "Client connections accepted.", MetricKind::kCounter, {"listener"}};
inline constexpr MetricDef kTunnelBytes{"switchyard_tunnel_bytes_total",
                                        "Bytes of TCP and TLS passthrough tunnels, by direction: received (from clients), sent (to clients).",
                                        MetricKind::kCounter,
                                        {"listener", "direction"}};
inline constexpr MetricDef kAttempts{"switchyard_upstream_attempts_total",
                                     "Attempts that ended, by result: succeeded (status below 500), server_error, failed (no response).",
                                     MetricKind::kCounter,
                                     {"upstream", "backend", "result"},
                                     6000};
inline constexpr MetricDef kAttemptFailures{"switchyard_upstream_failures_total", "Attempts without a usable response, by cause.",
                                            MetricKind::kCounter,
                                            {"upstream", "cause"},
                                            2000};
inline constexpr MetricDef kAttemptSeconds{"switchyard_upstream_latency_seconds", "Attempt sent to response head.",
                                           MetricKind::kHistogram,
                                           {"upstream"},
                                           500,
                                           kLatencyBuckets};
inline constexpr MetricDef kBackendSeconds{"switchyard_backend_latency_seconds", "The same for each backend.",
                                           MetricKind::kHistogram,
                                           {"upstream", "backend"},
                                           500,
                                           kLatencyBuckets};
inline constexpr MetricDef kUpstreamBytes{"switchyard_upstream_response_bytes_total", "Bytes of response bodies, and of tunnels from backends.",
                                          MetricKind::kCounter,
                                          {"upstream"},
                                          1000};
inline constexpr MetricDef kUpstreamRequestBytes{"switchyard_upstream_request_bytes_total", "Bytes of tunnels to backends.",
                                                 MetricKind::kCounter,
                                                 {"upstream"},
                                                 1000};
inline constexpr MetricDef kUpstreamInFlight{"switchyard_upstream_in_flight", "Attempts under way.", MetricKind::kGauge, {"upstream"}, 1000};
inline constexpr MetricDef kUpstreamConnections{"switchyard_upstream_connections", "Connections to backends, idle ones included.",
                                                MetricKind::kGauge,
                                                {"upstream"},
                                                1000};

inline constexpr MetricDef kPoolConnections{"switchyard_upstream_pool_connections", "Connections to backends, by state: idle, busy, connecting.",
                                            MetricKind::kGauge,
                                            {"upstream", "state"},
                                            3000};
inline constexpr MetricDef kPoolWaiting{"switchyard_upstream_pool_waiting", "Requests that wait for a connection to a backend.", MetricKind::kGauge,
                                        {"upstream"},
                                        1000};
inline constexpr MetricDef kPoolExhausted{"switchyard_upstream_pool_exhausted_total",
                                          "Requests and tunnels refused because a backend's connections were all in use and the queue full or too slow.",
                                          MetricKind::kCounter,
                                          {"upstream"},
                                          1000};

inline constexpr MetricDef kBreakers{"switchyard_breakers",
                                     "Breakers by state: closed, soft, open, half_open. One per backend and worker, and those of routes that are not closed.",
                                     MetricKind::kGauge,
                                     {"upstream", "state"},
                                     4000};
inline constexpr MetricDef kBreakerOpened{"switchyard_breaker_opened_total",
                                          "Breakers that went from closed to open, those of routes as well.",
                                          MetricKind::kCounter,
                                          {"upstream", "backend"},
                                          6000};
inline constexpr MetricDef kRoutesRefused{"switchyard_route_breakers_refused_total",
                                          "Failures of routes that there was no place for a breaker of their own for; the backend's took them.",
                                          MetricKind::kCounter,
                                          {"upstream"},
                                          1000};
inline constexpr MetricDef kEjected{"switchyard_ejected_backends", "Backends out by outlier detection, one per worker.", MetricKind::kGauge,
                                    {"upstream"},
                                    1000};
inline constexpr MetricDef kEjections{"switchyard_ejections_total", "Ejections by outlier detection.", MetricKind::kCounter,
                                      {"upstream", "backend"},
                                      6000};

// --- agent: health ---------------------------------------------------------------------------------------------------------------------
inline constexpr MetricDef kBackendsByHealth{"switchyard_backends", "Probed backends by state: unknown, healthy, unhealthy.",
                                             MetricKind::kGauge,
                                             {"upstream", "state"},
                                             3000};
inline constexpr MetricDef kProbes{"switchyard_health_probes_total", "Probes that ended, by result: ok, failed.", MetricKind::kCounter,
                                   {"upstream", "result"},
                                   2000};

// --- agent: discovery ------------------------------------------------------------------------------------------------------------------
inline constexpr MetricDef kDiscoveredBackends{"switchyard_discovery_backends", "Backends that were found, of upstreams with discovery.",
                                               MetricKind::kGauge,
                                               {"upstream"},
                                               1000};
inline constexpr MetricDef kDiscoveryFailing{"switchyard_discovery_failing",
                                             "1 while the newest look for backends failed and an older list holds.",
                                             MetricKind::kGauge,
                                             {"upstream"},
                                             1000};

// --- agent: configuration --------------------------------------------------------------------------------------------------------------
inline constexpr MetricDef kConfigGeneration{"switchyard_config_generation", "Generation that is served; 0: none yet.", MetricKind::kGauge};
inline constexpr MetricDef kConfigAge{"switchyard_config_age_seconds",
                                      "Time since the controller last confirmed or changed the configuration. 0 while the stream is up.",
                                      MetricKind::kGauge};
inline constexpr MetricDef kConfigApplies{"switchyard_config_applies_total",
                                          "Configurations received, by result: applied, quarantined (applied less some), rejected, resync.",
                                          MetricKind::kCounter,
                                          {"result"}};
inline constexpr MetricDef kConfigQuarantined{"switchyard_config_quarantined", "Resources in quarantine.", MetricKind::kGauge};
inline constexpr MetricDef kLastGoodWrites{"switchyard_last_good_writes_total", "Writes of the last-good file, by result: ok, failed.",
                                           MetricKind::kCounter,
                                           {"result"}};
inline constexpr MetricDef kControllerConnected{"switchyard_controller_connected", "1 while the stream to the controller is up.",
                                                MetricKind::kGauge};
inline constexpr MetricDef kControllerStream{"switchyard_controller_stream",
                                             "1 for the state that the stream to the controller is in: stopped, connecting, connected, waiting.",
                                             MetricKind::kGauge,
                                             {"state"}};
inline constexpr MetricDef kControllerConnects{"switchyard_controller_connects_total", "Tries to reach the controller, by result: ok, failed.",
                                               MetricKind::kCounter,
                                               {"result"}};
inline constexpr MetricDef kControllerDropped{"switchyard_controller_dropped_total",
                                              "Messages dropped because the stream was slow or down, by kind: report, event.",
                                              MetricKind::kCounter,
                                              {"kind"}};
inline constexpr MetricDef kCertificateExpiry{"switchyard_certificate_expiry_seconds",
                                              "When the agent's certificate ends, seconds since 1970; 0: there is none.", MetricKind::kGauge};
inline constexpr MetricDef kCertificateRenewals{"switchyard_certificate_renewals_total", "Renewals of the certificate, by result: ok, failed.",
                                                MetricKind::kCounter,
                                                {"result"}};
inline constexpr MetricDef kDraining{"switchyard_draining", "1 while the agent drains.", MetricKind::kGauge};
inline constexpr MetricDef kAdminRequests{"switchyard_admin_requests_total", "Requests to the admin port.", MetricKind::kCounter,
                                          {"path", "code"}};

// --- controller: what is counted where it happens; the rest is in controlplane/controller_metrics.cc --------------------------------------
inline constexpr MetricDef kSessionEvents{"switchyard_controller_sessions_total",
                                          "Streams of agents, by what became of them: joined, refused, replaced (by a newer one of the same agent), left.",
                                          MetricKind::kCounter,
                                          {"event"}};
inline constexpr MetricDef kPushes{"switchyard_controller_pushes_total",
                                   "Answers of agents to configurations, by result: applied, quarantined (applied less some), rejected, resync.",
                                   MetricKind::kCounter,
                                   {"result"}};
inline constexpr MetricDef kPushSeconds{"switchyard_controller_push_seconds", "Configuration given to an agent's stream to the agent's answer.",
                                        MetricKind::kHistogram,
                                        {},
                                        1,
                                        kLatencyBuckets};
inline constexpr MetricDef kReportLag{"switchyard_controller_report_lag_seconds",
                                      "End of what a report tells of, by the agent's clock, to its arrival; so it includes what the clocks differ by.",
                                      MetricKind::kHistogram,
                                      {},
                                      1,
                                      kLatencyBuckets};
inline constexpr MetricDef kChanges{"switchyard_controller_changes_total",
                                    "Changes of configuration, dry runs aside, by result: committed, unchanged, refused, failed (the store could not).",
                                    MetricKind::kCounter,
                                    {"result"}};
inline constexpr MetricDef kCommitSeconds{"switchyard_controller_commit_seconds",
                                          "Commits of changes to the store, synced to disk, failed ones included.",
                                          MetricKind::kHistogram,
                                          {},
                                          1,
                                          kLatencyBuckets};

}  // namespace switchyard::observe
