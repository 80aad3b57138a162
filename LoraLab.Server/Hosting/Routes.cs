using System.Globalization;
using Hangfire;
using LoraLab.Contracts;
using LoraLab.Contracts.Live;
using LoraLab.Server.Comparison;
using LoraLab.Server.Experiments.Studies;
using LoraLab.Server.Experiments.Sweeps;
using LoraLab.Server.Infrastructure;
using LoraLab.Server.Infrastructure.Access;
using LoraLab.Server.Infrastructure.Errors;
using LoraLab.Server.Infrastructure.Observability;
using LoraLab.Server.Library;
using LoraLab.Server.Library.Pulls;
using LoraLab.Server.Library.Uploads;
using LoraLab.Server.Live;
using LoraLab.Server.Runs;
using LoraLab.Server.Runs.Adapters;
using LoraLab.Server.Runs.Artifacts;
using LoraLab.Server.Runs.Estimates;
using LoraLab.Server.Runs.Groups;
using LoraLab.Server.Runs.Merging;
using LoraLab.Server.Runs.Predictions;
using LoraLab.Server.Runs.Views;
using LoraLab.Server.Scheduling;
using LoraLab.Server.Security;
using LoraLab.Server.Storage;
using LoraLab.Server.System.Health;
using LoraLab.Server.System.Machine;
using LoraLab.Server.System.Nodes;
using Microsoft.AspNetCore.Diagnostics.HealthChecks;
using Microsoft.Extensions.Options;
using Scalar.AspNetCore;

namespace LoraLab.Server.Hosting;

/// <summary>The server's routes.</summary>
internal static class Routes
{
    public static void UseProblems(this WebApplication app)
    {
        app.UseKnownProxies();
        app.UseSecurityHeaders();
        // Compression reduces the points of many runs to a third of their size.
        app.UseResponseCompression();
        app.UseExceptionHandler();
        app.UseStatusCodePages();
        // Before routing, which then sees the same paths under a path base as without.
        app.UseMiddleware<PathBaseMiddleware>();
        app.UseRoutingWithHead();
        app.UseMiddleware<AllowedMethods>();
    }

    /// <summary>After routing, which names the run, and after access is decided.</summary>
    public static void UseAliases(this WebApplication app) => app.UseMiddleware<AliasRouting>();

    public static void MapRestApi(this WebApplication app)
    {
        RouteGroupBuilder api = app.MapGroup(ApiRoutes.Base);
        api.AddEndpointFilter(static async (context, next) =>
        {
            using IDisposable? scope = context.HttpContext.GetRouteValue("id") is string id
                ? context.HttpContext.RequestServices.GetRequiredService<ILogger<WebApplication>>().BeginRunScope(id)
                : null;
            long seq = context.HttpContext.RequestServices.GetRequiredService<IRunStore>().Seq;
            context.HttpContext.Response.Headers[LiveHub.SeqHeader] = seq.ToString(CultureInfo.InvariantCulture);
            return await next(context);
        });
        api.MapRuns();
        api.MapBulk();
        api.MapRunGroups();
        api.MapViews();
        api.MapArtifacts();
        api.MapAdapters();
        api.MapMerging();
        api.MapMetrics();
        api.MapQueue();
        api.MapEstimates();
        api.MapPredictions();
        api.MapCatalog();
        api.MapPulls();
        api.MapUploads();
        api.MapCompare();
        api.MapStudies().MapStudyPaper();
        api.MapSweeps();
        api.MapSystem();
        api.MapNodes();
        api.MapSession();
        api.MapKeys();
    }

    public static void MapLiveChannel(this WebApplication app) => app.MapHub<LiveChannel>(
        LiveHub.Path,
        // Proxies cut a request that is silent for a minute.
        static hub => hub.LongPolling.PollTimeout = TimeSpan.FromSeconds(30)).RequireScope(Scopes.Read);

    public static void MapApiDescription(this WebApplication app)
    {
        app.MapOpenApi().AllowAnonymous();
        app.MapScalarApiReference("/api-docs", static options => options
            .WithTitle("LoraLab API").WithNonce().DisableDefaultFonts().DisableTelemetry()
            // Only what documents this API: no links and buttons to services of the page's maker.
            .DisableAgent().DisableMcp().HideDeveloperTools().HideClientButton()
            .WithCustomCss("a[href*='scalar.com'] { display: none !important; }")).AllowAnonymous();
    }

    /// <summary>Whether this node only takes runs: it answers nothing but its health.</summary>
    public static bool ServesOnlyHealth(this WebApplication app) =>
        app.Services.GetRequiredService<IOptions<LoraLabOptions>>().Value.Role == NodeRoles.Worker;

    public static void MapHealth(this WebApplication app)
    {
        app.MapHealthChecks(
            "/health/live",
            new HealthCheckOptions { Predicate = static _ => false, ResponseWriter = HealthReportWriter.WriteAsync }).AllowAnonymous();
        app.MapHealthChecks("/health/ready", new HealthCheckOptions { ResponseWriter = HealthReportWriter.WriteAsync }).AllowAnonymous();
    }

    /// <summary>Hangfire's own dashboard, for administrators.</summary>
    public static void MapHangfire(this WebApplication app) =>
        app.MapHangfireDashboardWithAuthorizationPolicy(
            SecurityServices.Policy,
            HangfirePage.Path,
            new DashboardOptions { DashboardTitle = "LoraLab queue", DisplayStorageConnectionString = false })
            .RequireScope(Scopes.Admin);

    public static void MapDashboard(this WebApplication app)
    {
        // The dashboard's files are public: everything secret comes through the API.
        app.MapStaticAssets().AllowAnonymous().DisableRateLimiting();
        app.MapFallback($"{{*path:nonfile:{PageConstraint.Name}}}", DashboardPage.WriteAsync)
            .WithMetadata(new HttpMethodMetadata([HttpMethods.Get, HttpMethods.Head])).AllowAnonymous().DisableRateLimiting();
    }
}
