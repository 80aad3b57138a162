using System.Text.Json;
using LoraLab.Contracts;
using LoraLab.Server.Infrastructure.Access;
using LoraLab.Server.Security;
using Microsoft.Extensions.Diagnostics.HealthChecks;

namespace LoraLab.Server.System.Health;

/// <summary>Writes a health report: every check's status for all clients, its description for those with the scope read.</summary>
internal static class HealthReportWriter
{
    public static Task WriteAsync(HttpContext context, HealthReport report)
    {
        bool sentences = KeyIdentity.Has(context.User, Scopes.Read);
        object body = new
        {
            status = report.Status.ToString(),
            checks = report.Entries.ToDictionary(entry => entry.Key, entry => new
            {
                status = entry.Value.Status.ToString(),
                description = sentences ? entry.Value.Description ?? entry.Value.Exception?.Message : null,
                milliseconds = Math.Round(entry.Value.Duration.TotalMilliseconds, 1),
            }),
        };
        context.Response.ContentType = "application/json; charset=utf-8";
        return context.Response.WriteAsync(JsonSerializer.Serialize(body, ContractJson.Indented));
    }
}
