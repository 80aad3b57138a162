using LoraLab.Contracts.Runs;
using LoraLab.Server.Infrastructure.Errors;
using LoraLab.Server.Storage;

namespace LoraLab.Server.Runs;

/// <summary>The query parameter <c>runs=a,b</c>.</summary>
internal static class RunSelection
{
    private const int Maximum = 50;

    public static IReadOnlyList<RunDocument> Parse(string? runs, IRunStore store)
    {
        List<string> ids = [.. (runs ?? "").Split(',', StringSplitOptions.RemoveEmptyEntries | StringSplitOptions.TrimEntries).Distinct()];
        if (ids.Count is 0 or > Maximum)
        {
            throw ApiFailure.Invalid("runs", $"runs must list 1 to {Maximum} run ids, separated by commas.");
        }

        return [.. ids.Select(id => store.Find(id)?.Document ?? throw ApiFailure.NoRun(id))];
    }
}
