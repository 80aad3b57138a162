using System.Globalization;
using LoraLab.Contracts;
using LoraLab.Contracts.Live;
using LoraLab.Server.Catalog;
using LoraLab.Server.Compare;
using LoraLab.Server.Estimate;
using LoraLab.Server.Live;
using LoraLab.Server.Machine;
using LoraLab.Server.Metrics;
using LoraLab.Server.Queue;
using LoraLab.Server.Runs;
using LoraLab.Server.Store;
using Microsoft.AspNetCore.Diagnostics.HealthChecks;
using Scalar.AspNetCore;

namespace LoraLab.Server.Composition;

/// <summary>What the server answers.</summary>
internal static class Routes
{
    /// <summary>The live events up to this number are contained in the answer: subscribe after it and nothing is missed.</summary>
    private const string SeqHeader = "X-LoraLab-Seq";

    public static void UseProblems(this WebApplication app)
    {
        // Points of many runs are a third of their size on the way to another machine.
        app.UseResponseCompression();
        app.UseExceptionHandler();
        app.UseStatusCodePages();
    }

    public static void MapRestApi(this WebApplication app)
    {
        RouteGroupBuilder api = app.MapGroup(ApiRoutes.Base);
        api.AddEndpointFilter(static async (context, next) =>
        {
            long seq = context.HttpContext.RequestServices.GetRequiredService<IRunStore>().Seq;
            context.HttpContext.Response.Headers[SeqHeader] = seq.ToString(CultureInfo.InvariantCulture);
            return await next(context);
        });
        api.MapRuns();
        api.MapMetrics();
        api.MapQueue();
        api.MapEstimate();
        api.MapCatalog();
        api.MapCompare();
        api.MapSystem();
    }

    public static void MapLiveChannel(this WebApplication app) => app.MapHub<LiveChannel>(LiveHub.Path);

    public static void MapApiDescription(this WebApplication app)
    {
        app.MapOpenApi();
        app.MapScalarApiReference("/api-docs", static options => options.WithTitle("LoraLab API"));
    }

    public static void MapHealth(this WebApplication app)
    {
        app.MapHealthChecks("/health/live", new HealthCheckOptions { Predicate = static _ => false });
        app.MapHealthChecks("/health/ready", new HealthCheckOptions { Predicate = static check => check.Tags.Contains(ReadyCheck.Tag) });
    }

    public static void MapDashboard(this WebApplication app)
    {
        app.MapStaticAssets();
        app.MapFallbackToFile($"{{*path:nonfile:{PageConstraint.Name}}}", "index.html");
    }
}
