using LoraLab.Server.Infrastructure;
using LoraLab.Server.Infrastructure.Access;
using LoraLab.Server.Infrastructure.Observability;
using LoraLab.Server.System;
using OpenTelemetry;
using OpenTelemetry.Metrics;
using OpenTelemetry.Resources;
using OpenTelemetry.Trace;

namespace LoraLab.Server.Hosting;

/// <summary>
/// Console logs with the id of their run; metrics, traces and logs through OpenTelemetry on request: OTLP when its standard
/// variables name an endpoint, a Prometheus endpoint when <c>LoraLab:Prometheus</c> is true. Without either, nothing of it is loaded.
/// </summary>
internal static class ObservabilityServices
{
    private const string ServiceName = "LoraLab";
    private const string PrometheusKey = $"{LoraLabOptions.Section}:{nameof(LoraLabOptions.Prometheus)}";
    private static readonly string[] _endpoints =
    [
        "OTEL_EXPORTER_OTLP_ENDPOINT", "OTEL_EXPORTER_OTLP_METRICS_ENDPOINT", "OTEL_EXPORTER_OTLP_TRACES_ENDPOINT",
        "OTEL_EXPORTER_OTLP_LOGS_ENDPOINT",
    ];

    public static void AddObservability(this WebApplicationBuilder builder)
    {
        builder.Logging.AddSimpleConsole(static console => console.IncludeScopes = true);
        builder.Logging.Configure(static logging => logging.ActivityTrackingOptions = ActivityTrackingOptions.None);
        // A degraded check is reported in every health response; it need not be logged as well.
        builder.Logging.AddFilter("Microsoft.Extensions.Diagnostics.HealthChecks", LogLevel.Error);
        builder.Services.AddHostedService<RunGauges>();

        bool otlp = _endpoints.Any(name => !string.IsNullOrWhiteSpace(builder.Configuration[name]));
        bool prometheus = builder.Configuration.GetValue<bool>(PrometheusKey);
        if (!otlp && !prometheus)
        {
            return;
        }

        OpenTelemetryBuilder telemetry = builder.Services.AddOpenTelemetry()
            .ConfigureResource(resource =>
                resource.AddService(builder.Configuration["OTEL_SERVICE_NAME"] ?? ServiceName, serviceVersion: ServerVersion.Text))
            .WithMetrics(metrics =>
            {
                metrics.AddMeter(
                    Telemetry.Name,
                    "Microsoft.AspNetCore.Hosting",
                    "Microsoft.AspNetCore.Server.Kestrel",
                    "Microsoft.AspNetCore.RateLimiting",
                    "Microsoft.AspNetCore.Http.Connections",
                    "System.Runtime");
                if (prometheus)
                {
                    metrics.AddPrometheusExporter();
                }
            });
        if (otlp)
        {
            telemetry.WithTracing(static tracing => tracing.AddSource(Telemetry.Name).AddAspNetCoreInstrumentation());
            telemetry.WithLogging(null, static logs => (logs.IncludeScopes, logs.IncludeFormattedMessage) = (true, true));
            telemetry.UseOtlpExporter();
        }
    }

    public static void MapPrometheus(this WebApplication app)
    {
        if (app.Configuration.GetValue<bool>(PrometheusKey))
        {
            app.MapPrometheusScrapingEndpoint("/metrics").RequireScope(Scopes.Read).DisableRateLimiting();
        }
    }
}
