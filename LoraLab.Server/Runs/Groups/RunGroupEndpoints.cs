using System.ComponentModel.DataAnnotations;
using LoraLab.Contracts.Runs.Groups;
using LoraLab.Server.Infrastructure.Errors;
using Microsoft.AspNetCore.Http.HttpResults;

namespace LoraLab.Server.Runs.Groups;

/// <summary><c>/run-groups</c>: the rows of a table of runs.</summary>
internal static class RunGroupEndpoints
{
    private const string Seeds = "seeds", Experiments = "experiments", All = "all";

    public static void MapRunGroups(this IEndpointRouteBuilder api) =>
        api.MapGet("/run-groups", List).WithTags("Runs").WithSummary(
            "Rows of a table of runs with the filters of GET /runs: each run, or by=seeds for runs that differ only in their seeds, "
                + "by=experiments for those of a study or sweep, by=all for both; mean, deviation and n over all matching runs; "
                + "the rows of pinned runs come apart, whatever the filter");

    private static Ok<RunGroupList> List(
        RunGroupQuery query,
        [AllowedValues(Seeds, Experiments, All, null)] string? by,
        [Range(1, RunGroupQuery.MaximumLimit)] int? limit,
        [Range(0, int.MaxValue)] int? offset,
        [AsParameters] RunListParameters parameters,
        string? baseline,
        string? pinned) => TypedResults.Ok(query.List(
            parameters.ToFilter(),
            parameters.ToSort(),
            GroupingOf(by),
            offset,
            limit,
            string.IsNullOrEmpty(baseline) ? null : baseline,
            pinned));

    private static RunGrouping GroupingOf(string? by) => by switch
    {
        null or "" => RunGrouping.None,
        Seeds => RunGrouping.Seeds,
        Experiments => RunGrouping.Experiments,
        All => RunGrouping.All,
        _ => throw ApiFailure.Invalid("by", $"Runs are not grouped by '{ApiFailure.Shorten(by)}'; use {Seeds}, {Experiments} or {All}."),
    };
}
