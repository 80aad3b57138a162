using System.Runtime.CompilerServices;
using System.Text.Json.Nodes;
using LoraLab.Contracts.Runs;

namespace LoraLab.Server.Runs.Groups;

/// <summary>
/// What runs have in common that differ only in their seeds and descriptions. Specifications never change, so it is computed once for each:
/// of ten thousand runs it would take longer than everything else that a page of the table needs.
/// </summary>
internal static class RunSettings
{
    private static readonly IReadOnlySet<string> _differing =
        SpecFieldCatalog.Default.Where(field => field.Has(SpecRoles.Seed | SpecRoles.Description));

    private static readonly ConditionalWeakTable<RunSpec, string> _known = [];

    /// <summary>The settings as text, equal for runs that differ only in seeds and descriptions.</summary>
    public static string Of(RunSpec spec) => _known.GetValue(spec, static spec =>
    {
        JsonObject settings = SpecFieldCatalog.ToJson(spec);
        foreach (string field in _differing)
        {
            settings.Remove(field);
        }

        return settings.ToJsonString();
    });
}
